"""The dead letters of a namespace: looked at, sent again, and removed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    TopicId,
    TypeSubscription,
    message_handler,
)
from actrio.distributed import (
    DeadLetterQueue,
    QueuedDeadLetter,
    Replayed,
)
from actrio.distributed._scripts import VERSION
from actrio.distributed._wire import Parcel, Written, write
from actrio.exceptions import (
    NamespaceKeyInTheWay,
    NamespaceNameInvalid,
    NamespaceUnknown,
    NamespaceVersionUnknown,
    RedisUnreachable,
)
from actrio.testing import RedisServer

from .kit import ADDER, SECONDS, Add, Adder, Namespace, Sum, settled

pytestmark = pytest.mark.anyio

TYPE_NAME = f"{Add.__module__}.{Add.__qualname__}"
_SENT = {b"Q": b"Q dead 1 1 0", b"n": b"n dead 1 6 0", b"e": b"e dead 1 6 0"}


@dataclass
class Later:
    """A message that no worker knew when it was sent."""

    number: int


@dataclass
class Seen:
    """What a handler was told about a message."""

    message: object
    is_rpc: bool
    topic_id: TopicId | None
    sender: AgentId | None


class Curious(RoutedAgent):
    """Notes what it gets."""

    def __init__(self, seen: list[Seen]) -> None:
        super().__init__("notes")
        self._seen = seen

    @message_handler
    async def later(self, message: Later, ctx: MessageContext) -> None:
        self._note(message, ctx)

    @message_handler
    async def add(self, message: Add, ctx: MessageContext) -> None:
        if message.number < 0:
            raise ValueError(message.number)
        self._note(message, ctx)

    def _note(self, message: object, ctx: MessageContext) -> None:
        self._seen.append(Seen(message, ctx.is_rpc, ctx.topic_id, ctx.sender))


class Slow(RoutedAgent):
    """Handles a message for as long as it is told to."""

    def __init__(self) -> None:
        super().__init__("waits")
        self.begun, self.go_on = anyio.Event(), anyio.Event()

    @message_handler
    async def add(self, message: Add, ctx: MessageContext) -> None:
        self.begun.set()
        await self.go_on.wait()


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that happens elsewhere."""
    while not await condition():  # noqa: ASYNC110 - nothing tells when
        await anyio.sleep(0.005)


async def bury(
    namespace: Namespace, kind: bytes, agent: str = "curious/k", number: int = 1
) -> str:
    """Put a message among the dead letters, as the scripts do; return its id."""
    topic = ["t", "k"] if kind == b"e" else None
    body = Written(TYPE_NAME, "application/json", b'{"number": %d}' % number)
    data = write(Parcel(body, "asker/a", topic, f"message {number}"))
    entry = await namespace.execute(
        "XADD",
        f"{{{namespace.name}}}:dead",
        *("*", "reason", "worker lost", "a", agent),
        *("h", _SENT[kind].decode(), "d", data, "at", 1_790_000_000_123),
    )
    return str(entry.decode())


def queue_of(namespace: Namespace) -> DeadLetterQueue:
    return DeadLetterQueue(namespace.url, namespace=namespace.name)


async def test_what_was_not_understood_is_sent_again(namespace: Namespace) -> None:
    """By workers that understand it, when they have replaced those that did not."""
    seen: list[Seen] = []
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as client, queue_of(namespace) as queue:
            async with namespace.runtime() as old:
                await Adder.register(old, "curious", Adder)
                await old.add_subscription(TypeSubscription("t", "curious"))
                await client.publish_message(Later(7), TopicId("t", "k"))
                await settled(client, old)
            assert await queue.count() == 1
            [letter] = await queue.letters()
            assert letter.reason == "unreadable"
            assert letter.recipient == AgentId("curious", "k")
            assert letter.topic_id == TopicId("t", "k")
            assert not letter.is_request
            assert letter.type_name.endswith("Later")
            assert letter.payload == b'{"number":7}'
            assert datetime.now(UTC) - letter.at < timedelta(seconds=SECONDS)
            async with namespace.runtime() as new:
                await Curious.register(new, "curious", lambda: Curious(seen))
                assert await queue.replay(letter.id) == {letter.id: Replayed.SENT}
                await settled(new)
                assert seen == [Seen(Later(7), False, TopicId("t", "k"), None)]
                assert await queue.letters() == []


@pytest.mark.parametrize("kind", [b"Q", b"n", b"e"])
async def test_a_letter_as_it_was(namespace: Namespace, kind: bytes) -> None:
    """A request comes as one, a copy as one, from whom it was."""
    seen: list[Seen] = []
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as worker:
            await Curious.register(worker, "curious", lambda: Curious(seen))
            entry = await bury(namespace, kind)
            async with queue_of(namespace) as queue:
                [letter] = await queue.letters()
                topic = TopicId("t", "k") if kind == b"e" else None
                assert letter == QueuedDeadLetter(
                    entry,
                    "worker lost",
                    datetime(2026, 9, 21, 14, 13, 20, 123000, UTC),
                    AgentId("curious", "k"),
                    kind != b"e",
                    1 if kind == b"Q" else 6,
                    AgentId("asker", "a"),
                    topic,
                    "message 1",
                    TYPE_NAME,
                    "application/json",
                    b'{"number": 1}',
                )
                assert await queue.replay(entry) == {entry: Replayed.SENT}
                await settled(worker)
                assert seen == [
                    Seen(Add(1), topic is None, topic, AgentId("asker", "a"))
                ]
                assert await queue.letters() == []
                assert await queue.replay(entry) == {entry: Replayed.GONE}


async def test_a_request_that_fails_again(
    namespace: Namespace, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a dead letter once more, and the error is in the log."""
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as worker:
            await Curious.register(worker, "curious", lambda: Curious([]))
            entry = await bury(namespace, b"Q", number=-5)
            async with queue_of(namespace) as queue:
                with caplog.at_level(logging.ERROR):
                    assert await queue.replay(entry) == {entry: Replayed.SENT}
                    await until(queue.count)
                [letter] = await queue.letters()
                assert letter.id != entry
                assert letter.reason == "failed when it was replayed"
                assert letter.message_id == "message -5"
                assert letter.attempts == 0
                [record] = [one for one in caplog.records if one.exc_info]
                assert "curious/k failed again" in record.getMessage()
                assert isinstance(record.exc_info[1], ValueError)  # type: ignore[index]


async def test_a_type_that_nobody_hosts(namespace: Namespace) -> None:
    """The letter stays where it is, until there is somebody."""
    seen: list[Seen] = []
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as worker:
            entry = await bury(namespace, b"e")
            async with queue_of(namespace) as queue:
                [before] = await queue.letters()
                assert await queue.replay(entry) == {entry: Replayed.UNKNOWN_TYPE}
                assert await queue.letters() == [before]
                await Curious.register(worker, "curious", lambda: Curious(seen))
                assert await queue.replay(entry) == {entry: Replayed.SENT}
                await settled(worker)
                assert len(seen) == 1


async def test_a_type_with_instances_only(namespace: Namespace) -> None:
    """The letter is sent only to an instance that there is."""
    seen: list[Seen] = []
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as worker:
            one = AgentId("curious", "k")
            await Curious(seen).register_instance(worker, one)
            here = await bury(namespace, b"Q")
            nowhere = await bury(namespace, b"Q", "curious/other")
            async with queue_of(namespace) as queue:
                assert await queue.replay(nowhere, here) == {
                    nowhere: Replayed.UNKNOWN_TYPE,
                    here: Replayed.SENT,
                }
                await settled(worker)
                assert len(seen) == 1


async def test_a_type_that_is_given_up_while_a_letter_waits(
    namespace: Namespace,
) -> None:
    """What waits for another worker, in vain, is a dead letter again."""
    with anyio.fail_after(SECONDS):
        async with (
            namespace.runtime() as client,
            queue_of(namespace) as queue,
            anyio.create_task_group() as tasks,
        ):
            async with namespace.runtime() as worker:
                slow = Slow()
                await Slow.register(worker, "curious", lambda: slow)
                tasks.start_soon(client.send_message, Add(1), AgentId("curious", "k"))
                await slow.begun.wait()
                tasks.start_soon(worker.leave)
                await settled(worker)
                entry = await bury(namespace, b"Q")
                assert await queue.replay(entry) == {entry: Replayed.SENT}
                assert await queue.count() == 0
                slow.go_on.set()
            [letter] = await queue.letters()
            assert letter.reason == "unknown agent type"


async def test_a_full_inbox(namespace: Namespace) -> None:
    """The letter stays where it is."""
    with anyio.fail_after(SECONDS):
        async with namespace.runtime(inbox_capacity=2) as worker:
            slow = Slow()
            await Slow.register(worker, "curious", lambda: slow)
            ids = [await bury(namespace, b"e", number=i) for i in range(4)]
            async with queue_of(namespace) as queue:
                fates = [*(await queue.replay(*ids)).values()]
                sent = fates.count(Replayed.SENT)
                assert sent >= 2
                assert fates == [Replayed.SENT] * sent + [Replayed.FULL] * (4 - sent)
                assert fates[-1] is Replayed.FULL
                assert await queue.count() == 4 - sent
                await slow.begun.wait()
                slow.go_on.set()
                await settled(worker)
                rest = [one.id for one in await queue.letters()]
                assert set((await queue.replay(*rest)).values()) == {Replayed.SENT}


async def test_many_letters(namespace: Namespace) -> None:
    """They come in pages, and any number can be named at once."""
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as worker:
            await Adder.register(worker, "adder", Adder)
            ids = [await bury(namespace, b"Q", "adder/k") for _ in range(205)]
            async with queue_of(namespace) as queue:
                pages = [await queue.letters()]
                while pages[-1]:
                    pages.append(await queue.letters(after=pages[-1][-1].id))
                assert [len(page) for page in pages] == [100, 100, 5, 0]
                assert [one.id for page in pages for one in page] == ids
                assert [one.id for one in await queue.letters(limit=3)] == ids[:3]
                fates = await queue.replay(*ids[:150], ids[0])
                assert [*fates] == ids[:150]
                assert set(fates.values()) == {Replayed.SENT}
                assert await queue.remove(*ids) == 55
                assert await queue.remove(*ids[:2]) == 0
                await settled(worker)
                assert await worker.send_message(Add(0), ADDER) == Sum(150)


async def test_a_letter_that_cannot_be_read(namespace: Namespace) -> None:
    """All of it is the payload."""
    async with namespace.runtime():
        key = f"{{{namespace.name}}}:dead"
        words = ("*", "reason", "unknown version", "a", "curious/k")
        rest = ("h", "e dead 1 0 0", "d", b"\xc1", "at", 1)
        await namespace.execute("XADD", key, *words, *rest)
        async with queue_of(namespace) as queue:
            [letter] = await queue.letters()
    assert letter.payload == b"\xc1"
    assert letter.sender is None
    assert letter.topic_id is None
    assert letter.message_id == letter.type_name == letter.data_content_type == ""


async def test_a_lost_connection(namespace: Namespace) -> None:
    """Whatever was sent again is reported as that, and not sent twice."""
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as worker:
            await Adder.register(worker, "adder", Adder)
            ids = [await bury(namespace, b"Q", "adder/k") for _ in range(3)]
            async with queue_of(namespace) as queue:
                redis = queue._redis
                assert redis is not None
                link = redis.link
                assert link is not None
                answer = link._answer

                def lose(found: Any) -> None:
                    link._answer = answer  # type: ignore[method-assign]
                    link.give_up("the test cut it")

                link._answer = lose  # type: ignore[method-assign]
                assert await queue.replay(*ids) == dict.fromkeys(ids, Replayed.SENT)
                await settled(worker)
                assert await worker.send_message(Add(0), ADDER) == Sum(3)


async def test_bad_input(namespace: Namespace, server: RedisServer) -> None:
    """Each error names the value, and says what to do."""
    queue = queue_of(namespace)
    assert repr(queue).startswith(f"<DeadLetterQueue {{{namespace.name}}} at redis:")
    with pytest.raises(RuntimeError, match="async with queue"):
        await queue.letters()
    with pytest.raises(NamespaceUnknown, match=f"no namespace '{namespace.name}' at"):
        async with queue:
            pass
    with pytest.raises(NamespaceNameInvalid):
        DeadLetterQueue(server.url, namespace="{}")
    with pytest.raises(ValueError, match="no address of a Redis server"):
        DeadLetterQueue("nowhere", namespace="app")
    with pytest.raises(RedisUnreachable):
        async with DeadLetterQueue("redis://127.0.0.1:1", namespace="app"):
            pass
    async with namespace.runtime():
        pass
    async with queue:
        with pytest.raises(RuntimeError, match="already been entered"):
            await queue.__aenter__()
        for entry in ("", "7", "1-2-3", "-"):
            with pytest.raises(ValueError, match="no id of a dead letter"):
                await queue.replay("1-1", entry)
            with pytest.raises(ValueError, match="no id of a dead letter"):
                await queue.remove(entry)
        with pytest.raises(ValueError, match="no id of a dead letter"):
            await queue.letters(after="x")
        with pytest.raises(ValueError, match="limit=0"):
            await queue.letters(limit=0)
        assert await queue.replay() == {}
        assert await queue.remove() == 0
    key = f"{{{namespace.name}}}:ns"
    await namespace.execute("HSET", key, "version", VERSION + 1)
    with pytest.raises(NamespaceVersionUnknown, match=f"of version {VERSION + 1}"):
        async with queue:
            pass
    await namespace.execute("SET", key, "x")
    with pytest.raises(NamespaceKeyInTheWay, match="none of it"):
        async with queue:
            pass


async def test_cancelled_while_the_server_is_away(namespace: Namespace) -> None:
    """It leaves at once."""
    with RedisServer() as server:
        there = Namespace(server.url, namespace.name)
        async with there.runtime():
            pass
        async with queue_of(there) as queue:
            server.kill()
            for call in (queue.count, queue.letters, lambda: queue.replay("1-1")):
                with anyio.move_on_after(0.05) as scope:
                    await call()
                assert scope.cancelled_caught
