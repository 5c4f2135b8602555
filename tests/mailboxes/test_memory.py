"""What is true of the bus in memory only."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
import trio

from actrio.mailboxes import AgentMessage, InMemoryMessageBus


def test_a_bus_outlives_event_loops() -> None:
    """What waits in it waits for the next one; those who waited are forgotten."""
    bus = InMemoryMessageBus()

    async def first() -> None:
        a = await bus.register("a")
        await bus.register("b")
        await a.send("b", "from before")
        with anyio.move_on_after(0.01):
            await a.receive()

    async def second() -> Any:
        message = await bus.receive("b")
        assert message is not None
        return message.content

    trio.run(first)
    assert asyncio.run(second()) == "from before"
    assert bus.registered_agents == ("a", "b")
    assert repr(bus) == "<InMemoryMessageBus: 2 mailboxes>"


async def test_two_event_loops_at_once() -> None:
    """Is refused while somebody waits in the first."""
    bus = InMemoryMessageBus()
    mailbox = await bus.register("a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mailbox.receive)
        await trio.testing.wait_all_tasks_blocked()

        async def elsewhere() -> None:
            await bus.message_count("a")

        with pytest.raises(RuntimeError, match="another event loop"):
            await trio.to_thread.run_sync(asyncio.run, elsewhere())
        nursery.cancel_scope.cancel()


def test_a_broadcast_is_received_before_it_is_answered() -> None:
    """Else nobody is there to answer it."""
    made = AgentMessage(sender="a", recipient="*", content="x")
    with pytest.raises(ValueError, match="nobody has received this broadcast"):
        made.reply("y")
    assert made.reply("y", sender="b", priority="high").sender == "b"


def test_a_reply_goes_on_with_the_conversation() -> None:
    """The correlation id stays; priority and metadata do not."""
    first = AgentMessage(
        sender="a", recipient="b", content=1, priority="urgent", metadata={"k": 1}
    )
    second = first.reply(2)
    third = second.reply(3)
    assert second.correlation_id == third.correlation_id == first.id
    assert (third.sender, third.recipient) == ("a", "b")
    assert (second.priority, second.metadata) == ("normal", {})
