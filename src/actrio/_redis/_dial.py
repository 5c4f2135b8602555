"""Connecting and logging in, and why it did not go."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import anyio
import attrs
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from ..exceptions import (
    RedisLinkLost,
    RedisRefused,
    RedisReplyError,
    RedisTooOld,
    RedisUnreachable,
)
from ._address import Address
from ._script import Argument

LOST: Final = (
    OSError,
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)
"""What is raised when a connection is lost."""

_OLDEST: Final = (6, 2)
_LATER: Final = frozenset(["LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"])
"""How an error begins that is gone after a while."""
_FULL: Final = "ERR max number of clients"
_KEEPALIVE: Final = {
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPALIVE": 15,  # its name on macOS
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 30_000,  # milliseconds
}
"""When the system notices that the other machine is gone, in seconds.

A server that is there and silent, frozen or busy, is waited for: its commands are neither
lost nor carried out, and a second connection to it would be as silent. So there is no
deadline of our own, which would also have to know how long a script may take.
"""


@attrs.frozen
class Greeting:
    """What a server says of itself at the login."""

    mode: str
    """``standalone``, ``cluster`` or ``sentinel``."""
    role: str
    """``master`` or ``replica``; empty for a sentinel."""


async def connect(address: Address) -> ByteStream:
    """Return a connection to a server, with TLS where that is asked for."""
    stream = await anyio.connect_tcp(address.host, address.port)
    try:
        raw: socket.socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - not Django's
        _keep_alive(raw)
        if address.tls is None:
            return stream
        return await TLSStream.wrap(
            stream,
            hostname=address.host,
            ssl_context=address.tls,
            standard_compatible=False,
        )
    except BaseException:
        await close(stream)
        raise


def _keep_alive(raw: socket.socket) -> None:
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            raw.setsockopt(socket.IPPROTO_TCP, option, value)


async def close(stream: ByteStream) -> None:
    """Close a connection at once, whatever cancels the caller."""
    with anyio.CancelScope(shield=True):  # it does not wait for anybody
        await anyio.aclose_forcefully(stream)


async def log_in(address: Address, call: Callable[..., Awaitable[Any]]) -> Greeting:
    """Agree on the protocol, log in, and choose the database.

    Args:
        address: Where this is, and as whom to log in.
        call: Sends a command and returns its reply.

    Raises:
        RedisRefused: If the server does not accept user and password, or has no such
            database, or lets nobody in.
        RedisTooOld: If it is older than 6.2.
        RedisUnreachable: If it is no Redis, or lets nobody in for the time being.
    """
    hello: Sequence[Argument] = ("HELLO", 3)
    if address.login is not None:
        hello = (*hello, "AUTH", *address.login)
    try:
        about = await call(*hello)
        version = _version(address, about)
        if version < _OLDEST:
            raise _too_old(address, ".".join(map(str, version)))
        if address.database:
            await call("SELECT", address.database)
    except (RedisReplyError, RedisRefused) as exc:
        error = _why_refused(address, str(exc))
    else:
        words = (about.get(name, b"").decode() for name in (b"mode", b"role"))
        return Greeting(*words)
    # out here, or the server's words came along as its context: an old one repeats
    # the whole command, with the password
    raise error


def _version(address: Address, about: Any) -> tuple[int, ...]:
    try:
        return tuple(map(int, about[b"version"].split(b".")))[:2]
    except (TypeError, KeyError, AttributeError, ValueError):
        message = f"no Redis server at {address}: it answers, but not as Redis does"
        raise RedisUnreachable(message) from None


def _why_refused(address: Address, text: str) -> Exception:
    if "unknown command" in text.lower():
        return _too_old(address, "5 or older")
    if address.password:
        text = text.replace(address.password, "…")
    kind = text.partition(" ")[0]
    if kind in _LATER or text.startswith(_FULL):
        return RedisUnreachable(
            f"{address} lets nobody in yet: {text}; try again later"
        )
    if kind in ("WRONGPASS", "NOAUTH"):
        remedy = "check user and password"
    else:
        remedy = "check the address and the rights of the user"
    return RedisRefused(f"{address} refuses the login: {text}; {remedy}")


def _too_old(address: Address, version: str) -> RedisTooOld:
    return RedisTooOld(f"{address} is Redis {version}; actrio needs 6.2 or newer")


@contextmanager
def explained(address: Address, seconds: float) -> Generator[None]:
    """Say why there is no connection, with the address and without the password."""
    try:
        yield
    except TimeoutError as exc:
        message = (
            f"no answer from {address} within {seconds:g} s; is it the right port?"
        )
        raise RedisUnreachable(message) from exc
    except ssl.SSLError as exc:
        reason = getattr(exc, "verify_message", "") or exc.reason or exc
        message = f"no TLS connection to {address}: {reason}"
        raise RedisUnreachable(message) from exc
    except (RedisUnreachable, RedisRefused):
        raise
    except (RedisLinkLost, *LOST) as exc:
        message = f"no Redis server at {address}: {_why(exc)}"
        raise RedisUnreachable(message) from exc


def _why(exc: Exception) -> str:
    if isinstance(exc, RedisLinkLost):
        return exc.why
    cause = exc.__cause__  # anyio's error says only that no attempt succeeded
    if isinstance(cause, ExceptionGroup):
        attempts = cast("ExceptionGroup[Exception]", cause).exceptions
        return "; ".join(dict.fromkeys(map(_why, attempts)))
    if isinstance(cause, OSError):
        return _why(cause)
    if isinstance(exc, OSError) and exc.errno and not isinstance(exc, socket.gaierror):
        return os.strerror(exc.errno)  # the same on every event loop
    return getattr(exc, "strerror", None) or str(exc) or "it hung up"
