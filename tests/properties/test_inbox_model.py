"""The inbox against two plain lists."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from actrio import AgentId, CancellationToken, MessageContext
from actrio._concurrency import Waiter
from actrio.messages import RUNNING, Delivery, Envelope, Publication, Request
from actrio.runtime._inbox import Inbox

from .settings import steps

RECIPIENT = AgentId("recipient", "1")


class InboxMachine(RuleBasedStateMachine):
    """Puts, takes, withdraws and clears at random."""

    @initialize(capacity=st.integers(1, 4))
    def begin(self, capacity: int) -> None:
        self.inbox = Inbox(capacity)
        self.capacity = capacity
        self.ready: list[Envelope] = []
        self.waiting: list[Envelope] = []
        self.woken: list[Waiter] = []

    def _envelope(self, *, published: bool) -> Envelope:
        context = MessageContext(None, None, not published, CancellationToken(), "1")
        kind = Delivery if published else Request
        envelope = kind("message", RECIPIENT, context)
        envelope.queue = self.inbox
        return envelope

    def _fill(self) -> None:
        """Move what waits into the room that there is, oldest first."""
        while self.waiting and len(self.ready) < self.capacity:
            self.ready.append(self.waiting.pop(0))

    @rule(published=st.booleans())
    def put(self, published: bool) -> None:
        envelope = self._envelope(published=published)
        if isinstance(envelope, Delivery):
            Publication(self.woken.append).add(envelope)
        self.inbox.put(envelope)
        self.waiting.append(envelope)
        if isinstance(envelope, Delivery) and envelope.has_room:
            envelope.settle()  # as the publisher does
        self._fill()

    @rule(times=st.integers(1, 5))
    def take(self, times: int) -> None:
        for _ in range(times):
            expected = self.ready.pop(0) if self.ready else None
            self._fill()
            taken = self.inbox.take()
            assert taken is expected
            if taken is not None:
                taken.state = RUNNING

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        queued = [*self.ready, *self.waiting]
        if not queued:
            return
        envelope = data.draw(st.sampled_from(queued))
        (self.ready if envelope in self.ready else self.waiting).remove(envelope)
        self._fill()
        assert envelope.withdraw()
        assert not envelope.withdraw()

    @rule(rounds=st.integers(1, 80))
    def put_and_withdraw(self, rounds: int) -> None:
        """Make husks, many of them."""
        for _ in range(rounds):
            self.put(published=False)
            (self.waiting or self.ready).pop().withdraw()

    @rule()
    def clear(self) -> None:
        assert self.inbox.clear() == [*self.ready, *self.waiting]
        self.ready, self.waiting = [], []

    @invariant()
    def agrees_with_the_lists(self) -> None:
        inbox = self.inbox
        assert list(inbox.queued()) == [*self.ready, *self.waiting]
        assert inbox.size == len(self.ready)
        assert inbox.waiting_for_room == len(self.waiting)
        assert inbox.is_full == (len(self.ready) == self.capacity)
        assert all(envelope.has_room for envelope in self.ready)
        assert not any(envelope.has_room for envelope in self.waiting)

    @invariant()
    def publishers_wait_only_for_room(self) -> None:
        for envelope in self.ready:
            assert getattr(envelope, "publication", None) is None
        for envelope in self.waiting:
            if isinstance(envelope, Delivery):
                assert envelope.publication not in self.woken

    @invariant()
    def husks_are_bounded(self) -> None:
        assert len(self.inbox._ready) <= 2 * self.inbox.size + 33


@pytest.mark.slow
def test_room_order_withdrawal_and_husks_agree_with_lists() -> None:
    """Whatever is put, taken, withdrawn and cleared, two lists say the same."""
    run_state_machine_as_test(InboxMachine, settings=steps)
