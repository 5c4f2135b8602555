"""A call that a thread makes for a task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ._host import Waiter

T = TypeVar("T")


class ThreadCall(Waiter, Generic[T]):
    """One call for a thread, which may be withdrawn until the thread begins with it."""

    def __init__(
        self, function: Callable[[], T], on_cancel: Callable[[], object] | None = None
    ) -> None:
        self._function = function
        self._on_cancel = on_cancel
        self._unclaimed = threading.Lock()

    def __call__(self) -> T | None:
        """Make the call, in the thread; None if it was withdrawn."""
        return self._function() if self._claim() else None

    def leave(self) -> bool:
        if self._claim():
            return True
        if self._on_cancel is not None:
            self._on_cancel()
        return False

    def _claim(self) -> bool:
        """Say whether the caller was first, the thread or who withdraws the call."""
        return self._unclaimed.acquire(blocking=False)
