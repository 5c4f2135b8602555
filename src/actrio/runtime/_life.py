"""The life of one agent: how it comes, how it leaves, and what happens when it fails.

An actor outlives its agents: the inbox belongs to the id. An agent is made when a message
waits and none is there, by the task that would handle the message. It may have to leave
before the runtime ends: it is passivated, restarted or stopped. Then it leaves when no
handler of it runs, and what is queued is for the next one.

While the last handlers end no message begins, unless one of them could not end before:
it waits for somebody who waits for a message that is queued here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .._concurrency import uninterruptible
from .._contextvars import CURRENT
from ..abc import Agent
from ..identity import AgentId
from ..messages import Delivery
from ._activation import Farewell, activate, deactivate, log_farewell
from ._contracts import Places, Post
from ._endings import ends_program, program_ended
from ._parting import Departure, Parting
from ._registration import Registration
from ._supervision import Decision, Failure, decide
from ._waits import Invocation, Node, stuck_behind


class Premises(Protocol):
    """Where an agent lives: the actor, with its inbox and its tasks."""

    id: AgentId
    registration: Registration
    router: Post

    @property
    def is_addressed(self) -> bool:
        """Whether messages wait."""
        ...

    def invocations(self) -> list[Invocation]:
        """Return everything of the agent that runs now."""
        ...

    def queues(self) -> Sequence[Node]:
        """Return what a message may wait in, as nodes of the wait graph."""
        ...

    def take_in(self, agent: Agent) -> None:
        """Get ready for the messages of a new agent."""
        ...

    def refuse_queued(self) -> None:
        """Fail everything that waits: the runtime ends."""
        ...

    def call_one(self) -> None:
        """See to it that some task looks what is to be done."""
        ...

    def call_others(self) -> None:
        """See to it that all tasks run that are needed, and no others stay."""
        ...


class Failures:
    """What the supervision of an actor remembers, from its first failure on."""

    __slots__ = ("due", "restarts", "stopped", "total")

    def __init__(self) -> None:
        self.restarts: tuple[float, ...] = ()
        """When the restarts were that still count."""
        self.due = 0.0
        """Before when no agent may be built."""
        self.total = 0
        """How many restarts there were."""
        self.stopped: BaseException | None = None
        """What stopped the agent for good."""


class Life:
    """The agent behind one id, as it comes and goes."""

    __slots__ = (
        "agent",
        "changing",
        "closed",
        "failures",
        "parting",
        "place",
        "ready",
        "residents",
        "version",
    )

    def __init__(self, place: Premises) -> None:
        self.place = place
        self.agent: Agent | None = None
        self.version: int | None = None
        """The version of the state that the agent went on from; None if not started."""
        self.closed = False
        """Whether `agent` was closed; it is replaced before the next message."""
        self.ready = False
        """Whether messages may begin: an agent has started, and is not to leave."""
        self.changing: Invocation | None = None
        """The invocation in which an agent comes or leaves."""
        self.parting: Parting | None = None
        """The wish that it leaves, if there is one."""
        self.failures: Failures | None = None
        """What is remembered of its failures, if there were any."""
        self.residents: Places | None = place.router.places_for(place.registration)
        """Who decides when the agent leaves by itself, if anybody does."""

    @property
    def is_built(self) -> bool:
        """Whether there is an agent that was not closed."""
        return self.agent is not None and not self.closed

    @property
    def drains(self) -> bool:
        """Whether no message begins before the agent has left."""
        return self.parting is not None and self.parting.drains

    @property
    def stopped(self) -> BaseException | None:
        """What stopped the agent for good."""
        return None if self.failures is None else self.failures.stopped

    def adopt(self, agent: Agent) -> None:
        """Take an agent that was made elsewhere, or just here."""
        self.agent = agent
        self.closed = False
        self.place.take_in(agent)

    def part(self) -> Parting:
        """Have the agent leave, as soon as no handler of it runs."""
        if self.parting is None:
            self.parting = Parting()
            self.ready = False
            self.place.call_one()
        return self.parting

    def retire(self) -> None:
        """Know that the agent is closed, or about to be; another comes after it."""
        self.closed = True
        self.ready = False
        self.version = None
        self.parting = None

    def stay(self) -> None:
        """Forget that the agent should leave, if it has not begun to: the end is near."""
        parting = self.parting
        if parting is None or isinstance(self.changing, Departure):
            return
        if parting.saves:
            self._parted(parting, Farewell(stays=True))

    def abandon(self) -> None:
        """Know that the loop was torn down, and with it what the agent was just doing."""
        if isinstance(self.changing, Departure):
            self.retire()
        self.changing = None

    def revive(self) -> None:
        """Let an agent that was stopped come again, and forget its failures."""
        self.failures = None

    @uninterruptible
    async def change(self) -> bool:
        """Take the next step of the agent's life: make it, or let it leave.

        Returns:
            Whether this task is still needed; somebody calls others when they are.
        """
        if self.changing is not None:
            return False
        if self.is_built and self.parting is not None:
            if self.place.invocations():
                return False  # the last of them comes here
            await self._part(self.parting)
        elif self.stopped is not None:
            self.place.router.refuse_stopped(self.place, self.stopped)
            return False
        elif self.place.is_addressed:
            await self._build()
        else:
            return False
        return True

    def must_begin(self) -> bool:
        """Say whether a message must begin although the agent is to leave.

        It must if some handler that runs could not end otherwise. Once none is there
        no message begins, and whoever would make such a handler is told so: then the
        lane is a node that waits for all of them.
        """
        parting = self.parting
        if parting is None or parting.drains or self.changing is not None:
            return False
        running = self.place.invocations()
        if not running or not self.is_built:
            return False
        stuck = stuck_behind(self.place.queues(), running)
        parting.drains = stuck.isdisjoint(running)
        return not parting.drains

    async def _build(self) -> None:
        """Build the agent, or fail everything that waits for it."""
        router = self.place.router
        invocation = self.changing = Invocation(self.place.id, router)
        invocation.began_at = router.clock()
        CURRENT.set(invocation)
        counted = False
        try:
            if not await self._wait_until_due():
                return
            # its requests may come one after another: no idle moment in between
            router.quiescence.enter()
            counted = True
            await self._activate()
        except BaseException as exc:
            cancellation, own = router.host.split_cancellation(exc)
            if own is not None:
                self._not_built(own)
            else:
                self.place.refuse_queued()
            if cancellation is exc:
                raise
            if cancellation is not None:
                raise cancellation from None
        finally:
            invocation.live = False
            self.changing = None
            self.place.call_others()
            if counted:
                router.quiescence.leave()

    async def _wait_until_due(self) -> bool:
        """Wait until the agent may come again; say whether anybody still needs it."""
        if self.failures is not None:
            host = self.place.router.host
            delay = self.failures.due - host.current_time()
            if delay > 0:
                await host.sleep(delay)
        return self.place.is_addressed

    async def _activate(self) -> None:
        router, registration = self.place.router, self.place.registration
        existing = self.agent if registration.factory is None else None
        try:
            if self.residents is not None:
                await self.residents.enter()
            if existing is None:
                agent = await registration.build(router.runtime, self.place.id)
            else:
                agent = existing
            self.version = await activate(
                agent,
                self.place.id,
                router.surroundings,
                router.host,
                is_new=existing is None,
            )
        except BaseException:
            if self.residents is not None:
                self.residents.left(self.place)
            raise
        router.tally.activations += 1
        self.adopt(agent)
        self.ready = self.parting is None

    @uninterruptible
    async def _part(self, parting: Parting) -> None:
        """Let the agent leave; what is queued then is for the next one."""
        router = self.place.router
        assert self.agent is not None
        invocation = self.changing = Departure(
            self.place.id, router, self.residents, self.place
        )
        invocation.began_at = router.clock()
        CURRENT.set(invocation)
        router.quiescence.enter()
        if self.residents is not None:
            self.residents.leaves(self.place)
        farewell = Farewell()
        try:
            farewell = await deactivate(
                self.agent,
                self.place.id,
                self.version,
                router.surroundings,
                router.host,
                saves=parting.saves,
            )
        finally:
            invocation.live = False
            self.changing = None
            self._parted(parting, farewell)
            router.quiescence.leave()
        if farewell.cancelled is not None:
            raise farewell.cancelled

    def _parted(self, parting: Parting, farewell: Farewell) -> None:
        """Draw the line under an agent that has left, or could not be saved."""
        router = self.place.router
        if farewell.stays:
            self.parting = None
            self.ready = True
        else:
            self.retire()
            if self.place.registration.factory is not None:
                self.agent = None
        if self.residents is not None:
            self.residents.left(self.place, stays=farewell.stays)
        parting.farewell = farewell
        if not any(waiter.parked for waiter in parting.waiters):
            log_farewell(self.place.id, farewell)  # nobody is there to be told
        if not farewell.stays:
            router.tally.passivations += parting.saves
        for waiter in parting.waiters:
            router.wake(waiter)
        for error in filter(ends_program, farewell.errors):
            router.crash(error)
        self.place.call_others()

    # -- failing ----------------------------------------------------------------

    def failed(self, delivery: Delivery, exc: BaseException) -> bool:
        """Do what is decided about a message that failed the agent.

        Returns:
            Whether the message is to be handled once more.
        """
        router = self.place.router
        delivery.attempts += 1
        decision = self._decide(delivery.attempts, exc)
        router.publish_failed(delivery, exc, decision.directive)
        if decision.directive in ("restart", "stop"):
            self.part().saves = False
        if decision.fate == "dead":
            router.failed_again(delivery)
        return decision.fate == "again"

    def _not_built(self, exc: BaseException) -> None:
        """Do what is decided about an agent that could not be built."""
        router = self.place.router
        if ends_program(exc):
            # first those who wait for it: nobody else is to try what has this end
            router.not_built(self.place, program_ended(self.place.id, exc), "resume")
            router.crash(exc)
        else:
            router.not_built(self.place, exc, self._decide(0, exc).directive)

    def _decide(self, attempts: int, exc: BaseException) -> Decision:
        router, failures = self.place.router, self.failures or Failures()
        leaves = self.parting is not None and not self.parting.saves
        now = router.clock()
        decision = decide(
            self.place.registration.on_failure,
            failures.restarts,
            Failure(now, attempts, leaves),
            router.random(),
        )
        failures.restarts = decision.restarts
        if decision.directive == "restart":
            failures.total += 1
            failures.due = now + decision.delay
            self.failures = failures
        elif decision.directive == "stop":
            failures.stopped = exc
            self.failures = failures
        return decision
