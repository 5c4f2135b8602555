"""Pykka: a thread for each actor, and callers that block.

Natural idiom: subclass ``ThreadingActor``, ``ask`` with a timeout, ``tell`` without an
answer. Several callers are several threads. There is no publish and no back-pressure; a
topic is a loop over the subscribers, as Pykka's own documentation would have it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..deliveries import Local
from ..messages import Ask, Load, Ping, Pong, Tick
from ..stages import DEADLINE, Stage
from ._peer import Connect, Peer, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pykka"]


class Pykka(Peer):
    """Actors in threads."""

    name = "Pykka"
    host = "threads"
    needs = ("pykka",)
    most_actors = 10_000

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        async with self.open_chain(stage, 1) as connect:
            yield connect

    @asynccontextmanager
    async def open_chain(self, stage: Stage, length: int) -> AsyncIterator[Connect]:
        with _open_actors() as start:
            following = None
            for _ in range(length):
                following = start(_on_ping(following))
            yield lambda: _caller_of(following)

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        deliveries = Local(subscribers, stage)
        with _open_actors() as start:
            refs = [start(_on_tick([one])) for one in deliveries.receivers]

            async def publish(tick: Tick) -> None:
                for ref in refs:
                    ref.tell(tick)

            yield publish, deliveries

    @asynccontextmanager
    async def open_sink(self, stage: Stage, senders: int) -> AsyncIterator[Topic]:
        deliveries = Local(senders, stage)
        with _open_actors() as start:
            ref = start(_on_tick(deliveries.receivers))

            async def tell(tick: Tick) -> None:
                ref.tell(tick)

            yield tell, deliveries

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        with _open_actors() as start:

            async def address(number: int) -> Ask:
                return _caller_of(start(_on_ping(None)))

            yield address


@contextmanager
def _open_actors() -> "Iterator[Callable[[Any], Any]]":
    pykka: Any = import_module("pykka")

    class Actor(pykka.ThreadingActor):
        def __init__(self, on_receive: Callable[[Any], Any]) -> None:
            super().__init__()
            self._handler = on_receive

        def on_receive(self, message: Any) -> Any:
            return self._handler(message)

    refs: list[Any] = []

    def start(on_receive: Callable[[Any], Any]) -> Any:
        refs.append(Actor.start(on_receive))
        return refs[-1]

    try:
        yield start
    finally:
        for ending in [ref.stop(block=False) for ref in refs]:
            ending.get(timeout=DEADLINE)


def _on_ping(following: Any) -> Callable[[Any], Any]:
    def answer(message: Ping | Load) -> Pong | Load:
        if following is None:
            return message.reply()
        pong = following.ask(message, timeout=DEADLINE)
        return Pong(pong.number + 1)

    return answer


def _on_tick(receivers: list[Any]) -> Callable[[Tick], None]:
    def take(message: Tick) -> None:
        receivers[message.sender].take(message.number)

    return take


def _caller_of(ref: Any) -> Ask:
    async def ask(ping: Ping | Load) -> Any:
        return ref.ask(ping, timeout=DEADLINE)

    return ask
