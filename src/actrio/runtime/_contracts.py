"""What the parts of the runtime ask of the router, which stands above them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from .._concurrency import Host, Waiter
from ..abc import AgentRuntime
from ..exceptions import RuntimeStoppedError
from ..identity import AgentId, TopicId
from ..messages import Envelope
from ._quiescence import Quiescence
from ._waits import Invocation


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


class Post(Tasks, Protocol):
    """What an actor tells the router about the messages that it takes."""

    runtime: AgentRuntime
    quiescence: Quiescence
    answer: Callable[[Envelope], None]

    def withdrawn(self, envelope: Envelope) -> None:
        """Record that a sender gave its message up."""
        ...

    def unhandled(self, envelope: Envelope) -> None:
        """Record that an agent had no handler for a message."""
        ...

    def not_built(self, lane: Any, exc: BaseException) -> None:
        """Fail everything in a lane because its agent could not be built."""
        ...

    def publish_failed(self, envelope: Envelope, exc: BaseException) -> None:
        """Report what the handler of a published message raised."""
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
