"""What was published with a token is withdrawn as long as no handler has begun with it."""

from __future__ import annotations

import anyio
import pytest

from actrio import (
    AgentId,
    CancellationToken,
    MessageContext,
    RoutedAgent,
    TopicId,
    TypeSubscription,
    message_handler,
)
from actrio.distributed import RedisAgentRuntime, _withdrawing
from actrio.runtime import DeadLetterReason

from .kit import Add, Adder, Namespace, cut, settled

pytestmark = pytest.mark.anyio

TOPIC = TopicId("t", "k")
SECONDS = 10


class Slow(RoutedAgent):
    """Takes its time, and notes what it has begun with and whether that was withdrawn."""

    def __init__(self, gate: anyio.Event, log: list[tuple[int, bool]]) -> None:
        super().__init__("is slow")
        self._gate = gate
        self._log = log

    @message_handler
    async def on_add(self, message: Add, ctx: MessageContext) -> None:
        await self._gate.wait()
        token = ctx.cancellation_token
        self._log.append((message.number, bool(token.is_cancelled)))


async def slow(
    worker: RedisAgentRuntime, *types: str
) -> tuple[anyio.Event, list[tuple[int, bool]]]:
    """Register types whose agents are slow, until an event, and get what is published."""
    gate, log = anyio.Event(), list[tuple[int, bool]]()
    for name in types:
        await Slow.register(worker, name, lambda: Slow(gate, log))
        await worker.add_subscription(TypeSubscription("t", name))
    return gate, log


async def test_copies_in_another_process_are_withdrawn(namespace: Namespace) -> None:
    """Of all agents, and no others; who has begun sees its own token, and goes on."""
    token = CancellationToken()
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as client, namespace.runtime() as worker:
            gate, log = await slow(worker, "a", "b")
            for number in range(4):
                with_token = token if number in (0, 2) else None
                await client.publish_message(
                    Add(number), TOPIC, cancellation_token=with_token
                )
            await settled(client, worker)
            token.cancel()
            await settled(client, worker)
            gate.set()
            await worker.stop_when_idle()
            assert sorted(log) == [(n, n == 0) for n in (0, 0, 1, 1, 3, 3)]
            assert worker.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 2}
            assert not await namespace.execute("XLEN", f"{{{namespace.name}}}:dead")


async def test_a_copy_that_is_held_for_a_type_is_withdrawn(
    namespace: Namespace,
) -> None:
    """Whose workers are all lost; the next worker finds only what is wanted."""
    token = CancellationToken()
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as client:
            await namespace.execute("HSET", f"{{{namespace.name}}}:t:adder", "-", 0)
            await client.add_subscription(TypeSubscription("t", "adder"))
            await client.publish_message(Add(1), TOPIC, cancellation_token=token)
            assert {"h:adder/k", "held:adder"} <= await namespace.keys()
            token.cancel()
            await settled(client)
            assert not {"h:adder/k", "held:adder"} & await namespace.keys()
            await client.publish_message(Add(2), TOPIC)
            await Adder.register(client, "adder", Adder)
            answer = await client.send_message(Add(3), AgentId("adder", "k"))
            assert answer.total == 5


async def test_a_token_that_is_cancelled_while_there_is_no_connection(
    namespace: Namespace,
) -> None:
    """It is heard when there is one again."""
    token = CancellationToken()
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as client, namespace.runtime() as worker:
            gate, log = await slow(worker, "a")
            await client.publish_message(Add(0), TOPIC)
            await client.publish_message(Add(1), TOPIC, cancellation_token=token)
            await settled(client, worker)
            await cut(client)
            token.cancel()
            assert client._sender is not None
            withdrawing = client._sender.withdrawing
            while len(withdrawing):  # noqa: ASYNC110 - nothing tells when
                await anyio.sleep(0.01)
            await settled(client, worker)
            gate.set()
            await worker.stop_when_idle()
            assert log == [(0, False)]


async def test_a_token_of_a_long_conversation_keeps_the_newest_ones(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of those is left in the end, nor in the worker."""
    monkeypatch.setattr(_withdrawing, "_REMEMBERED", 3)
    token = CancellationToken()
    with anyio.fail_after(SECONDS):
        async with namespace.runtime() as client, namespace.runtime() as worker:
            await Adder.register(worker, "adder", Adder)
            await worker.add_subscription(TypeSubscription("t", "adder"))
            for number in range(9):
                await client.publish_message(
                    Add(number), TOPIC, cancellation_token=token
                )
            await settled(client, worker)
            assert len(token._listeners or ()) == 3
            assert worker._member is not None
            assert worker._member.worker is not None
            assert not worker._member.worker._copies
        assert not token._listeners
