"""What is true of the bus on Redis only."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import redis
import redis.asyncio
from tests._redis.fakes import Refusal
from tests.conftest import host_of
from tests.runtime.kit import settled, start

from actrio.exceptions import (
    MailboxBusClosed,
    MailboxExists,
    MailboxKeyInTheWay,
    MailboxLost,
    MailboxMessageUnreadable,
    MailboxUnknown,
    MailboxVersionUnknown,
    RedisLinkLost,
    RedisRefused,
    RedisUnreachable,
)
from actrio.mailboxes import AgentMailbox, AgentMessage, RedisMessageBus
from actrio.mailboxes._scripts import SEND, UNREGISTER, WITHDRAW
from actrio.testing import RedisServer

from .buses import contents, drain, next_prefix

pytestmark = pytest.mark.anyio
PEER = Path(__file__).with_name("peer.py")
HOSTS = ["trio", "asyncio"]
SECONDS = 20
"""How long anything here may take; a test that hangs is not ended from outside."""


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of a test, in real time, since a server is waited for."""
    return host_of(request.param, virtual_time=False)


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has."""
    return next_prefix()


@contextmanager
def peer(server: RedisServer, prefix: str, host: str, role: str) -> Iterator[Any]:
    """Run a process of its own, once it says that it is ready."""
    words = [sys.executable, str(PEER), host, server.url, prefix, role]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def kill_connections(server: RedisServer) -> None:
    """Have the server hang up on everybody."""
    for kind in ("normal", "pubsub"):
        server.command("CLIENT", "KILL", "TYPE", kind)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    with anyio.fail_after(SECONDS):
        while not is_so():  # noqa: ASYNC110 - nothing tells when
            await anyio.sleep(0.001)


def keys(server: RedisServer, prefix: str) -> list[str]:
    """Return what there is under a prefix."""
    found = server.command("KEYS", f"{{{prefix}}}*")
    return sorted(re.findall(r"^\{.*\}:(.*?)\r?$", found, re.MULTILINE))


# -- opening ----------------------------------------------------------------------


async def test_a_bus_that_is_not_open(server: RedisServer, prefix: str) -> None:
    """Says that it is used in a block; before it, and after."""
    bus = RedisMessageBus(server.url, prefix=prefix)
    message = AgentMessage(sender="a", recipient="b", content="x")

    async def check() -> None:
        for call in (
            lambda: bus.register("a"),
            lambda: bus.unregister("a"),
            bus.agents,
            lambda: bus.deliver(message),
            lambda: bus.broadcast(message),
            lambda: bus.request(message),
            lambda: bus.receive("a"),
            lambda: bus.peek("a"),
            lambda: bus.message_count("a"),
            lambda: bus.confirm("a", message),
            lambda: bus.give_back("a", message),
        ):
            with pytest.raises(MailboxBusClosed, match="write: async with bus:"):
                await call()

    await check()
    async with bus:
        mailbox = await bus.register("a")
        with pytest.raises(RuntimeError, match="already been entered"):
            async with bus:
                pass
    await check()
    with pytest.raises(MailboxBusClosed):
        await mailbox.send("a", "x")
    async with bus:  # it is not worn out
        assert await bus.agents() == ("a",)


async def test_those_who_wait_are_turned_away_at_the_end(
    server: RedisServer, prefix: str
) -> None:
    """Of whatever kind they are."""
    async with anyio.create_task_group() as tasks:
        async with RedisMessageBus(server.url, prefix=prefix, capacity=1) as bus:
            a, b, c = [await bus.register(name) for name in "abc"]
            await a.send("b", "fills it")
            calls = [
                start(tasks, a.receive),
                start(tasks, a.send, "b", "waits for room"),
                start(tasks, b.request, "c", "has no answer"),
            ]
            await c.receive()
            await until(lambda: len(bus._outbox.open) == 1)
        await settled()
        for call in calls:
            assert isinstance(call.error, MailboxBusClosed), vars(call)


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("http://localhost", ValueError),
        ("redis://localhost/name", ValueError),
        ("redis://localhost:port", ValueError),
        (None, TypeError),
        (6379, TypeError),
    ],
)
def test_where_a_bus_may_be(where: Any, error: type[Exception]) -> None:
    """A URL, or a client of redis-py; anything else says so at once."""
    with pytest.raises(error, match="redis://user:password@host:port/database"):
        RedisMessageBus(where)


@pytest.mark.parametrize("prefix", ["", "a{b", "a}b", "x" * 101, "a\n", None, b"x"])
def test_prefixes(prefix: Any) -> None:
    """Are put in braces, and have none of their own."""
    with pytest.raises(ValueError, match="1 to 100 printable characters"):
        RedisMessageBus("redis://localhost", prefix=prefix)


@pytest.mark.parametrize("library", [redis, redis.asyncio])
async def test_a_client_of_redis_py_says_where(
    server: RedisServer, prefix: str, library: Any
) -> None:
    """Its sockets are not used: it may be closed, or of another event loop."""
    client = library.Redis(host="127.0.0.1", port=server.port, db=3)
    async with RedisMessageBus(client, prefix=prefix) as bus:
        await bus.register("a")
        assert repr(bus) == (
            f"<RedisMessageBus {{{prefix}}} at redis://127.0.0.1:{server.port}/3>"
        )
    assert keys(server, prefix) == [], "it is in another database"


async def test_nobody_is_there(prefix: str) -> None:
    """The error says where, and shows no password."""
    url = "redis://me:secret@127.0.0.1:1/0"
    with pytest.raises(RedisUnreachable) as caught:
        async with RedisMessageBus(url, prefix=prefix):
            pass
    assert "redis://me@127.0.0.1:1/0" in str(caught.value)
    assert "secret" not in repr(caught.value)


async def test_a_wrong_password(prefix: str) -> None:
    """Is refused, and not shown either."""
    with RedisServer("--requirepass", "right") as server:
        url = f"redis://:wrong@127.0.0.1:{server.port}"
        with pytest.raises(RedisRefused, match="check user and password") as caught:
            async with RedisMessageBus(url, prefix=prefix):
                pass
        assert "wrong" not in str(caught.value).replace("WRONGPASS", "")
        url = f"redis://:right@127.0.0.1:{server.port}"
        async with RedisMessageBus(url, prefix=prefix) as bus:
            await bus.register("a")


async def test_another_version(server: RedisServer, prefix: str) -> None:
    """A bus of a newer actrio is not touched."""
    server.command("HSET", f"{{{prefix}}}:bus", "version", "2")
    with pytest.raises(
        MailboxVersionUnknown, match=r"is of version 2.*knows version 1"
    ):
        async with RedisMessageBus(server.url, prefix=prefix):
            pass
    assert keys(server, prefix) == ["bus"]


async def test_a_key_in_the_way(server: RedisServer, prefix: str) -> None:
    """Is named; nothing is half done, and other mailboxes work."""
    server.command("SET", f"{{{prefix}}}:names", "mine")
    with pytest.raises(MailboxKeyInTheWay, match=f"{prefix}}}:names'"):
        async with RedisMessageBus(server.url, prefix=prefix):
            pass
    server.command("DEL", f"{{{prefix}}}:names")
    server.command("SET", f"{{{prefix}}}:b:2:1", "mine")
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a = await bus.register("a")
        with pytest.raises(MailboxKeyInTheWay, match=r"b:2:1'.*another prefix"):
            await bus.register("b")
        assert await bus.agents() == ("a",)
        await bus.register("c")
        await bus.register("d")
        server.command("SET", f"{{{prefix}}}:b:3:2", "mine")
        with pytest.raises(MailboxKeyInTheWay):
            await a.send("c", "x")
        with pytest.raises(MailboxKeyInTheWay):
            await a.broadcast("x")
        await a.send("c", "x", priority="low")
        await a.send("d", "x")
        assert await bus.message_count("d") == 1


# -- several processes ------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("other", HOSTS)
async def test_any_process_meets_any_other(
    server: RedisServer, prefix: str, other: str
) -> None:
    """Whatever their hosts are."""
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        me = await bus.register("me")
        with peer(server, prefix, other, "echo") as process:
            for content in ("text", {"list": [1, 2.5, None]}):
                assert (await me.request("echo", content)).content == content
            await me.broadcast({"to": "all"})
            answer = await me.receive()
            assert answer is not None
            assert (answer.sender, answer.content) == ("echo", {"to": "all"})
            await me.send("echo", "enough")
            await anyio.to_thread.run_sync(process.wait)
        assert await bus.agents() == ("me",)


async def test_only_its_owner_reads_a_mailbox(server: RedisServer, prefix: str) -> None:
    """Others look at it, and take it over."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
    ):
        a, b = await one.register("a"), await two.register("b")
        for number in range(4):
            await a.send("b", number)
        with pytest.raises(MailboxLost, match=r"belongs to another bus.*takeover=True"):
            await one.receive("b")
        with pytest.raises(MailboxLost):
            await one.request(AgentMessage(sender="b", recipient="a", content="?"))
        assert contents(await one.peek("b")) == [0, 1, 2, 3]
        assert await one.message_count("b") == 4
        async with anyio.create_task_group() as tasks:
            await b.receive()
            await b.receive()
            assert await b.message_count() == 2  # it tells first what it did
            asking = start(tasks, b.request, "a", "?")
            while await one.message_count("a") < 1:
                await anyio.lowlevel.checkpoint()
            heir = await one.register("b", takeover=True)
            while not asking.done:
                await anyio.lowlevel.checkpoint()
            assert isinstance(asking.error, MailboxLost)
        with pytest.raises(MailboxLost, match="was taken over"):
            await b.receive()
        got = [await heir.receive() for _ in range(3)]
        assert contents(got) == [1, 2, 3]
        # the others lay ready in the other process, which may have given them out
        assert all(m.redelivered for m in got if m)


@pytest.mark.slow
@pytest.mark.parametrize("other", HOSTS)
async def test_a_receiver_that_is_killed_loses_nothing(
    server: RedisServer, prefix: str, other: str
) -> None:
    """Whoever takes its mailbox over gets again what it was not done with."""
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        me = await bus.register("me")
        with peer(server, prefix, other, "victim") as process:
            for number in range(4):
                await me.send("victim", number)
            line = await anyio.to_thread.run_sync(process.stdout.readline)
            assert line == "taken\n"
            process.kill()
            await anyio.to_thread.run_sync(process.wait)
        heir = await bus.register("victim", takeover=True)
        got = [await heir.receive() for _ in range(4)]
        assert contents(got) == [0, 1, 2, 3]
        assert all(m.redelivered for m in got[:2] if m)


async def test_a_broadcast_is_one_round_trip(server: RedisServer, prefix: str) -> None:
    """To however many mailboxes."""

    def scripts() -> int:
        about = server.command("INFO", "commandstats")
        return int(re.findall(r"cmdstat_evalsha:calls=(\d+)", about)[0])

    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        sender = await bus.register("sender")
        names = [f"number {number}" for number in range(300)]
        for name in names:
            await bus.register(name)
        before = scripts()
        assert await sender.broadcast("x") == tuple(names)
        assert scripts() == before + 1


async def test_what_is_left_of_a_bus(server: RedisServer, prefix: str) -> None:
    """Nothing but its version and its count."""
    async with RedisMessageBus(server.url, prefix=prefix, capacity=1) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        await a.send("b", 1)
        with anyio.move_on_after(0.05):
            await a.send("b", 2)
        with anyio.move_on_after(0.05):
            await a.request("b", 3)
        with pytest.raises(MailboxUnknown):
            await a.send("c", "x")
        await b.receive()
        await bus.deliver(AgentMessage(sender="b", recipient="a", content=1))
        await bus.unregister("a")
        await bus.unregister("b")
    assert keys(server, prefix) == ["bus"]


async def test_two_buses_on_one_server(server: RedisServer, prefix: str) -> None:
    """Do not meet, if their prefixes differ."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=f"{prefix}:two") as two,
    ):
        a = await one.register("a")
        await two.register("a")
        await two.register("b")
        with pytest.raises(MailboxUnknown):
            await a.send("b", "x")
        assert await a.broadcast("x") == ()


# -- messages that cannot be read -------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (json.dumps({"v": 2, "anything": 1}), "of version 2, and this actrio reads 1"),
        ("no json", "holds what is no message of actrio"),
        ("[]", "holds what is no message of actrio"),
        (json.dumps({"v": 1, "recipient": "b"}), "something else writes under this"),
    ],
)
async def test_a_message_that_cannot_be_read(
    server: RedisServer, prefix: str, payload: str, text: str
) -> None:
    """Is an error once, stays pending, and holds nobody up."""
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        await a.send("b", "before")
        key = f"{{{prefix}}}:b:2"
        server.command("XADD", f"{key}:2", "*", "d", payload, "t", "x:1")
        box = json.loads(server.command("GET", key).split("\r\n")[1])
        box["n"][2] += 1
        server.command("SET", key, json.dumps(box))
        await a.send("b", "after")
        assert contents(await b.peek()) == ["before", "after"]
        message = await b.receive()
        assert message is not None
        assert message.content == "before"
        with pytest.raises(MailboxMessageUnreadable, match=text) as caught:
            await b.receive()
        assert caught.value.agent_name == "b"
        heir = await bus.register("b", takeover=True)
        with pytest.raises(MailboxMessageUnreadable, match=text):
            await heir.receive()
        assert await drain(heir) == ["after"]


# -- cancellation -----------------------------------------------------------------


@pytest.mark.slow
async def test_readers_that_are_cancelled_lose_nothing(
    server: RedisServer, prefix: str
) -> None:
    """Wherever they are; with lists and BLPOP every sixth message would be gone."""
    number, random = 2000, Random(0)
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        got: list[int] = []

        async def send() -> None:
            for one in range(number):
                await a.send("b", one)
                if not one % 4:
                    await anyio.sleep(random.random() / 1000)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            cancelled = 0
            while len(got) < number:
                with anyio.move_on_after(random.random() * 0.002) as scope:
                    while True:
                        message = await b.receive()
                        assert message is not None
                        got.append(message.content)
                        if len(got) == number:
                            break
                cancelled += scope.cancelled_caught
        assert got == list(range(number))
        assert cancelled > 20
        assert await drain(b) == []


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [2, 1024])
async def test_senders_that_are_cancelled_leave_nothing_behind(
    server: RedisServer, prefix: str, capacity: int
) -> None:
    """What was sent is received once; what was cancelled once or never; no more."""
    random = Random(0)
    async with RedisMessageBus(server.url, prefix=prefix, capacity=capacity) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        sent, got = list[int](), list[int]()

        async def send(first: int) -> None:
            for one in range(first, 2000, 8):
                with anyio.move_on_after(random.random() * 0.004):
                    await a.send("b", one)
                    sent.append(one)

        async def receive() -> None:
            while (message := await b.receive()) is not None:
                got.append(message.content)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            async with anyio.create_task_group() as senders:
                for first in range(8):
                    senders.start_soon(send, first)
            await until(lambda: set(sent) <= set(got))
            tasks.cancel_scope.cancel()
        got += await drain(b)
        assert len(got) == len(set(got))
        assert set(sent) <= set(got)
        assert 0 < len(sent) < 2000
        assert bus._outbox.open == {}
        for what in (":w", ":h"):
            assert server.command("EXISTS", f"{{{prefix}}}:b:2{what}") == ":0\r\n"


# -- connections that are lost ----------------------------------------------------


async def exchange(
    bus: RedisMessageBus,
    a: AgentMailbox,
    b: AgentMailbox,
    number: int,
    disturb: Any,
) -> None:
    """Send messages by several tasks, and receive each of them once and in order."""
    senders = 4
    got: list[list[int]] = [[] for _ in range(senders)]

    async def send(who: int) -> None:
        for one in range(number):
            await a.send("b", [who, one])

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as tasks:
            for who in range(senders):
                tasks.start_soon(send, who)
            for place in range(senders * number):
                message = await b.receive()
                assert message is not None
                who, one = message.content
                got[who].append(one)
                await disturb(place)
    assert got == [list(range(number))] * senders
    assert await drain(b) == []


@pytest.mark.parametrize("capacity", [3, 1024])
async def test_a_lost_connection_loses_and_doubles_nothing(
    server: RedisServer, prefix: str, capacity: int
) -> None:
    """Wherever messages were on their way, also while they waited for room."""
    async with RedisMessageBus(server.url, prefix=prefix, capacity=capacity) as bus:
        a, b = await bus.register("a"), await bus.register("b")

        async def disturb(place: int) -> None:
            if place % 60 == 30:
                kill_connections(server)

        await exchange(bus, a, b, 60, disturb)
        assert (await bus.take("b", wait=False)) is None


async def test_broadcasts_survive_lost_connections(
    server: RedisServer, prefix: str
) -> None:
    """Each mailbox gets each of them once, also if it was full."""
    async with RedisMessageBus(server.url, prefix=prefix, capacity=2) as bus:
        boxes = {name: await bus.register(name) for name in "abcd"}
        got: dict[str, list[int]] = {name: [] for name in "bcd"}

        async def read(name: str) -> None:
            while len(got[name]) < 40:
                message = await boxes[name].receive()
                assert message is not None
                got[name].append(message.content)

        with anyio.fail_after(SECONDS):
            async with anyio.create_task_group() as tasks:
                for name in got:
                    tasks.start_soon(read, name)
                for number in range(40):
                    assert await boxes["a"].broadcast(number) == ("b", "c", "d")
                    if number % 10 == 5:
                        kill_connections(server)
        assert got == {name: list(range(40)) for name in "bcd"}


async def test_an_owner_that_was_cut_off_hears_that_it_lost_its_mailbox(
    server: RedisServer, prefix: str
) -> None:
    """When it is back; what it does until then does not count."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
        anyio.create_task_group() as tasks,
    ):
        a, b = await one.register("a"), await two.register("b")
        await a.send("b", 1)
        await a.send("b", 2)
        first = await b.receive()
        assert first is not None
        two._connection.link.give_up("a test says so")  # type: ignore[union-attr]
        await two.confirm("b", first)
        reading = start(tasks, b.receive)
        heir = await one.register("b", takeover=True)
        again = [await heir.receive(), await heir.receive()]
        assert contents(again) == [1, 2]
        await until(lambda: b.lost is not None)
        await until(lambda: reading.done)
        assert await drain(heir) == []


async def test_a_request_survives_lost_connections(
    server: RedisServer, prefix: str
) -> None:
    """Also its answer, if that is sent while who asked is away."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
        anyio.create_task_group() as tasks,
    ):
        a, b = await one.register("a"), await two.register("b")
        calls = [start(tasks, a.request, "b", number) for number in range(10)]
        for number in range(10):
            question = await b.receive()
            assert question is not None
            if number in (3, 7):
                kill_connections(server)
            await two.deliver(question.reply(question.content))
        await until(lambda: all(call.done for call in calls))
        assert [call.value.content for call in calls] == [*range(10)]  # type: ignore[attr-defined]
        assert a.late_replies == 0


async def test_an_answer_that_is_told_twice(server: RedisServer, prefix: str) -> None:
    """As it may be when it comes while the connection is made again, counts once."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as bus,
        anyio.create_task_group() as tasks,
    ):
        a, b = await bus.register("a"), await bus.register("b")
        call = start(tasks, a.request, "b", "?")
        question = await b.receive()
        assert question is not None
        told: list[tuple[bytes, bytes]] = []
        owned = bus._owned["a"]
        hear = owned.hear
        owned.hear = lambda *answer: told.append(answer)  # type: ignore[method-assign]
        await bus.deliver(question.reply("!"))
        hear(*told[0])
        hear(*told[0])
        await until(lambda: call.done)
        assert a.late_replies == 0


async def test_a_message_is_given_back_while_the_connection_is_lost(
    server: RedisServer, prefix: str
) -> None:
    """And confirmed; neither waits for anything."""
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        for number in range(3):
            await a.send("b", number)
        first, second = await bus.take("b"), await bus.take("b")
        assert first is not None
        assert second is not None
        link = bus._connection.link  # type: ignore[union-attr]
        assert link is not None
        link.give_up("a test says so")
        await bus.confirm("b", first)
        await bus.give_back("b", second)
        again = await b.receive()
        assert again is not None
        assert (again.content, again.redelivered) == (1, True)
        assert await drain(b) == [2]


async def test_calls_that_wait_for_the_connection_are_turned_away_at_the_end(
    prefix: str,
) -> None:
    """Since nobody makes it again."""
    with RedisServer() as server:
        async with anyio.create_task_group() as tasks:
            async with RedisMessageBus(server.url, prefix=prefix) as bus:
                a, b = await bus.register("a"), await bus.register("b")
                server.kill()
                await until(lambda: bus._connection.link is None)  # type: ignore[union-attr]
                calls = [
                    start(tasks, a.send, "b", "x"),
                    start(tasks, a.broadcast, "x"),
                    start(tasks, a.request, "b", "?"),
                    start(tasks, b.receive),
                    start(tasks, b.peek),
                    start(tasks, bus.register, "c"),
                    start(tasks, bus.agents),
                ]
                await settled()
                assert not any(call.done for call in calls)
            await settled()
            for call in calls:
                assert isinstance(call.error, MailboxBusClosed), vars(call)


async def test_a_sender_is_cancelled_while_the_connection_is_lost(
    server: RedisServer, prefix: str
) -> None:
    """What waited for room is withdrawn when the connection is back."""
    async with (
        RedisMessageBus(server.url, prefix=prefix, capacity=1) as bus,
        anyio.create_task_group() as tasks,
    ):
        a, b = await bus.register("a"), await bus.register("b")
        await a.send("b", "before")
        call = start(tasks, a.send, "b", "withdrawn")
        while server.command("LLEN", f"{{{prefix}}}:b:2:w") != ":1\r\n":
            await anyio.lowlevel.checkpoint()
        bus._connection.link.give_up("a test says so")  # type: ignore[union-attr]
        call.scope.cancel()
        await settled()
        assert call.cancelled
        assert await drain(b) == ["before"]
        await a.send("b", "after")
        assert await drain(b) == ["after"]


async def test_what_is_refused_while_what_follows_is_not(
    server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent again, as something new; nothing is lost, and nothing doubled."""
    refusal = Refusal(monkeypatch, "CLUSTERDOWN for a moment")
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        with anyio.fail_after(SECONDS):
            await a.send("b", 0)
            refusal.word = SEND.sha
            async with anyio.create_task_group() as tasks:
                for number in range(1, 4):
                    tasks.start_soon(a.send, "b", number)
                    await anyio.lowlevel.checkpoint()
                    bus._outbox._batch = None
        assert refusal.count == 1
        assert sorted(await drain(b)) == [0, 1, 2, 3]


async def test_an_unregistration_that_is_refused(
    server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who unregisters what is not there is told so, though it was tried twice."""
    refusal = Refusal(monkeypatch, "LOADING")
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        refusal.word = UNREGISTER.sha
        with pytest.raises(MailboxUnknown), anyio.fail_after(SECONDS):
            await bus.unregister("nobody")
        assert refusal.count == 1


async def test_scripts_that_are_gone_are_loaded_again(
    server: RedisServer, prefix: str
) -> None:
    """After SCRIPT FLUSH, as after a server that began anew."""
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")

        async def disturb(place: int) -> None:
            if place % 60 == 30:
                server.command("SCRIPT", "FLUSH")

        await exchange(bus, a, b, 40, disturb)


async def test_a_server_that_has_forgotten_all(
    server: RedisServer, prefix: str
) -> None:
    """The mailboxes are gone, and their owners hear of it."""
    with RedisServer() as server:
        async with (
            RedisMessageBus(server.url, prefix=prefix) as bus,
            anyio.create_task_group() as tasks,
        ):
            a = await bus.register("a")
            call = start(tasks, a.receive)
            await settled()
            server.kill()
            server.start()
            await until(lambda: call.done)
            assert isinstance(call.error, MailboxLost)
            with pytest.raises(MailboxLost, match="was unregistered"):
                await a.send("a", "x")
            await bus.register("a")


@pytest.mark.slow
async def test_a_server_that_is_killed_under_load(prefix: str) -> None:
    """With AOF and ``always``, none that was accepted is lost, and none comes twice.

    With ``everysec`` the server confirms what it has not written while the disk is busy.
    """
    with RedisServer("--appendonly", "yes", "--appendfsync", "always") as server:
        async with RedisMessageBus(server.url, prefix=prefix) as bus:
            a, b = await bus.register("a"), await bus.register("b")

            async def disturb(place: int) -> None:
                if place % 900 == 450:
                    server.kill()
                    await anyio.to_thread.run_sync(server.start)

            await exchange(bus, a, b, 700, disturb)


@pytest.mark.slow
async def test_a_server_that_is_frozen(prefix: str) -> None:
    """Calls wait inside their scopes, and go on afterwards."""
    with RedisServer() as server:
        async with RedisMessageBus(server.url, prefix=prefix) as bus:
            a, b = await bus.register("a"), await bus.register("b")
            server.freeze()
            with anyio.move_on_after(0.3) as scope:
                await a.send("b", "withdrawn")
            assert scope.cancelled_caught
            async with anyio.create_task_group() as tasks:
                call = start(tasks, a.send, "b", "goes on")
                await anyio.sleep(0.1)
                assert not call.done
                server.thaw()
            assert "goes on" in await drain(b)


@pytest.mark.slow
async def test_much_is_done_while_the_connection_is_lost(
    server: RedisServer, prefix: str
) -> None:
    """More than a script can pass to a command at once."""
    number = 9000
    async with RedisMessageBus(server.url, prefix=prefix, capacity=number) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        message = AgentMessage(sender="a", recipient="b", content="x")
        async with anyio.create_task_group() as tasks:
            for _ in range(number):
                tasks.start_soon(bus.deliver, message)
        owned = bus._owned["b"]
        taken = [await bus.take("b") for _ in range(number)]
        await b.peek()
        bus._connection.link.give_up("a test says so")  # type: ignore[union-attr]
        for one in taken:
            assert one is not None
            owned.confirm(one)
        with anyio.fail_after(SECONDS):
            await a.send("b", "after")
            assert await drain(b) == ["after"]
        b = await bus.register("b", takeover=True)
        assert await drain(b) == []


@pytest.mark.parametrize("is_carried_out", [False, True])
@pytest.mark.parametrize("takeover", [False, True])
async def test_a_registration_is_tried_again(
    server: RedisServer, prefix: str, takeover: bool, is_carried_out: bool
) -> None:
    """It does what it would have done, though the mailbox is its own already."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as bus,
        anyio.create_task_group() as tasks,
    ):
        b = await bus.register("b")
        await b.send("b", "pending")
        assert await bus.take("b") is not None
        await b.peek()
        link = bus._connection.link  # type: ignore[union-attr]
        assert link is not None
        call = start(tasks, lambda: bus.register("b", takeover=takeover))
        run = link.run

        async def lose(*words: Any) -> Any:
            if is_carried_out:
                await run(*words)
            link.give_up("a test says so")
            raise RedisLinkLost

        link.run = lose  # type: ignore[method-assign]
        await until(lambda: call.done)
        if not takeover:
            assert isinstance(call.error, MailboxExists)
            assert b.lost is None
        else:
            again = await call.value.receive()  # type: ignore[attr-defined]
            assert (again.content, again.redelivered) == ("pending", True)


@pytest.mark.parametrize("is_carried_out", [False, True])
async def test_an_unregistration_that_is_tried_again(
    server: RedisServer, prefix: str, is_carried_out: bool
) -> None:
    """It leaves alone what somebody registered meanwhile under that name."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
        anyio.create_task_group() as tasks,
    ):
        await one.register("b")
        link = one._connection.link  # type: ignore[union-attr]
        assert link is not None
        call = start(tasks, lambda: one.unregister("b"))
        run = link.run
        registered: list[AgentMailbox] = []

        async def lose(*words: Any) -> Any:
            if is_carried_out:
                await run(*words)
                registered.append(await two.register("b"))
            link.give_up("a test says so")
            raise RedisLinkLost

        link.run = lose  # type: ignore[method-assign]
        await until(lambda: call.done)
        assert call.error is None
        assert await two.agents() == (("b",) if is_carried_out else ())
        for mailbox in registered:
            await mailbox.send("b", "x")
            assert await drain(mailbox) == ["x"]


def calls(server: RedisServer, command: str) -> int:
    """Return how often a command was called."""
    text = server.command("INFO", "commandstats")
    found = re.search(rf"cmdstat_{command}:calls=(\d+)", text)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("capacity", [1, 2, 7, 1024])
async def test_no_more_is_shown_unasked_than_there_is_credit(
    server: RedisServer, prefix: str, capacity: int
) -> None:
    """Then the receiver asks; nothing is left, however little room there is."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
        anyio.create_task_group() as tasks,
    ):
        a, b = await one.register("a"), await two.register("b", capacity=capacity)
        assert await two.take("b", wait=False) is None
        before = calls(server, "publish")
        number = min(capacity, 100)
        for place in range(number):
            await a.send("b", place)
        credit = min(32, -(-capacity // 2))
        assert calls(server, "publish") - before == credit
        assert await b.message_count() == number

        async def send() -> None:
            for place in range(number, number + 100):
                await a.send("b", place)

        tasks.start_soon(send)
        with anyio.fail_after(SECONDS):
            for place in range(number + 100):
                message = await b.receive()
                assert message is not None
                assert message.content == place
        assert await drain(b) == []


async def test_what_was_taken_is_told_in_a_moment(
    server: RedisServer, prefix: str
) -> None:
    """Although the receiver does nothing more; others see it then."""
    async with (
        RedisMessageBus(server.url, prefix=prefix) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
    ):
        a, b = await one.register("a"), await two.register("b")
        assert await two.take("b", wait=False) is None
        await a.send("b", "x")
        assert await b.receive() is not None
        with anyio.fail_after(SECONDS):
            while await one.message_count("b"):  # noqa: ASYNC110 - nothing tells
                await anyio.sleep(0.001)


@pytest.mark.parametrize("is_first", [False, True])
async def test_a_mailbox_is_gone_when_the_connection_is_back(
    server: RedisServer, prefix: str, is_first: bool
) -> None:
    """Whoever waits for something of it hears that, also if nobody heard the server say so."""
    async with (
        RedisMessageBus(server.url, prefix=prefix, capacity=1) as one,
        RedisMessageBus(server.url, prefix=prefix) as two,
        anyio.create_task_group() as tasks,
    ):
        a, b = await one.register("a"), await one.register("b")
        c = await one.register("c")
        await a.send("c", "before")
        reading = start(tasks, b.receive)
        asking = start(tasks, b.request, "a", "?")
        sending = start(tasks, a.send, "c", "waits for room")
        await until(
            lambda: (
                server.command("LLEN", f"{{{prefix}}}:b:3:w") == ":1\r\n"
                and server.command("XLEN", f"{{{prefix}}}:b:1:2") == ":1\r\n"
            )
        )
        link = one._connection.link  # type: ignore[union-attr]
        assert link is not None
        if is_first:  # the server has done it, and says so to nobody
            link._push = lambda found: None
            link._settle = lambda *settled: None  # type: ignore[method-assign]
        else:
            link.give_up("a test says so")
        for name in "bc":
            await two.unregister(name)
        link.give_up("a test says so")
        await until(lambda: reading.done and asking.done and sending.done)
        assert isinstance(reading.error, MailboxLost)
        assert isinstance(asking.error, MailboxLost)
        assert isinstance(sending.error, MailboxUnknown)
        with pytest.raises(MailboxLost):
            await c.receive()


@pytest.mark.slow
async def test_peek_at_a_hundred_thousand(server: RedisServer, prefix: str) -> None:
    """It shows them all, in order, and takes none."""
    number, senders = 100_000, 64
    async with RedisMessageBus(server.url, prefix=prefix, capacity=number) as bus:
        a, b = await bus.register("a"), await bus.register("b")

        async def send(first: int) -> None:
            for place in range(first, number, senders):
                await a.send("b", [first, place])

        async with anyio.create_task_group() as tasks:
            for first in range(senders):
                tasks.start_soon(send, first)
        seen = contents(await b.peek())
        assert len(seen) == await b.message_count() == number
        for first in range(senders):
            mine = [place for who, place in seen if who == first]
            assert mine == list(range(first, number, senders))
        assert contents([await b.receive()]) == seen[:1]
        await bus.unregister("b")


async def test_a_withdrawal_does_not_read_the_mailbox(
    server: RedisServer, prefix: str
) -> None:
    """It is found near its end, or not at all beyond what its sender sent before."""

    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(a.send, "b", number)
        outbox = bus._outbox
        before = calls(server, "xrevrange"), calls(server, "xrange")
        for serial in (300, 301, 299):
            words = (bus._client, serial, "b", 2)
            link = await outbox.redis.up()
            await link.run(WITHDRAW, bus._prefix, *words)
        assert (calls(server, "xrevrange") - before[0], calls(server, "xrange")) == (
            3,
            before[1],
        )
        assert await b.message_count() == 298


async def test_something_more_urgent_than_what_lies_ready(
    server: RedisServer, prefix: str
) -> None:
    """Is received next, although others were shown to the receiver before."""
    async with RedisMessageBus(server.url, prefix=prefix) as bus:
        a, b = await bus.register("a"), await bus.register("b")
        for number in range(3):
            await a.send("b", number)
        assert contents([await b.receive()]) == [0]
        await b.peek()
        await a.send("b", "first", priority="urgent")
        await b.peek()
        assert await drain(b) == ["first", 1, 2]
