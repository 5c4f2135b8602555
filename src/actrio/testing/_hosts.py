"""Run one program on any host: trio, asyncio or uvloop; in virtual time; from a seed.

A program is an async function written with anyio's primitives (or with the host's own).
:func:`run` is to it what ``trio.run`` and ``asyncio.run`` are, with three differences:

- Time is virtual on trio and asyncio, so a program that sleeps an hour takes no time,
  and a program that still waits at the virtual deadline waits for ever. That is how a
  hang is told from slowness, with no real clock involved. Threads are the exception,
  in the same way on both hosts: see :class:`VirtualTimeLoop`.
- A seed fixes the order in which tasks run. The same seed replays the same run, and
  different seeds explore different orders.
- A hang is an error, :exc:`Deadlocked`, that says where every task waits.

What does not replay, and why: anything that hangs on real time (threads, sockets) or on
memory addresses. trio and anyio keep the tasks of a cancelled scope in sets, and trio
breaks ties among equal deadlines by address: the order in which *several* waits are
aborted by one cancellation is not fixed by the seed. The order in which the tasks then
run is.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import random
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Literal, TypeVar, TypeVarTuple

import anyio
import trio
import trio._core._run as trio_scheduler
from trio.testing import MockClock, active_thread_count

from ._tasks import describe_tasks
from ._virtual_time import PATIENCE, Deadlocked, VirtualTimeLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Host = Literal["trio", "asyncio", "uvloop"]
"""The name of an event loop that :func:`run` can use."""

_LAST_STEPS = 10_000
"""Steps that a hanging program may take, once cancelled, before it is abandoned."""


def run(
    async_fn: Callable[[*Ts], Awaitable[T]],
    *args: *Ts,
    host: Host = "trio",
    virtual_time: bool = True,
    seed: int | None = None,
    hang_after: float = 10_000.0,
    on_hang: Callable[[], str] | None = None,
) -> T:
    """Run an async function to its end and return its value.

    ::

        run(scenario, host="asyncio", seed=7)

    A program that hangs is cancelled, so that its clean-up runs. If it refuses, it is
    given another ``hang_after`` seconds and is then abandoned where it stands.

    Args:
        async_fn: The program.
        args: Positional arguments for ``async_fn``.
        host: The event loop to run on. uvloop keeps its own clock and always runs in
            real time.
        virtual_time: Let the clock jump to the next timer whenever nothing can run.
        seed: Fixes and varies the order of tasks; needs virtual time. None leaves the
            host as it is: trio shuffles at random, asyncio is first in, first out.
        hang_after: Seconds on the host's clock, from the start, after which the program
            counts as hanging. Must exceed every wait the program means to make.
        on_hang: Called when the program is found to hang, while it still hangs, inside
            the running host but outside its tasks. Its text ends the error's.

    Raises:
        Deadlocked: If the program has not ended after ``hang_after`` seconds.
        ValueError: If a seed is combined with real time.
        RuntimeError: If this version of trio or Python cannot be seeded, or uvloop is
            not installed.
        BaseException: Whatever ``async_fn`` raises.
    """
    virtual_time = virtual_time and host != "uvloop"
    if seed is not None and not virtual_time:
        msg = f"seed {seed} needs virtual time: on {host} in real time runs differ"
        raise ValueError(msg)
    watchdog = _Watchdog(hang_after, on_hang)

    async def program() -> T:
        return await async_fn(*args)

    try:
        if host == "trio":
            result = _run_trio(program, watchdog, virtual_time=virtual_time, seed=seed)
        else:
            factory = _loop_factory(host, virtual_time, seed, hang_after)
            result = _run_asyncio(program, watchdog, factory)
    except Exception:
        if watchdog.report is None:
            raise
        # The hang is the news, not what the program made of being cancelled.
        result = _Cancelled()
    if watchdog.report is not None:
        _bury()
        raise Deadlocked(watchdog.report)
    assert not isinstance(result, _Cancelled)
    return result


def _bury() -> None:
    """Collect an abandoned program now, and not in the middle of somebody's test.

    Its coroutines are closed outside their host and complain about that, which says
    nothing that the report does not say better.
    """
    hook = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: None
    try:
        gc.collect()
    finally:
        sys.unraisablehook = hook


class _Cancelled:
    """Stands for the value of a program that its watchdog cancelled."""


class _Watchdog:
    """Cancels the program at the deadline and remembers how it hung."""

    def __init__(self, hang_after: float, on_hang: Callable[[], str] | None) -> None:
        self.hang_after = hang_after
        self.report: str | None = None
        self._on_hang = on_hang
        self._scope: anyio.CancelScope | None = None
        self._steps_left = _LAST_STEPS

    async def watch(self, program: Callable[[], Awaitable[T]]) -> T | _Cancelled:
        # The scope has no deadline of its own: the program must not see one.
        with anyio.CancelScope() as self._scope:
            return await program()
        return _Cancelled()

    def bark(self) -> None:
        lines = [f"still running after {self.hang_after:g} seconds", *describe_tasks()]
        self.report = "\n  ".join(lines)
        if self._on_hang is not None:
            self.report += "\n" + self._on_hang()
        assert self._scope is not None
        self._scope.cancel()

    def gives_up(self) -> bool:
        """Count a step of the cancelled program; True when it took too many."""
        self._steps_left -= 1
        return self._steps_left < 0


def _run_trio(
    program: Callable[[], Awaitable[T]],
    watchdog: _Watchdog,
    *,
    virtual_time: bool,
    seed: int | None,
) -> T | _Cancelled:
    clock = MockClock(autojump_threshold=0) if virtual_time else None

    async def guard() -> None:
        await trio.sleep(watchdog.hang_after)
        watchdog.bark()
        if clock is not None:
            trio.lowlevel.add_instrument(_StepLimit(watchdog, clock))
            await trio.sleep(watchdog.hang_after)
            _break_clock(clock)

    async def watched() -> T | _Cancelled:
        trio.lowlevel.spawn_system_task(guard, name="actrio.testing.watchdog")
        # The guard's first step must not be counted among the program's turns.
        await trio.lowlevel.checkpoint()
        return await watchdog.watch(program)

    with _seeded_trio(seed):
        return trio.run(
            watched,
            clock=clock,
            instruments=[] if clock is None else [_ThreadPatience(clock)],
        )


class _ThreadPatience(trio.abc.Instrument):
    """Lets threads finish before the clock jumps, as :class:`VirtualTimeLoop` does."""

    def __init__(self, clock: MockClock) -> None:
        self._clock = clock

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        wait = PATIENCE if active_thread_count() else 0.0
        if self._clock.autojump_threshold != wait:
            self._clock.autojump_threshold = wait


def _break_clock(clock: MockClock) -> None:
    """Make trio's own loop fail at once: nothing else ends a run that refuses to end."""

    def broken() -> float:
        msg = "the program did not end when it was cancelled"
        raise Deadlocked(msg)

    vars(clock)["current_time"] = broken


class _StepLimit(trio.abc.Instrument):
    """Breaks the clock when the cancelled program keeps running in circles."""

    def __init__(self, watchdog: _Watchdog, clock: MockClock) -> None:
        self._watchdog = watchdog
        self._clock = clock

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if self._watchdog.gives_up():
            _break_clock(self._clock)


@contextmanager
def _seeded_trio(seed: int | None) -> Generator[None]:
    """Make trio's scheduler deterministic, through the hook made for pytest-trio."""
    if seed is None:
        yield
        return
    switch = "_ALLOW_DETERMINISTIC_SCHEDULING"
    names = trio_scheduler.__dict__
    generator = names.get("_r")
    if switch not in names or not isinstance(generator, random.Random):
        msg = f"trio {trio.__version__} has no scheduler to seed: run without a seed"
        raise RuntimeError(msg)
    allowed, state = names[switch], generator.getstate()
    names[switch] = True
    generator.seed(seed)
    try:
        yield
    finally:
        names[switch] = allowed
        generator.setstate(state)


def _run_asyncio(
    program: Callable[[], Awaitable[T]],
    watchdog: _Watchdog,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> T | _Cancelled:
    async def watched() -> T | _Cancelled:
        loop = asyncio.get_running_loop()

        def limit_steps() -> None:
            if watchdog.gives_up():
                msg = "the program did not end when it was cancelled"
                raise Deadlocked(msg)

        def bark() -> None:
            if isinstance(loop, VirtualTimeLoop):
                loop.before_turn = limit_steps
                loop.patience = 0.0
            watchdog.bark()

        timer = loop.call_later(watchdog.hang_after, bark)
        try:
            return await watchdog.watch(program)
        finally:
            # Closing the loop may take virtual time, and that is not the program's.
            timer.cancel()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(watched())


def _loop_factory(
    host: Host, virtual_time: bool, seed: int | None, hang_after: float
) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if host == "uvloop":
        try:
            uvloop = importlib.import_module("uvloop")
        except ImportError as exc:
            msg = "host 'uvloop' needs uvloop: pip install uvloop"
            raise RuntimeError(msg) from exc
        factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        return factory
    if host != "asyncio":
        msg = f"unknown host {host!r}: use 'trio', 'asyncio' or 'uvloop'"
        raise ValueError(msg)
    if not virtual_time:
        return None
    # The watchdog cancels at hang_after; a program that refuses gets as long again.
    return lambda: VirtualTimeLoop(seed=seed, hang_after=2 * hang_after)
