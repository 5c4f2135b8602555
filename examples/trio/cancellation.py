"""Cancellation: a token withdraws a request from outside.

Run it (it takes five seconds):

    python examples/trio/cancellation.py

Output:

    Operation cancelled
"""

import asyncio
from dataclasses import dataclass

import trio

from actrio import AgentId, CancellationToken, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc


@dataclass
class LongRunningRequest:
    seconds: float = 3600


class Worker(RoutedAgent):
    @rpc
    async def work(self, message: LongRunningRequest, ctx: MessageContext) -> None:
        await trio.sleep(message.seconds)


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker("Worker"))
    runtime.start()

    # Create cancellation token
    token = CancellationToken()

    # Send with token
    async def send():
        try:
            await runtime.send_message(
                message=LongRunningRequest(),
                recipient=AgentId("worker", "default"),
                cancellation_token=token,
            )
        except asyncio.CancelledError:
            print("Operation cancelled")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)

        # Cancel after timeout
        await trio.sleep(5)
        token.cancel()

    await runtime.stop()


if __name__ == "__main__":
    trio.run(main)
