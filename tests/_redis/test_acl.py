"""A user who may do what a bus needs, under its own prefix, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from actrio._redis import Redis, Script
from actrio.exceptions import RedisRefused
from actrio.mailboxes import RedisMessageBus, _scripts
from actrio.state import RedisStateStore, _redis as _state_redis
from actrio.testing import RedisServer

pytestmark = pytest.mark.anyio

OF_THE_DOOR = ["hello", "select", "script|load", "evalsha", "subscribe"]
"""What every connection does; ``select`` only for another database than 0."""
OF_THE_SCRIPTS = [
    "del",
    "exists",
    "get",
    "hdel",
    "hexists",
    "hget",
    "hgetall",
    "hincrby",
    "hset",
    "hsetnx",
    "hvals",
    "lpop",
    "lpos",
    "lpush",
    "lrange",
    "lrem",
    "ltrim",
    "pexpire",
    "publish",
    "rpush",
    "set",
    "type",
    "xack",
    "xadd",
    "xclaim",
    "xdel",
    "xgroup|create",
    "xlen",
    "xpending",
    "xrange",
    "xrevrange",
]


def rules(prefix: str, database: bool = False) -> list[str]:
    """Return what a user of a bus needs, as the words of ``ACL SETUSER``."""
    commands = [one for one in OF_THE_DOOR if database or one != "select"]
    return [
        *("reset", "on", ">S3cret", f"~{{{prefix}}}*"),
        *("resetchannels", f"&{{{prefix}}}:c:*", "-@all"),
        *(f"+{one}" for one in commands + OF_THE_SCRIPTS),
    ]


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    """A server whose user ``bus`` may use the prefix ``mine``."""
    with RedisServer() as server:
        set_user(server, *rules("mine", database=True))
        yield server


def set_user(server: RedisServer, *words: str) -> None:
    assert server.command("ACL", "SETUSER", "bus", *words) == "+OK\r\n"


def url(server: RedisServer, password: str = "S3cret", database: int = 0) -> str:
    return f"redis://bus:{password}@127.0.0.1:{server.port}/{database}"


def test_these_are_the_commands_of_the_scripts() -> None:
    """All of them, and no others."""
    source = b"".join(script.source for script in _scripts.ALL).decode()
    called = set(re.findall(r"call\(\s*'([A-Z]+)'", source))
    assert {f"{one.lower()}" for one in called} == {
        one.partition("|")[0] for one in OF_THE_SCRIPTS
    }
    assert re.findall(r"'XGROUP', '(\w+)'", source) == ["CREATE"]


async def use(bus: RedisMessageBus) -> None:
    """Do everything that a bus can do."""
    a, b = await bus.register("a"), await bus.register("b", capacity=2)
    assert await bus.agents() == ("a", "b")
    await a.send("b", 1)
    await a.send("b", 2, priority="urgent")
    with anyio.move_on_after(0.02):
        await a.send("b", "withdrawn")
    assert [message.content for message in await b.peek()] == [2, 1]
    assert await b.message_count() == 2
    with pytest.raises(ZeroDivisionError):
        async with b.next():
            raise ZeroDivisionError
    async with b.next() as message:
        assert message.redelivered
    async with anyio.create_task_group() as tasks:

        async def answer() -> None:
            while (message := await b.receive()) and message.content != "?":
                pass
            assert message is not None
            await bus.deliver(message.reply("!"))

        tasks.start_soon(answer)
        assert (await a.request("b", "?")).content == "!"
    assert await a.broadcast("all") == ("b",)
    b = await bus.register("b", takeover=True)
    for name in ("a", "b"):
        await bus.unregister(name)


@pytest.mark.parametrize("database", [0, 1])
async def test_a_bus_works(guarded: RedisServer, database: int) -> None:
    """With these rights, and in another database."""
    async with RedisMessageBus(url(guarded, database=database), prefix="mine") as bus:
        await use(bus)


@pytest.mark.parametrize(
    "words",
    [
        ("GET", "{other}:x"),
        ("GET", "mine"),
        ("KEYS", "*"),
        ("CONFIG", "GET", "dir"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("ACL", "LIST"),
        ("SCRIPT", "FLUSH"),
        ("EVAL", "return 1", 0),
        ("PUBLISH", "{other}:c:1", "x"),
        ("SUBSCRIBE", "{other}:c:1"),
        ("SUBSCRIBE", "{mine}:x"),
        ("XGROUP", "DESTROY", "{mine}:x", "g"),
        ("PING",),
    ],
)
async def test_everything_else_is_refused(
    guarded: RedisServer, words: tuple[str, ...]
) -> None:
    """With the address and what the server says, and the connection goes on."""
    async with Redis.open(url(guarded)) as redis:
        with pytest.raises(RedisRefused) as caught:
            await redis.execute(*words)
        text = str(caught.value)
        assert f"{redis.address} does not permit that: NOPERM" in text
        assert text.startswith(f"redis://bus@127.0.0.1:{guarded.port}/0")
        assert await redis.execute("GET", "{mine}:nothing") is None


async def test_another_prefix_is_refused(guarded: RedisServer) -> None:
    """A bus of another prefix does not open, whatever the channel is called."""
    for prefix in ("other", "min"):
        with pytest.raises(RedisRefused, match="does not permit that"):
            async with RedisMessageBus(url(guarded), prefix=prefix):
                pytest.fail("it is open")


async def test_scripts_of_others_are_refused(guarded: RedisServer) -> None:
    """What a script may do is what its user may do."""
    scripts = [
        Script(f"return redis.call({words})")
        for words in ("'KEYS', '*'", "'GET', '{other}:x'")
    ]
    async with Redis.open(url(guarded), scripts=scripts) as redis:
        for script in scripts:
            with pytest.raises(RedisRefused, match="does not permit that"):
                await redis.run(script, "{mine}")


@pytest.mark.parametrize(
    ("user", "password"), [("bus", "wrong"), ("nobody", "S3cret"), ("bus", "")]
)
async def test_a_wrong_login(guarded: RedisServer, user: str, password: str) -> None:
    """It says whose login it was, and never the password."""
    where = f"redis://{user}:{password}@127.0.0.1:{guarded.port}"
    with pytest.raises(RedisRefused) as caught:
        async with Redis.open(where):
            pytest.fail("it is connected")
    assert str(caught.value) == (
        f"redis://{user}@127.0.0.1:{guarded.port}/0 refuses the login: WRONGPASS "
        "invalid username-password pair or user is disabled.; check user and password"
    )


async def test_no_login_where_one_is_needed() -> None:
    """It says that."""
    with RedisServer("--requirepass", "S3cret") as server:
        with pytest.raises(RedisRefused, match=r"refuses the login: NOAUTH .*; check"):
            async with Redis.open(server.url):
                pytest.fail("it is connected")
        address = f"redis://:S3cret@127.0.0.1:{server.port}"
        async with Redis.open(address) as redis:
            assert await redis.execute("PING") == b"PONG"


async def test_no_such_database(guarded: RedisServer) -> None:
    """It says that too."""
    with pytest.raises(
        RedisRefused, match="/99 refuses the login: ERR DB index is out"
    ):
        async with Redis.open(url(guarded, database=99)):
            pytest.fail("it is connected")


# -- what the documents say -------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"
SOURCE_OF_STORE = Path(_state_redis.__file__).read_text("utf-8")


def documented(page: str, user: str) -> list[str]:
    """Return the words of ``ACL SETUSER`` in a page, after the user."""
    text = (DOCS / page).read_text("utf-8").replace("\\\n", " ")
    found = re.search(rf"^ACL SETUSER {user} (.*)$", text, re.MULTILINE)
    assert found is not None
    return [">S3cret" if word == ">PASSWORD" else word for word in found[1].split()]


def test_the_rules_of_a_bus_are_documented() -> None:
    """Word by word."""
    assert documented("redis.md", "bus") == rules("actrio")


async def test_the_documented_rules_suffice_for_a_bus() -> None:
    """With the prefix that a bus has by itself."""
    with RedisServer() as server:
        set_user(server, *documented("redis.md", "bus"))
        async with RedisMessageBus(url(server)) as bus:
            await use(bus)


async def test_the_documented_rules_suffice_for_a_store() -> None:
    """And none of them is more than its scripts and its calls need."""
    source = SOURCE_OF_STORE
    words = documented("redis.md", "store")
    called = set(re.findall(r"call\('([A-Z]+)'", source))
    called |= set(re.findall(r'"([HD][A-Z]+)", (?:key|f")', source))
    assert {word.removeprefix("+") for word in words if word[0] == "+"} == {
        *("hello", "script|load", "evalsha"),
        *(word.lower() for word in called | {"HGET", "DEL"}),
    }
    with RedisServer() as server:
        set_user(server, *("bus" if word == "store" else word for word in words))
        async with RedisStateStore(url(server)) as store:
            await store.save("a", {"x": 1})
            await store.save_all({"a": None, "b": {"x": 2}})
            assert list(await store.load_all()) == await store.keys() == ["b"]
            assert await store.load("a") is None
            await store.delete("b", expected_version=2)
            assert await store.keys() == []
