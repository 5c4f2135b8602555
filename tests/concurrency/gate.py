"""A blocking call that a test holds open."""

from __future__ import annotations

import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel

from actrio._concurrency import current_host


class Gate:
    """A call that says when it has begun, and ends when it is told to."""

    def __init__(self, then: Callable[[], object] = lambda: "value") -> None:
        self._host = current_host()
        self._then = then
        self._may_end = threading.Event()
        self.begun = anyio.Event()
        self.ended = False

    def __call__(self) -> object:
        self._host.run_soon(self.begun.set)
        self._may_end.wait()
        self.ended = True
        return self._then()

    def open(self) -> None:
        self._may_end.set()


async def let_others_run() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()
