"""Where a server is, and as whom to log in."""

from __future__ import annotations

import ssl
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import attrs

from ._redis_py import settings_of

_FORM: Final = "redis://user:password@host:port/database, or rediss:// for TLS"
_PORT: Final = 6379
_NO_PORT: Final = "its port is no number from 1 to 65535, or its host is malformed"


@attrs.frozen(kw_only=True)
class Address:
    """Where a server is, and as whom to log in. The password is shown nowhere."""

    host: str = "localhost"
    port: int = _PORT
    database: int = 0
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    """What certificates to accept; None for a connection without TLS."""

    def __str__(self) -> str:
        """Return the address as people write it, without the password."""
        scheme = "redis" if self.tls is None else "rediss"
        user = f"{self.username}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{host}:{self.port}/{self.database}"

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password; None for whoever comes without."""
        if self.username is None and self.password is None:
            return None
        return self.username or "default", self.password or ""

    @classmethod
    def of(cls, where: object, tls: ssl.SSLContext | None = None) -> Address:
        """Read a URL, or the settings of a client of redis-py.

        What may stand behind the ``?`` of a URL is ``ssl_ca_certs``, the name of a file
        with the certificates to accept.

        Args:
            where: A URL, an `Address`, or a client object of redis-py, of which only
                the settings are taken.
            tls: What certificates to accept, in place of the system's.

        Raises:
            ValueError: If it is no such URL, or such a client is connected in a way that
                is not supported, or certificates are given without TLS.
            TypeError: If it is something else.
            OSError: If a file of certificates cannot be read.
        """
        if isinstance(where, str):
            return _from_url(where, tls)
        if isinstance(where, Address):
            address = where if tls is None else attrs.evolve(where, tls=tls)
            return _checked(address, where.tls is not None, tls)
        settings = settings_of(where)
        if settings is None:
            message = (
                f"{type(where).__name__} object: a Redis server is given as a URL, "
                f"{_FORM}, or as a client of redis-py"
            )
            raise TypeError(message)
        address = cls(
            host=settings.host or "localhost",
            port=settings.port or _PORT,
            database=settings.database or 0,
            username=settings.username,
            password=settings.password,
            tls=settings.tls if tls is None else tls,
        )
        return _checked(address, settings.tls is not None, tls)


def _checked(address: Address, is_tls: bool, tls: ssl.SSLContext | None) -> Address:
    if tls is not None and not is_tls:
        message = (
            f"certificates are given for {address.host}:{address.port}, which is "
            "connected to without TLS; leave out tls, or write rediss://"
        )
        raise ValueError(message)
    return address


def _from_url(url: str, tls: ssl.SSLContext | None) -> Address:
    found = _read(url)
    if isinstance(found, str):
        message = (
            f"{_shown(url)!r} is no address of a Redis server: {found}; write {_FORM}"
        )
        raise ValueError(message)
    parts, port, options = found
    is_tls = parts.scheme == "rediss"
    if is_tls and tls is None:
        tls = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    address = Address(
        host=parts.hostname or "localhost",
        port=port,
        database=int(parts.path.strip("/") or 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )
    return _checked(address, is_tls, tls)


def _read(url: str) -> tuple[SplitResult, int, dict[str, str]] | str:
    """Take a URL apart, or say what is wrong with it, in words that are no part of it.

    A password in which ``/``, ``?`` or ``#`` is not encoded is read as something else,
    so no part can be shown safely, nor what Python says about it.
    """
    if not url.startswith(("redis://", "rediss://")):
        return "it does not begin with redis:// or rediss://"
    try:
        parts = urlsplit(url)
        port = _PORT if parts.port is None else parts.port
    except ValueError:
        return _NO_PORT
    if not port:
        return _NO_PORT
    database = parts.path.strip("/")
    if database and not (database.isascii() and database.isdecimal()):
        return "its database is not a number"
    try:
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        return "what follows its ? is not of the form option=value"
    if parts.fragment or options.keys() - {"ssl_ca_certs"}:
        return "the only option that may follow its ? is ssl_ca_certs"
    if options and parts.scheme == "redis":
        return "ssl_ca_certs is given, which needs rediss://"
    return parts, port, {name: values[-1] for name, values in options.items()}


def _shown(url: str) -> str:
    """Return a URL without anything that may be a password, wherever that was put."""
    scheme, is_there, rest = url.partition("://")
    if not is_there or not scheme.isalpha():
        return "…"
    _, colon, port = rest.partition("/")[0].rpartition(":")
    is_harmless = not set(rest) & set("@?#") and (not colon or port.isdecimal())
    return url if is_harmless else f"{scheme}://…"
