"""Names the handlers that block the event loop, in Python's development mode.

A handler that computes or waits without ``await`` stops every other task of the loop.
Only its own steps tell who did it, and timing each step costs more than the runtime
spends on a message. So they are timed where a developer has asked Python for help:
with ``python -X dev`` or ``PYTHONDEVMODE=1``. Otherwise nothing of this is called.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Generator
from time import perf_counter
from typing import Any, Final

from ..identity import AgentId
from ..logging import ROOT_LOGGER_NAME

LIMIT: Final = 0.1
"""How many real seconds one step may take; asyncio's debug mode has the same."""

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)

Handle = Callable[..., Awaitable[Any]]


def is_wanted() -> bool:
    """Say whether Python runs in its development mode."""
    return sys.flags.dev_mode


class BlockingWatch:
    """Times the steps of all handlers of one runtime.

    Args:
        clock: Real time: a virtual clock stands still while the loop is blocked.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._reported = 0.0
        """Seconds reported so far, which a step outside of the culprit's leaves out."""

    def watched(self, id: AgentId, handle: Handle) -> Handle:
        """Return a function that handles messages as another does, and is timed."""

        async def on_message(message: Any, ctx: Any) -> Any:
            return await _Steps(self, id, message, handle(message, ctx))

        return on_message

    def step(self, began: float, reported: float, id: AgentId, message: object) -> None:
        """Log a step that took too long, without what others in it were told of."""
        took = self._clock() - began - (self._reported - reported)
        if took > LIMIT:
            self._reported += took
            _logger.warning(
                "Agent %s blocked the event loop for %.2g s while it handled %s; await "
                "anyio.to_thread.run_sync(...) for what blocks, and the asynchronous "
                "form of what waits",
                id,
                took,
                type(message).__name__,
            )

    def now(self) -> tuple[float, float]:
        """Return what `step` wants to know about the moment when a step begins."""
        return self._clock(), self._reported


class _Steps:
    """Awaits a coroutine step by step."""

    def __init__(
        self, watch: BlockingWatch, id: AgentId, message: object, inner: Awaitable[Any]
    ) -> None:
        self._watch = watch
        self._id = id
        self._message = message
        self._inner = inner

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._inner
        if not inspect.iscoroutine(steps):
            steps = steps.__await__()
        resume: Callable[[], Any] = lambda: steps.send(None)  # noqa: E731 - changes below
        while True:
            began, reported = self._watch.now()
            try:
                waits_for = resume()
            except StopIteration as end:
                return end.value
            finally:
                self._watch.step(began, reported, self._id, self._message)
            try:
                sent = yield waits_for
            except BaseException as exc:  # noqa: BLE001 - passed on
                resume = _raising(steps, exc)
            else:
                resume = _sending(steps, sent)


def _sending(steps: Any, value: object) -> Callable[[], Any]:
    return lambda: steps.send(value)


def _raising(steps: Any, exc: BaseException) -> Callable[[], Any]:
    return lambda: steps.throw(exc)
