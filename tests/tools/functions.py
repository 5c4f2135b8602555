"""Functions and classes that the tests make tools of."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field

from actrio import CancellationToken
from actrio.tools import BaseStreamTool, BaseTool, BaseToolWithState


class Color(Enum):
    RED = "red"


class Point(BaseModel):
    """A point."""

    x: int
    y: int = 0


@dataclass
class Size:
    width: int


class Tree(BaseModel):
    value: int
    kids: list["Tree"] = []


async def add(a: int, b: int = 2) -> int:
    return a + b


def shout(text: Annotated[str, "what to shout"], times: int = 1) -> str:
    return text.upper() * times


async def describe(
    point: Point,
    target: Annotated[Point, "where to go"],
    size: Size,
    color: Color,
    count: Annotated[int, Field(ge=1, description="how many")],
    note: str | None = None,
) -> str:
    assert isinstance(size, Size)
    return f"{point.x} {target.y} {size.width} {color.name} {count} {note}"


class Text(BaseModel):
    text: str


class Echo(BaseTool[Text, Text]):
    """Returns what it is given."""

    component_provider_override: ClassVar[str | None] = "tools.functions.Echo"

    def __init__(self, name: str = "echo") -> None:
        super().__init__(Text, Text, name, "echoes")

    async def run(self, args: Text, cancellation_token: CancellationToken) -> Text:
        return args


class Counter(BaseToolWithState[Text, Text, Text]):
    """Remembers the last text."""

    def __init__(self) -> None:
        super().__init__(Text, Text, Text, "counter", "counts")
        self.last = ""

    async def run(self, args: Text, cancellation_token: CancellationToken) -> Text:
        self.last = args.text
        return args

    def save_state(self) -> Text:
        return Text(text=self.last)

    def load_state(self, state: Text) -> None:
        self.last = state.text


class Letters(BaseStreamTool[Text, Text, Text]):
    """Says each letter, then the whole; an exclamation mark is an error."""

    def __init__(self, last: Any = None) -> None:
        super().__init__(Text, Text, "letters", "spells")
        self.last = last
        self.closed = 0

    async def run(self, args: Text, cancellation_token: CancellationToken) -> Text:
        return args

    async def run_stream(
        self, args: Text, cancellation_token: CancellationToken
    ) -> AsyncGenerator[Text, None]:
        try:
            for letter in args.text:
                if letter == "!":
                    message = "no shouting"
                    raise ValueError(message)
                yield Text(text=letter)
            if args.text:
                yield self.last or args
        finally:
            self.closed += 1
