"""The settings of a client of redis-py, which is not needed for that."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any, Final

import attrs

from ._address import Node

_MODES: Final[dict[Any, ssl.VerifyMode]] = {
    None: ssl.CERT_NONE,
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


@attrs.frozen(kw_only=True)
class Settings:
    """What is taken from a client; None where it says nothing."""

    nodes: tuple[Node, ...]
    database: int | None
    username: str | None
    password: str | None = attrs.field(repr=False)
    tls: ssl.SSLContext | None
    """None for a connection without TLS."""


def settings_of(client: object) -> Settings | None:
    """Return the settings of a client, sync or async, of a cluster too; None if it is none.

    Raises:
        ValueError: If it is connected in a way that is not supported: through a Unix
            socket or sentinels, or with credentials that are made for each connection.
        OSError: If a file of certificates cannot be read.
    """
    pool: Any = getattr(client, "connection_pool", None)
    nodes: Any = getattr(client, "nodes_manager", None)
    found: Any = getattr(pool, "connection_kwargs", None)
    if nodes is not None:
        found = getattr(client, "connection_kwargs", None) or nodes.connection_kwargs
    if not isinstance(found, dict):
        return None
    given: dict[str, Any] = {**found}
    fault = _unsupported(pool, given)
    if fault is not None:
        message = f"the {type(client).__name__} object {fault}"
        raise ValueError(message)
    is_tls = given.get("ssl") or _is_tls(given.get("connection_class"))
    if nodes is None:
        where = _node(given.get("host"), given.get("port"))
        settings_nodes: tuple[Node, ...] = (where,)
        is_tls = _is_tls(pool.connection_class)
    else:
        startup: Iterable[Any] = nodes.startup_nodes.values()
        settings_nodes = tuple(_node(one.host, one.port) for one in startup)
    return Settings(
        nodes=settings_nodes,
        database=_number(given.get("db")),
        username=given.get("username"),
        password=given.get("password"),
        tls=_context(given) if is_tls else None,
    )


def _node(host: Any, port: Any) -> Node:
    return str(host or "localhost"), int(port or 6379)


def _unsupported(pool: Any, given: dict[str, Any]) -> str | None:
    remedy = (
        "; give a URL, or a client that is connected over TCP with user and password"
    )
    if given.get("path"):
        fault = (
            f"is connected to the Unix socket {given['path']!r}, which is not supported"
        )
        return fault + remedy
    if hasattr(pool, "sentinel_manager"):
        return (
            "asks sentinels where the server is; give what they are asked as a URL: "
            "redis+sentinel://user:password@host:port,host:port/service/database"
        )
    if given.get("credential_provider") is not None:
        return f"has a credential provider, which is not supported{remedy}"
    return None


def _is_tls(connection_class: Any) -> bool:
    return "SSL" in str(getattr(connection_class, "__name__", ""))


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _context(given: dict[str, Any]) -> ssl.SSLContext:
    """Make of its settings what redis-py makes of them."""
    context = ssl.create_default_context()
    asked: Any = given.get("ssl_cert_reqs", "required")
    mode: Any = _MODES.get(asked, asked)
    context.check_hostname = (
        given.get("ssl_check_hostname", True) and mode != ssl.CERT_NONE
    )
    context.verify_mode = mode
    if given.get("ssl_certfile") or given.get("ssl_keyfile"):
        context.load_cert_chain(
            given.get("ssl_certfile") or "",
            given.get("ssl_keyfile"),
            given.get("ssl_password"),
        )
    own = [given.get(f"ssl_ca_{what}") for what in ("certs", "path", "data")]
    if any(own):
        context.load_verify_locations(*own)
    if given.get("ssl_min_version") is not None:
        context.minimum_version = given["ssl_min_version"]
    if given.get("ssl_ciphers"):
        context.set_ciphers(given["ssl_ciphers"])
    return context
