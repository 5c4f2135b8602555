"""Do a million agents run in bounded memory, if only 10,000 of them may live at a time?

Each agent is sent one message by one of a few callers, and keeps what it was told. When
all were touched, some are asked for it again: they must come back with their state.

The states are kept in SQLite, the embedded default, or in memory, or nowhere. Resident
memory is looked at along the way; what counts is that it does not grow with the number of
agents. A store in memory grows, of course: it is there to see what SQLite costs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import trio

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.state import MemoryStateStore, SqliteStateStore

from .memory import resident

CALLERS = 32
LOOKS = 10


@dataclass
class Tell:
    """Something to keep."""

    number: int


@dataclass
class Recall:
    """A question for it."""


class Keeper(RoutedAgent):
    """Keeps a number."""

    def __init__(self) -> None:
        super().__init__("keeps a number")
        self.number = -1

    @message_handler
    async def on_tell(self, message: Tell, ctx: MessageContext) -> None:
        self.number = message.number

    @message_handler
    async def on_recall(self, message: Recall, ctx: MessageContext) -> int:
        return self.number

    async def save_state(self) -> Mapping[str, Any]:
        return {"number": self.number}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.number = state["number"]


async def touch(agents: int, limit: int, store: str, folder: Path) -> None:
    """Touch each agent once, and some of them again."""
    async with AsyncExitStack() as stack:
        stores: Any = {
            "sqlite": lambda: SqliteStateStore(folder / "states.db"),
            "memory": MemoryStateStore,
            "none": lambda: None,
        }
        keeps = stores[store]()
        if keeps is not None:
            await stack.enter_async_context(keeps)
        runtime = SingleThreadedAgentRuntime(state_store=keeps, max_live_agents=limit)
        await stack.enter_async_context(runtime)
        await Keeper.register(runtime, "keeper", Keeper)
        began = time.perf_counter()
        first = 0
        for look in range(LOOKS):
            last = agents * (look + 1) // LOOKS
            await _each(range(first, last), lambda n: _tell(runtime, n))
            first = last
            seconds = time.perf_counter() - began
            live = runtime.statistics().live_agents
            print(
                f"{last:>9,} agents touched, {live:>6,} live, {seconds:7.1f} s, "
                f"{resident() / 2**20:6.0f} MB",
                flush=True,
            )
            if live > limit:
                sys.exit(f"{live} agents live where {limit} may")
        if keeps is not None:
            some = range(0, agents, max(1, agents // 1000))
            await _each(some, lambda n: _check(runtime, n))
            print(f"{len(some):,} of them remember what they were told")


async def _tell(runtime: SingleThreadedAgentRuntime, number: int) -> None:
    await runtime.send_message(Tell(number), AgentId("keeper", str(number)))


async def _check(runtime: SingleThreadedAgentRuntime, number: int) -> None:
    found = await runtime.send_message(Recall(), AgentId("keeper", str(number)))
    if found != number:
        sys.exit(f"agent {number} was brought back with {found}")


async def _each(numbers: range, call: Callable[[int], Awaitable[None]]) -> None:
    """Make a call for each number, by as many callers as there are."""
    left = iter(numbers)

    async def caller() -> None:
        for number in left:
            await call(number)

    async with anyio.create_task_group() as callers:
        for _ in range(CALLERS):
            callers.start_soon(caller)


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.passivation", description=__doc__.splitlines()[0]
    )
    options.add_argument("--agents", type=int, default=1_000_000)
    options.add_argument("--limit", type=int, default=10_000, help="how many may live")
    options.add_argument(
        "--store", choices=["sqlite", "memory", "none"], default="sqlite"
    )
    options.add_argument("--host", choices=["trio", "asyncio"], default="trio")
    arguments = options.parse_args()
    run: Any = trio.run if arguments.host == "trio" else _run_asyncio
    with tempfile.TemporaryDirectory() as folder:
        run(touch, arguments.agents, arguments.limit, arguments.store, Path(folder))


def _run_asyncio(function: Callable[..., Any], *args: object) -> None:
    asyncio.run(function(*args))


if __name__ == "__main__":
    main()
