"""A connection that comes back, on a real server."""

from __future__ import annotations

import gc
import logging
import threading
from itertools import count
from typing import Any, Literal

import anyio
import pytest
from tests.runtime import kit

from actrio._redis import Link, Redis, Script
from actrio.exceptions import (
    RedisClosed,
    RedisLinkLost,
    RedisRefused,
    RedisReplyError,
    RedisUnreachable,
)
from actrio.testing import CancelPoint, RedisServer, run, sweep

from .fakes import Caller, Fake, echo, forever

anyio_test = pytest.mark.anyio
every_host = pytest.mark.every_host
Hosted = Literal["trio", "asyncio"]
cancelled_everywhere = pytest.mark.parametrize(
    ("host", "native"), [("trio", False), ("asyncio", False), ("asyncio", True)]
)
_keys = map("door-{}".format, count())


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return next(_keys)


def kill_clients(server: RedisServer) -> None:
    """Have the server hang up on everybody."""
    for kind in ("normal", "pubsub"):
        assert server.command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


# -- commands ---------------------------------------------------------------------


@anyio_test
@every_host
async def test_many_tasks_share_it(server: RedisServer) -> None:
    """Each of a hundred tasks gets the replies to its own commands."""
    async with Redis.open(server.url) as redis:

        async def talk(name: int) -> None:
            for n in range(20):
                word = f"{name}:{n}"
                assert await redis.execute("ECHO", word) == word.encode()

        async with anyio.create_task_group() as tasks:
            for name in range(100):
                tasks.start_soon(talk, name)
        assert "redis" in str(redis.address)


@anyio_test
async def test_one_task_is_served_in_order(server: RedisServer, key: str) -> None:
    """What is sent first is carried out first, waited for or not."""
    async with Redis.open(server.url) as redis:
        found: list[Any] = []
        for n in range(10):
            assert redis.post(("INCR", key), taker=lambda value, _: found.append(value))
            assert await redis.execute("INCR", key) == 2 * n + 2
        assert redis.post(
            ("LPUSH", key, 1), taker=lambda _, error: found.append(type(error))
        )
        await redis.execute("PING")
    assert found == [*range(1, 20, 2), RedisReplyError]


@anyio_test
async def test_commands_that_are_made_late(server: RedisServer) -> None:
    """They may grow until they are written."""
    async with Redis.open(server.url) as redis:
        words = ["ECHO", "early"]
        found: list[Any] = []
        redis.post(lambda: words, taker=lambda value, _: found.append(value))
        words[1] = "late"
        await redis.execute("PING")
    assert found == [b"late"]


@anyio_test
async def test_errors_are_raised_where_the_command_is(server: RedisServer) -> None:
    """The connection goes on."""
    async with Redis.open(server.url) as redis:
        with pytest.raises(RedisReplyError, match="unknown command"):
            await redis.execute("NONSENSE")
        with pytest.raises(TypeError):
            await redis.execute("ECHO", None)  # type: ignore[arg-type]
        assert await redis.execute("PING") == b"PONG"


@anyio_test
async def test_scripts_run(server: RedisServer, key: str) -> None:
    """They are loaded after each connecting, and again when somebody removed them."""
    script = Script("return {KEYS[1], ARGV[1]}")
    async with Redis.open(server.url, scripts=[script]) as redis:
        assert await redis.run(script, key, 1) == [key.encode(), b"1"]
        await redis.execute("SCRIPT", "FLUSH")
        with pytest.raises(RedisLinkLost, match="its scripts were removed"):
            await redis.run(script, key, 2)
        assert await redis.run(script, key, 3) == [key.encode(), b"3"]
        await redis.execute("SCRIPT", "FLUSH")
        assert await redis.run(script, key, 4, twice=True) == [key.encode(), b"4"]
        with pytest.raises(AssertionError, match="only what is loaded"):
            await redis.run(Script("return 1"), key)


@anyio_test
async def test_channels(server: RedisServer, key: str) -> None:
    """Their messages are heard, also after connecting again."""
    heard: list[bytes] = []
    async with Redis.open(server.url, channels={key: heard.append}) as redis:
        await redis.execute("PUBLISH", key, "one")
        await redis.execute("PUBLISH", f"{key}-other", "not this")
        kill_clients(server)
        await redis.execute("PING", twice=True)
        await redis.execute("PUBLISH", key, "two", twice=True)
        await redis.execute("PING")
    assert heard == [b"one", b"two"]


# -- cancellation -----------------------------------------------------------------


@cancelled_everywhere
def test_a_cancelled_command(server: RedisServer, host: Hosted, native: bool) -> None:
    """It was carried out or not; every later reply is the right one."""

    async def scenario(cancel_here: CancelPoint) -> None:
        key = next(_keys)
        async with Redis.open(server.url) as redis:
            got: list[Any] = []

            async def operation() -> None:
                for _ in range(3):
                    one = await redis.execute("INCR", key)
                    got.append(one)

            await cancel_here(operation())
            assert got == list(range(1, len(got) + 1))
            assert int(await redis.execute("GET", key) or 0) - len(got) in (0, 1)
            for n in range(10):
                assert await redis.execute("ECHO", n) == str(n).encode()
            link = redis.link
            assert link is not None
            assert not link._written
            assert not link._unwritten

    points = sweep(scenario, host=host, native=native, virtual_time=False)
    assert points >= 3


@cancelled_everywhere
def test_a_cancelled_block(server: RedisServer, host: Hosted, native: bool) -> None:
    """Connecting, working and closing can be cancelled anywhere; nothing is left."""
    script = Script("return 1")

    async def scenario(cancel_here: CancelPoint) -> None:
        async def operation() -> None:
            async with Redis.open(
                server.url, scripts=[script], channels={"c": print}
            ) as redis:
                await redis.execute("PING")

        await cancel_here(operation())

    points = sweep(scenario, host=host, native=native, virtual_time=False)
    assert points >= 2
    gc.collect()  # a socket that was left open would complain


@cancelled_everywhere
def test_a_cancelled_wait(host: Hosted, native: bool) -> None:
    """Waiting for the connection can be cancelled; the others still get it."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async def serve(caller: Caller) -> None:
            if fake.callers > 1:
                await may_go_on.wait()
            await echo(caller)

        fake = Fake(serve)
        may_go_on = anyio.Event()
        async with fake.redis() as redis:
            assert redis.link is not None
            redis.connect_again(ValueError("it makes no sense"))
            assert not redis.post(("X",), taker=print)
            got: list[Any] = []

            async def other() -> None:
                got.append(await redis.execute("ECHO", "other"))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(other)
                tasks.start_soon(kit.settled)
                with anyio.move_on_after(0.05):
                    await cancel_here(redis.execute("ECHO", "mine"))
                may_go_on.set()
            assert got == [b"other"]
            assert not redis._idle

    points = sweep(scenario, host=host, native=native, virtual_time=False)
    assert points >= 1


# -- being lost and coming back ---------------------------------------------------


@anyio_test
@every_host
async def test_it_comes_back(
    server: RedisServer, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Under load commands wait and go on; the log says what happened."""
    caplog.set_level(logging.WARNING, "actrio.redis")
    async with Redis.open(server.url) as redis:

        async def talk(name: int) -> None:
            for n in range(30):
                word = f"{name}:{n}"
                reply = await redis.execute("ECHO", word, twice=True)
                assert reply == word.encode()

        async with anyio.create_task_group() as tasks:
            for name in range(20):
                tasks.start_soon(talk, name)
            for _ in range(2):
                await redis.up()
                kill_clients(server)
                await anyio.sleep(0.005)
    texts = [record.getMessage() for record in caplog.records]
    assert f"The connection to {redis.address} was lost: it hung up" in texts
    assert f"The connection to {redis.address} is back" in texts


@anyio_test
async def test_what_was_under_way_is_unknown(server: RedisServer, key: str) -> None:
    """It raises; sent again only if that was allowed."""
    async with Redis.open(server.url) as redis:
        async with anyio.create_task_group() as tasks:

            async def once() -> None:
                with pytest.raises(RedisLinkLost, match="may or may not") as caught:
                    await redis.execute("BLPOP", key, 0)
                assert caught.value.was_sent

            async def again() -> None:
                got = await redis.execute("BLPOP", f"{key}-2", 0, twice=True)
                assert got == [f"{key}-2".encode(), b"x"]

            tasks.start_soon(once)
            tasks.start_soon(again)
            await kit.settled()
            assert "blocked_clients:1" in server.command("INFO", "clients")
            kill_clients(server)
            server.command("RPUSH", f"{key}-2", "x")


@pytest.mark.slow
@anyio_test
async def test_what_was_not_written_is_sent_later() -> None:
    """It cannot have been carried out, so it is sent over the next connection."""

    async def serve(caller: Caller) -> None:
        if fake.callers > 1:
            await echo(caller)
        await caller.greet()
        await may_end.wait()

    may_end = anyio.Event()
    fake = Fake(serve)
    found: list[Any] = []

    async def call(redis: Redis, word: str) -> None:
        try:
            found.append(await redis.execute("ECHO", word))
        except RedisLinkLost as exc:
            found.append(exc.was_sent)

    async with fake.redis() as redis, anyio.create_task_group() as tasks:
        tasks.start_soon(call, redis, "x" * 2**24)  # more than any buffer takes
        await kit.settled()
        tasks.start_soon(call, redis, "later")
        await kit.settled()
        may_end.set()
    assert found == [True, b"later"]


@pytest.mark.slow
@anyio_test
async def test_the_server_starts_again(key: str) -> None:
    """What waits goes on, and what a server wrote down is there."""
    options = ("--appendonly", "yes", "--appendfsync", "always")
    with RedisServer(*options) as server:
        async with Redis.open(server.url) as redis:
            for n in range(3):
                await redis.execute("SET", key, n)
                server.kill()
                async with anyio.create_task_group() as tasks:

                    async def read(expected: bytes) -> None:
                        assert await redis.execute("GET", key, twice=True) == expected

                    tasks.start_soon(read, str(n).encode())
                    await anyio.sleep(0.1)
                    await anyio.to_thread.run_sync(server.start)


@pytest.mark.slow
@anyio_test
async def test_a_frozen_server_is_waited_for(server: RedisServer) -> None:
    """The caller's scope ends the wait; thawed, it goes on over the same connection."""
    with RedisServer() as server:
        async with Redis.open(server.url, seconds=0.2) as redis:
            link = redis.link
            server.freeze()
            with anyio.move_on_after(0.5) as scope:
                await redis.execute("ECHO", "lost")
            assert scope.cancelled_caught
            async with anyio.create_task_group() as tasks:

                async def wait() -> None:
                    assert await redis.execute("ECHO", "waited for") == b"waited for"

                tasks.start_soon(wait)
                await anyio.sleep(0.1)
                server.thaw()
            assert redis.link is link
            server.freeze()
            with pytest.raises(RedisUnreachable, match=r"within 0\.2 s"):
                async with Redis.open(server.url, seconds=0.2):
                    pytest.fail("it is connected")


@anyio_test
async def test_a_server_that_is_no_good_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried until it is good again, and the log says once what is wrong."""
    caplog.set_level(logging.WARNING, "actrio.redis")

    async def serve(caller: Caller) -> None:
        if fake.callers in (2, 3):
            await caller.hear()
            await caller.say(b"-WRONGPASS another one\r\n")
            await forever(caller)
        await echo(caller)

    fake = Fake(serve)
    async with fake.redis() as redis:
        redis.connect_again(ValueError("x"))
        assert await redis.execute("ECHO", "x") == b"x"
    assert fake.callers == 4
    lost, wrong, back = [record.getMessage() for record in caplog.records]
    assert lost.endswith("was lost: x")
    assert wrong.startswith("Trying to connect again: redis://127.0.0.1:")
    assert wrong.endswith("WRONGPASS another one; check user and password")
    assert back.endswith("is back")
    assert "S3cret" not in lost + wrong + back


# -- what is due after connecting -------------------------------------------------


@anyio_test
async def test_on_up_comes_first(server: RedisServer, key: str) -> None:
    """It has the connection to itself until it has ended."""

    async def on_up(link: Link) -> None:
        for _ in range(3):
            await link.call("RPUSH", key, "up")

    async with Redis.open(server.url, on_up=on_up) as redis:

        async def push() -> None:
            await redis.execute("RPUSH", key, "task")

        await push()
        kill_clients(server)
        async with anyio.create_task_group() as tasks:
            await redis.up()
            redis.connect_again(ValueError("x"))
            for _ in range(3):
                tasks.start_soon(push)
        found = await redis.execute("LRANGE", key, 0, -1)
    before = [b"up", b"up", b"up", b"task"]
    assert found[:4] == before
    assert found[-6:] == [b"up"] * 3 + [b"task"] * 3


@anyio_test
@pytest.mark.parametrize(
    "error", [ValueError("mine"), RedisReplyError("ERR x"), RedisRefused("no")]
)
async def test_errors_of_on_up_at_the_start(
    server: RedisServer, error: Exception
) -> None:
    """The very error is raised, and nothing is connected."""

    async def on_up(link: Link) -> None:
        await link.call("PING")
        raise error

    with pytest.raises(type(error)) as caught:
        async with Redis.open(server.url, on_up=on_up):
            pytest.fail("it is connected")
    assert caught.value is error


@anyio_test
async def test_a_connection_lost_at_the_start() -> None:
    """There is no server, then."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()

    with pytest.raises(RedisUnreachable, match=r"no Redis server at .*: it hung up"):
        async with Fake(serve).redis(channels={"c": print}):
            pytest.fail("it is connected")


@anyio_test
async def test_errors_of_on_up_later(server: RedisServer) -> None:
    """One of Redis is for another try; any other ends the block."""
    errors: list[Exception | None] = [None, RedisReplyError("READONLY"), None]
    errors += [RedisLinkLost("gone"), ValueError("mine")]

    async def on_up(link: Link) -> None:
        error = errors.pop(0)
        if error is not None:
            raise error

    with pytest.raises(ValueError, match="mine"):
        async with Redis.open(server.url, on_up=on_up) as redis:
            kill_clients(server)
            await redis.execute("PING", twice=True)
            assert len(errors) == 2
            kill_clients(server)
            await redis.execute("PING", twice=True)
            await anyio.sleep_forever()


@anyio_test
async def test_channels_that_are_not_permitted() -> None:
    """That is refused at the start."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.say(b"-NOPERM this user has no permissions for the channels\r\n")
        await forever(caller)

    with pytest.raises(RedisRefused, match="does not permit that: NOPERM this user"):
        async with Fake(serve).redis(channels={"c": print}):
            pytest.fail("it is connected")


# -- the end ----------------------------------------------------------------------


class Mine(Exception):
    """An error of a test."""


@anyio_test
@pytest.mark.parametrize("how", ["error", "cancellation", "end"])
@pytest.mark.parametrize("while_", ["connected", "connecting", "waiting"])
async def test_the_block_ends(how: str, while_: str) -> None:
    """In whatever state: no task and no socket is left, and the error is its own."""

    async def serve(caller: Caller) -> None:
        if while_ == "connecting" and fake.callers > 1:
            is_there.set()
            await forever(caller)
        await caller.greet()
        if while_ == "connected":
            is_there.set()
            await forever(caller)
        await caller.hear()
        await caller.close()
        if while_ == "waiting":
            is_there.set()

    is_there = anyio.Event()
    fake = Fake(serve)

    async def program() -> None:
        async with fake.redis() as redis:
            if while_ != "connected":
                with pytest.raises(RedisLinkLost):
                    await redis.execute("X")
            await is_there.wait()
            if how == "error":
                raise Mine
            if how == "cancellation":
                scope.cancel()
                await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        if how == "error":
            with pytest.raises(Mine):
                await program()
        else:
            await program()
    gc.collect()  # a socket that was left open would complain


@anyio_test
async def test_other_tasks_wait_at_the_end() -> None:
    """What is under way is lost; what waits for the connection hears that it is over."""

    async def serve(caller: Caller) -> None:
        if fake.callers == 1:
            await caller.greet()
        await forever(caller)

    fake = Fake(serve)
    errors: list[type[BaseException]] = []

    async def call(redis: Redis, **options: Any) -> None:
        with pytest.raises((RedisLinkLost, RedisClosed)) as caught:
            await redis.execute("X", **options)
        errors.append(type(caught.value))

    async with anyio.create_task_group() as tasks:
        async with fake.redis() as redis:
            tasks.start_soon(call, redis)
            await kit.settled()
    async with anyio.create_task_group() as tasks:
        fake.callers = 0
        async with fake.redis() as redis:
            redis.connect_again(ValueError("x"))
            tasks.start_soon(call, redis)
            await kit.settled()
    assert errors == [RedisLinkLost, RedisClosed]
    with pytest.raises(RedisClosed, match="is closed, since its block has ended; use"):
        await redis.execute("X")
    assert not redis.post(("X",), taker=print)


@anyio_test
async def test_last_words(server: RedisServer, key: str) -> None:
    """A block that is cancelled can still use the connection, in a shield."""
    with anyio.CancelScope() as scope:
        async with Redis.open(server.url) as redis:
            try:
                scope.cancel()
                await anyio.sleep_forever()
            finally:
                with anyio.move_on_after(5, shield=True):
                    await anyio.sleep(0.01)
                    assert await redis.execute("INCR", key) == 1
    assert server.command("GET", key) == "$1\r\n1\r\n"


@anyio_test
async def test_groups_of_the_caller(server: RedisServer) -> None:
    """A group that the block raises comes out as it is."""
    group = ExceptionGroup("mine", [ValueError()])
    with pytest.raises(ExceptionGroup) as caught:
        async with Redis.open(server.url):
            raise group
    assert str(caught.value) == str(group)  # on trio it is a copy
    assert caught.value.exceptions == group.exceptions


def test_two_hosts_in_one_process(server: RedisServer, key: str) -> None:
    """They meet on the server and nowhere else."""
    hosts: list[Literal["trio", "asyncio"]] = ["trio", "asyncio"]
    done: list[str] = []

    async def program(name: str, other: str) -> None:
        async with Redis.open(server.url) as redis:
            for n in range(20):
                await redis.execute("RPUSH", f"{key}-{other}", n)
                found = await redis.execute("BLPOP", f"{key}-{name}", 10)
                assert found[1] == str(n).encode()
        done.append(name)

    def start(host: Literal["trio", "asyncio"], other: str) -> None:
        run(program, host, other, host=host, virtual_time=False, hang_after=20)

    threads = [
        threading.Thread(target=start, args=pair) for pair in (hosts, hosts[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(hosts)


@anyio_test
async def test_nobody_is_there(server: RedisServer) -> None:
    """At the start that is an error at once."""
    fake = Fake(echo)
    async with fake.open():
        address = fake.address
    with pytest.raises(RedisUnreachable, match="Connection refused"):
        async with Redis.open(address):
            pytest.fail("it is connected")
    with pytest.raises(TypeError, match="is given as a URL"):
        async with Redis.open(None):
            pytest.fail("it is connected")
