"""Where AutoGen's documents and its package disagree: the rows that need a runtime.

Rows about agents, identities and subscriptions stand beside the tests of those; each
test is named by the row of the inventory that it pins.
"""

import asyncio

import anyio
import pytest

from actrio import (
    AgentId,
    CancellationToken,
    DefaultInterventionHandler,
    DropMessage,
    InterventionHandler,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    TypeSubscription,
    message_handler,
)
from actrio.exceptions import MessageDroppedException, RequestCancelled

pytestmark = pytest.mark.anyio
WORKER = AgentId("worker", "default")


class Worker(RoutedAgent):
    """Answers texts, and works for as long as a number says."""

    done: list[object] = []  # noqa: RUF012 - emptied by each test

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> str:
        self.done.append(message)
        return message.upper()

    @message_handler
    async def on_work(self, message: float, ctx: MessageContext) -> str:
        await anyio.sleep(message)
        self.done.append(message)
        return "worked"


@pytest.fixture(autouse=True)
def _empty() -> None:
    Worker.done.clear()


async def test_row_01_a_token_cancels_itself_after_a_time() -> None:
    """``token.cancel_after(seconds)`` withdraws what runs under the token."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Worker.register(runtime, "worker", Worker)
        token = CancellationToken()
        token.cancel_after(10.0)
        with pytest.raises(RequestCancelled):
            await runtime.send_message(100.0, WORKER, cancellation_token=token)
    assert Worker.done == []


async def test_row_02_is_cancelled_is_an_attribute_and_a_method() -> None:
    """Both documented spellings say the same, before and after."""
    token = CancellationToken()
    assert not token.is_cancelled
    assert not token.is_cancelled()
    token.cancel()
    assert token.is_cancelled
    assert token.is_cancelled()
    assert token.is_cancelled == True  # noqa: E712 - this is what is tested


async def test_row_03_a_withdrawn_request_is_an_asyncio_cancelled_error() -> None:
    """AutoGen's ``except asyncio.CancelledError`` catches it, on every host."""
    caught: list[BaseException] = []
    async with SingleThreadedAgentRuntime() as runtime:
        await Worker.register(runtime, "worker", Worker)
        token = CancellationToken()

        async def ask() -> None:
            try:
                await runtime.send_message(100.0, WORKER, cancellation_token=token)
            except asyncio.CancelledError as exc:
                caught.append(exc)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.sleep(5)
            token.cancel()
    assert [type(exc) for exc in caught] == [RequestCancelled]


async def test_row_12_an_intervention_may_take_the_context_by_position() -> None:
    """``on_send(self, message, ctx)`` is called as it is written."""

    class Approval(InterventionHandler):
        async def on_send(self, message: str, ctx: MessageContext) -> str:  # type: ignore[override]  # as documented
            assert ctx.is_rpc
            return f"approved {message}"

    runtime = SingleThreadedAgentRuntime(intervention_handlers=[Approval()])
    async with runtime:
        await Worker.register(runtime, "worker", Worker)
        assert await runtime.send_message("this", WORKER) == "APPROVED THIS"


@pytest.mark.parametrize("how", ["class", "instance", "raised"])
async def test_row_14_drop_message_is_returned_or_raised(how: str) -> None:
    """All three documented ways to drop a message mean the same."""

    class Dropper(DefaultInterventionHandler):
        async def on_send(self, message: object, **details: object) -> object:
            if how == "raised":
                raise DropMessage("not today")
            return DropMessage if how == "class" else DropMessage("not today")

    runtime = SingleThreadedAgentRuntime(intervention_handlers=[Dropper()])
    async with runtime:
        await Worker.register(runtime, "worker", Worker)
        with pytest.raises(MessageDroppedException) as caught:
            await runtime.send_message("this", WORKER)
    assert caught.value.reason == ("" if how == "class" else "not today")
    assert Worker.done == []


async def test_row_29_stop_lets_running_handlers_finish() -> None:
    """``stop()`` is graceful: who runs may finish, and its sender is answered."""
    answers: list[object] = []
    runtime = SingleThreadedAgentRuntime(grace=5)
    await Worker.register(runtime, "worker", Worker)
    runtime.start()

    async def ask() -> None:
        answers.append(await runtime.send_message(2.0, WORKER))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.sleep(1)
        await runtime.stop()
    assert answers == ["worked"]


async def test_row_35_no_sleep_is_needed_before_stop_when_idle() -> None:
    """Everything published before is handled, however slow its handlers are."""
    runtime = SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", Worker)
    await runtime.add_subscription(TypeSubscription("work", "worker"))
    runtime.start()
    for number in range(3):
        await runtime.publish_message(float(number), TopicId("work", "default"))
    await runtime.stop_when_idle()
    assert Worker.done == [0.0, 1.0, 2.0]
