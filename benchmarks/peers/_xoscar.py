"""xoscar: actors on asyncio, here all in the pool's one process.

Natural idiom: subclass ``xoscar.Actor``, whose methods take turns unless told otherwise,
and await its methods; ``tell`` does not wait for the answer. There is no publish; a topic
is a loop over the subscribers. There is no back-pressure.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import anyio

from ..deliveries import Receiver, Reported
from ..messages import Ask, Hang, Load, Ping, Pong, Tick
from ..stages import Stage
from ._peer import Connect, Peer, StartHanging, Topic

__all__ = ["Xoscar"]

_hangs: list[Hang] = []  # callbacks cannot be sent; the pool is in this process


class Xoscar(Peer):
    """A pool of one process."""

    name = "xoscar"
    host = "asyncio"
    needs = ("xoscar",)

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        async with self.open_chain(stage, 1) as connect:
            yield connect

    @asynccontextmanager
    async def open_chain(self, stage: Stage, length: int) -> AsyncIterator[Connect]:
        async with _open_pool() as (create, echo, _):
            ref = None
            for number in range(length):
                ref = await create(echo, ref, uid=f"link-{number}")
            yield lambda: ref.ping  # type: ignore[union-attr]

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        async with _open_pool() as (create, _, sink):
            refs = [await create(sink, 1, uid=f"s-{n}") for n in range(subscribers)]

            async def publish(tick: Tick) -> None:
                for ref in refs:
                    await ref.take.tell(tick)

            async def report(number: int) -> tuple[int, str]:
                return await _report(refs[number], 0)

            yield publish, Reported(subscribers, stage, report)

    @asynccontextmanager
    async def open_sink(self, stage: Stage, senders: int) -> AsyncIterator[Topic]:
        async with _open_pool() as (create, _, sink):
            ref = await create(sink, senders, uid="sink")

            async def tell(tick: Tick) -> None:
                await ref.take.tell(tick)

            yield tell, Reported(senders, stage, partial(_report, ref))

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        async with _open_pool() as (create, echo, _):

            async def address(number: int) -> Ask:
                ref = await create(echo, None, uid=f"echo-{number}")
                ask: Ask = ref.ping
                return ask

            yield address

    @asynccontextmanager
    async def open_hanging(
        self, stage: Stage
    ) -> AsyncIterator[tuple[StartHanging, Connect]]:
        async with _open_pool() as (create, echo, _):
            ref = await create(echo, None, uid="echo")
            hanging = await create(echo, None, uid="hanging")

            @asynccontextmanager
            async def start(hang: Hang) -> AsyncIterator[Callable[[], object]]:
                _hangs.append(hang)
                async with anyio.create_task_group() as group:
                    group.start_soon(hanging.hang)
                    yield group.cancel_scope.cancel

            yield start, lambda: ref.ping


async def _report(ref: Any, sender: int) -> tuple[int, str]:
    taken, fault = await ref.report(sender)
    return taken, fault


@asynccontextmanager
async def _open_pool() -> AsyncIterator[tuple[Any, Any, Any]]:
    xoscar: Any = import_module("xoscar")

    class Echo(xoscar.Actor):
        def __init__(self, following: Any) -> None:
            self._following = following

        async def ping(self, message: Ping | Load) -> Pong | Load:
            if self._following is None:
                return message.reply()
            pong = await self._following.ping(message)
            return Pong(pong.number + 1)

        async def hang(self) -> None:
            hang = _hangs.pop()
            try:
                hang.started()
                await anyio.sleep_forever()
            finally:
                hang.stopped()

    class Sink(xoscar.Actor):
        def __init__(self, senders: int) -> None:
            self._receivers = [Receiver() for _ in range(senders)]

        async def take(self, message: Tick) -> None:
            self._receivers[message.sender].take(message.number)

        async def report(self, sender: int) -> tuple[int, str]:
            return self._receivers[sender].report()

    pool = await xoscar.create_actor_pool("127.0.0.1:0", n_process=0)
    async with pool:
        create = partial(xoscar.create_actor, address=pool.external_address)
        yield create, Echo, Sink
