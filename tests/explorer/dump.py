"""Who waits for whom: a picture of the live objects of a runtime that hangs."""

from __future__ import annotations

from collections.abc import Iterator

from actrio.messages import Envelope
from actrio.runtime._router import Router
from actrio.runtime._waits import Invocation


class _Names:
    def __init__(self) -> None:
        self._numbers: dict[Invocation, int] = {}

    def of(self, invocation: object) -> str:
        if not isinstance(invocation, Invocation):
            return "nobody"
        number = self._numbers.setdefault(invocation, len(self._numbers) + 1)
        return f"#{number} of {invocation.agent_id}"


def dump(router: Router) -> str:
    """Describe invocations with their waits, guests and hosts, and all queues."""
    return "\n".join(["the wait graph:", *_lines(router, _Names())])


def _lines(router: Router, names: _Names) -> Iterator[str]:
    supervisor = router.supervisor
    yield f"  {supervisor.phase}, {router.quiescence.active} messages are not over"
    for actor in router.directory:
        state = "built" if actor.life.is_built else "not built"
        reentrant = "" if actor.registration.reentrant else ", not reentrant"
        yield f"  {actor.id}, {state}{reentrant}"
        if actor.life.changing is not None:
            yield f"    is being built by {_invocation(actor.life.changing, names)}"
        for lane in actor.lanes():
            kind = "lane" if lane is actor.lane else "lane for concurrent handlers"
            parked = "" if lane.parked is None else ", parked"
            serving = "served" if lane.tasks else "not served"
            yield (
                f"    {kind}, {lane.slots} slots, {serving}{parked}, "
                f"{lane.inbox.size} of {lane.inbox.capacity} queued, "
                f"{lane.inbox.waiting_for_room} wait for room"
            )
            for holder in lane.holders:
                yield f"      held by {_invocation(holder, names)}"
            for envelope in lane.inbox.queued():
                yield f"      queued {_envelope(envelope)}"
        for nested in actor.nested:
            yield f"    nested {_invocation(nested, names)}"


def _invocation(invocation: Invocation, names: _Names) -> str:
    parts = [names.of(invocation)]
    parts += [
        f"waits for {_envelope(envelope)} run by {names.of(envelope.invocation)}"
        for envelope in invocation.waits
    ]
    parts += [f"hosts {names.of(guest)}" for guest in invocation.guests]
    parts += [f"is nested in {names.of(host)}" for host in invocation.hosts]
    if invocation.holding:
        parts.append(f"{len(invocation.holding)} of its tasks hold")
    return ", ".join(parts)


def _envelope(envelope: Envelope) -> str:
    number = getattr(envelope.message, "number", "?")
    kind = type(envelope).__name__.lower()
    room = "" if envelope.has_room else ", without room"
    return f"{kind} {number} to {envelope.recipient} ({envelope.state.value}{room})"
