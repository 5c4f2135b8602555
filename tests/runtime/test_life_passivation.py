"""Coming to life, leaving, and coming back: what an agent keeps, and when it goes."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from actrio.agents import RoutedAgent, message_handler
from actrio.exceptions import (
    DeadlockError,
    RecipientNotFound,
    RuntimeStoppedError,
    StateConflict,
    StateNotStorable,
    StateStoreClosed,
)
from actrio.identity import AgentId, TopicId
from actrio.messages import MessageContext
from actrio.runtime import AgentState, SingleThreadedAgentRuntime
from actrio.state import MemoryStateStore
from actrio.testing import run

from .kit import (
    Busy,
    Scripted,
    agent_of,
    asking,
    every_host,
    register,
    running,
    settled,
    start,
    subscribe,
    timed,
)

pytestmark = every_host


class Keeper(Scripted):
    """Keeps what it has seen, and tells what is done with it."""

    log: list[str]

    async def on_start(self) -> None:
        self.note("starts")

    async def on_stop(self) -> None:
        self.note("stops")

    async def close(self) -> None:
        self.note("closes")
        await super().close()

    async def save_state(self) -> Mapping[str, Any]:
        self.note("saves")
        return {"seen": self.seen}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.note("loads")
        self.seen = list(state["seen"])

    def note(self, what: str) -> None:
        self.log.append(f"{self.id.key} {what}")


@asynccontextmanager
async def keeping(
    keeper: type[Keeper] = Keeper, *, stored: bool = True, **options: Any
) -> AsyncIterator[tuple[SingleThreadedAgentRuntime, MemoryStateStore, list[str]]]:
    """Run a runtime with a store and agents that keep what they see."""
    log: list[str] = []
    for_type = {
        name: options.pop(name)
        for name in ("passivate_after", "max_concurrency", "inbox_capacity")
        if name in options
    }

    class Logging(keeper):  # type: ignore[misc, valid-type]
        pass

    Logging.log = log
    store = MemoryStateStore()
    async with store:
        if stored:
            options["state_store"] = store
        async with running(**options) as runtime:
            await Logging.register(runtime, "a", Logging, **for_type)
            await subscribe(runtime, "t", "a")
            yield runtime, store, log


A = AgentId("a", "k")


def live(runtime: SingleThreadedAgentRuntime) -> list[str]:
    """The keys of the agents that live."""
    return [actor.id.key for actor in runtime._router.directory if actor.life.is_built]


async def seen_by(runtime: SingleThreadedAgentRuntime, id: AgentId = A) -> list[object]:
    return (await agent_of(runtime, id)).seen


# -- leaving and coming back ------------------------------------------------------------


async def test_an_agent_comes_back_with_its_state() -> None:
    """It is saved, stopped and closed, in this order, and nothing of it is left."""
    async with keeping() as (runtime, store, log):
        await runtime.send_message("one", A)
        agent = weakref.ref(await agent_of(runtime, A))
        await runtime.passivate(A)
        gc.collect()
        assert agent() is None
        assert len(runtime._router.directory) == 0
        assert log == ["k starts", "k saves", "k stops", "k closes"]
        stored = await store.load("a/k")
        assert stored is not None
        assert stored.state == {"seen": ["one"]}
        await runtime.send_message("two", A)
        assert await seen_by(runtime) == ["one", "two"]
        assert log[4:] == ["k loads", "k starts"]


async def test_without_a_store_the_state_is_gone() -> None:
    """The hooks are called all the same."""
    async with keeping(stored=False) as (runtime, _, log):
        await runtime.send_message("one", A)
        await runtime.passivate(A)
        await runtime.send_message("two", A)
        assert await seen_by(runtime) == ["two"]
        assert log == ["k starts", "k stops", "k closes", "k starts"]


async def test_an_agent_without_a_state_is_not_asked_for_one() -> None:
    """It would only warn, and warnings are errors here."""
    async with MemoryStateStore() as store, running(state_store=store) as runtime:
        [a] = await register(runtime, "a")
        await runtime.send_message("one", a)
        await runtime.passivate(a)
        await runtime.send_message("two", a)
        assert await store.keys() == []


async def test_who_cannot_be_passivated() -> None:
    """Who does not live: nothing happens. Others: an error that says why."""
    async with keeping() as (runtime, _, log):
        await runtime.passivate(A)
        await runtime.passivate(AgentId("a", "never addressed"))
        assert log == []
        with pytest.raises(RecipientNotFound, match="no agent type 'b'"):
            await runtime.passivate(AgentId("b", "k"))
        instance = AgentId("i", "k")
        await Scripted().register_instance(runtime, instance)
        with pytest.raises(ValueError, match=r"i/k .* as an instance, .* a factory"):
            await runtime.passivate(instance)


async def test_passivating_waits_for_the_running_handler() -> None:
    """What is queued behind it is for the next agent, in its order."""
    async with keeping() as (runtime, _, log):
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, busy, A)
            await busy.started.wait()
            leaving = start(tasks, runtime.passivate, A)
            for number in range(5):
                await runtime.publish_message(number, TopicId("t", "k"))
            await settled()
            assert not leaving.done
            assert log == ["k starts"]
            busy.release.set()
        assert leaving.done
        assert await seen_by(runtime) == [0, 1, 2, 3, 4]
        assert log[1:] == ["k saves", "k stops", "k closes", "k loads", "k starts"]


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_a_message_that_races_is_handled_once_and_in_order(
    host: Any, concurrency: int
) -> None:
    """Whatever the schedule, for direct and published messages."""

    async def program() -> list[object]:
        options = {"max_concurrency": concurrency, "inbox_capacity": 4}
        async with keeping(**options) as (runtime, _, _log):  # type: ignore[arg-type]

            async def sender() -> None:
                for number in range(0, 60, 3):
                    await runtime.send_message(number, A)
                    await runtime.publish_message(number + 1, TopicId("t", "k"))
                    await runtime.publish_message(number + 2, TopicId("t", "k"))

            async def sends_away() -> None:
                for _ in range(12):
                    await runtime.passivate(A)
                    await anyio.lowlevel.checkpoint()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(sender)
                tasks.start_soon(sends_away)
                tasks.start_soon(sends_away)
            return await seen_by(runtime)

    for seed in range(15):
        assert run(program, host=host, seed=seed) == list(range(60)), seed


async def test_an_agent_passivates_itself() -> None:
    """Inside a handler it only asks for it; the handler goes on to its end."""

    async def script(agent: Scripted, ctx: MessageContext) -> str:
        await agent.runtime.passivate(agent.id)  # type: ignore[attr-defined]
        await anyio.lowlevel.checkpoint()
        return "done"

    async with keeping() as (runtime, _, log):
        assert await runtime.send_message(script, A) == "done"
        await settled()
        assert live(runtime) == []
        assert log[-1] == "k closes"


async def test_passivating_in_a_cycle_does_not_wait() -> None:
    """B asks A, whose handler sends B away: neither waits for the other."""

    async def sends_b_away(agent: Scripted, ctx: MessageContext) -> str:
        await agent.runtime.passivate(AgentId("b", "k"))  # type: ignore[attr-defined]
        return "asked for"

    async with keeping() as (runtime, _, _log):
        [b] = await register(runtime, "b")
        assert await runtime.send_message(asking(sends_b_away, A), b) == "asked for"
        await settled()
        assert live(runtime) == ["k"]


async def test_a_cancelled_caller_leaves_and_so_does_the_agent() -> None:
    """While a handler runs, and while the agent is being saved."""
    saving, save = anyio.Event(), anyio.Event()

    class Slow(Keeper):
        async def save_state(self) -> Mapping[str, Any]:
            saving.set()
            await save.wait()
            return {"seen": []}

    async with keeping(Slow) as (runtime, _, log):
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, busy, A)
            await busy.started.wait()
            first = start(tasks, runtime.passivate, A)
            second = start(tasks, runtime.passivate, A)
            await settled()
            first.scope.cancel()
            await settled()
            assert first.cancelled
            busy.release.set()
            await saving.wait()
            second.scope.cancel()
            await settled()
            assert second.cancelled
            save.set()
        await settled()
        assert live(runtime) == []
        assert log == ["k starts", "k stops", "k closes"]


async def test_passivating_while_the_runtime_does_not_run() -> None:
    """Before the start and after a stop, as a visit."""
    async with MemoryStateStore() as store:
        runtime = SingleThreadedAgentRuntime(state_store=store)
        Keeper.log = []
        await Keeper.register(runtime, "a", Keeper)
        (await agent_of(runtime, A)).seen.append("visited")
        await runtime.passivate(A)
        assert live(runtime) == []
        runtime.start()
        await runtime.send_message("one", A)
        await runtime.stop()
        await runtime.passivate(A)
        await runtime.passivate(A)
        assert (await agent_of(runtime, A)).seen == ["visited", "one"]
        await runtime.close()
        await runtime.passivate(A)


async def test_a_message_held_before_the_start_finds_its_agent() -> None:
    """Although the one that it was held for has been passivated."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(runtime.send_message, "held", a)
        await settled()
        await agent_of(runtime, a)
        await runtime.passivate(a)
        runtime.start()
        await runtime.send_message("sent", a)
    assert (await agent_of(runtime, a)).seen == ["held", "sent"]
    assert len(runtime._router.directory) == 1
    await runtime.stop()
    await runtime.close()


async def test_a_stop_comes_before_a_passivation_that_has_not_begun() -> None:
    """Its caller is told so, and the agent is there after the next start."""
    async with keeping(grace=0) as (runtime, _, log):
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, busy, A)
            await busy.started.wait()
            leaving = start(tasks, runtime.passivate, A)
            await settled()
            await runtime.stop()
        assert isinstance(call.error, RuntimeStoppedError)
        assert isinstance(leaving.error, RuntimeStoppedError)
        assert log == ["k starts"]
        assert live(runtime) == ["k"]
    assert log == ["k starts", "k saves", "k stops", "k closes"]


# -- what goes wrong --------------------------------------------------------------------


class Unsaved(Keeper):
    """Cannot be saved until it is told otherwise."""

    broken: Any = ValueError("no state today")

    async def save_state(self) -> Mapping[str, Any]:
        if isinstance(self.broken, Exception):
            raise self.broken
        return {"seen": self.broken}


async def test_an_agent_that_cannot_be_saved_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The caller gets the error, and the agent handles its messages as before."""
    async with keeping(Unsaved) as (runtime, _, log):
        await runtime.send_message("one", A)
        with pytest.raises(ValueError, match="no state today"):
            await runtime.passivate(A)
        agent = await agent_of(runtime, A)
        assert isinstance(agent, Unsaved)
        await runtime.send_message("two", A)
        assert agent.seen == ["one", "two"]
        agent.broken = [{1, 2}]
        with pytest.raises(StateNotStorable):
            await runtime.passivate(A)
        assert log == ["k starts"]

        async def leaves(agent: Scripted, ctx: MessageContext) -> None:
            await runtime.passivate(agent.id)

        await runtime.send_message(leaves, A)
        await settled()
        assert "a/k could not be saved, and stays" in caplog.text
        agent.broken = []


async def test_a_closed_store_is_an_error_where_agents_need_it() -> None:
    """Building, passivating and closing say so."""
    store = MemoryStateStore()
    Keeper.log = []
    runtime = SingleThreadedAgentRuntime(state_store=store)
    await Keeper.register(runtime, "a", Keeper)
    runtime.start()
    with pytest.raises(StateStoreClosed):
        await runtime.send_message("one", A)
    async with store:
        await runtime.send_message("one", A)
    with pytest.raises(StateStoreClosed):
        await runtime.passivate(A)
    await runtime.stop()
    with pytest.raises(StateStoreClosed):
        await runtime.close()
    assert Keeper.log[-2:] == ["k stops", "k closes"]


async def test_an_outdated_agent_is_dropped() -> None:
    """Somebody else saved its state: what it knows does not count any more."""
    async with keeping() as (runtime, store, log):
        await runtime.send_message("one", A)
        await store.save("a/k", {"seen": ["from elsewhere"]})
        with pytest.raises(StateConflict):
            await runtime.passivate(A)
        assert live(runtime) == []
        assert log[-2:] == ["k stops", "k closes"]
        await runtime.send_message("two", A)
        assert await seen_by(runtime) == ["from elsewhere", "two"]


@timed
async def test_every_step_has_its_time(caplog: pytest.LogCaptureFixture) -> None:
    """A save that hangs is an error, and the agent stays; other hooks are cut off."""

    class Hanging(Keeper):
        hangs = True

        async def hang(self) -> None:
            if self.hangs:
                await anyio.sleep_forever()

        async def save_state(self) -> Mapping[str, Any]:
            await self.hang()
            return {"seen": []}

        async def on_stop(self) -> None:
            self.hangs = True
            await self.hang()

        async def close(self) -> None:
            self.note("closes")
            await self.hang()

    async with keeping(Hanging, grace=2) as (runtime, _, log):
        agent = await agent_of(runtime, A)
        assert isinstance(agent, Hanging)
        began = anyio.current_time()
        with pytest.raises(
            TimeoutError, match=r"save_state\(\) of agent a/k took more than 2"
        ):
            await runtime.passivate(A)
        assert anyio.current_time() - began == pytest.approx(2)
        agent.hangs = False
        await runtime.passivate(A)
        assert anyio.current_time() - began == pytest.approx(6)
        assert log == ["k starts", "k closes"]
        assert "on_stop() of agent a/k took more than 2 s" in caplog.text


async def test_hooks_that_raise_do_not_keep_an_agent() -> None:
    """All are called; the caller gets the first error."""

    class Raising(Keeper):
        async def on_stop(self) -> None:
            await super().on_stop()
            raise ValueError("on_stop")

        async def close(self) -> None:
            await super().close()
            raise ValueError("close")

    async with keeping(Raising) as (runtime, _, log):
        await agent_of(runtime, A)
        with pytest.raises(ValueError, match="on_stop"):
            await runtime.passivate(A)
        assert live(runtime) == []
        assert log[-2:] == ["k stops", "k closes"]


@pytest.mark.parametrize("hook", ["on_start", "load_state"])
async def test_an_agent_that_cannot_start_is_closed(hook: str) -> None:
    """The message fails as if the factory had, and the next one tries again."""

    class Failing(Keeper):
        fails = True

    async def fail(agent: Failing, *args: object) -> None:
        if Failing.fails:
            raise ValueError(hook)

    setattr(Failing, hook, fail)
    async with keeping(Failing) as (runtime, store, log):
        await store.save("a/k", {"seen": []})
        with pytest.raises(ValueError, match=hook):
            await runtime.send_message("one", A)
        assert log[-1] == "k closes"
        assert live(runtime) == []
        Failing.fails = False
        await runtime.send_message("two", A)
        assert "two" in await seen_by(runtime)


async def test_a_handler_may_be_called_as_a_hook_is() -> None:
    """An agent of an older program has a handler on_start(); it is no hook."""

    class Old(RoutedAgent):
        @message_handler
        async def on_start(self, message: str, ctx: MessageContext) -> str:  # type: ignore[override]
            return message.upper()

    async with running() as runtime:
        await Old.register(runtime, "old", Old)
        assert await runtime.send_message("go", AgentId("old", "k")) == "GO"


async def test_the_last_hooks_may_ask_others_but_not_themselves() -> None:
    """An agent that leaves answers nobody; it would wait for itself."""
    answers: list[object] = []

    class Asking(Keeper):
        async def on_stop(self) -> None:
            answers.append(await self.send_message("still there?", AgentId("b", "k")))
            try:
                await self.send_message("me?", self.id)
            except DeadlockError as exc:
                answers.append(str(exc))

    async with keeping(Asking) as (runtime, _, _log):
        await register(runtime, "b")
        await runtime.send_message("one", A)
        await runtime.passivate(A)
    assert answers[0] == "still there?"
    assert "its agent is being closed" in str(answers[1])


# -- handlers that run beside each other ------------------------------------------------


async def test_no_message_begins_while_the_last_handlers_end() -> None:
    """Also if slots are free: the agent would never be alone otherwise."""
    async with keeping(max_concurrency=3) as (runtime, _, log):
        first, second = Busy(), Busy()
        async with anyio.create_task_group() as tasks:
            for busy in (first, second):
                tasks.start_soon(runtime.send_message, busy, A)
                await busy.started.wait()
            tasks.start_soon(runtime.passivate, A)
            await settled()
            late = start(tasks, runtime.send_message, "late", A)
            await settled()
            assert not late.done
            first.release.set()
            await settled()
            assert not late.done
            assert log == ["k starts"]
            second.release.set()
        assert late.value == "late"
        assert log[1:4] == ["k saves", "k stops", "k closes"]


async def test_a_handler_that_needs_a_queued_message_gets_it() -> None:
    """It could not end otherwise: the agent that leaves handles that message too."""
    async with keeping(max_concurrency=2) as (runtime, _, log):
        [b] = await register(runtime, "b")
        begun, go_on = anyio.Event(), anyio.Event()

        async def asks_b(agent: Scripted, ctx: MessageContext) -> object:
            begun.set()
            await go_on.wait()
            return await agent.send_message(asking("back", A), b)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, asks_b, A)
            await begun.wait()
            leaving = start(tasks, runtime.passivate, A)
            await settled()
            go_on.set()
        assert call.value == "back"
        assert leaving.done
        assert log == ["k starts", "k saves", "k stops", "k closes"]


async def test_who_is_asked_back_while_messages_are_held_back_answers() -> None:
    """Nested: nothing else may begin, and it could not end otherwise."""
    async with keeping(max_concurrency=3) as (runtime, _, log):
        [b] = await register(runtime, "b")
        busy, go_on = Busy(), anyio.Event()

        async def asks_b(agent: Scripted, ctx: MessageContext) -> object:
            await go_on.wait()
            return await agent.send_message(asking("back", A), b)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, asks_b, A)
            tasks.start_soon(runtime.send_message, busy, A)
            await busy.started.wait()
            tasks.start_soon(runtime.passivate, A)
            await settled()
            late = start(tasks, runtime.send_message, "late", A)
            await settled()
            go_on.set()
            await settled()
            assert call.value == "back"
            assert not late.done
            busy.release.set()
        assert late.value == "late"
        assert log == [
            "k starts",
            "k saves",
            "k stops",
            "k closes",
            "k loads",
            "k starts",
        ]


async def test_a_nested_handler_may_be_the_last_that_the_agent_waits_for() -> None:
    """One that was asked for by a task which its handler left behind."""
    async with keeping() as (runtime, _, _log), anyio.create_task_group() as left:
        nested = Busy()

        async def leaves_a_task(agent: Scripted, ctx: MessageContext) -> None:
            left.start_soon(agent.send_message, nested, A)
            await nested.started.wait()
            await runtime.passivate(A)

        await runtime.send_message(leaves_a_task, A)
        late = start(left, runtime.send_message, "late", A)
        await settled()
        assert live(runtime) == ["k"]
        assert not late.done
        nested.release.set()
        await settled()
        assert await seen_by(runtime) == ["late"]


async def test_a_request_queued_just_before_is_not_stuck() -> None:
    """It was let in because a slot was free; leaving must not take that slot away."""
    async with keeping(max_concurrency=3) as (runtime, _, _log):
        [b] = await register(runtime, "b")
        other = Busy()

        async def then_leave(agent: Scripted, ctx: MessageContext) -> object:
            # the agent is asked to leave between the deposit and its beginning
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(agent.send_message, "back", A)
                await anyio.lowlevel.cancel_shielded_checkpoint()
                await runtime.passivate(A)
            return "done"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, other, A)
            await other.started.wait()
            call = start(tasks, runtime.send_message, asking(then_leave, b), A)
            await settled()
            assert call.value == "done"
            other.release.set()


async def test_an_agent_with_concurrent_handlers_leaves_with_both_lanes() -> None:
    """And no task of either is left."""

    class Two(RoutedAgent):
        @message_handler
        async def on_text(self, message: str, ctx: MessageContext) -> str:
            return message

        @message_handler(concurrent=True)
        async def on_number(self, message: int, ctx: MessageContext) -> int:
            return message

    two = AgentId("two", "k")
    async with running() as runtime:
        await Two.register(runtime, "two", Two)
        for _ in range(3):
            assert await runtime.send_message("text", two) == "text"
            assert await runtime.send_message(1, two) == 1
            await runtime.passivate(two)
            await settled()
            assert runtime._supervisor._tasks == 0


# -- idle agents ------------------------------------------------------------------------


@timed
async def test_an_idle_agent_leaves_by_itself() -> None:
    """After so many seconds without a message, and not while it works."""
    async with keeping(passivate_after=10) as (runtime, _, log):
        await runtime.send_message("one", A)
        await anyio.sleep(9)
        assert live(runtime) == ["k"]
        await runtime.send_message("two", A)
        await anyio.sleep(9)
        assert live(runtime) == ["k"]
        await anyio.sleep(2)
        assert live(runtime) == []
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, busy, A)
            await anyio.sleep(50)
            assert live(runtime) == ["k"]
            busy.release.set()
            await anyio.sleep(9)
        assert live(runtime) == ["k"]
        await anyio.sleep(2)
        assert live(runtime) == []
        assert log.count("k saves") == 2


@timed
async def test_each_idle_agent_has_its_own_time() -> None:
    """One timer for all, but nobody leaves early or late."""
    async with keeping(passivate_after=10) as (runtime, _, _log):
        for key in "abc":
            await runtime.send_message(key, AgentId("a", key))
            await anyio.sleep(2)
        await runtime.send_message("again", AgentId("a", "a"))
        left: list[tuple[float, list[str]]] = []
        began = anyio.current_time()
        for _ in range(12):
            await anyio.sleep(1)
            left.append((anyio.current_time() - began, live(runtime)))
        assert [len(keys) for _, keys in left] == [3] * 5 + [3, 2, 2, 1, 1, 0, 0] or [
            sorted(keys) for _, keys in left
        ][-1] == []
        assert [sorted(keys) for _, keys in left][6] == ["a", "c"]
        assert [sorted(keys) for _, keys in left][8] == ["a"]
        assert [sorted(keys) for _, keys in left][10] == []


@timed
async def test_idle_agents_do_not_keep_a_runtime_from_stopping() -> None:
    """And are counted anew after the next start."""
    runtime = SingleThreadedAgentRuntime()
    await Scripted.register(runtime, "a", Scripted, passivate_after=10)
    runtime.start()
    await runtime.send_message("one", A)
    began = anyio.current_time()
    await runtime.stop_when_idle()
    await anyio.sleep(60)
    assert live(runtime) == ["k"]
    runtime.start()
    await anyio.sleep(9)
    assert live(runtime) == ["k"]
    await anyio.sleep(2)
    assert live(runtime) == []
    assert anyio.current_time() - began == pytest.approx(71)
    await runtime.stop()
    await runtime.close()


@timed
async def test_agents_that_no_task_serves_leave_too() -> None:
    """After a second start nobody serves those that got no message since."""
    runtime = SingleThreadedAgentRuntime()
    await Scripted.register(runtime, "a", Scripted, passivate_after=10)
    for _ in range(2):
        runtime.start()
        await runtime.send_message("one", A)
        await anyio.sleep(5)
        await runtime.stop()
    runtime.start()
    await anyio.sleep(11)
    assert live(runtime) == []
    await runtime.stop()
    await runtime.close()


@timed
async def test_an_idle_agent_that_cannot_be_saved_is_tried_again_later() -> None:
    """Once per its time, not all the time."""
    tries = []

    class Stubborn(Keeper):
        async def save_state(self) -> Mapping[str, Any]:
            tries.append(anyio.current_time())
            if len(tries) < 3:
                raise ValueError("not now")
            return {"seen": []}

    async with keeping(Stubborn, passivate_after=10) as (runtime, _, _log):
        await runtime.send_message("one", A)
        began = anyio.current_time()
        await anyio.sleep(35)
        assert [at - began for at in tries] == pytest.approx([10, 20, 30])
        assert live(runtime) == []


# -- as many as may ---------------------------------------------------------------------


async def test_the_least_recently_used_makes_room() -> None:
    """A message counts as use; the others stay."""
    async with keeping(max_live_agents=3) as (runtime, store, _log):
        for key in ("1", "2", "3", "1", "4", "5"):
            await runtime.send_message("x", AgentId("a", key))
        assert sorted(live(runtime)) == ["1", "4", "5"]
        assert await store.keys() == ["a/2", "a/3"]
        await runtime.send_message("y", AgentId("a", "2"))
        assert await seen_by(runtime, AgentId("a", "2")) == ["x", "y"]
        assert runtime.statistics().live_agents == 3


async def test_busy_agents_stay_even_if_they_are_too_many() -> None:
    """They leave when they have time, the least recently used first."""
    async with keeping(max_live_agents=2) as (runtime, _, _log):
        scripts = [Busy() for _ in range(5)]
        async with anyio.create_task_group() as tasks:
            for key, busy in enumerate(scripts):
                tasks.start_soon(runtime.send_message, busy, AgentId("a", str(key)))
                await busy.started.wait()
            assert len(live(runtime)) == 5
            for key in (3, 1, 0, 4, 2):
                scripts[key].release.set()
                await settled()
        assert sorted(live(runtime)) == ["2", "4"]


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("limit", [1, 4])
def test_many_agents_through_a_small_limit(host: Any, limit: int) -> None:
    """Touched by many senders at once, none loses what it knows, and none is too many."""

    async def program() -> None:
        most = 0

        class Slow(Keeper):
            async def save_state(self) -> Mapping[str, Any]:
                nonlocal most
                most = max(most, runtime.statistics().live_agents)
                await anyio.lowlevel.checkpoint()
                return await super().save_state()

        async with keeping(Slow, max_live_agents=limit) as (runtime, store, _log):

            async def sender(first: int) -> None:
                for key in range(first, first + 20):
                    for number in range(2):
                        to = AgentId("a", str(key % 30))
                        await runtime.send_message([first, number], to)
                    await runtime.publish_message("p", TopicId("t", str(key % 30)))

            async with anyio.create_task_group() as tasks:
                for first in range(0, 30, 10):
                    tasks.start_soon(sender, first)
            await settled()
            assert len(live(runtime)) <= limit
            for key in range(30):
                await runtime.passivate(AgentId("a", str(key)))
            states = await store.load_all()
            assert sum(len(one.state["seen"]) for one in states.values()) == 3 * 20 * 3
        assert most <= limit + 2 * 3

    for seed in range(3):
        run(program, host=host, seed=seed)


@timed
async def test_agents_that_cannot_be_saved_are_not_tried_all_the_time() -> None:
    """Only when somebody else needs a place, also if an agent has two lanes."""
    tries: list[str] = []

    class Stubborn(RoutedAgent):
        saves = False

        @message_handler
        async def on_text(self, message: str, ctx: MessageContext) -> None:
            pass

        @message_handler(concurrent=True)
        async def on_number(self, message: int, ctx: MessageContext) -> None:
            pass

        async def save_state(self) -> Mapping[str, Any]:
            tries.append(self.id.key)
            if not self.saves and len(tries) < 50:  # a failure, and no endless loop
                raise ValueError("not now")
            return {}

    store = MemoryStateStore()
    async with store, running(max_live_agents=1, state_store=store) as runtime:
        await Stubborn.register(runtime, "a", Stubborn)
        for key in "123":
            for message in (1, "x", 1):
                await runtime.send_message(message, AgentId("a", key))
        await anyio.sleep(100)
        assert sorted(live(runtime)) == ["1", "2", "3"]
        assert 2 <= len(tries) <= 12
        Stubborn.saves = True


async def test_one_that_leaves_may_ask_the_one_that_takes_its_place() -> None:
    """Neither waits for the other for ever."""
    answers: list[object] = []

    class Asking(Keeper):
        async def on_stop(self) -> None:
            to = AgentId("a", str(int(self.id.key) + 1))
            answers.append(await self.send_message("after me", to))

    async with keeping(Asking, max_live_agents=1) as (runtime, _, _log):
        for key in range(4):
            await runtime.send_message("x", AgentId("a", str(key)))
        await settled()
        assert answers == ["after me"] * 3
        assert len(live(runtime)) == 1

        async def nothing(self: Asking) -> None:
            pass

        type(await agent_of(runtime, AgentId("a", live(runtime)[0]))).on_stop = nothing  # type: ignore[assignment, method-assign]


async def test_instances_do_not_count() -> None:
    """Nobody could bring them back, so they neither leave nor take a place."""
    async with keeping(max_live_agents=1) as (runtime, _, _log):
        for key in "xyz":
            await Scripted().register_instance(runtime, AgentId("i", key))
            await runtime.send_message("x", AgentId("i", key))
        await runtime.send_message("x", A)
        await runtime.send_message("x", AgentId("a", "l"))
        assert live(runtime) == ["x", "y", "z", "l"]


# -- the end ----------------------------------------------------------------------------


async def test_closing_the_runtime_saves_its_agents() -> None:
    """The next runtime goes on where this one ended."""
    log: list[str] = []
    Keeper.log = log
    async with MemoryStateStore() as store:
        for number in range(3):
            async with running(state_store=store) as runtime:
                await Keeper.register(runtime, "a", Keeper)
                await runtime.send_message(number, A)
                assert await seen_by(runtime) == list(range(number + 1))
    assert log[-5:] == ["k loads", "k starts", "k saves", "k stops", "k closes"]


async def test_an_agent_that_was_not_started_is_only_closed() -> None:
    """An instance that got no message has nothing to save and nothing to stop."""
    Keeper.log = []
    async with MemoryStateStore() as store, running(state_store=store) as runtime:
        await Keeper().register_instance(runtime, A)
    assert Keeper.log == ["k closes"]


async def test_an_instance_has_hooks_and_a_state_too() -> None:
    """It starts with its first message, each time the runtime was closed before."""
    Keeper.log = []
    async with MemoryStateStore() as store:
        await store.save("a/k", {"seen": ["before"]})
        runtime = SingleThreadedAgentRuntime(state_store=store)
        keeper = Keeper()
        await keeper.register_instance(runtime, A)
        for number in range(2):
            runtime.start()
            await runtime.send_message(number, A)
            await runtime.stop()
            await runtime.close()
        assert keeper.seen == ["before", 0, 1]
    once = ["k loads", "k starts", "k saves", "k stops", "k closes"]
    assert Keeper.log == once * 2


async def test_a_store_must_be_one() -> None:
    """The error names what is."""
    with pytest.raises(TypeError, match="SqliteStateStore"):
        SingleThreadedAgentRuntime(state_store={})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, 1.5, math.nan])
async def test_the_limit_must_be_a_number_of_agents(value: float) -> None:
    """The error names it."""
    with pytest.raises(ValueError, match=f"max_live_agents={value!r}"):
        SingleThreadedAgentRuntime(max_live_agents=value)


@pytest.mark.parametrize("value", [0, -1, math.nan])
async def test_the_idle_time_must_be_a_time(value: float) -> None:
    """And nothing is registered if it is not."""
    runtime = SingleThreadedAgentRuntime()
    with pytest.raises(ValueError, match=f"passivate_after={value!r}"):
        await Scripted.register(runtime, "a", Scripted, passivate_after=value)
    await Scripted.register(runtime, "a", Scripted, passivate_after=1)


async def test_what_a_snapshot_says_of_an_agent_that_leaves() -> None:
    """It is leaving while its last handler runs."""
    async with keeping() as (runtime, _, _log):
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, busy, A)
            await busy.started.wait()
            tasks.start_soon(runtime.passivate, A)
            await settled()
            [agent] = runtime.snapshot().agents
            assert agent.state is AgentState.LEAVING
            busy.release.set()
        assert runtime.snapshot().agents == ()


async def test_a_plain_function_may_be_a_hook() -> None:
    """Nobody has to await something in it."""
    log: list[str] = []

    class Plain(Scripted):
        def on_start(self) -> None:  # type: ignore[override]
            log.append("starts")

        def on_stop(self) -> None:  # type: ignore[override]
            log.append("stops")

    async with running() as runtime:
        await Plain.register(runtime, "a", Plain)
        await runtime.send_message("x", A)
        await runtime.passivate(A)
        assert log == ["starts", "stops"]


async def test_an_instance_that_cannot_start_stays_open() -> None:
    """It is its maker's; the next message tries again."""
    log: list[str] = []

    class Late(Scripted):
        async def on_start(self) -> None:
            log.append("starts")
            if len(log) == 1:
                raise ZeroDivisionError

        async def close(self) -> None:
            log.append("closes")

    async with running() as runtime:
        await Late().register_instance(runtime, A)
        with pytest.raises(ZeroDivisionError):
            await runtime.send_message("x", A)
        await runtime.send_message("x", A)
        assert log == ["starts", "starts"]
    assert log == ["starts", "starts", "closes"]


@timed
async def test_one_that_waits_for_a_place_may_be_cancelled() -> None:
    """By the end of the runtime, while the one that should leave does not."""

    class Slow(Keeper):
        async def on_stop(self) -> None:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)

    async with keeping(Slow, max_live_agents=1, grace=1.0) as (runtime, _, _log):
        await runtime.send_message("x", A)
        async with anyio.create_task_group() as tasks:
            other = start(tasks, runtime.send_message, "x", AgentId("a", "2"))
            await anyio.sleep(1)
            await runtime.stop()
            await settled()
            assert isinstance(other.error, RuntimeStoppedError)
    assert not runtime._router.residents._waiting
