"""asyncio as a host: scopes and task groups are anyio's, waiting is a bare future.

What does not work, and why `AsyncioHost.park` looks as it does:

- asyncio's own cancellation is an edge, anyio's is a level. A native ``cancel()``
  that is swallowed is lost, so the first one is kept and raised in the end; an
  anyio scope cancels again at the next checkpoint, so a value may be returned first.
- Waiting on after a cancellation needs an anyio shield. Without one anyio cancels
  the task again in every pass of the loop, thousands of times a second.
- ``uncancel()`` is never called: ``asyncio.timeout`` and task groups count on the
  number that ``Task.cancelling()`` gives.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context, copy_context
from functools import partial
from types import coroutine
from typing import Any, Final, NoReturn, TypeVar, cast

import anyio
from anyio.lowlevel import checkpoint

from ._host import (
    CancelScope,
    Nursery,
    RaiseCancelled,
    Timer,
    Waiter,
    Worker,
    split_group,
)
from ._threads import ThreadCall

T = TypeVar("T")

_logger: Final = logging.getLogger("autogen_core")


class AsyncioHost:
    """See `Host`."""

    name = "asyncio"

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # anyio loads its backend on first use, a tenth of a second: now, not in the
        # middle of the first request
        anyio.current_time()
        self._spawned: set[asyncio.Task[object]] = set()
        self.checkpoint = checkpoint
        self.sleep = anyio.sleep
        self.effective_deadline = anyio.current_effective_deadline
        self.current_time = self._loop.time

    def is_cancelled(self) -> bool:
        # the count is cheap, and grows when a cancellation reaches the task
        task = asyncio.current_task()
        return (
            task is not None
            and task.cancelling() > 0
            and anyio.current_effective_deadline() == -math.inf
        )

    async def let_others_run(self) -> None:
        try:
            await _next_pass()
        except asyncio.CancelledError:
            # a scope will cancel again; a native cancellation is heard only now
            if anyio.current_effective_deadline() > -math.inf:
                raise

    def is_current(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def is_over(self) -> bool:
        return self._loop.is_closed()

    def run_soon(self, function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function)

    def call_later(self, seconds: float, function: Callable[[], object]) -> Timer:
        def call() -> None:
            try:
                function()
            except Exception:
                _logger.exception("A timer's function raised")

        return self._loop.call_later(seconds, call)

    def cancel_scope(
        self, *, deadline: float = math.inf, shield: bool = False
    ) -> CancelScope:
        return cast("CancelScope", anyio.CancelScope(deadline=deadline, shield=shield))

    def open_nursery(self) -> AbstractAsyncContextManager[Nursery]:
        return cast("AbstractAsyncContextManager[Nursery]", anyio.create_task_group())

    def spawn(
        self, async_fn: Callable[[], Awaitable[object]], context: Context
    ) -> None:
        coroutine = cast("Coroutine[Any, Any, object]", async_fn())
        task = self._loop.create_task(coroutine, context=context)
        # asyncio itself keeps only a weak reference to a task
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)

    async def run_in_thread(
        self,
        function: Callable[[], T],
        on_cancel: Callable[[], object] | None = None,
    ) -> T:
        await checkpoint()
        call = ThreadCall(function, on_cancel)

        def wake(done: asyncio.Future[T | None]) -> None:
            done.exception()  # is seen now, though who has left is not told
            self.wake(call)

        done = self._loop.run_in_executor(None, partial(copy_context().run, call))
        done.add_done_callback(wake)
        await self.park(call)
        result = done.result()
        if call.cancelled is not None:
            call.cancelled()
        return cast("T", result)

    def open_worker(self) -> Worker:
        return _AsyncioWorker(self, self._loop)

    async def park(self, waiter: Waiter) -> None:
        future = waiter.parked = _Parking(loop=self._loop)
        future.waiter = waiter
        try:
            await future
        except asyncio.CancelledError as exc:
            cancelled = exc
        else:
            return
        if future.has_left:
            raise cancelled
        if _was_woken(waiter):
            # Woken and cancelled before the task could run. A scope will cancel
            # again; a native cancellation is heard only now.
            if anyio.current_effective_deadline() > -math.inf:
                raise cancelled
            waiter.cancelled = _raiser(cancelled)
            return
        with anyio.CancelScope(shield=True):
            while not _was_woken(waiter):
                stay = waiter.parked = self._loop.create_future()
                with suppress(asyncio.CancelledError):
                    await stay
        waiter.cancelled = _raiser(cancelled)

    def idle(self, waiter: Waiter) -> Awaitable[object]:
        # a plain future costs half of what one costs that can ask
        future = waiter.parked = self._loop.create_future()
        return future

    def wake(self, waiter: Waiter) -> None:
        future = waiter.parked
        if future is not None:
            waiter.parked = None
            try:  # noqa: SIM105 - suppress() costs more than all of this
                future.set_result(None)  # type: ignore[attr-defined]  # a future of ours
            except asyncio.InvalidStateError:
                pass  # its task was cancelled in this very step

    def split_cancellation(
        self, exc: BaseException
    ) -> tuple[BaseException | None, BaseException | None]:
        task = asyncio.current_task()
        cancelled = task is not None and task.cancelling() > 0

        def from_host(exc: BaseException) -> bool:
            # an Exception is RequestCancelled: an answer, not a cancellation
            return (
                cancelled
                and isinstance(exc, asyncio.CancelledError)
                and not isinstance(exc, Exception)
            )

        if isinstance(exc, BaseExceptionGroup):
            return split_group(cast("BaseException", exc), from_host)
        return (exc, None) if from_host(exc) else (None, exc)

    def is_stray(self, exc: BaseException) -> bool:
        # raised by hand after our scope had cancelled; its own the scope absorbs
        task = asyncio.current_task()
        return (
            isinstance(exc, asyncio.CancelledError)
            and task is not None
            and not task.cancelling()
        )


@coroutine
def _next_pass() -> Generator[None]:
    """Yield to the loop once; what ``asyncio.sleep(0)`` does, without its detours."""
    yield


class _Parking(asyncio.Future[None]):
    """A future that asks its waiter the moment its task is cancelled.

    asyncio tells a task of its cancellation only in a later pass of the loop; by then
    an actor may have begun with what the cancelled sender wanted to withdraw.
    """

    __slots__ = ("waiter",)

    waiter: Waiter | None
    """Who is asked; None once it let its task leave."""

    @property
    def has_left(self) -> bool:
        """Whether the task was allowed to leave."""
        return self.waiter is None

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        waiter = self.waiter
        if waiter is not None and waiter.leave():
            waiter.parked = None
            self.waiter = None
        return super().cancel(msg)


class _AsyncioWorker:
    """See `Worker`. The thread is its own, started with the first call.

    anyio's ``to_thread`` will not do: a native cancellation reaches through its shield
    and frees its limiter while the thread is still at work.
    """

    def __init__(self, host: AsyncioHost, loop: asyncio.AbstractEventLoop) -> None:
        self._host = host
        self._loop = loop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="actrio-worker")

    async def run(self, function: Callable[[], T]) -> T:
        await checkpoint()
        return await self._call(ThreadCall(function))

    async def finish(self, function: Callable[[], object]) -> None:
        try:
            # no deadline: a thread cannot be abandoned, so there is nothing to give up
            with anyio.CancelScope(shield=True):
                await self._call(_LastCall(function))
        finally:
            self._thread.shutdown()

    async def _call(self, call: ThreadCall[T]) -> T:
        done = self._loop.run_in_executor(self._thread, call)
        done.add_done_callback(lambda _: self._host.wake(call))
        await self._host.park(call)
        result = done.result()
        if (
            call.cancelled is not None
            and anyio.current_effective_deadline() > -math.inf
        ):
            call.cancelled()
        return cast("T", result)


class _LastCall(ThreadCall[T]):
    """A call that nobody withdraws."""

    def leave(self) -> bool:
        return False


def _was_woken(waiter: Waiter) -> bool:
    return waiter.parked is None


def _raiser(cancelled: asyncio.CancelledError) -> RaiseCancelled:
    def raise_cancelled() -> NoReturn:
        raise cancelled

    return raise_cancelled
