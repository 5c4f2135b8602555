"""A memory that is a list."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field, field_serializer

from ..components import Component
from ..images import Image
from ..messages import CancellationToken
from ..model_context import ChatCompletionContext
from ..models import SystemMessage
from ._content import MemoryContent
from ._memory import Memory, MemoryQueryResult, UpdateContextResult

__all__ = ["ListMemory"]


class ListMemoryConfig(BaseModel):
    """The name of the memory, and everything that it remembers."""

    name: str | None = None
    memory_contents: list[MemoryContent] = Field(default_factory=list[MemoryContent])

    @field_serializer("memory_contents")
    def _dump_contents(self, contents: list[MemoryContent]) -> list[dict[str, Any]]:
        """Write bytes and images so that the config can become JSON."""
        return [one.model_dump(mode="json", exclude_none=True) for one in contents]


class ListMemory(Memory, Component[ListMemoryConfig]):
    """A memory that is a list: it keeps everything in order, and everything fits.

    It grows until somebody removes something from `content`. None of its methods waits,
    so none of them is a checkpoint, and a token has nothing to cancel.

    Args:
        name: A name for the memory; None for ``"default_list_memory"``.
        memory_contents: What it remembers from the beginning.
    """

    component_config_schema = ListMemoryConfig
    component_provider_override: ClassVar[str | None] = "actrio.memory.ListMemory"

    def __init__(
        self,
        name: str | None = None,
        memory_contents: Sequence[MemoryContent] | None = None,
    ) -> None:
        self._name = name or "default_list_memory"
        self._contents = list(memory_contents or ())

    @property
    def name(self) -> str:
        """The name of the memory."""
        return self._name

    @property
    def content(self) -> list[MemoryContent]:
        """Everything that it remembers, in order; change the list as you like."""
        return self._contents

    @content.setter
    def content(self, value: list[MemoryContent]) -> None:
        self._contents = value

    async def update_context(
        self, model_context: ChatCompletionContext
    ) -> UpdateContextResult:
        """Add a system message with everything, numbered, to a conversation.

        Args:
            model_context: The conversation; an empty memory leaves it as it is.

        Returns:
            Everything that the memory has.
        """
        if self._contents:
            lines = [
                f"{number}. {_as_text(one.content)}"
                for number, one in enumerate(self._contents, 1)
            ]
            text = "\n".join(
                ["", "Relevant memory content (in chronological order):", *lines, ""]
            )
            await model_context.add_message(SystemMessage(content=text))
        return UpdateContextResult(memories=await self.query())

    async def query(
        self,
        query: str | MemoryContent = "",
        cancellation_token: CancellationToken | None = None,
        **kwargs: Any,
    ) -> MemoryQueryResult:
        """Return everything, whatever the query.

        Args:
            query: Is not looked at.
            cancellation_token: Is not needed.
            **kwargs: Are not looked at.
        """
        return MemoryQueryResult(results=self._contents)

    async def add(
        self,
        content: MemoryContent,
        cancellation_token: CancellationToken | None = None,
    ) -> None:
        """Remember one more thing, as the last.

        Args:
            content: The thing.
            cancellation_token: Is not needed.
        """
        self._contents.append(content)

    async def clear(self) -> None:
        """Forget everything. A list that somebody took from `content` stays."""
        self._contents = []

    async def close(self) -> None:
        """Do nothing: a list holds nothing open."""

    def _to_config(self) -> ListMemoryConfig:
        return ListMemoryConfig(name=self._name, memory_contents=self._contents)

    @classmethod
    def _from_config(cls, config: ListMemoryConfig) -> Self:
        return cls(config.name, config.memory_contents)


def _as_text(content: str | bytes | dict[str, Any] | Image) -> str:
    """Return what a model can read of it."""
    if not isinstance(content, bytes):
        return str(content)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{len(content)} bytes>"
