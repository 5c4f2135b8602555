"""The supervisor: runs that end in unusual ways."""

import asyncio

import anyio
import pytest

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    TypeSubscription,
    message_handler,
)
from actrio.exceptions import RuntimeStoppedError

ECHO = AgentId("echo", "1")


class Echo(RoutedAgent):
    """Answers, fails, or takes its time to close."""

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> str:
        if message == "fail":
            raise ZeroDivisionError(message)
        return message

    async def close(self) -> None:
        await anyio.sleep(1)


def test_a_runtime_whose_loop_ended_under_it_starts_again() -> None:
    """``asyncio.run`` may end before the supervisor's task has run at all."""
    runtime = SingleThreadedAgentRuntime()

    async def only_start() -> None:
        await Echo.register(runtime, "echo", Echo)
        runtime.start()

    async def use() -> object:
        runtime.start()
        answer = await runtime.send_message("again", ECHO)
        await runtime.stop()
        return answer

    asyncio.run(only_start())
    assert asyncio.run(use()) == "again"


@pytest.mark.anyio
async def test_a_failure_that_nobody_took_stops_the_next_start() -> None:
    """It is not lost: the start refuses, and stop() raises it."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    await Echo.register(runtime, "echo", Echo)
    await runtime.add_subscription(TypeSubscription("t", "echo"))
    runtime.start()
    await runtime.publish_message("fail", TopicId("t", "1"))
    await anyio.sleep(10)
    with pytest.raises(RuntimeStoppedError) as refused:
        await runtime.send_message("x", ECHO)
    assert isinstance(refused.value.__cause__, ZeroDivisionError)
    with pytest.raises(RuntimeError, match=r"await stop\(\), which raises it"):
        runtime.start()
    with pytest.raises(ZeroDivisionError):
        await runtime.stop()
    runtime.start()
    assert await runtime.send_message("x", ECHO) == "x"
    await runtime.close()


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
@pytest.mark.anyio
async def test_a_native_cancellation_while_closing_closes_the_other_agents() -> None:
    """asyncio's own cancel knows no shield: it ends one close, and is raised last."""
    closed: list[str] = []

    class Slow(Echo):
        async def close(self) -> None:
            await super().close()
            closed.append(self.id.key)

    runtime = SingleThreadedAgentRuntime()
    await Slow.register(runtime, "echo", Slow)
    for key in "abc":
        await runtime.get(AgentId("echo", key), lazy=False)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(1.5, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await runtime.close()
    task.uncancel()
    assert closed == ["a", "c"]
