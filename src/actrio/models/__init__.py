"""What agents say to language models, and the interface of those who talk to them.

The names are those of ``autogen_core.models``. They need pydantic and Pillow, which
``pip install 'actrio[mirror]'`` installs.
"""

from .._extras import Needs

with Needs("actrio.models"):
    from ._client import ChatCompletionClient
    from ._info import (
        ModelCapabilities,  # pyright: ignore[reportDeprecated] # a mirrored name
        ModelFamily,
        ModelInfo,
        validate_model_info,
    )
    from ._messages import (
        AssistantMessage,
        FunctionExecutionResult,
        FunctionExecutionResultMessage,
        LLMMessage,
        SystemMessage,
        UserMessage,
    )
    from ._results import (
        ChatCompletionTokenLogprob,
        CreateResult,
        FinishReasons,
        RequestUsage,
        TopLogprob,
    )

__all__ = [
    "AssistantMessage",
    "ChatCompletionClient",
    "ChatCompletionTokenLogprob",
    "CreateResult",
    "FinishReasons",
    "FunctionExecutionResult",
    "FunctionExecutionResultMessage",
    "LLMMessage",
    "ModelCapabilities",
    "ModelFamily",
    "ModelInfo",
    "RequestUsage",
    "SystemMessage",
    "TopLogprob",
    "UserMessage",
    "validate_model_info",
]
