"""TLS, which a proxy in front of the server ends, as is usual for Redis."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import redis
import trustme
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.streams.tls import TLSAttribute, TLSStream

from actrio._redis import Redis
from actrio._redis._link import ungrouped
from actrio.exceptions import RedisLinkLost, RedisUnreachable
from actrio.mailboxes import RedisMessageBus
from actrio.testing import RedisServer

pytestmark = pytest.mark.anyio
authority = trustme.CA()


def trusting(ca: trustme.CA) -> ssl.SSLContext:
    """Return what accepts certificates of one authority."""
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


class Proxy:
    """Ends TLS in front of a server."""

    def __init__(self, server: RedisServer, name: str = "127.0.0.1") -> None:
        self.url = ""
        self.port = 0
        self.cut_after: int | None = None
        """How many bytes of what the server says pass before both sides are cut."""
        self.versions = list[str]()
        self._server = server
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self._context)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Proxy]:
        """Run it for the length of a block, which fails if it hangs."""
        with ungrouped(), anyio.fail_after(20):
            async with (
                await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
                anyio.create_task_group() as tasks,
            ):
                self.port = listener.extra(SocketAttribute.local_port)
                self.url = f"rediss://127.0.0.1:{self.port}/0"
                tasks.start_soon(listener.serve, self._handle)
                yield self
                tasks.cancel_scope.cancel()

    async def _handle(self, raw: SocketStream) -> None:
        async with raw:
            try:
                outside = await TLSStream.wrap(
                    raw, ssl_context=self._context, standard_compatible=False
                )
            except (ssl.SSLError, anyio.EndOfStream, anyio.BrokenResourceError):
                return  # the other side does not like our certificate
            self.versions.append(outside.extra(TLSAttribute.tls_version))
            async with (
                await anyio.connect_tcp("127.0.0.1", self._server.port) as inside,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(self._copy, outside, inside, False)
                await self._copy(inside, outside, True)
                tasks.cancel_scope.cancel()
            await anyio.aclose_forcefully(raw)

    async def _copy(self, source: ByteStream, sink: ByteStream, cuts: bool) -> None:
        try:
            while True:
                data = await source.receive()
                if cuts and self.cut_after is not None:
                    await sink.send(data[: self.cut_after])
                    return
                await sink.send(data)
        except (
            anyio.EndOfStream,
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
        ):
            return


async def test_the_right_name(server: RedisServer) -> None:
    """A bus works, and what it says is encrypted."""
    async with Proxy(server).open() as proxy:
        bus = RedisMessageBus(proxy.url, prefix="tls", tls=trusting(authority))
        assert proxy.url in repr(bus)
        async with bus:
            a, b = await bus.register("a"), await bus.register("b")
            await a.send("b", "x" * 100_000)
            message = await b.receive()
            assert message is not None
            assert message.content == "x" * 100_000
            for name in "ab":
                await bus.unregister(name)
        assert proxy.versions == ["TLSv1.3"]


async def test_many_commands(server: RedisServer) -> None:
    """They are pipelined over TLS as well."""
    async with Proxy(server).open() as proxy:
        async with Redis.open(proxy.url, tls=trusting(authority)) as redis:

            async def talk(name: int) -> None:
                for n in range(10):
                    word = f"{name}:{n}"
                    assert await redis.execute("ECHO", word) == word.encode()

            async with anyio.create_task_group() as tasks:
                for name in range(20):
                    tasks.start_soon(talk, name)


@pytest.mark.slow
async def test_certificates_named_in_the_url(
    server: RedisServer, tmp_path: Path
) -> None:
    """``ssl_ca_certs`` says whom to believe; so do the settings of redis-py."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    async with Proxy(server).open() as proxy:
        async with Redis.open(f"{proxy.url}?ssl_ca_certs={path}") as redis_:
            assert await redis_.execute("PING") == b"PONG"
        client = redis.Redis(
            host="127.0.0.1", port=proxy.port, ssl=True, ssl_ca_certs=str(path)
        )
        async with Redis.open(client) as redis_:
            assert await redis_.execute("PING") == b"PONG"
        client = redis.Redis(
            host="127.0.0.1", port=proxy.port, ssl=True, ssl_cert_reqs="none"
        )
        async with Redis.open(client) as redis_:
            assert await redis_.execute("PING") == b"PONG"


async def test_a_wrong_name(server: RedisServer) -> None:
    """It says whose certificate it is not."""
    async with Proxy(server, "elsewhere.example").open() as proxy:
        with pytest.raises(RedisUnreachable) as caught:
            async with Redis.open(proxy.url, tls=trusting(authority)):
                pytest.fail("it is connected")
        assert str(caught.value) == (
            f"no TLS connection to {proxy.url}: IP address mismatch, certificate is "
            "not valid for '127.0.0.1'."
        )


async def test_an_unknown_authority(server: RedisServer) -> None:
    """It says that; with the system's certificates as well."""
    async with Proxy(server).open() as proxy:
        for tls in (trusting(trustme.CA()), None):
            with pytest.raises(RedisUnreachable) as caught:
                async with Redis.open(proxy.url, tls=tls):
                    pytest.fail("it is connected")
            assert f"no TLS connection to {proxy.url}: " in str(caught.value)
            assert "unable to get local issuer certificate" in str(caught.value)


async def test_a_server_without_tls(server: RedisServer) -> None:
    """It is told from one that does not accept us."""
    where = f"rediss://127.0.0.1:{server.port}"
    with pytest.raises(RedisUnreachable) as caught:
        async with Redis.open(where, tls=trusting(authority), seconds=0.1):
            pytest.fail("it is connected")
    assert where in str(caught.value)


@pytest.mark.slow
async def test_tls_where_there_should_be_none(server: RedisServer) -> None:
    """It says that no Redis is there, or that nobody answers."""
    async with Proxy(server).open() as proxy:
        with pytest.raises(RedisUnreachable) as caught:
            async with Redis.open(f"redis://127.0.0.1:{proxy.port}", seconds=1):
                pytest.fail("it is connected")
        assert f"redis://127.0.0.1:{proxy.port}" in str(caught.value)


@pytest.mark.parametrize("length", [0, 7])
async def test_cut_in_the_middle_of_a_reply(server: RedisServer, length: int) -> None:
    """The command is lost, with or without a proper end of TLS; then it goes on."""
    async with Proxy(server).open() as proxy:
        async with Redis.open(proxy.url, tls=trusting(authority)) as redis_:
            proxy.cut_after = length
            with pytest.raises(RedisLinkLost, match="may or may not"):
                await redis_.execute("ECHO", "x" * 100)
            proxy.cut_after = None
            reply = await redis_.execute("ECHO", "x" * 100, twice=True)
            assert reply == b"x" * 100
        assert len(proxy.versions) == 2
