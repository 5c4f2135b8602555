"""The agent that runs tools."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from actrio import (
    AgentId,
    CancellationToken,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.exceptions import RequestCancelled
from actrio.models import FunctionExecutionResult
from actrio.tool_agent import (
    InvalidToolArgumentsException,
    ToolAgent,
    ToolException,
    ToolExecutionException,
    ToolNotFoundException,
)
from actrio.tools import FunctionTool

from .kit import TOOLS, Bench, call, serving

pytestmark = pytest.mark.anyio


async def test_a_call_is_answered() -> None:
    """With the text of the result, for the call and the tool that it names."""
    async with serving(Bench().tools()) as runtime:
        for arguments in ('{"text": "x"}', {"text": "x"}):
            result = await runtime.send_message(call("block", arguments, "7"), TOOLS)
            assert result == FunctionExecutionResult(
                content="X", name="block", call_id="7", is_error=False
            )


async def test_the_agent_knows_its_tools() -> None:
    """The list is the one that it was given."""
    tools = Bench().tools()
    async with SingleThreadedAgentRuntime() as runtime:
        await ToolAgent.register(runtime, "tools", lambda: ToolAgent("t", tools))
        agent = await runtime.try_get_underlying_agent_instance(TOOLS, ToolAgent)
        assert agent.tools is tools


class Inner(BaseModel):
    a: int


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "content"),
    [
        ("nope", "{}", ToolNotFoundException, "Error: Tool not found: nope"),
        ("block", "{text", InvalidToolArgumentsException, "Error: Invalid arguments: {text"),
        ("block", "", InvalidToolArgumentsException, "Error: Invalid arguments: "),
        ("block", "[1]", InvalidToolArgumentsException, "Error: Invalid arguments: [1]"),
        ("block", 3, InvalidToolArgumentsException, "Error: Invalid arguments: 3"),
        ("block", "{}", InvalidToolArgumentsException, "Error: Invalid arguments: text: Field required"),
        ("block", '{"text": 3}', InvalidToolArgumentsException, "Error: Invalid arguments: text: Input should be a valid string"),
        ("fail", '{"why": "broken"}', ToolExecutionException, "Error: broken"),
        ("fail", "{}", ToolExecutionException, "Error: ValueError"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_an_error(
    name: str, arguments: Any, kind: type[ToolException], content: str
) -> None:
    """Its text is for the model, its cause for people."""
    async with serving(Bench().tools()) as runtime:
        with pytest.raises(kind) as caught:
            await runtime.send_message(call(name, arguments, "7"), TOOLS)
    error = caught.value
    assert (error.content, error.call_id, error.name) == (content, "7", name)
    assert (error.__cause__ is None) == (kind is ToolNotFoundException)


async def test_a_validation_error_inside_a_tool_is_not_about_its_arguments() -> None:
    """The tool was called, and failed."""

    async def check(text: str) -> str:
        return str(Inner.model_validate({}))

    async with serving([FunctionTool(check, "d")]) as runtime:
        with pytest.raises(ToolExecutionException, match="validation error for Inner"):
            await runtime.send_message(call("check", '{"text": "x"}'), TOOLS)


async def test_json_that_only_python_takes_is_taken() -> None:
    """A lone surrogate, as models write them when a text is cut off."""
    async with serving(Bench().tools()) as runtime:
        request = call("block", '{"text": "\\ud800"}')
        assert (await runtime.send_message(request, TOOLS)).content == "\ud800"


async def test_a_tool_holds_up_no_other() -> None:
    """Calls of one agent run beside each other."""
    bench = Bench()
    async with serving(bench.tools()) as runtime:

        async def ask(seconds: float, name: str) -> None:
            arguments = {"seconds": seconds, "name": name}
            await runtime.send_message(call("wait", arguments), TOOLS)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, 3, "slow")
            await anyio.sleep(1)
            tasks.start_soon(ask, 1, "quick")
    assert bench.log == ["slow begins", "quick begins", "quick ends", "slow ends"]


@pytest.mark.parametrize("how", ["deadline", "token"])
async def test_whoever_cancels_a_call_cancels_the_tool(how: str) -> None:
    """Before the caller goes on."""
    bench = Bench()
    token = CancellationToken()
    async with serving(bench.tools()) as runtime:
        request = call("wait", {"seconds": 100})
        if how == "token":
            token.cancel_after(1)
            with pytest.raises(RequestCancelled):
                await runtime.send_message(request, TOOLS, cancellation_token=token)
        else:
            with anyio.move_on_after(1):
                await runtime.send_message(request, TOOLS)
        assert bench.log == ["wait begins", "wait is cancelled"]
        assert (await runtime.send_message(call("block", {"text": "x"}), TOOLS)).content


async def test_a_request_of_a_tool_that_is_withdrawn_is_an_error_of_the_tool() -> None:
    """Nobody has cancelled the call itself."""

    async def give_up() -> None:
        message = "my own request"
        raise RequestCancelled(message)

    async with serving([FunctionTool(give_up, "d")]) as runtime:
        with pytest.raises(ToolExecutionException, match="my own request"):
            await runtime.send_message(call("give_up"), TOOLS)


async def test_a_tool_that_hears_of_the_token_first_is_no_error() -> None:
    """The call was cancelled, however the tool learned of it."""

    async def hear(cancellation_token: CancellationToken) -> None:
        cancellation_token.cancel()
        message = "I heard"
        raise RequestCancelled(message)

    async with serving([FunctionTool(hear, "d")]) as runtime:
        with pytest.raises(RequestCancelled):
            await runtime.send_message(
                call("hear"), TOOLS, cancellation_token=CancellationToken()
            )


async def test_stopping_the_runtime_ends_a_tool_that_hangs() -> None:
    """After its grace."""
    bench = Bench()
    async with serving(bench.tools()) as runtime:
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                with pytest.raises(Exception, match="stop"):
                    await runtime.send_message(call("wait", {"seconds": 1e6}), TOOLS)

            tasks.start_soon(ask)
            await anyio.sleep(1)
            await runtime.stop()
        runtime.start()
    assert bench.log == ["wait begins", "wait is cancelled"]


class Asker(RoutedAgent):
    """Sends the calls that it gets to the tool agent."""

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> str:
        result = await self.send_message(
            call("ask_back", {"text": message}),
            TOOLS,
            cancellation_token=ctx.cancellation_token,
        )
        content: str = result.content
        return content


async def test_a_tool_may_send_requests() -> None:
    """Also to the agent that waits for it: such a request is handled nested."""
    async with SingleThreadedAgentRuntime() as runtime:

        async def ask_back(text: str) -> str:
            if len(text) > 2:
                return text
            answer: str = await runtime.send_message(text + text, AgentId("asker", "k"))
            return answer

        tool = FunctionTool(ask_back, "d")
        await ToolAgent.register(runtime, "tools", lambda: ToolAgent("t", [tool]))
        await Asker.register(runtime, "asker", lambda: Asker("asks"))
        with anyio.fail_after(5):
            assert await runtime.send_message("ab", AgentId("asker", "k")) == "abab"
