"""Call cycles answer: a request that could never start is handled nested."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import anyio
import pytest

from actrio._contextvars import MessageHandlerContext
from actrio.exceptions import DeadlockError, RequestCancelled
from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import DeadLetterReason, SingleThreadedAgentRuntime

from .kit import (
    Busy,
    Script,
    Scripted,
    agent_of,
    asking,
    assert_at_rest,
    every_host,
    on_asyncio,
    raising,
    register,
    returning,
    running,
    settled,
    start,
    subscribe,
    timed,
)

pytestmark = every_host


async def test_a_self_send_answers() -> None:
    """An agent may ask itself, several levels deep."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        script: Script = returning("bottom")
        for _ in range(5):
            script = asking(script, a)
        assert await runtime.send_message(script, a) == "bottom"


async def test_a_b_a_answers() -> None:
    """A asks B, B asks A back: the second message to A runs while the first waits."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        back = asking(returning("from a"), a)
        assert await runtime.send_message(asking(back, b), a) == "from a"


async def test_a_nested_exception_reaches_every_level() -> None:
    """It travels as through function calls and collects a note at each."""
    error = ValueError("deep")
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        script = asking(asking(raising(error), a), b)
        with pytest.raises(ValueError, match="deep") as caught:
            await runtime.send_message(script, a)
        assert caught.value is error
        assert await runtime.send_message("next", a) == "next"
        assert await runtime.send_message("next", b) == "next"


async def test_crossing_calls_answer() -> None:
    """A asks B while B asks A; both get their answers."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        inside: list[anyio.Event] = [anyio.Event(), anyio.Event()]

        def crossing(mine: int, to: AgentId) -> Script:
            async def script(agent: Scripted, ctx: MessageContext) -> object:
                inside[mine].set()
                await inside[1 - mine].wait()
                return await agent.send_message(returning(f"for {mine}"), to)

            return script

        async with anyio.create_task_group() as tasks:
            first = start(tasks, runtime.send_message, crossing(0, b), a)
            second = start(tasks, runtime.send_message, crossing(1, a), b)
        assert (first.value, second.value) == ("for 0", "for 1")


async def test_a_ring_of_crossing_calls_answers() -> None:
    """Five agents that each hold a handler and ask the next one all get through."""
    async with running() as runtime:
        ids = await register(runtime, *"abcde")
        inside = 0
        all_inside = anyio.Event()

        def ring(number: int) -> Script:
            async def script(agent: Scripted, ctx: MessageContext) -> object:
                nonlocal inside
                inside += 1
                if inside == len(ids):
                    all_inside.set()
                await all_inside.wait()
                return await agent.send_message(
                    returning(number), ids[(number + 1) % len(ids)]
                )

            return script

        async with anyio.create_task_group() as tasks:
            calls = [
                start(tasks, runtime.send_message, ring(number), one)
                for number, one in enumerate(ids)
            ]
        assert [call.value for call in calls] == [0, 1, 2, 3, 4]


async def test_a_queued_request_that_a_later_call_would_block_is_answered() -> None:
    """X waits in B's inbox behind a handler that asks X's sender: that is nested."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        a_asks, b_inside = anyio.Event(), anyio.Event()

        async def busy_b(agent: Scripted, ctx: MessageContext) -> object:
            b_inside.set()
            await a_asks.wait()
            await settled()
            return await agent.send_message(returning("nested in a"), a)

        async def ask_b(agent: Scripted, ctx: MessageContext) -> object:
            await b_inside.wait()
            a_asks.set()
            return await agent.send_message(returning("from b"), b)

        async with anyio.create_task_group() as tasks:
            first = start(tasks, runtime.send_message, busy_b, b)
            second = start(tasks, runtime.send_message, ask_b, a)
        assert (first.value, second.value) == ("nested in a", "from b")


async def test_nested_handlers_know_who_they_are() -> None:
    """The library's context variables are the nested recipient's, and restored after."""
    seen: list[str] = []

    async def look(agent: Scripted, ctx: MessageContext) -> None:
        seen.append(f"{MessageHandlerContext.agent_id()} from {ctx.sender}")

    async with running() as runtime:
        a, b = await register(runtime, "a", "b")

        async def in_b(agent: Scripted, ctx: MessageContext) -> None:
            await look(agent, ctx)
            await agent.send_message(look, a)
            await look(agent, ctx)

        await runtime.send_message(asking(in_b, b), a)
    assert seen == ["b/k from a/k", "a/k from b/k", "b/k from a/k"]


async def test_a_nested_request_overtakes_what_is_queued_and_nothing_else_does() -> (
    None
):
    """What others sent meanwhile waits for the outer handler."""
    log: list[str] = []

    def logging_script(name: str) -> Script:
        async def script(agent: Scripted, ctx: MessageContext) -> None:
            log.append(name)

        return script

    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        in_b, go = anyio.Event(), anyio.Event()

        async def b_script(agent: Scripted, ctx: MessageContext) -> None:
            in_b.set()
            await go.wait()
            await agent.send_message(logging_script("nested"), a)

        async def a_script(agent: Scripted, ctx: MessageContext) -> None:
            await agent.send_message(b_script, b)
            log.append("outer ends")

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, a_script, a)
            await in_b.wait()
            start(tasks, runtime.send_message, logging_script("queued"), a)
            await settled()
            go.set()
    assert log == ["nested", "outer ends", "queued"]


@timed
async def test_the_outer_handler_holds_until_its_guest_has_left() -> None:
    """Its own timeout passes meanwhile; it resumes only after the nested handler."""
    log: list[str] = []
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")

        async def guest(agent: Scripted, ctx: MessageContext) -> None:
            log.append("guest in")
            await anyio.sleep(10)
            log.append("guest out")

        async def in_b(agent: Scripted, ctx: MessageContext) -> None:
            await anyio.sleep(1)
            await agent.send_message(guest, a)

        async def outer(agent: Scripted, ctx: MessageContext) -> None:
            # this request is queued behind in_b, so its time-out withdraws it
            with anyio.move_on_after(5) as scope:
                await agent.send_message(returning("late"), b)
            log.append(f"outer goes on, timed out: {scope.cancelled_caught}")

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, in_b, b)
            await settled()
            start(tasks, runtime.send_message, outer, a)
    assert log == ["guest in", "guest out", "outer goes on, timed out: True"]


@timed
async def test_a_guest_of_a_timed_out_host_may_ask_in_a_circle_again() -> None:
    """Between the host's time-out and its hold nothing deadlocks."""
    async with running() as runtime:
        a, b, c = await register(runtime, "a", "b", "c")

        async def guest(agent: Scripted, ctx: MessageContext) -> object:
            await anyio.sleep(10)  # the host timed out at 5
            return await agent.send_message(asking(returning("deep"), a), c)

        async def in_b(agent: Scripted, ctx: MessageContext) -> object:
            await anyio.sleep(1)
            return await agent.send_message(guest, a)

        async def outer(agent: Scripted, ctx: MessageContext) -> None:
            with anyio.move_on_after(5):
                await agent.send_message("late", b)

        async with anyio.create_task_group() as tasks:
            asked = start(tasks, runtime.send_message, in_b, b)
            await settled()
            start(tasks, runtime.send_message, outer, a)
        assert asked.value == "deep"


@timed
async def test_cancelling_the_nested_request_leaves_the_outer_handlers_alone() -> None:
    """The nested handler unwinds, its caller goes on, the outer one gets its value."""
    log: list[str] = []
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")

        async def nested(agent: Scripted, ctx: MessageContext) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                log.append("nested unwound")

        async def in_b(agent: Scripted, ctx: MessageContext) -> str:
            with anyio.move_on_after(1):
                await agent.send_message(nested, a)
            log.append("b goes on")
            return "from b"

        assert await runtime.send_message(asking(in_b, b), a) == "from b"
    assert log == ["nested unwound", "b goes on"]


@timed
async def test_cancelling_the_outermost_request_unwinds_from_the_inside() -> None:
    """Nested handler, the one between, the outer one, and then the caller."""
    log: list[str] = []
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")

        def step(name: str, inner: Callable[[Scripted], Awaitable[object]]) -> Script:
            async def script(agent: Scripted, ctx: MessageContext) -> None:
                try:
                    await inner(agent)
                finally:
                    log.append(name)

            return script

        nested = step("a nested", lambda agent: anyio.sleep_forever())
        middle = step("b", lambda agent: agent.send_message(nested, a))
        outer = step("a outer", lambda agent: agent.send_message(middle, b))
        with anyio.move_on_after(1):
            await runtime.send_message(outer, a)
        log.append("caller")
    assert log == ["a nested", "b", "a outer", "caller"]


async def test_a_token_cancels_a_nested_request_alone() -> None:
    """The nested handler is cancelled; the asking handler gets RequestCancelled."""
    token = CancellationToken()
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        busy = Busy()

        async def in_b(agent: Scripted, ctx: MessageContext) -> str:
            try:
                await agent.send_message(busy, a, cancellation_token=token)
            except RequestCancelled:
                return "told"
            return "not told"

        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, asking(in_b, b), a)
            await busy.started.wait()
            token.cancel()
        assert call.value == "told"
        assert busy.cancelled
        token = CancellationToken()
        token.cancel()
        assert await runtime.send_message(asking(in_b, b), a) == "told"


async def test_a_token_cancelled_inside_its_own_nested_handler() -> None:
    """The handler is cancelled at its next checkpoint, its asker is told."""
    token = CancellationToken()
    async with running() as runtime:
        [a] = await register(runtime, "a")

        async def nested(agent: Scripted, ctx: MessageContext) -> None:
            token.cancel()
            await anyio.sleep_forever()

        async def outer(agent: Scripted, ctx: MessageContext) -> str:
            with pytest.raises(RequestCancelled):
                await agent.send_message(nested, a, cancellation_token=token)
            return "told"

        assert await runtime.send_message(outer, a) == "told"


async def test_two_guests_may_run_beside_each_other_and_the_host_waits_for_both() -> (
    None
):
    """A handler that asks twice at once is called back twice; it resumes after both."""
    log: list[str] = []
    async with running() as runtime:
        a, b, c = await register(runtime, "a", "b", "c")
        release = anyio.Event()

        async def guest(agent: Scripted, ctx: MessageContext) -> None:
            log.append("guest in")
            await release.wait()
            log.append("guest out")

        async def outer(agent: Scripted, ctx: MessageContext) -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(agent.send_message, asking(guest, a), b)
                tasks.start_soon(agent.send_message, asking(guest, a), c)
            log.append("outer ends")

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, outer, a)
            await settled()
            release.set()
    assert log == ["guest in", "guest in", "guest out", "guest out", "outer ends"]


# -- DeadlockError -------------------------------------------------------------------


async def test_more_than_32_nested_levels_are_a_deadlock_error() -> None:
    """Mutual recursion without end gets an error that names the cycle; nothing hangs."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        depth = 0

        async def recurse(agent: Scripted, ctx: MessageContext) -> object:
            nonlocal depth
            depth += 1
            return await agent.send_message(recurse, b if agent.id == a else a)

        with pytest.raises(DeadlockError, match="32") as caught:
            await runtime.send_message(recurse, a)
        assert depth == 34  # one in each agent's own task, 32 nested
        assert set(caught.value.cycle) == {a, b}
        assert await runtime.send_message("next", a) == "next"
        assert await runtime.send_message("next", b) == "next"


async def test_an_agent_that_is_not_reentrant_refuses_the_cycle() -> None:
    """The asker gets DeadlockError naming the cycle, at once, and goes on."""
    async with running() as runtime:
        [a] = await register(runtime, "a", reentrant=False)
        [b] = await register(runtime, "b")

        async def in_b(agent: Scripted, ctx: MessageContext) -> object:
            try:
                return await agent.send_message("x", a)
            except DeadlockError as exc:
                return exc

        error = await runtime.send_message(asking(in_b, b), a)
        assert isinstance(error, DeadlockError)
        assert error.cycle[0] == b
        assert set(error.cycle) == {a, b}
        for text in ("a/k", "b/k", "reentrant=False"):
            assert text in str(error)
        with pytest.raises(DeadlockError):
            await runtime.send_message(asking("self", a), a)
        agent = await agent_of(runtime, a)
        assert agent.seen == []


async def test_a_factory_that_asks_its_asker_is_a_deadlock_error() -> None:
    """There is no agent yet that could answer nested; the build fails with the error."""
    runtime = SingleThreadedAgentRuntime()
    async with runtime:
        [b] = await register(runtime, "b")

        async def factory() -> Scripted:
            await runtime.send_message(asking("you", AgentId("a", "k")), b)
            return Scripted()

        await runtime.register_factory("a", factory)
        with pytest.raises(DeadlockError, match="still being built"):
            await runtime.send_message("x", AgentId("a", "k"))
    assert_at_rest(runtime)


async def test_a_factory_that_asks_itself_is_a_deadlock_error() -> None:
    """An agent cannot answer before it exists."""
    runtime = SingleThreadedAgentRuntime()
    async with runtime:

        async def factory() -> Scripted:
            await runtime.send_message("x", AgentId("a", "k"))
            return Scripted()

        await runtime.register_factory("a", factory)
        with pytest.raises(DeadlockError, match="a/k asks a/k"):
            await runtime.get(AgentId("a", "k"), lazy=False)
    assert_at_rest(runtime)


async def test_a_factory_may_ask_others() -> None:
    """Asking an agent that does not wait for it simply answers."""
    runtime = SingleThreadedAgentRuntime()
    async with runtime:
        [b] = await register(runtime, "b")

        async def factory() -> Scripted:
            agent = Scripted()
            agent.seen.append(await runtime.send_message("hello", b))
            return agent

        await runtime.register_factory("a", factory)
        agent = await agent_of(runtime, AgentId("a", "k"))
        assert agent.seen == ["hello"]
        # asked by b itself: b waits for the factory, which nests in b
        await runtime.send_message(asking("x", AgentId("a", "other")), b)


async def test_two_factories_that_ask_each_other() -> None:
    """One of them gets the error; nobody hangs."""
    runtime = SingleThreadedAgentRuntime()
    async with runtime:
        ids = [AgentId("a", "k"), AgentId("b", "k")]
        inside = [anyio.Event(), anyio.Event()]

        def factory(mine: int) -> Callable[[], Awaitable[Scripted]]:
            async def make() -> Scripted:
                inside[mine].set()
                await inside[1 - mine].wait()
                await runtime.send_message("x", ids[1 - mine])
                return Scripted()

            return make

        for number, one in enumerate(ids):
            await runtime.register_factory(one.type, factory(number))
        async with anyio.create_task_group() as tasks:
            calls = [start(tasks, runtime.send_message, "x", one) for one in ids]
        assert all(isinstance(call.error, DeadlockError) for call in calls)
    assert_at_rest(runtime)


# -- the wait graph's borders --------------------------------------------------------


async def test_two_slots_of_which_one_is_free_do_not_make_a_cycle() -> None:
    """With max_concurrency=2 the call back takes the free slot and is not nested."""
    async with running() as runtime:
        [a] = await register(runtime, "a", max_concurrency=2)
        [b] = await register(runtime, "b")
        nested: list[object] = []

        async def look(agent: Scripted, ctx: MessageContext) -> str:
            actor = runtime._router.directory.actor(a)
            nested.extend(actor.nested)
            assert len(actor.lane.holders) == 2
            return "second slot"

        script = asking(asking(look, a), b)
        assert await runtime.send_message(script, a) == "second slot"
        assert nested == []


async def test_two_slots_that_both_wait_for_the_asker_nest_the_call() -> None:
    """Only when every slot is held by somebody stuck is the request nested."""
    async with running() as runtime:
        [a] = await register(runtime, "a", max_concurrency=2)
        [b] = await register(runtime, "b")
        waiting = anyio.Event()

        async def in_b(agent: Scripted, ctx: MessageContext) -> object:
            await waiting.wait()
            return await agent.send_message(returning("nested"), a)

        async with anyio.create_task_group() as tasks:
            calls = [
                start(tasks, runtime.send_message, asking(in_b, b), a) for _ in range(2)
            ]
            await settled()
            waiting.set()
        assert [call.value for call in calls] == ["nested", "nested"]


async def test_a_slot_that_will_come_free_is_waited_for() -> None:
    """A busy agent that waits for nobody is queued at, not nested in."""
    busy = Busy()
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            call = start(tasks, runtime.send_message, asking("x", a), b)
            await settled()
            assert not call.done
            busy.release.set()
        assert call.value == "x"


async def test_a_task_left_behind_counts_for_no_handler() -> None:
    """What it asks is queued like an outsider's, and never nested in its old agent."""
    log: list[str] = []
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        go = anyio.Event()
        busy = Busy()

        async def callback(agent: Scripted, ctx: MessageContext) -> None:
            log.append(f"callback while a is busy: {not busy.ended}")

        async with anyio.create_task_group() as tasks:

            async def left_behind(agent: Scripted) -> None:
                await go.wait()
                await agent.send_message(asking(callback, a), b)

            async def leave_behind(agent: Scripted, ctx: MessageContext) -> None:
                # in a nursery of the test, but with the handler's context variables
                if asyncio_task := _asyncio_loop():
                    asyncio_task.create_task(left_behind(agent))
                else:
                    _spawn_on_trio(left_behind, agent)

            await runtime.send_message(leave_behind, a)
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            go.set()
            await settled()
            assert log == []
            busy.release.set()
    assert log == ["callback while a is busy: False"]


def _asyncio_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _spawn_on_trio(async_fn: Callable[..., Awaitable[object]], *args: object) -> None:
    import contextvars

    import trio

    trio.lowlevel.spawn_system_task(async_fn, *args, context=contextvars.copy_context())


async def test_a_child_task_of_a_running_handler_counts_for_it() -> None:
    """A request from a handler's own nursery closes the cycle and is nested."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        results: list[object] = []

        async def in_b(agent: Scripted, ctx: MessageContext) -> None:
            async def child() -> None:
                results.append(await agent.send_message(returning("nested"), a))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(child)

        await runtime.send_message(asking(in_b, b), a)
        assert results == ["nested"]


async def test_a_cycle_through_a_full_inbox_answers() -> None:
    """A call back to an agent whose inbox is full is nested all the same."""
    async with running(inbox_capacity=1) as runtime:
        a, b = await register(runtime, "a", "b")
        in_b, go = anyio.Event(), anyio.Event()

        async def b_script(agent: Scripted, ctx: MessageContext) -> object:
            in_b.set()
            await go.wait()
            return await agent.send_message(returning("nested"), a)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, asking(b_script, b), a)
            await in_b.wait()
            for message in range(3):
                start(tasks, runtime.send_message, message, a)
                await settled()
            go.set()
        assert call.value == "nested"


async def test_a_publish_that_would_wait_for_room_in_a_cycle_is_a_dead_letter() -> None:
    """The publisher goes on; the copy is counted with its reason."""
    letters: list[object] = []
    async with running(inbox_capacity=1, on_dead_letter=letters.append) as runtime:
        a, b = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a")
        in_b, go = anyio.Event(), anyio.Event()

        async def b_script(agent: Scripted, ctx: MessageContext) -> str:
            in_b.set()
            await go.wait()
            await agent.publish_message("too much", TopicId("t", "k"))
            return "went on"

        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, asking(b_script, b), a)
            await in_b.wait()
            start(tasks, runtime.send_message, "fills it", a)
            await settled()
            go.set()
        assert call.value == "went on"
        assert runtime.dead_letters.counts == {DeadLetterReason.DEADLOCK: 1}
        [letter] = letters
        assert letter.message == "too much"  # type: ignore[attr-defined]
        assert letter.recipient == a  # type: ignore[attr-defined]
        agent = await agent_of(runtime, a)
        assert agent.seen == ["fills it"]


async def test_a_publish_to_the_own_full_inbox_is_a_dead_letter() -> None:
    """Through another sender name an agent could wait for itself for ever."""
    async with running(inbox_capacity=1) as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")

        async def script(agent: Scripted, ctx: MessageContext) -> None:
            for number in range(3):
                await runtime.publish_message(number, TopicId("t", "k"))

        await runtime.send_message(script, a)
        assert runtime.dead_letters.counts == {DeadLetterReason.DEADLOCK: 2}


async def test_a_handler_that_waits_for_room_is_part_of_the_graph() -> None:
    """A publisher waiting for B's room, asked back by B, answers nested."""
    async with running(inbox_capacity=1) as runtime:
        a, b = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "b")
        b_busy, go = anyio.Event(), anyio.Event()

        async def b_script(agent: Scripted, ctx: MessageContext) -> object:
            b_busy.set()
            await go.wait()
            return await agent.send_message(returning("nested in the publisher"), a)

        async def a_script(agent: Scripted, ctx: MessageContext) -> str:
            await agent.publish_message("copy", TopicId("t", "k"))
            return "published"

        async with anyio.create_task_group() as tasks:
            asked = start(tasks, runtime.send_message, b_script, b)
            await b_busy.wait()
            start(tasks, runtime.send_message, "fills b", b)
            await settled()
            published = start(tasks, runtime.send_message, a_script, a)
            await settled()
            assert not published.done
            go.set()
        assert asked.value == "nested in the publisher"
        assert published.value == "published"
        agent = await agent_of(runtime, b)
        assert agent.seen == ["fills b", "copy"]


async def test_hooks_called_from_handlers_are_part_of_the_graph() -> None:
    """A handler may save the state of its own agent, and of one that waits for it."""

    class Saving(Scripted):
        async def save_state(self) -> dict[str, object]:
            return {"seen": len(self.seen)}

    async with running() as runtime:
        for name in ("a", "b"):
            await Saving.register(runtime, name, Saving)
        a, b = AgentId("a", "k"), AgentId("b", "k")

        async def own(agent: Scripted, ctx: MessageContext) -> object:
            return await runtime.agent_save_state(agent.id)

        async def others(agent: Scripted, ctx: MessageContext) -> object:
            return await runtime.agent_save_state(a)

        assert await runtime.send_message(own, a) == {"seen": 0}
        assert await runtime.send_message(asking(others, b), a) == {"seen": 0}


async def test_a_hook_that_asks_its_asker_answers() -> None:
    """save_state() may ask the agent whose handler wants the state."""
    a, b = AgentId("a", "k"), AgentId("b", "k")

    class Saving(Scripted):
        async def save_state(self) -> dict[str, object]:
            return {"b": await self.send_message(returning("b's answer"), b)}

    async with running() as runtime:
        await Saving.register(runtime, "a", Saving)
        await register(runtime, "b")

        async def script(agent: Scripted, ctx: MessageContext) -> object:
            return await runtime.agent_save_state(a)

        assert await runtime.send_message(script, b) == {"b": "b's answer"}


async def test_a_cycle_through_two_runtimes_answers() -> None:
    """The graph does not end at the border of a runtime."""
    async with running() as first, running() as second:
        [a] = await register(first, "a")
        [b] = await register(second, "b")

        async def in_b(agent: Scripted, ctx: MessageContext) -> object:
            return await first.send_message(returning("home again"), a)

        async def in_a(agent: Scripted, ctx: MessageContext) -> object:
            return await second.send_message(in_b, b)

        assert await first.send_message(in_a, a) == "home again"


async def test_waiting_on_a_lock_of_the_users_own_is_not_seen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Such a wait is no cycle for us: the request queues, and is answered in the end."""
    caplog.set_level(logging.WARNING)
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        event = anyio.Event()

        async def waits(agent: Scripted, ctx: MessageContext) -> None:
            await event.wait()

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, waits, a)
            await settled()
            call = start(tasks, runtime.send_message, asking("x", a), b)
            await settled()
            assert not call.done
            event.set()
        assert call.value == "x"


@on_asyncio
async def test_a_native_cancel_while_holding_waits_for_the_guest() -> None:
    """wait_for around a request inside the host still lets the guest leave first."""
    log: list[str] = []
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")

        async def guest(agent: Scripted, ctx: MessageContext) -> None:
            await asyncio.sleep(10)
            log.append("guest out")

        async def in_b(agent: Scripted, ctx: MessageContext) -> None:
            await asyncio.sleep(1)
            await agent.send_message(guest, a)

        async def outer(agent: Scripted, ctx: MessageContext) -> None:
            try:
                async with asyncio.timeout(5):
                    await agent.send_message("late", b)
            except TimeoutError:
                log.append("timed out")

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, in_b, b)
            await settled()
            start(tasks, runtime.send_message, outer, a)
    assert log == ["guest out", "timed out"]
