"""When the callers of requests stop waiting: one timer for all of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from .._concurrency import Host, Timer
from ..messages import QUEUED, RUNNING
from ._arrivals import Arrival

_SWEPT_AT = 1024


class Deadlines:
    """Calls a function with each request whose time is over.

    What is over before is dropped when its time comes, or there is too much of it.
    """

    def __init__(self, host: Host, expired: Callable[[Arrival], object]) -> None:
        self._host = host
        self._expired = expired
        self._heap: list[tuple[float, int, Arrival]] = []
        self._numbers = count()
        self._timer: Timer | None = None
        self._armed_for = 0.0
        self._swept_at = _SWEPT_AT

    def add(self, arrival: Arrival, deadline: float) -> bool:
        """Watch a deadline; say no if it has passed already."""
        now = self._host.current_time()
        if deadline <= now:
            return False
        if len(self._heap) >= self._swept_at:
            self._sweep()
        heapq.heappush(self._heap, (deadline, next(self._numbers), arrival))
        if self._timer is None or deadline < self._armed_for:
            self._arm(now)
        return True

    def stop(self) -> None:
        """Watch nothing any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = self._heap[0][0]
        self._timer = self._host.call_later(max(0.0, self._armed_for - now), self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._host.current_time()
        while self._heap and self._heap[0][0] <= now:
            _, _, arrival = heapq.heappop(self._heap)
            self._expired(arrival)
        if self._heap:
            self._arm(now)

    def _sweep(self) -> None:
        """Drop what is over; if nearly all is alive, look again only at twice as much."""
        alive = [entry for entry in self._heap if entry[2].state in (QUEUED, RUNNING)]
        self._heap = alive
        heapq.heapify(self._heap)
        self._swept_at = max(_SWEPT_AT, 2 * len(alive))
