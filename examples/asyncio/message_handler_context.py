"""MessageHandlerContext: which agent is handling a message here and now.

Run it:

    python examples/asyncio/message_handler_context.py

Output:

    I am: my_agent/default
    Outside of a handler: RuntimeError
"""

import asyncio
from dataclasses import dataclass

from actrio import AgentId, MessageContext, MessageHandlerContext, RoutedAgent, SingleThreadedAgentRuntime, rpc


@dataclass
class Request:
    pass


@dataclass
class Response:
    pass


class MyAgent(RoutedAgent):
    @rpc
    async def handle_request(self, message: Request, ctx: MessageContext) -> Response:
        # Get current agent's ID
        my_id: AgentId = MessageHandlerContext.agent_id()
        print(f"I am: {my_id.type}/{my_id.key}")

        return Response()


async def main():
    runtime = SingleThreadedAgentRuntime()
    await MyAgent.register(runtime, "my_agent", lambda: MyAgent("My agent"))
    runtime.start()
    await runtime.send_message(Request(), AgentId("my_agent", "default"))
    await runtime.stop_when_idle()

    try:
        MessageHandlerContext.agent_id()
    except RuntimeError:
        print("Outside of a handler: RuntimeError")


if __name__ == "__main__":
    asyncio.run(main())
