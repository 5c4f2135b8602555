"""What a runtime knows about serializers, and what it needs them for: nothing, in here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from actrio import (
    JSON_DATA_CONTENT_TYPE,
    AgentId,
    ClosureAgent,
    ClosureContext,
    MessageContext,
    MessageSerializer,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
    try_get_known_serializers_for_type,
)

pytestmark = pytest.mark.anyio


@dataclass
class Task:
    name: str


@dataclass
class Done:
    name: str


class Opaque:
    """Has no serializer, and could have none."""

    def __init__(self) -> None:
        self.stream: Iterator[int] = iter([1])


@dataclass
class Unserializable:
    it: Opaque


class Worker(RoutedAgent):
    @message_handler
    async def on_task(self, message: Task, ctx: MessageContext) -> Done | None:
        return Done(message.name)

    @message_handler
    async def on_opaque(self, message: Opaque, ctx: MessageContext) -> Opaque:
        return message

    @message_handler
    async def on_unserializable(
        self, message: Unserializable, ctx: MessageContext
    ) -> Any:
        return message


class TaskSerializer(MessageSerializer[Task]):
    def serialize(self, message: Task) -> bytes:
        return message.name.encode()

    def deserialize(self, payload: bytes) -> Task:
        return Task(payload.decode())


def knows(runtime: SingleThreadedAgentRuntime, name: str) -> bool:
    return runtime._serialization_registry.is_registered(name, JSON_DATA_CONTENT_TYPE)


async def test_delivery_needs_no_serializer() -> None:
    """A message is handed over as it is, whether it could be serialized or not."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Worker.register(runtime, "worker", Worker)
        for message in (Opaque(), Unserializable(Opaque())):
            answer = await runtime.send_message(message, AgentId("worker", "a"))
            assert answer is message


async def test_registering_an_agent_class_adds_its_messages() -> None:
    """The messages and responses of its handlers can be written and read."""
    runtime = SingleThreadedAgentRuntime()
    assert not knows(runtime, "Task")
    await Worker.register(runtime, "worker", Worker)
    assert knows(runtime, f"{__name__}.Task")
    assert knows(runtime, "Done")
    assert not knows(runtime, "Opaque")
    # a class whose fields have no form is found out when it is first serialized
    assert knows(runtime, "Unserializable")


async def test_registering_an_instance_and_a_closure_adds_theirs() -> None:
    """It does not matter in which way an agent gets into the runtime."""

    async def close(agent: ClosureContext, message: Task, ctx: MessageContext) -> None:
        pass

    first, second = SingleThreadedAgentRuntime(), SingleThreadedAgentRuntime()
    await Worker().register_instance(first, AgentId("worker", "a"))
    await ClosureAgent.register_closure(second, "closure", close)
    assert knows(first, "Task")
    assert knows(second, "Task")


async def test_a_serializer_of_the_user_stays() -> None:
    """Registering an agent class does not replace what was added before, or after."""
    runtime = SingleThreadedAgentRuntime()
    runtime.add_message_serializer(TaskSerializer())
    await Worker.register(runtime, "worker", Worker)
    registry = runtime._serialization_registry
    options = {"type_name": "Task", "data_content_type": JSON_DATA_CONTENT_TYPE}
    assert registry.serialize(Task("a"), **options) == b"a"
    runtime.add_message_serializer(try_get_known_serializers_for_type(Task))
    assert registry.serialize(Task("a"), **options) == b'{"name":"a"}'
    runtime.add_message_serializer(TaskSerializer(), type="jobs.Task", aliases=["Job"])
    assert registry.type_name(Task("a")) == "jobs.Task"
    assert knows(runtime, "Job")
