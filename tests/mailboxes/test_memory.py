"""What is true of the bus in memory only, and what it does against a model."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
import trio
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from tests.properties.settings import steps

from actrio.mailboxes import AgentMessage, InMemoryMessageBus
from actrio.mailboxes._message import LANES
from actrio.mailboxes._order import choose, count_passed


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


class Model(RuleBasedStateMachine):
    """One mailbox beside lists."""

    def __init__(self) -> None:
        super().__init__()
        self.bus = InMemoryMessageBus(capacity=5)
        self.waiting: list[list[tuple[int, bool]]] = [[] for _ in LANES]
        self.passed = [0] * len(LANES)
        self.taken: list[tuple[AgentMessage, int]] = []
        self.sent = 0

    def do(self, async_fn: Any, *args: Any) -> Any:
        return trio.run(async_fn, *args)

    @initialize()
    def register(self) -> None:
        self.a = self.do(self.bus.register, "a")
        self.b = self.do(self.bus.register, "b")

    @property
    def count(self) -> int:
        return sum(len(lane) for lane in self.waiting)

    @precondition(lambda self: self.count < 5)
    @rule(lane=st.integers(0, 3))
    def send(self, lane: int) -> None:
        async def send() -> None:
            await self.a.send("b", self.sent, priority=LANES[lane])

        self.do(send)
        self.waiting[lane].append((self.sent, False))
        self.sent += 1

    @precondition(lambda self: self.count)
    @rule()
    def take(self) -> None:
        message = self.do(self.bus.take, "b")
        lengths = [len(lane) for lane in self.waiting]
        lane = choose(lengths, self.passed)
        expected = self.waiting[lane].pop(0)
        lengths[lane] -= 1
        self.passed = count_passed(lane, lengths, self.passed)
        if not any(lengths[:1] + lengths[1:2] + lengths[3:]) and lane == 2:
            self.passed = [0] * len(LANES)
        assert (message.content, message.redelivered) == expected
        self.taken.append((message, lane))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        message, _ = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        self.do(self.bus.confirm, "b", message)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        message, lane = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        self.do(self.bus.give_back, "b", message)
        self.waiting[lane].insert(0, (message.content, True))

    @rule()
    def take_over(self) -> None:
        async def take_over() -> Any:
            return await self.bus.register("b", takeover=True)

        self.b = self.do(take_over)
        for message, lane in reversed(self.taken):
            self.waiting[lane].insert(0, (message.content, True))
        self.taken.clear()

    @invariant()
    def shows_what_is_there(self) -> None:
        if not hasattr(self, "b"):
            return
        shown = self.do(self.b.peek)
        assert sorted(one.content for one in shown) == sorted(
            number for lane in self.waiting for number, _ in lane
        )
        assert self.do(self.b.message_count) == self.count


Model.TestCase.settings = steps
TestModel = Model.TestCase
