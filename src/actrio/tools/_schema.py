"""What a tool is: to a model a schema, to whoever runs it a protocol."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NotRequired, Protocol, runtime_checkable

from pydantic import BaseModel
from typing_extensions import TypedDict  # pydantic takes Python's own from 3.12 on only

from ..messages import CancellationToken

__all__ = ["ParametersSchema", "StreamTool", "Tool", "ToolOverride", "ToolSchema"]


class ParametersSchema(TypedDict):
    """The JSON schema of the arguments of a tool."""

    type: str
    """Always ``"object"``."""

    properties: dict[str, Any]
    """The schema of each argument, by its name."""

    required: NotRequired[Sequence[str]]
    """The arguments that a call must have."""

    additionalProperties: NotRequired[bool]
    """Whether a call may have arguments that are not listed."""


class ToolSchema(TypedDict):
    """What a model is told about a tool."""

    parameters: NotRequired[ParametersSchema]
    """What a call of it looks like."""

    name: str
    """The name that a call says."""

    description: NotRequired[str]
    """What it does and when to call it, in words for a model."""

    strict: NotRequired[bool]
    """Whether the model must keep to the schema; not every model can."""


@runtime_checkable
class Tool(Protocol):
    """What a model can call. `BaseTool` is the class to derive from."""

    @property
    def name(self) -> str:
        """The name that a call says."""
        ...

    @property
    def description(self) -> str:
        """What it does and when to call it, in words for a model."""
        ...

    @property
    def schema(self) -> ToolSchema:
        """What a model is told about the tool."""
        ...

    def args_type(self) -> type[BaseModel]:
        """Return the model of the arguments."""
        ...

    def return_type(self) -> type[Any]:
        """Return the type of what `run_json` returns."""
        ...

    def state_type(self) -> type[BaseModel] | None:
        """Return the model of the state; None for a tool that keeps none."""
        ...

    def return_value_as_string(self, value: Any) -> str:
        """Return what a model is told of a value that `run_json` returned."""
        ...

    async def run_json(
        self,
        args: Mapping[str, Any],
        cancellation_token: CancellationToken,
        call_id: str | None = None,
    ) -> Any:
        """Call the tool.

        Args:
            args: The arguments by name, as a model wrote them.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.
        """
        ...

    async def save_state_json(self) -> Mapping[str, Any]:
        """Return the state, for `load_state_json`."""
        ...

    async def load_state_json(self, state: Mapping[str, Any]) -> None:
        """Go back to a state that `save_state_json` returned."""
        ...


@runtime_checkable
class StreamTool(Tool, Protocol):
    """A tool that says something before it has its result."""

    def run_json_stream(
        self,
        args: Mapping[str, Any],
        cancellation_token: CancellationToken,
        call_id: str | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Call the tool, and yield what it says on the way; the result comes last.

        Args:
            args: The arguments by name, as a model wrote them.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.
        """
        ...


class ToolOverride(BaseModel):
    """Another name or description for a tool that is not ours to change."""

    name: str | None = None
    """The name that a model sees; None for the tool's own."""

    description: str | None = None
    """What a model is told that it does; None for the tool's own words."""
