"""The actors of `_thespian`: a module, since their processes import them by name."""

from importlib import import_module
from typing import Any

from ..deliveries import Receiver
from ..messages import Load, Ping, Tick

__all__ = ["Echo", "Sink"]

Actor: Any = import_module("thespian.actors").Actor


class Echo(Actor):
    """Answers pings."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, Ping | Load):
            self.send(sender, message.reply())


class Sink(Actor):
    """Takes ticks."""

    def __init__(self) -> None:
        self._receiver = Receiver()

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, Tick):
            self._receiver.take(message.number)
        elif message == "report":
            self.send(sender, self._receiver.report())
