"""Names the handlers that block the event loop.

A handler that computes or waits without ``await`` stops every other task of the loop.
Only its own steps tell who did it, and timing each step costs more than the runtime
spends on a message. So the first messages of each agent type are timed, since whoever
blocks does so from the first day on, and then none: a message costs a look at a flag.
In Python's development mode, with ``python -X dev`` or ``PYTHONDEVMODE=1``, all are
timed, and more strictly.
"""

from __future__ import annotations

import inspect
import logging
import math
import sys
from collections.abc import Awaitable, Callable, Generator
from time import perf_counter
from typing import Any, Final

from ..identity import AgentId
from ..logging import ROOT_LOGGER_NAME

LIMIT: Final = 1.0
"""How many real seconds one step may take before its agent is named."""

DEV_LIMIT: Final = 0.1
"""The same in development mode; asyncio's debug mode has it too."""

TIMED: Final = 10
"""How many messages of each agent type are timed outside of the development mode."""

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)


def is_wanted() -> bool:
    """Say whether Python runs in its development mode."""
    return sys.flags.dev_mode


class BlockingWatch:
    """Times the steps of handlers of one runtime.

    Args:
        clock: Real time: a virtual clock stands still while the loop is blocked.
        always: Whether all messages are timed, and more strictly.
    """

    def __init__(
        self, clock: Callable[[], float] = perf_counter, *, always: bool = False
    ) -> None:
        self._clock = clock
        self._limit = DEV_LIMIT if always else LIMIT
        self._timed = math.inf if always else TIMED
        self._seen: dict[str, int] = {}
        """How many messages of each agent type were timed."""
        self._reported = 0.0
        """Seconds reported so far, which a step outside of the culprit's leaves out."""

    def wants(self, agent_type: str) -> bool:
        """Say whether the next message of this type is to be timed."""
        return self._seen.get(agent_type, 0) < self._timed

    def watched(
        self, id: AgentId, message: object, handling: Awaitable[Any]
    ) -> Awaitable[Any]:
        """Return what handles a message as ``handling`` does, and is timed."""
        self._seen[id.type] = self._seen.get(id.type, 0) + 1
        return _Steps(self, id, message, handling)

    def step(self, began: float, reported: float, id: AgentId, message: object) -> None:
        """Log a step that took too long, without what others in it were told of."""
        took = self._clock() - began - (self._reported - reported)
        if took > self._limit:
            self._reported += took
            _logger.warning(
                "Agent %s blocked the event loop for %.2g s while it handled %s; await "
                "anyio.to_thread.run_sync(...) for what blocks, and the asynchronous "
                "form of what waits",
                id,
                took,
                "a call of a hook" if message is None else type(message).__name__,
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
