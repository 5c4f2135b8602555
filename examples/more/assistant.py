"""An agent that talks with a model: a conversation, a memory, and a saved state.

The model is scripted, so that the program needs no network; with the client of
`openai_server.py` in its place it is a real one.

Run it (pip install 'actrio[pydantic,images]'):

    python examples/more/assistant.py

Output:

    Hello Ada!
    Tea, I think.
    the model was given: SystemMessage, UserMessage
    the model was given: SystemMessage, UserMessage, AssistantMessage, UserMessage
    later: You had asked what to drink.
"""

import json
from collections.abc import Mapping
from typing import Any

import trio

from actrio import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, message_handler
from actrio.memory import ListMemory, Memory, MemoryContent, MemoryMimeType
from actrio.model_context import BufferedChatCompletionContext, UnboundedChatCompletionContext
from actrio.models import AssistantMessage, ChatCompletionClient, UserMessage
from actrio.testing import ReplayChatCompletionClient


class Assistant(RoutedAgent):
    """Answers with a model, which sees the last ten messages and what is remembered."""

    def __init__(self, client: ChatCompletionClient, memory: Memory) -> None:
        super().__init__("answers with a model")
        self.client = client
        self.memory = memory
        self.conversation = BufferedChatCompletionContext(buffer_size=10)

    @message_handler
    async def on_question(self, message: str, ctx: MessageContext) -> str:
        # a prompt for this question: the facts first, then what was said
        prompt = UnboundedChatCompletionContext()
        await self.memory.update_context(prompt)
        question = UserMessage(content=message, source="user")
        messages = [*await prompt.get_messages(), *await self.conversation.get_messages(), question]
        result = await self.client.create(messages, cancellation_token=ctx.cancellation_token)
        assert isinstance(result.content, str)  # no tools were offered
        # both at once, so that a request that fails leaves the conversation as it was
        await self.conversation.add_message(question)
        await self.conversation.add_message(AssistantMessage(content=result.content, source=self.id.type))
        return result.content

    async def save_state(self) -> Mapping[str, Any]:
        return {"conversation": await self.conversation.save_state()}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        await self.conversation.load_state(state["conversation"])


async def main() -> None:
    memory = ListMemory(name="about the user")
    await memory.add(MemoryContent(content="Is called Ada.", mime_type=MemoryMimeType.TEXT))
    ada = AgentId("assistant", "ada")

    client = ReplayChatCompletionClient(["Hello Ada!", "Tea, I think."])
    async with SingleThreadedAgentRuntime() as runtime:
        await Assistant.register(runtime, "assistant", lambda: Assistant(client, memory))
        print(await runtime.send_message("Hello!", ada))
        print(await runtime.send_message("What shall I drink?", ada))
        saved = json.dumps(await runtime.save_state())
    for call in client.create_calls:
        print("the model was given:", ", ".join(message.type for message in call["messages"]))

    later = ReplayChatCompletionClient(["You had asked what to drink."])
    async with SingleThreadedAgentRuntime() as runtime:
        await Assistant.register(runtime, "assistant", lambda: Assistant(later, memory))
        await runtime.load_state(json.loads(saved))
        print("later:", await runtime.send_message("What did we talk about?", ada))
    assert len(later.create_calls[0]["messages"]) == 6


if __name__ == "__main__":
    trio.run(main)
