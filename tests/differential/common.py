"""What the scripts share: messages, and short ways to say what happened."""

import logging
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Text:
    """A message."""

    content: str = ""


@dataclass
class Number:
    """Another message."""

    value: int = 0


@dataclass
class LoudText(Text):
    """A subclass of a message."""


def name(error: BaseException, *expected: type[BaseException]) -> str:
    """The expected type that the error is one of, else its own type."""
    for kind in expected:
        if isinstance(error, kind):
            return kind.__name__
    return type(error).__name__


def refusal(expected: type[BaseException], call: Callable[[], Any]) -> object:
    """How a call is refused: by the expected error, another one, or not at all."""
    try:
        return ("returned", call())
    except BaseException as error:  # noqa: BLE001 - it is what is compared
        return name(error, expected)


async def failure(expected: type[BaseException], awaitable: Awaitable[Any]) -> object:
    """How an awaitable fails: by the expected error, another one, or not at all."""
    try:
        return ("returned", await awaitable)
    except BaseException as error:  # noqa: BLE001 - it is what is compared
        return name(error, expected)


@contextmanager
def logged(level: int = logging.WARNING) -> Iterator[list[str]]:
    """Collect what the package logs from here on, as ``LEVEL: message``."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.levelname}: {record.getMessage()}")

    logger = logging.getLogger("autogen_core")
    before = logger.level, logger.propagate
    collector = Collector(level)
    logger.addHandler(collector)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield lines
    finally:
        logger.removeHandler(collector)
        logger.setLevel(before[0])
        logger.propagate = before[1]


@contextmanager
def warned() -> Iterator[list[str]]:
    """Collect the categories of the warnings from here on."""
    categories: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield categories
    categories += [warning.category.__name__ for warning in caught]


@contextmanager
def running(runtime: Any) -> Iterator[None]:
    """Start a runtime; the block stops it by itself."""
    runtime.start()
    yield


def recorder(core: Any) -> type[Any]:
    """A class of agents that keep ``(key, message)`` of all they handle in ``seen``."""

    class Recorder(core.RoutedAgent):  # type: ignore[misc] # the same
        seen: list[tuple[str, object]] = []  # noqa: RUF012 - shared on purpose

        def __init__(self) -> None:
            super().__init__("Records what it handles")

        @core.message_handler  # type: ignore[untyped-decorator] # the package is an argument
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            self.seen.append((self.id.key, message.content))
            return f"heard {message.content}"

    Recorder.seen = []
    return Recorder
