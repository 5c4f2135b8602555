"""What the parts of the runtime ask of the router, which stands above them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from .._concurrency import Host, Waiter
from ..abc import AgentRuntime
from ..exceptions import RuntimeStoppedError
from ..identity import AgentId, TopicId
from ..messages import CancellationToken, Delivery, Envelope, MessageContext, Request
from ._activation import Surroundings
from ._blocking import BlockingWatch
from ._quiescence import Quiescence
from ._registration import Registration
from ._supervision import Verdict
from ._tally import Tally
from ._waits import Invocation
from ._watching import Watch


class Tasks(Protocol):
    """Where parts of the runtime start tasks and wake them."""

    wake: Callable[[Waiter], None]

    @property
    def host(self) -> Host:
        """The event loop that the runtime works in now."""
        ...

    def start_task(
        self, async_fn: Callable[..., Awaitable[object]], *args: object
    ) -> None:
        """Start a task in the supervisor's nursery."""
        ...

    def task_ended(self) -> None:
        """Count one task of `start_task` less."""
        ...


class Places(Protocol):
    """What an actor tells those who decide how many agents live, and for how long."""

    async def enter(self) -> None:
        """Come to live here; waits for one that makes room."""
        ...

    def idle(self, actor: Any, /) -> bool:
        """Hear that an agent has nothing to do; return whether it is to leave."""
        ...

    def leaves(self, actor: Any, /) -> None:
        """Hear that an agent begins to leave."""
        ...

    def waits(self, actor: Any, /) -> None:
        """Hear that an agent waits for somebody on its way out."""
        ...

    def left(self, actor: Any, /, *, stays: bool = False) -> None:
        """Hear that an agent is gone, or could not be made, or stays after all."""
        ...


class Post(Tasks, Protocol):
    """What an actor tells the router about itself and the messages that it takes."""

    runtime: AgentRuntime
    quiescence: Quiescence
    surroundings: Surroundings
    tally: Tally
    answer: Callable[[Envelope], None]
    clock: Callable[[], float]
    random: Callable[[], float]
    blocking: BlockingWatch
    """Names those who block the event loop."""

    def places_for(self, registration: Registration) -> Places | None:
        """Return who decides when agents of a type leave by themselves, if anybody."""
        ...

    def forget(self, actor: Any) -> None:
        """Forget an actor that is gone."""
        ...

    def withdrawn(self, envelope: Envelope) -> None:
        """Record that a sender gave its message up."""
        ...

    def unhandled(self, envelope: Envelope) -> None:
        """Record that an agent had no handler for a message."""
        ...

    def not_built(self, actor: Any, exc: BaseException, directive: Verdict) -> None:
        """Report that an agent could not be built, and do what is to be done then."""
        ...

    def publish_failed(
        self, envelope: Envelope, exc: BaseException, directive: Verdict
    ) -> None:
        """Report what the handler of a published message raised."""
        ...

    def failed_again(self, delivery: Delivery) -> None:
        """Record that a message failed its agent once too often."""
        ...

    def tries_again(self, delivery: Delivery) -> None:
        """Look whether a message that waits again is still wanted."""
        ...

    def refuse_stopped(self, actor: Any, cause: BaseException) -> None:
        """Fail everything that is queued for an agent that was stopped."""
        ...

    def crash(self, exc: BaseException) -> None:
        """End the runtime because a handler raised KeyboardInterrupt or SystemExit."""
        ...

    def stopped_error(self, recipient: AgentId | TopicId) -> RuntimeStoppedError:
        """Return the error for a sender whose message the stopped runtime refuses."""
        ...

    def interrupted_error(self, agent: AgentId) -> RuntimeStoppedError:
        """Return the error for a sender whose handler the stopped runtime cancelled."""
        ...

    def refuse_lane(self, lane: Any) -> None:
        """Fail everything that is queued in one lane."""
        ...

    def watch(self, lane: Any) -> None:
        """Watch a lane whose messages queue up."""
        ...


class Transport(Protocol):
    """What carries messages to their agents, if they may live in other processes."""

    def begin(self, request: Request) -> Awaitable[object]:
        """Send a request, and return what waits until it is over.

        To be awaited at once; ``outcome_of`` has the result then.
        """
        ...

    def gone(self, id: AgentId) -> None:
        """Hear that an agent has left, and that nothing waits for it here."""
        ...

    async def publish(
        self,
        message: object,
        context: MessageContext,
        token: CancellationToken | None,
        watch: Watch | None,
    ) -> None:
        """Send a copy to each agent that the topic leads to."""
        ...


class Household(Protocol):
    """What the supervisor does to the tables when the runtime starts and ends."""

    quiescence: Quiescence
    accepting_thread: int | None
    wake: Callable[[Waiter], None]

    @property
    def host(self) -> Host:
        """The event loop that the runtime works in now."""
        ...

    def use_host(self, host: Host | None) -> None:
        """Take the loop that the runtime works in from now on; None when it is over."""
        ...

    def open_gate(self) -> None:
        """Let through everything that was sent before the start, in order."""
        ...

    def refuse_queued(self) -> None:
        """Fail everything that no handler has begun with: the runtime stops."""
        ...

    def cancel_nested(self) -> None:
        """Cancel the nested handlers, some of which run in tasks that are not ours."""
        ...

    def abandon(self) -> None:
        """Fail what tasks left behind that never began: the loop was torn down."""
        ...

    def running(self) -> Iterable[Invocation]:
        """Return every handler, factory and hook that runs now."""
        ...
