"""MessageContext: who sent the message, to which topic, and whether it is still wanted.

Run it:

    python examples/asyncio/message_context.py

Output:

    Request from: client/default
    Response: processed
    Event on topic: status/worker-1
"""

import asyncio
from dataclasses import dataclass

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    TypeSubscription,
    event,
    rpc,
)


@dataclass
class Request:
    data: str


@dataclass
class Response:
    data: str


@dataclass
class StatusEvent:
    status: str


class MyAgent(RoutedAgent):
    @rpc
    async def handle_request(self, message: Request, ctx: MessageContext) -> Response:
        # Check who sent the message
        if ctx.sender:
            print(f"Request from: {ctx.sender.type}/{ctx.sender.key}")

        # Check if operation was cancelled
        if ctx.cancellation_token.is_cancelled():
            raise asyncio.CancelledError()

        # Reply with response
        return Response(data="processed")

    @event
    async def handle_event(self, message: StatusEvent, ctx: MessageContext) -> None:
        # Check if published to topic
        if ctx.topic_id:
            print(f"Event on topic: {ctx.topic_id.type}/{ctx.topic_id.source}")

        # Events don't return responses
        assert not ctx.is_rpc


class Client(RoutedAgent):
    @rpc
    async def ask(self, message: Request, ctx: MessageContext) -> Response:
        return await self.send_message(message, AgentId("my_agent", "default"))


async def main():
    runtime = SingleThreadedAgentRuntime()
    await MyAgent.register(runtime, "my_agent", lambda: MyAgent("My agent"))
    await Client.register(runtime, "client", lambda: Client("Client"))
    await runtime.add_subscription(TypeSubscription(topic_type="status", agent_type="my_agent"))
    runtime.start()
    response = await runtime.send_message(Request(data="hello"), AgentId("client", "default"))
    print(f"Response: {response.data}")
    await runtime.publish_message(StatusEvent(status="ready"), TopicId(type="status", source="worker-1"))
    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
