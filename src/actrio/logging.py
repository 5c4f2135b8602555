"""What is logged for programs: the names of the loggers, and the event records.

The names are autogen_core's, so that its logging set-ups work here. The record of an
event has the event itself as its message; formatting one gives JSON. A handler that
keeps the events is as short as this::

    class Events(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.msg, MessageEvent):
                self.seen.append(record.msg)

They are built only if somebody listens: when `EVENT_LOGGER_NAME` is enabled for INFO.
"""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from ._contextvars import MessageHandlerContext
from .identity import AgentId, TopicId

__all__ = [
    "EVENT_LOGGER_NAME",
    "ROOT_LOGGER_NAME",
    "TRACE_LOGGER_NAME",
    "AgentConstructionExceptionEvent",
    "DeliveryStage",
    "LLMCallEvent",
    "LLMStreamEndEvent",
    "LLMStreamStartEvent",
    "MessageDroppedEvent",
    "MessageEvent",
    "MessageHandlerExceptionEvent",
    "MessageKind",
    "ToolCallEvent",
]

ROOT_LOGGER_NAME = "autogen_core"
"""The parent of the others; warnings and errors for people are logged here."""

EVENT_LOGGER_NAME = "autogen_core.events"
"""Structured events, one object per record, for programs."""

TRACE_LOGGER_NAME = "autogen_core.trace"
"""What happens inside, for debugging; its format may change."""


class MessageKind(Enum):
    """What kind of message an event is about."""

    DIRECT = 1
    PUBLISH = 2
    RESPOND = 3


class DeliveryStage(Enum):
    """How far the message has come."""

    SEND = 1
    DELIVER = 2


class _Event:
    """An event; its text is a JSON object."""

    def __init__(self, **kwargs: Any) -> None:
        self.kwargs: dict[str, Any] = kwargs
        """Everything that the text says."""

    def __str__(self) -> str:
        return json.dumps(self.kwargs, default=str)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class _Usage(_Event):
    """An event that knows what a call of a model has cost."""

    @property
    def prompt_tokens(self) -> int:
        """How many tokens the prompt had."""
        tokens: int = self.kwargs["prompt_tokens"]
        return tokens

    @property
    def completion_tokens(self) -> int:
        """How many tokens the model wrote."""
        tokens: int = self.kwargs["completion_tokens"]
        return tokens


class LLMCallEvent(_Usage):
    """A model was called and has answered; to be logged by a model client.

    Args:
        messages: The prompt.
        response: What the model answered.
        prompt_tokens: How many tokens the prompt had.
        completion_tokens: How many tokens the model wrote.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(
        self,
        *,
        messages: Sequence[Mapping[str, Any]],
        response: Mapping[str, Any],
        prompt_tokens: int,
        completion_tokens: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            **kwargs,
            type="LLMCall",
            messages=messages,
            response=response,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            agent_id=_current_agent(),
        )


class LLMStreamStartEvent(_Event):
    """A model was called and begins to stream its answer.

    Args:
        messages: The prompt.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(self, *, messages: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(
            **kwargs,
            type="LLMStreamStart",
            messages=messages,
            agent_id=_current_agent(),
        )


class LLMStreamEndEvent(_Usage):
    """A model has streamed its answer to the end.

    Args:
        response: The whole answer.
        prompt_tokens: How many tokens the prompt had.
        completion_tokens: How many tokens the model wrote.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(
        self,
        *,
        response: Mapping[str, Any],
        prompt_tokens: int,
        completion_tokens: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            **kwargs,
            type="LLMStreamEnd",
            response=response,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            agent_id=_current_agent(),
        )


class ToolCallEvent(_Event):
    """A tool was called and has returned.

    Args:
        tool_name: The tool.
        arguments: What it was called with.
        result: What it returned, as text.
    """

    def __init__(
        self, *, tool_name: str, arguments: Mapping[str, Any], result: str
    ) -> None:
        super().__init__(
            type="ToolCall",
            tool_name=tool_name,
            arguments=arguments,
            result=result,
            agent_id=_current_agent(),
        )


class MessageEvent(_Event):
    """A message was sent, or reaches the one who gets it.

    Args:
        payload: The message as JSON, or why there is none.
        sender: The agent that sent it; None if it came from outside any agent.
        receiver: The recipient, or the topic; None for a copy that is delivered.
        kind: A direct message, a published one, or a response.
        delivery_stage: Whether it was sent or is delivered.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(
        self,
        *,
        payload: str,
        sender: AgentId | None,
        receiver: AgentId | TopicId | None,
        kind: MessageKind,
        delivery_stage: DeliveryStage,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            **kwargs,
            payload=payload,
            sender=_text(sender),
            receiver=_text(receiver),
            kind=str(kind),
            delivery_stage=str(delivery_stage),
            type="Message",
        )


class MessageDroppedEvent(_Event):
    """An intervention handler dropped a message.

    Args:
        payload: The message as JSON, or why there is none.
        sender: The agent that sent it; None if it came from outside any agent.
        receiver: The recipient, or the topic.
        kind: A direct message, a published one, or a response.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(
        self,
        *,
        payload: str,
        sender: AgentId | None,
        receiver: AgentId | TopicId | None,
        kind: MessageKind,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            **kwargs,
            payload=payload,
            sender=_text(sender),
            receiver=_text(receiver),
            kind=str(kind),
            type="MessageDropped",
        )


class MessageHandlerExceptionEvent(_Event):
    """A handler raised an exception.

    Args:
        payload: The message as JSON, or why there is none.
        handling_agent: Whose handler it was.
        exception: What it raised.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(
        self,
        *,
        payload: str,
        handling_agent: AgentId,
        exception: BaseException,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            **kwargs,
            payload=payload,
            handling_agent=str(handling_agent),
            exception=str(exception),
            type="MessageHandlerException",
        )


class AgentConstructionExceptionEvent(_Event):
    """An agent could not be built.

    Args:
        agent_id: The id of the agent that is missing.
        exception: What its factory raised.
        **kwargs: Anything else; it appears in the text.
    """

    def __init__(
        self, *, agent_id: AgentId, exception: BaseException, **kwargs: Any
    ) -> None:
        super().__init__(
            **kwargs,
            agent_id=str(agent_id),
            exception=str(exception),
            type="AgentConstructionException",
        )


def _current_agent() -> str | None:
    try:
        return str(MessageHandlerContext.agent_id())
    except RuntimeError:
        return None


def _text(address: AgentId | TopicId | None) -> str | None:
    return None if address is None else str(address)
