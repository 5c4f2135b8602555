"""A bus on Redis."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from math import isinf
from types import TracebackType
from typing import Any, Final, cast

from .._concurrency import AsyncContextManagerMixin
from .._redis import Argument, Link, Redis, Script, Servers, hash_tag
from ..exceptions import (
    MailboxBusClosed,
    MailboxExists,
    MailboxKeyInTheWay,
    MailboxLost,
    MailboxMessageUnreadable,
    MailboxUnknown,
    MailboxVersionUnknown,
    RedisClosed,
    RedisError,
    RedisLinkLost,
    RedisReplyError,
)
from ._bus import (
    DEFAULT_BYTES,
    DEFAULT_CAPACITY,
    REQUEST,
    AgentMailbox,
    MessageBus,
    as_request,
    at_least_one,
    check_is_only,
)
from ._guests import Asker, exists, not_registered, parked, turn_away, unregistered
from ._message import EVERYBODY, LANES, AgentMessage, check_name
from ._order import order
from ._outbox import Outbox, Sending
from ._owned import Bus, Owned
from ._scripts import (
    ALL,
    COUNT,
    LOOK,
    OPEN,
    REGISTER,
    UNREGISTER,
    VERSION,
)
from ._wire import read, write

_SECONDS_TO_LEAVE: Final = 1.0
_NO_LIMIT: Final = "1e300"


class RedisMessageBus(MessageBus, AsyncContextManagerMixin):
    """Mailboxes in a Redis server, for any number of processes.

    ::

        async with RedisMessageBus("redis://localhost") as bus:
            mailbox = await bus.register("researcher")

    What was sent is in the server, and stays there when processes end. A mailbox belongs
    to the bus that registered it, or took it over last; only that one reads it. A message
    is pending from when it is received until the next one is, or its ``next()`` block
    ends; whoever takes the mailbox over gets again what is pending.

    While the server is away, calls wait inside their callers' scopes, and then go on. A
    sending that was under way is neither lost nor done twice, as long as the server keeps
    what it was told (see its persistence).

    Args:
        where: ``redis://user:password@host:port/database``, with commas between several hosts
            of a cluster; ``redis+sentinel://host:port/service/database`` for what sentinels
            know; ``rediss://…`` and ``rediss+sentinel://…`` for TLS; or a client of
            redis-py, of which only the connection settings are taken.
        prefix: What all keys begin with, in braces. Buses with different ones on one
            server do not meet. A str of 1 to 100 characters without braces.
        capacity: How many messages may wait in a mailbox, at least 1, if it is
            registered without a number of its own.
        max_message_bytes: How many bytes content and metadata of a message may take as
            JSON.
        tls: What certificates to accept, in place of the system's.

    Raises:
        ValueError: If one of them is no such value.
        TypeError: If ``where`` is neither a URL nor a client.
    """

    def __init__(
        self,
        where: object,
        *,
        prefix: str = "actrio",
        capacity: float = DEFAULT_CAPACITY,
        max_message_bytes: int = DEFAULT_BYTES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self._servers = Servers.of(where, tls)
        self._prefix = hash_tag(prefix)
        self._capacity = at_least_one("capacity", capacity)
        self._limit = int(at_least_one("max_message_bytes", max_message_bytes))
        self._connection: Redis | None = None
        self._client = ""
        self._owned: dict[str, Owned] = {}
        self._by_number: dict[int, Owned] = {}
        self._explained = _Explained(self, self._prefix, self._servers)

    def __repr__(self) -> str:
        return f"<RedisMessageBus {self._prefix} at {self._servers}>"

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[RedisMessageBus]:
        """Connect for the length of a block.

        Raises:
            RedisUnreachable: If there is no server, or no TLS connection to it.
            RedisRefused: If the server does not accept user and password, or does not
                permit what a bus needs.
            RedisTooOld: If the server is older than Redis 6.2.
            MailboxVersionUnknown: If there is a bus of another version of actrio.
            MailboxKeyInTheWay: If there is something else under the prefix.
            RuntimeError: If it is open already.
        """
        self._client = secrets.token_hex(8)
        channels = {f"{self._prefix}:c:{self._client}": self._told}
        async with Redis.open(
            self._servers,
            scripts=ALL,
            channels=channels,
            on_up=self._resume,
            key=self._prefix,
        ) as redis:
            self._connection = redis
            self._outbox = Outbox(redis, self._prefix, self._client)
            try:
                yield self
            finally:
                await self._leave(redis)

    async def _leave(self, redis: Redis) -> None:
        """Turn away those who wait, and tell the server what it was not told."""
        self._connection = None
        error = MailboxBusClosed(_closed(self))
        for owned in list(self._owned.values()):
            owned.turn_away(error)
            owned.tell()
        turn_away(redis.host, self._outbox.open.values(), error)
        key = f"{self._prefix}:c:{self._client}"
        until = redis.host.current_time() + _SECONDS_TO_LEAVE
        with redis.host.cancel_scope(deadline=until, shield=True):
            with suppress(RedisError):  # if not, they are gone in a day
                if redis.link is not None:
                    await redis.link.call("DEL", key, f"{key}:u")
        self._owned.clear()
        self._by_number.clear()

    # -- the connection ---------------------------------------------------------

    async def _resume(self, link: Link) -> None:
        """Go on where the last connection ended."""
        with self._explained:
            reply = await link.run(OPEN, self._prefix, self._client, VERSION)
        if reply[0] == b"T":
            raise self._explained.in_the_way(reply[1].decode())
        if reply[0] == b"V":
            message = (
                f"the bus {self._prefix} at {self._servers} is of version "
                f"{reply[1].decode()}, and this actrio knows version {VERSION}; "
                "upgrade it, or choose another prefix"
            )
            raise MailboxVersionUnknown(message)
        if self._connection is None:
            return
        await self._outbox.resume(link, int(reply[1]))
        for owned in list(self._owned.values()):
            await owned.resume(link)
        while any(not owned.has_told_all for owned in self._owned.values()):
            for owned in list(self._owned.values()):
                await owned.resume(link)

    def _told(self, text: bytes) -> None:
        """Be told by the server what has happened; see ``_scripts``."""
        kind, first, second, *rest = text.split(b" ", 3)
        if kind == b"r":
            self._outbox.admitted(int(first), int(second))
        elif kind == b"u":
            self._outbox.refused(int(first), int(second))
        else:
            owned = self._by_number.get(int(first))
            if owned is not None and owned.epoch == int(second):
                _tell(owned, kind, rest)

    # -- registering ------------------------------------------------------------

    async def register(
        self, name: str, *, capacity: float | None = None, takeover: bool = False
    ) -> AgentMailbox:
        check_name(name)
        number = self._capacity if capacity is None else capacity
        at_least_one("capacity", number)
        redis = self._tell_all()
        words = (name, self._client, _NO_LIMIT if isinf(number) else number)
        options = (int(capacity is not None), int(takeover))
        attempt = secrets.token_hex(8)
        reply, _ = await self._try(redis, REGISTER, *words, *options, attempt)
        if reply[0] == b"E":
            raise MailboxExists(exists(name), name)
        if reply[0] == b"T":
            raise self._explained.in_the_way(reply[1].decode())
        mailbox = AgentMailbox(name, self)
        if name in self._owned:  # taken over from ourselves
            self._owned[name].lose(is_gone=False)
        bus = Bus(redis, self._prefix, self._lost)
        owned = Owned(mailbox, int(reply[1]), int(reply[2]), bus)
        self._owned[name] = self._by_number[owned.number] = owned
        for _ in range(reply[3]):
            mailbox.count_late_reply()
        return mailbox

    async def unregister(self, name: str) -> None:
        with self._explained:  # the number first: somebody may register it again
            names = f"{self._prefix}:names"
            number = await self._tell_all().execute("HGET", names, name, twice=True)
        words = (name, number or b"")
        reply, is_first = await self._try(self._tell_all(), UNREGISTER, *words)
        if reply[0] == b"U" and is_first:
            raise MailboxUnknown(not_registered(name), name)

    async def _try(
        self, redis: Redis, script: Script, *words: Argument
    ) -> tuple[Sequence[Any], bool]:
        """Run a script that knows whether it was tried before; say if it was not."""
        is_first = True
        while True:
            try:
                with self._explained:
                    link = await redis.up()
                    reply = await link.run(
                        script, self._prefix, *words, int(not is_first)
                    )
            except RedisLinkLost as exc:
                is_first = is_first and not exc.was_sent
            else:
                return reply, is_first

    def _lost(self, owned: Owned) -> None:
        if self._owned.get(owned.name) is owned:
            del self._owned[owned.name]
            self._received.pop(owned.name, None)
        if self._by_number.get(owned.number) is owned:
            del self._by_number[owned.number]

    async def agents(self) -> tuple[str, ...]:
        key = f"{self._prefix}:names"
        with self._explained:
            found = await self._open().execute("HGETALL", key, twice=True)
        return tuple(
            name.decode() for name in sorted(found, key=lambda n: int(found[n]))
        )

    # -- sending ----------------------------------------------------------------

    async def deliver(self, message: AgentMessage) -> None:
        if message.recipient == EVERYBODY:
            await self.broadcast(message)
            return
        if not await self._send(message, message.recipient):
            why = unregistered(message.recipient)
            raise MailboxUnknown(why, message.recipient)

    async def broadcast(self, message: AgentMessage) -> tuple[str, ...]:
        return await self._send(message, None)

    async def _send(
        self, message: AgentMessage, recipient: str | None
    ) -> tuple[str, ...]:
        payload = write(message, self._limit)
        answered = message.correlation_id
        self._open()
        sending = Sending(
            self._outbox,
            sender=message.sender,
            recipient=recipient,
            lane=LANES.index(message.priority),
            payload=payload,
            answers=answered is not None and answered.startswith(REQUEST),
        )
        with self._explained:
            return await sending.deliver()

    async def request(self, message: AgentMessage) -> AgentMessage:
        message = as_request(message)
        redis = self._open()
        owned = await self._own(message.sender, "sender")
        check_is_only(message, owned.askers)
        asker = owned.askers[message.id] = Asker()
        try:
            await self.deliver(message)
            if asker.answer is None and asker.error is None:
                await parked(redis.host, asker)
        finally:
            owned.askers.pop(message.id, None)
        if asker.error is not None:  # since before it could wait
            raise asker.error
        assert asker.answer is not None, "it was woken with an answer or an error"
        return asker.answer

    # -- receiving --------------------------------------------------------------

    async def take(
        self, name: str, *, after: AgentMessage | None = None, wait: bool = True
    ) -> AgentMessage | None:
        host = self._open().host
        await self._begin(host)
        owned = await self._own(name)
        return await owned.take(host, after, wait=wait)

    async def confirm(self, name: str, message: AgentMessage) -> None:
        await self._begin(self._open().host)
        if name in self._owned:
            self._owned[name].confirm(message)

    async def give_back(self, name: str, message: AgentMessage) -> None:
        await self._begin(self._open().host)
        if name in self._owned:
            self._owned[name].give_back(message)

    async def peek(self, name: str) -> list[AgentMessage]:
        reply = await self._ask(LOOK, name)
        passed, lanes = [int(one) for one in reply[1:5]], reply[5:9]
        waiting = [len(lane) // 2 for lane in lanes]
        entries = [iter(lane) for lane in lanes]
        found: list[AgentMessage] = []
        for number in order(waiting, passed):
            again, payload = next(entries[number]), next(entries[number])
            with suppress(MailboxMessageUnreadable):  # whoever receives it hears of it
                found.append(read(payload, name, redelivered=again == b"1"))
        return found

    async def message_count(self, name: str) -> int:
        return int((await self._ask(COUNT, name))[1])

    def _tell_all(self) -> Redis:
        """Tell what the server was not told, before it is asked."""
        redis = self._open()
        for owned in self._owned.values():
            owned.tell()
        return redis

    async def _ask(self, script: Script, name: str) -> Sequence[Any]:
        with self._explained:
            reply = await self._tell_all().run(script, self._prefix, name, twice=True)
        if reply[0] == b"U":
            raise MailboxUnknown(not_registered(name), name)
        return cast("Sequence[Any]", reply)

    # -- finding ----------------------------------------------------------------

    async def _own(self, name: str, role: str = "mailbox") -> Owned:
        """Return a mailbox that belongs to this bus."""
        if name in self._owned:
            return self._owned[name]
        with self._explained:
            reply = await self._open().run(COUNT, self._prefix, name, twice=True)
        if reply[0] == b"U":
            raise MailboxUnknown(not_registered(name, role), name)
        message = (
            f"{role} {name!r} belongs to another bus, which registered it; only its "
            "owner reads it: await bus.register(name, takeover=True)"
        )
        raise MailboxLost(message, name)

    def _open(self) -> Redis:
        if self._connection is None:
            raise MailboxBusClosed(_closed(self))
        return self._connection


class _Explained:
    """Says what errors of the server or the connection mean for a bus.

    Not made by ``contextmanager``, which costs each message more than all of this.
    """

    def __init__(self, bus: RedisMessageBus, prefix: str, servers: Servers) -> None:
        self._bus = bus
        self._prefix = prefix
        self._servers = servers

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc, RedisClosed):
            raise MailboxBusClosed(_closed(self._bus)) from None
        if isinstance(exc, RedisReplyError) and "WRONGTYPE" in str(exc):
            raise self.in_the_way(self._prefix) from exc

    def in_the_way(self, key: str) -> MailboxKeyInTheWay:
        """Return the error for a key that is something else."""
        return MailboxKeyInTheWay(
            f"the key {key!r} at {self._servers} holds something that is not of this "
            "bus; delete it, or choose another prefix"
        )


def _tell(owned: Owned, kind: bytes, rest: list[bytes]) -> None:
    match kind:
        case b"p":
            owned.show(*rest[0].split(b" ", 3))
        case b"s":
            owned.forget()
        case b"a":
            owned.hear(*rest[0].split(b" ", 1))
        case _:
            owned.lose(is_gone=kind == b"g")


def _closed(bus: RedisMessageBus) -> str:
    return f"{bus!r} is not open; write: async with bus:"
