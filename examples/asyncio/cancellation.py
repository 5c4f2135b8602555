"""Cancellation: a token withdraws a request from outside.

Run it (it takes five seconds):

    python examples/asyncio/cancellation.py

Output:

    Operation cancelled
"""

import asyncio
from dataclasses import dataclass

from actrio import AgentId, CancellationToken, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc


@dataclass
class LongRunningRequest:
    seconds: float = 3600


class Worker(RoutedAgent):
    @rpc
    async def work(self, message: LongRunningRequest, ctx: MessageContext) -> None:
        await asyncio.sleep(message.seconds)


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker("Worker"))
    runtime.start()

    # Create cancellation token
    token = CancellationToken()

    # Send with token
    task = asyncio.create_task(
        runtime.send_message(
            message=LongRunningRequest(),
            recipient=AgentId("worker", "default"),
            cancellation_token=token,
        )
    )

    # Cancel after timeout
    await asyncio.sleep(5)
    token.cancel()

    try:
        await task
    except asyncio.CancelledError:
        print("Operation cancelled")

    await runtime.stop()


if __name__ == "__main__":
    asyncio.run(main())
