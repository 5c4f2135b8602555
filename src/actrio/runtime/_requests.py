"""Asking: a direct message, from the sender's side.

The sender parks itself on its own envelope and the actor wakes it with the outcome; no
event, no reply channel. A request that could never start, because everything that
could take it waits for the very invocation that asks, is handled *nested*: in the
asking task, as a plain call.

A nested handler runs while the handlers of the same agent beneath it, its hosts, wait.
A host may not go on before its guests have left, even if its own wait has timed out
meanwhile; it *holds*. Without that two handlers of one agent would run at once.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from .._concurrency import uninterruptible
from .._contextvars import CURRENT, POPULATED
from ..exceptions import DeadlockError, RequestCancelled
from ..messages import DONE, RUNNING, Envelope, Request
from ._actor import Actor, Lane
from ._dead_letters import DeadLetterReason
from ._endings import add_note
from ._parting import Departure
from ._router import Router
from ._waits import Hold, Invocation, Node, cycle_through, stuck_behind

_NESTED_LEVELS: Final = 32
"""About seven frames each: Python's own limit comes at 141 levels (RoutedAgent, 3.11)."""


def current_invocation() -> Invocation | None:
    """Return the invocation that the calling task counts for, if it still runs."""
    current = CURRENT.get()
    return current if isinstance(current, Invocation) and current.live else None


@uninterruptible
async def ask(router: Router, request: Request) -> object:
    """Deliver a request and return the handler's response; see `begin`."""
    await begin(router, request)
    return outcome_of(request)


@uninterruptible
def begin(router: Router, request: Request) -> Awaitable[object]:
    """Deliver a request, and return what waits until it is over.

    To be awaited at once; `outcome_of` has the result then. Not async, because a
    coroutine less on the way of every request is worth a tenth of it.

    Raises:
        RecipientNotFound: If the recipient's type is not registered.
        DeadlockError: If it could never start and cannot be nested either.
        RuntimeError: If it would be held and too many are.

    Cancellation: Of the awaitable: withdraws the request, or cancels its handler and
    waits until that has unwound.
    """
    actor = router.directory.known(request.recipient)
    if actor is None:
        actor = _first_addressed(router, request)
    lane = actor.lane
    if actor.handles_concurrently is not None:
        lane = actor.lane_for(type(request.message))
    # most senders are outside of every handler, and need not ask whether theirs is over
    me = None if CURRENT.get() is None else current_invocation()
    if me is None:
        if router.accepting_thread is None:
            router.deposit(request, lane)
        else:
            request.queue = lane
            lane.put(request)
        return router.park(request)
    stuck = stuck_if_queued(lane, me)
    if stuck is None:
        return _wait_inside(router, request, lane, me)
    why_not = why_not_nested(actor, me)
    if why_not is not None:
        raise deadlock(lane, request, me, stuck, why_not)
    return ask_nested(router, actor, request, me, stuck)


def _first_addressed(router: Router, request: Request) -> Actor:
    actor = router.directory.find_actor(request.recipient)
    if actor is None:
        router.dead(request, DeadLetterReason.UNKNOWN_TYPE)
        actor = router.directory.actor(request.recipient)  # raises
    return actor


@uninterruptible
async def _wait_inside(
    router: Router, request: Request, lane: Lane, me: Invocation
) -> None:
    """Wait for a request made inside a handler: an edge of the wait graph."""
    me.begin_waits((request,))
    try:
        router.deposit(request, lane)
        await router.park(request)
    finally:
        me.end_waits((request,))
        if me.guests:
            await hold(router, me)


def outcome_of(request: Request) -> object:
    """Return or raise the outcome of a request that is over.

    The handler's own exception comes first; then the response, unless the sender gave
    up before there was one; then the sender's cancellation, the token's, and the
    runtime's reason why there is no response.
    """
    if request.error is not None:
        try:
            raise request.error
        finally:
            # the traceback holds this frame: do not let the frame hold the error
            request.error = None
    answered = request.state is DONE and request.failure is None
    if answered and not request.scope_cancelled:
        return request.response
    if request.cancelled is not None:
        request.cancelled()
    if request.withdrawn_by_token:
        raise request_cancelled(request)
    assert request.failure is not None, f"{request} has no outcome"
    raise request.failure


def withdraw_by_token(router: Router, request: Request) -> None:
    """Do to a request what cancelling its token means."""
    if request.withdraw():
        request.withdrawn_by_token = True
        router.wake(request)
    elif request.state is RUNNING:
        request.withdrawn_by_token = True
        request.cancel_handler()


def stuck_if_queued(lane: Lane, me: Invocation) -> set[Node] | None:
    """Return what is stuck behind ``me`` if a message queued in ``lane`` would be.

    None means that the message can be queued: sooner or later it starts.
    """
    if not lane.blockers():
        return None
    stuck = stuck_behind((me,), [lane, *lane.actor.invocations()])
    return stuck if lane in stuck else None


@uninterruptible
async def ask_nested(
    router: Router, actor: Actor, request: Request, me: Invocation, stuck: set[Node]
) -> None:
    """Handle a request in this task, beside the handlers of its agent that wait for it."""
    hosts = [running for running in actor.invocations() if running in stuck]
    invocation = Invocation(actor.id, router)
    invocation.depth, invocation.hosts = me.depth + 1, hosts
    request.state = RUNNING
    request.invocation = invocation
    me.begin_waits((request,))
    invocation.began_at = router.clock()
    actor.nested[invocation] = request
    for host in hosts:
        host.guests = (*host.guests, invocation)
    try:
        await _handle_nested(router, actor, request, invocation)
    finally:
        request.state = DONE
        invocation.live = False
        me.end_waits((request,))
        del actor.nested[invocation]
        if actor.life.parting is not None:
            actor.call_one()  # it may have been the last that the agent waits for
        _leave(invocation)
        if me.guests:
            await hold(router, me)


@uninterruptible
async def _handle_nested(
    router: Router, actor: Actor, request: Request, invocation: Invocation
) -> None:
    """Run a handler in the asking task, which need not be a task of the runtime.

    It may have been left behind by a handler, or belong to another runtime. So the
    handler counts as a task of this runtime, and has a scope that its end can cancel.
    """
    assert actor.life.agent is not None
    current, populated = CURRENT.set(invocation), POPULATED.set(None)
    router.supervisor.task_began()
    try:
        with router.host.cancel_scope() as scope:
            request.scope = invocation.scope = scope
            if actor.timed:
                request.response = await actor.deliver_timed(request)
            else:
                request.response = await request.deliver(actor.life.agent)
            if invocation.has_published:
                invocation.live = False
                await router.host.let_others_run()
    except Exception as exc:
        add_note(exc, actor.life.agent, request)
        raise
    finally:
        router.task_ended()
        POPULATED.reset(populated)
        CURRENT.reset(current)
    if scope.cancelled_caught:
        request.failure = router.interrupted_error(actor.id)
    if invocation.unhandled:
        router.unhandled(request)


@uninterruptible
async def hold(router: Router, me: Invocation) -> None:
    """Wait until no handler nested in ``me`` is left.

    Cancellation: Raised when the guests have left.
    """
    pending = None
    while me.guests:  # another task of this invocation may have admitted a new one
        holding = Hold(router.host)
        if me.holding is None:
            me.holding = []
        me.holding.append(holding)
        await holding.host.park(holding)
        pending = holding.cancelled or pending
    if pending is not None:
        pending()


def _leave(guest: Invocation) -> None:
    for host in guest.hosts:
        host.guests = tuple(other for other in host.guests if other is not guest)
        if not host.guests and host.holding:
            holding, host.holding = host.holding, None
            for held in holding:
                held.host.wake(held)


def why_not_nested(actor: Actor, me: Invocation) -> str | None:
    """Return why a request in a cycle cannot be handled nested, if so."""
    if actor.life.changing is not None:
        leaves = isinstance(actor.life.changing, Departure)
        return (
            "its agent is being closed" if leaves else "its agent is still being built"
        )
    if not actor.life.is_built:
        return "its agent is not there"
    if not actor.registration.reentrant:
        return "it is registered with reentrant=False"
    if me.depth >= _NESTED_LEVELS:
        return f"{_NESTED_LEVELS} handlers are nested in each other already"
    return None


def deadlock(
    lane: Lane, envelope: Envelope, me: Invocation, stuck: set[Node], why_not: str
) -> DeadlockError:
    """Return the error for a request in a cycle that cannot be handled nested."""
    cycle = (me.agent_id, *cycle_through(me, lane, stuck))
    path = " -> ".join(map(str, cycle))
    message = (
        f"agent {me.agent_id} asks {envelope.recipient}, which waits for it ({path}), "
        f"and {why_not}; publish the message, or ask without waiting in a cycle"
    )
    return DeadlockError(message, cycle)


def request_cancelled(request: Request) -> RequestCancelled:
    """Return the error for a sender whose token was cancelled."""
    return RequestCancelled(
        f"the request to {request.recipient} was withdrawn by its cancellation token"
    )
