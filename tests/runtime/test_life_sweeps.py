"""Cancel everywhere whoever sends an agent away, or waits for one that comes or leaves.

After each cancellation every agent is saved with all that it has handled, closed once,
and comes back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
import pytest

from actrio.abc import RestartPolicy
from actrio.exceptions import RuntimeStoppedError
from actrio.messages import MessageContext
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.state import MemoryStateStore
from actrio.testing import CancelPoint, leftover_tasks

from .kit import Scripted, assert_at_rest, idle, raising, subscribe
from .test_sweeps import TOPIC, A, B, Every, Hosted, modes, sweep_all


class Slow(Scripted):
    """Takes its time at every step of its life, and keeps what it has seen."""

    made = 0
    """How many agents there were, and how many of them were closed."""
    closed = 0
    handled: list[object]

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        await anyio.sleep(1)
        if not callable(message):
            self.handled.append(message)
        return await super().on_message_impl(message, ctx)

    async def on_start(self) -> None:
        await anyio.sleep(1)

    async def save_state(self) -> Mapping[str, Any]:
        await anyio.sleep(1)
        return {"seen": self.seen}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        await anyio.sleep(1)
        self.seen = list(state["seen"])

    async def on_stop(self) -> None:
        await anyio.sleep(1)

    async def close(self) -> None:
        type(self).closed += 1
        await super().close()
        await anyio.sleep(1)


class SlowStore(MemoryStateStore):
    """Takes its time before and after it has saved."""

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        await anyio.sleep(0.5)
        version = await super().save(key, state, expected_version=expected_version)
        await anyio.sleep(0.5)
        return version


Operate = Callable[[SingleThreadedAgentRuntime, CancelPoint], Awaitable[None]]


def with_slow_agents(
    operate: Operate, *, starts: bool = True, **options: Any
) -> Callable[[CancelPoint], Awaitable[object]]:
    """Make a scenario around a runtime with a store, and look at all of it in the end."""

    async def scenario(cancel_here: CancelPoint) -> None:
        class Agent(Slow):
            handled: list[object] = []  # noqa: RUF012 - one for each round

        store = SlowStore()
        policy = RestartPolicy(first_delay=2, longest_delay=2)
        async with store:
            runtime = SingleThreadedAgentRuntime(state_store=store, **options)
            for name in "ab":
                await Agent.register(runtime, name, Agent, on_failure=policy)
            await subscribe(runtime, "t", "a")
            if starts:
                runtime.start()
            await operate(runtime, cancel_here)
            if not starts:
                runtime.start()
            await idle(runtime)
            assert_at_rest(runtime)
            assert await runtime.send_message("last", A) == "last"
            await runtime.close()
            assert_at_rest(runtime)
            assert leftover_tasks() == []
            assert Agent.made == Agent.closed
            assert len(set(Agent.handled)) == len(Agent.handled)
            stored = await store.load_all()
            seen = [one for state in stored.values() for one in state.state["seen"]]
            assert sorted(seen) == sorted(map(str, Agent.handled))

    return scenario


@modes
@pytest.mark.parametrize("starts", [True, False], ids=["running", "visiting"])
def test_sending_an_agent_away(
    host: Hosted, every: Every, native: bool, seeds: range, starts: bool
) -> None:
    """Its caller may leave at each of its steps; it takes them all."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        await runtime.get(A, lazy=False)
        if starts:
            await runtime.send_message("first", A)
        await cancel_here(runtime.passivate(A))

    scenario = with_slow_agents(operate, starts=starts)
    sweep_all(scenario, host, every, native, seeds)


@modes
def test_sending_to_an_agent_that_leaves(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """The message is withdrawn before the next agent has begun with it, or handled."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        await runtime.send_message("first", A)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.passivate, A)
            await anyio.sleep(0.5)
            result = await cancel_here(runtime.send_message("second", A))
            assert result == (None if cancel_here.cancelled else "second")

    sweep_all(with_slow_agents(operate), host, every, native, seeds)


@modes
def test_sending_to_one_that_takes_the_place_of_another(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Whether it still waits for the place, comes to life, or handles the message."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        await runtime.send_message("first", A)
        result = await cancel_here(runtime.send_message("second", B))
        assert result == (None if cancel_here.cancelled else "second")

    scenario = with_slow_agents(operate, max_live_agents=1)
    sweep_all(scenario, host, every, native, seeds)


@modes
def test_sending_to_an_agent_that_is_restarted(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Before, in and after the delay; the message that failed is dead in the end."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        await runtime.publish_message(raising(ValueError("no")), TOPIC)
        result = await cancel_here(runtime.send_message("second", A))
        assert result == (None if cancel_here.cancelled else "second")

    sweep_all(with_slow_agents(operate), host, every, native, seeds)


@modes
@pytest.mark.parametrize("end", ["stop", "stop_when_idle", "close"])
def test_ending_while_agents_come_and_leave(
    host: Hosted, every: Every, native: bool, seeds: range, end: str
) -> None:
    """One leaves, one comes in its place; both are saved, closed once, and come back."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        await runtime.send_message("first", A)

        async def send() -> None:
            with suppress(RuntimeStoppedError):
                await runtime.send_message("second", B)

        async def send_away() -> None:
            with suppress(RuntimeStoppedError):
                await runtime.passivate(B)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            await anyio.sleep(0.5)
            tasks.start_soon(send_away)
            await cancel_here(getattr(runtime, end)())
            if runtime.statistics().phase != "running":
                runtime.start()

    scenario = with_slow_agents(operate, max_live_agents=1)
    sweep_all(scenario, host, every, native, seeds)


@modes
def test_closing_saves_what_there_is(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Also if asyncio cancels the task itself in the middle of it, which is no scope."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        for agent in (A, B):
            await runtime.send_message(f"for {agent}", agent)
        await cancel_here(runtime.close())
        runtime.start()

    sweep_all(with_slow_agents(operate), host, every, native, seeds)
