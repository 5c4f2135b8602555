"""What runs code, as a contract; actrio itself brings nothing that does."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Self

from pydantic import BaseModel

from ..components import ComponentBase, ComponentType
from ..messages import CancellationToken

__all__ = ["CodeBlock", "CodeExecutor", "CodeResult"]


@dataclass
class CodeBlock:
    """Some code, as it stands between two fences in the answer of a model."""

    code: str
    """The code."""

    language: str
    """The language that the fence names, such as ``python`` or ``sh``."""


@dataclass
class CodeResult:
    """What became of some code blocks."""

    exit_code: int
    """0 if all of them ran to their end."""

    output: str
    """What they wrote."""


class CodeExecutor(ABC, ComponentBase[BaseModel]):
    """Runs code blocks; the interface of whoever does.

    Use it as ``async with executor:``. The block starts it and, however it ends, stops
    it. A subclass that needs a clean-up which waits does so in `stop` under a shielded
    scope with a deadline, since the block may end by a cancellation.
    """

    component_type: ClassVar[ComponentType] = "code_executor"

    @abstractmethod
    async def execute_code_blocks(
        self, code_blocks: list[CodeBlock], cancellation_token: CancellationToken
    ) -> CodeResult:
        """Run the blocks, one after the other, and return what they wrote.

        Args:
            code_blocks: The blocks, in this order.
            cancellation_token: Lets somebody outside this task end them.

        Raises:
            ValueError: If a block cannot be run, such as one in another language.
            RequestCancelled: If the token was cancelled.

        Cancellation: Ends what runs.
        """

    @abstractmethod
    async def start(self) -> None:
        """Make ready what the code will run in."""

    @abstractmethod
    async def stop(self) -> None:
        """End what still runs, and give back what `start` has taken."""

    @abstractmethod
    async def restart(self) -> None:
        """Forget what earlier code has left behind."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        await self.stop()
        return None
