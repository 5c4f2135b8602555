"""Tasks that wait for something of a mailbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .._concurrency import Host, Waiter
from ..exceptions import MailboxError
from ._message import AgentMessage


class Guest(Waiter):
    """A task that waits for something of a mailbox."""

    error: MailboxError | None = None
    """Why it waits in vain."""


class Reader(Guest):
    """A task that waits for a message."""

    message: AgentMessage | None = None
    """What it is given when it is woken."""

    def __init__(self, queue: deque[Reader]) -> None:
        self._queue = queue

    def leave(self) -> bool:
        self._queue.remove(self)
        return True


class Asker(Guest):
    """A task that waits for the answer to its request."""

    answer: AgentMessage | None = None


async def parked(host: Host, guest: Guest) -> None:
    """Wait until somebody wakes a guest.

    On asyncio the cancellation may be raised although it was woken in the same step.
    """
    await host.park(guest)
    if guest.error is not None:
        raise guest.error
    if guest.cancelled is not None:
        guest.cancelled()


def turn_away(host: Host, guests: Iterable[Guest], error: MailboxError) -> None:
    """Tell guests that they wait in vain, and why if they have no reason of their own."""
    for guest in guests:
        guest.error = guest.error or error
        host.wake(guest)


def unregistered(name: str) -> str:
    """Say that a mailbox was unregistered."""
    return f"mailbox {name!r} was unregistered"


def taken_over(name: str) -> str:
    """Say that a mailbox was taken over."""
    return f"mailbox {name!r} was taken over by another owner"


def not_registered(name: str, role: str = "mailbox") -> str:
    """Say that a mailbox is not registered, and what to do."""
    return f"{role} {name!r} is not registered; await bus.register({name!r})"


def exists(name: str) -> str:
    """Say that a mailbox is registered already, and what to do."""
    return (
        f"mailbox {name!r} is registered already; unregister it first, choose "
        "another name, or take it over with takeover=True"
    )
