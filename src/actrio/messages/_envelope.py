"""Envelopes: one message on its way to one recipient.

The state alone decides everything. ``QUEUED`` is left in one synchronous step, either
by the actor that takes the envelope (``RUNNING``, then ``DONE``) or by whoever gives
the message up (``WITHDRAWN``); nobody asks a queue where the envelope is.

::

    QUEUED ──► RUNNING ──► DONE
       └─────► WITHDRAWN

A published message that failed an agent may go back from ``RUNNING`` to ``QUEUED``, to
be handled once more by the agent that takes its place.

An envelope is also what its sender is parked on, which makes giving up a plain
function of the state: see `Request.leave`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final, Protocol

from .._concurrency import CancelScope, Waiter
from ..identity import AgentId
from ._context import MessageContext


class State(Enum):
    """Where a message is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    WITHDRAWN = "withdrawn"


QUEUED: Final = State.QUEUED
RUNNING: Final = State.RUNNING
DONE: Final = State.DONE
WITHDRAWN: Final = State.WITHDRAWN


class MessageTaker(Protocol):
    """What an envelope is handed to: any agent."""

    async def on_message(self, message: object, ctx: MessageContext) -> object:
        """Handle one message."""
        ...


class Queue(Protocol):
    """The queue that holds an envelope, as far as the envelope needs it."""

    def forget(self, envelope: Envelope) -> None:
        """Free the room of an envelope that was just withdrawn."""
        ...


class Envelope(Waiter):
    """One message on its way to one recipient."""

    # The defaults are on the class: what does not change needs no step to set it, and
    # an envelope is made for every message.
    state: State = QUEUED
    queue: Queue | None = None
    """Where it waits; None before it is deposited."""
    has_room: bool = False
    """False while the sender waits for room in the inbox."""
    invocation: object | None = None
    """The run of the handler; a node of the wait graph."""
    scope: CancelScope | None = None
    """What the handler runs under, while it runs."""
    scope_cancelled: bool = False
    """Whether that scope was cancelled, for this envelope's sake."""
    response: object = None
    """What the handler returned; nobody asks for it if the message was published."""
    error: BaseException | None = None
    """What the handler raised."""
    failure: Exception | None = None
    """Why there is no outcome of a handler: the runtime's own error."""
    has_ended_program: bool = False
    """Whether its handler raised what is meant for the program."""
    on_over: Callable[[], None] | None = None
    """Called when it is over; ends the registration with the sender's token."""
    dead_because: Enum | None = None
    """Why it is a dead letter, if it is one."""
    goes_elsewhere: bool = False
    """Whether another process will handle it, now that this one does not."""

    def __init__(
        self, message: object, recipient: AgentId, context: MessageContext
    ) -> None:
        self.message = message
        self.recipient = recipient
        self.context = context

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.context.message_id} "
            f"{type(self.message).__name__} to {self.recipient}: {self.state.value}>"
        )

    def deliver(self, agent: MessageTaker) -> Awaitable[object]:
        """Hand the message to the agent: what its actor awaits."""
        return agent.on_message(self.message, ctx=self.context)

    def withdraw(self) -> bool:
        """Give the message up, if no handler has begun with it.

        Returns:
            Whether it was still queued.
        """
        if self.state is not QUEUED:
            return False
        self.state = WITHDRAWN
        if self.queue is not None:
            self.queue.forget(self)
        return True

    def wait_again(self) -> None:
        """Be as if no handler had begun, since an agent failed that will be replaced."""
        self.state = QUEUED
        self.invocation = None
        self.scope = None
        self.response = None
        self.error = None


class Request(Envelope):
    """A direct message whose sender waits for the outcome."""

    withdrawn_by_token: bool = False

    def leave(self) -> bool:
        """Let the cancelled sender go at once unless a handler runs.

        A running handler is cancelled, and the sender stays until it has unwound.
        """
        if self.withdraw() or self.state is DONE:  # done, but its response is held
            return True
        self.cancel_handler()
        return False

    def cancel_handler(self) -> None:
        """Cancel the handler, if it runs."""
        if self.state is RUNNING and self.scope is not None:
            self.scope_cancelled = True
            self.scope.cancel()


class Delivery(Envelope):
    """One recipient's copy of a published message."""

    publication: Publication | None = None
    """The publisher, while it waits for this copy to find room."""
    attempts: int = 0
    """How often it has failed its agent."""

    def settle(self) -> None:
        """Tell the publisher that it need not wait for this copy any longer."""
        publication, self.publication = self.publication, None
        if publication is not None:
            publication.settle(self)


class Publication(Waiter):
    """A publisher that waits until its last copies have found room."""

    def __init__(self, wake: Callable[[Waiter], None]) -> None:
        self.waiting: list[Delivery] = []
        self._wake = wake

    def add(self, delivery: Delivery) -> None:
        """Wait for one more copy."""
        delivery.publication = self
        self.waiting.append(delivery)

    def settle(self, delivery: Delivery) -> None:
        """Wait for one copy less; the last one lets the publisher go on."""
        self.waiting.remove(delivery)
        if not self.waiting:
            self._wake(self)

    def leave(self) -> bool:
        """Withdraw the copies that found no room yet; the others are on their way."""
        # forgotten first: a publisher that leaves must not be woken as well
        waiting, self.waiting = self.waiting, []
        for delivery in waiting:
            delivery.publication = None
            delivery.withdraw()
        return True


class Errand(Request):
    """A call of one of an agent's hooks, which waits its turn like a message."""

    def __init__(
        self,
        operation: Callable[[Any], Awaitable[object]],
        recipient: AgentId,
        context: MessageContext,
    ) -> None:
        super().__init__(None, recipient, context)
        self._operation = operation

    def deliver(self, agent: MessageTaker) -> Awaitable[object]:
        """Call the hook."""
        return self._operation(agent)
