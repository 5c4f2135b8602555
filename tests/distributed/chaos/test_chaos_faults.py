"""Workers and servers that are killed, stopped and frozen under load."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import anyio.to_thread
import pytest
from tests.distributed.chaos.effects import Work, Worked
from tests.runtime.kit import on_asyncio, on_trio

from actrio import TopicId
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime
from actrio.testing import RedisServer

from .kit import until
from .load import AT_LEAST, CALLERS, Load, pairs
from .workers import LEASE, Workers

pytestmark = [pytest.mark.anyio, pytest.mark.chaos]


@pytest.fixture(params=["everysec", "always"])
def durable(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server of its own, which keeps on disk what it has done.

    With ``everysec`` nearly always all that it confirmed, though a disk that is busy for
    longer than that makes it wait with writing, and not with confirming.
    """
    with RedisServer("--appendonly", "yes", "--appendfsync", request.param) as server:
        yield server


def opened(url: str, namespace: str) -> RedisAgentRuntime:
    """Return the runtime of the callers."""
    return RedisAgentRuntime(
        url, namespace=namespace, lease=LEASE, messages=[Work, Worked]
    )


@on_trio
async def test_workers_that_are_killed(server: RedisServer, namespace: str) -> None:
    """Lose nothing, and nobody waits for longer than a lease and a second."""
    async with (
        Workers.open(server.url, namespace, "c") as workers,
        opened(server.url, namespace) as runtime,
    ):
        async with Load.run(runtime, "c") as load:
            for _ in range(3):
                await load.wait_answers(800)
                await workers.replace()
        await load.check(server.url, namespace, "3 workers killed", 0)


@on_asyncio
async def test_a_server_that_is_killed(
    durable: RedisServer, namespace: str, request: pytest.FixtureRequest
) -> None:
    """Loses nothing that it keeps on disk, and nobody waits in vain for the rest."""
    policy = request.node.callspec.params["durable"]
    away = 0.0
    async with (
        Workers.open(durable.url, namespace, "c") as workers,
        opened(durable.url, namespace) as runtime,
    ):
        async with Load.run(runtime, "c") as load:
            for pause in (0.0, 1.0):
                await load.wait_answers(1000)
                began = anyio.current_time()
                durable.kill()
                await anyio.sleep(pause)
                await anyio.to_thread.run_sync(durable.start)
                away = max(away, anyio.current_time() - began)
        assert len(workers.all) == 3
        fault = f"server ({policy}) killed twice"
        is_durable = policy == "always"
        await load.check(durable.url, namespace, fault, away, is_durable=is_durable)


@on_trio
async def test_a_worker_that_is_stopped_for_longer_than_its_lease(
    server: RedisServer, namespace: str
) -> None:
    """Has nothing acknowledged that others do meanwhile."""
    async with (
        Workers.open(server.url, namespace, "c") as workers,
        opened(server.url, namespace) as runtime,
    ):
        async with Load.run(runtime, "c", 0.002) as load:
            for process in workers.all[:2]:
                await load.wait_answers(800)
                process.stop()
                await anyio.sleep(LEASE * 1.3)
                process.go_on()
        await load.check(server.url, namespace, "2 workers stopped for 2.6 s", 0)


@on_asyncio
async def test_a_server_that_is_frozen(server: RedisServer, namespace: str) -> None:
    """Is waited for, however long that takes."""
    away = 4.0
    async with (
        Workers.open(server.url, namespace, "c"),
        opened(server.url, namespace) as runtime,
    ):
        async with Load.run(runtime, "c") as load:
            await load.wait_answers(1000)
            server.freeze()
            try:
                await anyio.sleep(away)
            finally:
                server.thaw()
        await load.check(server.url, namespace, "server frozen for 4 s", away)


@on_trio
async def test_publishers_whose_recipients_are_killed(
    server: RedisServer, namespace: str
) -> None:
    """Lose nothing, while most of them wait for room."""
    sent: set[str] = set()
    async with (
        Workers.open(server.url, namespace, "narrow") as workers,
        opened(server.url, namespace) as runtime,
        Redis.open(server.url) as redis,
    ):

        async def publish(number: int) -> None:
            index = 0
            while len(sent) < AT_LEAST:
                topic = TopicId("narrow", str(index % 8))
                await runtime.publish_message(Work(f"{number}-{index}", 0), topic)
                sent.add(f"{number}-{index}")
                index += 1

        with anyio.fail_after(40):
            async with anyio.create_task_group() as publishers:
                for number in range(CALLERS):
                    publishers.start_soon(publish, number)
                for enough in (1000, 2500):
                    await until(lambda: len(sent) >= enough)  # noqa: B023 - it waits here
                    await workers.replace()
            done: dict[str, int] = {}
            while done.keys() != sent:
                await anyio.sleep(0.05)
                done = await pairs(redis, f"{{{namespace}}}.done")
        print(f"\n2 workers killed: {len(sent)} messages published")  # noqa: T201 - the figures of the test


@on_trio
async def test_a_rolling_restart(server: RedisServer, namespace: str) -> None:
    """Loses nothing and does nothing twice."""
    async with (
        Workers.open(server.url, namespace, "c") as workers,
        opened(server.url, namespace) as runtime,
    ):
        async with Load.run(runtime, "c") as load:
            for _ in range(3):
                await load.wait_answers(800)
                await workers.start()
                await workers.all.pop(0).leave()
        await load.check(server.url, namespace, "rolling restart", 0, once=True)


@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"], indirect=True)
async def test_connections_that_are_cut_all_the_time(
    server: RedisServer, namespace: str
) -> None:
    """Lose nothing, of callers or of workers, on whatever host they are."""
    cuts = 0
    async with (
        Workers.open(server.url, namespace, "c", number=2),
        opened(server.url, namespace) as runtime,
    ):
        async with Load.run(runtime, "c") as load:
            while len(load.answers) < AT_LEAST:
                await anyio.sleep(0.1)
                cuts += 1
                kind = ("normal", "pubsub")[cuts % 2]
                server.command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        fault = f"{cuts} times cut off"
        await load.check(server.url, namespace, fault, 0, once=True)
