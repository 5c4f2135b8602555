"""A connection that comes back."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import anyio
from anyio.abc import TaskStatus

from .._concurrency import Host, Waiter, current_host
from ..exceptions import (
    RedisClosed,
    RedisError,
    RedisLinkLost,
    RedisRefused,
    RedisReplyError,
    RedisUnreachable,
)
from ._address import Address, written
from ._link import Command, Link, Taker, ungrouped
from ._route import Route, nodes_of
from ._script import Argument, Script
from ._sentinel import Sentinels
from ._servers import Servers
from ._watch import Watch

_SECONDS_TO_CONNECT: Final = 5.0
_logger: Final = logging.getLogger("actrio.redis")


class Redis:
    """One connection for all tasks of a program; lost, it is made again.

    While it is down, commands wait inside their callers' scopes. A command that was under
    way when it was lost raises `RedisLinkLost`, since nobody knows whether it was carried
    out; only those that may be sent twice are.

    The server may be one of several: a node of a cluster, or the primary that sentinels
    know. Then the connection goes where the server is that can carry commands out, also
    when that changes. All keys have to be in one slot of a cluster.

    A server that is silent, because it is frozen or busy, is waited for as well: put a
    scope with a deadline around what must not wait. When the machine is gone, the system
    notices within half a minute.

    Made by `open`, whose arguments these are.
    """

    def __init__(
        self,
        servers: Servers,
        *,
        scripts: Sequence[Script] = (),
        channels: Mapping[str, Callable[[bytes], object]] | None = None,
        on_up: Callable[[Link], Awaitable[object]] | None = None,
        on_lost: Callable[[], object] | None = None,
        key: str | None = None,
        seconds: float = _SECONDS_TO_CONNECT,
    ) -> None:
        self.servers = servers
        self.host: Host = current_host()
        self._scripts = scripts
        self._channels = {
            name.encode(): callback for name, callback in (channels or {}).items()
        }
        self._on_up = on_up
        self._on_lost = on_lost
        self._seconds = seconds
        self._route = Route(servers.nodes)
        self._sentinels = Sentinels(servers)
        self._watch = Watch(servers, self._sentinels, self._route, key, seconds)
        self._link: Link | None = None
        self.trouble: str = ""
        """Why the last connection was lost, or the last try to connect has failed."""
        self._idle: dict[Waiter, None] = {}
        """Those who wait for the connection, in the order in which they came."""
        self._is_over = False
        self._scope = anyio.CancelScope()
        """What the connection lives in, until the end of the block."""
        self._random = Random().random  # noqa: S311 - no secret

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        where: object,
        *,
        tls: ssl.SSLContext | None = None,
        scripts: Sequence[Script] = (),
        channels: Mapping[str, Callable[[bytes], object]] | None = None,
        on_up: Callable[[Link], Awaitable[object]] | None = None,
        on_lost: Callable[[], object] | None = None,
        key: str | None = None,
        seconds: float = _SECONDS_TO_CONNECT,
    ) -> AsyncGenerator[Redis]:
        """Connect for the length of a block.

        A block that is cancelled has the connection until its end, for what it has to
        say in a shield.

        What other tasks still wait for at its end raises `RedisLinkLost` if it was under
        way, and `RedisClosed` if not.

        Args:
            where: What `Servers.of` reads.
            tls: What certificates to accept, in place of the system's.
            scripts: What is loaded into the server after each connecting.
            channels: What is called with each message of a channel. Those that are sent
                while the connection is down are lost; ``on_up`` makes up for them.
            on_up: Called after each connecting, before other commands go through. What
                it raises ends the block; but once the connection was up, a `RedisError`
                only makes it connect again.
            on_lost: Called when the connection was lost, before it is made again.
            key: What is in the same slot of a cluster as all keys that are used. Then it
                is noticed within seconds that it has moved, also by whoever only
                listens, and that a node was replaced which is frozen.
            seconds: How long one try to connect may take, and to log in.

        Raises:
            RedisUnreachable: If there is no server now, or none that carries out what is
                due after connecting; later it is waited for.
            RedisRefused: If a server or a sentinel does not accept user and password.
            RedisTooOld: If the server is older than 6.2.
        """
        redis = cls(
            Servers.of(where, tls),
            scripts=scripts,
            channels=channels,
            on_up=on_up,
            on_lost=on_lost,
            key=key,
            seconds=seconds,
        )
        try:
            with ungrouped():
                async with anyio.create_task_group() as tasks:
                    try:
                        await tasks.start(redis._keep)
                        yield redis
                    finally:
                        redis._scope.cancel()
        finally:
            redis._close()

    @property
    def address(self) -> Address:
        """Where the connection is, or was last."""
        return self.servers.at(self._route.node)

    @property
    def link(self) -> Link | None:
        """The connection, if it is there."""
        link = self._link
        return None if link is None or link.is_lost else link

    async def up(self) -> Link:
        """Return the connection, when it is there.

        Raises:
            RedisClosed: If the block has ended, or ends meanwhile.

        Cancellation: Nothing has changed. It is no checkpoint if the connection is there.
        """
        while (link := self.link) is None:
            if self._is_over:
                message = (
                    f"the connection to {self.servers} is closed, since its block has "
                    "ended; use it inside of that"
                )
                raise RedisClosed(message)
            waiter = Waiter()
            self._idle[waiter] = None
            try:
                await self.host.park(waiter)
                if waiter.cancelled is not None:
                    waiter.cancelled()
            finally:
                self._idle.pop(waiter, None)
        return link

    async def execute(self, *arguments: Argument, twice: bool = False) -> Any:
        """Send a command, and return its reply.

        Args:
            *arguments: The command and its arguments.
            twice: Whether to send it again if the connection is lost before the reply;
                for commands that may be carried out twice.

        Raises:
            RedisReplyError: If the server replies with an error.
            RedisRefused: If the user may not do that.
            RedisLinkLost: If the connection is lost before the reply.
            RedisClosed: If the block has ended.
            TypeError: If an argument is neither bytes nor str, int or float.

        Cancellation: A command that was not written yet is withdrawn. Another may or may
        not be carried out; its reply is read and dropped.
        """
        while True:
            link = await self.up()
            try:
                return await link.call(*arguments)
            except RedisLinkLost as exc:
                if exc.was_sent and not twice:
                    raise

    async def run(
        self, script: Script, key: str, *arguments: Argument, twice: bool = False
    ) -> Any:
        """Run a script; see `execute`.

        Args:
            script: One of those that are loaded.
            key: Its key.
            *arguments: Its arguments.
            twice: Whether it may run twice.
        """
        assert script in self._scripts, "only what is loaded can run"
        return await self.execute(*script.call(key, *arguments), twice=twice)

    def post(self, command: Command, *, taker: Taker) -> bool:
        """Send a command without waiting for it; say whether there is a connection.

        Args:
            command: The command and its arguments, or what makes them.
            taker: Called with the value or the error. It must not raise.
        """
        link = self.link
        if link is None:
            return False
        link.send(command, taker=taker)
        return True

    def connect_again(self, why: Exception) -> None:
        """Give the connection up for a new one, after a reply that makes no sense."""
        if self.link is not None:
            self.link.give_up(str(why))

    # -- the connection ---------------------------------------------------------

    async def _keep(self, *, task_status: TaskStatus[None]) -> None:
        """Keep the connection, and make it again when it was lost."""

        def start() -> None:
            # cancelled, the block may still have something to say in a shield
            self._scope.shield = True
            task_status.started()

        with self._scope:
            await self._connect(start)
            await self._connect_again()

    async def _connect_again(self) -> None:
        has_warned = False
        while True:
            await anyio.sleep(self._route.pause(self._random()))
            try:
                await self._connect(self._say_that_it_is_back)
            except RedisError as exc:
                self._route.failed()
                self.trouble = str(exc)
                if not has_warned:  # the others say the same
                    _logger.warning("Trying to connect again: %s", exc)
                has_warned = True
            else:
                has_warned = False

    async def _connect(self, when_up: Callable[[], object]) -> None:
        """Connect to the first server that will do, and return when that is lost.

        Raises:
            RedisUnreachable: If there is none.
            RedisRefused: If one does not accept user and password, or what is due after
                connecting is not permitted.
            RedisTooOld: If one is older than 6.2.
        """
        route = self._route
        if self.servers.service is None:
            route.begin()
        else:
            route.begin_at(await self._sentinels.primary(self.host, self._seconds))
        failures: list[RedisUnreachable] = []
        while (node := route.next()) is not None:
            try:
                await self._connect_to(self.servers.at(node), when_up)
            except RedisUnreachable as exc:
                failures.append(exc)
            else:
                return
        if len(failures) == 1:
            raise failures[0]
        reasons = "; ".join(dict.fromkeys(map(str, failures)))
        message = f"no Redis server at {self.servers} will do: {reasons}"
        raise RedisUnreachable(message) from failures[-1]

    async def _connect_to(
        self, address: Address, when_up: Callable[[], object]
    ) -> None:
        """Connect to one server, and return when the connection is lost."""
        async with Link.open(address, self.host, self._pushed, self._seconds) as link:
            check_role(link, self.servers)
            try:
                await self._learn(link)
                await self._begin(link)
            except RedisLinkLost as exc:
                if link.leads_to is not None:
                    self._route.leads_to(address.node, link.leads_to)
                raise _no_server(link, exc) from exc
            self._route.is_up(address.node)
            when_up()
            await self._watch.wait_lost(link, self.host)
            if link.leads_to is not None:
                self._route.leads_to(address.node, link.leads_to)
            self._route.lost(self.host.current_time())
            self.trouble = link.why
            if self._on_lost is not None:
                self._on_lost()
            _logger.warning("The connection to %s was lost: %s", address, link.why)

    async def _learn(self, link: Link) -> None:
        """Know the other nodes of a cluster, for when this one is lost."""
        if link.greeting is None or link.greeting.mode != "cluster":
            return
        try:
            slots = await link.call("CLUSTER", "SLOTS")
        except (RedisReplyError, RedisRefused):
            return  # whoever may not ask has those of the URL
        self._route.learn(nodes_of(slots, link.address.node))

    async def _begin(self, link: Link) -> None:
        """Do what is due after connecting, then let commands through."""
        await link.load((*self._scripts, *self._watch.scripts(link)))
        for name in self._channels:
            await link.subscribe(name)
        if self._on_up is not None:
            await self._on_up(link)
        self._link = link
        self._wake()

    def _say_that_it_is_back(self) -> None:
        _logger.warning("The connection to %s is back", self.address)

    def _close(self) -> None:
        self._is_over = True
        self._link = None
        self._wake()

    def _wake(self) -> None:
        idle, self._idle = self._idle, {}
        for waiter in idle:
            self.host.wake(waiter)

    def _pushed(self, found: Sequence[Any]) -> None:
        if found[0] == b"message":
            self._channels[found[1]](found[2])


def check_role(link: Link, servers: Servers) -> None:
    """Raise `RedisUnreachable` if this is not a server to work with."""
    greeting, address = link.greeting, link.address
    assert greeting is not None, "it is logged in"
    if greeting.mode == "sentinel":
        message = (
            f"no Redis server at {address}: it is a sentinel; write "
            f"redis+sentinel://{written(address.node)}/SERVICE"
        )
        raise RedisUnreachable(message)
    is_replica = greeting.role == "replica" and greeting.mode != "cluster"
    if is_replica and servers.are_several:
        message = f"{address} is a replica, and its primary is elsewhere"
        raise RedisUnreachable(message)


def _no_server(link: Link, loss: RedisLinkLost) -> RedisUnreachable:
    if loss.was_sent:
        return RedisUnreachable(f"no Redis server at {link.address}: {loss.why}")
    return RedisUnreachable(f"{link.address} cannot be used now: {loss.why}")
