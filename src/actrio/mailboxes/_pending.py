"""What an owner has taken from a mailbox and is not done with."""

from __future__ import annotations

from collections.abc import Iterator
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
        """By id, or by something unique if there is one with this id already."""

    def __iter__(self) -> Iterator[AgentMessage]:
        return (message for message, _ in self._held.values())

    def __reversed__(self) -> Iterator[AgentMessage]:
        return (message for message, _ in reversed(self._held.values()))

    def __contains__(self, message: AgentMessage) -> bool:
        """Whether this very message is pending."""
        return any(one is message for one in self)

    def add(self, message: AgentMessage, about: T) -> None:
        """Add a message that was taken."""
        key: object = message.id
        self._held[object() if key in self._held else key] = message, about

    def pop(self, message: AgentMessage) -> T | None:
        """Remove a message, and return what there is about it; None if not pending."""
        key: object = message.id
        first = self._held.get(key)
        if first is None or first[0] is not message:
            held = [(key, one) for key, (one, _) in self._held.items()]
            alike = [key for key, one in held if one is message]
            alike += [key for key, one in held if one == message]
            if not alike:
                return None
            key = alike[0]
        return self._held.pop(key)[1]

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
