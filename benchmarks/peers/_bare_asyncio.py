"""The floor on asyncio: what two queues and one task cost, with nothing on top.

Built like the floor on trio: a queue for requests, one for each caller's responses,
both with room for one; and one queue per subscriber with room for 1024. An asyncio
queue does not let others run while it has room, which makes publishing cheap here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ..workloads import Ask, Ping, Pong, Publish, Receiver, Tick

__all__ = ["BareAsyncio"]


class BareAsyncio:
    """Queues and tasks."""

    name = "bare asyncio"
    host = "asyncio"

    @asynccontextmanager
    async def open_echo(self) -> AsyncIterator[Callable[[], Ask]]:
        inbox = asyncio.Queue[tuple[Ping, asyncio.Queue[Pong]]](1)

        async def echo() -> None:
            while True:
                ping, responses = await inbox.get()
                await responses.put(Pong(ping.number + 1))

        def connect() -> Ask:
            responses = asyncio.Queue[Pong](1)

            async def ask(ping: Ping) -> Any:
                await inbox.put((ping, responses))
                return await responses.get()

            return ask

        async with asyncio.TaskGroup() as group:
            task = group.create_task(echo())
            yield connect
            task.cancel()

    @asynccontextmanager
    async def open_topic(self, receivers: list[Receiver]) -> AsyncIterator[Publish]:
        inboxes = [asyncio.Queue[Tick](1024) for _ in receivers]

        async def subscriber(inbox: asyncio.Queue[Tick], receiver: Receiver) -> None:
            while True:
                tick = await inbox.get()
                receiver.take(tick.number)

        async def publish(tick: Tick) -> None:
            for inbox in inboxes:
                await inbox.put(tick)

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(subscriber(inbox, receiver))
                for inbox, receiver in zip(inboxes, receivers, strict=True)
            ]
            yield publish
            for task in tasks:
                task.cancel()
