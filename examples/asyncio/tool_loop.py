"""Action and observation: a model asks for tools, a tool agent runs them, until it answers.

Run it (pip install 'actrio[pydantic,images]'):

    python examples/asyncio/tool_loop.py

Output:

    action: price {"article": "apple"}
    action: price {"article": "pear"}
    action: weigh {"article": "apple"}
    observation: 0.5
    observation: 0.75
    observation: Error: Tool not found: weigh
    action: total {"prices": [0.5, "a pear"]}
    observation: Error: Invalid arguments: prices.1: Input should be a valid number, unable to parse string as a number
    action: total {"prices": [0.5, 0.75]}
    observation: 1.25
    answer: Both together are 1.25.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from actrio import (
    AgentId,
    FunctionCall,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    RequestUsage,
    SystemMessage,
    UserMessage,
)
from actrio.testing import ReplayChatCompletionClient
from actrio.tool_agent import ToolAgent, tool_agent_caller_loop
from actrio.tools import FunctionTool, Tool


@dataclass
class Question:
    text: str


async def price(article: Annotated[str, "in the singular"]) -> float:
    await asyncio.sleep(0.01)  # ask somebody
    return {"apple": 0.5, "pear": 0.75}[article]


def total(prices: list[float]) -> float:
    return sum(prices)  # a plain function runs in a thread


class Shopper(RoutedAgent):
    def __init__(self, model: ChatCompletionClient, tools: list[Tool]) -> None:
        super().__init__("Answers questions with the help of tools")
        self._model = model
        self._tools = tools

    @message_handler
    async def on_question(self, message: Question, ctx: MessageContext) -> str:
        conversation: list[LLMMessage] = [
            SystemMessage(content="You know nothing by heart."),
            UserMessage(content=message.text, source="user"),
        ]
        # The calls of one answer run at once; they are messages to the tool agent.
        steps = await tool_agent_caller_loop(
            self,
            AgentId("tools", self.id.key),
            self._model,
            conversation,
            self._tools,
            ctx.cancellation_token,
        )
        for step in steps[:-1]:
            if isinstance(step, AssistantMessage):
                for call in step.content:
                    print(f"action: {call.name} {call.arguments}")
            elif isinstance(step, FunctionExecutionResultMessage):
                for result in step.content:
                    print(f"observation: {result.content}")
        return steps[-1].content


def ask(*calls: FunctionCall) -> CreateResult:
    usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
    return CreateResult(
        finish_reason="function_calls",
        content=list(calls),
        usage=usage,
        cached=False,
    )


def conclude(conversation: list[LLMMessage]) -> str:
    [observation] = conversation[-1].content
    return f"Both together are {observation.content}."


SCRIPT = [
    ask(
        FunctionCall("1", '{"article": "apple"}', "price"),
        FunctionCall("2", '{"article": "pear"}', "price"),
        FunctionCall("3", '{"article": "apple"}', "weigh"),  # there is no such tool
    ),
    ask(FunctionCall("4", '{"prices": [0.5, "a pear"]}', "total")),  # no number
    ask(FunctionCall("5", '{"prices": [0.5, 0.75]}', "total")),
    conclude,
]


async def main():
    tools = [
        FunctionTool(price, "Looks up a price."),
        FunctionTool(total, "Adds prices."),
    ]
    model = ReplayChatCompletionClient(SCRIPT)

    runtime = SingleThreadedAgentRuntime()
    await ToolAgent.register(runtime, "tools", lambda: ToolAgent("Runs tools", tools))
    await Shopper.register(runtime, "shopper", lambda: Shopper(model, tools))
    runtime.start()

    question = Question("What do an apple and a pear cost together?")
    answer = await runtime.send_message(question, AgentId("shopper", "default"))
    print(f"answer: {answer}")

    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
