"""What a model can do, and what it is akin to."""

import warnings
from collections.abc import Mapping
from typing import Any, Literal, Required, Self, TypeAlias, get_args

# pydantic takes Python's own TypedDict from 3.12 on only
from typing_extensions import TypedDict, deprecated

__all__ = ["ModelCapabilities", "ModelFamily", "ModelInfo", "validate_model_info"]

_OpenAI = Literal[
    "gpt-5", "gpt-45", "gpt-41", "gpt-4o", "o1", "o3", "o4", "gpt-4", "gpt-35"
]
_Gemini = Literal[
    "gemini-1.5-flash",
    "gemini-1.5-pro",
    "gemini-2.0-flash",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
]
_Claude = Literal[
    "claude-3-haiku",
    "claude-3-sonnet",
    "claude-3-opus",
    "claude-3-5-haiku",
    "claude-3-5-sonnet",
    "claude-3-7-sonnet",
    "claude-4-opus",
    "claude-4-sonnet",
]
_Llama = Literal["llama-3.3-8b", "llama-3.3-70b", "llama-4-scout", "llama-4-maverick"]
_Mistral = Literal[
    "codestral", "open-codestral-mamba", "mistral", "ministral", "pixtral"
]


class ModelFamily:
    """The families of models that are known here, as constants.

    Models of one family want to be talked to in the same way. A family is a string, and
    other strings are families as well, unknown ones. There are no objects of this
    class.
    """

    GPT_5 = "gpt-5"
    GPT_41 = "gpt-41"
    GPT_45 = "gpt-45"
    GPT_4O = "gpt-4o"
    O1 = "o1"
    O3 = "o3"
    O4 = "o4"
    GPT_4 = "gpt-4"
    GPT_35 = "gpt-35"
    R1 = "r1"
    GEMINI_1_5_FLASH = "gemini-1.5-flash"
    GEMINI_1_5_PRO = "gemini-1.5-pro"
    GEMINI_2_0_FLASH = "gemini-2.0-flash"
    GEMINI_2_5_PRO = "gemini-2.5-pro"
    GEMINI_2_5_FLASH = "gemini-2.5-flash"
    CLAUDE_3_HAIKU = "claude-3-haiku"
    CLAUDE_3_SONNET = "claude-3-sonnet"
    CLAUDE_3_OPUS = "claude-3-opus"
    CLAUDE_3_5_HAIKU = "claude-3-5-haiku"
    CLAUDE_3_5_SONNET = "claude-3-5-sonnet"
    CLAUDE_3_7_SONNET = "claude-3-7-sonnet"
    CLAUDE_4_OPUS = "claude-4-opus"
    CLAUDE_4_SONNET = "claude-4-sonnet"
    LLAMA_3_3_8B = "llama-3.3-8b"
    LLAMA_3_3_70B = "llama-3.3-70b"
    LLAMA_4_SCOUT = "llama-4-scout"
    LLAMA_4_MAVERICK = "llama-4-maverick"
    CODESRAL = "codestral"
    OPEN_CODESRAL_MAMBA = "open-codestral-mamba"
    MISTRAL = "mistral"
    MINISTRAL = "ministral"
    PIXTRAL = "pixtral"
    UNKNOWN = "unknown"

    ANY: TypeAlias = Literal[
        _OpenAI, "r1", _Gemini, _Claude, _Llama, _Mistral, "unknown"
    ]
    """The type of the constants."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse to make an object.

        Raises:
            TypeError: Always.
        """
        message = (
            f"{cls.__name__} is a namespace of constants and has no objects: write "
            f"{cls.__name__}.UNKNOWN, or any string"
        )
        raise TypeError(message)

    @staticmethod
    def is_claude(family: str) -> bool:
        """Say whether it is a known family of Claude models."""
        return family in get_args(_Claude)

    @staticmethod
    def is_gemini(family: str) -> bool:
        """Say whether it is a known family of Gemini models."""
        return family in get_args(_Gemini)

    @staticmethod
    def is_openai(family: str) -> bool:
        """Say whether it is a known family of OpenAI's models."""
        return family in get_args(_OpenAI)

    @staticmethod
    def is_llama(family: str) -> bool:
        """Say whether it is a known family of Llama models."""
        return family in get_args(_Llama)

    @staticmethod
    def is_mistral(family: str) -> bool:
        """Say whether it is a known family of Mistral's models."""
        return family in get_args(_Mistral)


@deprecated("Use ModelInfo, which says more.")
class ModelCapabilities(TypedDict, total=False):
    """What a model can do; an older form of `ModelInfo`."""

    vision: Required[bool]
    """Whether it sees images."""

    function_calling: Required[bool]
    """Whether it asks for calls of functions."""

    json_output: Required[bool]
    """Whether it can be made to answer in JSON."""


class ModelInfo(TypedDict, total=False):
    """What a model can do, and what it is akin to."""

    vision: Required[bool]
    """Whether it sees images."""

    function_calling: Required[bool]
    """Whether it asks for calls of functions."""

    json_output: Required[bool]
    """Whether it can be made to answer in JSON, of any form."""

    family: Required[ModelFamily.ANY | str]
    """A constant of `ModelFamily`, or any other string for an unknown family."""

    structured_output: Required[bool]
    """Whether it can be made to answer in JSON that fits a schema."""

    multiple_system_messages: bool | None
    """Whether it takes system messages in several places of a conversation."""


def validate_model_info(model_info: ModelInfo) -> None:
    """Check that nothing is missing.

    Args:
        model_info: What is said about a model, usually by a user.

    Raises:
        ValueError: If ``vision``, ``function_calling``, ``json_output`` or ``family``
            is missing.

    Warns:
        UserWarning: If ``structured_output`` is missing, which is newer.
    """
    given: Mapping[str, Any] = model_info
    for field in ("vision", "function_calling", "json_output", "family"):
        if field not in given:
            message = f"Missing required field {field!r} in ModelInfo: add it"
            raise ValueError(message)
    if "structured_output" not in given:
        message = (
            "Missing required field 'structured_output' in ModelInfo: add it, False if "
            "in doubt; it will be required"
        )
        warnings.warn(message, UserWarning, stacklevel=2)
