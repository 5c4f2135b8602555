"""How a distributed runtime is."""

from __future__ import annotations

import attrs

from ._counters import Counters
from ._member import Member
from ._sender import Sender


@attrs.frozen
class Health:
    """How a distributed runtime is, and what it has done since it was opened."""

    worker: str
    """The name that it goes by as a host of agents; another one after each lost lease."""
    is_connected: bool
    """Whether there is a connection to the server now."""
    lease_left: float
    """For how many seconds it may go on without hearing from the server; 0 if it hosts
    nothing, since its lease is lost."""
    waiting_requests: int
    """How many requests from here wait for an answer."""
    sent: int
    """How many requests were sent."""
    published: int
    """How many messages were published."""
    received: int
    """How many messages came for agents here."""
    received_again: int
    """How many of them another worker had before, and was lost."""
    handled: int
    """How many of them are over."""
    cancelled: int
    """How many requests were given up by their senders while they were here."""
    expired: int
    """How many of these were given up since their time was over."""
    fenced: int
    """How often all agents here were stopped, since the lease could not be renewed."""
    joined: int
    """How often the runtime became a worker, once and after each lost lease."""


def take_health(
    member: Member | None, sender: Sender | None, counters: Counters, now: float
) -> Health:
    """Return how a runtime is, at a moment of its loop's clock."""
    left = 0.0
    if member is not None and member.worker is not None:
        left = member.lease.left(now)
    return Health(
        worker="" if member is None else member.name,
        is_connected=member is not None and member.is_connected,
        lease_left=left,
        waiting_requests=0 if sender is None else len(sender),
        **attrs.asdict(counters),
    )
