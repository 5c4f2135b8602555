"""Workbenches over tools that stay the same."""

from contextlib import aclosing
from typing import Any

import anyio
import pytest

from actrio import CancellationToken, ComponentLoader
from actrio.code_executor import ImportFromModule
from actrio.exceptions import RequestCancelled
from actrio.tools import (
    BaseTool,
    FunctionTool,
    StaticStreamWorkbench,
    StaticWorkbench,
    ToolOverride,
    ToolResult,
)

from .functions import Counter, Echo, Letters, add, shout

pytestmark = pytest.mark.anyio

ANNOTATED = ImportFromModule("typing", ["Annotated"])
RENAMED = {"add": ToolOverride(name="plus", description="better words")}


def tools() -> list[BaseTool[Any, Any]]:
    return [FunctionTool(add, "Adds."), Counter(), Letters()]


async def say(
    workbench: StaticStreamWorkbench, name: str, **arguments: Any
) -> list[str]:
    stream = workbench.call_tool_stream(name, arguments)
    return [
        each.to_text() if isinstance(each, ToolResult) else each.text
        async for each in stream
    ]


class TestListing:
    async def test_overrides_are_what_a_model_sees(self) -> None:
        """The rest of the schema is the tool's own."""
        plain = StaticWorkbench(tools())
        async with StaticWorkbench(tools(), RENAMED) as workbench:
            [seen, *rest] = await workbench.list_tools()
            [own, *others] = await plain.list_tools()
        assert (seen["name"], seen["description"]) == ("plus", "better words")
        assert seen["parameters"] == own["parameters"]
        assert rest == others

    async def test_half_an_override_changes_half(self) -> None:
        """None stands for the tool's own."""
        override = {
            "add": ToolOverride(name="plus"),
            "counter": ToolOverride(description="x"),
        }
        [one, other, _] = await StaticWorkbench(tools(), override).list_tools()
        assert (one["name"], one["description"]) == ("plus", "Adds.")
        assert (other["name"], other["description"]) == ("counter", "x")

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            ({"add": "counter"}, "conflicts with existing tool name.*for 'add'"),
            (
                {"add": "x", "counter": "x"},
                "used by multiple tools, 'add' and 'counter'",
            ),
        ],
    )
    def test_two_tools_cannot_have_one_name(
        self, names: dict[str, str], message: str
    ) -> None:
        """Whose call would it be?"""
        overrides = {own: ToolOverride(name=name) for own, name in names.items()}
        with pytest.raises(ValueError, match=message):
            StaticWorkbench(tools(), overrides)


class TestCalling:
    async def test_a_result_is_text(self) -> None:
        """Under the name that was called, the tool's own included."""
        workbench = StaticWorkbench(tools(), RENAMED)
        for name in ("plus", "add"):
            result = await workbench.call_tool(name, {"a": 1}, CancellationToken())
            assert (result.name, result.to_text(), result.is_error) == (
                name,
                "3",
                False,
            )

    @pytest.mark.parametrize(
        ("name", "arguments", "text"),
        [
            ("nope", {}, "Tool nope not found."),
            ("add", None, "validation error for addargs"),
            ("add", {"a": "x"}, "valid integer"),
            ("fail", {}, "broken"),
        ],
    )
    async def test_what_goes_wrong_is_a_result(
        self, name: str, arguments: dict[str, Any] | None, text: str
    ) -> None:
        """The model is told."""

        async def fail() -> None:
            message = "broken"
            raise RuntimeError(message)

        workbench = StaticStreamWorkbench([*tools(), FunctionTool(fail, "d")])
        result = await workbench.call_tool(name, arguments)
        assert result.is_error
        assert text in result.to_text()
        streamed = [each async for each in workbench.call_tool_stream(name, arguments)]
        assert streamed == [result]

    async def test_a_value_without_text_is_an_error(self) -> None:
        """In both kinds of calls."""

        class Silent(Letters):
            def return_value_as_string(self, value: Any) -> str:
                message = "speechless"
                raise ValueError(message)

        workbench = StaticStreamWorkbench([Silent()])
        result = await workbench.call_tool("letters", {"text": "a"})
        assert (result.is_error, result.to_text()) == (True, "speechless")
        assert await say(workbench, "letters", text="a") == ["a", "speechless"]

    async def test_the_token_cancels_a_call(self) -> None:
        """Then there is no result."""

        async def wait() -> None:
            await anyio.sleep(100)

        workbench = StaticStreamWorkbench([FunctionTool(wait, "d")])
        token = CancellationToken()
        token.cancel_after(1)
        with pytest.raises(RequestCancelled):
            await workbench.call_tool("wait", {}, token)
        with pytest.raises(RequestCancelled):
            async for _ in workbench.call_tool_stream("wait", {}, token):
                pass

    async def test_a_scope_cancels_a_call(self) -> None:
        """It is no error to tell a model."""

        async def wait() -> None:
            await anyio.sleep(100)

        with anyio.move_on_after(1) as scope:
            await StaticWorkbench([FunctionTool(wait, "d")]).call_tool("wait")
        assert scope.cancelled_caught


class TestStreaming:
    async def test_the_last_item_is_the_result(self) -> None:
        """What the tool yields last is not yielded besides."""
        workbench = StaticStreamWorkbench(tools())
        assert await say(workbench, "letters", text="ab") == [
            "a",
            "b",
            '{"text": "ab"}',
        ]

    async def test_a_tool_that_does_not_stream_has_a_result_only(self) -> None:
        """Overrides are names here too."""
        workbench = StaticStreamWorkbench(tools(), RENAMED)
        assert await say(workbench, "plus", a=1) == ["3"]

    async def test_an_error_comes_after_what_was_said(self) -> None:
        """Nothing is lost."""
        workbench = StaticStreamWorkbench(tools())
        assert await say(workbench, "letters", text="a!") == ["a", "no shouting"]
        assert await say(workbench, "letters", text="!") == ["no shouting"]

    async def test_a_reader_that_leaves_closes_the_tool(self) -> None:
        """When it closes the stream."""
        tool = Letters()
        workbench = StaticStreamWorkbench([tool])
        async with aclosing(
            workbench.call_tool_stream("letters", {"text": "abc"})
        ) as stream:
            await anext(stream)
        assert tool.closed == 1


class TestState:
    async def test_states_go_from_one_workbench_to_another(self) -> None:
        """By the tools' own names; a tool that is not there is left alone."""
        workbench = StaticWorkbench(tools())
        await workbench.call_tool("counter", {"text": "x"})
        state = await workbench.save_state()
        assert state == {
            "type": "StaticWorkbenchState",
            "tools": {"add": {}, "counter": {"text": "x"}, "letters": {}},
        }
        other = StaticWorkbench([counter := Counter(), Echo()])
        await other.load_state(state)
        await other.reset()
        assert counter.last == "x"

    async def test_a_workbench_comes_back_from_data(self) -> None:
        """With its tools and its overrides, from AutoGen's data as well."""
        workbench = StaticStreamWorkbench([FunctionTool(shout, "d", global_imports=[ANNOTATED])], {"shout": ToolOverride(name="cry")})  # fmt: skip
        model = workbench.dump_component()
        assert model.provider == "actrio.tools.StaticStreamWorkbench"
        theirs = model.model_copy(
            update={"provider": "autogen_core.tools.StaticStreamWorkbench"}
        )
        with pytest.warns(UserWarning, match="loading the tool 'shout'"):
            found = ComponentLoader.load_component(theirs, StaticWorkbench)
        assert await found.list_tools() == await workbench.list_tools()
        result = await found.call_tool("cry", {"text": "x"})
        assert result.to_text() == "X"

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"provider": "evil.Tool"}, ValueError),
            ({"provider": "actrio.tools.StaticWorkbench"}, TypeError),
            ({"provider": "actrio.tools.Nope"}, AttributeError),
        ],
        ids=["untrusted", "class", "name"],
    )
    def test_a_tool_that_is_none_is_refused(
        self, change: dict[str, Any], error: type[Exception]
    ) -> None:
        """Untrusted, of the wrong class, or unknown."""
        tool = FunctionTool(shout, "d").dump_component().model_dump()
        config = {"tools": [{**tool, **change}]}
        with pytest.raises(error):
            StaticWorkbench.load_component(
                {"provider": "actrio.tools.StaticWorkbench", "config": config}
            )
