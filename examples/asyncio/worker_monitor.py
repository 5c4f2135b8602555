"""A worker answers requests and publishes what happens; a monitor follows each task.

Run it:

    python examples/asyncio/worker_monitor.py

Output:

    Task 123: started
    Task 123: completed
    Response: Processed: sample
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
class TaskRequest:
    task_id: str
    data: str


@dataclass
class TaskResponse:
    task_id: str
    result: str


@dataclass
class TaskEvent:
    task_id: str
    event: str


class Worker(RoutedAgent):
    def __init__(self):
        super().__init__("Worker")

    @rpc
    async def process(self, message: TaskRequest, ctx: MessageContext) -> TaskResponse:
        # Announce start
        await self.publish_message(
            TaskEvent(task_id=message.task_id, event="started"),
            TopicId(type="task.events", source=message.task_id),
        )

        # Process
        result = f"Processed: {message.data}"

        # Announce completion
        await self.publish_message(
            TaskEvent(task_id=message.task_id, event="completed"),
            TopicId(type="task.events", source=message.task_id),
        )

        return TaskResponse(task_id=message.task_id, result=result)


class Monitor(RoutedAgent):
    def __init__(self):
        super().__init__("Monitor")
        self.events = []

    @event
    async def track(self, message: TaskEvent, ctx: MessageContext) -> None:
        self.events.append((message.task_id, message.event))
        print(f"Task {message.task_id}: {message.event}")


async def main():
    runtime = SingleThreadedAgentRuntime()

    # Register agents
    await Worker.register(runtime, "worker", lambda: Worker())
    await Monitor.register(runtime, "monitor", lambda: Monitor())

    # Subscribe monitor to task events
    await runtime.add_subscription(
        TypeSubscription(topic_type="task.events", agent_type="monitor"),
    )

    runtime.start()

    # Send task
    response = await runtime.send_message(
        TaskRequest(task_id="123", data="sample"),
        recipient=AgentId("worker", "default"),
    )
    print(f"Response: {response.result}")

    await asyncio.sleep(0.1)  # Let events process
    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
