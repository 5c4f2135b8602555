"""Parting: the wish that an agent leaves, and the run of its last hooks."""

from __future__ import annotations

from .._concurrency import Waiter
from ..identity import AgentId
from ..messages import Envelope
from ._activation import Farewell
from ._contracts import Places
from ._waits import Invocation


class Parting:
    """The wish that an agent leaves, until it has."""

    def __init__(self) -> None:
        self.saves = True
        """Whether its state is worth keeping: not after a failure."""
        self.drains = False
        """Whether no message may begin before."""
        self.waiters: list[Waiter] = []
        """Who wants to know when it is over."""
        self.farewell: Farewell | None = None
        """How it ended."""


class Departure(Invocation):
    """The run of an agent's last hooks."""

    def __init__(
        self, id: AgentId, owner: object, residents: Places | None, place: object
    ) -> None:
        super().__init__(id, owner)
        self._residents = residents
        self._place = place

    def begin_waits(self, envelopes: tuple[Envelope, ...]) -> None:
        """Tell the residents too: nobody may wait for an agent that waits itself."""
        super().begin_waits(envelopes)
        if self._residents is not None:
            self._residents.waits(self._place)
