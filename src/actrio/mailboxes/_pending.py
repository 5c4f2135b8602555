"""What an owner has taken from a mailbox and is not done with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from ._message import AgentMessage

T = TypeVar("T")


class Pending(Generic[T]):
    """Messages that were taken, in that order, each with something about it.

    Ids may be chosen by users, so two messages may have the same one, and one message may
    be delivered twice. Each is found again by what it is, or, if it is a copy, by being equal.
    """

    def __init__(self) -> None:
        self._held: dict[object, tuple[AgentMessage, T]] = {}
        """By ``id()``, or by something unique if this very message is there already."""

    def __iter__(self) -> Iterator[AgentMessage]:
        return (message for message, _ in self._held.values())

    def __reversed__(self) -> Iterator[AgentMessage]:
        return (message for message, _ in reversed(self._held.values()))

    def __contains__(self, message: AgentMessage) -> bool:
        """Whether this very message is pending."""
        return id(message) in self._held or any(one is message for one in self)

    def add(self, message: AgentMessage, about: T) -> None:
        """Add a message that was taken."""
        key: object = id(message)
        self._held[object() if key in self._held else key] = message, about

    def pop(self, message: AgentMessage) -> T | None:
        """Remove a message, and return what there is about it; None if not pending."""
        key: object = id(message)
        if key not in self._held:
            found = self._find(lambda one: one is message)
            key = found or self._find(lambda one: one == message)
        held = self._held.pop(key, None)
        return None if held is None else held[1]

    def _find(self, fits: Callable[[AgentMessage], bool]) -> object | None:
        return next((key for key, (one, _) in self._held.items() if fits(one)), None)

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
