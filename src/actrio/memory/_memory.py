"""The interface of memories."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel

from ..components import ComponentBase, ComponentType
from ..messages import CancellationToken
from ..model_context import ChatCompletionContext
from ._content import MemoryContent

__all__ = ["Memory", "MemoryQueryResult", "UpdateContextResult"]


class MemoryQueryResult(BaseModel):
    """What a memory has found."""

    results: list[MemoryContent]
    """The things, the best first if the memory can tell."""


class UpdateContextResult(BaseModel):
    """What a memory has put into a conversation."""

    memories: MemoryQueryResult
    """The things."""


class Memory(ABC, ComponentBase[BaseModel]):
    """The interface of what an agent remembers beside a conversation.

    A memory keeps things where and how it likes, and finds those that fit. Before a
    model is asked, `update_context` reminds it of them. `ListMemory` is the plainest.
    """

    component_type: ClassVar[ComponentType] = "memory"

    @abstractmethod
    async def update_context(
        self, model_context: ChatCompletionContext
    ) -> UpdateContextResult:
        """Add a message about what fits to a conversation.

        Args:
            model_context: The conversation, which tells what would fit and is added to.

        Returns:
            What the message is about; nothing if none was added.
        """

    @abstractmethod
    async def query(
        self,
        query: str | MemoryContent,
        cancellation_token: CancellationToken | None = None,
        **kwargs: Any,
    ) -> MemoryQueryResult:
        """Return what fits.

        Args:
            query: What to look for.
            cancellation_token: Lets somebody outside this task withdraw the query.
            **kwargs: What else this memory wants to know.
        """

    @abstractmethod
    async def add(
        self,
        content: MemoryContent,
        cancellation_token: CancellationToken | None = None,
    ) -> None:
        """Remember one more thing.

        Args:
            content: The thing.
            cancellation_token: Lets somebody outside this task withdraw it.
        """

    @abstractmethod
    async def clear(self) -> None:
        """Forget everything."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what the memory holds open, as a connection."""
