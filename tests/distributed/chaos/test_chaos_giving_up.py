"""Callers that give up, again and again."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import count
from random import Random

import anyio
import pytest
from tests.runtime.kit import assert_at_rest, start

from actrio import AgentId, CancellationToken, MessageContext
from actrio.distributed import RedisAgentRuntime, _scripts as scripts
from actrio.exceptions import RequestCancelled
from actrio.testing import RedisServer

from .kit import Ask, answer, keys, opened, register, tables, until
from .wire import Wire

pytestmark = pytest.mark.anyio


async def dawdle(what: str, ctx: MessageContext) -> Ask:
    """Answer after so many milliseconds."""
    del ctx
    await anyio.sleep(float(what) / 1000)
    return Ask(what)


def nothing_is_left(runtime: RedisAgentRuntime) -> bool:
    """Say whether all tables of a runtime are empty."""
    found = tables(runtime)
    assert len(found) > 10
    return not any(found.values())


def has_one_field(server: RedisServer, key: str) -> bool:
    """Say whether a hash in Redis has one field."""
    return server.command("HLEN", key) == ":1\r\n"


@pytest.mark.slow
async def test_thousands_of_callers_that_give_up(
    server: RedisServer, namespace: str
) -> None:
    """Leave nothing behind, here or there, and get what is theirs."""
    ends: Counter[str] = Counter()
    numbers = count()
    async with (
        opened(server.url, namespace) as worker,
        opened(server.url, namespace) as client,
    ):
        await register(worker, "a", dawdle)

        async def pass_on(what: str, ctx: MessageContext) -> object:
            key = str(len(what) + int(what))
            return await worker.send_message(Ask(what), AgentId("a", key))

        await register(worker, "b", pass_on)

        async def call_all(seed: int) -> None:
            random = Random(seed)
            while next(numbers) < 4_000:
                what, after = str(random.choice([0, 2, 4, 8])), random.choice([1, 2, 4])
                agent = AgentId(random.choice("aab"), str(random.randrange(8)))
                if random.random() < 0.7:
                    with anyio.move_on_after(after / 1000) as scope:
                        assert await client.send_message(Ask(what), agent) == Ask(what)
                    ends["scope" if scope.cancelled_caught else "answered"] += 1
                    continue
                token = CancellationToken()
                token.cancel_after(after / 1000)
                try:
                    answer = await client.send_message(
                        Ask(what), agent, cancellation_token=token
                    )
                    assert answer == Ask(what)
                    ends["answered"] += 1
                except RequestCancelled:
                    ends["token"] += 1

        async with anyio.create_task_group() as tasks:
            for seed in range(16):
                tasks.start_soon(call_all, seed)
        print(f"\ngiven up: {dict(ends)}")  # noqa: T201 - the figures of the test
        assert_at_rest(client)
        await until(lambda: worker._router.quiescence.active == 0)
        assert_at_rest(worker)
        for runtime in (client, worker):
            await until(partial(nothing_is_left, runtime))
            assert runtime._sender is not None
            key = f"{{{namespace}}}:c:{runtime._sender.client}"
            await until(partial(has_one_field, server, key))
    assert keys(server, namespace) == ["about", "ns"]


async def test_a_nested_request_that_is_given_up_as_it_arrives(
    server: RedisServer, namespace: str
) -> None:
    """Is over for everybody, though its handler was just about to begin."""
    scopes: list[anyio.CancelScope] = []

    async def ask(what: str, ctx: MessageContext) -> object:
        if what == "1":
            return await a.send_message(Ask("2"), b_agent)
        return Ask("never")

    async def ask_back(what: str, ctx: MessageContext) -> Ask:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await b.send_message(Ask("3"), a_agent)
        return Ask(f"gave up: {scope.cancelled_caught}")

    async with (
        Wire.open(server) as wire,
        opened(wire.url, namespace) as a,
        opened(server.url, namespace) as b,
        anyio.create_task_group() as tasks,
    ):
        a_agent = await register(a, "a", ask)
        b_agent = await register(b, "b", ask_back)
        wire.hold_at(scripts.SEND)
        call = start(tasks, b.send_message, Ask("1"), a_agent)
        await wire.wait_held()
        await until(lambda: scopes)
        await anyio.sleep(0.02)
        scopes[0].cancel()
        await anyio.sleep(0.05)
        began = anyio.current_time()
        await wire.release()
        assert await answer(call) == Ask("gave up: True")
        assert anyio.current_time() - began < 0.5
        assert a._member is not None
        hosted = a._member.worker
        assert hosted is not None
        await until(lambda: hosted.is_idle)
        await until(lambda: not a._router.quiescence.active)
