"""Routing by type: one agent handles two types of messages.

Run it:

    python examples/trio/type_routing.py

Output:

    AgentType(type='my_agent')
    Hello, User, you said Hello, World!!
    Hello, User, you sent me https://example.com/image.jpg!
"""

from dataclasses import dataclass

import trio

from actrio import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, message_handler


@dataclass
class TextMessage:
    content: str
    source: str


@dataclass
class ImageMessage:
    url: str
    source: str


class MyAgent(RoutedAgent):
    @message_handler
    async def on_text_message(self, message: TextMessage, ctx: MessageContext) -> None:
        print(f"Hello, {message.source}, you said {message.content}!")

    @message_handler
    async def on_image_message(self, message: ImageMessage, ctx: MessageContext) -> None:
        print(f"Hello, {message.source}, you sent me {message.url}!")


async def main():
    runtime = SingleThreadedAgentRuntime()
    print(await MyAgent.register(runtime, "my_agent", lambda: MyAgent("My Agent")))

    runtime.start()
    agent_id = AgentId("my_agent", "default")
    await runtime.send_message(TextMessage(content="Hello, World!", source="User"), agent_id)
    await runtime.send_message(ImageMessage(url="https://example.com/image.jpg", source="User"), agent_id)
    await runtime.stop_when_idle()


if __name__ == "__main__":
    trio.run(main)
