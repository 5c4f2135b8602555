"""A runtime for programs without an event loop: plain synchronous code, and threads.

A portal runs one runtime in an event loop of its own, in a background thread. The
threads of the program hand their calls in, and each blocks until its call has ended::

    with open_portal() as portal:
        portal.register(Greeter, "greeter", Greeter)
        print(portal.send_message("you", AgentId("greeter", "default")))

The idea of the runtime holds across the border: a request is a function call. Its value
and its exception come back to the thread that made it; a time limit, Ctrl-C, and the end
of the block cancel the handler, and the thread goes on when the handler has unwound.

Invariants:

- Every call that a thread made is in ``_calls`` until its future is done, and none is
  added once the block is being left. So no thread waits for a loop that has gone.
- The runtime's own block is entered and left in one task of the loop, `Portal._live`.
- What travels back is kept in futures of our own. anyio's would take
  `RequestCancelled <actrio.exceptions.RequestCancelled>` for a cancelled future.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock, get_ident
from types import TracebackType
from typing import Any, Final, Generic, Literal, TypeVar, TypeVarTuple

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from .agents import BaseAgent
from .exceptions import RuntimeStoppedError
from .identity import AgentId, AgentType, TopicId
from .messages import CancellationToken
from .runtime import SingleThreadedAgentRuntime

__all__ = ["Portal", "open_portal"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
AgentT = TypeVar("AgentT", bound=BaseAgent)

_HOSTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "trio": ("trio", {}),
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
}


@contextmanager
def open_portal(
    runtime: SingleThreadedAgentRuntime | None = None,
    *,
    host: Literal["trio", "asyncio", "uvloop"] = "trio",
) -> Generator[Portal]:
    """Run a runtime in a background thread for the length of a block.

    A normal end of the block refuses new calls, waits for those that other threads have
    made, then until every message is handled. An exception in the block, Ctrl-C among
    them, ends the runtime at once. Either way no task and no thread is left, and every
    agent has been closed once.

    Args:
        runtime: The runtime, not started; one with default settings if not given.
        host: The event loop. Agents that use asyncio's functions need ``"asyncio"``,
            agents that use trio's need ``"trio"``; all others work on each.

    Yields:
        The portal, for any number of threads.

    Raises:
        ValueError: If there is no such host.
        RuntimeError: If the runtime is started already.
        BaseException: At the end, what ended the runtime: see
            `SingleThreadedAgentRuntime <actrio.SingleThreadedAgentRuntime>`.
    """
    if host not in _HOSTS:
        message = f"host is {host!r}; it must be one of {', '.join(map(repr, _HOSTS))}"
        raise ValueError(message)
    backend, options = _HOSTS[host]
    with start_blocking_portal(backend, options, name="actrio-portal") as loop:
        portal = Portal(loop, runtime or SingleThreadedAgentRuntime())
        with portal:
            yield portal


class Portal:
    """Hands calls from any thread to a runtime that `open_portal` runs.

    Its methods block the calling thread. Inside the portal's own event loop, in handlers
    for example, they raise an error: there the runtime is used directly.

    A ``fail_after`` is a time limit in seconds, None for none. When it is over, the call
    is cancelled in the loop, and ``TimeoutError`` is raised as soon as it has unwound.
    """

    def __init__(
        self, loop: BlockingPortal, runtime: SingleThreadedAgentRuntime
    ) -> None:
        self._loop = loop
        self._runtime = runtime
        self._thread = loop.call(get_ident)
        self._lock = Lock()
        self._calls: set[Future[Any]] = set()
        self._is_open = True
        self._opened: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._end = loop.call(anyio.Event)
        self._left_with: BaseException | None = None

    def __repr__(self) -> str:
        state = "open" if self._is_open else "closed"
        return f"<Portal {state}, {len(self._calls)} calls, {self._runtime!r}>"

    @property
    def runtime(self) -> SingleThreadedAgentRuntime:
        """The runtime; its ``async`` methods are for `call`."""
        return self._runtime

    # -- calling ----------------------------------------------------------------

    def send_message(
        self,
        message: object,
        recipient: AgentId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
        fail_after: float | None = None,
    ) -> Any:
        """Send a message to one agent, and block until its response is there.

        See `SingleThreadedAgentRuntime.send_message
        <actrio.SingleThreadedAgentRuntime.send_message>` for what is not said here. The
        messages of one thread to one agent are handled in sending order.

        Raises:
            TimeoutError: If there was no response within ``fail_after`` seconds; the
                handler has been cancelled then.
            BaseException: What the handler raised, the same object.
        """
        send = partial(
            self._runtime.send_message,
            message,
            recipient,
            sender=sender,
            cancellation_token=cancellation_token,
            message_id=message_id,
        )
        return self._call("send_message", fail_after, send)

    def publish_message(
        self,
        message: object,
        topic_id: TopicId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
        fail_after: float | None = None,
    ) -> None:
        """Publish a message, and block until every recipient has it in its inbox.

        See `SingleThreadedAgentRuntime.publish_message
        <actrio.SingleThreadedAgentRuntime.publish_message>`.

        Raises:
            TimeoutError: If an inbox had no room within ``fail_after`` seconds.
            RuntimeStoppedError: If the portal is closed.
        """
        publish = partial(
            self._runtime.publish_message,
            message,
            topic_id,
            sender=sender,
            cancellation_token=cancellation_token,
            message_id=message_id,
        )
        self._call("publish_message", fail_after, publish)

    def register(
        self,
        agent_class: type[AgentT],
        type: str,
        factory: Callable[[], AgentT | Awaitable[AgentT]],
        **options: Any,
    ) -> AgentType:
        """Register how agents of one type are made: ``agent_class.register``.

        The factory runs in the portal's event loop.

        Args:
            agent_class: The class of the agents.
            type: The name of the type.
            factory: Makes one agent; may be async.
            options: As for `BaseAgent.register <actrio.BaseAgent.register>`.

        Raises:
            ValueError: If the type is registered already, or its name is no name.
        """
        register = partial(
            agent_class.register, self._runtime, type, factory, **options
        )
        return self._call("register", None, register)

    def call(
        self,
        async_fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        fail_after: float | None = None,
    ) -> T:
        """Call any async function in the event loop, and block until it returns.

        ``portal.call(portal.runtime.save_state)`` saves the state of all agents.

        Args:
            async_fn: The function.
            args: Its positional arguments.
            fail_after: A time limit in seconds.

        Returns:
            What it returns.

        Raises:
            TimeoutError: If it took longer than ``fail_after``.
            RuntimeStoppedError: If the portal is closed, or the block was left by an
                exception while the function ran.
            RuntimeError: If called inside the portal's event loop.
            BaseException: What the function raised, the same object.
        """
        return self._call("call", fail_after, async_fn, *args)

    def start_soon(
        self, async_fn: Callable[[*Ts], Awaitable[T]], *args: *Ts
    ) -> Future[T]:
        """Start an async function in the event loop, and do not wait for it.

        For several requests at a time from one thread. The end of the block waits for
        it.

        Returns:
            A future with what the function returns or raises; its ``cancel`` cancels
            the function in the loop.

        Raises:
            RuntimeStoppedError: If the portal is closed.
            RuntimeError: If called inside the portal's event loop.
        """
        future: _Call[T] = _Call()
        future.add_done_callback(self._cancelled_by_owner)
        self._start(future, "start_soon", None, async_fn, args)
        return future

    def _call(
        self,
        name: str,
        fail_after: float | None,
        async_fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
    ) -> T:
        if fail_after is not None and not fail_after >= 0:
            message = f"fail_after is {fail_after!r}; it must be 0 or more seconds"
            raise ValueError(message)
        future: _Call[T] = _Call()
        try:
            self._start(future, name, fail_after, async_fn, args)
            wait([future])
        except BaseException:  # Ctrl-C: the handler first, then the caller
            with suppress(RuntimeError):  # the loop has gone, and the call with it
                self._loop.start_task_soon(_cancel, future)
                wait([future])
            raise
        return future.result()

    def _start(
        self,
        future: _Call[T],
        name: str,
        fail_after: float | None,
        async_fn: Callable[[*Ts], Awaitable[T]],
        args: tuple[*Ts],
    ) -> None:
        """Hand a call over to the loop; Ctrl-C may come between any two steps."""
        if get_ident() == self._thread:
            message = (
                f"portal.{name}() blocks, and would block the event loop that has to "
                f"answer it; inside the loop, await the runtime's own method"
            )
            raise RuntimeError(message)
        future.add_done_callback(self._calls.discard)
        with self._lock:
            if not self._is_open:
                message = (
                    f"portal.{name}() after the end of its `with open_portal()` block; "
                    "call it inside the block"
                )
                raise RuntimeStoppedError(message)
            self._calls.add(future)
        self._loop.start_task_soon(future.run, name, fail_after, async_fn, args)

    def _cancelled_by_owner(self, future: Future[Any]) -> None:
        if future.cancelled() and get_ident() != self._thread:
            with suppress(RuntimeError):
                self._loop.start_task_soon(_cancel, future)

    # -- the block --------------------------------------------------------------

    def __enter__(self) -> None:
        self._loop.start_task_soon(self._live)
        self._opened.result()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._is_open = False
        try:
            if exc is None:
                wait(list(self._calls))
                self._loop.call(self._end.set)
                self._ended.result()
                return
        except KeyboardInterrupt as interrupt:
            exc = interrupt
            self._end_at_once(interrupt)
            raise
        self._end_at_once(exc)

    def _end_at_once(self, exc: BaseException) -> None:
        """End the runtime, which answers all requests; then cancel all other calls."""
        self._left_with = exc
        self._loop.call(self._leave)
        failure = self._ended.exception()
        for future in list(self._calls):
            self._loop.start_task_soon(_cancel, future)
        wait(list(self._calls))
        if failure is not None and not isinstance(failure, _BlockLeft):
            raise failure

    def _leave(self) -> None:
        if self._end.is_set():  # Ctrl-C while the block ends gracefully
            self._scope.cancel()
        self._end.set()

    async def _live(self) -> None:
        """Be the owner of the runtime: enter its block, and leave it when told to."""
        try:
            with anyio.CancelScope() as self._scope:
                async with self._runtime:
                    self._opened.set_result(None)
                    await self._end.wait()
                    if self._left_with is not None:
                        # if it follows from a failure of the runtime, that is raised
                        raise _BlockLeft from self._left_with.__cause__
        except anyio.get_cancelled_exc_class():
            self._over(RuntimeStoppedError("the portal's event loop was cancelled"))
            raise
        except BaseException as exc:  # noqa: BLE001 - raised in the owner's thread
            self._over(exc)
        else:
            self._ended.set_result(None)

    def _over(self, failure: BaseException) -> None:
        """Give the owner, who waits for the beginning or the end, what went wrong."""
        if not self._opened.done():
            self._opened.set_exception(failure)
        self._ended.set_exception(failure)


class _BlockLeft(Exception):  # an event, no error of anybody's
    """The portal's block was left by an exception of its own."""


class _Call(Future[T], Generic[T]):
    """One call on its way into the loop and back."""

    _scope: anyio.CancelScope | None = None
    _is_over = False

    async def run(
        self,
        name: str,
        fail_after: float | None,
        async_fn: Callable[[*Ts], Awaitable[T]],
        args: tuple[*Ts],
    ) -> None:
        """Call the function, under a scope and a time limit, and keep what comes."""
        limit = math.inf if fail_after is None else fail_after
        try:
            with anyio.CancelScope() as self._scope, anyio.move_on_after(limit) as time:
                if not self.cancelled():
                    value = await async_fn(*args)
                    self._finish(lambda: self.set_result(value))
                    return
            error: BaseException = _cancelled(name)
            if time.cancelled_caught:
                error = TimeoutError(f"{name}() took longer than fail_after={limit:g}")
        except anyio.get_cancelled_exc_class() as exc:
            if anyio.current_effective_deadline() == -math.inf:
                self._finish(lambda: self.set_exception(_cancelled(name)))
                raise
            error = exc  # RequestCancelled, or what a handler raised by hand
        except BaseException as exc:  # noqa: BLE001 - raised in the caller's thread
            error = exc
        self._finish(lambda: self.set_exception(error))

    def cancel_in_loop(self) -> None:
        """Cancel the function, or see to it that it never begins."""
        if self._scope is not None:
            self._scope.cancel()
        elif self.cancel():
            self._finish(_nothing)

    def _finish(self, tell: Callable[[], None]) -> None:
        """Tell whoever waits, in the loop's thread, once."""
        if not self._is_over:
            self._is_over = True
            if self.set_running_or_notify_cancel():  # or `wait` would go on waiting
                tell()


def _nothing() -> None:
    """Tell nothing: a future that was cancelled has said so."""


def _cancel(future: Future[Any]) -> None:
    assert isinstance(future, _Call)
    future.cancel_in_loop()


def _cancelled(name: str) -> RuntimeStoppedError:
    return RuntimeStoppedError(
        f"portal.{name}() was cancelled, because the block of the portal was left by an "
        "exception or by Ctrl-C"
    )
