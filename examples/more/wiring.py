"""Agents without handlers of their own: closures, proxies, subscriptions made by hand.

Run it:

    python examples/more/wiring.py

Output:

    log: agent auditor/eu was made in its factory
    log: room/eu says hello
    auditor/eu: has heard 1 message
    the answer of the echo: HELLO
    the answers of the clock: ['12:00 in Oslo', '12:00 in Oslo']
"""

from collections.abc import Mapping
from typing import Any

import trio

from actrio import (
    AgentId,
    AgentInstantiationContext,
    AgentMetadata,
    AgentProxy,
    AgentRuntime,
    BaseAgent,
    ClosureAgent,
    ClosureContext,
    DefaultSubscription,
    DefaultTopicId,
    MessageContext,
    RoutedAgent,
    RpcCall,
    SingleThreadedAgentRuntime,
    Subscription,
    SubscriptionInstantiationContext,
    TopicId,
    TypePrefixSubscription,
    TypeSubscription,
    rpc,
)


class Auditor(BaseAgent):
    """Takes every message, whatever its type: an agent without handlers per type."""

    def __init__(self) -> None:
        super().__init__("hears everything in its region")
        self.heard = 0

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> None:
        self.heard += 1
        await self.publish_message(f"{message.sender} says {message.text}", DefaultTopicId("log"))

    async def save_state(self) -> Mapping[str, Any]:
        return {"heard": self.heard}


class Said:
    def __init__(self, sender: str, text: str) -> None:
        self.sender = sender
        self.text = text


class Clock(RoutedAgent):
    @rpc
    async def time(self, *args: str) -> str:
        return f"12:00 in {args[0]}"


async def make_auditor() -> Auditor:
    # a factory may ask for whom it works
    assert AgentInstantiationContext.is_in_factory_call()
    me = AgentInstantiationContext.current_agent_id()
    hosted_by: AgentRuntime = AgentInstantiationContext.current_runtime()
    await hosted_by.publish_message(f"agent {me} was made in its factory", DefaultTopicId("log"))
    return Auditor()


def own_topic() -> list[Subscription]:
    # subscriptions may be made for whatever type the agent is registered as
    return [TypeSubscription("log", SubscriptionInstantiationContext.agent_type())]


async def show(closure: ClosureContext, message: str, ctx: MessageContext) -> None:
    print("log:", message)


async def echo(closure: ClosureContext, message: str, ctx: MessageContext) -> str:
    return message.upper()


async def main() -> None:
    runtime = SingleThreadedAgentRuntime()
    await ClosureAgent.register_closure(runtime, "log", show, subscriptions=own_topic)
    await ClosureAgent.register_closure(
        runtime, "echo", echo, subscriptions=lambda: [DefaultSubscription(agent_type="echo")]
    )
    await runtime.register_factory("auditor", make_auditor, expected_class=Auditor)
    await runtime.add_subscription(TypePrefixSubscription("said.", "auditor"))
    await Clock.register(runtime, "clock", lambda: Clock("tells the time"))
    runtime.start()
    await runtime.publish_message(Said("room/eu", "hello"), TopicId("said.aloud", "eu"))
    await runtime.stop_when_idle()

    runtime.start()  # the agents are still there
    auditor = AgentProxy(AgentId("auditor", "eu"), runtime)
    metadata: AgentMetadata = await auditor.metadata
    state = await auditor.save_state()
    print(f"{metadata['type']}/{metadata['key']}: has heard {state['heard']} message")
    echo_proxy = AgentProxy(AgentId("echo", "x"), runtime)
    print("the answer of the echo:", await echo_proxy.send_message("hello", sender=auditor.id))
    clock = AgentId("clock", "x")
    same = [
        await AgentProxy(clock, runtime).call("time", "Oslo"),
        await runtime.send_message(RpcCall("time", ("Oslo",)), clock),
    ]
    print("the answers of the clock:", same)
    await runtime.close()


if __name__ == "__main__":
    trio.run(main)
