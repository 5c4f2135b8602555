"""Workers on both hosts and with wrong clocks, and a web application in front of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from fastapi import FastAPI, Request
from tests.distributed.chaos.hospital import Stay, Stayed, diary

from actrio import AgentId
from actrio._redis import Redis
from actrio.distributed import RedisAgentRuntime
from actrio.testing import RedisServer

from .kit import SECONDS, until
from .wire import Wire
from .workers import Process

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
PROGRAM = "tests.distributed.chaos.hospital"


def opened(url: str, namespace: str) -> RedisAgentRuntime:
    """Return a runtime that asks the workers."""
    return RedisAgentRuntime(
        url, namespace=namespace, lease=2.0, grace=1.0, messages=[Stayed]
    )


@asynccontextmanager
async def working(*commands: tuple[str, ...]) -> AsyncGenerator[list[Process]]:
    """Have some workers for the length of a block: host, address, namespace, types."""
    workers = [
        Process(PROGRAM, host, url, namespace, offset, *types)
        for host, url, namespace, offset, *types in commands
    ]
    try:
        for worker in workers:
            await worker.wait_ready()
        with anyio.fail_after(SECONDS):
            yield workers
    finally:
        for worker in workers:
            worker.kill()


async def notes(redis: Redis, namespace: str) -> list[str]:
    """Return what the agents have noted."""
    found = await redis.execute("LRANGE", diary(namespace), 0, -1)
    return [note.decode() for note in found]


async def until_noted(redis: Redis, namespace: str, *expected: str) -> None:
    """Wait until the agents have noted so much, which has to be this."""
    while len(found := await notes(redis, namespace)) < len(expected):  # noqa: ASYNC110 - nothing tells
        await anyio.sleep(0.01)
    assert found == list(expected)


def web(runtime: RedisAgentRuntime) -> FastAPI:
    """Return an application that asks an agent for as long as its client waits."""
    app = FastAPI()

    @app.get("/{agent}")
    async def stay(request: Request, agent: str) -> dict[str, int]:
        answer: dict[str, int] = {}

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            message = Stay(60, "asyncio/k")
            found: Any = await runtime.send_message(message, AgentId(agent, "k"))
            answer["times"] = found.times
            tasks.cancel_scope.cancel()
        return answer

    return app


@on_asyncio
async def test_a_client_of_the_web_that_goes_away(
    server: RedisServer, namespace: str
) -> None:
    """It cancels a handler on trio, and what that waits for in a process on asyncio."""
    gone = anyio.Event()
    request = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if request:
            return request.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        """Nobody is there to read it."""

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/trio",
        "raw_path": b"/trio",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
    }
    async with (
        working(
            ("trio", server.url, namespace, "0", "trio"),
            ("asyncio", server.url, namespace, "0", "asyncio"),
        ),
        opened(server.url, namespace) as runtime,
        Redis.open(server.url) as redis,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(web(runtime), scope, receive, send)
        await until_noted(redis, namespace, "trio/k begins", "asyncio/k begins")
        gone.set()
        await until_noted(
            *(redis, namespace),
            *("trio/k begins", "asyncio/k begins"),
            *("asyncio/k is cancelled", "trio/k is cancelled"),
        )


@on_asyncio
@pytest.mark.parametrize("offset", ["-600", "600"])
async def test_a_worker_whose_clock_is_wrong_by_minutes(
    server: RedisServer, namespace: str, offset: str
) -> None:
    """It gives up when the time is over, by itself, and not before."""
    agent = AgentId("late", "k")
    async with (
        working(("trio", server.url, namespace, offset, "late")),
        Wire.open(server) as wire,
        opened(wire.url, namespace) as client,
        Redis.open(server.url) as redis,
    ):
        with anyio.fail_after(2):
            answer = await client.send_message(Stay(0.5), agent)
        assert (answer.times, answer.fence) == (1, 1)
        await anyio.sleep(2.5)  # it keeps its lease, though nothing happens
        noted = ("late/k begins", "late/k ends", "late/k begins")
        began = anyio.current_time()

        async def give_up_in_time() -> None:
            with anyio.move_on_after(0.8):
                await client.send_message(Stay(60), agent)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_up_in_time)
            await until_noted(redis, namespace, *noted)
            await wire.cut_for_good()  # so that nobody can tell it
            await until_noted(redis, namespace, *noted, "late/k is cancelled")
            assert 0.7 < anyio.current_time() - began < 1.8


@on_asyncio
async def test_an_agent_that_comes_back_in_another_process(
    server: RedisServer, namespace: str
) -> None:
    """It was passivated where it was, and that worker has left: its state is with it."""
    agent = AgentId("a", "k")
    async with (
        working(("trio", server.url, namespace, "0", "a")) as [first],
        opened(server.url, namespace) as client,
    ):
        before: Any = None
        for _ in range(3):
            before = await client.send_message(Stay(0), agent)
        place = f"{{{namespace}}}:a:{agent}"
        await until(lambda: server.command("EXISTS", place) == ":0\r\n")
        async with working(("asyncio", server.url, namespace, "0", "a")):
            await first.leave()
            after = await client.send_message(Stay(0), agent)
        assert (before.times, after.times) == (3, 4)
        assert after.fence > before.fence
        assert after.process != before.process
