"""Calls and their results, which belong together.

A service refuses a conversation that has the result of a call without the call, or a
call without its result. So whoever leaves messages out leaves out both.
"""

from collections.abc import Sequence

from ..models import AssistantMessage, FunctionExecutionResultMessage, LLMMessage

__all__ = [
    "without_calls_at_end",
    "without_middle",
    "without_results_at_start",
]


def _is_call(message: LLMMessage) -> bool:
    return isinstance(message, AssistantMessage) and isinstance(message.content, list)


def _is_result(message: LLMMessage) -> bool:
    return isinstance(message, FunctionExecutionResultMessage)


def _is_paired(message: LLMMessage) -> bool:
    return _is_call(message) or _is_result(message)


def without_results_at_start(messages: Sequence[LLMMessage]) -> list[LLMMessage]:
    """Leave out the results that come first, for their calls are not there."""
    start = 0
    while start < len(messages) and _is_result(messages[start]):
        start += 1
    return list(messages[start:])


def without_calls_at_end(messages: Sequence[LLMMessage]) -> list[LLMMessage]:
    """Leave out the calls that come last, for their results are not there."""
    end = len(messages)
    while end > 0 and _is_call(messages[end - 1]):
        end -= 1
    return list(messages[:end])


def without_middle(messages: Sequence[LLMMessage]) -> list[LLMMessage]:
    """Leave out the message in the middle; calls together with their results."""
    middle = start = len(messages) // 2
    while start > 0 and _is_result(messages[start]):
        start -= 1
    if start < middle and not _is_paired(messages[start]):
        start += 1  # nobody has called for these results
    end = start + 1
    if _is_paired(messages[start]):
        while end < len(messages) and _is_result(messages[end]):
            end += 1
    return [*messages[:start], *messages[end:]]
