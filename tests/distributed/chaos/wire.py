"""A wire between a runtime and its server, which a test holds and cuts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from actrio._redis import Script
from actrio.testing import RedisServer

LOST = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Wire:
    """Passes on what a runtime and its server say to each other.

    What the server says can be held, and arrives in one piece then: as it does where
    the runtime's process was busy with something else meanwhile.
    """

    def __init__(self, server: RedisServer) -> None:
        self.holds_at: bytes | None = None
        """From the reply to this command on all is held; see `hold_at`."""
        self.loses: bytes | None = None
        """The connection is lost with this command; see `lose`."""
        self.lost = 0
        """How many connections were lost so."""
        self._server = server
        self._port = 0
        self._is_dead = False
        self._held: list[bytes] | None = None
        self._writing = anyio.Lock()
        """What was held and what comes behind it are written one after the other."""
        self._ends: list[tuple[ByteStream, ByteStream]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, server: RedisServer) -> AsyncGenerator[Wire]:
        """Lay a wire for the length of a block."""
        wire = cls(server)
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        wire._port = listener.extra(SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, wire._connect)
            try:
                yield wire
            finally:
                tasks.cancel_scope.cancel()

    @property
    def url(self) -> str:
        """Where the runtime finds the server."""
        return f"redis://127.0.0.1:{self._port}/0"

    def hold_at(self, script: Script) -> None:
        """Hold all that the server says, from when a script is called."""
        self.holds_at = script.sha

    def lose(self, script: Script) -> None:
        """Lose the connection in place of a call of a script, once."""
        self.loses = script.sha

    async def cut(self) -> None:
        """Lose the connection now."""
        self._held = None
        ends, self._ends = self._ends, []
        for pair in ends:
            for end in pair:
                await anyio.aclose_forcefully(end)

    async def cut_for_good(self) -> None:
        """Lose the connection now, and let nobody connect any more."""
        self._is_dead = True
        await self.cut()

    async def wait_held(self) -> None:
        """Wait until something is held."""
        while not self._held:  # noqa: ASYNC110 - nothing tells when
            await anyio.sleep(0.001)

    async def release(self) -> None:
        """Let all come that was held, in one piece."""
        async with self._writing:
            held, self._held = self._held, None
            await self._ends[-1][0].send(b"".join(held or ()))

    async def _connect(self, near: SocketStream) -> None:
        if self._is_dead:
            await anyio.aclose_forcefully(near)
            return
        async with near, await anyio.connect_tcp("127.0.0.1", self._server.port) as far:
            self._ends.append((near, far))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._up, near, far)
                tasks.start_soon(self._down, near, far)

    async def _up(self, near: ByteStream, far: ByteStream) -> None:
        try:
            while True:
                data = await near.receive()
                if self.loses is not None and self.loses in data:
                    self.loses = None
                    self.lost += 1
                    break
                if self.holds_at is not None and self.holds_at in data:
                    self.holds_at, self._held = None, []
                await far.send(data)
        except LOST:
            pass
        await anyio.aclose_forcefully(near)
        await anyio.aclose_forcefully(far)

    async def _down(self, near: ByteStream, far: ByteStream) -> None:
        try:
            while True:
                data = await far.receive()
                if self._held is not None:
                    self._held.append(data)
                else:
                    async with self._writing:
                        await near.send(data)
        except LOST:
            pass
        await anyio.aclose_forcefully(near)
        await anyio.aclose_forcefully(far)
