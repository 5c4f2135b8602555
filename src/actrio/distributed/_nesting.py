"""Requests in a cycle: what could never begin in its turn is handled nested.

The rules are those of one process, and so is the graph, with what other processes wait for
added to it (see `_callers`). There the asking task runs the nested handler; here it is in
another process, so a task of the worker stands in for it.
"""

from __future__ import annotations

from .._concurrency import uninterruptible
from ..messages import DONE, QUEUED, WITHDRAWN
from ..runtime._actor import Actor, Lane
from ..runtime._requests import (
    ask_nested,
    deadlock,
    stuck_if_queued,
    why_not_nested,
)
from ..runtime._router import Router
from ..runtime._waits import Node
from ._arrivals import Arrival
from ._callers import Caller, Callers
from ._probing import Probing


class Nesting:
    """Handles requests of one worker whose recipients wait for them."""

    def __init__(self, router: Router, callers: Callers, probing: Probing) -> None:
        self._router = router
        self._callers = callers
        self._probing = probing

    def admits(self, arrival: Arrival, actor: Actor, lane: Lane) -> bool:
        """Handle a request nested if it could never begin otherwise; say whether so."""
        sender = arrival.context.sender or arrival.recipient
        caller = self._callers.add(arrival, sender, self._router)
        if stuck_if_queued(lane, caller) is None:
            if lane.blockers():  # which may wait for something in other processes
                self._probing.suspect(arrival, caller, lane)
            return False
        self._router.start_task(self._handle, arrival, actor, lane, caller)
        return True

    def nest(
        self, arrival: Arrival, caller: Caller, lane: Lane, stuck: set[Node]
    ) -> None:
        """Handle a queued request nested, which could never begin otherwise."""
        lane.inbox.forget(arrival)
        arrival.queue = None
        self._router.start_task(
            self._handle_stuck, arrival, lane.actor, lane, caller, stuck
        )

    @uninterruptible
    async def _handle_stuck(
        self,
        arrival: Arrival,
        actor: Actor,
        lane: Lane,
        caller: Caller,
        stuck: set[Node],
    ) -> None:
        try:
            if not _is_given_up(arrival):
                await self._handle_nested(arrival, actor, lane, caller, stuck)
        finally:
            self._router.task_ended()

    @uninterruptible
    async def _handle(
        self, arrival: Arrival, actor: Actor, lane: Lane, caller: Caller
    ) -> None:
        router = self._router
        try:
            # what was stuck when this task was started may have gone on
            stuck = stuck_if_queued(lane, caller)
            if _is_given_up(arrival):
                return
            if stuck is None:
                arrival.queue = lane
                lane.put(arrival)
                return
            await self._handle_nested(arrival, actor, lane, caller, stuck)
        finally:
            router.task_ended()

    @uninterruptible
    async def _handle_nested(
        self,
        arrival: Arrival,
        actor: Actor,
        lane: Lane,
        caller: Caller,
        stuck: set[Node],
    ) -> None:
        router = self._router
        why_not = why_not_nested(actor, caller)
        if why_not is not None:
            arrival.state = WITHDRAWN
            arrival.failure = deadlock(lane, arrival, caller, stuck, why_not)
            arrival.origin.receiver.over(arrival)
            return
        try:
            await ask_nested(router, actor, arrival, caller, stuck)
        except BaseException as exc:
            cancellation, own = router.host.split_cancellation(exc)
            if own is not None:
                arrival.error = own
            elif not arrival.scope_cancelled:
                arrival.failure = router.interrupted_error(actor.id)
            if cancellation is not None:
                raise
        finally:
            arrival.state = DONE
            arrival.origin.receiver.over(arrival)


def _is_given_up(arrival: Arrival) -> bool:
    """Say whether a request was given up while it was in no queue; it is over then."""
    receiver = arrival.origin.receiver
    if arrival.state is QUEUED and not receiver.is_over:
        return False
    arrival.state = WITHDRAWN
    receiver.over(arrival)
    return True
