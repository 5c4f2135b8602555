"""The wait-for graph: who cannot go on before whom.

Its nodes are *invocations* (one run of a handler, factory or hook) and *lanes* (the
queue of an actor with the slots that serve it). Edges are never stored beyond the
waits themselves: the graph is read off the live objects when somebody is about to
wait, and only if the recipient is busy.

The rules, as one sentence per kind of node:

- An invocation is stuck if **any** of its waits is, or **any** handler nested in it
  is: it may not resume before them, and this edge counts from the moment the nested
  handler is admitted. Counting it only from the time-out of the outer wait hangs.
- A queued message is stuck if **all** slots of its lane are held by stuck
  invocations, or the agent is still being built by a stuck factory.
- The invocation that asks is stuck by definition: it is about to wait.

So a request is stuck if it could only start after the asking invocation has ended.
Everything here is plain and synchronous; what is done with the answer is decided in
`_requests` and `_publishing`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Protocol

from .._concurrency import CancelScope, Host, Waiter
from ..identity import AgentId
from ..messages import QUEUED, RUNNING, Delivery, Envelope


class Node(Protocol):
    """A node of the wait-for graph."""

    @property
    def needs_all(self) -> bool:
        """Whether every blocker must go on before this can, or just one of them."""
        ...

    def blockers(self) -> Sequence[Node]:
        """Return what this waits for now; nothing if it can go on by itself."""
        ...


class Hold(Waiter):
    """A task that waits until no guest of its invocation is left."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def leave(self) -> bool:
        """Stay: going on beside a guest would break "one message at a time"."""
        return False


class Invocation:
    """One run of a handler, factory or hook of one agent.

    The runtime's context variable holds the current one, so a task counts for the
    invocation in which it was started, and for none once `live` is False.
    """

    needs_all = True

    # The defaults are on the class: what does not change needs no step to set it, and
    # an invocation is made for every message.
    depth: int = 0
    """How many handlers it is nested in; 0 for one that holds a slot."""
    hosts: Sequence[Invocation] = ()
    """The invocations of the same agent that wait beneath this nested one."""
    guests: tuple[Invocation, ...] = ()
    """The handlers nested in this invocation."""
    waits: tuple[Envelope, ...] = ()
    """What the tasks of this invocation wait for."""
    holding: list[Hold] | None = None
    """The tasks of this invocation that wait for its guests to leave."""
    live: bool = True
    has_published: bool = False
    """Whether its subscribers should run before its sender is answered."""
    reported_busy: bool = False
    began_at: float = 0.0
    """When it began, on the clock of the loop."""
    scope: CancelScope | None = None
    """What a nested one runs under; the others run under their lane's."""
    arrival: object | None = None
    """The message that it handles, if that came from another process."""
    unhandled: bool = False
    """Set by the agent when it found no handler for the message."""

    def __init__(self, agent_id: AgentId, owner: object) -> None:
        self.agent_id = agent_id
        self.owner = owner
        """The router of the runtime that it runs in."""

    def __repr__(self) -> str:
        nested = f", nested {self.depth} deep" if self.depth else ""
        return f"<Invocation of {self.agent_id}{nested}>"

    def begin_waits(self, envelopes: tuple[Envelope, ...]) -> None:
        """Say that a task of this invocation waits for each of these."""
        self.waits += envelopes

    def end_waits(self, envelopes: tuple[Envelope, ...]) -> None:
        """Say that it waits for them no longer."""
        self.waits = tuple(wait for wait in self.waits if wait not in envelopes)

    def blockers(self) -> Sequence[Node]:
        """Return the nodes behind the waits of this invocation, and its guests."""
        found: list[Node] = list(self.guests)
        for envelope in self.waits:
            blocker = blocker_of(envelope)
            if blocker is not None:
                found.append(blocker)
        return found


def blocker_of(envelope: Envelope) -> Node | None:
    """Return what an envelope waits for; None if nothing of ours holds it up."""
    if envelope.state is RUNNING:
        return envelope.invocation  # type: ignore[return-value]  # messages knows no runtime
    if envelope.state is not QUEUED or (
        isinstance(envelope, Delivery) and envelope.has_room
    ):
        return None  # over, or its publisher waits for it no longer
    return envelope.queue  # type: ignore[return-value]  # the same


def stuck_behind(targets: Container[Node], starts: Iterable[Node]) -> set[Node]:
    """Return the nodes reachable from ``starts`` that cannot go on before ``targets``.

    First everything reachable is collected, then freedom is spread from the nodes
    that wait for nothing; what is not reached by it is stuck. Both passes are
    iterative, since the graph may be as deep as the user's program.
    """
    dependents: dict[Node, list[Node]] = {}
    missing: dict[Node, int] = {}
    free: list[Node] = []
    frontier: list[Node] = list(starts)
    while frontier:
        node = frontier.pop()
        if node in missing:
            continue
        if node in targets:
            missing[node] = 1  # never reached: nothing frees what is about to wait
            continue
        blockers = node.blockers()
        missing[node] = len(blockers) if node.needs_all else min(1, len(blockers))
        if not blockers:
            free.append(node)
        for blocker in blockers:
            dependents.setdefault(blocker, []).append(node)
            frontier.append(blocker)
    stuck = set(missing)
    while free:
        node = free.pop()
        if node not in stuck:
            continue
        stuck.remove(node)
        for dependent in dependents.get(node, ()):
            missing[dependent] -= 1
            if missing[dependent] <= 0 and dependent in stuck:
                free.append(dependent)
    return stuck


def cycle_through(target: Invocation, start: Node, stuck: set[Node]) -> list[AgentId]:
    """Return the agents on one path from ``start`` through ``stuck`` to ``target``."""
    came_from: dict[Node, Node | None] = {start: None}
    frontier: list[Node] = [start]
    while frontier:
        node = frontier.pop()
        if node is target:
            break
        for blocker in node.blockers():
            if blocker in stuck and blocker not in came_from:
                came_from[blocker] = node
                frontier.append(blocker)
    path: list[AgentId] = []
    step: Node | None = target
    while step is not None:
        if isinstance(step, Invocation):
            path.append(step.agent_id)
        step = came_from.get(step)
    return path[::-1]
