"""The floor on trio: what two memory channels and one task cost, with nothing on top.

The agent is a task that reads a channel. Each caller has a channel of its own for
responses and sends it along, so a single caller is a ping-pong over two channels. Both
have room for one message; room for none, or for a hundred, made no difference.
A topic is one channel per subscriber with room for 1024, actrio's default. Cancelling is
what a nursery does: the handler is a task of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import trio

from ..deliveries import Deliveries, Local, Receiver
from ..messages import Ask, Hang, Hold, Load, Ping, Pong, Tick
from ..stages import Stage
from ._peer import Connect, Peer, StartHanging, Tell, Topic

__all__ = ["BareTrio"]

Call: TypeAlias = tuple[Ping | Load, trio.MemorySendChannel[Any]]


class BareTrio(Peer):
    """Memory channels and tasks."""

    name = "bare trio"
    host = "trio"
    is_quick = True

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        async with self.open_chain(stage, 1) as connect:
            yield connect

    @asynccontextmanager
    async def open_chain(self, stage: Stage, length: int) -> AsyncIterator[Connect]:
        async with trio.open_nursery() as nursery:
            following, inbox = trio.open_memory_channel[Call](1)
            nursery.start_soon(answer_all, inbox)
            for _ in range(length - 1):
                calls, inbox = trio.open_memory_channel[Call](1)
                nursery.start_soon(ask_next, inbox, following)
                following = calls
            yield lambda: caller_of(following)
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        deliveries = Local(subscribers, stage)
        channels = [trio.open_memory_channel[Tick](1024) for _ in deliveries.receivers]

        async def publish(tick: Tick) -> None:
            for send, _ in channels:
                await send.send(tick)

        async with trio.open_nursery() as nursery:
            for (_, inbox), receiver in zip(
                channels, deliveries.receivers, strict=True
            ):
                nursery.start_soon(take_all, inbox, [receiver])
            yield publish, deliveries
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def open_sink(self, stage: Stage, senders: int) -> AsyncIterator[Topic]:
        deliveries = Local(senders, stage)
        send, inbox = trio.open_memory_channel[Tick](16)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take_all, inbox, deliveries.receivers)
            yield send.send, deliveries
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def open_queue(
        self, stage: Stage, room: int
    ) -> AsyncIterator[tuple[Tell, Deliveries]]:
        deliveries = Local(1, stage)
        send, inbox = trio.open_memory_channel[Tick | Hold](room)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take_all, inbox, deliveries.receivers)
            yield send.send, deliveries
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        async with trio.open_nursery() as nursery:

            async def address(number: int) -> Ask:
                calls, inbox = trio.open_memory_channel[Call](1)
                nursery.start_soon(answer_all, inbox)
                return caller_of(calls)

            yield address
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def open_hanging(
        self, stage: Stage
    ) -> AsyncIterator[tuple[StartHanging, Connect]]:
        @asynccontextmanager
        async def start(hang: Hang) -> AsyncIterator[Callable[[], object]]:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(handle, hang)
                yield nursery.cancel_scope.cancel

        async with self.open_echo(stage) as connect:
            yield start, connect


async def answer_all(inbox: trio.MemoryReceiveChannel[Call]) -> None:
    """Be an agent that answers."""
    async for ping, caller in inbox:
        await caller.send(ping.reply())


async def ask_next(
    inbox: trio.MemoryReceiveChannel[Call], following: trio.MemorySendChannel[Call]
) -> None:
    """Be an agent that asks the next one."""
    ask = caller_of(following)
    async for ping, caller in inbox:
        pong = await ask(ping)
        await caller.send(Pong(pong.number + 1))


def caller_of(calls: trio.MemorySendChannel[Call]) -> Ask:
    """Make a caller, with a channel of its own for the responses."""
    caller, responses = trio.open_memory_channel[Any](1)

    async def ask(ping: Ping | Load) -> Any:
        await calls.send((ping, caller))
        return await responses.receive()

    return ask


async def take_all(
    inbox: trio.MemoryReceiveChannel[Any], receivers: list[Receiver]
) -> None:
    """Be a subscriber."""
    async for tick in inbox:
        if isinstance(tick, Hold):
            await tick.until.wait()
        else:
            receivers[tick.sender].take(tick.number)


async def handle(hang: Hang) -> None:
    """Wait until cancelled."""
    try:
        hang.started()
        await trio.sleep_forever()
    finally:
        hang.stopped()
