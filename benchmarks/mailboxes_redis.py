"""How fast do two processes exchange messages over Redis, next to lists and redis-py?

A process sends messages and another receives them, over actrio's bus and over ``RPUSH``
and ``BLPOP`` of redis-py's asyncio client, through the same server. Every message is
checked. The peers take turns, so that a machine that drifts hits all alike; ratios are
medians over the rounds.

redis-py does less: it has no priorities, no limit, no registration, and loses messages of
readers that are cancelled.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import anyio

from actrio.mailboxes import RedisMessageBus
from actrio.testing import RedisServer

PAYLOAD = "x" * 100
PEERS = {
    "actrio on trio": "trio",
    "actrio on asyncio": "asyncio",
    "redis-py": "asyncio",
}
SENDERS = [1, 16, 64]
GOALS = {"exchange": 3.0, "round trips": 1.5}
RECIPIENTS = 1000


class End(Protocol):
    """One end of an exchange."""

    async def send(self, content: Any) -> object: ...
    async def receive(self) -> Any: ...


class _Mailbox:
    def __init__(self, mailbox: Any, other: str) -> None:
        self._mailbox, self._other = mailbox, other

    async def send(self, content: Any) -> object:
        return await self._mailbox.send(self._other, content)

    async def receive(self) -> Any:
        return (await self._mailbox.receive()).content


class _Lists:
    def __init__(self, client: Any, name: str, other: str) -> None:
        self._client, self._name, self._other = client, name, other

    async def send(self, content: Any) -> object:
        return await self._client.rpush(self._other, json.dumps(content))

    async def receive(self) -> Any:
        return json.loads((await self._client.blpop(self._name))[1])


@asynccontextmanager
async def open_end(peer: str, url: str, name: str, other: str) -> Any:
    """Make one end of an exchange."""
    if peer == "redis-py":
        import redis.asyncio

        client = redis.asyncio.from_url(url)
        yield _Lists(client, name, other)
        await client.aclose()
    else:
        async with RedisMessageBus(url, prefix=peer) as bus:
            yield _Mailbox(await bus.register(name, takeover=True), other)


Part = Callable[[End, int, int], Awaitable[float]]


async def send(end: End, messages: int, senders: int) -> float:
    """Send so many messages, by so many tasks."""

    async def some(first: int) -> None:
        for number in range(first, messages, senders):
            await end.send([number, PAYLOAD])

    async with anyio.create_task_group() as tasks:
        for first in range(senders):
            tasks.start_soon(some, first)
    await end.receive()
    return 0.0


async def receive(end: End, messages: int, senders: int) -> float:
    """Receive so many messages, and return how many seconds it took."""
    got = [(await end.receive())[0]]
    began = time.perf_counter()
    got += [(await end.receive())[0] for _ in range(messages - 1)]
    seconds = time.perf_counter() - began
    assert sorted(got) == list(range(messages)), "a message is missing"
    assert senders > 1 or got == list(range(messages)), "the order is wrong"
    await end.send("done")
    return seconds


async def ask(end: End, messages: int, senders: int) -> float:
    """Send a message and receive its answer, so many times."""
    began = time.perf_counter()
    for number in range(messages):
        await end.send([number, PAYLOAD])
        assert await end.receive() == [-number, PAYLOAD]
    return time.perf_counter() - began


async def answer(end: End, messages: int, senders: int) -> float:
    """Answer so many messages."""
    for _ in range(messages):
        number, payload = await end.receive()
        await end.send([-number, payload])
    return 0.0


def play(part: Part, peer: str, url: str, names: tuple[str, str], *rest: Any) -> None:
    """Play one part in this process; the last argument takes the result."""
    messages, senders, ready, go, result = rest

    async def whole() -> None:
        opened: AbstractAsyncContextManager[End] = open_end(peer, url, *names)
        async with opened as end:
            ready.release()
            await anyio.to_thread.run_sync(go.wait)
            result.put((part.__name__, await part(end, messages, senders)))

    anyio.run(whole, backend=PEERS[peer])


def exchange(
    parts: tuple[Part, Part], peer: str, url: str, messages: int, senders: int = 1
) -> float:
    """Play both parts in two processes, and return the seconds per message."""
    context = multiprocessing.get_context("spawn")
    ready, go, result = context.Semaphore(0), context.Event(), context.Queue()
    names = [("left", "right"), ("right", "left")]
    processes = [
        context.Process(
            target=play,
            args=(part, peer, url, ends, messages, senders, ready, go, result),
        )
        for part, ends in zip(parts, names, strict=True)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        assert ready.acquire(timeout=60), f"{peer} does not begin"
    go.set()
    found = dict(result.get(timeout=300) for _ in processes)
    for process in processes:
        process.join()
    seconds: float = max(found.values())
    return seconds / messages


async def broadcast(url: str, recipients: int, rounds: int) -> float:
    """Return the seconds that a broadcast to so many mailboxes takes."""
    async with RedisMessageBus(url, prefix=f"all-{time.time()}") as bus:
        sender = await bus.register("sender")
        for number in range(recipients):
            await bus.register(str(number))
        began = time.perf_counter()
        for _ in range(rounds):
            assert len(await sender.broadcast(PAYLOAD)) == recipients
        return (time.perf_counter() - began) / rounds


def measure(
    server: RedisServer, messages: int, rounds: int, senders: list[int]
) -> dict[str, dict[str, list[float]]]:
    """Return the seconds per message, by work and peer, for each round."""
    works: dict[str, Callable[[str], float]] = {
        f"exchange, {count} sending": lambda peer, count=count: exchange(  # type: ignore[misc]
            (send, receive), peer, server.url, messages, count
        )
        for count in senders
    }
    works["round trips"] = lambda peer: exchange(
        (ask, answer), peer, server.url, messages // 4
    )
    found: dict[str, dict[str, list[float]]] = {
        work: {peer: [] for peer in PEERS} for work in works
    }
    for _ in range(rounds):
        for work, run in works.items():
            for peer in PEERS:
                server.command("FLUSHALL")
                found[work][peer].append(run(peer))
    return found


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.mailboxes_redis", description=__doc__.splitlines()[0]
    )
    options.add_argument("--messages", type=int, default=8_000)
    options.add_argument("--rounds", type=int, default=7)
    arguments = options.parse_args()
    with RedisServer() as server:
        found = measure(server, arguments.messages, arguments.rounds, SENDERS)
        seconds = anyio.run(broadcast, server.url, RECIPIENTS, 10)
    for work, peers in found.items():
        goal = GOALS[work.split(",")[0]]
        for peer, times in peers.items():
            pairs = zip(times, peers["redis-py"], strict=True)
            ratio = statistics.median(theirs / ours for ours, theirs in pairs)
            print(
                f"{work}: {peer} {1 / statistics.median(times):,.0f} per second, "
                f"{ratio:.2f} x redis-py (goal {goal})"
            )
    print(f"broadcast to {RECIPIENTS:,} mailboxes: {seconds * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
