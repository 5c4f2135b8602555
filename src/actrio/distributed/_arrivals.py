"""Messages that came from another process, as envelopes of the runtime here."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Protocol

import attrs

from ..identity import AgentId
from ..messages import Delivery, MessageContext, MessageTaker, Request
from ..runtime._watching import Watch, deliver_watched
from ._wire import Header


class FencedContext(MessageContext):
    """What a handler is told, with the fencing token of its agent."""

    def __init__(self, *fields: object, fence: int) -> None:
        super().__init__(*fields)  # type: ignore[arg-type]  # those of a MessageContext
        self._fence = fence

    @property
    def fence(self) -> int:
        """The fencing token of the agent's activation."""
        return self._fence


class Receiver(Protocol):
    """Who is told when a message is over."""

    is_over: bool
    """Whether others have its messages by now."""

    def over(self, envelope: Arrival | ArrivedCopy) -> None:
        """Hear that the runtime here has done with it."""
        ...


@attrs.frozen
class Origin:
    """Where a message came from, and where its end is told."""

    id: bytes
    """Its id in the inbox of the worker."""
    header: Header
    agent: bytes
    capacity: int
    receiver: Receiver
    chain: tuple[bytes, ...] = ()
    """The requests that wait for it, and itself."""


class Arrival(Request):
    """A request whose sender waits in another process, or on the other side of Redis."""

    def __init__(
        self,
        message: object,
        recipient: AgentId,
        context: MessageContext,
        origin: Origin,
        deadline: float,
    ) -> None:
        super().__init__(message, recipient, context)
        self.origin = origin
        self.on_over = partial(origin.receiver.over, self)
        self.deadline = deadline
        """When nobody waits for it any more, on the clock of the loop."""
        self.watch: Watch | None = None
        """Those who watch it, if anybody does."""

    def deliver(self, agent: MessageTaker) -> Awaitable[object]:
        """Hand the message to the agent, and be known to what that sends."""
        self.invocation.arrival = self  # type: ignore[attr-defined]  # an Invocation
        if self.watch is not None:
            return deliver_watched(self, self.watch, agent)
        return super().deliver(agent)


class ArrivedCopy(Delivery):
    """A copy of a message that was published elsewhere, perhaps in another process."""

    def __init__(
        self,
        message: object,
        recipient: AgentId,
        context: MessageContext,
        origin: Origin,
    ) -> None:
        super().__init__(message, recipient, context)
        self.origin = origin
        self.on_over = partial(origin.receiver.over, self)
        self.watch: Watch | None = None
        """Those who watch it, if anybody does."""

    def deliver(self, agent: MessageTaker) -> Awaitable[object]:
        """Hand the copy to the agent."""
        if self.watch is not None:
            return deliver_watched(self, self.watch, agent)
        return super().deliver(agent)
