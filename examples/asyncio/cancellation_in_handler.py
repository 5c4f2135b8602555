"""Cancellation in the handler: it looks at the token and gives up by itself.

Run it (it takes fifteen seconds):

    python examples/asyncio/cancellation_in_handler.py

Output:

    Response: completed
    Operation cancelled
"""

import asyncio
from dataclasses import dataclass

from actrio import AgentId, CancellationToken, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc


@dataclass
class Request:
    data: str


@dataclass
class Response:
    result: str


class Worker(RoutedAgent):
    @rpc
    async def long_task(self, message: Request, ctx: MessageContext) -> Response:
        for i in range(100):
            # Check if cancelled
            if ctx.cancellation_token.is_cancelled():
                raise asyncio.CancelledError()

            # Do work
            await asyncio.sleep(0.1)

        return Response(result="completed")


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker("Worker"))
    runtime.start()

    response = await runtime.send_message(
        message=Request(data="let it run"),
        recipient=AgentId("worker", "default"),
    )
    print(f"Response: {response.result}")

    token = CancellationToken()
    task = asyncio.create_task(
        runtime.send_message(
            message=Request(data="cancel it"),
            recipient=AgentId("worker", "default"),
            cancellation_token=token,
        )
    )
    await asyncio.sleep(5)
    token.cancel()

    try:
        await task
    except asyncio.CancelledError:
        print("Operation cancelled")

    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
