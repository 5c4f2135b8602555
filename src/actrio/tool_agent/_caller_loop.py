"""Between a model that asks for tools and the agent that runs them."""

from functools import partial
from typing import TypeGuard, cast

from ..abc import AgentRuntime
from ..agents import BaseAgent
from ..function_call import FunctionCall
from ..identity import AgentId
from ..messages import CancellationToken
from ..models import (
    AssistantMessage,
    ChatCompletionClient,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    LLMMessage,
)
from ..tools import Tool, ToolSchema
from ._exceptions import ToolException
from ._outcomes import Request, all_outcomes

__all__ = ["tool_agent_caller_loop"]


async def tool_agent_caller_loop(
    caller: BaseAgent | AgentRuntime,
    tool_agent_id: AgentId,
    model_client: ChatCompletionClient,
    input_messages: list[LLMMessage],
    tool_schema: list[ToolSchema] | list[Tool],
    cancellation_token: CancellationToken | None = None,
    caller_source: str = "assistant",
) -> list[LLMMessage]:
    """Ask a model, run the tools it asks for, tell it the results, until it answers.

    The calls of one answer are requests that run beside each other, and their results
    stand in the order of the calls. A call that fails, because of an unknown tool, wrong
    arguments or an error in the tool, is a result with ``is_error``, and the model goes
    on from there; it neither cancels nor delays the others.

    There is no limit to the rounds and no time limit: call it under a scope with a
    deadline.

    Args:
        caller: Who sends the calls: the agent that asks, or a runtime.
        tool_agent_id: The tool agent.
        model_client: The model.
        input_messages: The conversation so far; it is not changed.
        tool_schema: The tools that the model is told about.
        cancellation_token: Lets somebody outside this task cancel the loop.
        caller_source: Who the answers of the model are from.

    Returns:
        The messages that follow the conversation; the last one is the model's answer.

    Raises:
        RequestCancelled: If the token was cancelled.
        UndeliverableException: If there is no such tool agent. Like any error that
            does not come from a tool, it is raised when the other calls of the answer
            are done; the first one in their order.

    Cancellation: Cancels the model or the tools, whichever works.
    """
    generated: list[LLMMessage] = []
    while True:
        response = await model_client.create(
            [*input_messages, *generated],
            tools=tool_schema,
            cancellation_token=cancellation_token,
        )
        content = response.content
        generated.append(AssistantMessage(content=content, source=caller_source))
        if not _asks_for_tools(content):
            return generated
        requests: list[Request] = [
            partial(
                caller.send_message,
                call,
                tool_agent_id,
                cancellation_token=cancellation_token,
            )
            for call in content
        ]
        outcomes = await all_outcomes(requests)
        results = list(map(_result, content, outcomes))
        generated.append(FunctionExecutionResultMessage(content=results))


def _asks_for_tools(content: object) -> TypeGuard[list[FunctionCall]]:
    if not isinstance(content, list) or not content:
        return False
    items = cast("list[object]", content)
    return all(isinstance(item, FunctionCall) for item in items)


def _result(call: FunctionCall, outcome: object) -> FunctionExecutionResult:
    """Return what the model is told, or raise what it cannot help."""
    if isinstance(outcome, ToolException):
        return FunctionExecutionResult(
            content=outcome.content,
            call_id=outcome.call_id,
            is_error=True,
            name=outcome.name,
        )
    if isinstance(outcome, BaseException):
        raise outcome
    if not isinstance(outcome, FunctionExecutionResult):
        message = (
            f"the answer to the call of {call.name!r} must be a FunctionExecutionResult, "
            f"not {outcome!r}: send the calls to a ToolAgent"
        )
        raise TypeError(message)
    return outcome
