"""What may happen at the same moment as an agent comes or leaves."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from actrio.abc import RestartPolicy
from actrio.exceptions import AgentStopped, RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.runtime import AgentState, SingleThreadedAgentRuntime
from actrio.state import MemoryStateStore

from .kit import (
    Busy,
    Scripted,
    agent_of,
    every_host,
    raising,
    register,
    running,
    settled,
    start,
    subscribe,
    timed,
)
from .test_life_passivation import A, Keeper, keeping, live

pytestmark = every_host


# -- what is remembered -----------------------------------------------------------------


def known(runtime: SingleThreadedAgentRuntime) -> int:
    """How many ids the runtime knows."""
    return len(runtime._router.directory)


async def test_nothing_is_kept_of_agents_that_cannot_be_built() -> None:
    """Each of any number of ids may fail, and memory does not grow."""

    def fail() -> Scripted:
        raise ValueError("no")

    async with running() as runtime:
        await runtime.register_factory("a", fail)
        for key in "123":
            with pytest.raises(ValueError, match="no"):
                await runtime.send_message("x", AgentId("a", key))
        await settled()
        assert known(runtime) == 0


async def test_nothing_is_kept_of_ids_whose_messages_were_withdrawn() -> None:
    """Nobody needed the agent in the end, so there is none."""
    async with running() as runtime:
        await register(runtime, "a")
        for key in "123":
            with anyio.CancelScope() as scope:
                scope.cancel()
                await runtime.send_message("x", AgentId("a", key))
        await settled()
        assert known(runtime) == 0


async def test_a_start_forgets_what_visits_left_behind() -> None:
    """Before the start a held message may know its actor; afterwards nothing is held."""
    runtime = SingleThreadedAgentRuntime()
    await register(runtime, "a")
    await runtime.get(A, lazy=False)
    await runtime.passivate(A)
    runtime.start()
    assert known(runtime) == 0
    await runtime.stop()


_ONCE = RestartPolicy(attempts=1, max_restarts=2, first_delay=0.001)


@timed
async def test_restarts_are_counted_beyond_a_passivation() -> None:
    """An agent that left in between fails no more often than one that stayed."""
    async with running(max_live_agents=1) as runtime:
        await register(runtime, "a", on_failure=_ONCE)
        await subscribe(runtime, "t", "a")
        for failure in range(3):
            await runtime.publish_message(
                raising(ValueError("no")), TopicId("t", A.key)
            )
            await anyio.sleep(0.1)
            if failure < 2:
                await runtime.send_message("x", A)
            await runtime.send_message("another", AgentId("a", "another"))
            await anyio.sleep(0.1)
        with pytest.raises(AgentStopped):
            await runtime.send_message("x", A)
        await runtime.passivate(A)
        assert await runtime.send_message("x", A) == "x"


@timed
async def test_failures_are_not_remembered_of_any_number_of_agents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest ones are forgotten, except of agents that live or were stopped."""
    monkeypatch.setattr("actrio.runtime._directory._FAILED_REMEMBERED", 3)
    async with running() as runtime:
        await register(runtime, "a", on_failure=_ONCE)
        await register(runtime, "b", on_failure="stop")
        await subscribe(runtime, "t", "a", "b")
        await runtime.publish_message(raising(ValueError("no")), TopicId("t", "first"))
        await anyio.sleep(1)
        await runtime.send_message("x", AgentId("a", "first"))
        for number in range(9):
            topic = TopicId("t", str(number))
            await runtime.publish_message(raising(ValueError("no")), topic)
            await anyio.sleep(1)
        names = [str(agent.id) for agent in runtime.snapshot().agents]
        a = [name for name in names if name[0] == "a"]
        assert a == ["a/first", "a/6", "a/7", "a/8"]
        assert len(names) == len(a) + 10


# -- starting and stopping --------------------------------------------------------------


async def test_a_start_in_the_middle_of_a_visit_counts_nobody_twice() -> None:
    """An agent that was being made when the runtime started takes one place."""
    released = anyio.Event()

    class Slow(Scripted):
        async def on_start(self) -> None:
            if self.id.key == "slow":
                await released.wait()

    runtime = SingleThreadedAgentRuntime(max_live_agents=1)
    await Slow.register(runtime, "a", Slow)
    async with anyio.create_task_group() as tasks:
        start(tasks, lambda: runtime.get(AgentId("a", "slow"), lazy=False))
        await settled()
        runtime.start()
        released.set()
        for key in "123":
            await runtime.send_message("x", AgentId("a", key))
        await settled()
        assert live(runtime) == ["3"]
        await runtime.stop()
    await runtime.close()


async def test_no_more_than_may_live_are_visited() -> None:
    """Also before the start the least recently used one makes room."""
    runtime = SingleThreadedAgentRuntime(max_live_agents=2)
    await register(runtime, "a")
    for key in "12345":
        await runtime.get(AgentId("a", key), lazy=False)
    assert live(runtime) == ["4", "5"]
    await runtime.close()


@timed
async def test_the_idle_time_counts_again_after_each_start() -> None:
    """Agents that stayed while the runtime was stopped leave when they may."""
    runtime = SingleThreadedAgentRuntime()
    await Scripted.register(runtime, "a", Scripted, passivate_after=10)
    runtime.start()
    for key in "12":
        await runtime.send_message("x", AgentId("a", key))
    await runtime.stop()
    await anyio.sleep(60)
    runtime.start()
    await anyio.sleep(9)
    await runtime.send_message("x", AgentId("a", "2"))
    assert live(runtime) == ["1", "2"]
    await anyio.sleep(2)
    assert live(runtime) == ["2"]
    await runtime.stop()
    await runtime.close()


@timed
@pytest.mark.parametrize("limit", [1, 100])
async def test_agents_that_were_at_work_when_it_stopped_leave_too(limit: int) -> None:
    """After the next start they are idle, without having handled a message."""
    runtime = SingleThreadedAgentRuntime(max_live_agents=limit, grace=0)
    await Scripted.register(runtime, "a", Scripted, passivate_after=10)
    async with anyio.create_task_group() as tasks:
        runtime.start()
        busy = Busy()
        start(tasks, runtime.send_message, busy, A)
        await busy.started.wait()
        await runtime.send_message("x", AgentId("a", "other"))
        await settled()
        await runtime.stop()
    runtime.start()
    if limit == 1:
        await runtime.send_message("x", AgentId("a", "third"))
        await settled()
        assert live(runtime) == ["third"]
    else:
        await anyio.sleep(11)
        assert live(runtime) == []
    await runtime.stop()
    await runtime.close()


async def test_asking_for_a_state_after_the_close_makes_no_new_agent() -> None:
    """Nobody lives, so there is nothing to save."""
    runtime = SingleThreadedAgentRuntime()
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted())
        return made[-1]

    await runtime.register_factory("a", make)
    runtime.start()
    await runtime.send_message("x", A)
    await runtime.stop()
    await runtime.close()
    assert await runtime.save_state() == {}
    assert len(made) == 1


class Unsaved(Scripted):
    """Cannot be saved, and asks somebody before it says so."""

    async def save_state(self) -> Mapping[str, Any]:
        await self.send_message("may I?", AgentId("helper", "k"))
        await anyio.sleep(1)
        raise ValueError("no")


@timed
@pytest.mark.parametrize("limit", [1, 100])
async def test_agents_that_cannot_be_saved_do_not_keep_a_runtime_busy(
    limit: int, caplog: pytest.LogCaptureFixture
) -> None:
    """While somebody waits for an idle moment they are not tried again and again."""
    caplog.set_level(logging.CRITICAL)
    runtime = SingleThreadedAgentRuntime(
        state_store=MemoryStateStore(), max_live_agents=limit
    )
    await Unsaved.register(runtime, "a", Unsaved, passivate_after=1)
    await Scripted.register(runtime, "helper", Scripted, passivate_after=0.3)
    async with runtime._router.surroundings.store:  # type: ignore[union-attr]  # it has one
        runtime.start()
        for key in "1234":
            await runtime.send_message("x", AgentId("a", key))
            await anyio.sleep(0.6)
        with anyio.fail_after(60):
            await runtime.stop_when_idle()
        with pytest.raises(ExceptionGroup, match="failed to close"):
            await runtime.close()


@timed
async def test_an_agent_that_cannot_be_saved_has_a_rest_before_it_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However many others want its place."""
    caplog.set_level(logging.CRITICAL)
    tries: list[float] = []

    class Full(Keeper):
        async def save_state(self) -> Mapping[str, Any]:
            if self.id.key == "k" and len(tries) < 100:
                tries.append(anyio.current_time())
                raise OSError("disk full")
            return {"seen": self.seen}

    async with keeping(Full, max_live_agents=1) as (runtime, _, _):
        await runtime.send_message("x", A)
        for number in range(30):
            await runtime.send_message("x", AgentId("a", str(number)))
            await anyio.sleep(0.1)
        assert len(tries) in (2, 3, 4)
        assert len(live(runtime)) <= 3
        tries += [0] * 100


@pytest.mark.parametrize("hook", ["save_state", "on_stop", "close"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@timed
async def test_what_ends_the_program_ends_it_from_the_last_hooks_too(
    hook: str, error: type[BaseException]
) -> None:
    """Nobody waits for them, but the owner of the runtime hears of it."""
    raised: list[BaseException] = []

    async def end(self: Keeper) -> Mapping[str, Any]:
        if not raised:
            raised.append(error("out"))
            raise raised[0]
        return {}

    ending: Any = type("Ending", (Keeper,), {hook: end})
    went_on = False
    with pytest.raises(error, match="out"):
        async with keeping(ending, passivate_after=1) as (runtime, _, _):
            await runtime.send_message("x", A)
            await anyio.sleep(3)
            went_on = True
    assert not went_on


@pytest.mark.parametrize("hook", ["save_state", "on_stop"])
async def test_whoever_waits_hears_that_the_program_ends(hook: str) -> None:
    """But the exception itself goes to the owner, once."""
    left = False

    async def end(self: Keeper) -> Mapping[str, Any]:
        nonlocal left
        if not left:
            left = True
            raise SystemExit("out")
        return {}

    ending: Any = type("Ending", (Keeper,), {hook: end})
    store = MemoryStateStore()
    async with store:
        runtime = SingleThreadedAgentRuntime(state_store=store)
        ending.log = []
        await ending.register(runtime, "a", ending)
        runtime.start()
        await runtime.send_message("x", A)
        with pytest.raises(RuntimeStoppedError, match="SystemExit"):
            await runtime.passivate(A)
        with pytest.raises(SystemExit):
            await runtime.stop()
        await runtime.close()


async def test_closing_an_agent_that_could_not_start_may_end_the_program() -> None:
    """It counts for more than why the agent could not start."""

    class Ending(Scripted):
        async def on_start(self) -> None:
            raise ValueError("no")

        async def close(self) -> None:
            raise SystemExit("out")

    runtime = SingleThreadedAgentRuntime()
    await Ending.register(runtime, "a", Ending)
    runtime.start()
    with pytest.raises(RuntimeStoppedError) as caught:
        await runtime.send_message("x", A)
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(SystemExit):
        await runtime.stop()


async def test_a_block_that_fails_still_raises_what_ends_the_program() -> None:
    """A close() that raises SystemExit counts for more than an error of the block."""

    class Ending(Scripted):
        async def close(self) -> None:
            raise SystemExit("out")

    with pytest.raises(SystemExit):
        async with SingleThreadedAgentRuntime() as runtime:
            await Ending.register(runtime, "a", Ending)
            await runtime.send_message("x", A)
            raise ValueError("no")


# -- who is asked for -------------------------------------------------------------------


async def test_an_agent_is_handed_out_although_it_leaves_at_once() -> None:
    """Its place may be taken before the one who asked for it goes on."""
    async with running(max_live_agents=1) as runtime:
        await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            calls = [
                start(tasks, agent_of, runtime, AgentId("a", str(n))) for n in range(20)
            ]
        assert [call.error for call in calls] == [None] * 20
        assert all(isinstance(call.value, Scripted) for call in calls)


@pytest.mark.parametrize("id", ["a/k", None, ("a", "k")])
async def test_passivating_something_that_is_no_id(id: Any) -> None:
    """The error says what to write instead."""
    async with keeping() as (runtime, _, _):
        with pytest.raises(TypeError, match="is not an AgentId; write AgentId"):
            await runtime.passivate(id)


async def test_a_visit_may_find_that_the_agent_has_left_already() -> None:
    """It left for somebody who was cancelled, while the next one waited to visit."""
    leaving, released = anyio.Event(), anyio.Event()

    class Slow(Scripted):
        async def on_stop(self) -> None:
            leaving.set()
            await released.wait()

    runtime = SingleThreadedAgentRuntime()
    await Slow.register(runtime, "a", Slow)
    await runtime.get(A, lazy=False)
    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.passivate, A)
        await leaving.wait()
        first.scope.cancel()
        await settled()
        second = start(tasks, runtime.passivate, A)
        await settled()
        released.set()
        await settled()
        assert second.done
        assert second.error is None
        tasks.cancel_scope.cancel()
    assert not live(runtime)
    await runtime.close()


async def test_an_agent_without_a_state_needs_no_method_for_it() -> None:
    """Also with a store: what is no BaseAgent may have no hooks at all."""

    class Plain:
        async def on_message(self, message: object, ctx: object) -> object:
            return message

        async def bind_id_and_runtime(self, *, id: AgentId, runtime: object) -> None:
            self.id = id

    store = MemoryStateStore()
    async with store, running(state_store=store) as runtime:
        make: Any = Plain
        await runtime.register_factory("a", make)
        assert await runtime.send_message("x", A) == "x"
        await runtime.passivate(A)
        assert await store.keys() == []


# -- a loop that is torn down -----------------------------------------------------------


@pytest.mark.parametrize("moment", ["on_start", "on_stop"])
def test_an_agent_that_changed_when_its_loop_was_closed_comes_again(
    moment: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Nothing of the lost loop keeps it from living in the next one."""
    waiting: list[object] = []

    class Stuck(Scripted):
        async def on_start(self) -> None:
            if moment == "on_start" and not waiting:
                await self.wait()

        async def on_stop(self) -> None:
            if moment == "on_stop" and not waiting:
                await self.wait()

        async def wait(self) -> None:
            waiting.append(asyncio.current_task())  # so that it is not destroyed
            await asyncio.get_running_loop().create_future()

    runtime = SingleThreadedAgentRuntime(grace=0)

    async def first() -> None:
        await Stuck.register(runtime, "a", Stuck)
        runtime.start()
        call = asyncio.ensure_future(runtime.send_message("x", A))  # noqa: TID251 - a loop that is torn down has no nursery
        waiting.clear()
        if moment == "on_stop":
            await call
            call = asyncio.ensure_future(runtime.passivate(A))  # noqa: TID251 - the same
        while not waiting:  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0)
        waiting.append(call)

    async def second() -> None:
        runtime.start()
        async with asyncio.timeout(1):
            assert await runtime.send_message("y", A) == "y"
        assert runtime.snapshot().agents[0].state is AgentState.IDLE
        await runtime.stop()
        await runtime.close()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(first())
    loop.close()
    asyncio.run(second())
    for task in waiting:
        if isinstance(task, asyncio.Task):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # meant to be
    waiting.clear()
    gc.collect()
