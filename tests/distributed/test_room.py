"""Publishers wait while there is no room in an inbox."""

from __future__ import annotations

import anyio
import pytest
from tests.runtime import kit
from tests.runtime.kit import start

from actrio import (
    CancellationToken,
    MessageContext,
    RoutedAgent,
    TypeSubscription,
    message_handler,
)
from actrio.identity import AgentId, TopicId

from .kit import Add, Namespace, cut, settled

pytestmark = pytest.mark.anyio

AGENT, TOPIC = AgentId("slow", "k"), TopicId("t", "k")


class Slow(RoutedAgent):
    """Handles one message after another, when it is let."""

    release: anyio.Event
    seen: list[int]

    def __init__(self) -> None:
        super().__init__("is slow")

    @message_handler
    async def on_number(self, message: Add, ctx: MessageContext) -> None:
        Slow.seen.append(message.number)
        await Slow.release.wait()


async def test_a_publisher_waits_until_there_is_room(namespace: Namespace) -> None:
    """One message is handled and one waits; the third is published when one is over."""
    Slow.release, Slow.seen = anyio.Event(), []
    async with namespace.pair() as (client, worker):
        await Slow.register(worker, "slow", Slow, inbox_capacity=1)
        await worker.add_subscription(TypeSubscription("t", "slow"))
        await client.publish_message(Add(1), TOPIC)
        await client.publish_message(Add(2), TOPIC)
        async with anyio.create_task_group() as tasks:
            call = start(tasks, client.publish_message, Add(3), TOPIC)
            await settled(client, worker)
            assert not call.done
            Slow.release.set()
        assert call.error is None
        await settled(client, worker)
    assert Slow.seen == [1, 2, 3]


async def test_a_token_lets_a_publisher_go(namespace: Namespace) -> None:
    """It waits for room no longer, and what nobody has begun with is withdrawn."""
    Slow.release, Slow.seen = anyio.Event(), []
    token = CancellationToken()
    with anyio.fail_after(5):
        await _let_go(namespace, token)
    assert Slow.seen == [1, 4]


async def _let_go(namespace: Namespace, token: CancellationToken) -> None:
    async with namespace.pair() as (client, worker):
        await Slow.register(worker, "slow", Slow, inbox_capacity=1)
        await worker.add_subscription(TypeSubscription("t", "slow"))

        async def publish(number: int) -> None:
            message = Add(number)
            await client.publish_message(message, TOPIC, cancellation_token=token)

        await publish(1)
        await publish(2)
        async with anyio.create_task_group() as tasks:
            call = start(tasks, publish, 3)
            await settled(client, worker)
            assert not call.done
            await cut(client)
            token.cancel()
            await kit.settled()
            assert call.done  # though the server has not heard of it
        assert call.error is None
        assert client._sender is not None
        while len(client._sender.withdrawing):  # noqa: ASYNC110 - nothing tells when
            await anyio.sleep(0.01)
        await settled(client, worker)
        assert Slow.seen == [1]
        Slow.release.set()
        await settled(client, worker)
        await client.publish_message(Add(4), TOPIC)
