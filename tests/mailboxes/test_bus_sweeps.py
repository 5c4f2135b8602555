"""Every call, cancelled everywhere it can be: nothing is lost, nothing comes twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal

import anyio
import pytest

from actrio.mailboxes import AgentMailbox, AgentMessage, MessageBus
from actrio.testing import CancelPoint

from .buses import Buses, drain

Hosted = Literal["trio", "asyncio"]
Every = Literal["checkpoint", "turn"]
HOSTS = [("trio", False), ("asyncio", False), ("asyncio", True)]
modes = pytest.mark.parametrize(
    ("kind", "host", "every", "native"),
    [
        *[("memory", host, "checkpoint", native) for host, native in HOSTS],
        *[("memory", host, "turn", native) for host, native in HOSTS],
        # a server's answers come in real time, where turns cannot be counted
        *[("redis", host, "checkpoint", native) for host, native in HOSTS],
    ],
    indirect=["kind"],
)
pytestmark = modes


async def cancelled(call: Awaitable[Any], got: list[Any]) -> None:
    """Keep what a call returns."""
    got.append(await call)


def test_receive(buses: Buses, host: Hosted, every: Every, native: bool) -> None:
    """The message was received, or is still there."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with buses.pair() as (_, a, b):
            got: list[Any] = []

            async def later() -> None:
                await buses.settled()
                await a.send("b", "x")

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(later)
                await cancel_here(cancelled(b.receive(), got))
            left = [message.content for message in await b.peek()]
            assert [message.content for message in got] + left == ["x"]
            await a.send("b", "y")
            assert await drain(b) == [*left, "y"]

    assert buses.sweep(scenario, host=host, every=every, native=native) >= 1


def test_send_to_a_full_mailbox(
    buses: Buses, host: Hosted, every: Every, native: bool
) -> None:
    """It was sent, or it was not; and the room is there for others."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with buses.pair(capacity=1) as (_, a, b):
            await a.send("b", "before")
            seen: list[Any] = []

            async def later() -> None:
                await buses.settled()
                message = await b.receive()
                assert message is not None
                seen.append(message.content)

            got: list[Any] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(later)
                await cancel_here(cancelled(a.send("b", "x"), got))
            left = await drain(b)
            assert seen == ["before"]
            if buses.kind == "memory":
                assert left == ["x"] * len(got)
            else:  # it may be in the mailbox when its sender is cancelled
                assert left in (["x"], ["x"] * len(got))
            await a.send("b", "y")
            assert await drain(b) == ["y"]

    assert buses.sweep(scenario, host=host, every=every, native=native) >= 1


def test_broadcast(buses: Buses, host: Hosted, every: Every, native: bool) -> None:
    """Each mailbox got it once or not at all, and those with room did."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with buses.open(capacity=1) as bus:
            boxes = {name: await bus.register(name) for name in "abcd"}
            await boxes["a"].send("b", "before")
            await boxes["a"].send("c", "before")
            seen: dict[str, list[Any]] = {name: [] for name in "bcd"}

            async def reader(name: str) -> None:
                await anyio.sleep(0.1)
                message = await boxes[name].receive()
                assert message is not None
                seen[name].append(message.content)

            got: list[Any] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reader, "b")
                tasks.start_soon(reader, "c")
                await cancel_here(cancelled(boxes["a"].broadcast("x"), got))
            for name in "bcd":
                seen[name] += await drain(boxes[name])
                assert seen[name].count("x") <= 1
            if got:
                assert got == [("b", "c", "d")]
                assert all("x" in contents for contents in seen.values())

    assert buses.sweep(scenario, host=host, every=every, native=native) >= 1


def test_request(buses: Buses, host: Hosted, every: Every, native: bool) -> None:
    """It is answered, or its answer is late."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with buses.pair() as (bus, a, b):
            got: list[Any] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(answer, bus, b)
                await cancel_here(cancelled(a.request("b", "?"), got))
                await a.send("b", "enough")
            assert [message.content for message in got] == ["!"] * len(got)
            assert await drain(a) == []
            assert a.late_replies <= 1 - len(got)

    async def answer(bus: MessageBus, b: AgentMailbox) -> None:
        while (message := await b.receive()) and message.content == "?":
            await bus.deliver(message.reply("!"))

    assert buses.sweep(scenario, host=host, every=every, native=native) >= 1


@pytest.mark.parametrize("how", ["confirm", "give back"])
def test_next(buses: Buses, how: str, host: Hosted, every: Every, native: bool) -> None:
    """The message was handled, or it comes again; both if handling was cancelled."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with buses.pair() as (_, a, b):
            await a.send("b", "x")
            handled: list[AgentMessage] = []

            async def handle() -> None:
                async with b.next() as message:
                    await buses.settled()
                    if how == "give back":
                        raise ZeroDivisionError
                    handled.append(message)

            async def call(function: Callable[[], Awaitable[None]]) -> None:
                with suppress(ZeroDivisionError):
                    await function()

            await cancel_here(call(handle))
            await buses.settled()
            left = await drain(b)
            if not handled or how == "give back":
                assert left == ["x"]
            else:
                assert left == []

    assert buses.sweep(scenario, host=host, every=every, native=native) >= 1
