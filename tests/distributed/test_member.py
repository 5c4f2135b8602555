"""How a runtime leaves its namespace: nobody waits for it in vain."""

from __future__ import annotations

import logging
from contextlib import suppress

import anyio
import anyio.abc
import pytest
from tests.runtime.kit import Busy, Scripted, raising, register, start

from actrio import AgentId, MessageContext
from actrio.exceptions import RuntimeStoppedError

from .kit import ADDER, Add, Adder, Namespace, Sum
from .test_semantics import OverRedis

pytestmark = pytest.mark.anyio

A = AgentId("a", "k")
SECONDS = 10


def scripted(namespace: Namespace, **options: object) -> OverRedis:
    """Make a runtime whose messages can be any objects."""
    OverRedis.namespace, OverRedis.opened = namespace, []
    return OverRedis(**options)


async def test_a_stop_that_is_cancelled_leaves_no_caller_waiting(
    namespace: Namespace,
) -> None:
    """They hear that the agent is gone, although nobody waits for the end."""
    busy = Busy()
    with anyio.fail_after(5):
        async with scripted(namespace, grace=3.0) as runtime:
            await register(runtime, "a")
            async with anyio.create_task_group() as tasks:
                call = start(tasks, runtime.send_message, busy, A)
                await busy.started.wait()
                with anyio.CancelScope() as scope:
                    scope.cancel()
                    await runtime.stop()
            assert busy.cancelled
            assert isinstance(call.error, RuntimeStoppedError)


async def test_a_runtime_without_grace_says_goodbye(namespace: Namespace) -> None:
    """What it had goes to others at once, and not when its lease is over."""
    with anyio.fail_after(SECONDS):
        async with namespace.runtime(lease=60.0) as client:
            async with namespace.runtime(lease=60.0, grace=0.0) as leaving:
                await Adder.register(leaving, "adder", Adder)
                assert await client.send_message(Add(1), ADDER) == Sum(1)
            assert await namespace.execute("ZCARD", f"{{{namespace.name}}}:m") == 1
            async with namespace.runtime(lease=60.0) as next_one:
                await Adder.register(next_one, "adder", Adder)
                assert await client.send_message(Add(1), ADDER) == Sum(2)


@pytest.mark.parametrize("where", ["handler", "factory"])
async def test_what_ends_one_program_is_not_given_to_others(
    namespace: Namespace, where: str
) -> None:
    """Its sender is told so; another worker would only end as well."""
    ended: list[str] = []

    def factory() -> Scripted:
        if where == "factory":
            ended.append("factory")
            raise SystemExit("out")
        return Scripted()

    async def ends(agent: Scripted, ctx: MessageContext) -> None:
        ended.append("handler")
        await raising(SystemExit("out"))(agent, ctx)

    async def work(task_status: anyio.abc.TaskStatus[None]) -> None:
        with suppress(SystemExit):
            async with OverRedis() as worker:
                await Scripted.register(worker, "a", factory)
                task_status.started()
                await anyio.sleep_forever()

    with anyio.fail_after(SECONDS):
        async with scripted(namespace) as client, anyio.create_task_group() as tasks:
            for _ in range(3):
                await tasks.start(work)
            with pytest.raises(RuntimeStoppedError) as caught:
                await client.send_message(ends, A)
            assert isinstance(caught.value.__cause__, SystemExit)
            assert ended == [where]
            tasks.cancel_scope.cancel()


async def test_what_a_close_raises_after_a_handler_has_stopped_the_runtime(
    namespace: Namespace, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, since nobody waits for that; the runtime still leaves."""

    class Failing(Scripted):
        async def close(self) -> None:
            raise ValueError("cannot close")

    async def stops(agent: Scripted, ctx: MessageContext) -> str:
        await agent.runtime.stop()  # type: ignore[attr-defined]
        return "done"

    caplog.set_level(logging.CRITICAL)
    with anyio.fail_after(SECONDS):
        async with scripted(namespace) as runtime:
            await Failing.register(runtime, "a", Failing)
            assert await runtime.send_message(stops, A) == "done"
            member = runtime._member
            assert member is not None
            while member.worker is not None:  # noqa: ASYNC110 - nothing tells when
                await anyio.sleep(0.02)
            with pytest.raises(RuntimeStoppedError):
                await runtime.send_message("x", A)
