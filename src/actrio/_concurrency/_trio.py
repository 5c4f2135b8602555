"""trio as a host: trio's own objects, nothing in between."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context
from typing import cast

import trio
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    Task,
    current_task,
    current_trio_token,
    in_trio_run,
    reschedule,
    spawn_system_task,
    wait_task_rescheduled,
)

from ._host import CancelScope, Nursery, RaiseCancelled, Timer, Waiter


class TrioHost:
    """See `Host`."""

    name = "trio"

    def __init__(self) -> None:
        self._token = current_trio_token()
        self.checkpoint = trio.lowlevel.checkpoint
        self.sleep = trio.sleep
        self.current_time = trio.current_time

    def is_current(self) -> bool:
        return in_trio_run() and current_trio_token() is self._token

    def run_soon(self, function: Callable[[], object]) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(function)

    def call_later(self, seconds: float, function: Callable[[], object]) -> Timer:
        scope = trio.CancelScope()

        async def actrio_timer() -> None:
            with scope:
                await trio.sleep(seconds)
                function()

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

    async def park(self, waiter: Waiter) -> RaiseCancelled | None:
        pending: RaiseCancelT | None = None

        def abort(raise_cancel: RaiseCancelT) -> Abort:
            nonlocal pending
            if waiter.leave():
                waiter.parked = None
                return Abort.SUCCEEDED
            pending = raise_cancel
            return Abort.FAILED

        waiter.parked = current_task()
        await wait_task_rescheduled(abort)
        return pending

    def wake(self, waiter: Waiter) -> None:
        task = waiter.parked
        if task is not None:
            waiter.parked = None
            reschedule(cast("Task", task))

    def split_cancellation(
        self, exc: BaseException, scope: CancelScope
    ) -> tuple[BaseException | None, BaseException | None]:
        if isinstance(exc, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", exc)
            return group.split(trio.Cancelled)
        return (exc, None) if isinstance(exc, trio.Cancelled) else (None, exc)
