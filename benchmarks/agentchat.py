"""How fast does a team of AgentChat run on actrio, next to AutoGen's own runtime?

A round-robin team of 10 agents takes 1,000 turns; the agents say a fixed sentence, so
that nothing but AgentChat and the runtime beneath it works. The runtimes take turns in
one process, each round with new ones, and the seconds are the processor's, so that other
programs hit both alike or neither. The ratio is the median over the rounds.

``--profile`` says what the time on actrio is spent on: each function's own time, summed
by the package that it is of. ``python -m benchmarks.agentchat``
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import (
    AgentRuntime,
    CancellationToken,
    SingleThreadedAgentRuntime as Original,
)

from actrio.autogen import AgentChatRuntime

GOAL = 2.0
Runtime = AgentChatRuntime | Original
RUNTIMES: dict[str, Callable[[], Runtime]] = {
    "autogen_core": Original,
    "actrio": AgentChatRuntime,
}
PACKAGES = ("actrio", "autogen_agentchat", "autogen_core", "pydantic", "asyncio")


class Scripted(BaseChatAgent):
    """Says the same sentence each time."""

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        return Response(chat_message=TextMessage(content="Done.", source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None: ...


async def chat(runtime: Runtime, agents: int, turns: int) -> float:
    """Return the seconds that a team takes for its turns, on this runtime."""
    runtime.start()
    try:
        beneath: AgentRuntime = runtime
        team = RoundRobinGroupChat(
            [Scripted(f"agent_{n}", "Says done.") for n in range(agents)],
            max_turns=turns,
            runtime=beneath,
        )
        began = time.process_time()
        result = await team.run(task="Go on.")
        ended = time.process_time()
    finally:
        await runtime.stop()
    assert len(result.messages) == turns + 1
    return ended - began


def measure(agents: int, turns: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, for each runtime."""
    found: dict[str, list[float]] = {name: [] for name in RUNTIMES}
    for _ in range(rounds + 1):
        for name, make in RUNTIMES.items():
            found[name].append(asyncio.run(_once(make, agents, turns)))
    return {name: seconds[1:] for name, seconds in found.items()}  # the first warms up


async def _once(make: Callable[[], Runtime], agents: int, turns: int) -> float:
    return await chat(make(), agents, turns)


def shares(make: Callable[[], Runtime], agents: int, turns: int) -> dict[str, float]:
    """Return which part of the time each package takes for itself, in a profile."""
    profile = cProfile.Profile()
    profile.runcall(asyncio.run, _once(make, agents, turns))
    spent: Counter[str] = Counter()
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined] # not in its stub
    for (file, _, function), (_, _, own, _, _) in stats.items():
        if "poll" not in function:
            spent[_package(file)] += own
    total = spent.total()
    return {name: own / total for name, own in spent.most_common()}


def _package(file: str) -> str:
    parts = Path(file).parts
    return next((name for name in PACKAGES if name in parts), "the rest of Python")


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.agentchat", description=__doc__.splitlines()[0]
    )
    options.add_argument("--agents", type=int, default=10)
    options.add_argument("--turns", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--profile", action="store_true")
    arguments = options.parse_args()
    if arguments.profile:
        for name, make in RUNTIMES.items():
            found = shares(make, arguments.agents, arguments.turns)
            print(name, *(f"{each} {part:.0%}" for each, part in found.items()))
        return
    seconds = measure(arguments.agents, arguments.turns, arguments.rounds)
    for name, each in seconds.items():
        turn = statistics.median(each) / arguments.turns
        spread = (max(each) - min(each)) / arguments.turns
        print(f"{name}: {turn * 1e6:.0f} µs per turn, spread {spread * 1e6:.0f} µs")
    ratio = statistics.median(
        theirs / ours
        for theirs, ours in zip(seconds["autogen_core"], seconds["actrio"], strict=True)
    )
    print(f"actrio is {ratio:.2f} x as fast (goal {GOAL})")


if __name__ == "__main__":
    main()
