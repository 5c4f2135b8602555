"""Every kind of team of AgentChat, on `AgentChatRuntime`; no task is left of any."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from autogen_agentchat.agents import SocietyOfMindAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from autogen_core import CancellationToken

from actrio.autogen import AgentChatRuntime

from .kit import Failing, ScriptedModel, Sleeper, Speaker, Streamer, said

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


async def test_a_round_robin_team_takes_turns() -> None:
    """Each agent speaks in its turn and hears what the others have said."""
    one, other = Speaker("one"), Speaker("other")
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat([one, other], max_turns=3, runtime=runtime)
        result = await team.run(task="Go.")
    assert said(result.messages) == [
        "user: Go.",
        "one: I am one.",
        "other: I am other.",
        "one: I am one.",
    ]
    assert other.heard == ["Go.", "I am one."]
    assert one.heard == ["Go.", "I am other."]


async def test_a_termination_condition_ends_the_run_and_the_next_one_goes_on() -> None:
    """The team stops at the word, and is as it was when it runs again."""
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat(
            [Speaker("one", "Not yet.", "DONE", "Again.")],
            termination_condition=TextMentionTermination("DONE")
            | MaxMessageTermination(5),
            runtime=runtime,
        )
        first = await team.run(task="Go.")
        second = await team.run()
    assert said(first.messages)[-1] == "one: DONE"
    assert said(second.messages) == ["one: Again."] * 5


async def test_a_selector_team_asks_its_model() -> None:
    """The model chooses who speaks next."""
    async with AgentChatRuntime() as runtime:
        team = SelectorGroupChat(
            [Speaker("one"), Speaker("other")],
            ScriptedModel("other", "one", "other"),
            max_turns=3,
            runtime=runtime,
        )
        result = await team.run(task="Go.")
    assert [message.source for message in result.messages[1:]] == [
        "other",
        "one",
        "other",
    ]


async def test_a_swarm_follows_handoffs() -> None:
    """An agent that hands over decides who speaks next."""
    async with AgentChatRuntime() as runtime:
        team = Swarm(
            [Speaker("one", "-> other"), Speaker("other", "DONE")],
            termination_condition=TextMentionTermination("DONE"),
            runtime=runtime,
        )
        result = await team.run(task="Go.")
    assert [message.source for message in result.messages] == ["user", "one", "other"]


@pytest.mark.filterwarnings("ignore:.*experimental.*:FutureWarning")
async def test_a_graph_runs_its_branches() -> None:
    """A node runs when all before it have; two branches run beside each other."""
    one, left, right, last = (
        Speaker(name) for name in ("one", "left", "right", "last")
    )
    builder = DiGraphBuilder()
    for node in (one, left, right, last):
        builder.add_node(node)
    for source, target in [(one, left), (one, right), (left, last), (right, last)]:
        builder.add_edge(source, target)
    async with AgentChatRuntime() as runtime:
        flow = GraphFlow(
            [one, left, right, last], graph=builder.build(), runtime=runtime
        )
        result = await flow.run(task="Go.")
    speakers = [message.source for message in result.messages]
    assert speakers[:2] == ["user", "one"]
    assert sorted(speakers[2:4]) == ["left", "right"]
    assert speakers[4] == "last"


async def test_magentic_one_plans_with_its_model() -> None:
    """The orchestrator asks its model for facts, a plan, a ledger and an answer."""
    ledger = """{
        "is_request_satisfied": {"reason": "r", "answer": true},
        "is_progress_being_made": {"reason": "r", "answer": true},
        "is_in_loop": {"reason": "r", "answer": false},
        "instruction_or_question": {"reason": "r", "answer": "a"},
        "next_speaker": {"reason": "r", "answer": "one"}
    }"""
    async with AgentChatRuntime() as runtime:
        team = MagenticOneGroupChat(
            [Speaker("one")],
            ScriptedModel("facts", "plan", ledger, "the answer"),
            runtime=runtime,
        )
        result = await team.run(task="Go.")
    assert said(result.messages)[-1] == "MagenticOneOrchestrator: the answer"


async def test_a_society_of_mind_is_one_agent_outside() -> None:
    """A team inside an agent runs beneath a team, on the same runtime."""
    async with AgentChatRuntime() as runtime:
        inner = RoundRobinGroupChat([Speaker("inner")], max_turns=2, runtime=runtime)
        society = SocietyOfMindAgent("society", inner, ScriptedModel("We agree."))
        team = RoundRobinGroupChat([society], max_turns=1, runtime=runtime)
        result = await team.run(task="Go.")
    assert said(result.messages)[-1] == "society: We agree."


async def test_teams_can_be_members_of_teams() -> None:
    """A nested team runs to its end when it is its turn."""
    async with AgentChatRuntime() as runtime:
        inner = RoundRobinGroupChat(
            [Speaker("a"), Speaker("b")], name="inner", max_turns=2, runtime=runtime
        )
        team = RoundRobinGroupChat([inner, Speaker("c")], max_turns=2, runtime=runtime)
        result = await team.run(task="Go.")
    assert [message.source for message in result.messages] == ["user", "a", "b", "c"]


async def test_a_team_is_paused_and_resumed_while_an_agent_works() -> None:
    """Both reach the agent although it has not answered yet."""
    sleeper = Sleeper("sleeper")
    async with AgentChatRuntime() as runtime, anyio.create_task_group() as tasks:
        team = RoundRobinGroupChat([sleeper], max_turns=1, runtime=runtime)
        results: list[TaskResult] = []

        async def run() -> None:
            results.append(await team.run(task="Go."))

        tasks.start_soon(run)
        await sleeper.began.wait()
        await team.pause()
        assert sleeper.log == ["paused"]
        assert not results
        await team.resume()
    assert sleeper.log == ["paused", "resumed"]
    assert said(results[0].messages)[-1] == "sleeper: I am sleeper."


async def test_a_token_cancels_the_run_and_the_work_in_it() -> None:
    """The caller gets asyncio's error, and the agent hears of it."""
    sleeper, token = Sleeper("sleeper"), CancellationToken()
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat([sleeper], runtime=runtime)
        running = asyncio.ensure_future(  # noqa: TID251 - as users write it
            team.run(task="Go.", cancellation_token=token)
        )
        await sleeper.began.wait()
        token.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert sleeper.log == ["cancelled"]


@pytest.mark.parametrize("passes", range(12))
async def test_a_team_runs_again_whenever_it_was_cancelled(passes: int) -> None:
    """A message that was asked for arrives, so that the team's counts stay right."""
    token = CancellationToken()
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat(
            [Speaker("one"), Speaker("other")], max_turns=20, runtime=runtime
        )
        running = asyncio.ensure_future(  # noqa: TID251 - as users write it
            team.run(task="Go.", cancellation_token=token)
        )
        for _ in range(3 * passes):
            await asyncio.sleep(0)
        token.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(1)  # what was on its way has arrived
        result = await team.run()
    assert result.stop_reason == "Maximum number of turns 20 reached."


async def test_the_error_of_an_agent_ends_the_run() -> None:
    """It is raised where the team was run, as AgentChat words it."""
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat([Failing("one")], runtime=runtime)
        with pytest.raises(RuntimeError, match="ValueError: out of words"):
            await team.run(task="Go.")


async def test_a_run_is_streamed() -> None:
    """Chunks come while the agent speaks, in order; then the message and the result."""
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat(
            [Streamer("one", "a b c")], max_turns=1, runtime=runtime
        )
        events = [event async for event in team.run_stream(task="Go.")]
    chunks = [e for e in events if isinstance(e, ModelClientStreamingChunkEvent)]
    assert [chunk.content for chunk in chunks] == ["a", "b", "c"]
    assert isinstance(events[-1], TaskResult)
    assert said(events[-1].messages) == ["user: Go.", "one: a b c"]


async def test_a_team_is_saved_and_goes_on_elsewhere() -> None:
    """The state of a team is taken up by another one, on another runtime."""
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat(
            [Speaker("one", "first", "second")], max_turns=1, runtime=runtime
        )
        await team.run(task="Go.")
        state = await team.save_state()
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat(
            [Speaker("one", "first", "second")], max_turns=1, runtime=runtime
        )
        await team.load_state(state)
        result = await team.run()
    assert said(result.messages) == ["one: second"]


async def test_a_team_that_is_reset_begins_anew() -> None:
    """Resetting reaches the agents and the manager."""
    speaker = Speaker("one", "first", "second")
    async with AgentChatRuntime() as runtime:
        team = RoundRobinGroupChat([speaker], max_turns=1, runtime=runtime)
        await team.run(task="Go.")
        await team.reset()
        result = await team.run(task="Go.")
    assert said(result.messages)[-1] == "one: first"


async def test_a_runtime_that_stops_takes_its_teams_along() -> None:
    """The agent's work is cancelled, and its run can be cancelled by its owner."""
    sleeper = Sleeper("sleeper")
    runtime = AgentChatRuntime(grace=1)
    runtime.start()
    team = RoundRobinGroupChat([sleeper], runtime=runtime)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: team.run(task="Go."))
        await sleeper.began.wait()
        await runtime.stop()
        assert sleeper.log == ["cancelled"]
        tasks.cancel_scope.cancel()
