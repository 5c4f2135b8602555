"""Dataclass messages: plain data with types.

Run it:

    python examples/trio/dataclass_messages.py

Output:

    TaskResponse(task_id='42', result="priority 1: {'rows': 3}", success=True)
    StatusEvent(status='finished', timestamp=1.5)
"""

from dataclasses import dataclass

import trio

from actrio import (
    AgentId,
    DefaultTopicId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    default_subscription,
    event,
    rpc,
)


@dataclass
class TaskRequest:
    task_id: str
    priority: int
    data: dict


@dataclass
class TaskResponse:
    task_id: str
    result: str
    success: bool


@dataclass
class StatusEvent:
    status: str
    timestamp: float


@default_subscription
class Worker(RoutedAgent):
    @rpc
    async def on_task(self, message: TaskRequest, ctx: MessageContext) -> TaskResponse:
        result = f"priority {message.priority}: {message.data}"
        return TaskResponse(task_id=message.task_id, result=result, success=True)

    @event
    async def on_status(self, message: StatusEvent, ctx: MessageContext) -> None:
        print(message)


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker("Worker"))
    runtime.start()
    request = TaskRequest(task_id="42", priority=1, data={"rows": 3})
    print(await runtime.send_message(request, AgentId("worker", "default")))
    await runtime.publish_message(StatusEvent(status="finished", timestamp=1.5), DefaultTopicId())
    await runtime.stop_when_idle()


if __name__ == "__main__":
    trio.run(main)
