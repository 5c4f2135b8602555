"""Workers that join while messages wait for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from attrs import frozen
from tests.runtime.kit import start

from actrio import (
    AgentId,
    ClosureAgent,
    ClosureContext,
    MessageContext,
    RoutedAgent,
    message_handler,
)
from actrio.distributed import RedisAgentRuntime
from actrio.testing import RedisServer

from .kit import answer, keys, until

pytestmark = pytest.mark.anyio


@frozen
class Told:
    """A message that a worker knows only because an agent there handles it."""

    what: str


class Listener(RoutedAgent):
    """Answers what it is told."""

    def __init__(self) -> None:
        super().__init__("listens")

    @message_handler
    async def on_told(self, message: Told, ctx: MessageContext) -> Told:
        """Answer the same."""
        return message


async def factory(runtime: RedisAgentRuntime) -> None:
    """Register a type."""
    await Listener.register(runtime, "a", Listener)


async def instance(runtime: RedisAgentRuntime) -> None:
    """Register one agent."""
    await Listener().register_instance(runtime, AgentId("a", "k"))


async def closure(runtime: RedisAgentRuntime) -> None:
    """Register a function."""

    async def listen(
        ctx: ClosureContext, message: Told, context: MessageContext
    ) -> Any:
        return message

    await ClosureAgent.register_closure(runtime, "a", listen)


@pytest.mark.parametrize("register", [factory, instance, closure])
async def test_a_message_that_was_held_for_a_type(
    server: RedisServer,
    namespace: str,
    register: Callable[[RedisAgentRuntime], Awaitable[None]],
) -> None:
    """Is understood, though it comes as soon as the type is registered."""
    agent = AgentId("a", "k")
    async with (
        RedisAgentRuntime(server.url, namespace=namespace, messages=[Told]) as client,
        anyio.create_task_group() as tasks,
    ):
        # as when its last worker was killed
        server.command("HSET", f"{{{namespace}}}:t:a", "-", "0")
        call = start(tasks, client.send_message, Told("1"), agent)
        await until(lambda: f"h:{agent}" in keys(server, namespace))
        async with RedisAgentRuntime(server.url, namespace=namespace) as worker:
            await register(worker)
            await answer(call)
