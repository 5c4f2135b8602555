"""The interface of those who talk to a model."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from ..components import ComponentBase
from ..messages import CancellationToken
from ..tools import Tool, ToolSchema
from ._info import (
    ModelCapabilities,  # pyright: ignore[reportDeprecated] # a mirrored name
    ModelFamily,
    ModelInfo,
)
from ._messages import LLMMessage
from ._results import CreateResult, RequestUsage

__all__ = ["ChatCompletionClient"]


class ChatCompletionClient(ComponentBase[BaseModel], ABC):
    """The interface of a client of a model: it takes a conversation and continues it.

    A client is a component, and may be used by several tasks at once. Whether it keeps
    answers to give them again is its own affair, for only it knows all that they
    depend on.
    """

    @abstractmethod
    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
        tool_choice: Tool | Literal["auto", "required", "none"] = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] = {},
        cancellation_token: CancellationToken | None = None,
    ) -> CreateResult:
        """Give the model a conversation, and return its whole answer.

        Args:
            messages: The conversation so far.
            tools: The tools that the model may ask for.
            tool_choice: A tool that it must ask for; or ``"auto"`` if it may choose
                whether and which, ``"required"`` if it must ask for one, ``"none"`` if
                for none.
            json_output: A pydantic model for JSON that fits it, True for any JSON,
                False for text, None for what the service does by itself. With True the
                conversation must ask for JSON too.
            extra_create_args: More arguments, for the service behind the client.
            cancellation_token: Lets somebody outside this task withdraw the request.

        Returns:
            The answer, which is a text or calls of tools.

        Cancellation: Ends the request to the service.
        """

    @abstractmethod
    def create_stream(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
        tool_choice: Tool | Literal["auto", "required", "none"] = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] = {},
        cancellation_token: CancellationToken | None = None,
    ) -> AsyncGenerator[str | CreateResult, None]:
        """Do what `create` does, and give the answer away as it comes.

        Leaving the loop early does not close the generator: use
        ``contextlib.aclosing()`` where the rest may not be wanted, and a connection is
        not kept for it.

        Args:
            messages: The conversation so far.
            tools: As for `create`.
            tool_choice: As for `create`.
            json_output: As for `create`.
            extra_create_args: As for `create`.
            cancellation_token: As for `create`.

        Yields:
            The pieces of the text, then the whole answer, which is the last. A stream
            that ends without it has broken off.

        Cancellation: Ends the request to the service.
        """

    @abstractmethod
    async def close(self) -> None:
        """Let go of the connections to the service. Closing twice is once."""

    @abstractmethod
    def actual_usage(self) -> RequestUsage:
        """Return the tokens of all requests that went to the service."""

    @abstractmethod
    def total_usage(self) -> RequestUsage:
        """Return the tokens of all requests, those answered from a cache included."""

    @abstractmethod
    def count_tokens(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
    ) -> int:
        """Return how many tokens a conversation and its tools are; or an estimate."""

    @abstractmethod
    def remaining_tokens(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
    ) -> int:
        """Return for how many more tokens the model has room; negative if for none."""

    @property
    @abstractmethod
    def capabilities(self) -> ModelCapabilities:  # pyright: ignore[reportDeprecated] # the same
        """What the model can do, in an older form; read `model_info`."""

    @property
    @abstractmethod
    def model_info(self) -> ModelInfo:
        """What the model can do, and what it is akin to.

        Warns:
            UserWarning: If a subclass leaves it to this class, which takes it from
                `capabilities`.
        """
        message = (
            f"{type(self).__qualname__} does not say its model_info; define that "
            "property: capabilities, from which it is taken, is deprecated"
        )
        warnings.warn(message, stacklevel=2)
        known = self.capabilities
        return ModelInfo(
            vision=known["vision"],
            function_calling=known["function_calling"],
            json_output=known["json_output"],
            family=ModelFamily.UNKNOWN,
            structured_output=False,
        )
