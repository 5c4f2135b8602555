"""The default topic: everybody publishes to everybody.

Run it:

    python examples/asyncio/default_topic.py

Output:

    Received a message: Hello, World! From the runtime!
    Received a message: Publishing a message from broadcasting agent!
"""

import asyncio
from dataclasses import dataclass

from actrio import (
    DefaultTopicId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    default_subscription,
    message_handler,
    type_subscription,
)


@dataclass
class Message:
    content: str


@type_subscription(topic_type="default")
class ReceivingAgent(RoutedAgent):
    @message_handler
    async def on_my_message(self, message: Message, ctx: MessageContext) -> None:
        print(f"Received a message: {message.content}")


@default_subscription
class BroadcastingAgentDefaultTopic(RoutedAgent):
    @message_handler
    async def on_my_message(self, message: Message, ctx: MessageContext) -> None:
        # Publish a message to all agents in the same namespace.
        await self.publish_message(
            Message("Publishing a message from broadcasting agent!"),
            topic_id=DefaultTopicId(),
        )


async def main():
    runtime = SingleThreadedAgentRuntime()
    await BroadcastingAgentDefaultTopic.register(
        runtime, "broadcasting_agent", lambda: BroadcastingAgentDefaultTopic("Broadcasting Agent")
    )
    await ReceivingAgent.register(runtime, "receiving_agent", lambda: ReceivingAgent("Receiving Agent"))
    runtime.start()
    await runtime.publish_message(Message("Hello, World! From the runtime!"), topic_id=DefaultTopicId())
    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
