"""The floor on asyncio: what two queues and one task cost, with nothing on top.

Built like the floor on trio: a queue for requests, one for each caller's responses,
both with room for one; and one queue per subscriber with room for 1024. An asyncio
queue does not let others run while it has room, which makes publishing cheap here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from ..deliveries import Deliveries, Local, Receiver
from ..messages import Ask, Hang, Hold, Load, Ping, Pong, Tick
from ..stages import Stage
from ._peer import Connect, Peer, StartHanging, Tell, Topic

__all__ = ["BareAsyncio"]

Call: TypeAlias = tuple[Ping | Load, asyncio.Queue[Any]]


class BareAsyncio(Peer):
    """Queues and tasks."""

    name = "bare asyncio"
    host = "asyncio"
    is_quick = True

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        async with self.open_chain(stage, 1) as connect:
            yield connect

    @asynccontextmanager
    async def open_chain(self, stage: Stage, length: int) -> AsyncIterator[Connect]:
        async with _open_group() as start:
            following = asyncio.Queue[Call](1)
            start(answer_all(following))
            for _ in range(length - 1):
                inbox = asyncio.Queue[Call](1)
                start(ask_next(inbox, following))
                following = inbox
            yield lambda: caller_of(following)

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        deliveries = Local(subscribers, stage)
        inboxes = [asyncio.Queue[Tick](1024) for _ in deliveries.receivers]

        async def publish(tick: Tick) -> None:
            for inbox in inboxes:
                await inbox.put(tick)

        async with _open_group() as start:
            for inbox, receiver in zip(inboxes, deliveries.receivers, strict=True):
                start(take_all(inbox, [receiver]))
            yield publish, deliveries

    @asynccontextmanager
    async def open_sink(self, stage: Stage, senders: int) -> AsyncIterator[Topic]:
        deliveries = Local(senders, stage)
        inbox = asyncio.Queue[Tick](16)
        async with _open_group() as start:
            start(take_all(inbox, deliveries.receivers))
            yield inbox.put, deliveries

    @asynccontextmanager
    async def open_queue(
        self, stage: Stage, room: int
    ) -> AsyncIterator[tuple[Tell, Deliveries]]:
        deliveries = Local(1, stage)
        inbox = asyncio.Queue[Tick | Hold](room)
        async with _open_group() as start:
            start(take_all(inbox, deliveries.receivers))
            yield inbox.put, deliveries

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        async with _open_group() as start:

            async def address(number: int) -> Ask:
                inbox = asyncio.Queue[Call](1)
                start(answer_all(inbox))
                return caller_of(inbox)

            yield address

    @asynccontextmanager
    async def open_hanging(
        self, stage: Stage
    ) -> AsyncIterator[tuple[StartHanging, Connect]]:
        @asynccontextmanager
        async def start(hang: Hang) -> AsyncIterator[Callable[[], object]]:
            async with asyncio.TaskGroup() as group:
                yield group.create_task(handle(hang)).cancel

        async with self.open_echo(stage) as connect:
            yield start, connect


@asynccontextmanager
async def _open_group() -> AsyncIterator[Callable[[Any], object]]:
    """Open a group whose tasks are cancelled at its end; yields what starts one."""
    tasks: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:
        yield lambda coroutine: tasks.append(group.create_task(coroutine))
        for task in tasks:
            task.cancel()


async def answer_all(inbox: asyncio.Queue[Call]) -> None:
    """Be an agent that answers."""
    while True:
        ping, responses = await inbox.get()
        await responses.put(ping.reply())


async def ask_next(inbox: asyncio.Queue[Call], following: asyncio.Queue[Call]) -> None:
    """Be an agent that asks the next one."""
    ask = caller_of(following)
    while True:
        ping, responses = await inbox.get()
        pong = await ask(ping)
        await responses.put(Pong(pong.number + 1))


def caller_of(calls: asyncio.Queue[Call]) -> Ask:
    """Make a caller, with a queue of its own for the responses."""
    responses = asyncio.Queue[Any](1)

    async def ask(ping: Ping | Load) -> Any:
        await calls.put((ping, responses))
        return await responses.get()

    return ask


async def take_all(inbox: asyncio.Queue[Any], receivers: list[Receiver]) -> None:
    """Be a subscriber."""
    while True:
        tick = await inbox.get()
        if isinstance(tick, Hold):
            await tick.until.wait()
        else:
            receivers[tick.sender].take(tick.number)


async def handle(hang: Hang) -> None:
    """Wait until cancelled."""
    try:
        hang.started()
        await asyncio.sleep(3600)
    finally:
        hang.stopped()
