"""Request and response: a request is a function call, its value and its error come back.

Run it:

    python examples/asyncio/request_response.py

Output:

    Response: processed: process this
    The sender caught: nothing to process
"""

import asyncio
from dataclasses import dataclass

from actrio import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc


@dataclass
class Request:
    data: str


@dataclass
class Response:
    data: str


class Processor(RoutedAgent):
    @rpc
    async def handle_request(self, message: Request, ctx: MessageContext) -> Response:
        if not message.data:
            raise ValueError("nothing to process")
        return Response(data=f"processed: {message.data}")


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Processor.register(runtime, "processor", lambda: Processor("Processor"))
    runtime.start()

    # One-to-one request-response
    response = await runtime.send_message(
        message=Request(data="process this"),
        recipient=AgentId("processor", "instance-1"),
    )
    print(f"Response: {response.data}")

    try:
        await runtime.send_message(message=Request(data=""), recipient=AgentId("processor", "instance-1"))
    except ValueError as error:
        print(f"The sender caught: {error}")

    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
