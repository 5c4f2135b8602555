"""The dead letters of a namespace: messages that no handler took, kept to be looked at."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import Final, Self

import attrs

from .._concurrency import AsyncContextManagerMixin
from .._redis import Link, Redis, Servers
from ..exceptions import (
    NamespaceKeyInTheWay,
    NamespaceUnknown,
    NamespaceVersionUnknown,
    RedisLinkLost,
    RedisReplyError,
)
from ..identity import AgentId, TopicId
from ._options import checked_prefix
from ._scripts import REPLAY, VERSION
from ._wire import Header, Parcel, Written, read

_AT_ONCE: Final = 100
_ID: Final = re.compile(r"\d+-\d+", re.ASCII)


@attrs.frozen
class QueuedDeadLetter:
    """A message that no handler took, as it lies in Redis."""

    id: str
    """Its place in the queue, such as ``"1790000000000-0"``."""
    reason: str
    """Why no handler took it; a value of `DeadLetterReason`, or one of ``"worker lost"``,
    ``"unreadable"``, ``"unknown version"`` and ``"failed when it was replayed"``."""
    at: datetime
    """When it became one, by the server's clock, in UTC."""
    recipient: AgentId
    """Who should have got it."""
    is_request: bool
    """Whether it was sent to that agent, and not published."""
    attempts: int
    """How many workers were lost that had it."""
    sender: AgentId | None
    """Who sent it; None if it came from outside any agent, or cannot be read."""
    topic_id: TopicId | None
    """The topic it was published to; None for a request, or if it cannot be read."""
    message_id: str
    """The id of the message; empty if it cannot be read."""
    type_name: str
    """The name of its class; empty if it cannot be read."""
    data_content_type: str
    """How the payload is written; empty if it cannot be read."""
    payload: bytes = attrs.field(repr=False)
    """The message, or all that came if it cannot be read."""


class Replayed(Enum):
    """What became of a dead letter that was to be sent again."""

    SENT = "sent"
    """It is on its way again, and no dead letter any more."""
    UNKNOWN_TYPE = "no worker hosts its type"
    """It stays where it is, since nobody hosts the type of its recipient."""
    FULL = "the inbox is full"
    """It stays where it is, since the inbox of its recipient is full."""
    GONE = "gone"
    """It is not there, since it was replayed, removed, or trimmed."""


_FATES: Final = {
    b"R": Replayed.SENT,
    b"U": Replayed.UNKNOWN_TYPE,
    b"F": Replayed.FULL,
}


class DeadLetterQueue(AsyncContextManagerMixin):
    """The dead letters of a namespace of `RedisAgentRuntime` s, the oldest first.

    ::

        async with DeadLetterQueue("redis://localhost", namespace="app") as queue:
            for letter in await queue.letters():
                print(letter.id, letter.reason, letter.recipient)

    About the last 10,000 are kept. It can be open in any process, also one without a
    runtime; while the server is away, its calls wait inside their callers' scopes.

    Args:
        where: As for `RedisAgentRuntime`.
        namespace: The namespace.
        tls: What certificates to accept, in place of the system's.

    Raises:
        ValueError: If ``where`` is no address.
        NamespaceNameInvalid: If there can be no such namespace.
    """

    def __init__(
        self, where: object, *, namespace: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._servers = Servers.of(where, tls)
        self._namespace = namespace
        self._prefix = checked_prefix(namespace)
        self._key = f"{self._prefix}:dead"
        self._redis: Redis | None = None

    def __repr__(self) -> str:
        return f"<DeadLetterQueue {self._prefix} at {self._servers}>"

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Connect for the length of a block.

        Raises:
            RedisUnreachable: If there is no server.
            RedisRefused: If the server does not accept user and password, or does not
                permit what this needs.
            RedisTooOld: If the server is older than Redis 6.2.
            NamespaceUnknown: If no runtime was ever open in the namespace.
            NamespaceVersionUnknown: If the namespace is of another version of actrio.
            NamespaceKeyInTheWay: If there is something else under its name.
            RuntimeError: If it is open already.
        """
        async with Redis.open(
            self._servers, scripts=(REPLAY,), on_up=self._check, key=self._prefix
        ) as redis:
            self._redis = redis
            try:
                yield self
            finally:
                self._redis = None

    async def _check(self, link: Link) -> None:
        """See whether there is such a namespace, and whether it can be read."""
        where = f"the namespace {self._namespace!r} at {self._servers}"
        key = f"{self._prefix}:ns"
        try:
            version = await link.call("HGET", key, "version")
        except RedisReplyError as exc:
            message = f"{where} cannot be read: the key {key!r} is none of it ({exc})"
            raise NamespaceKeyInTheWay(message, self._namespace) from None
        if version is None:
            message = (
                f"there is no namespace {self._namespace!r} at {self._servers}: no runtime "
                "was ever open in it; check the name, and the database of the address"
            )
            raise NamespaceUnknown(message, self._namespace)
        if int(version) != VERSION:
            message = (
                f"{where} is of version {version.decode()} of the protocol, and this "
                f"actrio speaks version {VERSION}; use the actrio of its workers"
            )
            raise NamespaceVersionUnknown(message, self._namespace)

    async def count(self) -> int:
        """Return how many dead letters there are."""
        return int(await self._open().execute("XLEN", self._key, twice=True))

    async def letters(
        self, *, after: str = "", limit: int = _AT_ONCE
    ) -> list[QueuedDeadLetter]:
        """Return dead letters, the oldest first.

        Args:
            after: Begin behind the one with this id; at the oldest if it is empty.
            limit: How many at most, at least 1.

        Raises:
            ValueError: If ``after`` is no id, or ``limit`` less than 1.
            RuntimeError: If the queue is not open.
        """
        if limit < 1:
            message = f"limit={limit!r}: must be a number of letters, 1 or more"
            raise ValueError(message)
        start = f"({_checked(after)}" if after else "-"
        words = ("XRANGE", self._key, start, "+", "COUNT", limit)
        found = await self._open().execute(*words, twice=True)
        return [_letter(entry.decode(), fields) for entry, fields in found]

    async def replay(self, *ids: str) -> dict[str, Replayed]:
        """Send dead letters again, each to the agent that should have got it.

        A request is handled once more as a request, but nobody waits for its answer: if it
        fails, it is a dead letter again, and the error is in the log of its worker. A
        letter that cannot be sent now stays where it is; nothing is lost.

        Args:
            *ids: Their ids, in the order in which they are to be sent.

        Returns:
            What became of each.

        Raises:
            ValueError: If one is no id; nothing was sent then.
            RuntimeError: If the queue is not open.

        Cancellation: Some may be on their way; the others stay where they are.
        """
        redis, fates = self._open(), dict[str, Replayed]()
        for some in _portions(ids):
            fates |= await self._replay(redis, some)
        return fates

    async def remove(self, *ids: str) -> int:
        """Remove dead letters for good.

        Args:
            *ids: Their ids.

        Returns:
            How many of them were there; fewer if the connection was lost meanwhile.

        Raises:
            ValueError: If one is no id; nothing was removed then.
            RuntimeError: If the queue is not open.

        Cancellation: Some may be removed.
        """
        redis, number = self._open(), 0
        for some in _portions(ids):
            number += await redis.execute("XDEL", self._key, *some, twice=True)
        return number

    async def _replay(self, redis: Redis, ids: Sequence[str]) -> dict[str, Replayed]:
        gone = Replayed.GONE
        while True:
            link = await redis.up()
            try:
                found: Sequence[bytes] = await link.run(REPLAY, self._prefix, *ids)
            except RedisLinkLost as exc:
                if exc.was_sent:
                    gone = Replayed.SENT  # by the try that has no reply
            else:
                fates = (_FATES.get(one, gone) for one in found)
                return dict(zip(ids, fates, strict=True))

    def _open(self) -> Redis:
        if self._redis is None:
            message = f"{self!r} is not open; use it inside 'async with queue:'"
            raise RuntimeError(message)
        return self._redis


def _portions(ids: Sequence[str]) -> list[Sequence[str]]:
    """Return the ids, each once, as many at a time as one command is to have."""
    checked = [*dict.fromkeys(map(_checked, ids))]
    return [checked[i : i + _AT_ONCE] for i in range(0, len(checked), _AT_ONCE)]


def _checked(id: str) -> str:
    if _ID.fullmatch(id) is None:
        message = (
            f"{id!r} is no id of a dead letter; those look like '1790000000000-0', and "
            "letters() gives them"
        )
        raise ValueError(message)
    return id


def _letter(id: str, fields: Sequence[bytes]) -> QueuedDeadLetter:
    about = dict(zip(fields[::2], fields[1::2], strict=True))
    header, data = Header.read(about[b"h"].split(b" ")), about[b"d"]
    died_at = datetime.fromtimestamp(int(about[b"at"]) / 1000, UTC)
    try:
        parcel = read(data)
    except NamespaceVersionUnknown:
        parcel = Parcel(Written("", "", data), None, None, "")
    return QueuedDeadLetter(
        id,
        about[b"reason"].decode(),
        died_at,
        AgentId.from_str(about[b"a"].decode()),
        header.is_request,
        header.attempt,
        None if parcel.sender is None else AgentId.from_str(parcel.sender),
        None if parcel.topic is None else TopicId(*parcel.topic),
        parcel.message_id,
        parcel.body.type_name,
        parcel.body.content_type,
        parcel.body.payload,
    )
