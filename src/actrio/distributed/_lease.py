"""Leases: how long a worker may take what it hosts for its own.

A lease begins when its renewal was *sent*, and ends for the worker after three quarters of
its time, when it stops all it does; for the others after all of it, when they take over. The
quarter between is for clocks that run differently, and for handlers that unwind.
"""

from __future__ import annotations

from typing import Final

import attrs

FENCED_AT: Final = 0.75
"""After which part of its lease a worker stops that could not renew it."""
_RENEWALS: Final = 4
"""How often a lease is renewed before it would end."""
_EVERY: Final = 0.5
"""How many seconds may pass before it is noticed that another worker is dead."""


@attrs.define
class Lease:
    """The lease of one worker, on its own clock."""

    seconds: float
    renewed_at: float = 0.0
    """When its last renewal was sent that was answered."""

    @property
    def fenced_at(self) -> float:
        """When the worker has to have stopped."""
        return self.renewed_at + FENCED_AT * self.seconds

    @property
    def ends_at(self) -> float:
        """When others may take over, at the latest."""
        return self.renewed_at + self.seconds

    @property
    def every(self) -> float:
        """How many seconds there are between two renewals."""
        return min(self.seconds / _RENEWALS, _EVERY)

    def left(self, now: float) -> float:
        """Return for how many seconds the worker may go on."""
        return max(0.0, self.fenced_at - now)

    def is_held(self, now: float) -> bool:
        """Whether the worker may go on."""
        return now < self.fenced_at


@attrs.define
class Clock:
    """The server's clock, as far as it is known here."""

    offset: float = 0.0
    """What has to be added to our clock, in seconds."""
    _is_known: bool = False

    def adjust(self, sent: float, received: float, milliseconds: int) -> None:
        """Learn what the time was at the server, between sending and receiving.

        What was known before holds as far as it can be: an answer that took long, since
        the server was frozen, says little.
        """
        least, most = milliseconds / 1000 - received, milliseconds / 1000 - sent
        if self._is_known:
            self.offset = min(max(self.offset, least), most)
        else:
            self.offset, self._is_known = (least + most) / 2, True

    def local(self, milliseconds: int) -> float:
        """Return a moment of the server's clock on ours."""
        return milliseconds / 1000 - self.offset
