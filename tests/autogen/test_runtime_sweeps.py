"""A run of a team, cancelled at every point; the runtime serves the next one."""

from __future__ import annotations

import asyncio

import autogen_core as theirs
import pytest
from autogen_agentchat.teams import RoundRobinGroupChat

from actrio.autogen import AgentChatRuntime
from actrio.testing import CancelPoint, sweep

from .kit import Speaker, said


@pytest.mark.parametrize("native", [False, True], ids=["scope", "native"])
@pytest.mark.parametrize("every", ["checkpoint", "turn"])
def test_a_run_can_be_cancelled_anywhere(every: str, native: bool) -> None:
    """No task is left, and another team runs on the same runtime as if nothing were."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with AgentChatRuntime() as runtime:
            team = RoundRobinGroupChat([Speaker("one")], max_turns=1, runtime=runtime)
            await cancel_here(team.run(task="Go."))
            another = RoundRobinGroupChat(
                [Speaker("one")], max_turns=1, runtime=runtime
            )
            result = await another.run(task="Go.")
        assert said(result.messages) == ["user: Go.", "one: I am one."]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    points = sweep(
        scenario,
        host="asyncio",
        every="turn" if every == "turn" else "checkpoint",
        native=native,
    )
    assert points >= 3


@pytest.mark.parametrize("native", [False, True], ids=["scope", "native"])
@pytest.mark.parametrize("every", ["checkpoint", "turn"])
def test_a_start_and_a_stop_can_be_cancelled_anywhere(every: str, native: bool) -> None:
    """A stop that is cancelled leaves no task either."""

    async def scenario(cancel_here: CancelPoint) -> None:
        runtime = AgentChatRuntime()
        runtime.start()
        team = RoundRobinGroupChat([Speaker("one")], max_turns=1, runtime=runtime)
        await team.run(task="Go.")
        topic = theirs.TopicId("nobody", "listens")
        await runtime.publish_message("text", topic)
        await cancel_here(runtime.stop())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    points = sweep(
        scenario,
        host="asyncio",
        every="turn" if every == "turn" else "checkpoint",
        native=native,
    )
    assert points >= 1
