"""A worker whose agents tell what becomes of them: ``python -m … HOST URL NAMESPACE OFFSET``.

The clock on its wall is wrong by so many seconds. It hosts agents until it is told to leave
with SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

import anyio
from attrs import frozen
from tests.distributed.chaos import hospital
from tests.distributed.chaos.worker import say

from actrio import AgentId, MessageContext, RoutedAgent, message_handler
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime


@frozen
class Stay:
    """Asks an agent to stay for so many seconds, or to have another one do so."""

    seconds: float
    elsewhere: str = ""


@frozen
class Stayed:
    """The answer to it: how often the agent has been asked, by whom, and its fence."""

    times: int
    process: int
    fence: int


class Patient(RoutedAgent):
    """Notes in Redis what becomes of it, and remembers how often it was asked."""

    def __init__(self, redis: Redis, diary: str) -> None:
        super().__init__("stays")
        self._redis = redis
        self._diary = diary
        self._times = 0

    @message_handler
    async def on_stay(self, message: Stay, ctx: MessageContext) -> Stayed:
        self._times += 1
        try:
            await self._note("begins")
            if message.elsewhere:
                there = AgentId.from_str(message.elsewhere)
                await self.send_message(Stay(message.seconds), there)
            else:
                await anyio.sleep(message.seconds)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(5, shield=True):
                await self._note("is cancelled")
            raise
        await self._note("ends")
        fence: int = ctx.fence
        return Stayed(self._times, os.getpid(), fence)

    async def _note(self, what: str) -> None:
        await self._redis.execute("RPUSH", self._diary, f"{self.id} {what}")

    async def save_state(self) -> Mapping[str, Any]:
        return {"times": self._times}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self._times = int(state["times"])


async def main(url: str, namespace: str, *types: str) -> None:
    """Host these types until SIGTERM comes."""
    runtime = RedisAgentRuntime(url, namespace=namespace, lease=2.0, messages=[Stayed])
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with Redis.open(url) as redis, runtime:
            for name in types:
                await Patient.register(
                    runtime,
                    name,
                    lambda: Patient(redis, diary(namespace)),
                    passivate_after=0.3,
                )
            say("ready")
            async for _ in signals:
                break
    say("left")


def diary(namespace: str) -> str:
    """Return the key of a list in which all agents of a namespace write."""
    return f"{namespace}.diary"


def be_wrong_by(seconds: float) -> None:
    """Put the clock on the wall of this process forward, or back."""
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + seconds
    time.time_ns = lambda: real_ns() + int(seconds * 1e9)


if __name__ == "__main__":
    host, url, namespace, offset, *types = sys.argv[1:]
    be_wrong_by(float(offset))
    # under its own name, which its messages have as well
    anyio.run(hospital.main, url, namespace, *types, backend=host)
