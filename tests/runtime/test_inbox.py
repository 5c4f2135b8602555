"""Inboxes are bounded; whoever waits for room is served in turn."""

from __future__ import annotations

import anyio
import pytest

from actrio.identity import AgentId, TopicId
from actrio.messages import (
    RUNNING,
    CancellationToken,
    Delivery,
    Envelope,
    MessageContext,
)
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.runtime._inbox import Inbox

from .kit import Busy, agent_of, register, running, settled, start, subscribe

A = AgentId("a", "k")


def envelope(number: int, kind: type[Envelope] = Envelope) -> Envelope:
    context = MessageContext(None, None, True, CancellationToken(), str(number))
    return kind(number, A, context)


class Queue:
    """Stands for the lane between envelope and inbox."""

    def __init__(self, capacity: float) -> None:
        self.inbox = Inbox(capacity)

    def put(self, *numbers: int) -> list[Envelope]:
        envelopes = [envelope(number) for number in numbers]
        for one in envelopes:
            one.queue = self
            self.inbox.put(one)
        return envelopes

    def forget(self, envelope: Envelope) -> None:
        self.inbox.forget(envelope)

    def take_all(self) -> list[object]:
        taken = []
        while (one := self.inbox.take()) is not None:
            one.state = RUNNING
            taken.append(one.message)
        return taken


def test_first_in_first_out_beyond_the_capacity() -> None:
    """Those that wait for room come after those that have it, in order."""
    queue = Queue(2)
    envelopes = queue.put(*range(5))
    assert [one.has_room for one in envelopes] == [True, True, False, False, False]
    assert (queue.inbox.size, queue.inbox.waiting_for_room) == (2, 3)
    assert queue.inbox.is_full
    assert [one.message for one in queue.inbox.queued()] == [0, 1, 2, 3, 4]
    assert queue.take_all() == [0, 1, 2, 3, 4]
    assert (queue.inbox.size, queue.inbox.waiting_for_room) == (0, 0)
    assert queue.inbox.take() is None


def test_taking_gives_room_to_the_first_that_waits() -> None:
    """One taken, one admitted."""
    queue = Queue(1)
    envelopes = queue.put(0, 1, 2)
    queue.inbox.take()
    assert [one.has_room for one in envelopes] == [True, True, False]
    assert queue.inbox.size == 1


def test_a_withdrawn_envelope_frees_its_room_at_once() -> None:
    """From the middle, the head and the line in front; it is never taken."""
    queue = Queue(3)
    envelopes = queue.put(*range(6))
    assert envelopes[1].withdraw()
    assert envelopes[3].has_room
    assert envelopes[5].withdraw()
    assert envelopes[0].withdraw()
    assert not envelopes[0].withdraw()
    assert (queue.inbox.size, queue.inbox.waiting_for_room) == (3, 0)
    assert queue.take_all() == [2, 3, 4]


def test_a_thousand_withdrawn_envelopes_are_not_kept() -> None:
    """Husks are swept out before they outnumber the living."""
    queue = Queue(10_000)
    queue.put(0)
    for number in range(1, 2000):
        [one] = queue.put(number)
        one.withdraw()
        assert len(queue.inbox._ready) <= 2 * queue.inbox.size + 33
    assert queue.take_all() == [0]


def test_many_waiting_withdrawals_cost_little() -> None:
    """A thousand waiting senders that give up leave nothing."""
    queue = Queue(1)
    envelopes = queue.put(*range(1000))
    for one in reversed(envelopes[1:]):
        one.withdraw()
    assert queue.inbox.waiting_for_room == 0
    assert queue.take_all() == [0]


def test_clearing_returns_everything_in_order() -> None:
    """Also what waits for room, without what was withdrawn."""
    queue = Queue(2)
    envelopes = queue.put(*range(5))
    envelopes[1].withdraw()
    envelopes[4].withdraw()
    assert [one.message for one in queue.inbox.clear()] == [0, 2, 3]
    assert queue.inbox.size == 0
    queue.put(9)
    assert queue.take_all() == [9]


def test_a_copy_that_is_admitted_settles_its_publisher() -> None:
    """And one that is withdrawn while it waits does not settle twice."""
    inbox = Inbox(1)
    inbox.put(envelope(0))
    delivery = envelope(1, Delivery)
    settled: list[object] = []

    class Publisher:
        def settle(self, one: object) -> None:
            settled.append(one)

    assert isinstance(delivery, Delivery)
    delivery.publication = Publisher()  # type: ignore[assignment]
    inbox.put(delivery)
    inbox.take()
    assert settled == [delivery]
    assert delivery.publication is None


@pytest.mark.anyio
@pytest.mark.every_host
async def test_senders_that_wait_for_room_are_served_in_turn() -> None:
    """Requests and publishes alike; at no time are there more than the capacity."""
    busy = Busy()
    async with running(inbox_capacity=2) as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        inbox = runtime._router.directory.actor(a).lane.inbox
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            for number in range(0, 10, 2):
                start(tasks, runtime.send_message, number, a)
                await settled()
                start(tasks, runtime.publish_message, number + 1, TopicId("t", "k"))
                await settled()
            assert inbox.size == 2
            assert inbox.waiting_for_room == 8
            assert runtime.unprocessed_messages_count == 10
            busy.release.set()
        await settled()
        assert (await agent_of(runtime, a)).seen == list(range(10))


@pytest.mark.anyio
@pytest.mark.every_host
async def test_back_pressure_reaches_a_publishing_loop() -> None:
    """A task that publishes faster than the agent handles is held up."""
    busy = Busy()
    published = 0

    async def publish(runtime: SingleThreadedAgentRuntime) -> None:
        nonlocal published
        for number in range(50):
            await runtime.publish_message(number, TopicId("t", "k"))
            published += 1

    async with running(inbox_capacity=4) as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            start(tasks, publish, runtime)
            await settled()
            assert published == 4
            busy.release.set()
        await settled()
        assert (await agent_of(runtime, a)).seen == list(range(50))


@pytest.mark.anyio
@pytest.mark.every_host
async def test_a_full_inbox_delays_nobody_elses() -> None:
    """Other agents of the same type have inboxes of their own."""
    busy = Busy()
    async with running(inbox_capacity=1) as runtime:
        [a] = await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            for _ in range(3):
                start(tasks, runtime.send_message, "x", a)
            assert await runtime.send_message("y", AgentId("a", "2")) == "y"
            busy.release.set()


@pytest.mark.anyio
@pytest.mark.every_host
async def test_the_capacity_is_a_setting_of_runtime_and_type() -> None:
    """The registration's number wins."""
    async with running(inbox_capacity=7) as runtime:
        [a] = await register(runtime, "a")
        [b] = await register(runtime, "b", inbox_capacity=3)
        directory = runtime._router.directory
        assert directory.actor(a).lane.inbox.capacity == 7
        assert directory.actor(b).lane.inbox.capacity == 3
    assert SingleThreadedAgentRuntime()._router.settings.inbox_capacity == 1024
