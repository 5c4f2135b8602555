"""Buses of every kind, for tests of what they have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import anyio
from tests.runtime import kit

from actrio.mailboxes import (
    AgentMailbox,
    InMemoryMessageBus,
    MessageBus,
    RedisMessageBus,
)
from actrio.testing import CancelPoint, RedisServer, sweep

KINDS = ["memory", "redis"]
_SECONDS = {"memory": 3600, "redis": 30}
"""How long a test may take; in memory it is virtual time."""
_ROUNDS = 4
next_prefix = map("test-{}".format, count()).__next__
"""Return a prefix that no other test has."""


class Buses:
    """Makes buses of one kind."""

    def __init__(self, kind: str, server: RedisServer | None) -> None:
        self.kind = kind
        self.server = server
        self._open: list[RedisMessageBus] = []

    @property
    def has_virtual_time(self) -> bool:
        """Whether nothing outside the process has to be waited for."""
        return self.kind == "memory"

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[MessageBus]:
        """Make a bus for the length of a block, which fails if it hangs."""
        with anyio.fail_after(_SECONDS[self.kind]):
            if self.server is None:
                yield InMemoryMessageBus(**options)
                return
            options.setdefault("prefix", next_prefix())
            async with RedisMessageBus(self.server.url, **options) as bus:
                self._open.append(bus)
                try:
                    yield bus
                finally:
                    self._open.remove(bus)

    @asynccontextmanager
    async def pair(
        self, **options: Any
    ) -> AsyncIterator[tuple[MessageBus, AgentMailbox, AgentMailbox]]:
        """Make a bus with the mailboxes ``a`` and ``b``."""
        async with self.open(**options) as bus:
            yield bus, await bus.register("a"), await bus.register("b")

    async def settled(self) -> None:
        """Wait until every other task waits for something.

        A server is done with all that it was told before it answers the next command,
        and what that set off may tell it something again, a few times.
        """
        await kit.settled()
        for bus in self._open * _ROUNDS:
            await bus.agents()
            await kit.settled()

    def sweep(
        self,
        scenario: Callable[[CancelPoint], Awaitable[object]],
        **options: Any,
    ) -> int:
        """Cancel an operation at every point."""
        return sweep(scenario, virtual_time=self.has_virtual_time, **options)


def contents(messages: list[Any]) -> list[Any]:
    return [message.content for message in messages]


async def drain(mailbox: AgentMailbox) -> list[Any]:
    """Receive all that is there."""
    found: list[Any] = []
    while (message := await mailbox.receive(timeout=0)) is not None:
        found.append(message.content)
    return found


async def one(mailbox: AgentMailbox) -> Any:
    """Receive one message, and return what it says."""
    message = await mailbox.receive(timeout=0)
    return None if message is None else message.content
