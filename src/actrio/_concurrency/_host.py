"""What the rest of actrio may ask of an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from types import TracebackType
from typing import NoReturn, Protocol, Self, TypeVar, cast

T = TypeVar("T")

RaiseCancelled = Callable[[], NoReturn]
"""Raises the cancellation that a task received while it was not free to leave."""


class Waiter:
    """Something that exactly one task is parked on.

    A subclass overrides `leave` when its task may not walk away at once.
    """

    parked: object | None = None
    """The host's handle of the parked task; None while nobody waits."""

    cancelled: RaiseCancelled | None = None
    """Raises the cancellation that came while the task was parked and did not leave.

    It had to stay, or was woken in the same step. Whoever drops it still meets a
    scope's cancellation at the next checkpoint.
    """

    def leave(self) -> bool:
        """Say whether the parked task, just cancelled, may leave at once.

        Called at most once per `Host.park`, synchronously, inside the cancelling
        step. False means: what must be told to unwind has been told, and somebody
        will call `Host.wake` when it has.
        """
        return True


class CancelScope(Protocol):
    """trio's cancel scope, or anyio's on asyncio."""

    deadline: float
    shield: bool

    @property
    def cancel_called(self) -> bool: ...
    @property
    def cancelled_caught(self) -> bool: ...
    def cancel(self) -> None:
        """Cancel what runs in the scope."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None: ...


class Nursery(Protocol):
    """trio's nursery, or anyio's task group on asyncio."""

    @property
    def cancel_scope(self) -> CancelScope: ...
    def start_soon(
        self, async_fn: Callable[..., Awaitable[object]], /, *args: object
    ) -> None: ...


class Timer(Protocol):
    """One armed call in the future."""

    def cancel(self) -> None:
        """Disarm the timer; does nothing once it fired."""
        ...


class Worker(Protocol):
    """Runs blocking functions in a thread: one at a time, in the order they came."""

    async def run(self, function: Callable[[], T], /) -> T:
        """Call ``function`` in the thread and return its value.

        Cancellation: A call that has not begun is withdrawn. One that has begun is
        waited for, and its value is returned or its error raised; the cancellation
        comes at the next checkpoint. Only a native ``cancel()`` of an asyncio task,
        which nobody repeats, is raised in place of the value.
        """
        ...

    async def finish(self, function: Callable[[], object], /) -> None:
        """Make a last call, whatever cancels the caller, and let the thread go.

        The calls that were made before come first; there must be none after it.
        """
        ...


class Host(Protocol):
    """One running event loop, trio's or asyncio's.

    An instance belongs to one run of one loop and is dropped when that ends.
    """

    name: str
    """``"trio"`` or ``"asyncio"``."""

    def is_current(self) -> bool:
        """Say whether the caller runs inside this very loop."""
        ...

    def is_over(self) -> bool:
        """Say whether the loop has ended and will never run again."""
        ...

    def run_soon(self, function: Callable[[], object]) -> None:
        """Call ``function`` in the loop, from any thread; nothing if it has ended."""
        ...

    def current_time(self) -> float:
        """Return the loop's clock, in seconds."""
        ...

    def call_later(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Call ``function`` in the loop after ``seconds``; what it raises is logged."""
        ...

    def cancel_scope(
        self, *, deadline: float = ..., shield: bool = False
    ) -> CancelScope:
        """Make a cancel scope; ``deadline`` is a moment of `current_time`."""
        ...

    def open_nursery(self) -> AbstractAsyncContextManager[Nursery]:
        """Open a nursery in the current task."""
        ...

    def spawn(
        self, async_fn: Callable[[], Awaitable[object]], context: Context
    ) -> None:
        """Start a task that belongs to the loop itself and dies with it.

        ``async_fn`` must not raise anything but its own cancellation.
        """
        ...

    async def run_in_thread(
        self,
        function: Callable[[], T],
        on_cancel: Callable[[], object] | None = None,
        /,
    ) -> T:
        """Call ``function`` in one of the loop's threads, in the caller's context.

        The loop says how many such calls run at once: trio's default limiter, 40, or
        asyncio's default executor. The others wait.

        Args:
            function: What may block.
            on_cancel: Called in the loop when the call is cancelled while it runs.

        Cancellation: A call that has not begun is withdrawn. One that has begun is
            waited for; then its error is raised, or else the cancellation in place of
            its value.
        """
        ...

    def open_worker(self) -> Worker:
        """Make a worker; whoever does must call `Worker.finish` in the end."""
        ...

    async def checkpoint(self) -> None:
        """Let other tasks run, and be cancelled here if so asked."""
        ...

    def effective_deadline(self) -> float:
        """Return when the scopes around the current task will cancel it, if ever."""
        ...

    def is_cancelled(self) -> bool:
        """Say whether the next `checkpoint` would raise a scope's cancellation."""
        ...

    async def let_others_run(self) -> None:
        """Yield once, without being cancelled by a scope."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait for ``seconds`` of the loop's clock."""
        ...

    def park(self, waiter: Waiter) -> Awaitable[object]:
        """Wait until `wake` is called for ``waiter``; to be awaited at once.

        Cancellation: Asks ``waiter.leave()``, and raises if the answer is yes.
        Otherwise it goes on waiting, and ``waiter.cancelled`` is set when it returns.
        """
        ...

    def idle(self, waiter: Waiter) -> Awaitable[object]:
        """Wait like `park`, in a task that is cancelled only to be ended.

        Cancellation: Raised, even if `wake` was called in the same step; nothing is
        asked. Whoever waits forgets ``waiter.parked`` then.
        """
        ...

    def wake(self, waiter: Waiter) -> None:
        """Let the task parked on ``waiter`` go on; nothing if there is none."""
        ...

    def split_cancellation(
        self, exc: BaseException
    ) -> tuple[BaseException | None, BaseException | None]:
        """Tell the host's cancellation from an error that user code raised.

        Args:
            exc: What came out of user code in the current task.

        Returns:
            The part that the scopes around us must see again, and the part that is
            the user's; one of them is None unless ``exc`` is a mixed group.
        """
        ...

    def is_stray(self, exc: BaseException) -> bool:
        """Say whether a cancellation has nobody left who cancelled this task.

        On asyncio user code can raise one by hand; no scope absorbs it.
        """
        ...


def split_group(
    group: BaseException, matches: Callable[[BaseException], bool]
) -> tuple[BaseException | None, BaseException | None]:
    """Split an exception group as its ``split`` does, but keep an unmixed one.

    ``split`` copies the group even if nothing matches; a caller must get the very
    object that was raised.
    """
    assert isinstance(group, BaseExceptionGroup)
    group = cast("BaseExceptionGroup[BaseException]", group)
    matching, rest = group.split(matches)
    if matching is None:
        return None, group
    return (group, None) if rest is None else (matching, rest)
