"""Small servers that misbehave, for tests of one connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import anyio
import hiredis
import pytest
from anyio.abc import ByteStream, SocketAttribute

from actrio._concurrency import current_host
from actrio._redis import Address, Link, Redis, _link
from actrio._redis._link import ungrouped

HELLO = (
    b"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n6.2.9\r\n"
    b"$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"
    b"$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
)


class Caller:
    """One client of a fake server."""

    def __init__(self, stream: ByteStream, commands: list[tuple[str, ...]]) -> None:
        self._stream = stream
        self._parser = hiredis.Reader()
        self._commands = commands

    async def say(self, data: bytes) -> None:
        await self._stream.send(data)

    async def hear(self) -> tuple[str, ...]:
        """Return the next command; raises EndOfStream when the client hangs up."""
        while (found := self._parser.gets()) is False:
            self._parser.feed(await self._stream.receive())
        command = tuple(word.decode() for word in found)
        self._commands.append(command)
        return command

    async def greet(self) -> None:
        """Let the client log in."""
        assert (await self.hear())[0] == "HELLO"
        await self.say(HELLO)

    async def close(self) -> None:
        await self._stream.aclose()


class Fake:
    """A fake server, whose clients are each served by a call of ``serve``."""

    def __init__(self, serve: Callable[[Caller], Awaitable[object]]) -> None:
        self.serve = serve
        self.address = Address()
        self.callers = 0
        self.commands: list[tuple[str, ...]] = []

    async def _handle(self, stream: ByteStream) -> None:
        self.callers += 1
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                await self.serve(Caller(stream, self.commands))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Fake]:
        """Serve for the length of a block, which fails if it hangs."""
        with ungrouped(), anyio.fail_after(10):
            async with (
                await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
                anyio.create_task_group() as tasks,
            ):
                port = listener.extra(SocketAttribute.local_port)
                self.address = Address(host="127.0.0.1", port=port, password="S3cret")
                tasks.start_soon(listener.serve, self._handle)
                yield self
                tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def link(
        self, *, push: Callable[[Any], object] = print, seconds: float = 5
    ) -> AsyncIterator[Link]:
        """Serve, and connect once."""
        async with self.open(), connected(self.address, push, seconds) as link:
            yield link

    @asynccontextmanager
    async def redis(self, **options: Any) -> AsyncIterator[Redis]:
        """Serve, and keep a connection."""
        async with self.open(), Redis.open(self.address, **options) as redis:
            yield redis


def connected(
    address: Address, push: Callable[[Any], object] = print, seconds: float = 5
) -> AbstractAsyncContextManager[Link]:
    """Connect once."""
    return Link.open(address, current_host(), push, seconds)


async def forever(caller: Caller) -> None:
    """Hear whatever comes, and say nothing."""
    while True:
        await caller.hear()


async def echo(caller: Caller) -> None:
    """Answer each command with its last word."""
    await caller.greet()
    while True:
        word = (await caller.hear())[-1]
        await caller.say(f"+{word}\r\n".encode())


class Refusal:
    """A server that does not carry out the next command in which a word stands.

    Commands that are written together with it are carried out: on their way it has
    become able to.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
        self.word = b""
        """In which command; none if it is empty."""
        self.count = 0
        self._reply = f"return redis.error_reply('{error}')"
        self._written = _link._written
        monkeypatch.setattr(_link, "_written", self._write)

    def _write(self, command: Any) -> bytes:
        data = self._written(command)
        if not self.word or self.word not in data:
            return data
        self.word = b""
        self.count += 1
        return _link._packed(("EVAL", self._reply, 0))
