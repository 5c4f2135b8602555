"""A worker: ``python worker.py HOST URL NAMESPACE LEASE TYPES...``.

It hosts agent types until it is told to leave with SIGTERM.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from functools import partial
from itertools import count

import anyio
from tests.distributed.chaos.effects import APPLY, Errand, Work, Worked

from actrio import (
    AgentId,
    AgentInstantiationContext,
    MessageContext,
    RoutedAgent,
    TypeSubscription,
    message_handler,
)
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime

_CAPACITIES = {"narrow": 8}
"""How many messages publishers may be ahead; by default as usual."""
_runs = count(1)


class Counter(RoutedAgent):
    """Counts, with a fence; an agent of a type of its own host."""

    def __init__(self, redis: Redis, tag: str) -> None:
        super().__init__("counts")
        self._redis = redis
        self._tag = tag
        self._is_busy = False

    @message_handler
    async def on_work(self, message: Work, ctx: MessageContext) -> Worked:
        """Count one more."""
        assert not self._is_busy, "two messages at once"
        self._is_busy = True
        try:
            if message.pause:
                await anyio.sleep(message.pause)
            place = await apply(self._redis, self._tag, self.id, ctx, message.id)
        finally:
            self._is_busy = False
        if not place:
            raise RuntimeError("this activation is an old one")
        return Worked(message.id, str(self.id), place)


class Foreman(RoutedAgent):
    """Has others work, and so waits in a request that it makes itself."""

    def __init__(self) -> None:
        super().__init__("has others work")

    @message_handler
    async def on_errand(self, message: Errand, ctx: MessageContext) -> Worked:
        """Ask another agent, and answer what that answers."""
        del ctx
        found: Worked = await self.send_message(message.work, AgentId("c", message.key))
        return found


async def apply(
    redis: Redis, tag: str, agent: AgentId, ctx: MessageContext, id: str
) -> int:
    """Make the effect of a message; again if its reply is lost."""
    fence: int = ctx.fence
    run = f"{os.getpid()}-{next(_runs)}"
    return int(await redis.run(APPLY, tag, str(agent), fence, id, run, twice=True))


async def build(redis: Redis, tag: str, host: str) -> Counter:
    """Make an agent, and record that."""
    agent = AgentInstantiationContext.current_agent_id()
    made = f"{agent} {host} {os.getpid()}-{next(_runs)}"
    await redis.execute("SADD", f"{tag}.built", made, twice=True)
    return Counter(redis, tag)


async def main(
    host: str, url: str, namespace: str, lease: float, types: list[str]
) -> None:
    """Host these types until SIGTERM comes."""
    runtime = RedisAgentRuntime(
        url, namespace=namespace, lease=lease, messages=[Work, Worked]
    )
    tag = f"{{{namespace}}}"
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with Redis.open(url, scripts=[APPLY]) as redis, runtime:
            for name in types:
                await Counter.register(
                    runtime,
                    name,
                    partial(build, redis, tag, host),
                    inbox_capacity=_CAPACITIES.get(name),
                )
                await runtime.add_subscription(TypeSubscription(name, name))
            await Foreman.register(runtime, "foreman", Foreman)
            say("ready")
            async for _ in signals:
                break
    say("left")


def say(text: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.basicConfig(format=f"{os.getpid()} %(relativeCreated)d %(message)s")
    host, url, namespace, lease, *types = sys.argv[1:]
    anyio.run(main, host, url, namespace, float(lease), types, backend=host)
