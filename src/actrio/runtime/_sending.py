"""What a message passes before it reaches an inbox: the way from the front door.

The usual request needs none of this and takes the short way, `begin` in `_requests`;
here are interventions, tokens and the gate, which a message meets only if they exist.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from .._concurrency import uninterruptible
from ..exceptions import MessageDroppedException
from ..identity import AgentId, TopicId
from ..messages import CancellationToken, MessageContext, Request
from ._actor import lane_of
from ._dead_letters import DeadLetterReason
from ._gate import Held
from ._publishing import (
    fan_out,
    log_intervention_error,
    log_routing_error,
    wait_for_room,
)
from ._requests import (
    ask,
    current_invocation,
    outcome_of,
    request_cancelled,
    withdraw_by_token,
)
from ._router import Router
from ._supervisor import Phase
from ._watching import Watch, WatchedRequest

_PUBLISHES_BEFORE_YIELDING: Final = 32


def check_sendable(router: Router, target: AgentId | TopicId) -> None:
    """Raise unless a message can be accepted here and now.

    Raises:
        RuntimeStoppedError: If the runtime stops or has stopped.
        RuntimeError: If it works in another event loop.
    """
    phase = router.supervisor.phase
    if phase in (Phase.STOPPING, Phase.STOPPED):
        raise router.stopped_error(target)
    router.bind_loop()


@uninterruptible
async def send_observed(
    router: Router,
    message: object,
    recipient: AgentId,
    context: MessageContext,
    token: CancellationToken | None,
) -> object:
    """Send a request that interventions, a token or a watcher look at."""
    watch = router.observers.watch(message, context, recipient)
    if watch is None:
        return await _send(router, message, recipient, context, token, None)
    with watch.sending() as bracket:
        response = await _send(router, message, recipient, context, token, watch)
        bracket.report(response)
        return response


@uninterruptible
async def _send(
    router: Router,
    message: object,
    recipient: AgentId,
    context: MessageContext,
    token: CancellationToken | None,
    watch: Watch | None,
) -> object:
    chain = router.interventions
    if chain is not None:
        try:
            message = await chain.on_send(message, context, recipient, watch)
        except Exception as exc:
            reason = DeadLetterReason.DROPPED
            router.dead_message(message, context, reason, recipient)
            _tell_if_dropped(watch, exc, is_response=False)
            raise
        check_sendable(router, recipient)
    if watch is None:
        request = Request(message, recipient, context)
    else:
        watch.passage.message = message
        request = WatchedRequest(message, recipient, context, watch)
    if token is not None:
        cancel = partial(withdraw_by_token, router, request)
        request.on_over = token.register(cancel)
        if request.withdrawn_by_token:
            router.dead(request, DeadLetterReason.WITHDRAWN)
            raise request_cancelled(request)
    try:
        if router.transport is None:
            response = await ask(router, request)
        else:
            await router.transport.begin(request)
            response = outcome_of(request)
    finally:
        if request.on_over is not None:
            request.on_over()
    if chain is not None:
        try:
            response = await chain.on_response(response, recipient, context.sender)
        except Exception as exc:
            _tell_if_dropped(watch, exc, is_response=True)
            raise
    return response


@uninterruptible
async def publish(
    router: Router,
    message: object,
    context: MessageContext,
    token: CancellationToken | None,
) -> None:
    """Publish a message; see ``publish_message``."""
    watch = router.observers.watch(message, context, _topic(context))
    if watch is None:
        await _publish(router, message, context, token, None)
    else:
        with watch.sending():
            await _publish(router, message, context, token, watch)


@uninterruptible
async def _publish(
    router: Router,
    message: object,
    context: MessageContext,
    token: CancellationToken | None,
    watch: Watch | None,
) -> None:
    router.quiescence.enter()
    held = False
    try:
        if router.interventions is not None:
            keep, message = await _intervene(router, message, context, watch)
            if not keep:
                return
            check_sendable(router, _topic(context))
        if router.transport is not None:
            await router.transport.publish(message, context, token, watch)
            return
        if router.supervisor.phase is Phase.NEW:
            _hold_publish(router, message, context, token, watch)
            held = True
            return
        host = router.host
        if host.is_cancelled():
            await host.checkpoint()
        full = fan_out(router, message, context, token, watch)
        me = current_invocation()
        if me is not None:
            me.has_published = True
        router.published += 1
        if full:
            await wait_for_room(router, full)
        elif not router.published % _PUBLISHES_BEFORE_YIELDING:
            await host.let_others_run()
    finally:
        if not held:
            router.quiescence.leave()


async def _intervene(
    router: Router, message: object, context: MessageContext, watch: Watch | None
) -> tuple[bool, object]:
    """Run the interventions of a publish; False if the message is gone."""
    assert router.interventions is not None
    try:
        kept = await router.interventions.on_publish(message, context, watch)
        if watch is not None:
            watch.passage.message = kept
        return True, kept
    except MessageDroppedException as exc:
        _tell_if_dropped(watch, exc, is_response=False)
    except Exception:  # noqa: BLE001 - logged; it never reaches the publisher
        log_intervention_error(context)
    router.dead_message(message, context, DeadLetterReason.DROPPED)
    return False, message


def _hold_publish(
    router: Router,
    message: object,
    context: MessageContext,
    token: CancellationToken | None,
    watch: Watch | None,
) -> None:
    """Hold a publish at the gate; its recipients are looked up when it is let through."""

    def let_through() -> None:
        try:
            for delivery in fan_out(router, message, context, token, watch):
                lane_of(delivery).put(delivery)
        except Exception:  # noqa: BLE001 - logged; its publisher has gone on
            log_routing_error(context)
            router.dead_message(message, context, DeadLetterReason.NOT_ROUTED)
        finally:
            router.quiescence.leave()

    def refuse() -> None:
        router.dead_message(message, context, DeadLetterReason.STOPPED)
        router.quiescence.leave()

    router.hold(Held(let_through, refuse, None))


def _tell_if_dropped(watch: Watch | None, exc: Exception, *, is_response: bool) -> None:
    if watch is not None and isinstance(exc, MessageDroppedException):
        watch.dropped(is_response=is_response)


def _topic(context: MessageContext) -> TopicId:
    assert context.topic_id is not None
    return context.topic_id
