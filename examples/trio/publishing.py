"""Publishing: an agent announces its progress while it answers a request.

Run it:

    python examples/trio/publishing.py

Output:

    System: startup
    Status of default: working
    Response: done
"""

from dataclasses import dataclass

import trio

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    event,
    rpc,
    type_subscription,
)


@dataclass
class WorkRequest:
    task: str


@dataclass
class WorkResponse:
    result: str


@dataclass
class StatusEvent:
    status: str


@dataclass
class SystemEvent:
    event: str


class Publisher(RoutedAgent):
    @rpc
    async def do_work(self, message: WorkRequest, ctx: MessageContext) -> WorkResponse:
        # Publish progress event
        await self.publish_message(
            StatusEvent(status="working"),
            TopicId(type="status", source=self.id.key),
        )

        # Do work...
        await trio.sleep(0.05)

        return WorkResponse(result="done")


@type_subscription(topic_type="status")
@type_subscription(topic_type="system")
class Observer(RoutedAgent):
    @event
    async def on_status(self, message: StatusEvent, ctx: MessageContext) -> None:
        print(f"Status of {ctx.topic_id.source}: {message.status}")

    @event
    async def on_system(self, message: SystemEvent, ctx: MessageContext) -> None:
        print(f"System: {message.event}")


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Publisher.register(runtime, "publisher", lambda: Publisher("Publisher"))
    await Observer.register(runtime, "observer", lambda: Observer("Observer"))
    runtime.start()

    # External publish (no sender)
    await runtime.publish_message(
        message=SystemEvent(event="startup"),
        topic_id=TopicId(type="system", source="runtime"),
    )

    response = await runtime.send_message(WorkRequest(task="report"), AgentId("publisher", "default"))
    print(f"Response: {response.result}")
    await runtime.stop_when_idle()


if __name__ == "__main__":
    trio.run(main)
