# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""The agent that runs tools, and the loop between it and a model."""

import asyncio
import contextlib

from ..common import failure, name


def bench(core):
    async def add(a: int, b: int = 2) -> int:
        return a + b

    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return f"waited {seconds}"

    async def fail() -> str:
        raise ValueError("broken")

    return [core.tools.FunctionTool(one, "d") for one in (add, wait, fail)]


@contextlib.asynccontextmanager
async def serving(core):
    runtime = core.SingleThreadedAgentRuntime()
    tools = bench(core)
    agent = core.tool_agent.ToolAgent
    await agent.register(runtime, "tools", lambda: agent("runs tools", tools))
    runtime.start()
    yield runtime
    await runtime.stop()


def client(core, answers):
    """A model that gives these answers, and keeps what it was told."""
    models = core.models

    class Client(models.ChatCompletionClient):
        def __init__(self):
            self.told = []

        async def create(self, messages, **options):
            self.told.append(len(messages))
            content = answers.pop(0)
            return models.CreateResult(
                finish_reason="stop",
                content=content,
                usage=models.RequestUsage(0, 0),
                cached=False,
            )

        def create_stream(self, messages, **options):
            raise NotImplementedError

        async def close(self):
            pass

        def actual_usage(self):
            return models.RequestUsage(0, 0)

        def total_usage(self):
            return models.RequestUsage(0, 0)

        def count_tokens(self, messages, **options):
            return 0

        def remaining_tokens(self, messages, **options):
            return 0

        @property
        def capabilities(self):
            return {}

        @property
        def model_info(self):
            return {}

    return Client()


async def calls(core):
    """A result says whose it is."""
    agent_id = core.AgentId("tools", "k")
    async with serving(core) as runtime:
        call = core.FunctionCall(id="7", name="add", arguments='{"a": 1}')
        return (await runtime.send_message(call, agent_id)).model_dump()


async def calls_that_fail(core):
    """Each has its own error."""
    agent_id = core.AgentId("tools", "k")
    kinds = [core.tool_agent.ToolException]
    found = []
    async with serving(core) as runtime:
        for tool, arguments in (("nope", "{}"), ("add", "{"), ("fail", "{}")):
            call = core.FunctionCall("7", arguments, tool)
            try:
                await runtime.send_message(call, agent_id)
            except tuple(kinds) as error:
                found.append((name(error), error.call_id, error.name, error.content))
    return found


async def arguments_that_do_not_fit(core):
    """They are invalid arguments."""
    agent_id = core.AgentId("tools", "k")
    kind = core.tool_agent.InvalidToolArgumentsException
    async with serving(core) as runtime:
        return [
            await failure(
                kind,
                runtime.send_message(core.FunctionCall("1", text, "add"), agent_id),
            )
            for text in ("{}", "[1]", '{"a": "x"}')
        ]


async def errors_are_exceptions(core):
    """Like any other error of an agent."""
    error = core.tool_agent.ToolException("1", "Error: no", "tool")
    named = core.tool_agent.ToolException(call_id="1", content="Error: no", name="tool")
    return isinstance(error, Exception), str(named)


async def calls_beside_each_other(core):
    """A slow tool holds up no other."""
    agent_id = core.AgentId("tools", "k")
    done = []
    async with serving(core) as runtime:

        async def wait(seconds):
            call = core.FunctionCall("1", f'{{"seconds": {seconds}}}', "wait")
            await runtime.send_message(call, agent_id)
            done.append(seconds)

        await asyncio.gather(wait(3), wait(1))
    return done


async def loop(core, *answers):
    model = client(core, list(answers))
    async with serving(core) as runtime:
        found = await core.tool_agent.tool_agent_caller_loop(
            runtime,
            core.AgentId("tools", "k"),
            model,
            [core.models.UserMessage(content="?", source="user")],
            bench(core),
            caller_source="me",
        )
    return [one.model_dump() for one in found], model.told


async def loop_without_tools(core):
    """The answer is all."""
    return await loop(core, "Well.")


async def loop_with_tools(core):
    """Results in the order of the calls, until there is an answer."""
    call = core.FunctionCall
    return await loop(
        core,
        [
            call("a", '{"seconds": 3}', "wait"),
            call("b", '{"seconds": 1}', "wait"),
            call("c", '{"a": 1}', "add"),
        ],
        [call("d", '{"a": 4}', "add")],
        "Well.",
    )


async def loop_with_errors(core):
    """The model is told what went wrong."""
    call = core.FunctionCall
    found, told = await loop(
        core,
        [
            call("a", "{}", "nope"),
            call("b", '{"a": 1}', "add"),
            call("c", "{}", "fail"),
        ],
        "Well.",
    )
    return [(one["content"], one["is_error"]) for one in found[1]["content"]], told


async def loop_with_no_calls(core):
    """There is nothing to do."""
    return await failure(IndexError, loop(core, []))


async def loop_without_a_tool_agent(core):
    """It is an error, and not the model's."""
    runtime = core.SingleThreadedAgentRuntime()
    runtime.start()
    call = core.FunctionCall("a", "{}", "nope")
    agent_id = core.AgentId("nobody", "k")
    made = core.tool_agent.tool_agent_caller_loop(
        runtime, agent_id, client(core, [[call]]), [], []
    )
    try:
        return await failure(Exception, made)
    finally:
        await runtime.stop()


async def loop_with_an_agent_that_does_not_answer(core):
    """A result is missing, and the model would not know what to do."""

    class Mute(core.RoutedAgent):
        @core.message_handler
        async def on_call(
            self, message: core.FunctionCall, ctx: core.MessageContext
        ) -> None:
            return None

    runtime = core.SingleThreadedAgentRuntime()
    await Mute.register(runtime, "mute", lambda: Mute("mute"))
    runtime.start()
    call = core.FunctionCall("a", "{}", "nope")
    made = core.tool_agent.tool_agent_caller_loop(
        runtime, core.AgentId("mute", "k"), client(core, [[call], "x"]), [], []
    )
    try:
        found = await failure(TypeError, made)
        return found if isinstance(found, str) else len(found[1][1].content)
    finally:
        await runtime.stop()
