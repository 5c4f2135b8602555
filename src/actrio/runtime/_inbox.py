"""The bounded queue in front of one actor.

Invariants: an envelope is either *ready* (it has room) or *waiting* for room; somebody
waits only while the inbox is full; both are first in, first out. What was taken and is
put back comes first, and may make an inbox fuller than full. Room is counted, not
derived from the length of a container: a withdrawn envelope frees its room at once and
stays behind as a husk that `take` skips, swept out before husks outnumber the living.

Why not a memory channel: it cannot give back what was withdrawn from its middle, and
anyio's loses an item when the receiver is cancelled between the hand-over and its
next step. Here nothing is handed over: a woken actor takes for itself.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from ..messages import QUEUED, Delivery, Envelope

_HUSKS_ALLOWED = 32


class Inbox:
    """Envelopes for one actor, and the senders that wait for room."""

    __slots__ = ("_ready", "_waiting", "capacity", "size")

    def __init__(self, capacity: float) -> None:
        self.capacity = capacity
        self.size = 0
        """How many envelopes are ready, withdrawn ones not counted."""
        self._ready: deque[Envelope] = deque()
        # made when the inbox is full for the first time
        self._waiting: OrderedDict[Envelope, None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the next envelope has to wait for room."""
        return self.size >= self.capacity

    @property
    def waiting_for_room(self) -> int:
        """How many envelopes wait for room."""
        return len(self._waiting or ())

    def put(self, envelope: Envelope) -> None:
        """Queue an envelope, behind the others that wait if there is no room."""
        if self.size < self.capacity:
            envelope.has_room = True
            self.size += 1
            self._ready.append(envelope)
            return
        if self._waiting is None:
            self._waiting = OrderedDict()
        self._waiting[envelope] = None

    def put_back(self, envelope: Envelope) -> None:
        """Queue an envelope that was taken, before all others, even if there is no room."""
        envelope.has_room = True
        self.size += 1
        self._ready.appendleft(envelope)

    def take(self) -> Envelope | None:
        """Remove and return the oldest ready envelope; None if there is none.

        Taking frees room, which goes to the first that waits for it.
        """
        ready = self._ready
        while ready:
            envelope = ready.popleft()
            if envelope.state is QUEUED:
                self.size -= 1
                if self._waiting:
                    self._admit()
                return envelope
        return None

    def forget(self, envelope: Envelope) -> None:
        """Free the room of an envelope that was just withdrawn."""
        if not envelope.has_room:
            if self._waiting is not None:
                self._waiting.pop(envelope, None)
            return
        self.size -= 1
        if self._waiting:
            self._admit()
        if len(self._ready) > 2 * self.size + _HUSKS_ALLOWED:
            self._ready = deque(e for e in self._ready if e.state is QUEUED)

    def queued(self) -> Iterator[Envelope]:
        """Yield what is queued, oldest first, those that wait for room at the end."""
        for envelope in [*self._ready, *(self._waiting or ())]:
            if envelope.state is QUEUED:
                yield envelope

    def clear(self) -> list[Envelope]:
        """Empty the inbox and return what was queued, oldest first."""
        envelopes = list(self.queued())
        self._ready.clear()
        self._waiting = None
        self.size = 0
        return envelopes

    def _admit(self) -> None:
        """Give free room to the first that waits for it."""
        assert self._waiting is not None
        if self.is_full:  # still, since something was put back
            return
        envelope, _ = self._waiting.popitem(last=False)
        self.put(envelope)
        if isinstance(envelope, Delivery):
            envelope.settle()
