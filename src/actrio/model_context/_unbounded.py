"""A conversation that is given whole."""

from typing import ClassVar, Self

from pydantic import BaseModel

from ..components import Component
from ..models import LLMMessage
from ._context import ChatCompletionContext

__all__ = ["UnboundedChatCompletionContext"]


class UnboundedChatCompletionContextConfig(BaseModel):
    """What the conversation begins with."""

    initial_messages: list[LLMMessage] | None = None


class UnboundedChatCompletionContext(
    ChatCompletionContext, Component[UnboundedChatCompletionContextConfig]
):
    """A conversation of which the model is given every message.

    It grows without limit, and so do the requests; use another one for an agent that
    lives long.

    Args:
        initial_messages: What the conversation begins with.
    """

    component_config_schema = UnboundedChatCompletionContextConfig
    component_provider_override: ClassVar[str | None] = (
        "actrio.model_context.UnboundedChatCompletionContext"
    )

    async def get_messages(self) -> list[LLMMessage]:
        """Return all messages, oldest first."""
        return list(self._messages)

    def _to_config(self) -> UnboundedChatCompletionContextConfig:
        return UnboundedChatCompletionContextConfig(
            initial_messages=self._initial_messages
        )

    @classmethod
    def _from_config(cls, config: UnboundedChatCompletionContextConfig) -> Self:
        return cls(initial_messages=config.initial_messages)
