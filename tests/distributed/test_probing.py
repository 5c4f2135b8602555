"""Cycles of requests that no single process can see."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

import anyio
import pytest
from tests.runtime.kit import start

from actrio import AgentId, MessageContext, RoutedAgent, message_handler

from .kit import Namespace

pytestmark = pytest.mark.anyio

NEXT = {"a": "b", "b": "c", "c": "a"}


@dataclass
class Round:
    """Asks an agent to ask the next one, or only to answer."""

    asks: bool


@dataclass
class Done:
    """The answer."""

    agents: int


class Crossing(RoutedAgent):
    """Asks the next agent, when all three are at work."""

    at_work = 0
    all_at_work: anyio.Event

    def __init__(self) -> None:
        super().__init__("asks the next")

    @message_handler
    async def on_round(self, message: Round, ctx: MessageContext) -> Done:
        if not message.asks:
            return Done(1)
        Crossing.at_work += 1
        if Crossing.at_work == len(NEXT):
            Crossing.all_at_work.set()
        await Crossing.all_at_work.wait()
        other = AgentId(NEXT[self.id.type], "k")
        done = await self.send_message(Round(asks=False), other)
        return Done(1 + done.agents)


async def test_chains_that_cross_over_three_processes(namespace: Namespace) -> None:
    """Three agents that wait for each other, each on another worker, all answer."""
    Crossing.at_work, Crossing.all_at_work = 0, anyio.Event()
    with anyio.fail_after(20):
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(namespace.runtime(messages=[Done]))
            for name in NEXT:
                worker = await stack.enter_async_context(namespace.runtime())
                await Crossing.register(worker, name, Crossing)
            async with anyio.create_task_group() as tasks:
                calls = [
                    start(
                        tasks,
                        client.send_message,
                        Round(asks=True),
                        AgentId(name, "k"),
                    )
                    for name in NEXT
                ]
            assert [call.value for call in calls] == [Done(2)] * 3
