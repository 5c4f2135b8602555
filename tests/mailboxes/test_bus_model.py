"""What a bus does against a model, whatever it is made of."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given, settings, strategies as st

from actrio.mailboxes import AgentMailbox, AgentMessage, MessageBus
from actrio.mailboxes._message import LANES
from actrio.mailboxes._order import choose, count_passed, order
from actrio.testing import run

from .buses import Buses

CAPACITY = 5
Step = tuple[str, int]
number = st.integers(0, 3)
programs = st.lists(
    st.one_of(
        st.tuples(st.just("send"), number),
        st.tuples(st.just("send"), number),
        st.tuples(st.just("take"), number),
        st.tuples(st.just("confirm"), number),
        st.tuples(st.just("give back"), number),
        st.tuples(st.just("take over"), number),
        st.tuples(st.just("look"), number),
    ),
    max_size=50,
)


class Model:
    """One mailbox beside lists."""

    def __init__(self, bus: MessageBus, a: AgentMailbox, b: AgentMailbox) -> None:
        self.bus, self.a, self.b = bus, a, b
        self.waiting: list[list[tuple[int, bool]]] = [[] for _ in LANES]
        self.passed = [0] * len(LANES)
        self.taken: list[tuple[AgentMessage, int]] = []
        self.sent = 0

    @property
    def counts(self) -> list[int]:
        return [len(lane) for lane in self.waiting]

    async def step(self, what: str, number: int) -> None:
        """Do one thing to both, and compare."""
        match what:
            case "send" if sum(self.counts) < CAPACITY:
                await self.a.send("b", self.sent, priority=LANES[number])
                self.waiting[number].append((self.sent, False))
                self.sent += 1
            case "take" if sum(self.counts):
                await self.take()
            case "take":
                assert await self.bus.take("b", wait=False) is None
            case "confirm" if self.taken:
                message, _ = self.taken.pop(number % len(self.taken))
                await self.bus.confirm("b", message)
            case "give back" if self.taken:
                message, lane = self.taken.pop(number % len(self.taken))
                await self.bus.give_back("b", message)
                self.waiting[lane].insert(0, (message.content, True))
            case "take over":
                await self.take_over()
            case "look":
                await self.look()
            case _:
                pass  # there is nothing to do it to

    async def take(self) -> None:
        message = await self.bus.take("b")
        assert message is not None
        counts = self.counts
        lane = choose(counts, self.passed)
        expected = self.waiting[lane].pop(0)
        counts[lane] -= 1
        self.passed = count_passed(lane, counts, self.passed)
        assert (message.content, message.redelivered) == expected
        self.taken.append((message, lane))

    async def take_over(self) -> None:
        """What was taken comes first of its priority; in which order nobody promises."""
        self.b = await self.bus.register("b", takeover=True)
        again: list[list[tuple[int, bool]]] = [[] for _ in LANES]
        for message, lane in self.taken:
            again[lane].append((message.content, True))
        shown = {one.content: place for place, one in enumerate(await self.b.peek())}
        for lane, messages in enumerate(again):
            messages.sort(key=lambda one: shown[one[0]])
            self.waiting[lane][:0] = messages
        self.taken.clear()

    async def look(self) -> None:
        lanes = [iter(lane) for lane in self.waiting]
        expected = [next(lanes[lane]) for lane in order(self.counts, self.passed)]
        shown = await self.b.peek()
        assert [(one.content, one.redelivered) for one in shown] == expected
        assert await self.b.message_count() == len(expected)


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_a_mailbox_is_like_its_model(
    buses: Buses, host: Literal["trio", "asyncio"]
) -> None:
    """Whatever is done to it, in whatever order."""

    async def play(program: list[Step]) -> None:
        async with buses.pair(capacity=CAPACITY) as (bus, a, b):
            model = Model(bus, a, b)
            for step in program:
                await model.step(*step)
            await model.look()

    @settings(max_examples=100 if buses.has_virtual_time else 40, deadline=None)
    @given(program=programs)
    def check(program: list[Step]) -> None:
        run(play, program, host=host, virtual_time=buses.has_virtual_time)

    check()


def test_the_order_of_priorities_is_the_same_in_redis(buses: Buses) -> None:
    """A long time without a break, so that the patience of all is tried."""

    async def play(seed: list[int]) -> Any:
        async with buses.open() as bus:
            a, b = await bus.register("a"), await bus.register("b")
            for place, lane in enumerate(seed):
                await a.send("b", place, priority=LANES[lane])
            waiting = [seed.count(lane) for lane in range(len(LANES))]
            places = [[p for p, one in enumerate(seed) if one == n] for n in range(4)]
            expected = [places[n].pop(0) for n in order(waiting, [0] * 4)]
            assert [one.content for one in await b.peek()] == expected
            got = [await b.receive() for _ in seed]
            assert [one.content for one in got if one is not None] == expected

    @settings(max_examples=10, deadline=None)
    @given(seed=st.lists(number, min_size=80, max_size=150))
    def check(seed: list[int]) -> None:
        run(play, seed, virtual_time=buses.has_virtual_time)

    check()
