"""What is sent, and what a wrong answer is called."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from .stages import Event

__all__ = [
    "Ask",
    "Hang",
    "Hold",
    "LacksError",
    "Load",
    "Ping",
    "Pong",
    "Publish",
    "Tick",
    "WrongResultError",
]


@dataclass
class Pong:
    number: int


@dataclass
class Ping:
    number: int

    def reply(self) -> Pong:
        """What a peer answers."""
        return Pong(self.number + 1)


@dataclass
class Load:
    """A request with something to carry, there and back."""

    number: int
    payload: str

    def reply(self) -> "Load":
        """What a peer answers."""
        return Load(self.number + 1, self.payload)


@dataclass
class Tick:
    number: int
    sender: int = 0


@dataclass
class Hold:
    """Keeps its receiver busy until the event, so that others queue behind it."""

    until: Event


@dataclass
class Hang:
    """A request whose handler waits until it is cancelled, and says when it left."""

    started: Callable[[], object]
    stopped: Callable[[], object]


class WrongResultError(Exception):
    """A peer answered wrongly, or delivered a message twice, out of order or never."""


class LacksError(Exception):
    """A peer has no such feature, or not so much of it; the message says which."""


# `Any`, not `Pong`: the value comes from user code on the other side, and is checked.
Ask: TypeAlias = Callable[[Ping | Load], Awaitable[Any]]
Publish: TypeAlias = Callable[[Tick], Awaitable[None]]
