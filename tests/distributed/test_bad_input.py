"""What users and other processes may do wrong, and the error that each of it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgpack
import pytest

from actrio import MessageContext, RoutedAgent, TypeSubscription, message_handler
from actrio.distributed import RedisAgentRuntime
from actrio.distributed._transport import Publishing
from actrio.distributed._wire import VERSION
from actrio.exceptions import (
    NamespaceKeyInTheWay,
    NamespaceVersionUnknown,
    NotAccessibleError,
    PayloadTooLarge,
    RecipientNotFound,
    RedisUnreachable,
    SerializationError,
    StaleFence,
    SubscriptionNotFound,
    WorkerIdentityTaken,
)
from actrio.identity import AgentId, TopicId
from actrio.testing._redis_server import free_port

from .kit import ADDER, Add, Adder, Namespace, Sum, settled

pytestmark = pytest.mark.anyio


class Unwritable:
    """Nothing says how this could be written."""


@dataclass
class Unknown:
    """A class that the receiver does not know."""


class Odd(RoutedAgent):
    """Answers with what cannot be an answer."""

    def __init__(self) -> None:
        super().__init__("is odd")

    @message_handler
    async def on_number(self, message: Add, ctx: MessageContext) -> Any:
        if message.number < 0:
            return Unwritable()
        return "x" * message.number


async def test_no_server(namespace: Namespace) -> None:
    """Opening says which address, and nothing is left open."""
    runtime = RedisAgentRuntime(f"redis://127.0.0.1:{free_port()}", namespace="n")
    with pytest.raises(RedisUnreachable, match=r"127\.0\.0\.1"):
        async with runtime:
            raise AssertionError
    assert runtime.health().worker == ""


async def test_two_runtimes_of_one_name(namespace: Namespace) -> None:
    """The second is refused as long as the first is open, and not any longer."""
    async with namespace.runtime(name="w1"):
        with pytest.raises(WorkerIdentityTaken, match="'w1'"):
            async with namespace.runtime(name="w1"):
                raise AssertionError
    async with namespace.runtime(name="w1") as runtime:
        assert runtime.health().worker.startswith("w1-")


async def test_a_runtime_that_is_opened_twice(namespace: Namespace) -> None:
    """The second block says so, and the first goes on."""
    async with namespace.runtime() as runtime:
        with pytest.raises(RuntimeError, match="already been entered"):
            async with runtime:
                raise AssertionError
        assert runtime.health().is_connected


async def test_a_namespace_of_another_version(namespace: Namespace) -> None:
    """Opening names both versions."""
    await namespace.execute("HSET", f"{{{namespace.name}}}:ns", "version", "99")
    with pytest.raises(NamespaceVersionUnknown, match=r"99.*version 1"):
        async with namespace.runtime():
            raise AssertionError


async def test_a_key_in_the_way(namespace: Namespace) -> None:
    """Opening names the key."""
    await namespace.execute("SET", f"{{{namespace.name}}}:ns", "mine")
    with pytest.raises(NamespaceKeyInTheWay, match=f"{namespace.name}.*ns"):
        async with namespace.runtime():
            raise AssertionError


async def test_what_is_too_large(namespace: Namespace) -> None:
    """A message is refused where it is sent, a response where it is made."""
    async with namespace.pair(payload_limit=50) as (client, worker):
        await Odd.register(worker, "odd", Odd)
        with pytest.raises(PayloadTooLarge, match="payload_limit is 50") as caught:
            await client.send_message("x" * 100, ADDER)
        assert (caught.value.size, caught.value.limit) == (102, 50)
        with pytest.raises(PayloadTooLarge):
            await client.send_message(Add(100), AgentId("odd", "k"))
        assert await client.send_message(Add(1), ADDER) == Sum(1)


async def test_what_cannot_be_written(namespace: Namespace) -> None:
    """The error names the class; of a response too."""
    async with namespace.pair() as (client, worker):
        await Odd.register(worker, "odd", Odd)
        with pytest.raises(SerializationError, match="Unwritable"):
            await client.send_message(Unwritable(), ADDER)
        with pytest.raises(SerializationError, match="Unwritable"):
            await client.send_message(Add(-1), AgentId("odd", "k"))
        assert await client.send_message(Add(1), ADDER) == Sum(1)


async def test_a_class_that_is_unknown_there(namespace: Namespace) -> None:
    """The sender is told, with the remedy; what is published is a dead letter."""
    async with namespace.pair() as (client, worker):
        with pytest.raises(SerializationError, match=r"Unknown.*messages=\[\.\.\.\]"):
            await client.send_message(Unknown(), ADDER)
        await worker.add_subscription(TypeSubscription("t", "adder"))
        await client.publish_message(Unknown(), TopicId("t", "k"))
        await settled(client, worker)
        [(_, fields)] = await _dead(namespace)
        assert fields[b"reason"] == b"unreadable"


async def test_a_class_that_is_unknown_here(namespace: Namespace) -> None:
    """The one who asked is told how to name the class of the response."""
    async with namespace.pair(messages=[]) as (client, _):
        with pytest.raises(SerializationError, match=r"Sum.*messages=\[\.\.\.\]"):
            await client.send_message(Add(1), ADDER)


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1",
        msgpack.packb([VERSION + 1, "later"]),
        msgpack.packb([VERSION, "t", "c", b"", None, ["only one"], "id", None, None]),
        msgpack.packb([VERSION, 1, "c", b"", None, ["t", "k"], "id", None, None]),
    ],
    ids=["no-message", "later-version", "no-topic", "no-name"],
)
async def test_a_message_of_another_version(namespace: Namespace, data: bytes) -> None:
    """It is a dead letter, and the worker goes on."""
    async with namespace.pair() as (client, worker):
        assert await client.send_message(Add(1), ADDER) == Sum(1)
        sender, transport = client._sender, client._transport
        assert sender is not None
        assert transport is not None
        await worker.add_subscription(TypeSubscription("t", "adder"))
        await client.publish_message(Add(1), TopicId("t", "k"))  # learns the topics
        version = transport._topics.version
        sender.post(Publishing(transport, ["adder/k"], data, version))
        await settled(client, worker)
        assert await client.send_message(Add(1), ADDER) == Sum(3)
        [(_, fields)] = await _dead(namespace)
        assert fields[b"reason"] == b"unknown version"
        assert fields[b"d"] == data


async def test_an_agent_that_lives_elsewhere(namespace: Namespace) -> None:
    """Only messages reach it; where it lives, so does everything else."""
    async with namespace.pair() as (client, worker):
        await Adder.register(client, "mine", Adder)
        assert await client.send_message(Add(1), ADDER) == Sum(1)
        async with namespace.runtime() as other:
            await Adder.register(other, "adder", Adder)
            with pytest.raises(NotAccessibleError, match=worker.health().worker):
                await other.agent_save_state(ADDER)
        assert await worker.agent_save_state(ADDER) == {"total": 1}
        await worker.agent_load_state(ADDER, {"total": 5})
        assert await client.send_message(Add(1), ADDER) == Sum(6)
        assert (await worker.agent_metadata(ADDER))["type"] == "adder"
        assert await worker.get("adder", "k", lazy=False) == ADDER
        agent = await worker.try_get_underlying_agent_instance(ADDER, Adder)
        assert agent.total == 6


async def test_a_save_by_an_activation_that_was_replaced(namespace: Namespace) -> None:
    """It is refused, and what was saved with the present token stays."""
    async with namespace.pair() as (client, worker):
        assert await client.send_message(Add(1), ADDER) == Sum(1)
        fence = int(
            await namespace.execute("HGET", f"{{{namespace.name}}}:a:{ADDER}", "f")
        )
        store = worker.state_store
        await store.save_fenced("paid", {"sum": 1}, agent=ADDER, fence=fence)
        with pytest.raises(StaleFence, match=str(ADDER)):
            await store.save_fenced("paid", {"sum": 2}, agent=ADDER, fence=fence - 1)
        stored = await store.load("paid")
        assert stored is not None
        assert stored.state == {"sum": 1}
        with pytest.raises(RuntimeError, match="as long as its runtime"):
            async with store:
                raise AssertionError


async def test_subscriptions_hold_for_the_namespace(namespace: Namespace) -> None:
    """One process adds and another removes them; what is not there is an error."""
    async with namespace.pair() as (client, worker):
        await client.add_subscription(TypeSubscription("t", "adder", id="s"))
        await worker.publish_message(Add(2), TopicId("t", "k"))
        await settled(client, worker)
        assert await client.send_message(Add(0), ADDER) == Sum(2)
        await worker.remove_subscription("s")
        with pytest.raises(SubscriptionNotFound):
            await worker.remove_subscription("s")
        await client.publish_message(Add(2), TopicId("t", "k"))
        await settled(client, worker)
        assert await client.send_message(Add(0), ADDER) == Sum(2)


async def test_a_type_that_is_hosted_no_longer(namespace: Namespace) -> None:
    """The last worker that leaves takes it along; sending from there goes on."""
    async with namespace.pair() as (client, worker):
        assert await client.send_message(Add(1), ADDER) == Sum(1)
        await Adder.register(client, "other", Adder)
        await worker.leave()
        with pytest.raises(RecipientNotFound, match="no worker hosts"):
            await client.send_message(Add(1), ADDER)


async def test_an_instance_lives_in_one_process(namespace: Namespace) -> None:
    """A second one of its id is refused as long as the first is there."""
    async with namespace.pair() as (client, worker):
        one = AgentId("single", "k")
        await Adder().register_instance(worker, one)
        with pytest.raises(ValueError, match="another process"):
            await Adder().register_instance(client, one)
        assert await client.send_message(Add(3), one) == Sum(3)


async def _dead(namespace: Namespace) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the dead letters."""
    found = await namespace.execute("XRANGE", f"{{{namespace.name}}}:dead", "-", "+")
    letters = []
    for entry, flat in found:
        rest = iter(flat)
        letters.append((entry, dict(zip(rest, rest, strict=True))))
    return letters
