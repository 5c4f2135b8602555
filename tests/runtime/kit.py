"""What the tests of the runtime are written with.

The agents of these tests do as they are told: a message is an async function, and
handling it means calling it with the agent and the context. So a test reads from top to
bottom, and says in one place what happens inside which handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import pytest
import trio
import trio.testing

from actrio.agents import BaseAgent
from actrio.identity import AgentId
from actrio.messages import MessageContext
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.subscriptions import TypeSubscription

every_host = [pytest.mark.anyio, pytest.mark.every_host]
"""The marks of a module whose tests run on trio, asyncio and uvloop."""

timed = pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"], indirect=True)
"""For a test that sleeps: only the hosts with virtual time."""

on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)


class Scripted(BaseAgent):
    """Calls a message that is a function, and keeps and returns any other."""

    def __init__(self) -> None:
        super().__init__("does as it is told")
        self.seen: list[object] = []
        self.closings = 0

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        if callable(message):
            return await message(self, ctx)
        self.seen.append(message)
        return message

    async def close(self) -> None:
        self.closings += 1


Script = Callable[[Scripted, MessageContext], Awaitable[object]]


async def register(
    runtime: SingleThreadedAgentRuntime, *types: str, **options: Any
) -> list[AgentId]:
    """Register a scripted agent for each type; return the ids with the key "k"."""
    for name in types:
        await Scripted.register(runtime, name, Scripted, **options)
    return [AgentId(name, "k") for name in types]


async def subscribe(
    runtime: SingleThreadedAgentRuntime, topic: str, *types: str
) -> None:
    """Let a topic type lead to agents of these types, in this order."""
    for name in types:
        await runtime.add_subscription(TypeSubscription(topic, name))


async def agent_of(runtime: SingleThreadedAgentRuntime, id: AgentId) -> Scripted:
    """Return the agent itself."""
    return await runtime.try_get_underlying_agent_instance(id, Scripted)


def asking(message: object, recipient: AgentId) -> Script:
    """Make a script that asks and returns the response."""

    async def script(agent: Scripted, ctx: MessageContext) -> object:
        return await agent.send_message(message, recipient)

    return script


def returning(value: object) -> Script:
    """Make a script that returns a value."""

    async def script(agent: Scripted, ctx: MessageContext) -> object:
        return value

    return script


def raising(error: BaseException) -> Script:
    """Make a script that raises."""

    async def script(agent: Scripted, ctx: MessageContext) -> object:
        raise error

    return script


class Busy:
    """A script that occupies an agent until it is let go."""

    def __init__(self, value: object = None) -> None:
        self.value = value
        self.started = anyio.Event()
        self.release = anyio.Event()
        self.ended = False
        self.cancelled = False

    async def __call__(self, agent: Scripted, ctx: MessageContext) -> object:
        self.started.set()
        try:
            await self.release.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled = True
            raise
        finally:
            self.ended = True
        return self.value


class Call:
    """A call in a task of its own, and how it ended."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.value: object = None
        self.error: BaseException | None = None
        self.done = False
        self.task: asyncio.Task[object] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether it left with the cancellation of its scope."""
        return self.scope.cancelled_caught

    async def run(self, async_fn: Callable[..., Awaitable[object]], *args: Any) -> None:
        if not trio.lowlevel.in_trio_task():
            self.task = asyncio.current_task()
        try:
            with self.scope:
                try:
                    self.value = await async_fn(*args)
                except Exception as exc:  # noqa: BLE001 - it is what the test looks at
                    self.error = exc
        finally:
            self.done = True


def start(
    tasks: anyio.abc.TaskGroup, async_fn: Callable[..., Awaitable[object]], *args: Any
) -> Call:
    """Start a call in a task of its own."""
    call = Call()
    tasks.start_soon(call.run, async_fn, *args)
    return call


async def settled() -> None:
    """Wait until every other task waits for something."""
    if trio.lowlevel.in_trio_task():
        await trio.testing.wait_all_tasks_blocked()
        return
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0)
        quiet = 0 if any(map(_can_run, asyncio.all_tasks())) else quiet + 1


def _can_run(task: asyncio.Task[object]) -> bool:
    waiter: asyncio.Future[object] | None = task._fut_waiter  # type: ignore[attr-defined]
    return task is not asyncio.current_task() and (waiter is None or waiter.done())


def assert_at_rest(runtime: SingleThreadedAgentRuntime) -> None:
    """Check that nothing is left of any message."""
    router = runtime._router
    assert router.quiescence.active == 0
    assert runtime.unprocessed_messages_count == 0
    for actor in router.directory:
        assert not actor.nested
        assert actor.life.changing is None
        for lane in actor.lanes():
            assert not lane.holders
            assert lane.inbox.size == 0
            assert lane.inbox.waiting_for_room == 0


async def idle(runtime: SingleThreadedAgentRuntime) -> None:
    """Wait in virtual time until every message is over, without stopping."""
    while not runtime._router.quiescence.is_idle:  # noqa: ASYNC110 - a test may poll
        await anyio.sleep(1)


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[SingleThreadedAgentRuntime]:
    """Run a runtime for a block, and check that it is at rest in the end."""
    runtime = SingleThreadedAgentRuntime(**options)
    async with runtime:
        yield runtime
    assert_at_rest(runtime)
