"""Many callers, several namespaces, many agents at once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import pytest
from tests.distributed.chaos.effects import Work, Worked
from tests.runtime.kit import on_asyncio, on_trio, start

from actrio import AgentId, TopicId
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime
from actrio.exceptions import WorkerLostError
from actrio.testing import RedisServer

from .kit import answer, until
from .load import built, keys, pairs
from .workers import LEASE, Workers

pytestmark = [pytest.mark.anyio, pytest.mark.chaos]


def opened(url: str, namespace: str, **options: Any) -> RedisAgentRuntime:
    """Return the runtime of the callers."""
    return RedisAgentRuntime(
        url, namespace=namespace, lease=LEASE, messages=[Work, Worked], **options
    )


@on_asyncio
async def test_two_namespaces_side_by_side(server: RedisServer, namespace: str) -> None:
    """Never meet: each has agents of its own under the same ids."""
    names = [f"{namespace}a", f"{namespace}b"]
    async with (
        Workers.open(server.url, names[0], "c", number=1),
        Workers.open(server.url, names[1], "c", number=1),
        opened(server.url, names[0]) as a,
        opened(server.url, names[1]) as b,
        anyio.create_task_group() as tasks,
    ):

        async def call(runtime: RedisAgentRuntime, name: str, number: int) -> None:
            for index in range(30):
                work = Work(f"{name}-{number}-{index}", 0)
                agent = AgentId("c", str(index % 5))
                found: Any = await runtime.send_message(work, agent)
                assert (found.id, found.agent) == (work.id, str(agent))

        async with anyio.create_task_group() as callers:
            for number in range(8):
                callers.start_soon(call, a, names[0], number)
                callers.start_soon(call, b, names[1], number)
        async with Redis.open(server.url) as redis:
            for name in names:
                done = await pairs(redis, f"{{{name}}}.done")
                assert len(done) == 240
                assert {work.partition("-")[0] for work in done} == {name}
        tasks.cancel_scope.cancel()


@on_trio
async def test_two_callers_with_equal_counters(
    server: RedisServer, namespace: str
) -> None:
    """Get their own replies: that of the other one has the same number."""
    async with (
        Workers.open(server.url, namespace, "c", number=1),
        opened(server.url, namespace) as a,
        opened(server.url, namespace) as b,
    ):

        async def call(runtime: RedisAgentRuntime, name: str, number: int) -> None:
            for index in range(30):
                work = Work(f"{name}-{number}-{index}", 0)
                found: Any = await runtime.send_message(work, AgentId("c", "one"))
                assert found.id == work.id

        async with anyio.create_task_group() as callers:
            for number in range(8):
                callers.start_soon(call, a, "a", number)
                callers.start_soon(call, b, "b", number)
        assert a.health().sent == b.health().sent == 240


@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"], indirect=True)
async def test_callers_that_race_for_new_agents(
    server: RedisServer, namespace: str
) -> None:
    """Make each of them once, wherever that is."""
    async with (
        Workers.open(server.url, namespace, "c") as workers,
        opened(server.url, namespace) as a,
        opened(server.url, namespace) as b,
    ):

        async def call(runtime: RedisAgentRuntime, number: int) -> None:
            agent = AgentId("c", str(number % 50))
            found: Any = await runtime.send_message(Work(str(number), 0), agent)
            assert found.agent == str(agent)

        async with anyio.create_task_group() as callers:
            for number in range(200):
                callers.start_soon(call, (a, b)[number // 50 % 2], number)
        async with Redis.open(server.url) as redis:
            agents = [agent for agent, _ in await built(redis, namespace)]
            places = [
                await redis.execute("HGET", f"{{{namespace}}}:a:{agent}", "w")
                for agent in agents
            ]
        assert agents == sorted(f"c/{number}" for number in range(50))
        spread = sorted(Counter(places).values())
        print(f"\n50 agents on {len(workers.all)} workers: {spread}")  # noqa: T201 - the figures of the test
        assert len(spread) == 3


@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"], indirect=True)
async def test_messages_that_are_published_to_one_agent(
    server: RedisServer, namespace: str
) -> None:
    """Come in the order in which they were sent, once each."""
    async with (
        Workers.open(server.url, namespace, "c", number=2),
        opened(server.url, namespace) as runtime,
        Redis.open(server.url) as redis,
    ):
        for number in range(2_000):
            await runtime.publish_message(Work(str(number), 0), TopicId("c", "k"))
        key = f"{{{namespace}}}.done"
        with anyio.fail_after(20):
            while await redis.execute("HLEN", key) < 2_000:  # noqa: ASYNC110 - nothing tells when
                await anyio.sleep(0.01)
        done = await pairs(redis, key)
        assert done == {str(number): number + 1 for number in range(2_000)}
        ran = await pairs(redis, f"{{{namespace}}}.ran")
        assert set(ran.values()) == {1}


@on_asyncio
async def test_workers_that_leave_take_everything_with_them(
    server: RedisServer, namespace: str
) -> None:
    """A namespace of which all have left has nothing but the documented keys."""
    async with Redis.open(server.url) as redis:
        async with (
            Workers.open(server.url, namespace, "c") as workers,
            opened(server.url, namespace) as runtime,
        ):
            for number in range(100):
                agent = AgentId("c", str(number % 20))
                await runtime.send_message(Work(str(number), 0), agent)
            while workers.all:
                await workers.all.pop().leave()
        assert await keys(redis, namespace) == ["about", "ns"]


@on_trio
async def test_a_type_whose_workers_are_all_dead(
    server: RedisServer, namespace: str
) -> None:
    """Is waited for until one joins; who cannot wait leaves at its deadline."""
    agent = AgentId("c", "k")
    async with (
        Workers.open(server.url, namespace, "c", number=1) as workers,
        opened(server.url, namespace) as runtime,
        anyio.create_task_group() as tasks,
    ):
        await runtime.send_message(Work("1", 0), agent)
        workers.all.pop().kill()
        call = start(tasks, runtime.send_message, Work("2", 0), agent)
        began = anyio.current_time()
        with anyio.move_on_after(LEASE + 1) as scope:
            await runtime.send_message(Work("3", 0), agent)
        assert scope.cancelled_caught
        assert anyio.current_time() - began < LEASE + 1.5
        assert not call.done
        await workers.start()
        found: Any = await answer(call)
        assert found.id == "2"
        async with Redis.open(server.url) as redis:
            assert sorted(await pairs(redis, f"{{{namespace}}}.done")) == ["1", "2"]
            assert "h:c/k" not in await keys(redis, namespace)


@on_asyncio
async def test_what_a_killed_worker_was_doing(
    server: RedisServer, namespace: str
) -> None:
    """Is done by another one, or reported if it was to be sent once only."""
    agent = AgentId("c", "k")
    tag = f"{{{namespace}}}"
    async with (
        Workers.open(server.url, namespace, "c", number=2) as workers,
        opened(server.url, namespace) as runtime,
        Redis.open(server.url) as redis,
        anyio.create_task_group() as tasks,
    ):

        def once() -> Any:
            return runtime.send_message(
                Work("once", 0.4), agent, delivery="at_most_once"
            )

        calls = [start(tasks, once)]
        await anyio.sleep(0.05)  # the one comes before the other
        calls.append(start(tasks, runtime.send_message, Work("least", 0), agent))
        await until(lambda: runtime.health().sent == 2)
        where = (await redis.execute("HGET", f"{tag}:a:{agent}", "w")).decode()
        process = next(one for one in workers.all if f"-{one.process_id}-" in where)
        workers.all.remove(process)
        process.kill()
        with pytest.raises(WorkerLostError, match="was lost while it had the message"):
            await answer(calls[0])
        found: Any = await answer(calls[1])
        assert (found.id, found.place) == ("least", 1)
        assert sorted(await pairs(redis, f"{tag}.ran")) == ["least"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_one_namespace_on_both_hosts(server: RedisServer, namespace: str) -> None:
    """A worker on trio and one on asyncio serve a program on asyncio."""
    async with (
        Workers.open(server.url, namespace, "c", number=2),
        opened(server.url, namespace) as runtime,
        Redis.open(server.url) as redis,
    ):
        for number in range(40):
            agent = AgentId("c", str(number))
            found: Any = await runtime.send_message(Work(str(number), 0), agent)
            assert found.id == str(number)
        hosts = [host for _, host in await built(redis, namespace)]
        assert set(hosts) == {"asyncio", "trio"}
        assert len(hosts) == 40
