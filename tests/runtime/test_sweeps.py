"""Cancel every public operation everywhere it can be cancelled.

After each cancellation the runtime must be as if nothing had happened: no message
counted, no room taken, no task left, and the next request is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import anyio
import anyio.lowlevel
import pytest

from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import DefaultInterventionHandler, SingleThreadedAgentRuntime
from actrio.testing import CancelPoint, leftover_tasks, sweep

from .kit import (
    Busy,
    Scripted,
    agent_of,
    asking,
    assert_at_rest,
    idle,
    register,
    subscribe,
)

Hosted = Literal["trio", "asyncio"]
Every = Literal["checkpoint", "turn"]

MODES: list[tuple[Hosted, Every, bool]] = [
    ("trio", "checkpoint", False),
    ("trio", "turn", False),
    ("asyncio", "checkpoint", False),
    ("asyncio", "turn", False),
    ("asyncio", "checkpoint", True),
    ("asyncio", "turn", True),
]


def _mode(host: Hosted, every: Every, native: bool, seeds: range) -> object:
    slow = len(seeds) > 2
    name = [host, every, *["native"] * native, *["many seeds"] * slow]
    return pytest.param(
        host,
        every,
        native,
        seeds,
        id="-".join(name),
        marks=[pytest.mark.slow] if slow else [],
    )


modes = pytest.mark.parametrize(
    ("host", "every", "native", "seeds"),
    [
        *(_mode(host, every, native, range(1)) for host, every, native in MODES),
        *(_mode(h, every, n, range(1, 25)) for h, every, n in MODES if every == "turn"),
    ],
)

Scenario = Callable[[CancelPoint], Awaitable[object]]
A, B = AgentId("a", "k"), AgentId("b", "k")
TOPIC = TopicId("t", "k")


def sweep_all(
    scenario: Scenario,
    host: Hosted,
    every: Every,
    native: bool,
    seeds: range,
    least: int = 1,
) -> None:
    """Sweep from every seed, and check that there was something to cancel."""
    for seed in seeds:
        points = sweep(scenario, host=host, every=every, native=native, seed=seed)
        assert points >= least, seed


async def a_few_turns(agent: Scripted, ctx: MessageContext) -> str:
    """Handle a message in a few steps."""
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    await anyio.sleep(1)
    return "answer"


async def set_up(runtime: SingleThreadedAgentRuntime, **options: object) -> None:
    await register(runtime, "a", "b", **options)
    await subscribe(runtime, "t", "a", "b")


async def check(runtime: SingleThreadedAgentRuntime) -> None:
    """Check that no message is left and that the agents still answer."""
    assert_at_rest(runtime)
    assert await runtime.send_message(a_few_turns, A) == "answer"
    assert await runtime.send_message(asking(asking(a_few_turns, A), B), A) == "answer"
    assert_at_rest(runtime)


def started(
    operate: Callable[[SingleThreadedAgentRuntime, CancelPoint], Awaitable[None]],
    **options: object,
) -> Scenario:
    """Make a scenario around a runtime that is started, checked and closed."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime(**options)  # type: ignore[arg-type]
        runtime.start()
        await set_up(runtime)
        await operate(runtime, cancel_here)
        await check(runtime)
        agents = [await agent_of(runtime, one) for one in (A, B)]
        await runtime.close()
        assert [agent.closings for agent in agents] == [1, 1]
        assert_at_rest(runtime)
        assert leftover_tasks() == []

    return scenario


@modes
def test_send_to_an_unbuilt_agent(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Whether cancelled before, while or after the agent is built and the handler runs."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        result = await cancel_here(runtime.send_message(a_few_turns, A))
        assert result == (None if cancel_here.cancelled else "answer")

    sweep_all(started(operate), host, every, native, seeds)


@modes
def test_send_to_an_idle_agent(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """The agent exists and waits."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        await runtime.send_message("first", A)
        result = await cancel_here(runtime.send_message(a_few_turns, A))
        assert result == (None if cancel_here.cancelled else "answer")
        if cancel_here.cancelled:
            # the handler has unwound: the actor is free in this very step
            assert not runtime._router.directory.actor(A).lane.holders

    sweep_all(started(operate), host, every, native, seeds)


@modes
def test_send_to_a_busy_agent(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """A withdrawn message is never handled; one that ran has run once."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, a_few_turns, A)
            tasks.start_soon(runtime.send_message, a_few_turns, A)
            await anyio.lowlevel.checkpoint()
            await cancel_here(runtime.send_message("counted", A))
        seen = (await agent_of(runtime, A)).seen
        assert seen in ([], ["counted"])
        if not cancel_here.fired:
            assert seen == ["counted"]

    sweep_all(started(operate), host, every, native, seeds)


@modes
def test_send_to_a_full_inbox(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Cancelled while it waits for room, while it has room, and while it runs."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(runtime.send_message, a_few_turns, A)
            await anyio.sleep(0.5)
            await cancel_here(runtime.send_message(a_few_turns, A))

    sweep_all(started(operate, inbox_capacity=1), host, every, native, seeds)


@modes
def test_send_in_a_cycle(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """A asks B asks A: whichever is waiting or running, all of it unwinds."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        script = asking(asking(a_few_turns, A), B)
        result = await cancel_here(runtime.send_message(script, A))
        assert result == (None if cancel_here.cancelled else "answer")

    sweep_all(started(operate), host, every, native, seeds)


@modes
def test_a_nested_request_itself(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Cancelled inside the handler that asks; its host answers nevertheless."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        async def in_b(agent: Scripted, ctx: MessageContext) -> str:
            await cancel_here(agent.send_message(a_few_turns, A))
            return "b went on"

        assert await runtime.send_message(asking(in_b, B), A) == "b went on"

    sweep_all(started(operate), host, every, native, seeds)


@modes
def test_a_request_of_a_host_that_gets_a_guest(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """The host is cancelled around the time a handler nests in it; it leaves last."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        guests = 0

        async def guest(agent: Scripted, ctx: MessageContext) -> None:
            nonlocal guests
            guests += 1
            try:
                await anyio.sleep(1)
            finally:
                guests -= 1

        async def in_b(agent: Scripted, ctx: MessageContext) -> None:
            await anyio.sleep(0.5)
            await agent.send_message(guest, A)

        async def outer(agent: Scripted, ctx: MessageContext) -> None:
            await cancel_here(agent.send_message("queued behind in_b", B))
            assert guests == 0

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, in_b, B)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            tasks.start_soon(runtime.send_message, outer, A)

    sweep_all(started(operate), host, every, native, seeds)


@modes
def test_send_with_token_and_interventions(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """The token forgets the request; a slow intervention is cancelled with its sender."""

    class Slow(DefaultInterventionHandler):
        async def on_send(self, message: object, **details: object) -> object:
            await anyio.lowlevel.checkpoint()
            return message

        async def on_response(self, message: object, **details: object) -> object:
            await anyio.lowlevel.checkpoint()
            return message

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        token = CancellationToken()
        await cancel_here(
            runtime.send_message(a_few_turns, A, cancellation_token=token)
        )
        assert not token._listeners

    sweep_all(
        started(operate, intervention_handlers=[Slow()]),
        host,
        every,
        native,
        seeds,
        least=2,
    )


@modes
def test_send_to_an_agent_that_takes_two_at_once(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Handlers in tasks of their own unwind like the others."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, a_few_turns, A)
            result = await cancel_here(runtime.send_message(a_few_turns, A))
            assert result == (None if cancel_here.cancelled else "answer")

    sweep_all(started(operate, max_concurrency=2), host, every, native, seeds)


@modes
def test_publish_to_full_inboxes(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """Copies that found no room are withdrawn; the others are handled."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        async with anyio.create_task_group() as tasks:
            for one in (A, A, B):
                tasks.start_soon(runtime.send_message, a_few_turns, one)
            await anyio.sleep(0.5)
            await cancel_here(runtime.publish_message("copy", TOPIC))
        await idle(runtime)
        seen = [(await agent_of(runtime, one)).seen for one in (A, B)]
        assert seen[1] == ["copy"]  # it had room at once
        assert seen[0] == ["copy"] or cancel_here.fired

    sweep_all(started(operate, inbox_capacity=1), host, every, native, seeds)


@modes
def test_publish_that_yields(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """The check-in after 32 publishes may be cancelled; the copy is on its way."""

    async def operate(
        runtime: SingleThreadedAgentRuntime, cancel_here: CancelPoint
    ) -> None:
        for number in range(31):
            await runtime.publish_message(number, TOPIC)
        await cancel_here(runtime.publish_message(31, TOPIC))
        await idle(runtime)
        assert (await agent_of(runtime, A)).seen == list(range(32))

    sweep_all(started(operate), host, every, native, seeds)


class Saving(Scripted):
    """An agent with a state that takes a while to save."""

    async def save_state(self) -> Mapping[str, object]:
        await anyio.lowlevel.checkpoint()
        return {"seen": len(self.seen)}


@modes
@pytest.mark.parametrize("phase", ["new", "running", "stopped"])
@pytest.mark.parametrize("operation", ["get", "save"])
def test_hooks(
    host: Hosted, every: Every, native: bool, seeds: range, phase: str, operation: str
) -> None:
    """Building an agent and saving its state, whatever the runtime is doing."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime()
        await Saving.register(runtime, "a", Saving)
        await register(runtime, "b")
        if phase != "new":
            runtime.start()
        if phase == "stopped":
            await runtime.stop()
        if operation == "get":
            await cancel_here(runtime.get(A, lazy=False))
        else:
            result = await cancel_here(runtime.agent_save_state(A))
            assert result == (None if cancel_here.cancelled else {"seen": 0})
        if phase != "running":
            assert leftover_tasks() == []
            runtime.start()
        await check(runtime)
        await runtime.close()
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds)


@modes
@pytest.mark.parametrize("grace", [5, 0])
def test_stop(
    host: Hosted, every: Every, native: bool, seeds: range, grace: float
) -> None:
    """A cancelled stop has stopped all the same: no task, and everybody was told."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime(grace=grace)
        runtime.start()
        await set_up(runtime)
        told: list[str] = []

        async def ask(script: object) -> None:
            try:
                told.append(str(await runtime.send_message(script, A)))
            except Exception as exc:  # noqa: BLE001
                told.append(type(exc).__name__)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, a_few_turns)
            tasks.start_soon(ask, Busy())
            await anyio.sleep(0.5)
            await cancel_here(runtime.stop())
            assert_at_rest_but_callers(runtime)
            assert "stopped" in repr(runtime)
        assert told[1] == "RuntimeStoppedError" or told[0] == "RuntimeStoppedError"
        runtime.start()
        await check(runtime)
        await runtime.close()
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds)


def assert_at_rest_but_callers(runtime: SingleThreadedAgentRuntime) -> None:
    """Check that no handler runs and none is queued; callers may be about to leave."""
    for actor in runtime._router.directory:
        assert not actor.lane.holders
        assert actor.lane.inbox.size == 0


@modes
def test_stop_when_idle(host: Hosted, every: Every, native: bool, seeds: range) -> None:
    """Either it has stopped completely or it goes on as before."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime()
        runtime.start()
        await set_up(runtime)
        await runtime.publish_message(a_few_turns, TOPIC)
        await cancel_here(runtime.stop_when_idle())
        if "stopped" in repr(runtime):
            assert leftover_tasks() == []
            runtime.start()
        else:
            assert cancel_here.cancelled
            await idle(runtime)
        await check(runtime)
        await runtime.close()
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds)


@modes
def test_close(host: Hosted, every: Every, native: bool, seeds: range) -> None:
    """Whenever it is cancelled, every agent has been closed once."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime()
        runtime.start()
        await set_up(runtime)
        agents = [await agent_of(runtime, one) for one in (A, B)]
        await runtime.publish_message(a_few_turns, TOPIC)
        await cancel_here(runtime.close())
        assert [agent.closings for agent in agents] == [1, 1]
        assert leftover_tasks() == []
        runtime.start()
        await check(runtime)
        await runtime.close()
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds)


@modes
@pytest.mark.parametrize("body", ["normal", "raises"])
def test_async_with(
    host: Hosted, every: Every, native: bool, seeds: range, body: str
) -> None:
    """A block cancelled anywhere leaves no task and closes every agent once."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime()
        await set_up(runtime)
        agents: list[Scripted] = []

        async def block() -> None:
            async with runtime:
                agents.extend([await agent_of(runtime, one) for one in (A, B)])
                await runtime.publish_message(a_few_turns, TOPIC)
                await runtime.send_message(a_few_turns, A)
                if body == "raises":
                    await runtime.publish_message(a_few_turns, TOPIC)
                    raise ValueError("body")

        try:
            await cancel_here(block())
        except ValueError:
            assert body == "raises"
        assert all(agent.closings == 1 for agent in agents)
        assert_at_rest(runtime)
        assert leftover_tasks() == []
        async with runtime:
            await check(runtime)
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds, least=2)


@modes
def test_process_next(host: Hosted, every: Every, native: bool, seeds: range) -> None:
    """A step that was cancelled took nothing, or what it took is handled."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime()
        await set_up(runtime)
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                assert await runtime.send_message("asked", A) == "asked"

            async def publish_later() -> None:
                await anyio.sleep(1)
                await runtime.publish_message("published", TOPIC)

            tasks.start_soon(publish_later)
            await cancel_here(runtime.process_next())
            tasks.start_soon(ask)
            await anyio.sleep(2)
            runtime.start()
        await idle(runtime)
        assert set((await agent_of(runtime, A)).seen) == {"asked", "published"}
        await check(runtime)
        await runtime.close()
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds)


@modes
def test_send_before_the_start(
    host: Hosted, every: Every, native: bool, seeds: range
) -> None:
    """A withdrawn message leaves the gate; what is left is let through."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = SingleThreadedAgentRuntime()
        await set_up(runtime)
        async with anyio.create_task_group() as tasks:

            async def start_later() -> None:
                await anyio.sleep(1)
                runtime.start()

            tasks.start_soon(start_later)
            await cancel_here(runtime.send_message(a_few_turns, A))
        await check(runtime)
        await runtime.close()
        assert leftover_tasks() == []

    sweep_all(scenario, host, every, native, seeds)
