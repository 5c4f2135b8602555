"""stop_when_idle() is exact: it counts from entering send or publish to the end."""

from __future__ import annotations

import logging

import anyio
import anyio.lowlevel
import pytest

from actrio.exceptions import RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import MessageContext
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.runtime._quiescence import Quiescence
from actrio.testing import run

from .kit import (
    Busy,
    Scripted,
    asking,
    assert_at_rest,
    every_host,
    raising,
    register,
    settled,
    start,
    subscribe,
)

TOPIC = TopicId("t", "k")
pytestmark = every_host


async def test_listeners_hear_of_every_end() -> None:
    """The count goes up and down in plain steps."""
    quiescence = Quiescence()
    heard: list[int] = []
    quiescence.listeners.append(lambda: heard.append(quiescence.active))
    quiescence.enter()
    quiescence.enter()
    quiescence.leave()
    quiescence.leave()
    assert quiescence.is_idle
    assert heard == [1, 0]
    with pytest.raises(AssertionError, match="ended twice"):
        quiescence.leave()


def test_it_waits_for_everything_that_handlers_send() -> None:
    """A tree of publishes and requests, on any schedule, is handled to its last leaf."""

    async def program() -> int:
        handled = 0

        def tree(depth: int) -> object:
            async def script(agent: Scripted, ctx: MessageContext) -> None:
                nonlocal handled
                await anyio.lowlevel.checkpoint()
                if depth:
                    await agent.publish_message(tree(depth - 1), TOPIC)
                    await agent.send_message(tree(depth - 1), AgentId("c", str(depth)))
                await anyio.sleep(1)
                handled += 1

            return script

        runtime = SingleThreadedAgentRuntime()
        runtime.start()
        await register(runtime, "a", "b", "c")
        await subscribe(runtime, "t", "a", "b")
        await runtime.publish_message(tree(3), TOPIC)
        await runtime.stop_when_idle()
        assert_at_rest(runtime)
        return handled

    counts = {
        run(program, host=host, seed=seed)
        for host in ("trio", "asyncio")
        for seed in range(5)
    }
    assert len(counts) == 1
    assert counts.pop() > 20


async def test_a_failing_sibling_does_not_end_the_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The other subscriber's handler is waited for; the error is logged."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    a, _ = await register(runtime, "a", "b")
    await subscribe(runtime, "t", "a", "b")

    async def script(agent: Scripted, ctx: MessageContext) -> None:
        if agent.id == a:
            raise ValueError("sibling")
        await busy(agent, ctx)

    await runtime.publish_message(script, TOPIC)
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.stop_when_idle)
        await busy.started.wait()
        await settled()
        assert not call.done
        busy.release.set()
    assert busy.ended
    assert not busy.cancelled
    assert "sibling" in caplog.text


async def test_at_zero_it_accepts_nothing_more() -> None:
    """The caller that was answered last cannot slip another message in."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    late: list[object] = []

    async def ask_twice() -> None:
        await runtime.send_message(busy, a)
        # in the very step in which the last message is over
        try:
            await runtime.publish_message("late", TOPIC)
        except RuntimeStoppedError as exc:
            late.append(type(exc))

    async with anyio.create_task_group() as tasks:
        start(tasks, ask_twice)
        await busy.started.wait()
        start(tasks, runtime.stop_when_idle)
        await settled()
        busy.release.set()
    assert late == [RuntimeStoppedError]
    assert_at_rest(runtime)


async def test_new_messages_are_accepted_while_it_waits() -> None:
    """They are handled too."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        start(tasks, runtime.stop_when_idle)
        await settled()
        call = start(tasks, runtime.send_message, "meanwhile", a)
        await settled()
        busy.release.set()
    assert call.value == "meanwhile"


async def test_waiting_for_room_counts() -> None:
    """A sender without room, and a publisher, are waited for."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime(inbox_capacity=1)
    runtime.start()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    async with anyio.create_task_group() as tasks:
        start(tasks, runtime.send_message, busy, a)
        await busy.started.wait()
        calls = [
            start(tasks, runtime.send_message, "fills", a),
            start(tasks, runtime.send_message, "waits", a),
            start(tasks, runtime.publish_message, "waits too", TOPIC),
        ]
        await settled()
        start(tasks, runtime.stop_when_idle)
        await settled()
        busy.release.set()
    assert [call.error for call in calls] == [None] * 3
    assert [call.value for call in calls] == ["fills", "waits", None]


async def test_every_kind_of_end_is_counted_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After failures, withdrawals, dead letters and nested calls it still gets to zero."""
    caplog.set_level(logging.CRITICAL, "autogen_core")
    runtime = SingleThreadedAgentRuntime(inbox_capacity=1)
    runtime.start()
    a, b = await register(runtime, "a", "b")
    await subscribe(runtime, "t", "a", "nobody")
    for _ in range(3):
        await runtime.publish_message(raising(ValueError("x")), TOPIC)
        await runtime.publish_message("x", TopicId("nowhere", "k"))
        with pytest.raises(LookupError):
            await runtime.send_message("x", AgentId("nobody", "k"))
        with pytest.raises(ValueError, match="x"):
            await runtime.send_message(asking(raising(ValueError("x")), a), b)
        await runtime.send_message(asking(asking("x", a), b), a)
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            calls = [start(tasks, runtime.send_message, busy, a) for _ in range(3)]
            calls.append(start(tasks, runtime.publish_message, "x", TOPIC))
            await settled()
            for call in reversed(calls):
                call.scope.cancel()
    await runtime.stop_when_idle()
    assert_at_rest(runtime)
