"""What the client does, and verifies, in one turn.

Each function runs in the client's process. It returns operations per second, or nothing
where only waits count, and how long each operation took, in seconds.
"""

from __future__ import annotations

import itertools
import time
from importlib import import_module
from typing import Any

import anyio

from ._agents import Answer, Hang, Question, Tick, Watch

__all__ = ["WORKS", "cancel", "publish", "request"]

UNCONFIRMED = 256
"""How many publishes are under way at once."""
STOPS_WITHIN = 1.0
"""How long a handler may go on after its caller was cancelled, in seconds."""

Found = tuple[float | None, list[float]]
_batches = itertools.count()


class Caller:
    """A runtime, spoken to in the words of its library."""

    def __init__(self, runtime: Any, package: str) -> None:
        self._runtime, self._package = runtime, import_module(package)

    async def ask(self, message: Any, kind: str, key: str, **named: Any) -> Any:
        recipient = self._package.AgentId(kind, key)
        return await self._runtime.send_message(message, recipient, **named)

    async def publish(self, message: Any) -> None:
        await self._runtime.publish_message(
            message, self._package.TopicId("ticks", "all")
        )

    async def ask_in_vain(self, message: Any, key: str) -> None:
        """Ask until cancelled, and say so in the library's own way too."""
        token = self._package.CancellationToken()
        try:
            await self.ask(message, "hang", key, cancellation_token=token)
        finally:
            token.cancel()


async def request(caller: Caller, count: int, callers: int, payload: int) -> Found:
    """Send so many requests by so many callers, each to an agent of its own."""
    text = "x" * payload
    waits: list[float] = []

    async def some(first: int) -> None:
        for number in range(first + 1, count + 1, callers):
            began = time.perf_counter()
            answer = await caller.ask(Question(number, text), "echo", str(first))
            waits.append(time.perf_counter() - began)
            _check(answer, Answer(-number, text))

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for first in range(callers):
            tasks.start_soon(some, first)
    seconds = time.perf_counter() - began
    _check(len(waits), count)
    return count / seconds, waits


async def publish(caller: Caller, count: int, payload: int) -> Found:
    """Publish so many messages, until the worker has counted them all."""
    batch, text = f"batch {next(_batches)}", "x" * payload
    seen: Any = None

    async def watch() -> None:
        nonlocal seen
        seen = await caller.ask(Watch(batch, count), "watch", "publishes")

    async def some(first: int) -> None:
        for number in range(first, count, UNCONFIRMED):
            await caller.publish(Tick(batch, number, text))

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        for first in range(min(UNCONFIRMED, count)):
            tasks.start_soon(some, first)
    seconds = time.perf_counter() - began
    _check((seen.times, seen.different), (count, count))
    return count / seconds, []


async def cancel(caller: Caller, count: int, busy: int) -> Found:
    """Cancel so many callers one by one, beside others who go on asking.

    A wait lasts from the cancellation here to the end of the handler there, by the clock
    that all processes of a machine share.
    """
    waits: list[float] = []

    async def others(first: int) -> None:
        for number in itertools.count(1):
            answer = await caller.ask(Question(number, "x"), "echo", str(first))
            _check(answer, Answer(-number, "x"))

    async with anyio.create_task_group() as load:
        for first in range(busy):
            load.start_soon(others, first)
        for _ in range(count):
            name = f"hang {next(_batches)}"
            async with anyio.create_task_group() as one:
                one.start_soon(caller.ask_in_vain, Hang(name), "one")
                await caller.ask(Watch(f"{name} began", 1), "watch", "cancels")
                cancelled = time.perf_counter()
                one.cancel_scope.cancel()
            with anyio.move_on_after(STOPS_WITHIN):
                seen = await caller.ask(Watch(f"{name} ended", 1), "watch", "cancels")
                waits.append(seen.at - cancelled)
                continue
            message = (
                "its handler still ran a second after the caller was cancelled: "
                "cancellation does not cross processes there"
            )
            raise RuntimeError(message)
        load.cancel_scope.cancel()
    return None, waits


def _check(found: object, expected: object) -> None:
    if found != expected:
        message = f"it gave {found!r:.200} in place of {expected!r:.200}"
        raise AssertionError(message)


WORKS = {work.__name__: work for work in (request, publish, cancel)}
