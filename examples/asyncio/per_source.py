"""Per-source routing: a type subscription gives each topic source an agent of its own.

Run it:

    python examples/asyncio/per_source.py

Output:

    Monitor worker-1 got event: ready
    Monitor worker-2 got event: busy
    Monitor worker-1 got event: done
    worker-1: ['ready', 'done']
    worker-2: ['busy']
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
)


@dataclass
class StatusEvent:
    status: str


class Monitor(RoutedAgent):
    def __init__(self):
        super().__init__("Monitor")
        self.events = []  # Each source gets its own monitor instance

    @event
    async def handle_status(self, message: StatusEvent, ctx: MessageContext) -> None:
        self.events.append(message)
        print(f"Monitor {self.id.key} got event: {message.status}")


async def main():
    runtime = SingleThreadedAgentRuntime()

    # Register
    await Monitor.register(runtime, "monitor", lambda: Monitor())

    # Subscribe to status updates
    await runtime.add_subscription(
        TypeSubscription(topic_type="status", agent_type="monitor"),
    )

    runtime.start()

    # Publish from different sources
    await runtime.publish_message(
        StatusEvent(status="ready"),
        TopicId(type="status", source="worker-1"),
    )  # Creates Monitor(key="worker-1")
    await asyncio.sleep(0.1)  # Let events process

    await runtime.publish_message(
        StatusEvent(status="busy"),
        TopicId(type="status", source="worker-2"),
    )  # Creates Monitor(key="worker-2")
    await asyncio.sleep(0.1)  # Let events process

    await runtime.publish_message(
        StatusEvent(status="done"),
        TopicId(type="status", source="worker-1"),
    )  # Goes to Monitor(key="worker-1") again

    await runtime.stop_when_idle()

    for source in ["worker-1", "worker-2"]:
        monitor = await runtime.try_get_underlying_agent_instance(AgentId("monitor", source), Monitor)
        print(f"{source}: {[message.status for message in monitor.events]}")


if __name__ == "__main__":
    asyncio.run(main())
