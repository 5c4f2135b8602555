"""The messages of a conversation with a model.

Each kind has a ``type``, by which they are told apart when they are read from JSON.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ..function_call import FunctionCall
from ..images import Image

__all__ = [
    "AssistantMessage",
    "FunctionExecutionResult",
    "FunctionExecutionResultMessage",
    "LLMMessage",
    "SystemMessage",
    "UserMessage",
]


class SystemMessage(BaseModel):
    """What the developer tells the model to be and to do.

    Services that call this role "developer" are given it under that name by their
    client.
    """

    content: str
    """The text."""

    type: Literal["SystemMessage"] = "SystemMessage"
    """Which kind of message it is."""


class UserMessage(BaseModel):
    """What a user says, and whatever else the model is to know."""

    content: str | list[str | Image]
    """A text, or texts and images in the order in which they are to be seen."""

    source: str
    """The name of the agent that says it."""

    type: Literal["UserMessage"] = "UserMessage"
    """Which kind of message it is."""


class AssistantMessage(BaseModel):
    """What the model has said."""

    content: str | list[FunctionCall]
    """A text, or the calls that the model asks for."""

    thought: str | None = None
    """What the model thought before, or said besides its calls; None if nothing."""

    source: str
    """The name of the agent whose model it is."""

    type: Literal["AssistantMessage"] = "AssistantMessage"
    """Which kind of message it is."""


class FunctionExecutionResult(BaseModel):
    """What came of one call that the model asked for."""

    content: str
    """The result, or what went wrong, as text for the model."""

    name: str
    """The function that was called."""

    call_id: str
    """The ``id`` of the `FunctionCall`. Some models leave it empty."""

    is_error: bool | None = None
    """Whether the call failed. None if nobody has said so."""


class FunctionExecutionResultMessage(BaseModel):
    """What came of the calls in the assistant message before."""

    content: list[FunctionExecutionResult]
    """One result for each call."""

    type: Literal["FunctionExecutionResultMessage"] = "FunctionExecutionResultMessage"
    """Which kind of message it is."""


LLMMessage = Annotated[
    SystemMessage | UserMessage | AssistantMessage | FunctionExecutionResultMessage,
    Field(discriminator="type"),
]
"""Any message of a conversation with a model; pydantic tells them by their ``type``."""
