"""Ray: each actor is a process of its own, on this machine or another.

Natural idiom: a class with ``@ray.remote``, awaiting ``actor.method.remote(…)`` inside
asyncio. A message is pickled, crosses two processes and comes back, which none of the
others do; what Ray is for, many machines, is not measured here. There is no publish; a
topic is a loop over the subscribers.
"""

import atexit
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..deliveries import Receiver, Reported
from ..messages import Ask, Load, Ping, Pong, Tick
from ..stages import Stage
from ._peer import Connect, Peer, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Ray"]

ROOT = Path(__file__).parents[2]


class Ray(Peer):
    """A cluster of this one machine."""

    name = "Ray"
    host = "asyncio"
    needs = ("ray",)
    crosses_processes = True
    most_actors = 10

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        async with self.open_chain(stage, 1) as connect:
            yield connect

    @asynccontextmanager
    async def open_chain(self, stage: Stage, length: int) -> AsyncIterator[Connect]:
        with _open_actors() as start:
            actor = None
            for _ in range(length):
                actor = start(Echo, actor)
            yield lambda: _caller_of(actor)

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        if subscribers > self.most_actors:
            raise self.lacks(f"{subscribers:,} actors would be as many processes")
        with _open_actors() as start:
            actors = [start(Sink, 1) for _ in range(subscribers)]

            async def publish(tick: Tick) -> None:
                for actor in actors:
                    actor.take.remote(tick)

            async def report(number: int) -> tuple[int, str]:
                return await _report(actors[number], 0)

            yield publish, Reported(subscribers, stage, report)

    @asynccontextmanager
    async def open_sink(self, stage: Stage, senders: int) -> AsyncIterator[Topic]:
        with _open_actors() as start:
            actor = start(Sink, senders)

            async def tell(tick: Tick) -> None:
                actor.take.remote(tick)

            yield tell, Reported(senders, stage, partial(_report, actor))

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        with _open_actors() as start:

            async def address(number: int) -> Ask:
                return _caller_of(start(Echo, None))

            yield address


class Echo:
    """Answers pings, or asks the next."""

    def __init__(self, following: Any) -> None:
        self._following = following

    def ping(self, message: Ping | Load) -> Pong | Load:
        if self._following is None:
            return message.reply()
        ray: Any = import_module("ray")

        pong = ray.get(self._following.ping.remote(message))
        return Pong(pong.number + 1)


class Sink:
    """Takes ticks."""

    def __init__(self, senders: int) -> None:
        self._receivers = [Receiver() for _ in range(senders)]

    def take(self, message: Tick) -> None:
        self._receivers[message.sender].take(message.number)

    def report(self, sender: int) -> tuple[int, str]:
        return self._receivers[sender].report()


@cache
def _start_cluster() -> Any:
    """Start Ray once for all measurements of this process; it takes seconds."""
    ray: Any = import_module("ray")

    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    ray.init(
        num_cpus=os.cpu_count(),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}},
    )
    atexit.register(ray.shutdown)
    return ray


@contextmanager
def _open_actors() -> "Iterator[Callable[..., Any]]":
    ray = _start_cluster()
    actors: list[Any] = []

    def start(kind: type, *arguments: object) -> Any:
        actors.append(ray.remote(num_cpus=0)(kind).remote(*arguments))
        return actors[-1]

    try:
        yield start
    finally:
        for actor in actors:
            ray.kill(actor)


def _caller_of(actor: Any) -> Ask:
    async def ask(ping: Ping | Load) -> Any:
        return await actor.ping.remote(ping)

    return ask


async def _report(actor: Any, sender: int) -> tuple[int, str]:
    taken, fault = await actor.report.remote(sender)
    return taken, fault
