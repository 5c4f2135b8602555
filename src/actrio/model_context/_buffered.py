"""A conversation whose end is given."""

from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import BaseModel

from ..components import Component
from ..models import LLMMessage
from ._context import ChatCompletionContext
from ._pairs import without_results_at_start

__all__ = ["BufferedChatCompletionContext"]


class BufferedChatCompletionContextConfig(BaseModel):
    """How much is given, and what the conversation begins with."""

    buffer_size: int
    initial_messages: list[LLMMessage] | None = None


class BufferedChatCompletionContext(
    ChatCompletionContext, Component[BufferedChatCompletionContextConfig]
):
    """A conversation of which the model is given the last messages.

    Results at the beginning of these are left out, for the calls that they answer are
    not there.

    Args:
        buffer_size: How many messages are given at most.
        initial_messages: What the conversation begins with.

    Raises:
        ValueError: If ``buffer_size`` is not positive.
    """

    component_config_schema = BufferedChatCompletionContextConfig
    component_provider_override: ClassVar[str | None] = (
        "actrio.model_context.BufferedChatCompletionContext"
    )

    def __init__(
        self, buffer_size: int, initial_messages: Sequence[LLMMessage] | None = None
    ) -> None:
        super().__init__(initial_messages)
        if buffer_size <= 0:
            message = f"buffer_size must be greater than 0, not {buffer_size!r}"
            raise ValueError(message)
        self._buffer_size = buffer_size

    async def get_messages(self) -> list[LLMMessage]:
        """Return the last ``buffer_size`` messages or fewer, oldest first."""
        return without_results_at_start(self._messages[-self._buffer_size :])

    def _to_config(self) -> BufferedChatCompletionContextConfig:
        return BufferedChatCompletionContextConfig(
            buffer_size=self._buffer_size, initial_messages=self._initial_messages
        )

    @classmethod
    def _from_config(cls, config: BufferedChatCompletionContextConfig) -> Self:
        return cls(config.buffer_size, config.initial_messages)
