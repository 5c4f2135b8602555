"""A server that sentinels know, and that may be replaced at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync
from tests.distributed import kit
from tests.distributed.kit import Add, Sum

from actrio._redis import Redis
from actrio.exceptions import RedisError, RedisRefused, RedisUnreachable
from actrio.identity import AgentId
from actrio.mailboxes import RedisMessageBus
from actrio.state import RedisStateStore
from actrio.testing import RedisSentinels, RedisServer

from .fakes import HELLO, Caller, Fake, forever

pytestmark = pytest.mark.anyio
SECONDS = 30
"""How long anything here may take."""


@pytest.fixture(scope="module")
def sentinels() -> Iterator[RedisSentinels]:
    """A primary and its sentinels, for all tests that do them no harm."""
    with RedisSentinels() as sentinels:
        yield sentinels


async def error_of(where: str, **options: Any) -> RedisError:
    """Return what connecting there raises."""
    with anyio.fail_after(SECONDS), pytest.raises(RedisError) as caught:
        async with Redis.open(where, **options):
            pytest.fail("it is connected")
    return caught.value


async def test_it_is_asked_where_the_primary_is(
    sentinels: RedisSentinels, anyio_backend_name: str
) -> None:
    """Everything that uses Redis finds it."""
    name = f"asked-{anyio_backend_name}"
    with anyio.fail_after(SECONDS):
        async with Redis.open(sentinels.url) as redis:
            assert redis.address.port == sentinels.servers[0].port
            assert await redis.execute("SET", "k", "v") == b"OK"
        async with RedisMessageBus(sentinels.url, prefix=name) as bus:
            assert sentinels.url in repr(bus)
            mailbox = await bus.register("a")
            await mailbox.send("a", 1)
            await bus.unregister("a")
        async with RedisStateStore(sentinels.url, prefix=name) as store:
            await store.save("k", {"n": 1})
        async with kit.Namespace(sentinels.url, name).pair() as (client, _):
            assert await client.send_message(Add(1), kit.ADDER) == Sum(1)


async def test_some_of_them_are_gone(sentinels: RedisSentinels) -> None:
    """One that answers is enough; the next time it is asked first."""
    with RedisServer() as gone:
        pass
    dead = f"127.0.0.1:{gone.port},localhost:{gone.port}"
    url = f"redis+sentinel://{dead},127.0.0.1:{sentinels.sentinels[0].port}/main"
    with anyio.fail_after(SECONDS):
        async with Redis.open(url) as redis:
            assert redis.address.port == sentinels.servers[0].port
            first = redis._sentinels._nodes[0]
            assert first == ("127.0.0.1", sentinels.sentinels[0].port)
            redis.connect_again(ValueError("once more"))
            assert await redis.execute("PING") == b"PONG"
    error = await error_of(f"redis+sentinel://{dead}/main")
    assert isinstance(error, RedisUnreachable)
    assert str(error) == (
        "no primary for the service 'main': no Redis server at "
        f"redis://127.0.0.1:{gone.port}/0: Connection refused; no Redis server at "
        f"redis://localhost:{gone.port}/0: Connection refused"
    )


async def test_a_service_that_nobody_knows(sentinels: RedisSentinels) -> None:
    """It says which, who does not know it, and where the names are."""
    port = sentinels.sentinels[0].port
    error = await error_of(f"redis+sentinel://127.0.0.1:{port}/nonsense")
    assert isinstance(error, RedisUnreachable)
    assert str(error) == (
        "no primary for the service 'nonsense': the sentinel at "
        f"redis://127.0.0.1:{port}/0 does not know it; check the name: SENTINEL MASTERS "
        "lists those that it knows"
    )


async def test_a_password_of_the_sentinels() -> None:
    """It is another one than that of the server; wrong or missing, it says so."""
    with RedisSentinels("--requirepass", "S3", password="w0rd", replicas=0) as guarded:
        url = guarded.url.replace("://", "://:S3@")
        async with Redis.open(f"{url}?sentinel_password=w0rd") as redis:
            assert await redis.execute("PING") == b"PONG"
        for options in ("", "?sentinel_password=wrong"):
            error = await error_of(url + options)
            assert isinstance(error, RedisRefused)
            text = str(error)
            assert text.startswith("no primary for the service 'main': redis://")
            assert "refuses the login: " in text
            assert text.endswith(
                "for sentinels these are sentinel_username and sentinel_password"
            )
            assert "S3" not in text
            assert "wrong" not in text
        error = await error_of(f"{guarded.url}?sentinel_password=w0rd")
        assert isinstance(error, RedisRefused)
        assert "NOAUTH" in str(error)
        assert "sentinel" not in str(error)


async def test_a_user_of_the_sentinels(sentinels: RedisSentinels) -> None:
    """It needs no more than to ask for the address."""
    page = (Path(__file__).parents[2] / "docs" / "redis.md").read_text("utf-8")
    rights = "+hello +sentinel|get-master-addr-by-name"
    assert f"A user of the sentinels needs `{rights}`." in page
    for one in sentinels.sentinels:
        words = ("reset", "on", ">S3cret", "-@all", *rights.split())
        assert one.command("ACL", "SETUSER", "asks", *words) == "+OK\r\n"
    login = "sentinel_username=asks&sentinel_password=S3cret"
    async with Redis.open(f"{sentinels.url}?{login}") as redis:
        assert redis.address.port == sentinels.servers[0].port
    error = await error_of(f"{sentinels.url}?sentinel_username=asks")
    assert isinstance(error, RedisRefused)
    assert "redis://asks@127.0.0.1" in str(error)


async def test_a_server_in_place_of_a_sentinel(sentinels: RedisSentinels) -> None:
    """It says which one it is, and what to write."""
    primary = sentinels.servers[0].port
    error = await error_of(f"redis+sentinel://127.0.0.1:{primary}/main")
    assert "is a Redis server and no sentinel; write redis:// for it" in str(error)
    port = sentinels.sentinels[0].port
    error = await error_of(f"redis://127.0.0.1:{port}")
    assert str(error) == (
        f"no Redis server at redis://127.0.0.1:{port}/0: it is a sentinel; write "
        f"redis+sentinel://127.0.0.1:{port}/SERVICE"
    )


async def test_a_replica_is_not_worked_with(sentinels: RedisSentinels) -> None:
    """Where there are several, it is left out."""
    primary, replica = (one.port for one in sentinels.servers)
    url = f"redis://127.0.0.1:{replica},127.0.0.1:{primary}"
    async with Redis.open(url) as redis:
        assert redis.address.port == primary
    error = await error_of(f"redis://127.0.0.1:{replica},localhost:{replica}")
    assert "is a replica, and its primary is elsewhere" in str(error)


@pytest.mark.slow
async def test_sentinels_that_name_what_is_no_primary(
    sentinels: RedisSentinels,
) -> None:
    """As while it is replaced: it is an error at the start, and waited for later."""
    replica = sentinels.servers[1].port
    named = replica

    async def serve(caller: Caller) -> None:
        await caller.hear()
        await caller.say(HELLO.replace(b"$10\r\nstandalone", b"$8\r\nsentinel"))
        await caller.hear()
        await caller.say(
            f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(named))}\r\n{named}\r\n".encode()
        )

    fake = Fake(serve)
    async with fake.open():
        url = f"redis+sentinel://127.0.0.1:{fake.address.port}/main"
        error = await error_of(url)
        assert isinstance(error, RedisUnreachable)
        assert str(error) == (
            f"redis://127.0.0.1:{replica}/0 is a replica, and its primary is elsewhere"
        )
        named = sentinels.servers[0].port
        async with Redis.open(url) as redis:
            named, before = replica, fake.callers
            redis.connect_again(ValueError("once more"))
            while fake.callers < before + 3:  # noqa: ASYNC110 - nothing tells when
                await anyio.sleep(0.01)
            assert redis.link is None
            assert "is a replica" in redis.trouble
            named = sentinels.servers[0].port
            assert await redis.execute("PING") == b"PONG"


async def test_a_primary_that_becomes_a_replica(sentinels: RedisSentinels) -> None:
    """That is noticed though it does not hang up, and the sentinels are asked again."""

    async def demoted(caller: Caller) -> None:
        await caller.greet()
        assert await caller.hear() == ("HELLO",)
        await caller.say(HELLO.replace(b"$6\r\nmaster", b"$7\r\nreplica"))
        await forever(caller)

    async def sentinel(caller: Caller) -> None:
        await caller.hear()
        await caller.say(HELLO.replace(b"$10\r\nstandalone", b"$8\r\nsentinel"))
        await caller.hear()
        port = str(server.address.port if asked.callers == 1 else primary)
        await caller.say(
            f"*2\r\n$9\r\n127.0.0.1\r\n${len(port)}\r\n{port}\r\n".encode()
        )

    primary = sentinels.servers[0].port
    server, asked = Fake(demoted), Fake(sentinel)
    async with server.open(), asked.open():
        url = f"redis+sentinel://127.0.0.1:{asked.address.port}/main"
        async with Redis.open(url) as redis:
            await until(lambda: redis.link is None)
            assert redis.trouble == "it has become a replica"
            assert await redis.execute("PING", twice=True) == b"PONG"
            assert redis.address.port == primary


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"-ERR no such thing\r\n", "does not answer: ERR no such thing"),
        (b"", "it hung up"),
        (None, r"no answer from redis://127.0.0.1:\d+/0 within 0.1 s"),
    ],
)
async def test_a_sentinel_that_is_no_good(reply: bytes | None, text: str) -> None:
    """It says what is wrong with it."""

    async def serve(caller: Caller) -> None:
        await caller.hear()
        await caller.say(HELLO.replace(b"$10\r\nstandalone", b"$8\r\nsentinel"))
        await caller.hear()
        if reply is None:
            await anyio.sleep_forever()
        await caller.say(reply or b"")

    fake = Fake(serve)
    async with fake.open():
        url = f"redis+sentinel://127.0.0.1:{fake.address.port}/main"
        with pytest.raises(RedisUnreachable, match=text):
            async with Redis.open(url, seconds=0.1):
                pytest.fail("it is connected")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("anyio_backend", "how"),
    [("trio", "kill -9"), ("asyncio", "kill -STOP")],
    indirect=["anyio_backend"],
)
async def test_a_primary_that_is_replaced(how: str) -> None:
    """Its successor is found, with one sentinel of three left in the end; calls go on.

    What a primary has not told its replica when it dies is lost. So agents may have
    another life, and totals begin anew; but everybody is answered who asks later.
    """
    with RedisSentinels() as sentinels, anyio.fail_after(SECONDS):
        place, url = kit.Namespace(sentinels.url, "mine"), sentinels.url
        async with (
            place.pair() as (client, _),
            RedisMessageBus(url, prefix="bus") as bus,
            RedisStateStore(url, prefix="store") as store,
            anyio.create_task_group() as tasks,
        ):
            answered = [0] * 8

            async def ask(number: int) -> None:
                agent = AgentId("adder", f"k{number}")
                while not is_over:
                    assert isinstance(await client.send_message(Add(1), agent), Sum)
                    answered[number] += 1

            is_over = False
            for number in range(8):
                tasks.start_soon(ask, number)
            mailbox = await bus.register("a")
            await until(lambda: min(answered) > 5)
            if how == "kill -9":
                sentinels.servers[0].kill()
            else:
                sentinels.servers[0].freeze()
            primary = await run_sync(lambda: sentinels.primary)
            for one in sentinels.sentinels[:2]:
                one.kill()
            before = [*answered]
            await until(
                lambda: all(n > m + 3 for n, m in zip(answered, before, strict=True))
            )
            is_over = True
            assert client._member is not None
            assert client._member.redis is not None
            assert client._member.redis.address.port == primary.port
            await store.save("k", {"n": 1})
            await mailbox.send("a", "after that")
            message = await mailbox.receive()
            assert message is not None
            assert message.content == "after that"


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what happens elsewhere."""
    while not is_so():  # noqa: ASYNC110 - nothing tells when
        await anyio.sleep(0.01)
