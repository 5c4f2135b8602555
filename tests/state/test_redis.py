"""What is true of the store in Redis only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest
from tests.conftest import host_of

from actrio.exceptions import (
    RedisLinkLost,
    RedisRefused,
    RedisUnreachable,
    StateConflict,
    StateStoreClosed,
    StateStoreCorrupt,
    StateStoreError,
    StateStoreFull,
    StateStoreReadOnly,
    StateStoreTooNew,
)
from actrio.state import RedisStateStore, StateStore
from actrio.testing import CancelPoint, RedisServer, sweep

from .places import next_prefix

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of a test, in real time, since a server is waited for."""
    return host_of(request.param, virtual_time=False)


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has."""
    return next_prefix()


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A server that a test may spoil."""
    with RedisServer() as server:
        yield server


def keys(server: RedisServer, prefix: str) -> list[str]:
    """Return what there is under a prefix."""
    found = server.command("KEYS", f"{{{prefix}}}*")
    return sorted(re.findall(r"^\{.*\}:(.*?)\r?$", found, re.MULTILINE))


def test_it_keeps_the_contract() -> None:
    """As type checkers and isinstance see it; and shows no password."""
    store = RedisStateStore("redis://me:secret@localhost", prefix="p")
    assert isinstance(store, StateStore)
    assert repr(store) == "<RedisStateStore {p} at redis://me@localhost:6379/0: closed>"


@pytest.mark.parametrize("seconds", [-1, float("nan"), 1_000_001])
def test_seconds(seconds: float) -> None:
    """Are from 0 to a million."""
    with pytest.raises(ValueError, match=r"give_up_after=.* must be from 0"):
        RedisStateStore("redis://localhost", give_up_after=seconds)


async def test_several_processes_share_it(server: RedisServer, prefix: str) -> None:
    """Whoever saves second, without having seen the first, is refused."""
    async with (
        RedisStateStore(server.url, prefix=prefix) as one,
        RedisStateStore(server.url, prefix=prefix) as two,
    ):
        version = await one.save("k", {"n": 1}, expected_version=0)
        with pytest.raises(StateConflict) as caught:
            await two.save("k", {"n": 2}, expected_version=0)
        assert caught.value.version == version
        assert await two.save("k", {"n": 2}, expected_version=version) > version


async def test_stores_of_different_prefixes(server: RedisServer, prefix: str) -> None:
    """Do not meet."""
    async with (
        RedisStateStore(server.url, prefix=prefix) as one,
        RedisStateStore(server.url, prefix=f"{prefix}:two") as two,
    ):
        await one.save("k", {})
        assert await two.load("k") is None


async def test_what_is_left(server: RedisServer, prefix: str) -> None:
    """Only the format and the last version, when all states are deleted."""
    async with RedisStateStore(server.url, prefix=prefix) as store:
        for _ in range(3):
            await store.save("k", {})
        await store.delete("k")
    assert keys(server, prefix) == ["about"]


async def test_nobody_is_there(prefix: str) -> None:
    """The cause says why, without the password."""
    with pytest.raises(StateStoreError, match=r"127\.0\.0\.1:1") as caught:
        async with RedisStateStore("redis://:secret@127.0.0.1:1", prefix=prefix):
            pass
    assert isinstance(caught.value.__cause__, RedisUnreachable)
    assert "secret" not in str(caught.value)


async def test_a_later_format(server: RedisServer, prefix: str) -> None:
    """Is left alone."""
    server.command("HSET", f"{{{prefix}}}:about", "format", "2")
    with pytest.raises(StateStoreTooNew, match="knows formats up to 1; upgrade"):
        async with RedisStateStore(server.url, prefix=prefix):
            pass


async def test_something_else_in_the_way(server: RedisServer, prefix: str) -> None:
    """Is left alone too."""
    async with RedisStateStore(server.url, prefix=prefix) as store:
        server.command("SET", f"{{{prefix}}}:states", "mine")
        for call in (store.load("k"), store.save("k", {}), store.delete("k")):
            with pytest.raises(StateStoreCorrupt, match="WRONGTYPE"):
                await call


@pytest.mark.parametrize("row", ["no version", "1 {", "x {}"])
async def test_a_damaged_state(server: RedisServer, prefix: str, row: str) -> None:
    """Is not returned."""
    async with RedisStateStore(server.url, prefix=prefix) as store:
        await store.save("good", {"n": 1})
        await store.save("bad", {"n": 1})
        server.command("HSET", f"{{{prefix}}}:states", "bad", row)
        with pytest.raises(StateStoreCorrupt, match=r"'bad'.*is damaged") as caught:
            await store.load("bad")
        assert caught.value.key == "bad"
        assert await store.load("good") is not None


async def test_a_server_that_is_full(own_server: RedisServer, prefix: str) -> None:
    """Says so, and goes on when there is room."""
    async with RedisStateStore(own_server.url, prefix=prefix) as store:
        own_server.command("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StateStoreFull, match="OOM"):
            await store.save("k", {})
        own_server.command("CONFIG", "SET", "maxmemory", "0")
        await store.save("k", {})


async def test_a_server_that_may_not_be_written(
    own_server: RedisServer, prefix: str
) -> None:
    """As a replica: it is waited for, since it may be promoted, or another be found."""
    store = RedisStateStore(own_server.url, prefix=prefix, give_up_after=0.2)
    async with store:
        await store.save("k", {})
        own_server.command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StateStoreReadOnly, match="READONLY"):
            await store.save("k", {"n": 2})
        own_server.command("REPLICAOF", "NO", "ONE")
        with anyio.fail_after(10):
            await store.save("k", {"n": 3})
            own_server.command("REPLICAOF", "127.0.0.1", "1")
            with pytest.raises(
                StateStoreReadOnly, match=r"cannot be used now: .*READO"
            ):
                async with RedisStateStore(own_server.url, prefix=prefix):
                    pytest.fail("it is open")


async def test_a_user_who_may_not(own_server: RedisServer, prefix: str) -> None:
    """The cause says what is not permitted."""
    own_server.command(
        *("ACL", "SETUSER", "u", "on", ">p", "~*", "resetchannels", "+@all", "-hset")
    )
    url = f"redis://u:p@127.0.0.1:{own_server.port}"
    async with RedisStateStore(url, prefix=prefix) as store:
        with pytest.raises(StateStoreError) as caught:
            await store.save("k", {})
        assert isinstance(caught.value.__cause__, RedisRefused)


async def test_lost_connections_save_nothing_twice(
    server: RedisServer, prefix: str
) -> None:
    """Each save replaces what the last one saved, or it would be refused."""
    async with RedisStateStore(server.url, prefix=prefix) as store:

        async def count(key: str) -> None:
            version = 0
            for number in range(30):
                version = await store.save(key, {"n": number}, expected_version=version)

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(count, f"k{number}")
            for _ in range(5):
                await anyio.sleep(0.003)
                server.command("CLIENT", "KILL", "TYPE", "normal")
        found = await store.load_all()
        assert {one.state["n"] for one in found.values()} == {29}


async def test_a_save_whose_reply_is_lost(server: RedisServer, prefix: str) -> None:
    """Is not made again: it would be refused, since the version is another one."""
    async with RedisStateStore(server.url, prefix=prefix) as store:
        redis = store._redis
        assert redis is not None
        link = redis.link
        assert link is not None
        call = link.call

        async def lose(*words: Any) -> Any:
            await call(*words)
            link.give_up("a test says so")
            raise RedisLinkLost

        link.call = lose  # type: ignore[method-assign]
        await store.save("k", {"n": 1}, expected_version=0)
        assert redis.link is not link


async def test_a_frozen_server(own_server: RedisServer, prefix: str) -> None:
    """A save that was begun is waited for, then given up; a load may be cancelled."""
    store = RedisStateStore(own_server.url, prefix=prefix, give_up_after=0.1)
    async with store:
        await store.save("k", {"n": 1})
        own_server.freeze()
        with anyio.move_on_after(0.02) as scope:
            await store.load("k")
        assert scope.cancelled_caught
        with pytest.raises(StateStoreError, match=r"within 0\.1 s; load\(\) tells"):
            await store.save("k", {"n": 2})
        own_server.thaw()
        stored = await store.load("k")
        assert stored is not None
        assert stored.state == {"n": 2}


async def test_calls_at_the_end_of_the_block(
    own_server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were made come first; those that wait for a server are turned away."""
    monkeypatch.setattr("actrio.state._redis._SECONDS_TO_LEAVE", 0.05)
    errors: list[Exception] = []

    async def save(store: StateStore, number: int) -> None:
        try:
            await store.save("k", {"n": number})
        except StateStoreClosed as exc:
            errors.append(exc)

    async with anyio.create_task_group() as tasks:
        async with RedisStateStore(own_server.url, prefix=prefix) as store:
            tasks.start_soon(save, store, 1)
            await anyio.sleep(0.05)
            own_server.kill()
            await anyio.sleep(0.05)
            tasks.start_soon(save, store, 2)
            await anyio.sleep(0.05)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await anyio.lowlevel.checkpoint()
    assert len(errors) == 1


HOSTS = [("trio", False), ("asyncio", False), ("asyncio", True)]


@pytest.mark.parametrize(("host", "native"), HOSTS)
def test_a_block_that_is_cancelled_anywhere(
    server: RedisServer, prefix: str, host: Literal["trio", "asyncio"], native: bool
) -> None:
    """The store can be opened again, and the state was saved or it was not."""
    store = RedisStateStore(server.url, prefix=prefix)

    async def use(number: int) -> None:
        async with store:
            await store.save("k", {"n": number})

    async def scenario(cancel_here: CancelPoint) -> None:
        await use(1)
        await cancel_here(use(2))
        assert "closed" in repr(store)
        async with store:
            stored = await store.load("k")
            assert stored is not None
            assert stored.state["n"] in (1, 2)

    assert sweep(scenario, host=host, native=native, virtual_time=False) >= 3
