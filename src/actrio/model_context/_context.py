"""The interface of a conversation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from ..components import ComponentBase, ComponentType
from ..models import LLMMessage

__all__ = ["ChatCompletionContext", "ChatCompletionContextState"]


class ChatCompletionContextState(BaseModel):
    """The state of a conversation, as `ChatCompletionContext.save_state` has it.

    Its one field is ``messages``, a list.
    """

    messages: list[LLMMessage] = Field(default_factory=list[LLMMessage])
    """All messages, those that a model is not given any more included."""


class ChatCompletionContext(ABC, ComponentBase[BaseModel]):
    """A conversation, of which `get_messages` gives a model what it is to see.

    Every message is kept; the subclasses differ in what they give. One of your own
    derives from one of them, or defines `get_messages`::

        from actrio.model_context import UnboundedChatCompletionContext
        from actrio.models import AssistantMessage, LLMMessage

        class WithoutThoughts(UnboundedChatCompletionContext):
            async def get_messages(self) -> list[LLMMessage]:
                return [
                    message.model_copy(update={"thought": None})
                    if isinstance(message, AssistantMessage)
                    else message
                    for message in await super().get_messages()
                ]

    Args:
        initial_messages: What the conversation begins with. They are part of the
            config of the component; the messages that are added are not.

    None of the methods waits, so none of them is a checkpoint.
    """

    component_type: ClassVar[ComponentType] = "chat_completion_context"

    def __init__(self, initial_messages: Sequence[LLMMessage] | None = None) -> None:
        self._initial_messages = (
            None if initial_messages is None else list(initial_messages)
        )
        self._messages: list[LLMMessage] = list(initial_messages or ())

    async def add_message(self, message: LLMMessage) -> None:
        """Add a message at the end."""
        self._messages.append(message)

    @abstractmethod
    async def get_messages(self) -> list[LLMMessage]:
        """Return what a model is to see, oldest first, in a list of the caller's."""

    async def clear(self) -> None:
        """Forget all messages, the initial ones too."""
        self._messages = []

    async def save_state(self) -> Mapping[str, Any]:
        """Return all messages as JSON values, for `load_state`."""
        return ChatCompletionContextState(messages=self._messages).model_dump()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Put the messages of a saved state in the place of those that are here.

        Raises:
            pydantic.ValidationError: If it is no such state. The messages are then as
                they were.
        """
        self._messages = ChatCompletionContextState.model_validate(state).messages
