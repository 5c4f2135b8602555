"""A workbench over an MCP server in the same process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest

from actrio import AgentId, CancellationToken, FunctionCall, SingleThreadedAgentRuntime
from actrio.exceptions import RequestCancelled, ToolServerError
from actrio.tool_agent import ToolAgent, ToolExecutionException
from actrio.tools import ToolOverride, Workbench
from actrio.tools.mcp import (
    McpWorkbench,
    StdioServerParams,
    StreamableHttpServerParams,
)

from .server import make

pytestmark = pytest.mark.anyio

PARAMS = StdioServerParams(command="python", args=["server.py"])
RENAMED = {"add": ToolOverride(name="plus", description="better words")}


class Inside(McpWorkbench):
    """Speaks to a server without a process."""

    def __init__(self, log: Path | None = None, **options: Any) -> None:
        super().__init__(PARAMS, **options)
        self.server = make(log)

    def _connection(self) -> Any:
        return self.server


async def test_the_tools_are_listed() -> None:
    """With what a model is told about them."""
    async with Inside() as workbench:
        [add, *others] = await workbench.list_tools()
    assert add == {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {
                "a": {"title": "A", "type": "integer"},
                "b": {"default": 2, "title": "B", "type": "integer"},
            },
            "required": ["a"],
        },
    }
    assert [one["name"] for one in others] == [
        "fail",
        "slow",
        "die",
        "picture",
        "everything",
    ]


async def test_a_tool_is_called() -> None:
    """By its own name, or by the one that a model sees."""
    async with Inside(tool_overrides=RENAMED) as workbench:
        [seen, *_] = await workbench.list_tools()
        assert (seen["name"], seen["description"]) == ("plus", "better words")
        for name in ("plus", "add"):
            result = await workbench.call_tool(name, {"a": 1}, CancellationToken(), "1")
            assert (result.name, result.to_text(), result.is_error) == (
                name,
                "3",
                False,
            )
        picture = await workbench.call_tool("picture")
        assert picture.result[0].type == "ImageResultContent"
        everything = await workbench.call_tool("everything")
        assert len(everything.result) == 7


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("nope", None, "nope"),
        ("add", {}, "Field required"),
        ("add", {"a": "x"}, "valid integer"),
        ("fail", None, "fail"),
    ],
)
async def test_what_goes_wrong_is_a_result(
    name: str, arguments: dict[str, Any] | None, text: str
) -> None:
    """In the words of the server."""
    async with Inside() as workbench:
        result = await workbench.call_tool(name, arguments)
    assert result.is_error
    assert text in result.to_text()


@pytest.mark.parametrize("how", ["token", "scope"])
async def test_a_call_can_be_cancelled(how: str, tmp_path: Path) -> None:
    """By its token or by its scope; the server is told, and others go on."""
    log = tmp_path / "log"
    async with Inside(log) as workbench:
        token = CancellationToken()
        if how == "token":
            token.cancel_after(1)
            with pytest.raises(RequestCancelled):
                await workbench.call_tool("slow", {}, token)
        else:
            with anyio.move_on_after(1) as scope:
                await workbench.call_tool("slow")
            assert scope.cancelled_caught
        assert not (await workbench.call_tool("add", {"a": 1})).is_error
        await anyio.sleep(1)
        assert log.read_text().split("\n") == ["begins", "is cancelled", ""]


async def test_many_tasks_use_one_connection() -> None:
    """At once."""
    async with Inside() as workbench:
        found: list[str] = []

        async def call(number: int) -> None:
            found.append((await workbench.call_tool("add", {"a": number})).to_text())

        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(call, number)
    assert sorted(map(int, found)) == list(range(2, 12))


async def test_one_task_may_start_and_another_stop() -> None:
    """The connection has a task of its own; stopping waits for its end."""
    workbench = Inside()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workbench.start)
    await workbench.start()  # it is started already
    assert not (await workbench.call_tool("add", {"a": 1})).is_error
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workbench.stop)
        tasks.start_soon(workbench.stop)
    await workbench.stop()
    with pytest.raises(
        ToolServerError, match=r"'python server\.py' is not started: use"
    ):
        await workbench.list_tools()
    with pytest.raises(ToolServerError, match="is not started"):
        await workbench.call_tool("add")


async def test_reset_starts_again() -> None:
    """With a new connection."""
    async with Inside() as workbench:
        await workbench.reset()
        assert not (await workbench.call_tool("add", {"a": 1})).is_error


async def test_a_connection_that_breaks_is_an_error_of_each_call() -> None:
    """Until somebody starts again."""
    async with Inside() as workbench:
        session = workbench._session
        assert session is not None
        session.give_up()
        await anyio.sleep(1)
        result = await workbench.call_tool("add", {"a": 1})
        assert result.is_error
        assert "'python server.py' has ended" in result.to_text()
        await workbench.reset()
        assert not (await workbench.call_tool("add", {"a": 1})).is_error


async def test_a_block_that_is_cancelled_stops_the_server() -> None:
    """It waits for that, then it ends."""
    workbench = Inside()
    with anyio.move_on_after(1) as scope:
        async with workbench:
            await anyio.sleep(100)
    assert scope.cancelled_caught
    with pytest.raises(ToolServerError):
        await workbench.list_tools()


class Unreachable(Inside):
    """Cannot be connected to."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def _connection(self) -> Any:
        return Broken(self.error)


class Broken:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def __aenter__(self) -> Any:
        if isinstance(self._error, TimeoutError):
            await anyio.sleep(100)
        raise self._error

    async def __aexit__(self, *exc: object) -> None:
        pass


@pytest.mark.parametrize(
    "error",
    [
        OSError("no such program"),
        ExceptionGroup("g", [ExceptionGroup("h", [OSError("no such program")])]),
        ExceptionGroup("no such program", [OSError("a"), OSError("b")]),
    ],
    ids=["error", "group", "errors"],
)
async def test_a_server_that_cannot_be_started_is_an_error(error: Exception) -> None:
    """It names the server and what went wrong; a later start tries again."""
    workbench = Unreachable(error)
    for _ in range(2):
        with pytest.raises(
            ToolServerError, match="cannot be started: no such pro"
        ) as exc:
            await workbench.start()
        assert exc.value.__cause__ is not None


async def test_a_start_can_be_cancelled() -> None:
    """What has begun is undone first."""
    workbench = Unreachable(TimeoutError())
    with anyio.move_on_after(1) as scope:
        await workbench.start()
    assert scope.cancelled_caught
    with pytest.raises(ToolServerError, match="is not started"):
        await workbench.list_tools()


async def test_two_tools_cannot_have_one_name() -> None:
    """Which is known when the server has listed its own."""
    async with Inside(tool_overrides={"add": ToolOverride(name="fail")}) as workbench:
        with pytest.raises(ValueError, match="conflicts with existing tool name"):
            await workbench.list_tools()


async def test_a_list_without_an_end_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server says how many pages there are, so it must not say it for ever."""
    async with Inside() as workbench:

        async def page(cursor: str | None) -> types.ListToolsResult:
            return types.ListToolsResult(tools=[], next_cursor="more")

        monkeypatch.setattr(workbench, "_list_page", page)
        with pytest.raises(ToolServerError, match="more than 100 pages"):
            await workbench.list_tools()


class TestTool:
    async def test_a_tool_stands_for_itself(self) -> None:
        """It runs where any tool runs; the server gets the arguments as they are."""
        async with Inside() as workbench, SingleThreadedAgentRuntime() as runtime:
            tools = await workbench.tools()
            [add, fail, *_] = tools
            assert add.schema == (await workbench.list_tools())[0]
            result = await add.run(add.args_type()(a=1), CancellationToken())
            assert result.to_text() == "3"
            await ToolAgent.register(runtime, "t", lambda: ToolAgent("t", [*tools]))
            agent = AgentId("t", "k")
            call = FunctionCall("1", '{"a": 1}', "add")
            assert (await runtime.send_message(call, agent)).content == "3"
            picture = FunctionCall("1", "{}", "picture")
            assert (await runtime.send_message(picture, agent)).content == "[Image]"
            with pytest.raises(
                ToolExecutionException, match="Error executing tool fail"
            ):
                await runtime.send_message(FunctionCall("2", "{}", fail.name), agent)
        assert add.return_value_as_string(3) == "3"

    async def test_a_schema_that_no_model_says_takes_anything(self) -> None:
        """The server checks it."""
        from actrio.tools.mcp import McpTool

        async with Inside() as workbench:
            schema = (await workbench.list_tools())[0]
            schema["parameters"]["properties"]["a"] = {
                "format": "odd",
                "type": "string",
            }
            tool = McpTool(workbench, schema)
            tool.args_type()(x=1)
            result = await tool.run_json({"a": 1}, CancellationToken())
            assert result.to_text() == "3"


@pytest.mark.parametrize(
    "params",
    [PARAMS, StreamableHttpServerParams(url="http://h/", headers={"a": "b"})],
    ids=["stdio", "http"],
)
async def test_a_workbench_comes_back_from_data(
    params: StdioServerParams | StreamableHttpServerParams,
) -> None:
    """With its server and its overrides; nothing runs."""
    model = McpWorkbench(params, RENAMED).dump_component()
    assert model.provider == "actrio.tools.mcp.McpWorkbench"
    found = Workbench.load_component(model)
    assert isinstance(found, McpWorkbench)
    assert found.server_params == params
    assert found.dump_component() == model
    state = await found.save_state()
    await found.load_state(state)
    assert state == {"type": "McpWorkbenchState"}
