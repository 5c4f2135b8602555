"""Workbenches over tools that are there from the beginning."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, Field

from ..components import Component, ComponentModel
from ..messages import CancellationToken
from ._base import BaseTool
from ._cancelling import call_under, stream_under
from ._overrides import originals, overridden
from ._results import ToolResult, error_result, not_found, text_result
from ._schema import StreamTool, Tool, ToolOverride, ToolSchema
from ._workbench import StreamWorkbench, Workbench

__all__ = ["StaticStreamWorkbench", "StaticWorkbench"]

_NOTHING: Final = object()


class StaticWorkbenchConfig(BaseModel):
    """The tools as components, and what a model sees instead."""

    tools: list[ComponentModel] = []
    tool_overrides: dict[str, ToolOverride] = Field(
        default_factory=dict[str, ToolOverride]
    )


class StaticWorkbenchState(BaseModel):
    """The states of the tools, by their own names."""

    type: Literal["StaticWorkbenchState"] = "StaticWorkbenchState"
    tools: dict[str, Mapping[str, Any]] = {}


class StaticWorkbench(Workbench, Component[StaticWorkbenchConfig]):
    """Some tools that share nothing, and that stay the same.

    Args:
        tools: The tools. If two have the same name, the first one is called.
        tool_overrides: Another name or description for a tool, by its own name. The
            own name can be called as well.

    Raises:
        ValueError: If a name that a model sees would be that of two tools.
    """

    component_provider_override: ClassVar[str | None] = "actrio.tools.StaticWorkbench"
    component_config_schema = StaticWorkbenchConfig

    def __init__(
        self,
        tools: list[BaseTool[Any, Any]],
        tool_overrides: dict[str, ToolOverride] | None = None,
    ) -> None:
        self._tools = tools
        self._tool_overrides = tool_overrides or {}
        self._override_name_to_original = originals(
            self._tool_overrides, {tool.name for tool in self._tools}
        )

    async def list_tools(self) -> list[ToolSchema]:
        """Return what a model is told about the tools.

        Cancellation: Never a checkpoint.
        """
        return [overridden(tool.schema, self._tool_overrides) for tool in self._tools]

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> ToolResult:
        """Call a tool; an unknown one, or an error in it, is a result with ``is_error``.

        Args:
            name: The tool.
            arguments: The arguments by name, as a model wrote them; None for none.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.

        Raises:
            RequestCancelled: If the token was cancelled.

        Cancellation: Cancels the tool; see `FunctionTool` for one in a thread.
        """
        tool = self._find(name)
        if tool is None:
            return not_found(name)
        token = cancellation_token or CancellationToken()
        try:
            value = await call_under(
                token, lambda: tool.run_json(arguments or {}, token, call_id=call_id)
            )
            return text_result(name, tool.return_value_as_string(value))
        except Exception as exc:  # noqa: BLE001 - the model is told
            return error_result(name, exc, token)

    def _find(self, name: str) -> Tool | None:
        own = self._override_name_to_original.get(name, name)
        return next((tool for tool in self._tools if tool.name == own), None)

    async def start(self) -> None:
        """Do nothing.

        Cancellation: Never a checkpoint.
        """

    async def stop(self) -> None:
        """Do nothing.

        Cancellation: Never a checkpoint.
        """

    async def reset(self) -> None:
        """Do nothing.

        Cancellation: Never a checkpoint.
        """

    async def save_state(self) -> Mapping[str, Any]:
        """Return the states of all tools."""
        states = {tool.name: await tool.save_state_json() for tool in self._tools}
        return StaticWorkbenchState(tools=states).model_dump()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give each tool its state back; one that has none there keeps what it has.

        Raises:
            pydantic.ValidationError: If it is no state of a workbench. A `ValueError`.
        """
        states = StaticWorkbenchState.model_validate(state).tools
        for tool in self._tools:
            if tool.name in states:
                await tool.load_state_json(states[tool.name])

    def _to_config(self) -> StaticWorkbenchConfig:
        return StaticWorkbenchConfig(
            tools=[tool.dump_component() for tool in self._tools],
            tool_overrides=self._tool_overrides,
        )

    @classmethod
    def _from_config(cls, config: StaticWorkbenchConfig) -> Self:
        tools = [BaseTool[Any, Any].load_component(tool) for tool in config.tools]
        return cls(tools=tools, tool_overrides=config.tool_overrides)


class StaticStreamWorkbench(StaticWorkbench, StreamWorkbench):
    """A `StaticWorkbench` whose tools can say something before they have their result."""

    component_provider_override: ClassVar[str | None] = (
        "actrio.tools.StaticStreamWorkbench"
    )

    async def call_tool_stream(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> AsyncGenerator[Any | ToolResult, None]:
        """Call a tool, and yield what it says on the way; a `ToolResult` comes last.

        A tool that does not stream says nothing but its result. Close it, with
        ``contextlib.aclosing``, if you do not read it to its end.

        Args:
            name: The tool.
            arguments: The arguments by name, as a model wrote them; None for none.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.

        Raises:
            RequestCancelled: If the token was cancelled.

        Cancellation: Cancels the tool.
        """
        tool = self._find(name)
        if not isinstance(tool, StreamTool):
            yield await self.call_tool(name, arguments, cancellation_token, call_id)
            return
        token = cancellation_token or CancellationToken()
        stream = tool.run_json_stream(arguments or {}, token, call_id=call_id)
        held: object = _NOTHING  # the last one is the result, and yielded as such
        failure: ToolResult | None = None
        async with aclosing(stream_under(token, stream)) as steps:
            while True:
                try:
                    item: object = await anext(steps)
                except StopAsyncIteration:
                    break
                except Exception as exc:  # noqa: BLE001 - the model is told
                    failure = error_result(name, exc, token)
                    break
                if held is not _NOTHING:
                    yield held
                held = item
        if failure is None:
            try:
                yield text_result(name, tool.return_value_as_string(held))
            except Exception as exc:  # noqa: BLE001 - the model is told
                failure = error_result(name, exc, token)
        elif held is not _NOTHING:
            yield held
        if failure is not None:
            yield failure
