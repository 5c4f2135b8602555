"""Starting, stopping, closing: nothing leaks, whoever asks and however it ends."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from actrio.exceptions import RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import MessageContext
from actrio.runtime import DeadLetterReason, SingleThreadedAgentRuntime
from actrio.testing import leftover_tasks, run

from .kit import (
    Busy,
    Call,
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


# -- async with ------------------------------------------------------------------------


async def test_a_normal_end_waits_for_every_message() -> None:
    """Published messages, and what their handlers publish, are handled first."""
    handled: list[int] = []
    async with running() as runtime:
        await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")

        def chain(left: int) -> Callable[..., Awaitable[None]]:
            async def script(agent: Scripted, ctx: MessageContext) -> None:
                await anyio.lowlevel.checkpoint()
                handled.append(left)
                if left:
                    await agent.publish_message(chain(left - 1), TopicId("t", "k"))

            return script

        await runtime.publish_message(chain(3), TopicId("t", "k"))
    # the publisher does not get its own: two copies at first, then one for each
    assert sorted(handled) == [0, 0, 1, 1, 2, 2, 3, 3]


async def test_every_agent_is_closed_once_in_the_order_of_creation() -> None:
    """After a normal end, agents that were never built not at all."""
    order: list[str] = []

    class Closing(Scripted):
        async def close(self) -> None:
            order.append(str(self.id))

    async with running() as runtime:
        await Closing.register(runtime, "a", Closing)
        for key in ("1", "2", "3"):
            await runtime.send_message("x", AgentId("a", key))
        await runtime.get(AgentId("a", "lazy"))
    assert order == ["a/1", "a/2", "a/3"]


async def test_an_exception_in_the_body_ends_it_at_once() -> None:
    """Handlers are cancelled, agents closed, and the very exception comes out alone."""
    busy, error = Busy(), ValueError("body")
    runtime = SingleThreadedAgentRuntime()
    agents: list[Scripted] = []
    with pytest.raises(ValueError, match="body") as caught:
        async with runtime:
            [a] = await register(runtime, "a")
            await subscribe(runtime, "t", "a")
            agents.append(await agent_of(runtime, a))
            await runtime.publish_message(busy, TopicId("t", "k"))
            await runtime.publish_message("queued", TopicId("t", "k"))
            await busy.started.wait()
            raise error
    assert caught.value is error
    assert busy.cancelled
    assert agents[0].closings == 1
    assert agents[0].seen == []
    assert runtime.dead_letters.counts == {DeadLetterReason.STOPPED: 1}
    assert_at_rest(runtime)
    with pytest.raises(RuntimeStoppedError):
        await runtime.send_message("x", a)


@timed
async def test_a_cancellation_around_the_block_ends_it_at_once() -> None:
    """Also while the block waits for its messages at the end."""
    for in_body in (True, False):
        busy = Busy()
        runtime = SingleThreadedAgentRuntime()
        agents: list[Scripted] = []
        with anyio.move_on_after(1) as scope:
            async with runtime:
                [a] = await register(runtime, "a")
                await subscribe(runtime, "t", "a")
                agents.append(await agent_of(runtime, a))
                await runtime.publish_message(busy, TopicId("t", "k"))
                if in_body:
                    await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert busy.cancelled
        assert agents[0].closings == 1
        assert_at_rest(runtime)


@on_asyncio
@pytest.mark.parametrize("in_body", [True, False])
async def test_a_native_timeout_around_the_block_ends_it_at_once(in_body: bool) -> None:
    """asyncio.timeout() around the block raises TimeoutError when all is unwound."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            async with runtime:
                await register(runtime, "a")
                await subscribe(runtime, "t", "a")
                await runtime.publish_message(busy, TopicId("t", "k"))
                if in_body:
                    await asyncio.sleep(100)
    assert busy.cancelled
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert_at_rest(runtime)
    await asyncio.sleep(1)


async def test_a_waiting_caller_is_told_when_the_block_fails() -> None:
    """A request from outside the block gets RuntimeStoppedError, queued or running."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    async with anyio.create_task_group() as tasks:
        with pytest.raises(ValueError, match="body"):
            async with runtime:
                [a] = await register(runtime, "a")
                first = start(tasks, runtime.send_message, busy, a)
                await busy.started.wait()
                second = start(tasks, runtime.send_message, "queued", a)
                await settled()
                raise ValueError("body")
    assert isinstance(first.error, RuntimeStoppedError)
    assert isinstance(second.error, RuntimeStoppedError)


async def test_stop_inside_the_block_is_fine() -> None:
    """The end of the block has nothing left to do but to close the agents."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        agent = await agent_of(runtime, a)
        await runtime.stop()
        with pytest.raises(RuntimeStoppedError):
            await runtime.send_message("x", a)
    assert agent.closings == 1


async def test_start_inside_the_block_is_refused_without_harm() -> None:
    """The error says what has started it, and the runtime goes on."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(RuntimeError, match="async with"):
            runtime.start()
        assert await runtime.send_message("x", a) == "x"


async def test_a_block_of_a_started_runtime_is_refused_without_harm() -> None:
    """The plain error comes out, no agent is closed, and the runtime goes on."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    agent = await agent_of(runtime, a)
    with pytest.raises(RuntimeError, match="already started"):
        async with runtime:
            pytest.fail("must not be entered")
    assert agent.closings == 0
    assert await runtime.send_message("x", a) == "x"
    await runtime.stop()
    await runtime.close()
    assert agent.closings == 1


async def test_a_block_inside_its_own_block_is_refused_without_harm() -> None:
    """The outer block goes on, and closes its agents once."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        agent = await agent_of(runtime, a)
        with pytest.raises(RuntimeError, match="already"):
            async with runtime:
                pytest.fail("must not be entered")
        assert await runtime.send_message("x", a) == "x"
        assert agent.closings == 0
    assert agent.closings == 1


async def test_a_block_after_a_block_starts_again() -> None:
    """Closed agents are made anew; registrations stay."""
    runtime = SingleThreadedAgentRuntime()
    agents: list[Scripted] = []
    a = AgentId("a", "k")
    for number in range(3):
        async with runtime:
            if not number:
                await register(runtime, "a")
            await runtime.send_message(number, a)
            agents.append(await agent_of(runtime, a))
    assert [agent.closings for agent in agents] == [1, 1, 1]
    assert [agent.seen for agent in agents] == [[0], [1], [2]]


# -- stop ------------------------------------------------------------------------------


async def test_stop_fails_queued_senders_at_once() -> None:
    """They do not wait for the grace of the handler in front of them."""
    busy = Busy("done")
    runtime = SingleThreadedAgentRuntime(inbox_capacity=1)
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        queued = start(tasks, runtime.send_message, "queued", a)
        await settled()
        waiting = start(tasks, runtime.send_message, "waits for room", a)
        await settled()
        stopping = start(tasks, runtime.stop)
        await settled()
        for call in (queued, waiting):
            assert isinstance(call.error, RuntimeStoppedError)
            assert "a/k" in str(call.error)
        assert not first.done
        assert not stopping.done
        with pytest.raises(RuntimeStoppedError):
            await runtime.send_message("late", a)
        with pytest.raises(RuntimeStoppedError):
            await runtime.publish_message("late", TopicId("t", "k"))
        busy.release.set()
    assert first.value == "done"  # within its grace
    assert stopping.done
    assert runtime.dead_letters.counts == {DeadLetterReason.STOPPED: 2}
    assert_at_rest(runtime)


@timed
async def test_stop_cancels_a_handler_after_its_grace() -> None:
    """After 5 s the handler is cancelled, and its caller told."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        began = anyio.current_time()
        await runtime.stop()
        assert anyio.current_time() - began == pytest.approx(5)
        assert busy.cancelled
    assert isinstance(call.error, RuntimeStoppedError)
    assert_at_rest(runtime)


@timed
@pytest.mark.parametrize("grace", [0, 2.5, math.inf])
async def test_the_grace_is_a_setting(grace: float) -> None:
    """Zero cancels at once; infinity waits as long as it takes."""

    async def handler(agent: Scripted, ctx: MessageContext) -> str:
        await anyio.sleep(60)
        return "done"

    runtime = SingleThreadedAgentRuntime(grace=grace)
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, handler, a)
        await settled()
        began = anyio.current_time()
        await runtime.stop()
        took = anyio.current_time() - began
    assert took == pytest.approx(min(grace, 60), abs=0.5)
    assert call.value == ("done" if grace == math.inf else None)


@timed
async def test_a_handler_that_refuses_to_unwind_is_waited_for_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """stop() goes on waiting, with a warning for every grace that passes."""

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(11)

    runtime = SingleThreadedAgentRuntime(grace=2)
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        start(tasks, runtime.send_message, handler, a)
        await settled()
        began = anyio.current_time()
        await runtime.stop()
        assert anyio.current_time() - began == pytest.approx(11, abs=0.5)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 4  # at 4, 6, 8 and 10 s
    assert all("a/k" in warning for warning in warnings)


@timed
async def test_a_cancelled_stop_cuts_the_grace_short_and_leaves_nothing() -> None:
    """The handler is cancelled at once; the cancellation comes out when all is over."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime(grace=100)
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        began = anyio.current_time()
        with anyio.move_on_after(1) as scope:
            await runtime.stop()
        assert scope.cancelled_caught
        assert anyio.current_time() - began == pytest.approx(1)
        assert busy.cancelled
    assert leftover_tasks_of_runtime() == []
    assert_at_rest(runtime)
    with pytest.raises(RuntimeStoppedError):
        await runtime.send_message("x", a)


def leftover_tasks_of_runtime() -> list[str]:
    """Describe the runtime's tasks that still run."""
    return [line for line in leftover_tasks() if "TestRunner" not in line]


async def test_lifecycle_calls_out_of_order_are_runtime_errors() -> None:
    """Stop before start, stop twice, start twice: each error says what to do."""
    runtime = SingleThreadedAgentRuntime()
    for call in (runtime.stop, runtime.stop_when_idle):
        with pytest.raises(RuntimeError, match=r"not started.*start"):
            await call()
    with pytest.raises(RuntimeError, match="not started"):
        await runtime.stop_when(lambda: True)
    runtime.start()
    with pytest.raises(RuntimeError, match="already started"):
        runtime.start()
    await runtime.stop()
    with pytest.raises(RuntimeError, match="not started"):
        await runtime.stop()


def test_starting_without_an_event_loop_is_a_clear_error() -> None:
    """The error says where to call it."""
    with pytest.raises(RuntimeError, match="no event loop is running"):
        SingleThreadedAgentRuntime().start()


async def test_two_stoppers_both_return() -> None:
    """Whoever asks waits for the same end."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        calls = [start(tasks, runtime.stop) for _ in range(2)]
        calls.append(start(tasks, runtime.stop_when_idle))
        await settled()
        assert not any(call.done for call in calls)
        busy.release.set()
    assert [call.error for call in calls] == [None] * 3


@pytest.mark.parametrize("method", ["stop", "stop_when_idle", "close"])
async def test_stopping_inside_a_handler_returns_at_once(method: str) -> None:
    """The stop begins; the handler may finish; the owner waits for the end."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    agent = await agent_of(runtime, a)

    async def script(agent: Scripted, ctx: MessageContext) -> str:
        await getattr(runtime, method)()
        return "went on"

    assert await runtime.send_message(script, a) == "went on"
    await settled()
    with pytest.raises(RuntimeStoppedError):
        await runtime.send_message("x", a)
    await runtime.stop()
    await runtime.close()
    assert agent.closings == 1
    assert_at_rest(runtime)


async def test_a_stop_inside_a_nested_handler_returns_at_once() -> None:
    """Also when the handler is nested, and inside a child task of it."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")

        async def nested(agent: Scripted, ctx: MessageContext) -> str:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(runtime.stop)
            return "nested"

        assert await runtime.send_message(asking(asking(nested, a), b), a) == "nested"


async def test_another_runtimes_handler_may_stop_and_wait() -> None:
    """It is no handler of the runtime it stops, so it gets a complete stop."""
    second = SingleThreadedAgentRuntime()
    second.start()
    [b] = await register(second, "b")
    await second.send_message("x", b)

    async def script(agent: Scripted, ctx: MessageContext) -> None:
        await second.close()

    async with running() as first:
        [a] = await register(first, "a")
        agent = await agent_of(second, b)
        await first.send_message(script, a)
        assert agent.closings == 1
    assert_at_rest(second)


# -- stop_when_idle --------------------------------------------------------------------


async def test_stop_when_idle_on_an_idle_runtime_returns() -> None:
    """Nothing was ever sent."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    await runtime.stop_when_idle()


@timed
async def test_a_cancelled_stop_when_idle_leaves_the_runtime_running() -> None:
    """While it only waits, the runtime goes on as if nobody had asked."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        with anyio.move_on_after(1) as scope:
            await runtime.stop_when_idle()
        assert scope.cancelled_caught
        busy.release.set()
    assert await runtime.send_message("x", a) == "x"
    await settled()
    assert await runtime.send_message("y", a) == "y"
    await runtime.stop_when_idle()


@timed
async def test_stop_when_asks_after_every_message() -> None:
    """It stops when the condition holds, also one that only time makes true."""
    handled: list[object] = []

    async def count(agent: Scripted, ctx: MessageContext) -> None:
        handled.append(ctx.message_id)

    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.stop_when, lambda: len(handled) >= 3)
        for _ in range(3):
            await settled()
            assert not call.done
            await runtime.publish_message(count, TopicId("t", "k"))
    assert len(handled) == 3
    runtime.start()
    began = anyio.current_time()
    await runtime.stop_when(lambda: anyio.current_time() > began + 5)
    assert anyio.current_time() - began == pytest.approx(6, abs=1.1)


async def test_a_condition_that_raises_leaves_the_runtime_running() -> None:
    """The error is the caller's."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    with pytest.raises(ZeroDivisionError):
        await runtime.stop_when(lambda: 1 // 0 > 0)
    assert await runtime.send_message("x", a) == "x"
    await runtime.stop()


# -- close -----------------------------------------------------------------------------


async def test_close_closes_each_agent_once() -> None:
    """Again after a second close, a stop, or before any start."""
    runtime = SingleThreadedAgentRuntime()
    await runtime.close()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    agent = await agent_of(runtime, a)
    await runtime.stop()
    assert agent.closings == 0
    await runtime.close()
    await runtime.close()
    assert agent.closings == 1


async def test_close_stops_a_running_runtime() -> None:
    """Queued senders are told, handlers have their grace."""
    busy = Busy("done")
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    agent = await agent_of(runtime, a)
    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        second = start(tasks, runtime.send_message, "queued", a)
        await settled()
        start(tasks, runtime.close)
        await settled()
        assert isinstance(second.error, RuntimeStoppedError)
        assert agent.closings == 0
        busy.release.set()
    assert first.value == "done"
    assert agent.closings == 1


class Failing(Scripted):
    """An agent whose close() raises."""

    async def close(self) -> None:
        await super().close()
        raise ValueError(str(self.id))


async def test_an_agent_whose_close_raises_does_not_stop_the_others() -> None:
    """One error is raised itself, several as a group; every agent was closed."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    await Failing.register(runtime, "f", Failing)
    [a] = await register(runtime, "a")
    first = await agent_of(runtime, AgentId("f", "1"))
    good = await agent_of(runtime, a)
    with pytest.raises(ValueError, match="f/1"):
        await runtime.close()
    assert (first.closings, good.closings) == (1, 1)
    await runtime.close()
    assert (first.closings, good.closings) == (1, 1)
    runtime.start()
    for key in ("1", "2"):
        await runtime.get(AgentId("f", key), lazy=False)
    with pytest.raises(ExceptionGroup, match="2 agents failed to close") as caught:
        await runtime.close()
    assert [str(exc) for exc in caught.value.exceptions] == ["f/1", "f/2"]


async def test_a_close_error_does_not_hide_the_bodys(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The body's exception is raised, the close error logged."""
    runtime = SingleThreadedAgentRuntime()
    with pytest.raises(LookupError, match="body"):
        async with runtime:
            await Failing.register(runtime, "f", Failing)
            await runtime.get(AgentId("f", "1"), lazy=False)
            raise LookupError("body")
    assert "failed to close" in caplog.text
    with pytest.raises(ValueError, match="f/1"):
        async with runtime:
            await runtime.get(AgentId("f", "1"), lazy=False)


async def test_a_close_that_raises_a_cancelled_error_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that awaits a task it cancelled; logged, since raised it would mislead."""

    class Odd(Scripted):
        async def close(self) -> None:
            await super().close()
            raise asyncio.CancelledError("a task of mine")

    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    await Odd.register(runtime, "odd", Odd)
    [a] = await register(runtime, "a")
    odd = await agent_of(runtime, AgentId("odd", "k"))
    good = await agent_of(runtime, a)
    await runtime.close()
    assert "a task of mine" in caplog.text
    assert (odd.closings, good.closings) == (1, 1)


@timed
async def test_a_close_that_hangs_is_cancelled_after_the_grace() -> None:
    """The next agent is closed after it."""

    class Hanging(Scripted):
        async def close(self) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                self.closings += 1

    runtime = SingleThreadedAgentRuntime(grace=2)
    runtime.start()
    await Hanging.register(runtime, "h", Hanging)
    [a] = await register(runtime, "a")
    hanging = await agent_of(runtime, AgentId("h", "k"))
    good = await agent_of(runtime, a)
    began = anyio.current_time()
    await runtime.close()
    assert anyio.current_time() - began == pytest.approx(2, abs=0.5)
    assert (hanging.closings, good.closings) == (1, 1)


async def test_a_second_close_waits_for_the_first() -> None:
    """Who closes may rely on it, whoever else closes too; also if he is cancelled."""
    closing, close = anyio.Event(), anyio.Event()

    class Slow(Scripted):
        async def close(self) -> None:
            closing.set()
            await close.wait()
            await super().close()

    runtime = SingleThreadedAgentRuntime()
    await Slow.register(runtime, "a", Slow)
    agent = await agent_of(runtime, AgentId("a", "k"))
    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.close)
        await closing.wait()
        second, third = start(tasks, runtime.close), start(tasks, runtime.close)
        await settled()
        third.scope.cancel()
        await settled()
        assert (first.done, second.done, third.done) == (False, False, False)
        close.set()
    assert agent.closings == 1
    assert second.done


async def test_agents_are_closed_although_the_caller_is_cancelled() -> None:
    """Closing is shielded, so that awaits inside it work."""

    class Careful(Scripted):
        async def close(self) -> None:
            await anyio.lowlevel.checkpoint()
            await super().close()

    runtime = SingleThreadedAgentRuntime()
    agents: list[Scripted] = []
    with anyio.CancelScope() as scope:
        async with runtime:
            await Careful.register(runtime, "a", Careful)
            agents.append(await agent_of(runtime, AgentId("a", "k")))
            scope.cancel()
            await anyio.sleep_forever()
    assert agents[0].closings == 1


async def test_sending_in_close_is_an_error_not_a_hang() -> None:
    """The runtime has stopped by then, and says so."""
    errors: list[BaseException] = []

    class Asking(Scripted):
        async def close(self) -> None:
            try:
                await self.send_message("x", AgentId("b", "k"))
            except RuntimeStoppedError as exc:
                errors.append(exc)

    async with running() as runtime:
        await Asking.register(runtime, "a", Asking)
        await register(runtime, "b")
        await runtime.get(AgentId("a", "k"), lazy=False)
    assert len(errors) == 1


@pytest.mark.parametrize("how", ["block", "close"])
async def test_nothing_begins_while_agents_are_closed(how: str) -> None:
    """No hook runs beside ``close``, and no second agent of the same id is built."""
    inside, leave = anyio.Event(), anyio.Event()

    class Leaving(Scripted):
        async def close(self) -> None:
            inside.set()
            await leave.wait()

    runtime = SingleThreadedAgentRuntime()
    await Leaving.register(runtime, "a", Leaving)
    a = AgentId("a", "k")

    async def run_once() -> None:
        if how == "block":
            async with runtime:
                await runtime.get(a, lazy=False)
        else:
            await runtime.get(a, lazy=False)
            await runtime.close()

    async with anyio.create_task_group() as tasks:
        closing = start(tasks, run_once)
        await inside.wait()
        with pytest.raises(RuntimeStoppedError):
            await runtime.agent_save_state(a)
        with pytest.raises(RuntimeError, match="still closing"):
            runtime.start()
        with pytest.raises(RuntimeError, match="still closing"):
            await runtime.__aenter__()
        assert not closing.done
        leave.set()
    runtime.start()
    assert await runtime.send_message("again", a) == "again"
    await runtime.stop()


class Saving(Scripted):
    """Notes when it saves and closes."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.inside = anyio.Event()

    async def save_state(self) -> dict[str, object]:
        self.log.append("save begins")
        self.inside.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.log.append("save ends")
        return {}

    async def close(self) -> None:
        self.log.append("closed")


@pytest.mark.parametrize("how", ["block", "close"])
async def test_a_hook_has_ended_before_its_agent_is_closed(how: str) -> None:
    """Also one that was called after the end of the run."""
    runtime = SingleThreadedAgentRuntime(grace=0)
    await Saving.register(runtime, "a", Saving)
    a = AgentId("a", "k")
    async with anyio.create_task_group() as tasks:
        if how == "block":
            async with runtime:
                agent = await runtime.try_get_underlying_agent_instance(a, Saving)
                await runtime.stop()
                saving = start(tasks, runtime.agent_save_state, a)
                await agent.inside.wait()
        else:
            agent = await runtime.try_get_underlying_agent_instance(a, Saving)
            saving = start(tasks, runtime.agent_save_state, a)
            await agent.inside.wait()
            await runtime.close()
    assert agent.log == ["save begins", "save ends", "closed"]
    assert isinstance(saving.error, RuntimeStoppedError)
    assert not runtime._supervisor.alive


@pytest.mark.parametrize("run_before", [False, True])
async def test_closing_inside_a_hook_begins_it_and_returns(run_before: bool) -> None:
    """The hook cannot wait for its own end; its caller is told."""

    class Closing(Scripted):
        async def save_state(self) -> dict[str, object]:
            await self.runtime.close()  # type: ignore[attr-defined]
            await anyio.sleep_forever()
            return {}

    runtime = SingleThreadedAgentRuntime()
    await Closing.register(runtime, "a", Closing)
    a = AgentId("a", "k")
    if run_before:
        async with runtime:
            await runtime.send_message("hello", a)
    with pytest.raises(RuntimeStoppedError):
        await runtime.agent_save_state(a)
    await runtime.close()
    assert not runtime._supervisor.alive


async def test_a_task_left_behind_is_outside_as_soon_as_its_handler_has_returned() -> (
    None
):
    """Also while the subscribers of what the handler published run before its sender."""
    returned = anyio.Event()
    runtime = SingleThreadedAgentRuntime()
    [a, _] = await register(runtime, "a", "b")
    await subscribe(runtime, "t", "b")
    runtime.start()

    async def stop() -> None:
        await returned.wait()
        await runtime.stop()

    async def publishing(agent: Scripted, ctx: MessageContext) -> None:
        stopped.append(start(tasks, stop))
        await settled()
        await agent.publish_message("x", TopicId("t", "k"))
        returned.set()

    stopped: list[Call] = []
    async with anyio.create_task_group() as tasks:
        await runtime.send_message(publishing, a)
        while not stopped[0].done:
            await anyio.lowlevel.checkpoint()
        assert not runtime._supervisor.alive


async def test_what_ended_a_run_is_kept_for_its_owner() -> None:
    """Whoever asks an agent for its state in between does not get it instead."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    runtime.start()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    await runtime.publish_message(raising(ZeroDivisionError("x")), TopicId("t", "k"))
    await settled()
    with pytest.raises(RuntimeStoppedError):
        await runtime.send_message("late", a)
    assert await runtime.agent_metadata(a)
    await runtime.get(a, lazy=False)
    with pytest.raises(ZeroDivisionError):
        await runtime.stop()


# -- starting again --------------------------------------------------------------------


async def test_a_stopped_runtime_starts_again_with_its_agents() -> None:
    """stop() closes nothing: the same agents go on."""
    runtime = SingleThreadedAgentRuntime()
    a = AgentId("a", "k")
    for number in range(3):
        runtime.start()
        if not number:
            await register(runtime, "a")
        await runtime.send_message(number, a)
        await runtime.stop_when_idle()
    agent = await agent_of(runtime, a)
    assert agent.seen == [0, 1, 2]
    await runtime.close()
    assert agent.closings == 1


def test_a_stopped_runtime_starts_again_on_any_host() -> None:
    """trio, asyncio, asyncio again, trio: the agents go on, nothing is bound to a loop."""
    runtime = SingleThreadedAgentRuntime(inbox_capacity=1, max_concurrency=2)
    a = AgentId("a", "k")

    async def program(number: int) -> list[object]:
        runtime.start()
        if not number:
            await register(runtime, "a")
            await subscribe(runtime, "t", "a")
        await runtime.publish_message(number, TopicId("t", "k"))
        await runtime.send_message(asking(("nested", number), a), a)
        with anyio.move_on_after(1):
            await runtime.send_message(Busy(), a)
        await runtime.stop_when_idle()
        agent = await agent_of(runtime, a)
        return agent.seen

    seen: list[object] = []
    for number, host in enumerate(["trio", "asyncio", "asyncio", "trio", "uvloop"]):
        seen = run(program, number, host=host)  # type: ignore[arg-type]
    assert seen == [x for n in range(5) for x in (n, ("nested", n))]


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("then", ["trio", "asyncio"])
def test_a_loop_that_ends_under_a_runtime_stops_it(host: str, then: str) -> None:
    """Its handlers are cancelled with the loop, and it can be started in another."""
    runtime = SingleThreadedAgentRuntime()
    busy = Busy()
    a = AgentId("a", "k")

    async def forget() -> None:
        runtime.start()
        await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        await runtime.publish_message(busy, TopicId("t", "k"))
        await runtime.publish_message("queued", TopicId("t", "k"))
        await busy.started.wait()

    async def again() -> list[object]:
        with pytest.raises(RuntimeStoppedError):
            await runtime.send_message("x", a)
        runtime.start()
        await runtime.send_message("again", a)
        await runtime.stop_when_idle()
        return (await agent_of(runtime, a)).seen

    run(forget, host=host)  # type: ignore[arg-type]
    assert busy.ended
    assert run(again, host=then) == ["again"]  # type: ignore[arg-type]
    assert_at_rest(runtime)


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_a_runtime_used_before_its_start_in_one_loop_starts_in_another(
    host: str,
) -> None:
    """Building an agent binds the runtime to no loop once that is over."""
    runtime = SingleThreadedAgentRuntime()

    async def build() -> None:
        [a] = await register(runtime, "a")
        await runtime.get(a, lazy=False)

    async def use() -> object:
        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, "early", AgentId("a", "k"))
            await settled()
            runtime.start()
        await runtime.stop()
        return call.value

    run(build, host=host)  # type: ignore[arg-type]
    assert run(use, host=host) == "early"  # type: ignore[arg-type]


async def test_two_loops_at_once_are_refused() -> None:
    """From another thread's loop every call is an error that says where to go."""
    errors: list[str] = []

    async def elsewhere() -> None:
        for call in (
            lambda: runtime.send_message("x", AgentId("a", "k")),
            lambda: runtime.publish_message("x", TopicId("t", "k")),
            runtime.stop,
            runtime.stop_when_idle,
            lambda: runtime.get(AgentId("a", "k"), lazy=False),
        ):
            try:
                with anyio.fail_after(1):
                    await call()
            except (RuntimeError, TimeoutError) as exc:
                errors.append(str(exc))

    async with running() as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        for host in ("trio", "asyncio"):
            thread = threading.Thread(
                target=run, args=(elsewhere,), kwargs={"host": host}
            )
            thread.start()
            await anyio.to_thread.run_sync(thread.join)
        assert await runtime.send_message("x", a) == "x"
    assert len(errors) == 10
    assert all("another event loop" in error for error in errors)


async def test_two_runtimes_in_one_process_do_not_meet() -> None:
    """The same type names mean different agents, and one may ask the other."""
    async with running() as first, running() as second:
        [a] = await register(first, "a")
        await register(second, "a")
        await first.send_message("to first", a)

        async def across(agent: Scripted, ctx: MessageContext) -> object:
            return await second.send_message(returning("from second"), a)

        assert await first.send_message(across, a) == "from second"
        assert (await agent_of(first, a)).seen == ["to first"]
        assert (await agent_of(second, a)).seen == []
        await second.stop()
        with pytest.raises(RuntimeStoppedError):
            await first.send_message(across, a)
        assert await first.send_message("still here", a) == "still here"


# -- errors that end the runtime -------------------------------------------------------


@pytest.mark.parametrize("method", ["stop", "stop_when_idle", "close"])
async def test_an_unhandled_exception_may_end_the_runtime(method: str) -> None:
    """With ignore_unhandled_exceptions=False the first one is raised by the owner."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    runtime.start()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    error = ValueError("unhandled")
    await runtime.publish_message(raising(error), TopicId("t", "k"))
    await runtime.publish_message("never", TopicId("t", "k"))
    await settled()
    with pytest.raises(RuntimeStoppedError) as refused:
        await runtime.send_message("x", a)
    assert refused.value.__cause__ is error
    with pytest.raises(ValueError, match="unhandled") as caught:
        await getattr(runtime, method)()
    assert caught.value is error
    runtime.start()
    assert await runtime.send_message("again", a) == "again"
    await runtime.stop()


async def test_an_unhandled_exception_ends_the_block() -> None:
    """It is raised at the end of `async with`, alone."""
    error = ValueError("unhandled")
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    with pytest.raises(ValueError, match="unhandled") as caught:
        async with runtime:
            await register(runtime, "a")
            await subscribe(runtime, "t", "a")
            await runtime.publish_message(raising(error), TopicId("t", "k"))
    assert caught.value is error


async def test_a_request_that_fails_does_not_end_the_runtime() -> None:
    """Its caller has the exception; only published messages have nobody."""
    async with running(ignore_unhandled_exceptions=False) as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(ValueError, match="x"):
            await runtime.send_message(raising(ValueError("x")), a)
        assert await runtime.send_message("x", a) == "x"


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["hook", "factory", "published"])
async def test_a_program_ending_exception_wherever_it_is_raised(
    fatal: type[BaseException], where: str
) -> None:
    """In a hook, a factory or the handler of a published message: the owner gets it."""
    error = fatal(where)

    class Fatal(Scripted):
        def __init__(self) -> None:
            super().__init__()
            if where == "factory":
                raise error

        async def save_state(self) -> dict[str, object]:
            raise error

    caught: list[BaseException] = []
    runtime = SingleThreadedAgentRuntime()
    try:
        async with runtime:
            await Fatal.register(runtime, "a", Fatal)
            await subscribe(runtime, "t", "a")
            if where == "published":
                await runtime.publish_message(raising(error), TopicId("t", "k"))
            else:
                with suppress(RuntimeStoppedError):
                    await runtime.agent_save_state(AgentId("a", "k"))
    except BaseException as exc:  # noqa: BLE001
        caught.append(exc)
    assert caught == [error]
    assert_at_rest(runtime)


async def test_a_failing_clean_up_does_not_hide_what_ended_the_program() -> None:
    """The block was cancelled by it; what its clean-up raises is no group instead."""
    error = SystemExit("x")
    with pytest.raises(SystemExit) as caught:
        async with running() as runtime:
            await register(runtime, "a")
            await subscribe(runtime, "t", "a")
            await runtime.publish_message(raising(error), TopicId("t", "k"))
            try:
                await anyio.sleep_forever()
            finally:
                raise KeyError("clean-up")
    assert caught.value is error
    assert_at_rest(runtime)


@pytest.mark.parametrize("where", ["hook", "factory"])
async def test_a_program_ending_exception_before_the_start(where: str) -> None:
    """The caller of the hook gets it, or an answer; nothing hangs or breaks the host."""
    error = SystemExit(where)

    class Fatal(Scripted):
        def __init__(self) -> None:
            super().__init__()
            if where == "factory":
                raise error

        async def save_state(self) -> dict[str, object]:
            raise error

    runtime = SingleThreadedAgentRuntime()
    await Fatal.register(runtime, "a", Fatal)
    with anyio.fail_after(5):
        with pytest.raises((SystemExit, RuntimeStoppedError)):
            await runtime.agent_save_state(AgentId("a", "k"))
    assert_at_rest(runtime)


# -- before the start, and between two starts --------------------------------------------


async def test_an_agents_state_can_be_saved_while_nothing_runs() -> None:
    """Before the first start, after a stop and after a close, leaving no task."""

    class Saving(Scripted):
        async def save_state(self) -> dict[str, object]:
            await anyio.lowlevel.checkpoint()
            return {"seen": [*self.seen]}

    runtime = SingleThreadedAgentRuntime()
    await Saving.register(runtime, "a", Saving)
    a = AgentId("a", "k")
    assert await runtime.agent_save_state(a) == {"seen": []}
    assert leftover_tasks_of_runtime() == []
    runtime.start()
    await runtime.send_message("x", a)
    await runtime.stop()
    assert await runtime.agent_save_state(a) == {"seen": ["x"]}
    assert leftover_tasks_of_runtime() == []
    await runtime.close()
    assert await runtime.agent_save_state(a) == {"seen": []}
    assert leftover_tasks_of_runtime() == []
    await runtime.close()


async def test_many_visits_at_once_before_the_start() -> None:
    """Overlapping builds and hooks each get their answer, whoever ends first."""

    class Saving(Scripted):
        async def save_state(self) -> dict[str, object]:
            for _ in range(int(self.id.key)):
                await anyio.lowlevel.checkpoint()
            return {"key": self.id.key}

    runtime = SingleThreadedAgentRuntime()
    await Saving.register(runtime, "a", Saving)

    async def visit(number: int) -> object:
        for _ in range(number):
            await anyio.lowlevel.checkpoint()
        return await runtime.agent_save_state(AgentId("a", str(number % 4)))

    async with anyio.create_task_group() as tasks:
        calls = [start(tasks, visit, number) for number in range(40)]
    assert [call.error for call in calls] == [None] * 40
    assert [call.value for call in calls] == [{"key": str(n % 4)} for n in range(40)]
    assert leftover_tasks_of_runtime() == []


async def test_a_start_during_a_visit_keeps_both() -> None:
    """The hook gets its answer and the runtime runs on."""
    inside, go = anyio.Event(), anyio.Event()

    class Saving(Scripted):
        async def save_state(self) -> dict[str, object]:
            inside.set()
            await go.wait()
            return {}

    runtime = SingleThreadedAgentRuntime()
    await Saving.register(runtime, "a", Saving)
    a = AgentId("a", "k")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.agent_save_state, a)
        await inside.wait()
        runtime.start()
        go.set()
    assert call.value == {}
    assert await runtime.send_message("x", a) == "x"
    await runtime.stop()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_concurrency", [0, -1, 1.5, math.nan]),
        ("inbox_capacity", [0, -1, 1.5]),
        ("grace", [-1, math.nan]),
        ("warn_busy_after", [0, -1, math.nan]),
    ],
)
def test_numbers_out_of_range_are_refused(name: str, values: list[float]) -> None:
    """The error names the setting, the value and the rule."""
    for value in values:
        with pytest.raises(ValueError, match=f"{name}={value!r}: must be") as caught:
            SingleThreadedAgentRuntime(**{name: value})  # type: ignore[arg-type]
        assert str(value) in str(caught.value)


async def test_the_repr_says_what_it_does() -> None:
    """Phase and number of agents are shown."""
    runtime = SingleThreadedAgentRuntime()
    assert repr(runtime) == "<SingleThreadedAgentRuntime new, 0 agents>"
    async with runtime:
        [a] = await register(runtime, "a")
        await runtime.send_message("x", a)
        assert repr(runtime) == "<SingleThreadedAgentRuntime running, 1 agents>"
    assert "stopped" in repr(runtime)


@timed
async def test_a_step_with_an_agent_that_cannot_be_built_answers_at_once() -> None:
    """What was never handled has no response that would be a step of its own."""

    def fail() -> Scripted:
        raise ValueError("no")

    runtime = SingleThreadedAgentRuntime()
    await runtime.register_factory("a", fail)
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, "x", AgentId("a", "k"))
        await settled()
        await runtime.process_next()
        await settled()
        assert isinstance(call.error, ValueError)
        tasks.cancel_scope.cancel()
    await runtime.close()
