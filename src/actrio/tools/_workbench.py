"""A collection of tools that may share something, as a contract."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self

from pydantic import BaseModel

from ..components import ComponentBase, ComponentType
from ..messages import CancellationToken
from ._results import ToolResult
from ._schema import ToolSchema

__all__ = ["StreamWorkbench", "Workbench"]


class Workbench(ABC, ComponentBase[BaseModel]):
    """Some tools, and what they share: a connection, a file, a browser.

    Use it as ``async with workbench:``. The block starts it and, however it ends, stops
    it. Which tools there are may change with each call.
    """

    component_type: ClassVar[ComponentType] = "workbench"

    @abstractmethod
    async def list_tools(self) -> list[ToolSchema]:
        """Return what a model is told about the tools that there are now."""

    @abstractmethod
    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> ToolResult:
        """Call a tool. What goes wrong in it is a result too, with ``is_error``.

        Args:
            name: The tool, as `Workbench.list_tools` names it.
            arguments: The arguments by name, as a model wrote them; None for none.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.

        Raises:
            RequestCancelled: If the token was cancelled.

        Cancellation: Cancels the tool.
        """

    @abstractmethod
    async def start(self) -> None:
        """Make ready what the tools share."""

    @abstractmethod
    async def stop(self) -> None:
        """Give back what `start` has taken."""

    @abstractmethod
    async def reset(self) -> None:
        """Forget what earlier calls have left behind."""

    @abstractmethod
    async def save_state(self) -> Mapping[str, Any]:
        """Return the state, for `load_state`."""

    @abstractmethod
    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a state that `save_state` returned."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.stop()


class StreamWorkbench(Workbench, ABC):
    """A workbench whose tools can say something before they have their result."""

    @abstractmethod
    def call_tool_stream(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> AsyncGenerator[Any | ToolResult, None]:
        """Call a tool, and yield what it says on the way; a `ToolResult` comes last.

        Close it, with ``contextlib.aclosing``, if you do not read it to its end.

        Args:
            name: The tool, as `Workbench.list_tools` names it.
            arguments: The arguments by name, as a model wrote them; None for none.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to.

        Raises:
            RequestCancelled: If the token was cancelled.

        Cancellation: Cancels the tool.
        """
