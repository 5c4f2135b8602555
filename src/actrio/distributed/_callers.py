"""Requests across processes as nodes of the wait graph.

A handler that waits for a request goes on when that is over; what that waits for in turn is
known where it arrives. Each request carries its *chain*: the ids of the requests whose
handlers wait for it. So whatever arrives here with a request of ours in its chain is what
our handler waits for.

::

    handler of A ──waits──► Journey of r1 ──► Caller of r3 ──waits──► lane or handler here
                            (sent from here)  (arrived, chain r1 r2 r3)
"""

from __future__ import annotations

from collections.abc import Sequence

from ..identity import AgentId
from ..runtime._waits import Invocation, Node
from ._arrivals import Arrival


class Journey:
    """A request that was sent from here: a node of the wait graph."""

    needs_all = True

    def __init__(self, id: bytes, agent: str, callers: Callers) -> None:
        self.id = id
        self.agent = agent
        """Whom it was sent to."""
        self._callers = callers

    def blockers(self) -> Sequence[Node]:
        """Return what has arrived here on its behalf."""
        return self._callers.behind(self.id)


class Caller(Invocation):
    """Whoever waits for a request that has arrived here: a node of the wait graph."""

    def __init__(self, arrival: Arrival, agent_id: AgentId, owner: object) -> None:
        super().__init__(agent_id, owner)
        self.chain = arrival.origin.chain
        # two handlers run in tasks of their own before the first that is nested
        self.depth = max(0, len(self.chain) - 2)
        self.waits = (arrival,)


class Callers:
    """The callers whose requests have arrived here, by the requests that wait for them."""

    def __init__(self) -> None:
        self._behind: dict[bytes, dict[Caller, None]] = {}
        self._callers: dict[Arrival, Caller] = {}

    def behind(self, id: bytes) -> Sequence[Caller]:
        """Return the callers that a request waits for."""
        return tuple(self._behind.get(id, ()))

    def add(self, arrival: Arrival, agent_id: AgentId, owner: object) -> Caller:
        """Note that a request has arrived which was sent by a handler."""
        caller = self._callers[arrival] = Caller(arrival, agent_id, owner)
        for request in caller.chain:
            self._behind.setdefault(request, {})[caller] = None
        return caller

    def remove(self, arrival: Arrival) -> None:
        """Note that a request is over."""
        caller = self._callers.pop(arrival, None)
        if caller is None:
            return
        for request in caller.chain:
            behind = self._behind[request]
            del behind[caller]
            if not behind:
                del self._behind[request]
