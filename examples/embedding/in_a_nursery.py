"""A runtime inside a trio nursery, beside other tasks, that shuts down in order.

    python examples/embedding/in_a_nursery.py

The sensor stops first, then the runtime handles what it has, and the log, which agents
write to, is closed last. Each of them is a block, so the order is that of the blocks.

Output:

    log opened
    sensor: 20 degrees
    keeper/hall: 20 degrees
    sensor: 21 degrees
    keeper/hall: 21 degrees
    sensor: 22 degrees
    sensor stopped
    keeper/hall: 22 degrees
    keeper/hall closed after 3 readings
    log closed
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import trio

from actrio import (
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    message_handler,
    type_subscription,
)


@dataclass
class Reading:
    degrees: int


@type_subscription("readings")
class Keeper(RoutedAgent):
    """Keeps readings, each of which takes it a while."""

    def __init__(self) -> None:
        super().__init__("keeps readings")
        self.kept = 0

    @message_handler
    async def on_reading(self, message: Reading, ctx: MessageContext) -> None:
        await anyio.sleep(0.1)
        self.kept += 1
        print(f"{self.id}: {message.degrees} degrees")

    async def close(self) -> None:
        print(f"{self.id} closed after {self.kept} readings")


@asynccontextmanager
async def open_log() -> AsyncIterator[None]:
    print("log opened")
    yield
    print("log closed")


async def sensor(runtime: SingleThreadedAgentRuntime, enough: trio.Event) -> None:
    """Publish a reading now and then, until cancelled."""
    degrees = 20
    try:
        while True:
            print(f"sensor: {degrees} degrees")
            await runtime.publish_message(Reading(degrees), TopicId("readings", "hall"))
            if degrees == 22:
                enough.set()
            degrees += 1
            await anyio.sleep(0.5)
    finally:
        print("sensor stopped")


async def main() -> None:
    async with open_log(), SingleThreadedAgentRuntime() as runtime:
        await Keeper.register(runtime, "keeper", Keeper)
        async with trio.open_nursery() as nursery:
            enough = trio.Event()
            nursery.start_soon(sensor, runtime, enough)
            await enough.wait()  # the work of the program
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
