"""Serializers: messages become bytes and are messages again.

Run it:

    python examples/asyncio/serializers.py

Output:

    1 serializer for application/json
    TaskRequest(task_id='42', priority=1)
    b'RAW:look out'
    Alert(text='look out')
    handled look out
"""

import asyncio
from dataclasses import dataclass

from actrio import (
    JSON_DATA_CONTENT_TYPE,
    AgentId,
    MessageContext,
    MessageSerializer,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    rpc,
    try_get_known_serializers_for_type,
)


@dataclass
class TaskRequest:
    task_id: str
    priority: int


@dataclass
class Alert:
    text: str


class AlertSerializer(MessageSerializer[Alert]):
    @property
    def type_name(self) -> str:
        return "Alert"

    @property
    def data_content_type(self) -> str:
        return JSON_DATA_CONTENT_TYPE

    def serialize(self, message: Alert) -> bytes:
        return f"RAW:{message.text}".encode()

    def deserialize(self, payload: bytes) -> Alert:
        return Alert(payload.decode().removeprefix("RAW:"))


class Guard(RoutedAgent):
    @rpc
    async def on_alert(self, message: Alert, ctx: MessageContext) -> str:
        return f"handled {message.text}"


async def main():
    serializers = try_get_known_serializers_for_type(TaskRequest)
    print(f"{len(serializers)} serializer for {serializers[0].data_content_type}")
    payload = serializers[0].serialize(TaskRequest("42", 1))
    print(serializers[0].deserialize(payload))

    own = AlertSerializer()
    print(own.serialize(Alert("look out")))
    print(own.deserialize(b"RAW:look out"))

    runtime = SingleThreadedAgentRuntime()
    runtime.add_message_serializer(own)
    await Guard.register(runtime, "guard", lambda: Guard("Guard"))
    runtime.start()
    print(await runtime.send_message(Alert("look out"), AgentId("guard", "default")))
    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
