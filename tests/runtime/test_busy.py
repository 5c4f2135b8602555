"""An actor that is busy for long while others wait is logged once."""

from __future__ import annotations

import logging
import math

import anyio
import pytest

from actrio.identity import AgentId, TopicId
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.testing import leftover_tasks

from .kit import Busy, register, running, settled, start, subscribe

pytestmark = [pytest.mark.anyio]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


async def test_one_warning_for_one_long_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It names the agent, how many wait, and the way out; and it is not repeated."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            for _ in range(2):
                start(tasks, runtime.send_message, "waits", a)
            await anyio.sleep(29)
            assert warnings(caplog) == []
            await anyio.sleep(32)
            assert len(warnings(caplog)) == 1
            await anyio.sleep(300)
            busy.release.set()
    [warning] = warnings(caplog)
    for text in ("a/k", "30 s", "2 others", "max_concurrency"):
        assert text in warning


async def test_a_long_message_that_nobody_waits_behind_is_fine(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is logged, and no timer is armed."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await anyio.sleep(100)
            busy.release.set()
    assert warnings(caplog) == []


async def test_messages_that_came_together_are_watched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also if all of them queued before the first one began, and no other comes."""
    busy = Busy()
    async with running(warn_busy_after=5) as runtime:
        await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        for _ in range(3):
            await runtime.publish_message(busy, TopicId("t", "k"))
        await anyio.sleep(11)
        [warning] = warnings(caplog)
        busy.release.set()
    assert "5 s while 2 others" in warning


async def test_many_short_messages_are_fine(caplog: pytest.LogCaptureFixture) -> None:
    """A queue that moves is not a hang, however long it is."""
    async with running(warn_busy_after=5) as runtime:
        await register(runtime, "a")
        await subscribe(runtime, "t", "a")

        async def short(agent: object, ctx: object) -> None:
            await anyio.sleep(1)

        for _ in range(60):
            await runtime.publish_message(short, TopicId("t", "k"))
        await anyio.sleep(40)
    assert warnings(caplog) == []


async def test_the_next_long_message_has_a_warning_of_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once per message, not once per agent."""
    async with running(warn_busy_after=5) as runtime:
        [a] = await register(runtime, "a")
        for _ in range(2):
            busy = Busy()
            async with anyio.create_task_group() as tasks:
                start(tasks, runtime.send_message, busy, a)
                await busy.started.wait()
                start(tasks, runtime.send_message, "waits", a)
                await anyio.sleep(20)
                busy.release.set()
    assert len(warnings(caplog)) == 2


async def test_infinity_turns_it_off(caplog: pytest.LogCaptureFixture) -> None:
    """No task and no timer either."""
    busy = Busy()
    async with running(warn_busy_after=math.inf) as runtime:
        [a] = await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            start(tasks, runtime.send_message, "waits", a)
            await anyio.sleep(1000)
            busy.release.set()
    assert warnings(caplog) == []


async def test_several_slots_are_watched(caplog: pytest.LogCaptureFixture) -> None:
    """Each invocation that is long is named, once."""
    async with running(warn_busy_after=5, max_concurrency=2) as runtime:
        [a] = await register(runtime, "a")
        busy = [Busy(), Busy()]
        async with anyio.create_task_group() as tasks:
            for one in busy:
                start(tasks, runtime.send_message, one, a)
            await settled()
            start(tasks, runtime.send_message, "waits", a)
            await anyio.sleep(30)
            for one in busy:
                one.release.set()
    assert len(warnings(caplog)) == 2


async def test_the_watch_ends_with_the_queue() -> None:
    """When nothing queues any more no task of it is left, and it starts anew later."""
    runtime = SingleThreadedAgentRuntime(warn_busy_after=5)
    runtime.start()
    [a] = await register(runtime, "a")
    for _ in range(2):
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            start(tasks, runtime.send_message, "waits", a)
            await settled()
            busy.release.set()
        await anyio.sleep(20)
        assert [line for line in leftover_tasks() if "BusyWatch" in line] == []
    await runtime.stop()
    assert await runtime.get("a", "k") == AgentId("a", "k")
