"""The floor on trio: what two memory channels and one task cost, with nothing on top.

The agent is a task that reads a channel. Each caller has a channel of its own for
responses and sends it along, so a single caller is a ping-pong over two channels. Both
have room for one message; room for none, or for a hundred, made no difference.
A topic is one channel per subscriber with room for 1024, actrio's default.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from ..workloads import Ask, Ping, Pong, Publish, Receiver, Tick

__all__ = ["BareTrio"]


class BareTrio:
    """Memory channels and tasks."""

    name = "bare trio"
    host = "trio"

    @asynccontextmanager
    async def open_echo(self) -> AsyncIterator[Callable[[], Ask]]:
        requests, inbox = trio.open_memory_channel[
            tuple[Ping, trio.MemorySendChannel[Pong]]
        ](1)

        async def echo() -> None:
            async for ping, caller in inbox:
                await caller.send(Pong(ping.number + 1))

        def connect() -> Ask:
            caller, responses = trio.open_memory_channel[Pong](1)

            async def ask(ping: Ping) -> Any:
                await requests.send((ping, caller))
                return await responses.receive()

            return ask

        async with trio.open_nursery() as nursery:
            nursery.start_soon(echo)
            yield connect
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def open_topic(self, receivers: list[Receiver]) -> AsyncIterator[Publish]:
        channels = [trio.open_memory_channel[Tick](1024) for _ in receivers]

        async def subscriber(
            inbox: trio.MemoryReceiveChannel[Tick], receiver: Receiver
        ) -> None:
            async for tick in inbox:
                receiver.take(tick.number)

        async def publish(tick: Tick) -> None:
            for send, _ in channels:
                await send.send(tick)

        async with trio.open_nursery() as nursery:
            for (_, inbox), receiver in zip(channels, receivers, strict=True):
                nursery.start_soon(subscriber, inbox, receiver)
            yield publish
            nursery.cancel_scope.cancel()
