"""Callers that check every answer, and what there must be in the end."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from tests.distributed.chaos.effects import Errand, Work, Worked

from actrio import AgentId
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime

from .kit import until
from .workers import LEASE

CALLERS = 16
AT_LEAST = 5_000
"""How many requests there are for each fault."""
_AGENTS = 48
_NESTED = 5
"""How many requests there are to one that an agent passes on to another."""
_SECONDS = 45


class Load:
    """Callers, each of which asks one question after another."""

    def __init__(self, runtime: RedisAgentRuntime, type: str, pause: float) -> None:
        self.longest = 0.0
        """For how many seconds somebody has waited for an answer, at most."""
        self.answers: dict[str, Worked] = {}
        self._runtime = runtime
        self._type = type
        self._pause = pause
        self._faults_are_over = False

    @classmethod
    @asynccontextmanager
    async def run(
        cls, runtime: RedisAgentRuntime, type: str, pause: float = 0.0
    ) -> AsyncGenerator[Load]:
        """Ask while the block does harm, and until there were enough requests."""
        load = cls(runtime, type, pause)
        with anyio.fail_after(_SECONDS):
            async with anyio.create_task_group() as tasks:
                for number in range(CALLERS):
                    tasks.start_soon(load._call, number)
                yield load
                load._faults_are_over = True

    @property
    def _is_enough(self) -> bool:
        return self._faults_are_over and len(self.answers) >= AT_LEAST

    async def wait_answers(self, number: int) -> None:
        """Wait until there are so many answers more."""
        number += len(self.answers)
        await until(lambda: len(self.answers) >= number)

    async def _call(self, caller: int) -> None:
        number = 0
        while not self._is_enough:
            agent = AgentId(self._type, str((caller * 7 + number) % _AGENTS))
            work = Work(f"{caller}-{number}", self._pause)
            message: Work | Errand = work
            recipient = agent
            if not number % _NESTED:
                message = Errand(work, agent.key)
                recipient = AgentId("foreman", str(caller))
            began = anyio.current_time()
            answer: Any = await self._runtime.send_message(message, recipient)
            self.longest = max(self.longest, anyio.current_time() - began)
            assert (answer.id, answer.agent) == (work.id, str(agent))
            assert work.id not in self.answers
            self.answers[work.id] = answer
            number += 1

    async def check(
        self,
        url: str,
        namespace: str,
        fault: str,
        away: float,
        *,
        once: bool = False,
        is_durable: bool = True,
    ) -> None:
        """Check that all were answered in time, and that each effect was made once.

        Args:
            url: Where the server is.
            namespace: Where they work.
            fault: What was done.
            away: For how many seconds the server was away meanwhile.
            once: Whether no handler may have run twice, since no worker was lost.
            is_durable: Whether the server cannot have lost what it had confirmed.
        """
        tag = f"{{{namespace}}}"
        async with Redis.open(url) as redis:
            done = await pairs(redis, f"{tag}.done")
            ran = await pairs(redis, f"{tag}.ran")
            stale = int(await redis.execute("GET", f"{tag}.stale") or 0)
        twice = sum(times > 1 for times in ran.values())
        print(  # noqa: T201 - the figures of the test
            f"\n{fault}: {len(self.answers)} requests, longest wait {self.longest:.2f} s, "
            f"{twice} handled more than once, {stale} stale effects refused"
        )
        assert len(self.answers) >= AT_LEAST
        assert not once or not twice
        assert self.longest <= LEASE + 1 + away
        answered = {one.id: one.place for one in self.answers.values()}
        if not is_durable and done != answered:
            lost = len(answered.items() - done.items())
            print(f"{lost} effects were lost by the server")  # noqa: T201 - one more
            return
        assert done == answered
        places: dict[str, list[int]] = {}
        for answer in self.answers.values():
            places.setdefault(answer.agent, []).append(answer.place)
        for found in places.values():
            assert sorted(found) == [*range(1, len(found) + 1)]


async def pairs(redis: Redis, key: str) -> dict[str, int]:
    """Return a hash of numbers."""
    found = await redis.execute("HGETALL", key)
    return {name.decode(): int(value) for name, value in found.items()}


async def built(redis: Redis, namespace: str) -> list[tuple[str, str]]:
    """Return the agents that were made, each with the host of its worker."""
    found = await redis.execute("SMEMBERS", f"{{{namespace}}}.built")
    words = sorted(made.decode().split(" ") for made in found)
    return [(agent, host) for agent, host, _ in words]


async def keys(redis: Redis, namespace: str) -> list[str]:
    """Return the keys of a namespace, without its name."""
    found = await redis.execute("KEYS", f"{{{namespace}}}:*")
    return sorted(re.sub(r"^\{.*?\}:", "", key.decode()) for key in found)
