"""The runtime with the habits that AgentChat is built on."""

import inspect

import anyio
import pytest

import actrio
from actrio import (
    AgentId,
    CancellationToken,
    DefaultTopicId,
    MessageContext,
    RoutedAgent,
    default_subscription,
    message_handler,
)
from actrio.autogen._interleaved import SingleThreadedAgentRuntime

pytestmark = pytest.mark.anyio


@default_subscription
class Counter(RoutedAgent):
    """Counts how many of its handlers run."""

    def __init__(self) -> None:
        super().__init__("counts")
        self.running = 0
        self.most = 0

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        await anyio.sleep(1)
        self.running -= 1


async def test_an_agent_handles_all_messages_at_once() -> None:
    """Unless told otherwise."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Counter.register(runtime, "counter", Counter)
        for _ in range(5):
            await runtime.publish_message("a", DefaultTopicId())
        counter = await runtime.try_get_underlying_agent_instance(
            AgentId("counter", "default"), Counter
        )
    assert counter.most == 5


async def test_a_token_withdraws_nothing_that_was_published() -> None:
    """The plain runtime withdraws what no handler has begun with."""
    counts = []
    for kind in (SingleThreadedAgentRuntime, actrio.SingleThreadedAgentRuntime):
        token = CancellationToken()
        async with kind() as runtime:
            await Counter.register(runtime, "counter", Counter)
            await runtime.publish_message(
                "a", DefaultTopicId(), cancellation_token=token
            )
            token.cancel()
            counter = await runtime.try_get_underlying_agent_instance(
                AgentId("counter", "default"), Counter
            )
            await anyio.sleep(5)
        counts.append(counter.most)
    assert counts == [1, 0]


def test_the_settings_are_those_of_the_runtime() -> None:
    """One default differs, and nothing is missing."""
    ours = inspect.signature(SingleThreadedAgentRuntime).parameters
    base = inspect.signature(actrio.SingleThreadedAgentRuntime).parameters
    assert list(ours) == list(base)
    differing = [name for name in ours if ours[name].default != base[name].default]
    assert differing == ["max_concurrency"]
