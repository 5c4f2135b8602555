"""One connection to an MCP server, from its start to its stop.

The SDK keeps a connection in nurseries, which one task has to open and to close. Those
who start and stop a workbench may be two, so the connection has a task of its own, which
belongs to the host; whoever stops it waits until that task has ended, and the server
with it.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import Any, Final, cast

from mcp import Client

from ..._concurrency import Host, Waiter, current_host
from ...exceptions import ToolServerError

__all__ = ["Session"]


_HAS_ENDED: Final = "has ended"
_NOT_STARTED: Final = "cannot be started"


class Session:
    """A connection and its task."""

    def __init__(self, transport: Any, server: str) -> None:
        self._transport = transport
        self._server = server
        self._host: Host = current_host()
        self._scope = self._host.cancel_scope()
        self._client: Client | None = None
        self._error: BaseException | None = None
        self._is_over = False
        self._opener = _Opener(self)
        self._end = Waiter()
        self._must_end = False
        self._closers: list[_Closer] = []

    @property
    def client(self) -> Client:
        """What talks to the server.

        Raises:
            ToolServerError: If the connection has ended.
        """
        if self._client is None:
            raise self._failure(_HAS_ENDED)
        return self._client

    async def open(self) -> None:
        """Start the server and greet it.

        Raises:
            ToolServerError: If that failed.

        Cancellation: Stops the server again, and waits for that.
        """
        self._host.spawn(self._run, copy_context())
        await self._host.park(self._opener)
        cancelled = self._opener.cancelled
        if cancelled is not None:
            await self.close()
            cancelled()
        if self._client is None:
            raise self._failure(_NOT_STARTED)

    async def close(self) -> None:
        """End the connection, and the server if we have started it.

        The SDK gives a server some seconds to end by itself, then kills it.

        Cancellation: Waits all the same, and is raised then.
        """
        self._must_end = True
        self._host.wake(self._end)
        if not self._is_over:
            closer = _Closer()
            self._closers.append(closer)
            await self._host.park(closer)
            if closer.cancelled is not None:
                closer.cancelled()

    def give_up(self) -> None:
        """End an attempt to open that nobody waits for any more."""
        self._scope.cancel()

    async def _run(self) -> None:
        try:
            with self._scope:
                async with Client(self._transport) as client:
                    self._client = client
                    self._host.wake(self._opener)
                    if not self._must_end:
                        await self._host.park(self._end)
        except Exception as exc:  # noqa: BLE001 - whoever opens or asks next gets it
            self._error = _innermost(exc)
        finally:
            self._client = None
            self._is_over = True
            for waiter in (self._opener, *self._closers):
                self._host.wake(waiter)

    def _failure(self, what: str) -> ToolServerError:
        error = self._error
        because = "" if error is None else f": {error}"
        message = f"the MCP server '{self._server}' {what}{because}"
        failure = ToolServerError(message)
        failure.__cause__ = error
        return failure


class _Opener(Waiter):
    """Who waits for the greeting; who does not want to any more waits for the end."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def leave(self) -> bool:
        self._session.give_up()
        return False


class _Closer(Waiter):
    """Who waits for the end."""

    def leave(self) -> bool:
        return False


def _innermost(exc: BaseException) -> BaseException:
    """Return the one error that groups of one are around."""
    if not isinstance(exc, BaseExceptionGroup):
        return exc
    group = cast("BaseExceptionGroup[BaseException]", exc)
    inside = list(group.exceptions)
    return _innermost(inside[0]) if len(inside) == 1 else group
