"""Where the server may be found, and as whom to log in."""

from __future__ import annotations

import ssl

import attrs

from ._address import Address, Node, written
from ._redis_py import settings_of
from ._url import FORM, read


@attrs.frozen(kw_only=True)
class Servers:
    """Where the server may be found, and as whom to log in. No password is shown.

    That is at one address; or at any of several, where one leads to the others, as the
    nodes of a cluster do; or where sentinels say, by the name of a service.
    """

    nodes: tuple[Node, ...] = (("localhost", 6379),)
    """Where to look; with a service, where the sentinels are."""
    service: str | None = None
    database: int = 0
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = attrs.field(default=None, repr=False)
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    """What certificates to accept; None for connections without TLS."""

    def __str__(self) -> str:
        """Return it as people write it, without the passwords."""
        scheme = "redis" if self.tls is None else "rediss"
        user = f"{self.username}@" if self.username else ""
        nodes = ",".join(map(written, self.nodes))
        if self.service is None:
            return f"{scheme}://{user}{nodes}/{self.database}"
        return f"{scheme}+sentinel://{user}{nodes}/{self.service}/{self.database}"

    def at(self, node: Node) -> Address:
        """Return the address of a server at a node."""
        host, port = node
        return Address(
            host=host,
            port=port,
            database=self.database,
            username=self.username,
            password=self.password,
            tls=self.tls,
        )

    def sentinel_at(self, node: Node) -> Address:
        """Return the address of a sentinel at a node."""
        host, port = node
        return Address(
            host=host,
            port=port,
            username=self.sentinel_username,
            password=self.sentinel_password,
            tls=self.tls,
        )

    @property
    def are_several(self) -> bool:
        """Whether there is more than one place where the server may be."""
        return self.service is not None or len(self.nodes) > 1

    @classmethod
    def of(cls, where: object, tls: ssl.SSLContext | None = None) -> Servers:
        """Read a URL, or the settings of a client of redis-py.

        What may stand behind the ``?`` of a URL is ``ssl_ca_certs``, the name of a file
        with the certificates to accept; for sentinels also ``sentinel_username`` and
        ``sentinel_password``, for whoever has to log in there.

        Args:
            where: A URL, an `Address`, such an object, or a client object of redis-py, of
                which only the settings are taken.
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
            where = cls(
                nodes=(where.node,),
                database=where.database,
                username=where.username,
                password=where.password,
                tls=where.tls,
            )
        if isinstance(where, Servers):
            servers = where if tls is None else attrs.evolve(where, tls=tls)
            return _checked(servers, where.tls is not None, tls)
        settings = settings_of(where)
        if settings is None:
            message = (
                f"{type(where).__name__} object: a Redis server is given as a URL, "
                f"{FORM}; or as a client of redis-py"
            )
            raise TypeError(message)
        servers = cls(
            nodes=settings.nodes,
            database=settings.database or 0,
            username=settings.username,
            password=settings.password,
            tls=settings.tls if tls is None else tls,
        )
        return _checked(servers, settings.tls is not None, tls)


def _checked(servers: Servers, is_tls: bool, tls: ssl.SSLContext | None) -> Servers:
    if tls is not None and not is_tls:
        nodes = ",".join(map(written, servers.nodes))
        message = (
            f"certificates are given for {nodes}, which is connected to without TLS; "
            "leave out tls, or write rediss://"
        )
        raise ValueError(message)
    return servers


def _from_url(url: str, tls: ssl.SSLContext | None) -> Servers:
    parts = read(url)
    if parts.is_tls and tls is None:
        tls = ssl.create_default_context(cafile=parts.options.get("ssl_ca_certs"))
    servers = Servers(
        nodes=parts.nodes,
        service=parts.service,
        database=parts.database,
        username=parts.username,
        password=parts.password,
        sentinel_username=parts.options.get("sentinel_username"),
        sentinel_password=parts.options.get("sentinel_password"),
        tls=tls,
    )
    return _checked(servers, parts.is_tls, tls)
