"""Snapshots: what the agents of a runtime do at one moment, as records.

They are taken in one synchronous step and refer to nothing that lives: no agent, no
message. Their ``repr`` is for people who ask why a program does not go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

import attrs

from ..identity import AgentId, TopicId
from ..messages import Envelope, Errand
from ._actor import Actor
from ._dead_letters import DeadLetterReason
from ._parting import Departure
from ._router import Router
from ._waits import Invocation


class AgentState(Enum):
    """What an agent does."""

    ABSENT = "absent"
    """There is no agent; the next message makes one."""
    COMING = "coming to life"
    """It is being made, or is to be made after a delay."""
    IDLE = "idle"
    RUNNING = "running"
    """At least one handler runs."""
    LEAVING = "leaving"
    """It is to leave as soon as no handler runs, or is just being closed."""
    STOPPED = "stopped"
    """It failed, and nothing reaches it any more."""


@attrs.frozen(repr=False)
class Running:
    """One handler that runs, or what makes the agent or lets it leave."""

    message_type: str
    """The name of the message's class; ``"a hook"`` if a hook was called. ``"its first
    hooks"``, the factory among them, ``"its last hooks"``, or ``"the delay before its
    next try"``."""
    message_id: str
    """The id of the message; empty if there is none."""
    sender: AgentId | None
    """Who sent it; None if it came from outside any agent."""
    seconds: float
    """For how long it has been running."""
    is_nested: bool
    """Whether it runs while another handler of the same agent waits."""
    waits_for: tuple[AgentId | TopicId, ...]
    """The agents whose responses, or whose room in the inbox, it waits for."""

    def __repr__(self) -> str:
        sender = f" from {self.sender}" if self.sender else ""
        nested = ", nested" if self.is_nested else ""
        waits = ", waits for " + ", ".join(map(str, self.waits_for))
        what = f"{self.message_type} {self.message_id}".rstrip()
        return (
            f"{what}{sender} for {self.seconds:.3g} s"
            f"{nested}{waits if self.waits_for else ''}"
        )


@attrs.frozen(repr=False)
class AgentSnapshot:
    """One agent at one moment."""

    id: AgentId
    """Who it is."""
    state: AgentState
    """What it does."""
    queued: int
    """How many messages are in its inbox."""
    waiting_for_room: int
    """How many more wait until the inbox has room."""
    running: tuple[Running, ...]
    """What runs, the oldest first."""
    restarts: int
    """How often the agent was replaced because it failed."""
    failure: str
    """What stopped it; empty unless it is stopped."""

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        parts = [f"{self.id}: {self.state.value}"]
        if self.failure:
            parts.append(f"by {self.failure}")
        if self.queued:
            parts.append(f"{self.queued} queued")
        if self.waiting_for_room:
            parts.append(f"{self.waiting_for_room} wait for room")
        if self.restarts:
            parts.append(f"restarted {self.restarts} x")
        yield ", ".join(parts)
        for running in self.running:
            yield f"  {running}"


@attrs.frozen(repr=False)
class Snapshot:
    """Every agent of a runtime at one moment."""

    phase: str
    """One of ``"new"``, ``"running"``, ``"stopping"`` and ``"stopped"``."""
    agents: tuple[AgentSnapshot, ...]
    """The agents, in the order in which they were first addressed."""

    def __repr__(self) -> str:
        return "\n".join(
            [f"a runtime that is {self.phase}, {len(self.agents)} agents"]
            + [repr(agent) for agent in self.agents]
        )


@attrs.frozen
class RuntimeStatistics:
    """How many agents and messages a runtime has at one moment."""

    phase: str
    """One of ``"new"``, ``"running"``, ``"stopping"`` and ``"stopped"``."""
    live_agents: int
    """How many agents are there."""
    running: int
    """How many handlers run."""
    queued: int
    """How many messages are in inboxes."""
    waiting_for_room: int
    """How many more wait until an inbox has room."""
    activations: int
    """How many agents came to life, since the runtime was made."""
    passivations: int
    """How many of them left again, or would be still there."""
    restarts: int
    """How many were replaced because they had failed."""
    stops: int
    """How many were stopped because they had failed."""
    dead_letters: Mapping[DeadLetterReason, int]
    """How many messages no handler took, by the reason."""


def take_statistics(router: Router) -> RuntimeStatistics:
    """Count what a runtime has now."""
    live = running = queued = waiting = 0
    for actor in router.directory:
        live += actor.life.is_built
        running += len(actor.invocations())
        for lane in actor.lanes():
            queued += lane.inbox.size
            waiting += lane.inbox.waiting_for_room
    tally = router.tally
    return RuntimeStatistics(
        router.supervisor.phase.value,
        live,
        running,
        queued,
        waiting,
        tally.activations,
        tally.passivations,
        tally.restarts,
        tally.stops,
        MappingProxyType(dict(router.dead_letters.counts)),
    )


def take_snapshot(router: Router) -> Snapshot:
    """Describe what every agent does now."""
    now = router.clock()
    agents = tuple(_describe(actor, now) for actor in router.directory)
    return Snapshot(router.supervisor.phase.value, agents)


def _describe(actor: Actor, now: float) -> AgentSnapshot:
    failures, stopped = actor.life.failures, actor.life.stopped
    return AgentSnapshot(
        actor.id,
        _state(actor),
        sum(lane.inbox.size for lane in actor.lanes()),
        sum(lane.inbox.waiting_for_room for lane in actor.lanes()),
        tuple(sorted(_running(actor, now), key=lambda one: -one.seconds)),
        0 if failures is None else failures.total,
        "" if stopped is None else repr(stopped),
    )


def _state(actor: Actor) -> AgentState:
    if isinstance(actor.life.changing, Departure) or (
        actor.life.is_built and actor.life.parting
    ):
        return AgentState.LEAVING
    if actor.life.changing is not None:
        return AgentState.COMING
    if actor.invocations():
        return AgentState.RUNNING
    if actor.life.stopped is not None:
        return AgentState.STOPPED
    return AgentState.IDLE if actor.life.is_built else AgentState.ABSENT


def _running(actor: Actor, now: float) -> Iterator[Running]:
    for lane in actor.lanes():
        for invocation, envelope in lane.holders.items():
            yield _run(invocation, envelope, now, is_nested=False)
    for invocation, envelope in actor.nested.items():
        yield _run(invocation, envelope, now, is_nested=True)
    changing = actor.life.changing
    if changing is not None:
        yield Running(
            _change(actor, changing, now),
            "",
            None,
            now - changing.began_at,
            is_nested=False,
            waits_for=tuple(wait.recipient for wait in changing.waits),
        )


def _change(actor: Actor, changing: Invocation, now: float) -> str:
    if isinstance(changing, Departure):
        return "its last hooks"
    failures = actor.life.failures
    waits = failures is not None and now < failures.due
    return "the delay before its next try" if waits else "its first hooks"


def _run(
    invocation: Invocation, envelope: Envelope, now: float, *, is_nested: bool
) -> Running:
    is_hook = isinstance(envelope, Errand)
    return Running(
        "a hook" if is_hook else type(envelope.message).__name__,
        envelope.context.message_id,
        envelope.context.sender,
        now - invocation.began_at,
        is_nested,
        tuple(wait.recipient for wait in invocation.waits),
    )
