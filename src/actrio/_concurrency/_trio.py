"""trio as a host: trio's own objects, nothing in between."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, cast

import trio
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    current_task,
    current_trio_token,
    in_trio_run,
    reschedule,
    spawn_system_task,
    wait_task_rescheduled,
)

from ._host import CancelScope, Nursery, Timer, Waiter, Worker, split_group
from ._threads import ThreadCall

if TYPE_CHECKING:
    from outcome import Outcome

T = TypeVar("T")

_logger: Final = logging.getLogger("autogen_core")


class TrioHost:
    """See `Host`."""

    name = "trio"

    def __init__(self) -> None:
        self._token = current_trio_token()
        self.checkpoint = trio.lowlevel.checkpoint
        self.let_others_run = trio.lowlevel.cancel_shielded_checkpoint
        self.sleep = trio.sleep
        self.effective_deadline = trio.current_effective_deadline
        self.current_time = trio.lowlevel.current_clock().current_time

    def is_cancelled(self) -> bool:
        return trio.current_effective_deadline() == -math.inf

    def is_current(self) -> bool:
        return in_trio_run() and current_trio_token() is self._token

    def is_over(self) -> bool:
        try:
            self._token.run_sync_soon(int)
        except trio.RunFinishedError:
            return True
        return False

    def run_soon(self, function: Callable[[], object]) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(function)

    def call_later(self, seconds: float, function: Callable[[], object]) -> Timer:
        scope = trio.CancelScope()

        async def actrio_timer() -> None:
            with scope:
                await trio.sleep(seconds)
                try:
                    function()
                except Exception:
                    # out of a system task it would end the whole program
                    _logger.exception("A timer's function raised")

        spawn_system_task(actrio_timer)
        return scope

    def cancel_scope(
        self, *, deadline: float = math.inf, shield: bool = False
    ) -> CancelScope:
        return cast("CancelScope", trio.CancelScope(deadline=deadline, shield=shield))

    def open_nursery(self) -> AbstractAsyncContextManager[Nursery]:
        return cast("AbstractAsyncContextManager[Nursery]", trio.open_nursery())

    def spawn(
        self, async_fn: Callable[[], Awaitable[object]], context: Context
    ) -> None:
        spawn_system_task(async_fn, context=context)

    async def run_in_thread(
        self,
        function: Callable[[], T],
        on_cancel: Callable[[], object] | None = None,
    ) -> T:
        # trio's own way, which its virtual clock and ``trio.from_thread`` know; in a
        # tuple, because it takes a coroutine for a mistake
        def call() -> tuple[T]:
            return (function(),)

        result: tuple[T] | None
        if on_cancel is None:
            result = await trio.to_thread.run_sync(call)
        else:
            result = await _run_watched(ThreadCall(call, on_cancel))
        await trio.lowlevel.checkpoint_if_cancelled()
        assert result is not None, "only a cancelled call is withdrawn"
        return result[0]

    def open_worker(self) -> Worker:
        return _TrioWorker()

    def park(self, waiter: Waiter) -> Awaitable[object]:
        # not async: one frame less on the way of every message
        waiter.parked = current_task()
        return wait_task_rescheduled(partial(_abort, waiter))  # noqa: ASYNC105 - the caller awaits it

    def idle(self, waiter: Waiter) -> Awaitable[object]:
        return self.park(waiter)

    def wake(self, waiter: Waiter) -> None:
        task = waiter.parked
        if task is not None:
            waiter.parked = None
            reschedule(task, _WOKEN)  # type: ignore[arg-type]  # a task: this host parked it

    def split_cancellation(
        self, exc: BaseException
    ) -> tuple[BaseException | None, BaseException | None]:
        if isinstance(exc, BaseExceptionGroup):
            return split_group(
                cast("BaseException", exc), lambda one: isinstance(one, trio.Cancelled)
            )
        return (exc, None) if isinstance(exc, trio.Cancelled) else (None, exc)

    def is_stray(self, exc: BaseException) -> bool:
        del exc
        return False  # only trio makes a Cancelled


async def _run_watched(call: ThreadCall[T]) -> T | None:
    """Make a call in a thread, and tell it when that is cancelled meanwhile.

    Returns:
        Its value; None if it was cancelled before the thread had begun with it.
    """
    is_over = False
    results: list[T | None] = []
    errors: list[Exception] = []

    async def watch() -> None:
        try:
            await trio.sleep_forever()
        finally:
            if not is_over:
                call.leave()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            try:
                results.append(await trio.to_thread.run_sync(call))
            except Exception as exc:  # noqa: BLE001 - raised below
                errors.append(exc)  # a nursery would make a group of it
            is_over = True
            nursery.cancel_scope.cancel()
    finally:
        for error in errors:  # before the cancellation, which will come again
            raise error
    return results[0]


class _TrioWorker:
    """See `Worker`. The threads are trio's own, one of them at a time."""

    def __init__(self) -> None:
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def run(self, function: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(function, limiter=self._one_at_a_time)

    async def finish(self, function: Callable[[], object]) -> None:
        # no deadline: a thread cannot be abandoned, so there is nothing to give up
        with trio.CancelScope(shield=True):
            await self.run(function)


class _Woken:
    """The outcome of waiting: nothing, any number of times.

    trio would make a new outcome, good for one use, at each wake-up.
    """

    def unwrap(self) -> None:
        pass


_WOKEN: Final = cast("Outcome[object]", _Woken())


def _abort(waiter: Waiter, raise_cancel: RaiseCancelT) -> Abort:
    if waiter.leave():
        waiter.parked = None
        return Abort.SUCCEEDED
    waiter.cancelled = raise_cancel
    return Abort.FAILED
