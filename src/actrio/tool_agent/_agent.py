"""The agent that runs tools."""

from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import from_json

from ..agents import RoutedAgent, message_handler
from ..exceptions import RequestCancelled
from ..function_call import FunctionCall
from ..messages import MessageContext
from ..models import FunctionExecutionResult
from ..tools import Tool
from ..tools._cancelling import heeded
from ._exceptions import (
    InvalidToolArgumentsException,
    ToolExecutionException,
    ToolNotFoundException,
)

__all__ = ["ToolAgent"]


class ToolAgent(RoutedAgent):
    """Runs tools, for whoever sends it a `FunctionCall <actrio.FunctionCall>`.

    The answer is a `FunctionExecutionResult <actrio.models.FunctionExecutionResult>`.
    Calls run beside each other: a slow tool holds up nobody else. A tool runs inside the
    request, so that the scope, the deadline or the token of the sender cancels it.

    Args:
        description: What the agent is for.
        tools: The tools. If two have the same name, the first one is called.
    """

    def __init__(self, description: str, tools: list[Tool]) -> None:
        super().__init__(description)
        self._tools = tools

    @property
    def tools(self) -> list[Tool]:
        """The tools."""
        return self._tools

    @message_handler(concurrent=True)
    async def handle_function_call(
        self, message: FunctionCall, ctx: MessageContext
    ) -> FunctionExecutionResult:
        """Run the tool that the call names.

        Raises:
            ToolNotFoundException: If there is no such tool.
            InvalidToolArgumentsException: If the arguments are no JSON object, or do
                not fit the tool.
            ToolExecutionException: If the tool raised an error.
            RequestCancelled: If the token of the call was cancelled.

        Cancellation: Cancels the tool.
        """
        for tool in self._tools:
            if tool.name == message.name:
                break
        else:
            content = f"Error: Tool not found: {message.name}"
            raise ToolNotFoundException(message.id, content, message.name)
        arguments = _arguments(message)
        token = ctx.cancellation_token
        before = heeded.set(token)  # it cancels this handler
        try:
            value = await tool.run_json(arguments, token, call_id=message.id)
            content = tool.return_value_as_string(value)
        except Exception as exc:
            if isinstance(exc, RequestCancelled) and token.is_cancelled:
                raise
            if isinstance(exc, ValidationError):
                _check(arguments, tool, message)
            content = f"Error: {str(exc) or type(exc).__name__}"
            raise ToolExecutionException(message.id, content, message.name) from exc
        finally:
            heeded.reset(before)
        return FunctionExecutionResult(
            content=content, call_id=message.id, is_error=False, name=message.name
        )


def _arguments(call: FunctionCall) -> dict[str, Any]:
    try:
        found: object = from_json(call.arguments)  # type: ignore[arg-type] # or TypeError
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
    except (TypeError, ValueError):
        pass  # what pydantic refuses, json may still take
    try:
        return call.parsed_arguments
    except (TypeError, ValueError) as exc:
        content = f"Error: Invalid arguments: {call.arguments}"
        raise InvalidToolArgumentsException(call.id, content, call.name) from exc


def _check(arguments: dict[str, Any], tool: Tool, call: FunctionCall) -> None:
    """Raise if a validation error was about the arguments, and not inside the tool."""
    try:
        tool.args_type().model_validate(arguments)
    except ValidationError as exc:
        wrong = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'arguments'}: {error['msg']}"
            for error in exc.errors(include_url=False)
        )
        content = f"Error: Invalid arguments: {wrong}"
        raise InvalidToolArgumentsException(call.id, content, call.name) from exc
