"""Thespian: actors in this process and thread, or each in a process of its own.

Natural idiom: an ``ActorSystem``, its ``ask`` with a timeout and its ``tell``. With the
simple base, which is the default, a call runs the handlers it leads to before it returns:
no thread, no task, no queue that outlives the call. With the TCP base every actor is a
process. Either takes one call at a time from outside, so it cannot have several callers;
and an actor cannot wait for another's answer, so there is no chain of calls.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..deliveries import Reported
from ..messages import Ask, Load, Ping, Tick
from ..stages import DEADLINE, Stage
from ._peer import Connect, Opened, Peer, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Thespian"]

ONE_AT_A_TIME = "its system takes one caller at a time"


class Thespian(Peer):
    """One actor system."""

    host = "threads"
    needs = ("thespian",)

    def __init__(self, name: str, base: str, *, most_actors: int) -> None:
        self.name = name
        self.most_actors = most_actors
        self.crosses_processes = base != "simpleSystemBase"
        self._base = base

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        with self._open() as (system, echo, _):
            actor = system.createActor(echo)
            callers = 0

            def connect() -> Ask:
                nonlocal callers
                callers += 1
                if callers > 1:
                    raise self.lacks(ONE_AT_A_TIME)
                return _caller_of(system, actor)

            yield connect

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        if subscribers > self.most_actors:
            raise self.lacks(f"{subscribers:,} actors would be as many processes")
        with self._open() as (system, _, sink):
            actors = [system.createActor(sink) for _ in range(subscribers)]

            async def publish(tick: Tick) -> None:
                for actor in actors:
                    system.tell(actor, tick)

            async def report(number: int) -> tuple[int, str]:
                return _report(system, actors[number])

            yield publish, Reported(subscribers, stage, report)

    def open_sink(self, stage: Stage, senders: int) -> Opened[Topic]:
        raise self.lacks(ONE_AT_A_TIME)

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        with self._open() as (system, echo, _):

            async def address(number: int) -> Ask:
                return _caller_of(system, system.createActor(echo))

            yield address

    @contextmanager
    def _open(self) -> "Iterator[tuple[Any, Any, Any]]":
        actors = import_module("._thespian_actors", __package__)
        system = import_module("thespian.actors").ActorSystem(self._base)
        try:
            yield system, actors.Echo, actors.Sink
        finally:
            system.shutdown()


def _caller_of(system: Any, actor: Any) -> Ask:
    async def ask(ping: Ping | Load) -> Any:
        return system.ask(actor, ping, DEADLINE)

    return ask


def _report(system: Any, actor: Any) -> tuple[int, str]:
    taken, fault = system.ask(actor, "report", DEADLINE)
    return taken, fault
