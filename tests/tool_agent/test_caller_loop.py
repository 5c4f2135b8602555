"""Between a model that asks for tools and the agent that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import anyio
import pytest

from actrio import (
    AgentId,
    CancellationToken,
    FunctionCall,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.exceptions import RecipientNotFound, RequestCancelled
from actrio.models import (
    AssistantMessage,
    CreateResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    UserMessage,
)
from actrio.testing import CancelPoint, ReplayChatCompletionClient, sweep
from actrio.tool_agent import tool_agent_caller_loop

from .kit import TOOLS, Bench, asking, call, serving

pytestmark = pytest.mark.anyio

QUESTION: list[LLMMessage] = [UserMessage(content="Well?", source="user")]


async def loop(
    runtime: Any,
    client: ReplayChatCompletionClient,
    bench: Bench,
    *,
    recipient: AgentId = TOOLS,
    token: CancellationToken | None = None,
) -> list[LLMMessage]:
    return await tool_agent_caller_loop(
        runtime, recipient, client, QUESTION, bench.tools(), token
    )


def results(message: LLMMessage) -> list[tuple[str, str, bool | None]]:
    assert isinstance(message, FunctionExecutionResultMessage)
    return [(one.call_id, one.content, one.is_error) for one in message.content]


async def test_a_model_that_answers_at_once_needs_no_tool() -> None:
    """Its answer is all; the conversation is not changed."""
    bench = Bench()
    async with serving(bench.tools()) as runtime:
        found = await loop(runtime, ReplayChatCompletionClient(["Well."]), bench)
    assert found == [AssistantMessage(content="Well.", source="assistant")]
    assert len(QUESTION) == 1


async def test_results_stand_in_the_order_of_the_calls() -> None:
    """Whichever tool is done first; the model is asked until it answers."""
    bench = Bench()
    first = [
        call("wait", '{"seconds": 3, "name": "slow"}', "a"),
        call("wait", '{"seconds": 1, "name": "quick"}', "b"),
    ]
    seen: list[int] = []
    times: list[float] = []

    def ask_again(messages: Sequence[LLMMessage]) -> CreateResult:
        # before the tool that runs in a thread, for which virtual time does not wait
        times.append(anyio.current_time())
        return asking(call("block", '{"text": "x"}', "c"))

    def answer(messages: Sequence[LLMMessage]) -> str:
        seen.append(len(messages))
        return "Well."

    client = ReplayChatCompletionClient([asking(*first), ask_again, answer])
    async with serving(bench.tools()) as runtime:
        began = anyio.current_time()
        found = await loop(runtime, client, bench)
        assert times == [pytest.approx(began + 3)]
    assert results(found[1]) == [("a", "slow", False), ("b", "quick", False)]
    assert results(found[3]) == [("c", "X", False)]
    assert found[0] == AssistantMessage(content=first, source="assistant")
    assert found[4] == AssistantMessage(content="Well.", source="assistant")
    assert seen == [5]
    assert bench.log[:2] == ["slow begins", "quick begins"]


async def test_a_failing_call_is_a_result_and_the_others_go_on() -> None:
    """The model is told in words, and the loop goes on."""
    bench = Bench()
    client = ReplayChatCompletionClient(
        [
            asking(
                call("fail", '{"why": "broken"}', "a"),
                call("wait", '{"seconds": 2}', "b"),
                call("nope", "{}", "c"),
                call("block", "{", "d"),
                call("block", "{}", "e"),
            ),
            "Well.",
        ]
    )
    async with serving(bench.tools()) as runtime:
        found = await loop(runtime, client, bench)
    assert results(found[1]) == [
        ("a", "Error: broken", True),
        ("b", "wait", False),
        ("c", "Error: Tool not found: nope", True),
        ("d", "Error: Invalid arguments: {", True),
        ("e", "Error: Invalid arguments: text: Field required", True),
    ]
    assert bench.log == ["wait begins", "wait ends"]


@pytest.mark.parametrize("calls", [1, 2])
async def test_what_no_model_can_help_is_raised(calls: int) -> None:
    """When the other calls are done."""
    bench = Bench()
    asked = asking(*[call("block", id=str(index)) for index in range(calls)])
    client = ReplayChatCompletionClient([asked])
    async with serving(bench.tools()) as runtime:
        with pytest.raises(RecipientNotFound):
            await loop(runtime, client, bench, recipient=AgentId("nobody", "k"))


class Mute(RoutedAgent):
    @message_handler
    async def on_call(self, message: FunctionCall, ctx: MessageContext) -> None:
        pass


async def test_an_answer_that_is_no_result_is_an_error() -> None:
    """The recipient is no tool agent."""
    bench = Bench()
    async with SingleThreadedAgentRuntime() as runtime:
        await Mute.register(runtime, "mute", lambda: Mute("says nothing"))
        client = ReplayChatCompletionClient([asking(call("block"))])
        with pytest.raises(
            TypeError, match="must be a FunctionExecutionResult, not None"
        ):
            await loop(runtime, client, bench, recipient=AgentId("mute", "k"))


async def test_an_empty_list_of_calls_ends_the_loop() -> None:
    """There is nothing to tell the model."""
    bench = Bench()
    async with serving(bench.tools()) as runtime:
        found = await loop(runtime, ReplayChatCompletionClient([asking()]), bench)
    assert found == [AssistantMessage(content=[], source="assistant")]


@pytest.mark.parametrize("how", ["deadline", "token"])
@pytest.mark.parametrize("calls", [1, 2])
async def test_cancelling_the_loop_cancels_the_tools(how: str, calls: int) -> None:
    """All of them, before the caller goes on."""
    bench = Bench()
    hanging = [call("wait", '{"seconds": 100}', str(index)) for index in range(calls)]
    client = ReplayChatCompletionClient([asking(*hanging)])
    token = CancellationToken()
    async with serving(bench.tools()) as runtime:
        if how == "token":
            token.cancel_after(1)
            with pytest.raises(RequestCancelled):
                await loop(runtime, client, bench, token=token)
        else:
            with anyio.move_on_after(1) as scope:
                await loop(runtime, client, bench)
            assert scope.cancelled_caught
        assert bench.log == ["wait begins"] * calls + ["wait is cancelled"] * calls


async def test_an_error_of_the_model_is_raised() -> None:
    """It is the caller's affair."""
    bench = Bench()
    async with serving(bench.tools()) as runtime:
        client = ReplayChatCompletionClient([ConnectionError("no model")])
        with pytest.raises(ConnectionError, match="no model"):
            await loop(runtime, client, bench)


class Assistant(RoutedAgent):
    """Observes and acts until the model answers."""

    def __init__(self, client: ReplayChatCompletionClient, bench: Bench) -> None:
        super().__init__("assists")
        self._client, self._bench = client, bench

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> str:
        found = await tool_agent_caller_loop(
            self,
            TOOLS,
            self._client,
            QUESTION,
            [tool.schema for tool in self._bench.tools()],
            ctx.cancellation_token,
            caller_source="me",
        )
        last = found[-1]
        assert isinstance(last, AssistantMessage)
        assert last.source == "me"
        return str(last.content)


async def test_an_agent_may_be_the_caller() -> None:
    """The tools run inside its request."""
    bench = Bench()
    calls = [call("wait", '{"seconds": 1}', str(index)) for index in range(3)]
    client = ReplayChatCompletionClient([asking(*calls), "Done."])
    async with serving(bench.tools()) as runtime:
        await Assistant.register(runtime, "me", lambda: Assistant(client, bench))
        assert await runtime.send_message("Go.", AgentId("me", "k")) == "Done."
    assert len(bench.log) == 6


@pytest.mark.parametrize("every", ["checkpoint", "turn"])
@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_a_loop_can_be_cancelled_everywhere(
    host: Literal["trio", "asyncio"], every: Literal["checkpoint", "turn"]
) -> None:
    """No tool runs on afterwards, and the tool agent goes on serving."""

    async def scenario(cancel_here: CancelPoint) -> None:
        bench = Bench()
        calls = [call("wait", '{"seconds": 1}', str(index)) for index in range(2)]
        client = ReplayChatCompletionClient([asking(*calls), "Well."])
        async with serving(bench.tools()) as runtime:
            await cancel_here(loop(runtime, client, bench))
            assert cancel_here.outcome in {"returned", "cancelled"}
            begun = bench.log.count("wait begins")
            ended = [line for line in bench.log if line != "wait begins"]
            assert len(ended) == begun
            result = await runtime.send_message(call("block", {"text": "x"}), TOOLS)
            assert result.content == "X"

    assert sweep(scenario, host=host, every=every) >= 3
