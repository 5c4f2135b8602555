"""Virtual time for asyncio: an hour of sleeping takes no time, a deadlock is an error.

The loop's clock stands still while anything can run. When nothing can, it jumps to the
next timer. When there is no timer either, nothing inside the program can ever run
again: that is a deadlock, and the loop says so instead of hanging. trio has the first
half in ``trio.testing.MockClock(autojump_threshold=0)``.

Invariants:

- ``time()`` moves only by jumps, and only to the time of an armed timer.
- Timers fire in the order of their times, as on every asyncio loop.
- A timer at infinity (``anyio.sleep_forever()`` arms one) can never fire and does not count.

What does not work, and why:

- **Threads** run in real time. While a job of ``run_in_executor``, ``asyncio.to_thread``
  or ``anyio.to_thread`` is under way, the loop waits for it in real time, for at most
  `patience` seconds; then it jumps all the same, since a thread may be waiting for this
  very loop (``anyio.from_thread``) and the two would wait for each other for ever.
- **Sockets and subprocesses** answer in real time, and the clock does not wait for
  them: a timeout around them fires at once unless the answer is there already. Only
  when no timer is armed are they, and threads nobody told the loop about, given
  `patience` seconds before the loop calls it a deadlock.
- **Busy loops** keep something ready for ever, so neither time nor the deadlock check
  gets a turn. A test timeout has to end those.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import math
import random
import selectors
import threading
from collections import deque
from collections.abc import Callable, MutableMapping
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, cast
from weakref import WeakKeyDictionary

from ._tasks import describe_tasks

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PATIENCE = 1.0
"""Real seconds for which virtual time waits for threads and sockets."""

_Events = list[tuple[selectors.SelectorKey, int]]


class Deadlocked(RuntimeError):
    """Every task waits for something that can never happen.

    Raised out of the run, never inside one of its tasks, so that no ``except`` of the
    program under test can hide it.
    """


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop whose clock jumps to the next timer when nothing can run.

    Use it as a factory: ``asyncio.Runner(loop_factory=VirtualTimeLoop)``, or in the
    options of anyio: ``("asyncio", {"loop_factory": VirtualTimeLoop})``.

    With a seed the loop also explores orders that a plain loop never shows. Tasks that
    become runnable next to each other are stepped in a shuffled order, the same for the
    same seed. Callbacks that are not task steps keep their places and nothing moves
    across them: asyncio promises to run callbacks in the order they were scheduled, and
    asyncio and anyio rely on that; it promises nothing about the order of tasks.

    Args:
        seed: Shuffles task steps; None keeps asyncio's first in, first out.
        patience: Real seconds to wait for threads and sockets; see the module's text.
        hang_after: Virtual seconds at which a jump is taken for a hang. Catches
            programs that wait for ever but keep arming timers.

    Raises:
        Deadlocked: Out of ``run_forever`` and ``run_until_complete``, when nothing is
            ready and nothing can become ready, or when time would pass ``hang_after``.
            The loop stays usable, so that its runner can cancel what is left; each
            such error adds another ``hang_after`` seconds for that.
        RuntimeError: If ``seed`` is given and this Python's loop keeps its ready
            callbacks in a way this class does not know.
    """

    before_turn: Callable[[], None] | None
    """Called before each pass over the ready callbacks, outside any task."""

    patience: float
    """Real seconds to wait for threads and sockets each time nothing is ready."""

    def __init__(
        self,
        *,
        seed: int | None = None,
        patience: float = PATIENCE,
        hang_after: float = math.inf,
    ) -> None:
        self._now = 0.0
        self.patience = patience
        self._hang_span = self._hang_after = hang_after
        self._jobs = 0
        self._numbers: MutableMapping[asyncio.Future[Any], int] = WeakKeyDictionary()
        self._next_number = itertools.count().__next__
        self._shuffle = None if seed is None else random.Random(seed).shuffle  # noqa: S311  (explores orders, keeps no secret)
        self.before_turn = None
        self._virtual_selector = _VirtualSelector(self._begin_turn, self._idle)
        super().__init__(self._virtual_selector)
        if seed is not None and not isinstance(vars(self).get("_ready"), deque):
            self.close()
            msg = "this Python's event loop has no deque `_ready`: run without a seed"
            raise RuntimeError(msg)

    def time(self) -> float:
        """Return the virtual time in seconds; a new loop starts at zero."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Arm a timer as every loop does, except that infinity arms nothing."""
        if when == math.inf:
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Run a function in a thread, and let time stand still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._forget_job)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  (asyncio's signature)
        """Join the executor's threads, in real time: virtual ``timeout`` is ignored.

        Cancellation: As asyncio's.
        """
        self._jobs += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._jobs -= 1

    def _forget_job(self, future: asyncio.Future[Any]) -> None:
        self._jobs -= 1

    def _idle(self, sleep_time: float | None) -> _Events:
        """Nothing is ready: wait for a thread, jump to the next timer or give up."""
        if self._has_threads_at_work() or (
            sleep_time is None and self._has_contact_outside()
        ):
            events = self._virtual_selector.select_for(self.patience)
            if events:
                return events
        if sleep_time is None:
            raise self._deadlock(reason="nothing is ready and no timer is armed")
        if self._now + sleep_time > self._hang_after:
            reason = f"still waiting after {self._hang_after:g} virtual seconds"
            self._hang_after += self._hang_span
            raise self._deadlock(reason)
        self._now += sleep_time
        return []

    def _deadlock(self, reason: str) -> Deadlocked:
        return Deadlocked("\n  ".join([f"deadlock: {reason}", *describe_tasks()]))

    def _has_threads_at_work(self) -> bool:
        return self._jobs > 0 or any(map(self._is_working_here, threading.enumerate()))

    def _is_working_here(self, thread: threading.Thread) -> bool:
        """Recognise anyio's busy workers: they do not go through the executor."""
        return getattr(thread, "loop", None) is self and thread not in getattr(
            thread, "idle_workers", ()
        )

    def _has_contact_outside(self) -> bool:
        own_pipe = 1
        return (
            len(self._virtual_selector.get_map()) > own_pipe
            or threading.active_count() > 1
        )

    def _begin_turn(self) -> None:
        if self.before_turn is not None:
            self.before_turn()
        if self._shuffle is not None:
            self._shuffle_steps()

    def _shuffle_steps(self) -> None:
        """Shuffle each unbroken row of task steps in the ready queue.

        Each row is first put into the order in which its tasks were first seen: a row
        that comes from cancelling a *set* of tasks arrives in the order of their
        addresses, and a seed would not replay.
        """
        assert self._shuffle is not None
        ready = cast("deque[asyncio.Handle]", vars(self)["_ready"])
        handles = list(ready)
        row: list[tuple[int, asyncio.Handle]] = []
        shuffled: list[asyncio.Handle] = []
        for handle in [*handles, None]:
            task = None if handle is None else _stepped_task(handle)
            if handle is not None and task is not None:
                if task not in self._numbers:
                    self._numbers[task] = self._next_number()
                row.append((self._numbers[task], handle))
                continue
            row.sort(key=lambda entry: entry[0])
            self._shuffle(row)
            shuffled += [step for _, step in row]
            row.clear()
            if handle is not None:
                shuffled.append(handle)
        for index, handle in enumerate(shuffled):
            ready[index] = handle


class _VirtualSelector(selectors.DefaultSelector):
    """Polls without waiting, and asks the loop what to do when nothing is ready."""

    def __init__(
        self,
        begin_turn: Callable[[], None],
        idle: Callable[[float | None], _Events],
    ) -> None:
        super().__init__()
        self._begin_turn = begin_turn
        self._idle = idle

    def select(self, timeout: float | None = None) -> _Events:
        events = super().select(0)
        if not events and (timeout is None or timeout > 0):
            events = self._idle(timeout)
        self._begin_turn()
        return events

    def select_for(self, timeout: float) -> _Events:
        """Wait in real time."""
        return super().select(timeout)


def _stepped_task(handle: asyncio.Handle) -> asyncio.Future[Any] | None:
    """Return the task that a ready handle will step, or None for a callback.

    A task's step and wake-up callbacks are private objects; asyncio itself recognises
    them by ``__self__`` when it prints a handle.
    """
    callback: object = getattr(handle, "_callback", None)
    owner: object = getattr(callback, "__self__", None)
    if asyncio.isfuture(owner):
        name = getattr(callback, "__name__", type(callback).__name__)
        if name in ("TaskStepMethWrapper", "task_wakeup"):
            return owner
    return None
