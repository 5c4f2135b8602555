"""The checkpoint sweep: cancel an operation everywhere it can be cancelled.

"Cancel-safe" is a claim about every await inside an operation, and hand-written tests
visit two or three of them. A sweep visits all: it runs a scenario again and again,
cancels one operation in it at its 1st, 2nd, 3rd … point, and lets the scenario check its
invariants after each, until the operation ends before the point is reached.

Two kinds of points exist, because one alone is blind:

- ``every="checkpoint"`` cancels at the n-th *suspension of the operation itself*, in
  the instant in which it suspends: each time its coroutine hands control to the host,
  counted from one. Suspensions of other tasks do not count, not even of tasks that the
  operation started; a checkpoint that the host passes without suspending does not
  count either, nor can it raise. This finds state that is left half changed.
- ``every="turn"`` cancels at the n-th *turn of the scheduler* since the operation
  started: before the n-th pass over the runnable tasks. An operation that suspends once
  and waits there, as a request does, is cancelled while its message is queued, while it
  is handled and just when the answer is ready. This finds races with the other side.

How the cancellation arrives differs between hosts. trio delivers it in the instant of
the suspension. anyio on asyncio delivers it in the loop's next turn, so others may have
run; and a suspension that is over by then is cancelled at the next one. In native mode
``Task.cancel()`` is called once, and asyncio delivers it in the instant of the
suspension; it can also take away a result that is ready, which a scope never does.

What does not work: sweeping turns on uvloop or in real time, where they are not the same
twice; operations that other tasks run on the caller's behalf, in "checkpoint" sweeps.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Generic, Literal, TypeVar

import anyio
import trio

from ._hosts import run
from ._virtual_time import VirtualTimeLoop

T = TypeVar("T")

Point = Literal["checkpoint", "turn"]


class CancelPoint:
    """Runs one operation of a scenario and cancels it at the point under test.

    :func:`sweep` makes one for each round and passes it to the scenario. The point is
    exact: it wraps the operation in a cancel scope of its own, cancels that once, and
    absorbs that cancellation only. The rest of the scenario is never cancelled.
    """

    number: int
    """Which point of the operation is cancelled in this round, counted from one."""

    fired: bool
    """Whether the operation reached that point, and was asked to cancel."""

    outcome: Literal["pending", "returned", "raised", "cancelled"]
    """How the operation ended. It may return or raise although it was cancelled."""

    def __init__(self, number: int, *, every: Point, native: bool) -> None:
        self.number = number
        self.fired = False
        self.outcome = "pending"
        self._every = every
        self._native = native
        self._passed = 0
        self._started = False
        self._cancel: Callable[[], object] | None = None

    def __repr__(self) -> str:
        fired = "fired" if self.fired else "not reached"
        return f"<CancelPoint {self._every} {self.number}: {fired}, {self.outcome}>"

    @property
    def started(self) -> bool:
        """Whether the scenario came to run its operation in this round."""
        return self._started

    @property
    def cancelled(self) -> bool:
        """Whether the operation left with the cancellation, having done nothing."""
        return self.outcome == "cancelled"

    async def __call__(self, operation: Awaitable[T]) -> T | None:
        """Run the operation, and cancel it at this round's point.

        Args:
            operation: The coroutine or other awaitable under test.

        Returns:
            The operation's value, or None if it was cancelled: look at
            :attr:`cancelled`.

        Raises:
            RuntimeError: If the scenario calls this twice: a round has one operation.
            BaseException: What the operation raises, its own cancellation excepted.

        Cancellation: As the operation's own. A cancellation that comes from outside
            passes through.
        """
        if self._started:
            msg = "one operation per scenario: cancel_here was called twice"
            raise RuntimeError(msg)
        self._started = True
        counted: Awaitable[T] = operation
        if self._every == "checkpoint":
            counted = _Counted(operation, self._pass)
        try:
            with self._watch_turns():
                return await (self._run_native if self._native else self._run)(counted)
        except BaseException:
            self.outcome = "raised"
            raise

    async def _run(self, operation: Awaitable[T]) -> T | None:
        with anyio.CancelScope() as scope:
            self._cancel = scope.cancel
            result = await operation
            self.outcome = "returned"
            return result
        self.outcome = "cancelled"
        return None

    async def _run_native(self, operation: Awaitable[T]) -> T | None:
        task = asyncio.current_task()
        assert task is not None
        requests_before = task.cancelling()
        self._cancel = task.cancel
        try:
            result = await operation
        except asyncio.CancelledError as exc:
            # A subclass is an error of the program's own, not asyncio's cancellation.
            ours = self.fired and type(exc) is asyncio.CancelledError
            if not ours or task.cancelling() > requests_before + 1:
                raise
            self.outcome = "cancelled"
            return None
        else:
            self.outcome = "returned"
            return result
        finally:
            if self.fired and task.cancelling() > requests_before:
                task.uncancel()

    def _pass(self) -> None:
        """Count one point, and cancel if it is the one."""
        self._passed += 1
        if self._passed == self.number and self.outcome == "pending":
            assert self._cancel is not None
            self.fired = True
            self._cancel()

    @contextmanager
    def _watch_turns(self) -> Generator[None]:
        if self._every != "turn":
            yield
        elif trio.lowlevel.in_trio_run():
            instrument = _TrioTurns(self._pass)
            trio.lowlevel.add_instrument(instrument)
            try:
                yield
            finally:
                trio.lowlevel.remove_instrument(instrument)
        else:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualTimeLoop), "a sweep runs in virtual time"
            loop.before_turn = self._pass
            try:
                yield
            finally:
                loop.before_turn = None


def sweep(
    scenario: Callable[[CancelPoint], Awaitable[object]],
    *,
    host: Literal["trio", "asyncio"] = "trio",
    every: Point = "checkpoint",
    native: bool = False,
    seed: int | None = 0,
    virtual_time: bool = True,
    limit: int = 1000,
) -> int:
    """Run a scenario once for each point at which its operation can be cancelled.

    ::

        async def scenario(cancel_here: CancelPoint) -> None:
            async with SingleThreadedAgentRuntime() as runtime:
                await cancel_here(runtime.send_message(Question(), recipient))
                assert runtime.unprocessed_messages_count == 0

        assert sweep(scenario, host="trio") == 1

    Assert the count: a sweep of an operation that never suspends passes at zero.

    Each round is a fresh run in virtual time from the same seed. The last round, in
    which the operation ends before it reaches the point, is the undisturbed run.

    Args:
        scenario: Sets up, awaits ``cancel_here(operation)`` once, checks invariants.
        host: The event loop.
        every: What is counted: suspensions of the operation, or turns of the scheduler.
        native: Cancel with ``asyncio.Task.cancel()`` instead of a cancel scope.
        seed: Fixes the order of tasks in every round. None leaves it to the host; on
            trio rounds are then not comparable.
        virtual_time: Let the clock jump to the next timer whenever nothing can run. False
            is for operations that wait for another process; there is no seed then.
        limit: Rounds after which to give up.

    Returns:
        In how many rounds the operation was cancelled; so many points it has.

    Raises:
        ValueError: If ``native`` is asked for on trio, or turns in real time.
        RuntimeError: If the scenario does not run its operation, or the operation still
            has points after ``limit`` rounds.
        Deadlocked: If a round hangs.
        BaseException: What the scenario raises, with a note that names the round.
    """
    if native and host != "asyncio":
        msg = f"native=True cancels asyncio tasks: {host} has none, use host='asyncio'"
        raise ValueError(msg)
    if every == "turn" and not virtual_time:
        msg = "every='turn' needs virtual time: in real time no two runs have the same"
        raise ValueError(msg)
    for number in range(1, limit + 1):
        point = CancelPoint(number, every=every, native=native)
        try:
            run(
                scenario,
                point,
                host=host,
                seed=seed if virtual_time else None,
                virtual_time=virtual_time,
            )
        except BaseException as exc:
            exc.add_note(f"sweep on {host}, seed {seed}: {point!r}")
            raise
        if not point.started:
            msg = "the scenario must await cancel_here(operation)"
            raise RuntimeError(msg)
        if not point.fired:
            return number - 1
    msg = f"the operation has more than {limit} points: raise ``limit`` if it should"
    raise RuntimeError(msg)


class _Counted(Generic[T]):
    """An awaitable that reports each suspension of another, in the instant it happens."""

    def __init__(self, awaitable: Awaitable[T], on_suspend: Callable[[], None]) -> None:
        self._awaitable = awaitable
        self._on_suspend = on_suspend

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._awaitable.__await__()
        advance: Callable[[], Any] = functools.partial(next, steps)
        while True:
            try:
                request = advance()
            except StopIteration as stop:
                value: T = stop.value
                return value
            self._on_suspend()
            try:
                answer = yield request
            except BaseException as exc:  # noqa: BLE001  (handed on, to whom it is for)
                advance = functools.partial(steps.throw, exc)
            else:
                advance = functools.partial(steps.send, answer)


class _TrioTurns(trio.abc.Instrument):
    """Reports the end of each pass of trio's scheduler in which a task ran."""

    def __init__(self, on_turn: Callable[[], None]) -> None:
        self._on_turn = on_turn
        self._stepped = False

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._stepped = True

    def after_io_wait(self, timeout: float) -> None:
        # Only here may a wait be aborted: the time to sleep is settled before it.
        if self._stepped:
            self._stepped = False
            self._on_turn()
