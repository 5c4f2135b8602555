"""Workers that lose their lease."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest
from tests.runtime.kit import start

from actrio import AgentId, MessageContext, TopicId, TypeSubscription
from actrio.distributed._scripts import ATTEMPTS
from actrio.exceptions import RecipientNotFound, WorkerLostError
from actrio.testing import RedisServer

from .kit import Ask, Doing, Handler, answer, opened, register, until

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_an_agent_does_not_come_again_before_it_has_left(
    server: RedisServer, namespace: str
) -> None:
    """Even in the same process, which joins again when it has lost its lease."""
    running = most = runs = 0

    async def handle(what: str, ctx: MessageContext) -> Ask:
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        try:
            if runs == 1:
                await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.5 if runs == 1 else 0)
            running -= 1
        return Ask(what)

    async with (
        opened(server.url, namespace, lease=0.8) as runtime,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(runtime, "a", handle)
        call = start(tasks, runtime.send_message, Ask("1"), agent)
        await until(lambda: running)
        server.command("DEL", f"{{{namespace}}}:m:{runtime.health().worker}")
        assert await answer(call) == Ask("1")
        assert (runs, most) == (2, 1)


@pytest.mark.slow
async def test_a_handler_that_waits_for_another_process_stops_with_its_lease(
    namespace: str,
) -> None:
    """Though that process cannot be told, since the server is frozen."""
    ended: list[float] = []
    begun = anyio.Event()

    async def ask(what: str, ctx: MessageContext) -> object:
        begun.set()
        try:
            return await near.send_message(Ask(what), AgentId("b", "k"))
        finally:
            ended.append(anyio.current_time())

    async def sleep(what: str, ctx: MessageContext) -> None:
        await anyio.sleep_forever()

    with RedisServer() as server:
        async with (
            opened(server.url, namespace, lease=0.8, grace=3.0) as near,
            opened(server.url, namespace, lease=0.8, grace=3.0) as far,
            anyio.create_task_group() as tasks,
        ):
            agent = await register(near, "a", ask)
            await register(far, "b", sleep)
            call = start(tasks, near.send_message, Ask("1"), agent)
            await begun.wait()
            await anyio.sleep(0.05)
            server.freeze()
            frozen = anyio.current_time()
            try:
                await anyio.sleep(1.0)
            finally:
                server.thaw()
            assert ended
            assert ended[0] - frozen < 0.8
            call.scope.cancel()


async def test_a_worker_that_has_lost_its_lease_acknowledges_nothing(
    server: RedisServer, namespace: str
) -> None:
    """Though it does not know it yet, and is done before the one who has taken over."""
    goes_on = {name: anyio.Event() for name in "ab"}
    running: list[str] = []

    def handler(name: str) -> Handler:
        async def handle(what: str, ctx: MessageContext) -> Ask:
            running.append(name)
            await goes_on[name].wait()
            return Ask(name)

        return handle

    async with (
        opened(server.url, namespace, lease=10) as a,
        opened(server.url, namespace, lease=10) as b,
        opened(server.url, namespace, lease=10) as client,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(a, "a", handler("a"))
        call = start(tasks, client.send_message, Ask("1"), agent)
        await until(lambda: running == ["a"])
        await register(b, "a", handler("b"))
        server.command("DEL", f"{{{namespace}}}:m:{a.health().worker}")
        # whoever sends to an agent sees that its worker is dead
        other = start(tasks, client.send_message, Ask("2"), agent)
        await until(lambda: running == ["a", "b"])
        goes_on["a"].set()
        await anyio.sleep(0.05)
        assert not call.done
        goes_on["b"].set()
        assert await answer(call) == await answer(other) == Ask("b")


@pytest.mark.slow
async def test_a_message_that_outlives_too_many_workers(
    server: RedisServer, namespace: str
) -> None:
    """Is given up: it may be what kills them."""
    runs = 0

    async def handle(what: str, ctx: MessageContext) -> None:
        nonlocal runs
        runs += 1
        await anyio.sleep_forever()

    async with (
        opened(server.url, namespace) as client,
        opened(server.url, namespace, lease=0.5) as worker,
        anyio.create_task_group() as tasks,
    ):
        agent = await register(worker, "a", handle)
        call = start(tasks, client.send_message, Ask("1"), agent)
        for number in range(1, ATTEMPTS + 2):
            await until(lambda: runs == number)  # noqa: B023 - it waits here
            server.command("DEL", f"{{{namespace}}}:m:{worker.health().worker}")
        with pytest.raises(WorkerLostError, match="given to 6 workers"):
            await answer(call)
        assert runs == ATTEMPTS + 1


@pytest.mark.slow
@pytest.mark.parametrize("how", ["restart", "flush"])
async def test_a_server_that_has_forgotten_everything(namespace: str, how: str) -> None:
    """Is told again: who waits is answered, and so are those who come later."""
    goes_on = anyio.Event()

    async def handle(what: str, ctx: MessageContext) -> Ask:
        await goes_on.wait()
        return Ask(what)

    with RedisServer() as server:  # which keeps nothing on disk
        async with (
            opened(server.url, namespace, lease=0.5) as worker,
            opened(server.url, namespace, lease=0.5) as client,
            anyio.create_task_group() as tasks,
        ):
            agent = await register(worker, "a", handle)
            calls = [start(tasks, client.send_message, Ask("1"), agent)]
            calls.append(start(tasks, worker.send_message, Ask("2"), agent))
            await until(lambda: worker.health().received == 2)
            if how == "restart":
                server.kill()
                server.start()
            else:
                server.command("FLUSHALL")
            goes_on.set()
            for call in calls:
                with suppress(RecipientNotFound):  # the worker may come back later
                    assert await answer(call) in (Ask("1"), Ask("2"))
            await until(lambda: worker.health().joined == 2)
            await anyio.sleep(0.05)
            assert await client.send_message(Ask("3"), agent) == Ask("3")


async def test_an_agent_that_fails_as_its_lease_is_lost(
    server: RedisServer, namespace: str
) -> None:
    """Is not made anew to try again: whoever has taken over does that."""
    built = runs = 0

    async def handle(what: str, ctx: MessageContext) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            try:
                await anyio.sleep_forever()
            finally:
                raise ValueError

    def factory() -> Doing:
        nonlocal built
        built += 1
        return Doing(handle)

    async with opened(server.url, namespace, lease=0.5) as worker:
        await Doing.register(worker, "a", factory, on_failure="restart")
        await worker.add_subscription(TypeSubscription("t", "a"))
        await worker.publish_message(Ask("1"), TopicId("t", "k"))
        await until(lambda: runs == 1)
        server.command("DEL", f"{{{namespace}}}:m:{worker.health().worker}")
        await until(lambda: runs == 2)
        await anyio.sleep(0.3)
        assert (runs, built) == (2, 2)
        assert worker.health().handled == 1
