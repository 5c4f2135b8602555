"""Connections that are lost just when it matters."""

from __future__ import annotations

import anyio
import pytest
from tests.runtime.kit import start

from actrio import MessageContext, TopicId, TypeSubscription
from actrio._redis import Script
from actrio.distributed import _scripts as scripts
from actrio.testing import RedisServer

from .kit import Ask, answer, echo, opened, register, until
from .wire import Wire

pytestmark = pytest.mark.anyio


async def test_what_is_shown_right_after_the_inbox_was_read(
    server: RedisServer, namespace: str
) -> None:
    """Is taken, though it comes with the inbox in one piece."""
    async with (
        Wire.open(server) as wire,
        opened(wire.url, namespace) as worker,
        opened(server.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(worker, "a", echo)
        assert await client.send_message(Ask("1"), agent) == Ask("1")
        wire.hold_at(scripts.RESUME)
        await wire.cut()
        await wire.wait_held()
        call = start(tasks, client.send_message, Ask("2"), agent)
        inbox = f"{{{namespace}}}:w:{worker.health().worker}:i"
        await until(lambda: server.command("XLEN", inbox) == ":1\r\n")
        await wire.release()
        assert await answer(call) == Ask("2")


@pytest.mark.parametrize(
    "step", [scripts.RENEW, scripts.RESUME], ids=["renew", "resume"]
)
async def test_a_request_that_is_made_while_the_client_comes_back(
    server: RedisServer, namespace: str, step: Script
) -> None:
    """Does not make the one be forgotten that was lost with the connection."""
    async with (
        Wire.open(server) as wire,
        opened(server.url, namespace) as worker,
        opened(wire.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(worker, "a", echo)
        assert await client.send_message(Ask("1"), agent) == Ask("1")
        wire.hold_at(step)
        wire.lose(scripts.SEND)
        first = start(tasks, client.send_message, Ask("2"), agent)
        await wire.wait_held()
        second = start(tasks, client.send_message, Ask("3"), agent)
        await anyio.sleep(0.05)
        await wire.release()
        assert await answer(first) == Ask("2")
        assert await answer(second) == Ask("3")


async def test_a_publish_that_came_too_late_for_its_subscriptions(
    server: RedisServer, namespace: str
) -> None:
    """Is sent anew, though the news of that is lost with the connection."""
    heard: list[str] = []

    async def hear(what: str, ctx: MessageContext) -> None:
        heard.append(what)

    async with (
        Wire.open(server) as wire,
        opened(server.url, namespace) as worker,
        opened(wire.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        await register(worker, "a", hear)
        await worker.add_subscription(TypeSubscription("t", "a"))
        await client.publish_message(Ask("1"), TopicId("t", "k"))
        await worker.add_subscription(TypeSubscription("u", "a"))
        wire.hold_at(scripts.SEND)
        call = start(tasks, client.publish_message, Ask("2"), TopicId("t", "k"))
        await wire.wait_held()
        await anyio.sleep(0.02)
        await wire.cut()
        await answer(call)
        with anyio.move_on_after(2):
            await until(lambda: len(heard) == 2)
        assert heard == ["1", "2"]
        assert client._sender is not None
        client._sender.flush()
        key = f"{{{namespace}}}:c:{client._sender.client}"
        await until(lambda: server.command("HLEN", key) == ":1\r\n")


async def test_an_answer_that_is_lost_with_the_connection(
    server: RedisServer, namespace: str
) -> None:
    """Was kept: it comes again, and the handler does not run again."""
    runs: list[str] = []

    async def count(what: str, ctx: MessageContext) -> Ask:
        runs.append(what)
        return Ask(what)

    async with (
        Wire.open(server) as wire,
        opened(server.url, namespace) as worker,
        opened(wire.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(worker, "a", count)
        wire.hold_at(scripts.SEND)
        call = start(tasks, client.send_message, Ask("1"), agent)
        await wire.wait_held()
        await until(lambda: worker.health().handled)
        await anyio.sleep(0.02)
        await wire.cut()
        assert await answer(call) == Ask("1")
        assert await client.send_message(Ask("2"), agent) == Ask("2")
        assert runs == ["1", "2"]


async def test_a_publish_whose_confirmation_is_lost(
    server: RedisServer, namespace: str
) -> None:
    """Is confirmed when it is sent again, and not delivered again."""
    heard: list[str] = []

    async def hear(what: str, ctx: MessageContext) -> None:
        heard.append(what)

    async with (
        Wire.open(server) as wire,
        opened(server.url, namespace) as worker,
        opened(wire.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(worker, "a", hear)
        await worker.add_subscription(TypeSubscription("t", "a"))
        await client.publish_message(Ask("1"), TopicId("t", "k"))
        wire.hold_at(scripts.SEND)
        call = start(tasks, client.publish_message, Ask("2"), TopicId("t", "k"))
        await wire.wait_held()
        await until(lambda: len(heard) == 2)
        await wire.cut()
        await answer(call)
        await client.send_message(Ask("3"), agent)
        assert heard == ["1", "2", "3"]


async def test_a_handler_whose_end_is_lost_with_the_connection(
    server: RedisServer, namespace: str
) -> None:
    """Does not run again: the end is told again."""
    runs: list[str] = []

    async def count(what: str, ctx: MessageContext) -> Ask:
        runs.append(what)
        return Ask(what)

    async with (
        Wire.open(server) as wire,
        opened(wire.url, namespace) as worker,
        opened(server.url, namespace) as client,
    ):
        agent = await register(worker, "a", count)
        for what in "123":
            wire.lose(scripts.DONE)
            with anyio.fail_after(5):
                assert await client.send_message(Ask(what), agent) == Ask(what)
        assert wire.lost == 3
        assert runs == ["1", "2", "3"]
