"""A conversation whose beginning and end are given."""

from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import BaseModel

from ..components import Component
from ..models import LLMMessage, UserMessage
from ._context import ChatCompletionContext
from ._pairs import without_calls_at_end, without_results_at_start

__all__ = ["HeadAndTailChatCompletionContext"]


class HeadAndTailChatCompletionContextConfig(BaseModel):
    """How much is given, and what the conversation begins with."""

    head_size: int
    tail_size: int
    initial_messages: list[LLMMessage] | None = None


class HeadAndTailChatCompletionContext(
    ChatCompletionContext, Component[HeadAndTailChatCompletionContextConfig]
):
    """A conversation of which the model is given the first and the last messages.

    Between them a message says how many are left out. Calls at the end of the first
    ones and results at the beginning of the last ones are left out as well, for what
    belongs to them is not there.

    Args:
        head_size: How many of the first messages are given at most.
        tail_size: How many of the last messages are given at most.
        initial_messages: What the conversation begins with.

    Raises:
        ValueError: If one of the sizes is not positive.
    """

    component_config_schema = HeadAndTailChatCompletionContextConfig
    component_provider_override: ClassVar[str | None] = (
        "actrio.model_context.HeadAndTailChatCompletionContext"
    )

    def __init__(
        self,
        head_size: int,
        tail_size: int,
        initial_messages: Sequence[LLMMessage] | None = None,
    ) -> None:
        super().__init__(initial_messages)
        for name, size in (("head_size", head_size), ("tail_size", tail_size)):
            if size <= 0:
                message = f"{name} must be greater than 0, not {size!r}"
                raise ValueError(message)
        self._head_size = head_size
        self._tail_size = tail_size

    async def get_messages(self) -> list[LLMMessage]:
        """Return the first and the last messages, oldest first.

        All of them, if there are no more than ``head_size + tail_size``.
        """
        messages = self._messages
        if len(messages) <= self._head_size + self._tail_size:
            return list(messages)
        head = without_calls_at_end(messages[: self._head_size])
        tail = without_results_at_start(messages[-self._tail_size :])
        skipped = len(messages) - len(head) - len(tail)
        gap = UserMessage(content=f"Skipped {skipped} messages.", source="System")
        return [*head, gap, *tail]

    def _to_config(self) -> HeadAndTailChatCompletionContextConfig:
        return HeadAndTailChatCompletionContextConfig(
            head_size=self._head_size,
            tail_size=self._tail_size,
            initial_messages=self._initial_messages,
        )

    @classmethod
    def _from_config(cls, config: HeadAndTailChatCompletionContextConfig) -> Self:
        return cls(config.head_size, config.tail_size, config.initial_messages)
