"""The messages and the agents, the same on both sides.

What a worker has seen is kept for its whole process, so that one agent can tell of another.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import anyio

__all__ = ["MESSAGES", "Answer", "Hang", "Question", "Seen", "Tick", "Watch", "make"]


@dataclass
class Question:
    number: int
    payload: str


@dataclass
class Answer:
    number: int
    payload: str


@dataclass
class Tick:
    """A published message: one of a batch."""

    batch: str
    number: int
    payload: str


@dataclass
class Hang:
    """Asks for an answer that does not come."""

    name: str


@dataclass
class Watch:
    """Asks for word when something has happened so often at the worker."""

    name: str
    times: int


@dataclass
class Seen:
    """How often it happened, how many different ones there were, and when it was last."""

    times: int
    different: int
    at: float


MESSAGES = [Question, Answer, Tick, Hang, Watch, Seen]


class _Happened:
    """What happened at this worker."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._at: dict[str, float] = {}
        self._changed = anyio.Event()
        self._wanted: dict[str, int] = {}

    def note(self, name: str, number: int = 0) -> None:
        self._numbers[name][number] += 1
        self._at[name] = time.perf_counter()
        if self._numbers[name].total() >= self._wanted.get(name, 1):
            self._changed.set()
            self._changed = anyio.Event()

    async def wait(self, name: str, times: int) -> Seen:
        self._wanted[name] = times
        while self._numbers[name].total() < times:
            await self._changed.wait()
        numbers = self._numbers.pop(name)
        del self._wanted[name]
        return Seen(numbers.total(), len(numbers), self._at.pop(name))


def make(package: Any) -> dict[str, Any]:
    """Return the agent classes of a library, by agent type."""
    happened: _Happened | None = None

    def books() -> _Happened:
        nonlocal happened
        if happened is None:
            happened = _Happened()  # inside a loop, which its event needs
        return happened

    async def on_question(self: Any, message: Question, ctx: Any) -> Answer:
        return Answer(-message.number, message.payload)

    async def on_tick(self: Any, message: Tick, ctx: Any) -> None:
        books().note(message.batch, message.number)

    async def on_hang(self: Any, message: Hang, ctx: Any) -> None:
        books().note(f"{message.name} began")
        try:
            await anyio.sleep_forever()
        finally:
            books().note(f"{message.name} ended")

    async def on_watch(self: Any, message: Watch, ctx: Any) -> Seen:
        return await books().wait(message.name, message.times)

    def agent(name: str, handler: Any, message: type, response: Any) -> Any:
        # real classes, which autogen_core reads, and by these very names
        handler.__annotations__ = {
            "message": message,
            "ctx": package.MessageContext,
            "return": response,
        }
        handlers = {handler.__name__: package.message_handler(handler)}
        made: Any = type(name, (package.RoutedAgent,), handlers)
        return made

    return {
        "echo": agent("Echo", on_question, Question, Answer),
        "sink": agent("Sink", on_tick, Tick, type(None)),
        "hang": agent("Hanging", on_hang, Hang, type(None)),
        "watch": agent("Watching", on_watch, Watch, Seen),
    }
