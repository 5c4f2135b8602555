"""The watch for actors that are busy for long while messages queue behind them.

Waits on the user's own locks and events are not in the wait graph, so a handler that
will never end looks like one that is slow. It is logged once, with the way out. The
watch arms a deadline only while messages queue, and looks at a lane once per deadline.
"""

from __future__ import annotations

import logging
import math
from typing import Final

from .._concurrency import Waiter
from ..logging import ROOT_LOGGER_NAME
from ._actor import Lane
from ._contracts import Tasks
from ._waits import Invocation

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)


class BusyWatch(Waiter):
    """Logs each invocation that keeps others waiting for too long."""

    def __init__(self, router: Tasks, after: float) -> None:
        self._router = router
        self._after = after
        self._running = False
        self._watched: dict[Lane, list[Invocation]] = {}

    def watch(self, lane: Lane) -> None:
        """Look at a lane after a while; called when a message queues in it."""
        if self._after == math.inf:
            return
        if not lane.holders and lane.inbox.size <= lane.slots:
            return  # all of them are about to begin
        lane.watched = True
        self._watched[lane] = list(lane.holders)
        if not self._running:
            self._running = True
            self._router.start_task(self._run)

    async def _run(self) -> None:
        host = self._router.host
        try:
            while self._watched:
                await host.sleep(self._after)
                watched, self._watched = self._watched, {}
                for lane, holders_then in watched.items():
                    lane.watched = False
                    if lane.inbox.size:
                        self._look(lane, holders_then)
                        self.watch(lane)
        finally:
            self._running = False
            for lane in self._watched:
                lane.watched = False
            self._watched.clear()
            self._router.task_ended()

    def _look(self, lane: Lane, holders_then: list[Invocation]) -> None:
        for invocation in lane.holders:
            if invocation in holders_then and not invocation.reported_busy:
                invocation.reported_busy = True
                _logger.warning(
                    "Agent %s has been handling one message for more than %g s while "
                    "%d others wait; if it waits for one of them, use a request "
                    "instead of a lock or event, or register it with a larger "
                    "max_concurrency",
                    invocation.agent_id,
                    self._after,
                    lane.inbox.size + lane.inbox.waiting_for_room,
                )
