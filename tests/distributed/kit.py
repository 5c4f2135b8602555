"""What the tests of the distributed runtime are written with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import anyio
import attrs
from tests.runtime import kit

from actrio import MessageContext, RoutedAgent, message_handler
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime
from actrio.exceptions import RedisLinkLost
from actrio.identity import AgentId

next_namespace = map("test-{}".format, count()).__next__
"""Return a namespace that no other test has."""

SECONDS = 30
"""How long a test may take."""


@dataclass
class Add:
    """Asks for a sum."""

    number: int


@dataclass
class Sum:
    """What an adder has added so far."""

    total: int


class Adder(RoutedAgent):
    """Adds what it is sent."""

    def __init__(self) -> None:
        super().__init__("adds")
        self.total = 0

    @message_handler
    async def add(self, message: Add, ctx: MessageContext) -> Sum:
        self.total += message.number
        return Sum(self.total)

    async def save_state(self) -> dict[str, Any]:
        return {"total": self.total}

    async def load_state(self, state: Any) -> None:
        self.total = state["total"]


@attrs.frozen
class Namespace:
    """Makes runtimes that meet."""

    url: str
    name: str

    def runtime(self, **options: Any) -> RedisAgentRuntime:
        """Make one, with a short lease and what `Adder` answers with."""
        options.setdefault("lease", 2.0)
        options.setdefault("messages", [Sum])
        return RedisAgentRuntime(self.url, namespace=self.name, **options)

    @asynccontextmanager
    async def pair(
        self, **options: Any
    ) -> AsyncIterator[tuple[RedisAgentRuntime, RedisAgentRuntime]]:
        """Open a client and a worker that hosts the type ``adder``."""
        with anyio.fail_after(SECONDS):
            async with self.runtime(**options) as client:
                async with self.runtime(**options) as worker:
                    await Adder.register(worker, "adder", Adder)
                    yield client, worker

    async def execute(self, *words: str | int | bytes) -> Any:
        """Send a command to the server."""
        async with Redis.open(self.url) as redis:
            return await redis.execute(*words)

    async def keys(self) -> set[str]:
        """Return the keys that there are, without what they all begin with."""
        found = await self.execute("KEYS", f"{{{self.name}}}:*")
        return {key.decode().partition(":")[2] for key in found}


ADDER = AgentId("adder", "k")


async def cut(*runtimes: RedisAgentRuntime) -> None:
    """Cut the connections of these runtimes."""
    for runtime in runtimes:
        member = runtime._member
        assert member is not None
        assert member.redis is not None
        link = member.redis.link
        if link is not None:
            link.give_up("the test cut it")


async def round_trip(runtime: RedisAgentRuntime) -> None:
    """Wait until the server has done all that this runtime has told it."""
    member = runtime._member
    if member is None or member.redis is None or not member.is_connected:
        return
    try:
        await member.redis.execute("PING", twice=True)
    except RedisLinkLost:
        return


async def settled(*runtimes: RedisAgentRuntime, rounds: int = 4) -> None:
    """Wait until every other task waits for something, and nothing is on its way."""
    for _ in range(rounds):
        await kit.settled()
        for runtime in runtimes:
            await round_trip(runtime)
    await kit.settled()
