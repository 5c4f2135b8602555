"""Buses of every kind, for tests of what they have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from actrio.mailboxes import AgentMailbox, InMemoryMessageBus, MessageBus

KINDS = ["memory"]
_SECONDS = 3600
"""How long a test may take, most of them in virtual time."""


class Buses:
    """Makes buses of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[MessageBus]:
        """Make a bus for the length of a block, which fails if it hangs."""
        assert self.kind == "memory"
        with anyio.fail_after(_SECONDS):
            yield InMemoryMessageBus(**options)

    @asynccontextmanager
    async def pair(
        self, **options: Any
    ) -> AsyncIterator[tuple[MessageBus, AgentMailbox, AgentMailbox]]:
        """Make a bus with the mailboxes ``a`` and ``b``."""
        async with self.open(**options) as bus:
            yield bus, await bus.register("a"), await bus.register("b")


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
