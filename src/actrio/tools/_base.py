"""Tools as classes: arguments that a model wrote are checked, then they run."""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Mapping
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from pydantic import BaseModel

from ..components import ComponentBase, ComponentType
from ..logging import EVENT_LOGGER_NAME, ToolCallEvent
from ..messages import CancellationToken
from ..telemetry import is_tracing, tool_span
from ._cancelling import call_under, heeded, stream_under
from ._inlining import inlined
from ._schema import ParametersSchema, StreamTool, Tool, ToolSchema

__all__ = ["BaseStreamTool", "BaseTool", "BaseToolWithState"]

ArgsT = TypeVar("ArgsT", bound=BaseModel, contravariant=True)
ReturnT = TypeVar("ReturnT", bound=BaseModel, covariant=True)
StateT = TypeVar("StateT", bound=BaseModel)
StreamT = TypeVar("StreamT", bound=BaseModel, covariant=True)

_events: Final = logging.getLogger(EVENT_LOGGER_NAME)


class BaseTool(ABC, Tool, ComponentBase[BaseModel], Generic[ArgsT, ReturnT]):
    """A tool with a model for its arguments.

    A subclass defines `run`::

        from pydantic import BaseModel

        from actrio import CancellationToken
        from actrio.tools import BaseTool

        class Sum(BaseModel):
            numbers: list[float]

        class Total(BaseModel):
            value: float

        class Add(BaseTool[Sum, Total]):
            def __init__(self) -> None:
                super().__init__(Sum, Total, "add", "Adds some numbers.")

            async def run(self, args: Sum, cancellation_token: CancellationToken) -> Total:
                return Total(value=sum(args.numbers))

    Args:
        args_type: The model of the arguments.
        return_type: The type of what `run` returns.
        name: The name that a call says.
        description: What it does and when to call it, in words for a model.
        strict: Whether models must keep to the schema. Then every argument is
            required, and no others are allowed.
    """

    component_type: ClassVar[ComponentType] = "tool"

    def __init__(
        self,
        args_type: type[ArgsT],
        return_type: type[ReturnT],
        name: str,
        description: str,
        strict: bool = False,
    ) -> None:
        self._args_type = args_type
        is_annotated = get_origin(return_type) is Annotated
        self._return_type = get_args(return_type)[0] if is_annotated else return_type
        self._name = name
        self._description = description
        self._strict = strict

    @property
    def schema(self) -> ToolSchema:
        """What a model is told about the tool.

        Raises:
            TypeError: If the arguments are no object with properties.
            ValueError: If the tool is strict and an argument has a default, or others
                than those of the schema are allowed.
        """
        found = inlined(self._args_type.model_json_schema())
        if found.get("type") != "object":
            message = (
                f"the arguments of tool {self._name!r} must be an object with "
                f"properties: {self._args_type.__name__} is {found.get('type')!r}"
            )
            raise TypeError(message)
        parameters = ParametersSchema(
            type="object",
            properties=found.get("properties", {}),
            required=found.get("required", []),
            additionalProperties=found.get("additionalProperties", False),
        )
        if "$defs" in found:  # what contains itself
            parameters = cast(
                "ParametersSchema", {**parameters, "$defs": found["$defs"]}
            )
        if self._strict:
            self._check_strict(parameters)
        return ToolSchema(
            name=self._name,
            description=self._description,
            parameters=parameters,
            strict=self._strict,
        )

    def _check_strict(self, parameters: ParametersSchema) -> None:
        optional = set(parameters["properties"]) - set(parameters.get("required", []))
        if optional:
            message = (
                f"Strict mode is enabled for tool {self._name!r}, so all its arguments "
                f"must be required: give no default to {', '.join(sorted(optional))}"
            )
            raise ValueError(message)
        if parameters.get("additionalProperties"):
            message = (
                f"Strict mode is enabled for tool {self._name!r}, so it must not take "
                f"additional arguments: {self._args_type.__name__} allows them"
            )
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The name that a call says."""
        return self._name

    @property
    def description(self) -> str:
        """What it does and when to call it, in words for a model."""
        return self._description

    def args_type(self) -> type[BaseModel]:
        """Return the model of the arguments."""
        return self._args_type

    def return_type(self) -> type[Any]:
        """Return the type of what `run` returns."""
        return self._return_type

    def state_type(self) -> type[BaseModel] | None:
        """Return the model of the state; None for a tool that keeps none."""
        return None

    def return_value_as_string(self, value: Any) -> str:
        """Return what a model is told of a value that `run` returned.

        A pydantic model becomes JSON, anything else what ``str`` says.
        """
        if type(value) is str:
            return value
        if isinstance(value, BaseModel):
            return _as_text(value.model_dump(mode="json", fallback=str))
        return str(value)

    @abstractmethod
    async def run(self, args: ArgsT, cancellation_token: CancellationToken) -> ReturnT:
        """Do what the tool is for.

        Args:
            args: The arguments.
            cancellation_token: The token of the call. `run_json` runs this in a scope
                that it cancels; it is for what has to be told besides.
        """

    async def run_json(
        self,
        args: Mapping[str, Any],
        cancellation_token: CancellationToken,
        call_id: str | None = None,
    ) -> Any:
        """Check the arguments, and call `run` with them.

        The call has a span, if the program traces, and a `ToolCallEvent
        <actrio.logging.ToolCallEvent>`, if somebody listens.

        Args:
            args: The arguments by name, as a model wrote them.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.

        Raises:
            pydantic.ValidationError: If the arguments do not fit. A `ValueError`.
            RequestCancelled: If the token was cancelled.

        Cancellation: That of `run`.
        """
        if is_tracing():
            with tool_span(self._name, self._description, call_id) as current:
                with current():
                    value = await self._called(args, cancellation_token)
        elif heeded.get() is cancellation_token:  # the short way, for a tool agent
            value = await self.run(self._checked(args), cancellation_token)
        else:
            value = await self._called(args, cancellation_token)
        if _events.isEnabledFor(logging.INFO):
            self._log(args, value)
        return value

    def _called(self, args: object, token: CancellationToken) -> Awaitable[Any]:
        checked = self._checked(args)
        return call_under(token, lambda: self.run(checked, token))

    def _checked(self, args: object) -> Any:
        if type(args) is not dict and isinstance(args, Mapping):
            args = dict(cast("Mapping[str, Any]", args))  # what pydantic takes
        # what model_validate() calls, without its detours
        return self._args_type.__pydantic_validator__.validate_python(args)

    def _log(self, args: Mapping[str, Any], value: object) -> None:
        event = ToolCallEvent(
            tool_name=self.name,
            arguments=dict(args),
            result=self.return_value_as_string(value),
        )
        _events.info(event)

    async def save_state_json(self) -> Mapping[str, Any]:
        """Return the state, for `load_state_json`: none.

        Cancellation: Never a checkpoint.
        """
        return {}

    async def load_state_json(self, state: Mapping[str, Any]) -> None:
        """Go back to a state; there is none.

        Cancellation: Never a checkpoint.
        """


def _as_text(dumped: object) -> str:
    return json.dumps(dumped) if isinstance(dumped, dict) else str(dumped)


class BaseStreamTool(
    BaseTool[ArgsT, ReturnT], StreamTool, ABC, Generic[ArgsT, StreamT, ReturnT]
):
    """A tool that says something before it has its result.

    A subclass defines `run_stream`, and `run` for callers that want the result only.
    """

    @abstractmethod
    def run_stream(
        self, args: ArgsT, cancellation_token: CancellationToken
    ) -> AsyncGenerator[StreamT | ReturnT, None]:
        """Do what the tool is for, and yield what it says; the result comes last.

        Args:
            args: The arguments.
            cancellation_token: The token of the call; see `run`.
        """

    async def run_json_stream(
        self,
        args: Mapping[str, Any],
        cancellation_token: CancellationToken,
        call_id: str | None = None,
    ) -> AsyncGenerator[StreamT | ReturnT, None]:
        """Check the arguments, and yield what `run_stream` yields.

        Close it, with ``contextlib.aclosing``, if you do not read it to its end.

        Args:
            args: The arguments by name, as a model wrote them.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.

        Raises:
            pydantic.ValidationError: If the arguments do not fit. A `ValueError`.
            TypeError: If the stream was empty, or its last item is not of the tool's
                return type.
            RequestCancelled: If the token was cancelled.

        Cancellation: That of `run_stream`.
        """
        last: object = _NOTHING
        with tool_span(self._name, self._description, call_id) as current:
            stream = self.run_stream(self._checked(args), cancellation_token)
            steps = stream_under(cancellation_token, stream)
            try:
                while True:
                    try:
                        with current():
                            last = item = await anext(steps)
                    except StopAsyncIteration:
                        break
                    yield item
            finally:
                await steps.aclose()
        self._check_last(last)
        if _events.isEnabledFor(logging.INFO):
            self._log(args, last)

    def _check_last(self, last: object) -> None:
        if last is _NOTHING:
            message = f"tool {self._name!r} must yield a value at the end of its stream"
            raise TypeError(message)
        expected: Any = get_origin(self._return_type) or self._return_type
        if isinstance(expected, type) and not isinstance(last, expected):
            message = (
                f"the last value in the stream of tool {self._name!r} must be of its "
                f"return type {expected.__name__}, not {last!r}"
            )
            raise TypeError(message)


_NOTHING: Final = object()


class BaseToolWithState(BaseTool[ArgsT, ReturnT], ABC, Generic[ArgsT, ReturnT, StateT]):
    """A tool that remembers something between its calls.

    A subclass defines `run`, `save_state` and `load_state`.

    Args:
        args_type: The model of the arguments.
        return_type: The type of what `run` returns.
        state_type: The model of the state.
        name: The name that a call says.
        description: What it does and when to call it, in words for a model.
    """

    def __init__(
        self,
        args_type: type[ArgsT],
        return_type: type[ReturnT],
        state_type: type[StateT],
        name: str,
        description: str,
    ) -> None:
        super().__init__(args_type, return_type, name, description)
        self._state_type = state_type

    def state_type(self) -> type[BaseModel] | None:
        """Return the model of the state."""
        return self._state_type

    @abstractmethod
    def save_state(self) -> StateT:
        """Return the state, for `load_state`."""

    @abstractmethod
    def load_state(self, state: StateT) -> None:
        """Go back to a state that `save_state` returned."""

    async def save_state_json(self) -> Mapping[str, Any]:
        """Return the state, for `load_state_json`.

        Cancellation: Never a checkpoint.
        """
        return self.save_state().model_dump()

    async def load_state_json(self, state: Mapping[str, Any]) -> None:
        """Go back to a state that `save_state_json` returned.

        Raises:
            pydantic.ValidationError: If it does not fit the model. A `ValueError`.

        Cancellation: Never a checkpoint.
        """
        self.load_state(self._state_type.model_validate(state))
