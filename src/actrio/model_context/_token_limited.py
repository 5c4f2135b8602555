"""A conversation of which as much is given as there are tokens for."""

import logging
from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import BaseModel

from ..components import Component, ComponentModel
from ..logging import ROOT_LOGGER_NAME
from ..models import ChatCompletionClient, LLMMessage
from ..tools import ToolSchema
from ._context import ChatCompletionContext
from ._pairs import without_middle, without_results_at_start

__all__ = ["TokenLimitedChatCompletionContext"]

_logger = logging.getLogger(ROOT_LOGGER_NAME)


class TokenLimitedChatCompletionContextConfig(BaseModel):
    """Who counts, how much is given, and what the conversation begins with."""

    model_client: ComponentModel
    token_limit: int | None = None
    tool_schema: list[ToolSchema] | None = None
    initial_messages: list[LLMMessage] | None = None


class TokenLimitedChatCompletionContext(
    ChatCompletionContext, Component[TokenLimitedChatCompletionContextConfig]
):
    """A conversation of which the model is given as much as there are tokens for.

    Messages are left out from the middle, until the rest fits: what was said first and
    what was said last stays longest. Calls and their results are left out together.

    If not even one message fits, the model is given none, and a warning is logged.

    Args:
        model_client: Who counts the tokens.
        token_limit: How many tokens are given at most, as ``count_tokens`` of the
            client counts them. None for as many as the model has room for, as its
            ``remaining_tokens`` says.
        tool_schema: The tools that the model is given too, which take tokens.
        initial_messages: What the conversation begins with.

    Raises:
        ValueError: If ``token_limit`` is not positive.
    """

    component_config_schema = TokenLimitedChatCompletionContextConfig
    component_provider_override: ClassVar[str | None] = (
        "actrio.model_context.TokenLimitedChatCompletionContext"
    )

    def __init__(
        self,
        model_client: ChatCompletionClient,
        *,
        token_limit: int | None = None,
        tool_schema: Sequence[ToolSchema] | None = None,
        initial_messages: Sequence[LLMMessage] | None = None,
    ) -> None:
        super().__init__(initial_messages)
        if token_limit is not None and token_limit <= 0:
            message = f"token_limit must be greater than 0 or None, not {token_limit!r}"
            raise ValueError(message)
        self._model_client = model_client
        self._token_limit = token_limit
        self._tool_schema = list(tool_schema or ())

    async def get_messages(self) -> list[LLMMessage]:
        """Return the messages that there are tokens for, oldest first."""
        messages = without_results_at_start(self._messages)
        while messages and self._excess(messages) > 0:
            messages = without_middle(messages)
            if not messages:
                self._warn()
        return messages

    def _excess(self, messages: list[LLMMessage]) -> int:
        """Return how many tokens they are too long."""
        client, tools = self._model_client, self._tool_schema
        if self._token_limit is None:
            return -client.remaining_tokens(messages, tools=tools)
        return client.count_tokens(messages, tools=tools) - self._token_limit

    def _warn(self) -> None:
        limit = self._token_limit
        _logger.warning(
            "%s gives the model none of its %d messages: %s leaves no room for one of "
            "them; allow more tokens, or shorten messages or tools",
            type(self).__qualname__,
            len(self._messages),
            "the model" if limit is None else f"token_limit={limit}",
        )

    def _to_config(self) -> TokenLimitedChatCompletionContextConfig:
        return TokenLimitedChatCompletionContextConfig(
            model_client=self._model_client.dump_component(),
            token_limit=self._token_limit,
            tool_schema=self._tool_schema,
            initial_messages=self._initial_messages,
        )

    @classmethod
    def _from_config(cls, config: TokenLimitedChatCompletionContextConfig) -> Self:
        return cls(
            ChatCompletionClient.load_component(config.model_client),
            token_limit=config.token_limit,
            tool_schema=config.tool_schema,
            initial_messages=config.initial_messages,
        )
