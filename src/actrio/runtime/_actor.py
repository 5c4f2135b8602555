"""Actors: one agent, its inbox, and the task that hands it one message after another.

An actor outlives its agent and its task. It is made when its id is first addressed;
its task is started when there is something to do; the task builds the agent, so that
a slow factory delays only this actor's messages and one id is never built twice. A
failed build fails what is queued at that moment, and the next message tries again.

A *lane* is an inbox with the slots that serve it. Every actor has one; an agent with
``concurrent=True`` handlers gets a second one beside it. A lane is served by tasks that
handle one message after another, at most one for each slot, under one cancel scope each
that is replaced only after it was cancelled: a scope, a nursery or a task for every
message would cost more than the message. trio shuffles tasks that become ready together,
but messages start in the order in which they came: whichever task is the first to run
takes the message that came first. One task stays when there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from .._concurrency import CancelScope, Waiter, uninterruptible
from .._contextvars import CURRENT
from ..abc import Agent
from ..identity import AgentId
from ..messages import DONE, RUNNING, Delivery, Envelope, Request
from ._contracts import Post
from ._endings import add_note, ends_program, program_ended
from ._inbox import Inbox
from ._life import Life
from ._registration import Registration, make_interruptible
from ._waits import Invocation, Node

_HANDLED_BEFORE_YIELDING = 32


class Lane(Waiter):
    """The queue of an actor, and the slots that serve it: a node of the wait graph."""

    def __init__(self, actor: Actor, slots: float, capacity: float) -> None:
        self.actor = actor
        self.slots = slots
        self.inbox = Inbox(capacity)
        self.holders: dict[Invocation, Envelope] = {}
        """The invocations that hold a slot, and their messages; nested ones hold none."""
        self.tasks = 0
        """How many tasks serve this lane; one of them may be parked on it, idle."""
        self.watched = False
        """Whether the watch for long-busy actors looks at it already."""

    @property
    def needs_all(self) -> bool:
        """Whether every blocker must go on first: if the agent is to leave."""
        return self.actor.life.drains

    def blockers(self) -> Sequence[Node]:
        """Return what a message queued here waits for, besides its turn."""
        life = self.actor.life
        if life.changing is not None:
            return (life.changing,)
        if life.drains:
            return self.actor.invocations()
        return tuple(self.holders) if len(self.holders) >= self.slots else ()

    def put(self, envelope: Envelope) -> None:
        """Queue an envelope and see to it that a task takes it."""
        self.inbox.put(envelope)
        if self.parked is not None:
            self.actor.router.wake(self)
        elif self.tasks < self.slots:
            self.actor.serve(self)
        elif not self.watched:
            self.actor.router.watch(self)

    def forget(self, envelope: Envelope) -> None:
        """Free the room of an envelope that was just withdrawn."""
        self.inbox.forget(envelope)
        self.actor.router.withdrawn(envelope)


class Actor:
    """The live thing behind an agent id."""

    __slots__ = (
        "handles_concurrently",
        "id",
        "lane",
        "life",
        "nested",
        "registration",
        "router",
        "side_lane",
        "timed",
    )

    def __init__(self, id: AgentId, registration: Registration, router: Post) -> None:
        self.id = id
        self.registration = registration
        self.router = router
        self.life = Life(self)
        self.lane = Lane(
            self, registration.max_concurrency, registration.inbox_capacity
        )
        self.side_lane: Lane | None = None
        self.handles_concurrently: Callable[[type], bool] | None = None
        self.nested: dict[Invocation, Envelope] = {}
        self.timed = router.blocking.wants(id.type)
        """Whether the watch for those who block the loop looks at the next message."""

    def __repr__(self) -> str:
        return f"<Actor {self.id}: {self.lane.inbox.size} queued>"

    @property
    def is_idle(self) -> bool:
        """Whether there is an agent that has nothing to do."""
        return self.life.ready and not self.invocations() and not self.is_addressed

    @property
    def is_addressed(self) -> bool:
        """Whether messages wait, for the agent that is there or the next one."""
        return any(lane.inbox.size for lane in self.lanes())

    @property
    def is_gone(self) -> bool:
        """Whether there is no agent, and nothing that waits for one."""
        life = self.life
        if life.is_built or life.changing is not None or self.is_addressed:
            return False
        if life.agent is not None and self.registration.factory is None:
            return False  # an instance that was closed is there for the next start
        return not any(lane.tasks for lane in self.lanes())

    def lanes(self) -> Iterator[Lane]:
        """Yield the lane, and the one beside it if there is one."""
        yield self.lane
        if self.side_lane is not None:
            yield self.side_lane

    def queues(self) -> Sequence[Node]:
        """Return the lanes, as nodes of the wait graph."""
        return list(self.lanes())

    def invocations(self) -> list[Invocation]:
        """Return everything of this agent that runs now."""
        running = [holder for lane in self.lanes() for holder in lane.holders]
        return [*running, *self.nested]

    def lane_for(self, message_type: type) -> Lane:
        """Return the lane in which a message of this type waits."""
        concurrently = self.handles_concurrently
        if concurrently is None or not concurrently(message_type):
            return self.lane
        if self.side_lane is None:
            capacity = self.registration.inbox_capacity
            self.side_lane = Lane(self, capacity, capacity)
        return self.side_lane

    def take_in(self, agent: Agent) -> None:
        """Move what a new agent handles concurrently to the lane for that."""
        make_interruptible(type(agent))
        if getattr(type(agent), "_has_concurrent_handlers", False):
            # not in the protocol: only RoutedAgent knows the types of its handlers
            self.handles_concurrently = getattr(type(agent), "_concurrency")()  # noqa: B009 - the type checkers must not look
        elif self.side_lane is None:
            return
        else:
            self.handles_concurrently = None
        for envelope in [one for lane in self.lanes() for one in lane.inbox.clear()]:
            envelope.has_room = False
            lane = self.lane_for(type(envelope.message))
            envelope.queue = lane
            lane.put(envelope)
            if envelope.has_room and isinstance(envelope, Delivery):
                envelope.settle()

    def deliver_timed(self, envelope: Envelope) -> Awaitable[object]:
        """Hand a message to the agent; time it, if its type still is."""
        handling = envelope.deliver(self.life.agent)  # type: ignore[arg-type]  # ready: there is one
        blocking = self.router.blocking
        self.timed = blocking.wants(self.id.type)
        if not self.timed:
            return handling
        return blocking.watched(self.id, envelope.message, handling)

    def refuse_queued(self) -> None:
        """Fail everything that waits: the runtime ends."""
        for lane in self.lanes():
            self.router.refuse_lane(lane)

    def call_one(self) -> None:
        """See to it that some task looks what is to be done."""
        for lane in self.lanes():
            if lane.parked is not None:
                self.router.wake(lane)
                return
        if not any(lane.tasks for lane in self.lanes()):
            self.serve(self.lane)

    def call_others(self) -> None:
        """Start the tasks that were not started, or left, while the agent changed."""
        for lane in self.lanes():
            if not self.life.ready:
                self.router.wake(lane)  # there is no agent any more that it could serve
            for _ in range(lane.inbox.size + lane.inbox.waiting_for_room):
                if lane.tasks < lane.slots:
                    self.serve(lane)

    def serve(self, lane: Lane) -> None:
        """Start one task more for a lane, unless its agent just comes or leaves."""
        if self.life.changing is None:
            lane.tasks += 1
            self.router.start_task(self._serve, lane)

    @uninterruptible
    async def _serve(self, lane: Lane) -> None:
        """Be one of the tasks that serve a lane."""
        host = self.router.host
        needed = True
        try:
            while needed:
                try:
                    with host.cancel_scope() as scope:
                        needed = await self._serve_under(scope, lane)
                except BaseException as exc:
                    if not host.is_stray(exc):
                        raise
        except BaseException:
            # the loop was cancelled: what is queued must not wait for ever
            self.router.refuse_lane(lane)
            raise
        finally:
            lane.tasks -= 1
            if self.is_gone:
                self.router.forget(self)
            self.router.task_ended()

    @uninterruptible
    async def _serve_under(self, scope: CancelScope, lane: Lane) -> bool:
        """Handle one message after another until the scope was cancelled.

        Returns:
            Whether the task is still needed; it may also end with the cancellation.
        """
        router, inbox, life = self.router, lane.inbox, self.life
        host, handled = router.host, 0
        while True:
            if inbox.size and (life.ready or life.must_begin()):
                envelope, invocation = self._begin(lane)
                envelope.scope = scope
                try:
                    if self.timed:
                        envelope.response = await self.deliver_timed(envelope)
                    else:
                        envelope.response = await envelope.deliver(life.agent)  # type: ignore[arg-type]  # ready: there is one
                    if invocation.has_published and isinstance(envelope, Request):
                        invocation.live = False
                        await host.let_others_run()
                except BaseException as exc:
                    cancellation = self._record(envelope, exc)
                    if cancellation is exc:
                        raise
                    if cancellation is not None:
                        raise cancellation from None
                finally:
                    self._finish(envelope, lane, invocation)
                if envelope.scope_cancelled:
                    return True
                del envelope, invocation  # an idle task keeps no message alive
                handled += 1
                if not handled % _HANDLED_BEFORE_YIELDING:
                    await host.checkpoint()
            elif not life.ready:
                if not await life.change():
                    return False
            else:
                if life.residents is not None and life.residents.idle(self):
                    continue
                if lane.parked is not None:
                    return False
                try:
                    await host.idle(lane)
                except BaseException:
                    lane.parked = None
                    raise

    @uninterruptible
    def _begin(self, lane: Lane) -> tuple[Envelope, Invocation]:
        """Begin with the oldest message: take it, and a slot for it."""
        envelope = lane.inbox.take()
        assert envelope is not None, "the size of the inbox said that there is one"
        envelope.state = RUNNING
        envelope.invocation = invocation = Invocation(self.id, self.router)
        invocation.began_at = self.router.clock()
        lane.holders[invocation] = envelope
        CURRENT.set(invocation)
        return envelope, invocation

    def _record(self, envelope: Envelope, exc: BaseException) -> BaseException | None:
        """Sort what a handler raised; return the part that is the host's."""
        if isinstance(exc, GeneratorExit):  # the loop was destroyed around us
            return exc
        router = self.router
        cancellation, own = router.host.split_cancellation(exc)
        if own is not None and ends_program(own):
            router.crash(own)
            envelope.failure = program_ended(self.id, own)
            envelope.has_ended_program = True
        elif own is not None:
            add_note(own, self.life.agent, envelope)
            envelope.error = own
        elif not envelope.scope_cancelled:
            envelope.failure = router.interrupted_error(self.id)
        return cancellation

    @uninterruptible
    def _finish(self, envelope: Envelope, lane: Lane, invocation: Invocation) -> None:
        envelope.state = DONE
        invocation.live = False
        del lane.holders[invocation]
        router = self.router
        if invocation.unhandled:
            router.unhandled(envelope)
        if isinstance(envelope, Request):
            if envelope.on_over is not None:
                envelope.on_over()
            router.answer(envelope)
            return
        assert isinstance(envelope, Delivery)
        error = envelope.error
        if error is not None and self.life.failed(envelope, error):
            envelope.wait_again()
            lane.inbox.put_back(envelope)
            router.tries_again(envelope)
            return
        if envelope.on_over is not None:
            envelope.on_over()
        router.quiescence.leave()


def lane_of(delivery: Delivery) -> Lane:
    """Return the lane that a copy is bound for."""
    assert isinstance(delivery.queue, Lane)
    return delivery.queue
