"""Who watches messages on their way, and what they may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import attrs

from ..identity import AgentId, TopicId
from ..messages import MessageContext


@attrs.define(eq=False)
class Passage:
    """One message on its way, as those see it who watch it."""

    message: object
    """The message; interventions may replace it on the way."""
    context: MessageContext
    """Where it comes from, and its id."""
    target: AgentId | TopicId
    """Where it goes."""
    clock: Callable[[], float]
    """The clock of the event loop, in seconds."""
    began_at: float = attrs.field(init=False)
    """When the message was sent, on that clock."""
    carried: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """What was said of it in the process from which it came; nothing if in this one."""
    notes: dict[object, Any] = attrs.field(init=False, factory=dict[object, Any])
    """What a watcher remembers of this message, by the watcher."""

    def __attrs_post_init__(self) -> None:
        self.began_at = self.clock()


Report = Callable[[object], None] | None
"""Takes the result of a step; None if the watcher does not care."""


class Watcher(Protocol):
    """Watches messages on their way: for traces, metrics or event records.

    A runtime calls it at each step, in the task that takes the step. What it raises is
    logged and stops nothing. A method that brackets a step is a context manager: the
    exception that ended the step goes through it.
    """

    def sending(self, passage: Passage) -> AbstractContextManager[Report]:
        """Bracket the whole call of the sender, and report the response."""
        ...

    def intercepting(
        self, passage: Passage, handler: str
    ) -> AbstractContextManager[Report]:
        """Bracket one intervention handler; ``handler`` is the name of its class."""
        ...

    def handling(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> AbstractContextManager[Report]:
        """Bracket the handler of one recipient, and report its response."""
        ...

    def carry(self, passage: Passage) -> Mapping[str, str]:
        """Return what is to be known in the process to which the message goes."""
        ...

    def dropped(self, passage: Passage, *, is_response: bool) -> None:
        """Hear that an intervention handler dropped the message, or its response."""
        ...

    def not_built(self, agent: AgentId, exc: BaseException) -> None:
        """Hear that an agent could not be built."""
        ...

    def dead(self, reason: str, recipient: AgentId | None) -> None:
        """Hear of a dead letter."""
        ...


class Facts(Protocol):
    """What watchers may ask about a runtime."""

    def census(self) -> Iterable[tuple[str, int]]:
        """Return, for each live actor, its type and the length of its inbox."""
        ...

    def agent_class(self, agent: AgentId) -> str | None:
        """Return the name of the class of an agent that lives now."""
        ...


@attrs.frozen
class Watchers:
    """Those who watch the messages of one runtime."""

    always: Sequence[Watcher] = ()
    """Told of every message."""
    events: Watcher | None = None
    """Told of a message if somebody listens to the log of events then."""


FindWatchers = Callable[[object, object, Facts], Watchers]
"""Finds those who watch a runtime, given its providers of tracers and of meters."""
