"""Callers whose time is over, and who say so themselves."""

from __future__ import annotations

import math

import anyio
import pytest
from tests.runtime.kit import on_asyncio, start

from actrio import AgentId, MessageContext
from actrio.distributed import _scripts as scripts
from actrio.testing import RedisServer

from .kit import Ask, answer, echo, keys, opened, register, until
from .wire import Wire

pytestmark = pytest.mark.anyio


async def test_a_caller_whose_deadline_passes_hears_it_from_its_own_scope(
    server: RedisServer, namespace: str
) -> None:
    """The worker, which knows the deadline too, does not come first with an error."""
    async with opened(server.url, namespace) as runtime:

        async def sleep(what: str, ctx: MessageContext) -> None:
            await anyio.sleep_forever()

        agent = await register(runtime, "a", sleep)
        assert runtime._member is not None
        for skew in (0.03, -0.03):
            runtime._member._around.clock.offset += skew
            with anyio.move_on_after(0.05) as scope:
                await runtime.send_message(Ask(""), agent)
            assert scope.cancelled_caught


@on_asyncio
async def test_a_native_cancellation_that_an_answer_overtakes(
    server: RedisServer, namespace: str
) -> None:
    """Is not lost: whoever cancels a task wants it to end."""
    async with (
        Wire.open(server) as wire,
        opened(server.url, namespace) as worker,
        opened(wire.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(worker, "a", echo)
        assert await client.send_message(Ask("1"), agent) == Ask("1")
        wire.hold_at(scripts.SEND)

        async def call_thrice() -> str:
            for _ in range(3):
                await client.send_message(Ask("2"), agent)
            return "as if nothing had been"

        call = start(tasks, call_thrice)
        await wire.wait_held()
        await anyio.sleep(0.05)
        assert call.task is not None
        call.task.cancel()
        await anyio.sleep(0.01)
        await wire.release()
        await until(lambda: call.done)
        assert call.value is None


async def test_a_caller_that_gives_up_while_there_is_no_connection(
    namespace: str,
) -> None:
    """Leaves at once if its request was never sent, since nobody can have begun."""
    with RedisServer("--appendonly", "yes", "--appendfsync", "always") as server:
        async with opened(server.url, namespace) as runtime:
            agent = await register(runtime, "a", echo)
            assert await runtime.send_message(Ask("1"), agent) == Ask("1")
            server.kill()
            await until(lambda: not runtime.health().is_connected)
            began = anyio.current_time()
            with anyio.move_on_after(0.05):
                await runtime.send_message(Ask("2"), agent)
            assert anyio.current_time() - began < 0.5
            server.start()
            assert await runtime.send_message(Ask("3"), agent) == Ask("3")
            assert runtime._sender is not None
            assert not runtime._sender._leaving


async def test_what_was_held_for_callers_that_gave_up(
    server: RedisServer, namespace: str
) -> None:
    """Leaves no key behind: nobody may ever come for it."""
    agent = AgentId("a", "k")
    async with opened(server.url, namespace) as client:
        # as when its last worker was killed
        server.command("HSET", f"{{{namespace}}}:t:a", "-", "0")
        with anyio.move_on_after(0.05) as scope:
            await client.send_message(Ask("2"), agent)
        assert scope.cancelled_caught
        found = keys(server, namespace)
        assert not [key for key in found if key.startswith(("h:", "held:", "a:"))]


async def test_a_request_to_a_type_whose_workers_are_all_lost(
    server: RedisServer, namespace: str
) -> None:
    """Is held until one joins."""
    async with (
        opened(server.url, namespace) as client,
        anyio.create_task_group() as tasks,
    ):
        server.command("HSET", f"{{{namespace}}}:t:a", "-", "0")
        agent = AgentId("a", "k")
        call = start(tasks, client.send_message, Ask("1"), agent)
        await until(lambda: f"h:{agent}" in keys(server, namespace))
        async with opened(server.url, namespace) as worker:
            await register(worker, "a", echo)
            assert await answer(call) == Ask("1")
        assert f"h:{agent}" not in keys(server, namespace)


@pytest.mark.parametrize("deadline", [-math.inf, -1.0, 1e15])
async def test_a_deadline_out_of_all_measure(
    server: RedisServer, namespace: str, deadline: float
) -> None:
    """Harms nobody else: a caller may send in a scope that is cancelled already."""
    async with opened(server.url, namespace) as runtime:
        agent = await register(runtime, "a", echo)
        with anyio.CancelScope(deadline=anyio.current_time() + deadline) as scope:
            assert await runtime.send_message(Ask("1"), agent) == Ask("1")
        assert scope.cancelled_caught == (deadline < 0)
        with anyio.fail_after(3):
            assert await runtime.send_message(Ask("2"), agent) == Ask("2")


async def test_callers_of_a_runtime_that_breaks_down(
    server: RedisServer, namespace: str
) -> None:
    """Are told: they do not wait for an answer that nobody could give them any more."""

    async def sleep(what: str, ctx: MessageContext) -> None:
        await anyio.sleep_forever()

    async with opened(server.url, namespace) as worker:
        agent = await register(worker, "a", sleep)
        with (
            anyio.fail_after(4),
            pytest.raises(ArithmeticError),
        ):
            async with opened(server.url, namespace) as client:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.send_message, Ask("1"), agent)
                    await until(lambda: worker.health().received)
                    assert client._member is not None
                    assert client._member.redis is not None

                    def break_down() -> list[bytes]:
                        raise ArithmeticError

                    client._member.redis.post(break_down, taker=lambda *_: None)
                    await anyio.sleep_forever()
