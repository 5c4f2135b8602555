"""One conversation over several processes is one trace."""

from __future__ import annotations

import json
from collections.abc import Sequence

import anyio
import pytest
from tests.distributed.chaos.workers import Process
from tests.distributed.kit import Add, Sum
from tests.distributed.traced import Passing, Recorded

from actrio import AgentId, TopicId, TypeSubscription
from actrio.distributed import RedisAgentRuntime

from .kit import Namespace

pytestmark = pytest.mark.anyio

FIRST, SECOND = AgentId("first", "k"), AgentId("second", "k")
SECONDS = 20

CONVERSATION = {
    "user": None,
    "autogen create first.(k)-A": "user",
    "autogen send first.(k)-A": "autogen create first.(k)-A",
    "autogen process first.(k)-A": "autogen create first.(k)-A",
    "autogen create second.(k)-A": "autogen process first.(k)-A",
    "autogen send second.(k)-A": "autogen create second.(k)-A",
    "autogen process second.(k)-A": "autogen create second.(k)-A",
    "autogen ack first.(k)-A": "autogen create second.(k)-A",
    "autogen ack": "autogen create first.(k)-A",
    "autogen create t.(k)-T": "user",
    "autogen publish t.(k)-T": "autogen create t.(k)-T",
    "autogen process told.(k)-A": "autogen create t.(k)-T",
}
"""Which span has which parent: as in one process."""


def tree(spans: Sequence[Sequence[object]]) -> dict[object, object]:
    """Return which span has which parent, by their names; all in one trace."""
    assert len({trace for _, trace, _, _ in spans}) == 1
    names = {span: name for name, _, span, _ in spans}
    return {name: names.get(parent, parent) for name, _, _, parent in spans}


def opened(namespace: Namespace, recorded: Recorded) -> RedisAgentRuntime:
    """Return a runtime whose spans are recorded."""
    return namespace.runtime(messages=[Sum], tracer_provider=recorded.provider)


async def converse(client: RedisAgentRuntime, recorded: Recorded) -> None:
    """Ask and publish, within one span."""
    with recorded.provider.get_tracer("test").start_as_current_span("user"):
        assert await client.send_message(Add(7), FIRST) == Sum(7)
        await client.publish_message(Add(7), TopicId("t", "k"))


async def test_a_conversation_of_three_runtimes_is_one_trace(
    namespace: Namespace,
) -> None:
    """The span of the sender is the parent of the handler's, however deep they are."""
    all_of_them = [Recorded() for _ in range(3)]
    first, second, third = (opened(namespace, recorded) for recorded in all_of_them)
    with anyio.fail_after(SECONDS):
        async with first as client, second, third:
            await Passing.register(second, "first", lambda: Passing(SECOND))
            await Passing.register(third, "second", Passing)
            await Passing.register(third, "told", Passing)
            await third.add_subscription(TypeSubscription("t", "told"))
            await converse(client, all_of_them[0])
    spans = [span for recorded in all_of_them for span in recorded.spans()]
    assert tree(spans) == CONVERSATION
    names = [{str(name) for name, *_ in recorded.spans()} for recorded in all_of_them]
    assert "autogen process first.(k)-A" in names[1]
    assert "autogen process second.(k)-A" in names[2]


@pytest.mark.slow
@pytest.mark.parametrize("host", ["trio", "asyncio"])
async def test_a_conversation_with_a_process_is_one_trace(
    namespace: Namespace, host: str
) -> None:
    """Which asks back, on whichever host either of them runs."""
    recorded = Recorded()
    process = Process("tests.distributed.traced", host, namespace.url, namespace.name)
    try:
        await process.wait_ready()
        with anyio.fail_after(SECONDS):
            async with opened(namespace, recorded) as client:
                await Passing.register(client, "second", Passing)
                await converse(client, recorded)
        theirs = [json.loads(line) for line in await process.leave()]
    finally:
        process.kill()
    assert tree([*recorded.spans(), *theirs]) == CONVERSATION
