"""What is sent in one turn of the event loop goes in one command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from .._redis import Argument
from ._line import Line

_AT_ONCE: Final = 64
_BYTES_AT_ONCE: Final = 2**18


class Sized(Protocol):
    """What goes into a command, together with others."""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        ...


ItemT = TypeVar("ItemT", bound=Sized)


class Batches(Generic[ItemT]):
    """Gathers what several tasks send until it is written.

    Args:
        line: Where it is written.
        words: Returns the command for some items.
        answered: Called with the items of a command, and its reply or error.
    """

    def __init__(
        self,
        line: Line,
        words: Callable[[list[ItemT]], Sequence[Argument]],
        answered: Callable[[list[ItemT], Any, Exception | None], object],
    ) -> None:
        self._line = line
        self._words = words
        self._answered = answered
        self._open: list[ItemT] | None = None
        """The items of the command that is not written yet."""
        self._bytes = 0

    def add(self, item: ItemT) -> bool:
        """Send one more; say whether there is a connection."""
        size = item.size
        items = self._open
        if (
            items is not None
            and len(items) < _AT_ONCE
            and self._bytes + size <= _BYTES_AT_ONCE
        ):
            items.append(item)
            self._bytes += size
            return True
        batch = [item]
        is_sent = self._line.post(
            lambda: self._written(batch),
            taker=lambda value, error: self._settled(batch, value, error),
        )
        if is_sent:
            self._open, self._bytes = batch, size
        return is_sent

    @property
    def is_open(self) -> bool:
        """Whether something is about to be written."""
        return self._open is not None

    def close(self) -> None:
        """Let nothing be added any more to what is not written: something is to follow."""
        self._open = None

    def remove(self, item: ItemT) -> bool:
        """Take back what is not written yet; say whether that could be done."""
        if self._open is None or item not in self._open:
            return False
        self._open.remove(item)
        return True

    def _written(self, batch: list[ItemT]) -> Sequence[Argument]:
        if self._open is batch:
            self._open = None
        return self._words(batch)

    def _settled(self, batch: list[ItemT], value: Any, error: Exception | None) -> None:
        if self._open is batch:  # lost before it was written
            self._open = None
        self._answered(batch, value, error)
