"""A client of a model that is not there: it says what its script says.

Its tokens are words, so that a test can count them by hand.
"""

import inspect
import logging
import re
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self, TypeVar, cast

import attrs
from anyio.lowlevel import checkpoint
from pydantic import BaseModel

from ..components import Component, ComponentType
from ..exceptions import RequestCancelled
from ..function_call import FunctionCall
from ..logging import ROOT_LOGGER_NAME
from ..messages import CancellationToken
from ..models import (
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResult,
    LLMMessage,
    ModelCapabilities,  # pyright: ignore[reportDeprecated] # a mirrored name
    ModelFamily,
    ModelInfo,
    RequestUsage,
    validate_model_info,
)
from ..tools import Tool, ToolSchema

__all__ = ["ReplayChatCompletionClient", "ScriptedStream"]

T = TypeVar("T")

_logger = logging.getLogger(ROOT_LOGGER_NAME)

_TOKENS_AT_HAND = 10_000
_WORD = re.compile(r"\s*\S+\s*|\s+")


@attrs.frozen
class ScriptedStream:
    """A response in the pieces in which a stream gives it away.

    Args:
        chunks: The pieces of the text.
        end: What comes after them: ``"stop"`` for the result that they make, another
            result, an exception to raise, or None for a stream that breaks off.
    """

    chunks: Sequence[str]
    end: CreateResult | BaseException | Literal["stop"] | None = "stop"


_Plain = str | CreateResult | ScriptedStream | BaseException | type[BaseException]
_Function = Callable[[Sequence[LLMMessage]], _Plain | Awaitable[_Plain]]
_Response = _Plain | _Function


class ReplayChatCompletionClientConfig(BaseModel):
    """The responses that are data, and what is said about the model."""

    chat_completions: Sequence[str | CreateResult]
    model_info: ModelInfo | None = None


class ReplayChatCompletionClient(
    ChatCompletionClient, Component[ReplayChatCompletionClientConfig]
):
    """A client for tests: each request gets the next response of a script.

    A response is one of these:

    - a text, which a stream gives away word by word;
    - a `CreateResult <actrio.models.CreateResult>`, such as one that was recorded;
    - a `ScriptedStream`, for other pieces, and for streams that break off;
    - an exception, which is raised;
    - a function of the conversation that returns one of these. It may be async, and so
      it may wait::

        from actrio.models import UserMessage

        async def slowly(messages):
            await trio.sleep(60)
            return f"You said {messages[-1].content!r}."

        client = ReplayChatCompletionClient(["Hello!", ConnectionError("busy"), slowly])
        result = await client.create([UserMessage(content="Hi", source="user")])
        assert result.content == "Hello!"
        assert result.usage.completion_tokens == 1

    A token is a word. A request takes its response when it begins, so requests that run
    at once get different ones, and one that is cancelled has used its own up.

    It has the parameters and members of the client of this name in ``autogen_ext``.

    Args:
        chat_completions: The script.
        model_info: What is said about the model; None for one that can do nothing
            special.

    Raises:
        ValueError: If ``model_info`` lacks a required field.
    """

    component_type: ClassVar[ComponentType] = "replay_chat_completion_client"
    component_config_schema = ReplayChatCompletionClientConfig
    component_provider_override: ClassVar[str | None] = (
        "actrio.testing.ReplayChatCompletionClient"
    )

    chat_completions: list[_Response]
    """The script; more may be added."""

    provided_message_count: int
    """How many responses the script had at the beginning."""

    def __init__(
        self,
        chat_completions: Sequence[_Response],
        model_info: ModelInfo | None = None,
    ) -> None:
        if model_info is not None:
            validate_model_info(model_info)
        self.chat_completions = list(chat_completions)
        self.provided_message_count = len(self.chat_completions)
        self._model_info = model_info or ModelInfo(
            vision=False,
            function_calling=False,
            json_output=False,
            family=ModelFamily.UNKNOWN,
            structured_output=False,
        )
        self._cached = True
        self._create_calls: list[dict[str, Any]] = []
        self.reset()

    @property
    def create_calls(self) -> list[dict[str, Any]]:
        """The arguments of each request by name, streams included, oldest first."""
        return self._create_calls

    def set_cached_bool_value(self, value: bool) -> None:
        """Say whether results that are made of texts claim to come from a cache."""
        self._cached = value

    def reset(self) -> None:
        """Go back to the beginning of the script and to no usage.

        `create_calls` stays.
        """
        self._next = 0
        self._usage = RequestUsage(0, 0)
        self._total = RequestUsage(0, 0)

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
        """Return the next response.

        Args:
            messages: The conversation; its words are counted.
            tools: Are recorded.
            tool_choice: Is recorded.
            json_output: Is recorded.
            extra_create_args: Are recorded.
            cancellation_token: Withdraws the request.

        Raises:
            ValueError: If the script is used up.
            ConnectionError: If the response is a stream that breaks off.
            RequestCancelled: If the token was cancelled.

        Cancellation: The response is used up.
        """
        scripted = self._begin(
            messages=messages,
            tools=tools,
            tool_choice=tool_choice,
            json_output=json_output,
            extra_create_args=extra_create_args,
            cancellation_token=cancellation_token,
        )
        response = await _under(cancellation_token, _played, scripted, messages)
        if not isinstance(response, ScriptedStream):
            return self._result(response, messages)
        if response.end is None:
            message = "the scripted response breaks off: its ScriptedStream has no end"
            raise ConnectionError(message)
        return self._result(_end_of(response), messages)

    async def create_stream(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
        tool_choice: Tool | Literal["auto", "required", "none"] = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] = {},
        cancellation_token: CancellationToken | None = None,
    ) -> AsyncGenerator[str | CreateResult, None]:
        """Yield the next response in pieces, then whole.

        Args:
            messages: As for `create`.
            tools: As for `create`.
            tool_choice: As for `create`.
            json_output: As for `create`.
            extra_create_args: As for `create`.
            cancellation_token: As for `create`.

        Yields:
            The pieces of a text or a stream, none of a result; then the result, except
            for a stream that breaks off.

        Raises:
            ValueError: If the script is used up.
            RequestCancelled: If the token was cancelled.

        Cancellation: The response is used up.
        """
        scripted = self._begin(
            messages=messages,
            tools=tools,
            tool_choice=tool_choice,
            json_output=json_output,
            extra_create_args=extra_create_args,
            cancellation_token=cancellation_token,
        )
        response = await _under(cancellation_token, _played, scripted, messages)
        stream = _as_stream(response)
        for chunk in stream.chunks:
            await _under(cancellation_token, checkpoint)
            yield chunk
        await _under(cancellation_token, checkpoint)
        if stream.end is not None:
            yield self._result(_end_of(stream), messages)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def actual_usage(self) -> RequestUsage:
        """Return the words of the last request."""
        return replace(self._usage)

    def total_usage(self) -> RequestUsage:
        """Return the words of all requests since the beginning or a `reset`."""
        return replace(self._total)

    def count_tokens(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
    ) -> int:
        """Return how many words a conversation has; images and tools have none."""
        return sum(map(_words, messages))

    def remaining_tokens(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
    ) -> int:
        """Return how many of 10,000 words are left, whatever the conversation."""
        used = self._total.prompt_tokens + self._total.completion_tokens
        return max(0, _TOKENS_AT_HAND - used)

    @property
    def capabilities(self) -> ModelCapabilities:  # pyright: ignore[reportDeprecated] # the same
        """What the model can do, in an older form.

        Warns:
            DeprecationWarning: Always; read `model_info`.
        """
        message = "capabilities is deprecated: read model_info"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return cast("ModelCapabilities", self._model_info)  # pyright: ignore[reportDeprecated] # the same

    @property
    def model_info(self) -> ModelInfo:
        """What was said about the model."""
        return self._model_info

    def _begin(self, **call: Any) -> _Response:
        """Record a request, and take its response from the script."""
        if call["tool_choice"] != "auto":
            _logger.warning("tool_choice is ignored: a script has made the choice")
        length = len(self.chat_completions)
        if self._next >= length:
            message = (
                f"No more mock responses available: the script has {length}, and this "
                f"is request {self._next + 1}; add to chat_completions, or reset()"
            )
            raise ValueError(message)
        call["messages"] = list(call["messages"])  # it may grow afterwards
        self._create_calls.append(call)
        self._next += 1
        return self.chat_completions[self._next - 1]

    def _result(
        self,
        response: str | CreateResult | BaseException | type[BaseException],
        messages: Sequence[LLMMessage],
    ) -> CreateResult:
        """Count the words of a request, and return its result."""
        if isinstance(response, BaseException | type):
            raise response
        prompt = self.count_tokens(messages)
        if isinstance(response, str):
            usage = RequestUsage(prompt, len(response.split()))
            response = CreateResult(
                finish_reason="stop", content=response, usage=usage, cached=self._cached
            )
        self._usage = RequestUsage(prompt, response.usage.completion_tokens)
        self._total.prompt_tokens += self._usage.prompt_tokens
        self._total.completion_tokens += self._usage.completion_tokens
        return response

    def _to_config(self) -> ReplayChatCompletionClientConfig:
        for number, response in enumerate(self.chat_completions, 1):
            if not isinstance(response, str | CreateResult):
                message = (
                    f"response {number} of the script cannot be dumped: it must be a "
                    f"str or a CreateResult, not {response!r}"
                )
                raise TypeError(message)
        return ReplayChatCompletionClientConfig(
            chat_completions=cast("list[str | CreateResult]", self.chat_completions),
            model_info=self._model_info,
        )

    @classmethod
    def _from_config(cls, config: ReplayChatCompletionClientConfig) -> Self:
        return cls(config.chat_completions, config.model_info)


async def _under(
    token: CancellationToken | None,
    function: Callable[..., Awaitable[T]],
    *args: object,
) -> T:
    """Await a function until the token is cancelled."""
    with (token or CancellationToken()).scope() as scope:
        result = await function(*args)
    if scope.cancelled_caught:
        message = "the request was withdrawn by its cancellation token"
        raise RequestCancelled(message)
    return result


async def _played(scripted: _Response, messages: Sequence[LLMMessage]) -> _Plain:
    """Return a response; of a function, what it returns."""
    await checkpoint()
    if not callable(scripted) or isinstance(scripted, type):
        return scripted
    response = scripted(messages)
    return await response if inspect.isawaitable(response) else response


def _as_stream(response: _Plain) -> ScriptedStream:
    """Return the pieces of any response."""
    match response:
        case ScriptedStream():
            return response
        case str():
            return ScriptedStream(_WORD.findall(response))
        case type():
            return ScriptedStream([], response())
        case _:
            return ScriptedStream([], response)


def _end_of(stream: ScriptedStream) -> str | CreateResult | BaseException:
    """Return what comes after the pieces of a stream that does not break off."""
    if stream.end is None or stream.end == "stop":
        return "".join(stream.chunks)
    return stream.end


def _words(message: LLMMessage) -> int:
    """Count the words of a message."""
    content = message.content
    if isinstance(content, str):
        return len(content.split())
    return sum(len(_text(item).split()) for item in content)


def _text(item: object) -> str:
    """Return the text of a part of a message; an image has none."""
    match item:
        case str():
            return item
        case FunctionCall():
            return f"{item.name} {item.arguments}"
        case FunctionExecutionResult():
            return item.content
        case _:
            return ""
