"""What a model answers."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from ..function_call import FunctionCall

__all__ = [
    "ChatCompletionTokenLogprob",
    "CreateResult",
    "FinishReasons",
    "RequestUsage",
    "TopLogprob",
]


@dataclass
class RequestUsage:
    """How many tokens a request took."""

    prompt_tokens: int
    """How many the model was given."""

    completion_tokens: int
    """How many it answered with."""


FinishReasons = Literal["stop", "length", "function_calls", "content_filter", "unknown"]
"""Why a model ended: it was done, it reached a limit, it asks for calls, what it would
have said was held back, or the service gave another reason or none."""


@dataclass
class TopLogprob:
    """How likely another token was at the same place."""

    logprob: float
    """The natural logarithm of its probability."""

    bytes: list[int] | None = None
    """The UTF-8 bytes of the token, where one character is spread over several."""


class ChatCompletionTokenLogprob(BaseModel):
    """How likely a token of an answer was."""

    token: str
    """The token."""

    logprob: float
    """The natural logarithm of its probability."""

    top_logprobs: list[TopLogprob] | None = None
    """The likeliest tokens at its place, if the service was asked for them."""

    bytes: list[int] | None = None
    """The UTF-8 bytes of the token, where one character is spread over several."""


class CreateResult(BaseModel):
    """A whole answer of a model."""

    finish_reason: FinishReasons
    """Why the model ended here."""

    content: str | list[FunctionCall]
    """A text, or the calls that the model asks for."""

    usage: RequestUsage
    """How many tokens it took."""

    cached: bool
    """Whether the answer comes from a cache, so that it took no tokens."""

    logprobs: list[ChatCompletionTokenLogprob] | None = None
    """How likely each token was, if the service was asked for it."""

    thought: str | None = None
    """What the model thought before, or said besides its calls; None if nothing."""
