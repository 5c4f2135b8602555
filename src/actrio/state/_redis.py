"""A state store in a Redis server, for programs of many machines.

Under the prefix of a store lie

=============  =====  ==================================================================
``states``     hash   version and text of each state, by key
``index``      zset   the keys, all with score 0, so that they are in order
``about``      hash   the ``format`` of all this, and the last ``version``
``w:CLIENT``   hash   the versions of saves whose reply a client may not have seen
=============  =====  ==================================================================

The last one makes a save safe to repeat: after a lost connection it is tried again under its
number, and a script that finds the number changes nothing.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from itertools import chain, count
from typing import Any, Final, Self

from .._concurrency import AsyncContextManagerMixin
from .._redis import Link, Redis, Script, Servers, hash_tag
from ..abc import StoredState
from ..exceptions import (
    RedisClosed,
    RedisError,
    RedisReplyError,
    StateConflict,
    StateStoreClosed,
    StateStoreCorrupt,
    StateStoreError,
    StateStoreFull,
    StateStoreReadOnly,
    StateStoreTooNew,
)
from ._codec import check_key, check_keys, check_prefix, decode, encode_all
from ._table import checked_seconds, conflict, expecting

Guard = tuple[str, str, str | int]
"""A hash below the prefix, a field of it, and the value that it must have."""

_FORMAT: Final = 1
_SECONDS: Final = 86_400
"""How long it is remembered what a client has saved that was never heard of again."""
_SECONDS_TO_LEAVE: Final = 5.0
_KINDS: Final[Mapping[str, type[StateStoreError]]] = {
    "WRONGTYPE": StateStoreCorrupt,
    "OOM": StateStoreFull,
    "READONLY": StateStoreReadOnly,
    "MISCONF": StateStoreReadOnly,
}
"""What the server's errors mean, by a word in them."""

_OPEN: Final = Script("""
local about = KEYS[1] .. ':about'
redis.call('HSETNX', about, 'format', ARGV[1])
return redis.call('HGET', about, 'format')
""")
"""format → the format that there is"""

_WRITE: Final = Script(
    """
local P, call = KEYS[1] .. ':', redis.call
local client, number, changes, expected, seen, guards = unpack(ARGV, 1, 6)
local mine = P .. 'w:' .. client
local i = 7
local before = call('HGET', mine, number)
if before then return {'K', before} end
for _ = 1, seen do
  call('HDEL', mine, ARGV[i])
  i = i + 1
end
for _ = 1, guards do
  if call('HGET', P .. ARGV[i], ARGV[i + 1]) ~= ARGV[i + 2] then return {'F', ARGV[i]} end
  i = i + 3
end
for _ = 1, expected do
  local row = call('HGET', P .. 'states', ARGV[i])
  local found = row and row:match('^%d+') or '0'
  if found ~= ARGV[i + 1] then return {'C', ARGV[i], found} end
  i = i + 2
end
local version = call('HINCRBY', P .. 'about', 'version', 1)
for _ = 1, changes do
  if ARGV[i + 1] == '' then
    call('HDEL', P .. 'states', ARGV[i])
    call('ZREM', P .. 'index', ARGV[i])
  else
    call('HSET', P .. 'states', ARGV[i], version .. ' ' .. ARGV[i + 1])
    call('ZADD', P .. 'index', 0, ARGV[i])
  end
  i = i + 2
end
call('HSET', mine, number, version)
call('EXPIRE', mine, SECONDS)
return {'K', version}
""".replace("SECONDS", str(_SECONDS))
)
"""client, number, how many changes, versions expected, numbers seen and guards; then the
numbers, the guards (key, field, value), the versions and the changes
→ K version, C key version, F key of a guard"""

_READ: Final = Script("""
local P = KEYS[1] .. ':'
local from, to = '[' .. ARGV[1], '(' .. ARGV[1] .. '\\255'
if ARGV[1] == '' then from, to = '-', '+' end
local keys = redis.call('ZRANGEBYLEX', P .. 'index', from, to)
if ARGV[2] == '1' then return keys end
local out = {}
for _, key in ipairs(keys) do
  out[#out + 1] = key
  out[#out + 1] = redis.call('HGET', P .. 'states', key)
end
return out
""")
"""prefix, only the keys → the keys; or each key and its row"""


SCRIPTS: Final = (_OPEN, _WRITE, _READ)


class RedisStateStore(AsyncContextManagerMixin):
    """Keeps states in a Redis server, under the rules of every `StateStore`.

    ::

        async with RedisStateStore("redis://localhost") as store:
            await store.save("clerk/ada", {"balance": 3})

    A save is as durable as the server makes it: with AOF and ``always`` nothing is lost,
    with ``everysec`` the last second, or two while the disk is busy. While the server is
    away, calls wait inside their callers' scopes, and then go on; nothing is saved twice.

    Args:
        where: ``redis://user:password@host:port/database``, with commas between several hosts
            of a cluster; ``redis+sentinel://host:port/service/database`` for what sentinels
            know; ``rediss://…`` and ``rediss+sentinel://…`` for TLS; or a client of
            redis-py, of which only the connection settings are taken.
        prefix: What all keys begin with, in braces. Stores with different ones on one
            server do not meet.
        give_up_after: Seconds that a save which was begun waits for its reply, before
            it raises `StateStoreError`. A caller that is cancelled waits as long.
        tls: What certificates to accept, in place of the system's.

    Raises:
        ValueError: If one of them is no such value.
        TypeError: If ``where`` is neither a URL nor a client.
    """

    def __init__(
        self,
        where: object,
        *,
        prefix: str = "actrio:state",
        give_up_after: float = 5.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._servers = Servers.of(where, tls)
        self._prefix = hash_tag(prefix)
        self._give_up_after = checked_seconds(give_up_after)
        self._redis: Redis | None = None
        self._client = secrets.token_hex(8)
        self._numbers = count(1)
        self._seen: list[int] = []
        """The numbers of saves whose reply has come, and which may be forgotten."""

    def __repr__(self) -> str:
        state = "closed" if self._redis is None else "open"
        return f"<RedisStateStore {self._prefix} at {self._servers}: {state}>"

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Open the store for the length of a block.

        Raises:
            StateStoreError: If there is no server, or it refuses; the cause says why.
            StateStoreTooNew: If the states were written by a later version of actrio.
            RuntimeError: If it is open already.
        """
        async with AsyncExitStack() as stack:
            opened = Redis.open(
                self._servers, scripts=SCRIPTS, on_up=self._check, key=self._prefix
            )
            with self._explained():
                self._redis = await stack.enter_async_context(opened)
            try:
                yield self
            finally:
                redis, self._redis = self._redis, None
                with suppress(RedisError):  # the calls that were made before come first
                    await self._last_call(redis)

    async def _last_call(self, redis: Redis) -> None:
        until = redis.host.current_time() + _SECONDS_TO_LEAVE
        with redis.host.cancel_scope(deadline=until, shield=True):
            await redis.execute("DEL", f"{self._prefix}:w:{self._client}")

    async def _check(self, link: Link) -> None:
        """See whether the states are of a format that is known."""
        found = int(await link.run(_OPEN, self._prefix, _FORMAT))
        if found > _FORMAT:
            message = (
                f"the states {self._prefix} at {self._servers} have format {found}, this "
                f"version of actrio knows formats up to {_FORMAT}; upgrade actrio"
            )
            raise StateStoreTooNew(message)

    async def load(self, key: str) -> StoredState | None:
        """Return what is stored under one key, or None; see `StateStore.load`."""
        check_key(key)
        words = ("HGET", f"{self._prefix}:states", key)
        with self._explained():
            row = await self._open().execute(*words, twice=True)
        return None if row is None else self._stored(key, row)

    async def load_all(self, prefix: str = "") -> dict[str, StoredState]:
        """Return the states of many keys; see `StateStore.load_all`."""
        found = iter(await self._read(prefix, only_keys=False))
        keys = ((key.decode(), row) for key, row in zip(found, found, strict=True))
        return {key: self._stored(key, row) for key, row in keys}

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys in order; see `StateStore.keys`."""
        return [key.decode() for key in await self._read(prefix, only_keys=True)]

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        """Store one state and return its version; see `StateStore.save`."""
        return await self._write({key: state}, expecting(key, expected_version))

    async def save_all(
        self,
        states: Mapping[str, Mapping[str, Any] | None],
        *,
        expected_versions: Mapping[str, int] | None = None,
    ) -> int:
        """Store several states in one step; see `StateStore.save_all`."""
        return await self._write(states, expected_versions or {})

    async def delete(self, key: str, *, expected_version: int | None = None) -> None:
        """Forget what is stored under one key; see `StateStore.delete`."""
        await self._write({key: None}, expecting(key, expected_version))

    async def _read(self, prefix: str, *, only_keys: bool) -> Sequence[bytes]:
        check_prefix(prefix)
        words = (self._prefix, prefix, int(only_keys))
        with self._explained():
            found: Sequence[bytes] = await self._open().run(_READ, *words, twice=True)
        return found

    async def _write(
        self,
        states: Mapping[str, Mapping[str, Any] | None],
        versions: Mapping[str, int],
        guards: Sequence[Guard] = (),
    ) -> int:
        changes, versions = encode_all(states), check_keys(versions)
        redis, number = self._open(), next(self._numbers)
        seen, self._seen = self._seen, []
        sizes = (len(changes), len(versions), len(seen), len(guards))
        words: list[str | int] = [self._client, number, *sizes, *seen]
        words += chain.from_iterable(guards)
        for key, version in versions.items():
            words += (key, version)
        for key, text in changes.items():
            words += (key, text or "")
        with self._explained():
            await redis.host.checkpoint()
            await redis.up()
            reply = await self._begun(redis, words)
        self._seen.append(number)
        if reply[0] == b"F":
            raise self._refused(reply[1].decode())
        if reply[0] == b"C":
            key = reply[1].decode()
            raise conflict(key, versions[key], int(reply[2]))
        return int(reply[1])

    async def _begun(self, redis: Redis, words: Sequence[str | int]) -> Sequence[Any]:
        """Write, and do not leave before it is known what was written."""
        until = redis.host.current_time() + self._give_up_after
        reply: Sequence[Any] | None = None
        with redis.host.cancel_scope(deadline=until, shield=True):
            reply = await redis.run(_WRITE, self._prefix, *words, twice=True)
        if reply is None:
            trouble = f" ({redis.trouble})" if redis.link is None else ""
            message = (
                f"{self!r}: no answer within {self._give_up_after:g} s{trouble}; load() "
                "tells whether the states were saved"
            )
            raise _kind_of(trouble)(message)
        return reply

    def _refused(self, guard: str) -> StateConflict:
        """Return the error for a save that was guarded by something that has changed."""
        raise AssertionError(guard)  # whoever gives guards says what they mean

    def _stored(self, key: str, row: bytes) -> StoredState:
        version, _, text = row.partition(b" ")
        try:
            return StoredState(key, decode(text.decode()), int(version))
        except ValueError as exc:
            message = f"the state of {key!r} in {self._prefix} is damaged: {exc}"
            raise StateStoreCorrupt(message, key) from None

    def _open(self) -> Redis:
        redis = self._redis
        if redis is None:
            raise StateStoreClosed(self._closed())
        if not redis.host.is_current():
            message = (
                f"{self!r} is open in another event loop or thread; use it there, or "
                "close it first"
            )
            raise StateStoreClosed(message)
        return redis

    def _closed(self) -> str:
        return f"{self!r} is not open; use it inside 'async with store:'"

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Say what errors of the server mean for a store."""
        try:
            yield
        except RedisClosed:
            raise StateStoreClosed(self._closed()) from None
        except RedisReplyError as exc:
            message = f"{self!r}: {exc}"
            raise _kind_of(message)(message) from exc
        except RedisError as exc:
            raise _kind_of(str(exc))(str(exc)) from exc


def _kind_of(text: str) -> type[StateStoreError]:
    return next((k for word, k in _KINDS.items() if word in text), StateStoreError)
