"""Residents: which agents live, and which of them have been idle for long enough.

An agent is passivated when it was idle for as long as its type allows, or when more
agents live than may and it is the one that was used least recently. Only agents that do
nothing leave; while all are busy, more live than may.

A new agent waits until somebody who makes room for it has left; otherwise a fast sender
could have any number of agents on their way out. An agent on its way out may ask others,
even the one that waits for its place. So nobody waits for an agent that waits itself:
that leaves no cycle.

An agent that cannot be saved is left alone for a while, and altogether while somebody
waits for the runtime to be idle: closing it will save it, and agents that try again and
again would keep each other busy for ever.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from .._concurrency import Waiter
from ._actor import Actor
from ._contracts import Tasks
from ._registration import Registration

_TRIED_AGAIN_AFTER: Final = 1.0
"""How many seconds an agent that could not be saved is left alone."""

_LOOKED_AT: Final = 16
"""How many of those that are left alone are passed over to find one that may go."""


class Building(Tasks, Protocol):
    """Where residents live."""

    clock: Callable[[], float]

    @property
    def ends_when_idle(self) -> bool:
        """Whether somebody waits for the runtime to be idle."""
        ...


class Residents:
    """The agents of one runtime that live, as far as anybody has to know."""

    def __init__(self, router: Building, limit: float) -> None:
        self._router = router
        self._limit = limit
        self._live = 0
        """How many live, are being made, or are on their way out."""
        self._leaving: set[Actor] = set()
        self._going: set[Actor] = set()
        """Those of them that have not waited for anybody on their way out."""
        self._waiting: deque[Waiter] = deque()
        """New agents that wait for one of those that go; never more of them."""
        self._idle: OrderedDict[Actor, None] = OrderedDict()
        """Who may leave, least recently used first; some are at work again."""
        self._refused: dict[Actor, float] = {}
        """Who could not be saved, and when it may be tried again."""
        self._clocks: dict[str, IdleClock] = {}

    def watches(self, registration: Registration) -> bool:
        """Say whether agents of a type leave by themselves."""
        if registration.factory is None:
            return False  # nobody could bring them back
        return self._limit != math.inf or registration.passivate_after is not None

    async def enter(self) -> None:
        """Come to live here; waits for one that makes room.

        Cancellation: The agent counts as living; `left` must follow.
        """
        self._live += 1
        if self._live <= self._limit:
            return
        self._send_away()
        if len(self._waiting) < len(self._going):
            waiter = Waiter()
            self._waiting.append(waiter)
            try:
                await self._router.host.park(waiter)
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)

    def idle(self, actor: Actor) -> bool:
        """Hear that an agent has nothing to do; return whether it is to leave."""
        self._count_idle_time(actor)
        if self._limit == math.inf:
            return False
        self._idle[actor] = None
        self._idle.move_to_end(actor)
        self._send_away()
        return actor.life.parting is not None

    def may_leave(self, actor: Actor) -> bool:
        """Say whether an agent has nothing to do, and can be saved as far as we know."""
        if not actor.is_idle:
            return False
        due = self._refused.get(actor)
        if due is None:
            return True
        return self._router.clock() >= due and not self._router.ends_when_idle

    def leaves(self, actor: Actor) -> None:
        """Hear that an agent begins to leave."""
        self._leaving.add(actor)
        self._going.add(actor)

    def waits(self, actor: Actor) -> None:
        """Hear that an agent waits for somebody on its way out."""
        if actor in self._going:
            self._going.remove(actor)
            self._let_one_in()

    def left(self, actor: Actor, *, stays: bool = False) -> None:
        """Hear that an agent is gone, or could not be made, or stays after all."""
        self._leaving.discard(actor)
        self.waits(actor)
        if stays:
            self._refused[actor] = self._router.clock() + _TRIED_AGAIN_AFTER
            return
        self._live -= 1
        self._refused.pop(actor, None)
        self._idle.pop(actor, None)
        clock = self._clocks.get(actor.id.type)
        if clock is not None:
            clock.forget(actor)

    def rest(self, actors: Iterable[Actor]) -> None:
        """Count anew who lives, when no task is left; no clock runs any more."""
        self._leaving.clear()
        self._going.clear()
        self._waiting.clear()
        self._refused.clear()
        self._clocks.clear()
        living = {
            actor: None
            for actor in actors
            if actor.life.is_built and actor.life.residents is self
        }
        self._live = len(living)
        # least recently used first, then those that were at work
        order = OrderedDict.fromkeys(one for one in self._idle if one in living)
        self._idle = order
        order.update(living)

    def resume(self) -> None:
        """Let the clocks run again: the runtime has started."""
        for actor in self._idle:
            if actor.is_idle:
                self._count_idle_time(actor)

    def _count_idle_time(self, actor: Actor) -> None:
        after = actor.registration.passivate_after
        if after is not None:
            name = actor.id.type
            clock = self._clocks.get(name)
            if clock is None:
                clock = self._clocks[name] = IdleClock(self, self._router, after)
            clock.idle(actor)

    def _send_away(self) -> None:
        """Have the least recently used leave, if one too many lives."""
        if self._live - len(self._leaving) <= self._limit:
            return
        passed: list[Actor] = []
        while self._idle and len(passed) < _LOOKED_AT:
            actor, _ = self._idle.popitem(last=False)
            if self.may_leave(actor):
                self.leaves(actor)
                actor.life.part()
                break
            if actor.is_idle:  # the others come back when they are idle again
                passed.append(actor)
        self._idle.update(dict.fromkeys(passed))

    def _let_one_in(self) -> None:
        if self._waiting:
            self._router.wake(self._waiting.popleft())


class IdleClock:
    """Passivates the agents of one type that are idle for too long.

    One task for all of them, which sleeps until the one that has been idle for longest
    may leave. There is none while nobody is idle.
    """

    def __init__(self, residents: Residents, router: Building, after: float) -> None:
        self._residents = residents
        self._router = router
        self._after = after
        self._since: OrderedDict[Actor, float] = OrderedDict()
        """Since when each was idle, the longest first; some are at work again."""
        self._runs = False

    def idle(self, actor: Actor) -> None:
        """Count an agent's idle time from now."""
        self._since[actor] = self._router.clock()
        self._since.move_to_end(actor)
        if not self._runs:
            self._runs = True
            self._router.start_task(self._run)

    def forget(self, actor: Actor) -> None:
        """Hear that an agent is gone."""
        self._since.pop(actor, None)

    async def _run(self) -> None:
        host = self._router.host
        try:
            while self._since:
                actor, since = next(iter(self._since.items()))
                left = since + self._after - self._router.clock()
                if left > 0:
                    await host.sleep(left)
                    continue
                del self._since[actor]
                if self._residents.may_leave(actor):
                    actor.life.part()
                elif actor.is_idle:
                    self.idle(actor)  # it is tried again
        finally:
            self._runs = False
            self._router.task_ended()
