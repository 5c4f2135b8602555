"""What the tests of failures in one process are written with."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from attrs import frozen
from tests.runtime.kit import Call

from actrio import AgentId, BaseAgent, MessageContext
from actrio.distributed import RedisAgentRuntime
from actrio.testing import RedisServer

SECONDS = 20
"""How long anything may take that waits for other processes."""


@frozen
class Ask:
    """A message, and what its handler is to do."""

    what: str


Handler = Callable[[str, MessageContext], Awaitable[object]]


class Doing(BaseAgent):
    """An agent that does what a test gave it."""

    def __init__(self, handler: Handler) -> None:
        super().__init__("does what it was given")
        self._handler = handler

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        return await self._handler(message.what, ctx)


async def register(
    runtime: RedisAgentRuntime, type: str, handler: Handler, **options: Any
) -> AgentId:
    """Register a type whose agents call a function; return the id of one of them."""
    await Doing.register(runtime, type, lambda: Doing(handler), **options)
    return AgentId(type, "k")


async def echo(what: str, ctx: MessageContext) -> Ask:
    """Answer what is asked."""
    del ctx
    return Ask(what)


def opened(url: str, namespace: str, **options: Any) -> RedisAgentRuntime:
    """Return a runtime of the tests."""
    options = {"lease": 2.0, "grace": 1.0, **options}
    return RedisAgentRuntime(url, namespace=namespace, messages=[Ask], **options)


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what nothing tells."""
    with anyio.fail_after(SECONDS):
        while not is_so():  # noqa: ASYNC110 - nothing tells when
            await anyio.sleep(0.002)


def keys(server: RedisServer, namespace: str) -> list[str]:
    """Return the keys of a namespace, without its name."""
    found = server.command("KEYS", f"{{{namespace}}}:*")
    return sorted(re.findall(r"^\{.*?\}:(.*?)\r?$", found, re.MULTILINE))


def tables(runtime: RedisAgentRuntime) -> dict[str, int]:
    """Return how much is in each table that a runtime has for what is on its way.

    They are found by looking, so that one that is added later is looked at too. Not among
    them is where its agents live, for as long as they do.
    """
    member, sender = runtime._member, runtime._sender
    assert member is not None
    assert member.worker is not None
    assert sender is not None
    around = member.worker._around
    owners = [
        *(member, member.hosting, around.callers, around.nesting, around.probing),
        *(member.worker, member.worker._batches, member.worker._deadlines),
        *(sender, sender._batches, sender.withdrawing, runtime._transport),
    ]
    return {
        f"{type(owner).__name__}.{name}": len(value)
        for owner in owners
        for name, value in vars(owner).items()
        if isinstance(value, dict | list | set | deque)
    }


async def answer(call: Call, within: float = 3.0) -> object:
    """Return what a call in another task returns, or raise what it raises."""
    with anyio.fail_after(within):
        while not call.done:  # noqa: ASYNC110 - nothing tells when
            await anyio.sleep(0.002)
    if call.error is not None:
        raise call.error
    return call.value
