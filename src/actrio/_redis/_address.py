"""Where one server is, and as whom to log in."""

from __future__ import annotations

import ssl

import attrs

Node = tuple[str, int]
"""Host and port of one server."""


@attrs.frozen(kw_only=True)
class Address:
    """Where one server is, and as whom to log in. The password is shown nowhere."""

    host: str = "localhost"
    port: int = 6379
    database: int = 0
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    """What certificates to accept; None for a connection without TLS."""

    def __str__(self) -> str:
        """Return the address as people write it, without the password."""
        scheme = "redis" if self.tls is None else "rediss"
        user = f"{self.username}@" if self.username else ""
        return f"{scheme}://{user}{written(self.node)}/{self.database}"

    @property
    def node(self) -> Node:
        """Host and port."""
        return self.host, self.port

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password; None for whoever comes without."""
        if self.username is None and self.password is None:
            return None
        return self.username or "default", self.password or ""


def written(node: Node) -> str:
    """Return host and port as they stand in a URL."""
    host, port = node
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
