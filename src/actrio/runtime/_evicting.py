"""Giving all agents up at once, because they may live in other processes by now."""

from __future__ import annotations

from ..messages import Envelope
from ._router import Router


def evict(router: Router) -> None:
    """Cancel all handlers and give up all agents.

    Nothing is saved. What is queued goes elsewhere too. An agent that was registered as an
    instance stays.
    """
    for actor in router.directory:
        for lane in actor.lanes():
            router.refuse_lane(lane)
            for envelope in lane.holders.values():
                _cancel(envelope)
        for envelope in actor.nested.values():
            _cancel(envelope)
        if actor.registration.factory is not None:
            actor.life.part().saves = False
            router.directory.forget(actor)


def _cancel(envelope: Envelope) -> None:
    if envelope.scope is not None:
        envelope.scope_cancelled = True
        envelope.scope.cancel()
