"""What a peer supplies: programs in its own natural idiom, one for each kind of work."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from typing import TypeAlias

from ..deliveries import Deliveries
from ..messages import Ask, Hang, Hold, LacksError, Publish, Tick
from ..stages import Stage

__all__ = ["Connect", "Opened", "Peer", "PublishTo", "StartHanging", "Tell", "Topic"]

Connect: TypeAlias = Callable[[], Ask]
"""Called once by each caller, to get an ``ask`` of its own."""
Topic: TypeAlias = tuple[Publish, Deliveries]
PublishTo: TypeAlias = Callable[[int, Tick], Awaitable[object]]
"""Publishes to the topic with a number."""
Tell: TypeAlias = Callable[[Tick | Hold], Awaitable[object]]
StartHanging: TypeAlias = Callable[
    [Hang], AbstractAsyncContextManager[Callable[[], object]]
]
"""Sends a request in the background; yields what cancels its caller."""
Opened = AbstractAsyncContextManager


class Peer:
    """One way to send messages. What a peer does not override, it lacks."""

    name: str
    host: str
    """``trio``, ``asyncio``, ``uvloop`` or ``threads``."""
    needs: tuple[str, ...] = ()
    """The modules that have to be there."""
    install = "pip install 'actrio[bench-peers]'"
    is_quick = False
    """Whether it is part of a quick run."""
    crosses_processes = False
    """Whether its messages leave the process, which none of the others do."""
    most_actors: int = 1_000_000
    """How many actors it is asked for at most; few where each is a process."""

    @property
    def is_installed(self) -> bool:
        """Whether everything that it runs on can be imported here."""
        return all(find_spec(module) is not None for module in self.needs)

    def open_echo(self, stage: Stage) -> Opened[Connect]:
        """Start one agent that answers ``Ping(n)`` with ``Pong(n + 1)``."""
        raise self.lacks("it has no requests")

    def open_chain(self, stage: Stage, length: int) -> Opened[Connect]:
        """Start agents that ask each other; each adds one to the response."""
        raise self.lacks("it has no requests made inside a handler")

    def open_topic(self, stage: Stage, subscribers: int) -> Opened[Topic]:
        """Subscribe agents to one topic."""
        raise self.lacks("it has no way to publish")

    def open_sink(self, stage: Stage, senders: int) -> Opened[Topic]:
        """Start one agent that takes ticks from many senders, with a small inbox.

        Its deliveries have one receiver for each sender, so that the order is checked
        as it is promised: for each sender.
        """
        raise self.lacks("it has no messages without a response")

    def open_population(self, stage: Stage) -> Opened[Callable[[int], Awaitable[Ask]]]:
        """Open a place for many agents; each is created when it is first addressed."""
        raise self.lacks("it creates no actors")

    def open_topics(
        self, stage: Stage, topics: int
    ) -> Opened[tuple[PublishTo, Deliveries]]:
        """Subscribe one agent to many topics, each by a subscription of its own."""
        raise self.lacks("it has no topics")

    def open_queue(self, stage: Stage, room: int) -> Opened[tuple[Tell, Deliveries]]:
        """Start one agent that handles ticks and `Hold`, with so much room."""
        raise self.lacks("no queue of it can be held up from outside")

    def open_hanging(self, stage: Stage) -> Opened[tuple[StartHanging, Connect]]:
        """Start an agent that handles `Hang`, and beside it one that answers."""
        raise self.lacks("its handlers run to their end when the caller is cancelled")

    def lacks(self, why: str) -> LacksError:
        """The error for what the peer cannot do, to be read after its name."""
        return LacksError(f"not measured, {why}")
