"""Conversations with a model, and how much of one the model is given.

The names are those of ``autogen_core.model_context``.
"""

from .._extras import Needs

with Needs("actrio.model_context"):
    from ._buffered import BufferedChatCompletionContext
    from ._context import ChatCompletionContext, ChatCompletionContextState
    from ._head_and_tail import HeadAndTailChatCompletionContext
    from ._token_limited import TokenLimitedChatCompletionContext
    from ._unbounded import UnboundedChatCompletionContext

__all__ = [
    "BufferedChatCompletionContext",
    "ChatCompletionContext",
    "ChatCompletionContextState",
    "HeadAndTailChatCompletionContext",
    "TokenLimitedChatCompletionContext",
    "UnboundedChatCompletionContext",
]
