"""How much is going on: the count behind ``stop_when_idle``.

A direct message counts from the moment its sender enters ``send_message`` until it
leaves with the outcome; a copy of a published message until its handler has ended or
it has become a dead letter, and the publisher itself while it is inside
``publish_message``. The count changes only in synchronous steps, so that at zero the
runtime can stop accepting in that same step.
"""

from __future__ import annotations

from collections.abc import Callable


class Quiescence:
    """The number of messages that are not over yet."""

    __slots__ = ("active", "listeners")

    def __init__(self) -> None:
        self.active = 0
        self.listeners: list[Callable[[], None]] = []
        """Called after each message that ended."""

    @property
    def is_idle(self) -> bool:
        """Whether every message is over."""
        return self.active == 0

    def enter(self) -> None:
        """Count one message more."""
        self.active += 1

    def leave(self) -> None:
        """Count one message less."""
        self.active -= 1
        assert self.active >= 0, "a message ended twice"
        if self.listeners:
            for listener in self.listeners.copy():
                listener()
