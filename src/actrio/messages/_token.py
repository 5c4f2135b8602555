"""Cancellation tokens: a cancel scope that can be handed to somebody else.

A token is a flag with listeners. Requests and blocks that run under it register
while they last and are forgotten when they end, so that one token can serve a whole
conversation. `cancel` works from any thread: a listener that belongs to an event
loop is called there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, final

from .._concurrency import CancelScope, Host, current_host

if TYPE_CHECKING:
    from asyncio import Future

_Key = object

_lock: Final = RLock()
"""Guards the state of every token, for a few steps at a time.

Reentrant, because the garbage collector may run a finalizer in the middle of them that
cancels a token.
"""


@final
class CancelledFlag:
    """Whether a token is cancelled, readable as an attribute and as a call.

    ``if token.is_cancelled:`` and ``if token.is_cancelled():`` say the same.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bool) -> None:
        self._value = value

    def __call__(self) -> bool:
        return self._value

    def __bool__(self) -> bool:
        return self._value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool | CancelledFlag):
            return self._value == bool(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return repr(self._value)


_CANCELLED: Final = CancelledFlag(True)
_NOT_CANCELLED: Final = CancelledFlag(False)


class CancellationToken:
    """Lets somebody outside the waiting task withdraw its requests.

    Pass one token to any number of requests: `cancel` withdraws those that still
    wait, and cancels the handlers of those that run, together with every request
    that these handlers wait for. The waiting callers get `RequestCancelled
    <actrio.exceptions.RequestCancelled>`. Inside one task a cancel scope of the host
    (``move_on_after``) says the same without a token.
    """

    # On the class, since one is made for every request and most stay as they are.
    _cancelled = False
    _listeners: dict[_Key, Callable[[], object]] | None = None
    _disarm: Callable[[], object] | None = None

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "not cancelled"
        return f"<CancellationToken {state}, {len(self._listeners or ())} listeners>"

    @property
    def is_cancelled(self) -> CancelledFlag:
        """Whether `cancel` was called; read it as an attribute or call it."""
        return _CANCELLED if self._cancelled else _NOT_CANCELLED

    def cancel(self) -> None:
        """Cancel everything that runs or waits under this token, now and later.

        May be called from any thread and any number of times; only the first call
        acts. Callbacks run in the order in which they were added, in the calling
        thread; requests and blocks of a running event loop are cancelled in that
        loop, at once if this is its thread, else in its next pass.

        Raises:
            ExceptionGroup: With the errors of the callbacks that raised, after every
                callback was called.
        """
        with _lock:
            if self._cancelled:
                return
            self._cancelled = True
            listeners, self._listeners = self._listeners, None
            disarm, self._disarm = self._disarm, None
        if disarm is not None:
            disarm()
        errors: list[Exception] = []
        for listener in (listeners or {}).values():
            try:
                listener()
            except Exception as exc:  # noqa: BLE001 - one listener must not stop the rest
                errors.append(exc)
        if errors:
            message = f"{len(errors)} cancellation callbacks raised"
            raise ExceptionGroup(message, errors)

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the token is cancelled; at once if it already is."""
        if not self._listen(object(), callback):
            callback()

    def link_future(self, future: Future[Any]) -> Future[Any]:
        """Cancel an asyncio future or task together with this token.

        The future is forgotten when it is done.

        Args:
            future: A future of the running asyncio loop.

        Returns:
            The same future.

        Raises:
            RuntimeError: On trio, which has no futures. Run the block under the
                token instead: ``with token.scope(): ...``.
        """
        host = current_host()
        if host.name != "asyncio":
            message = (
                f"link_future() links asyncio futures and this task runs on {host.name}; "
                "write 'with token.scope(): ...' around the block instead"
            )
            raise RuntimeError(message)
        forget = self.register(future.cancel)
        future.add_done_callback(lambda _: forget())
        return future

    def cancel_after(self, seconds: float) -> None:
        """Cancel this token by itself after some time.

        A later call replaces the time that an earlier one set; `cancel` ends the
        wait. What callbacks raise then is logged, since nobody is there to get it. The
        running event loop keeps the time: if that loop ends first, the token stays as
        it is.

        Args:
            seconds: How long from now, 0 or more; the loop's clock counts.

        Raises:
            ValueError: If ``seconds`` is negative, infinite or not a number.
            RuntimeError: If no event loop runs in this thread.
        """
        if not 0 <= seconds < math.inf:
            message = (
                f"cancel_after({seconds!r}): seconds must be finite and not negative"
            )
            raise ValueError(message)
        host = current_host()
        timer = host.call_later(seconds, self.cancel)
        disarm = partial(_call_in, host, timer.cancel)
        with _lock:
            self._disarm, disarm_before = disarm, self._disarm
            too_late = self._cancelled
        if disarm_before is not None:
            disarm_before()
        if too_late:
            disarm()

    @contextmanager
    def scope(self) -> Generator[CancelScope]:
        """Run a block under this token, as under a cancel scope of the host.

        Cancelling the token cancels the block, which then ends quietly, with
        ``cancelled_caught`` set on the scope::

            with token.scope() as scope:
                page = await fetch(url)
            if scope.cancelled_caught:
                page = None

        Raises:
            RuntimeError: If no event loop runs in this thread.
        """
        with current_host().cancel_scope() as scope:
            forget = self.register(scope.cancel)
            try:
                yield scope
            finally:
                forget()

    def register(self, cancel: Callable[[], object]) -> Callable[[], None]:
        """Call ``cancel`` in this event loop when the token is cancelled.

        If it already is, ``cancel`` is called before this returns. Unlike a callback
        the registration can end.

        Returns:
            The function that ends the registration; calling it twice is harmless.
        """
        host = current_host()

        key = object()
        if not self._listen(key, partial(_call_in, host, cancel)):
            cancel()

        def forget() -> None:
            listeners = self._listeners
            if listeners is not None:
                listeners.pop(key, None)

        return forget

    def _listen(self, key: _Key, listener: Callable[[], object]) -> bool:
        """Add a listener; False if the token is cancelled already."""
        with _lock:
            if self._cancelled:
                return False
            if self._listeners is None:
                self._listeners = {}
            self._listeners[key] = listener
            return True


def _call_in(host: Host, function: Callable[[], object]) -> None:
    """Call ``function`` in the loop it belongs to: now if this is it, else soon."""
    if host.is_current():
        function()
    else:
        host.run_soon(function)
