"""What a URL says of where a server is."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import attrs

from ._address import Node

FORM: Final = (
    "redis://user:password@host:port/database, or rediss:// for TLS, with a comma between "
    "several hosts of one cluster; or redis+sentinel://user:password@host:port/service/database"
)
_PORTS: Final = {"redis": 6379, "redis+sentinel": 26379}
_SCHEMES: Final = frozenset([*_PORTS, "rediss", "rediss+sentinel"])
_NO_PORT: Final = "its port is no number from 1 to 65535, or its host is malformed"
_OF_TLS: Final = "ssl_ca_certs"
_OF_SENTINELS: Final = frozenset(["sentinel_username", "sentinel_password"])


@attrs.frozen(kw_only=True)
class Parts:
    """What a URL says."""

    is_tls: bool
    nodes: tuple[Node, ...]
    service: str | None
    """What the sentinels at the nodes know the server as; None if these are servers."""
    database: int
    username: str | None
    password: str | None = attrs.field(repr=False)
    options: dict[str, str] = attrs.field(repr=False)


def read(url: str) -> Parts:
    """Take a URL apart.

    Raises:
        ValueError: If it is none of a Redis server. Nothing that may be a password is in
            the message.
    """
    found = _read(url)
    if isinstance(found, str):
        message = (
            f"{_shown(url)!r} is no address of a Redis server: {found}; write {FORM}"
        )
        raise ValueError(message)
    return found


def _read(url: str) -> Parts | str:
    """Take a URL apart, or say what is wrong with it, in words that are no part of it.

    A password in which ``/``, ``?`` or ``#`` is not encoded is read as something else,
    so no part can be shown safely, nor what Python says about it.
    """
    scheme, is_there, _ = url.partition("://")
    if not is_there or scheme not in _SCHEMES:
        return (
            "it does not begin with redis:// or rediss://, nor with redis+sentinel:// "
            "or rediss+sentinel://"
        )
    is_tls, is_asked = scheme.startswith("rediss"), scheme.endswith("+sentinel")
    nodes = _nodes(url, _PORTS["redis+sentinel" if is_asked else "redis"])
    if isinstance(nodes, str):
        return nodes
    try:
        parts = urlsplit(_with_one_host(url))
    except ValueError:
        return _NO_PORT
    service, _, database = parts.path.strip("/").rpartition("/")
    if is_asked and not service:
        service, database = database, ""
    if is_asked and not service:
        return "it names no service that the sentinels know"
    if "/" in service or (service and not is_asked) or not _is_number(database):
        return "its database is not a number"
    options = _options(parts, is_asked, is_tls)
    if isinstance(options, str):
        return options
    return Parts(
        is_tls=is_tls,
        nodes=nodes,
        service=unquote(service) if is_asked else None,
        database=int(database or 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        options=options,
    )


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal())


def _divided(url: str) -> tuple[str, str, str]:
    """Return what stands before the hosts, they, and what stands behind."""
    start = url.index("://") + 3
    ends = [at for at in (url.find(mark, start) for mark in "/?#") if at >= 0]
    end = min(ends, default=len(url))
    user, at, hosts = url[start:end].rpartition("@")
    return url[:start] + user + at, hosts, url[end:]


def _with_one_host(url: str) -> str:
    before, _, after = _divided(url)
    return f"{before}h{after}"


def _nodes(url: str, default_port: int) -> tuple[Node, ...] | str:
    """Return where the servers are, or what is wrong with that."""
    _, hosts, _ = _divided(url)
    found: dict[Node, None] = {}
    for one in hosts.split(","):
        if not one and "," in hosts:
            return "a host is missing beside one of its commas"
        try:
            parts = urlsplit(f"//{one}")
            port = default_port if parts.port is None else parts.port
        except ValueError:
            return _NO_PORT
        if not port:
            return _NO_PORT
        found[parts.hostname or "localhost", port] = None
    return tuple(found)


def _options(parts: SplitResult, is_asked: bool, is_tls: bool) -> dict[str, str] | str:
    """Return what stands behind the ``?``, or what is wrong with that."""
    try:
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        return "what follows its ? is not of the form option=value"
    allowed = {_OF_TLS, *(_OF_SENTINELS if is_asked else ())}
    if parts.fragment or options.keys() - allowed:
        if is_asked:
            names = ", ".join(sorted(allowed))
            return f"the only options that may follow its ? are {names}"
        return f"the only option that may follow its ? is {_OF_TLS}"
    if _OF_TLS in options and not is_tls:
        return f"{_OF_TLS} is given, which needs rediss:// or rediss+sentinel://"
    return {name: values[-1] for name, values in options.items()}


def _shown(url: str) -> str:
    """Return a URL without anything that may be a password, wherever that was put."""
    scheme, is_there, rest = url.partition("://")
    if not is_there or not (scheme.isalpha() or scheme in _SCHEMES):
        return "…"
    hosts = rest.partition("/")[0].split(",")
    ports = [port for _, colon, port in (one.rpartition(":") for one in hosts) if colon]
    is_harmless = not set(rest) & set("@?#") and all(map(str.isdecimal, ports))
    return url if is_harmless else f"{scheme}://…"
