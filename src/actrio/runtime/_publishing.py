"""Telling: a published message, from the publisher's side.

The copies are deposited in subscription order, first into every inbox that has room;
then the publisher waits for the full ones. Nobody waits for the handlers.
"""

from __future__ import annotations

import logging
from typing import Final

from .._concurrency import uninterruptible
from ..logging import ROOT_LOGGER_NAME
from ..messages import (
    WITHDRAWN,
    CancellationToken,
    Delivery,
    MessageContext,
    Publication,
)
from ._actor import lane_of
from ._dead_letters import DeadLetterReason
from ._requests import current_invocation, hold, stuck_if_queued
from ._router import Router
from ._waits import Invocation
from ._watching import Watch, WatchedDelivery

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)


def fan_out(
    router: Router,
    message: object,
    context: MessageContext,
    token: CancellationToken | None,
    watch: Watch | None,
) -> list[Delivery]:
    """Deposit one copy for every recipient whose inbox has room.

    Args:
        router: Where the recipients live.
        message: What every recipient gets.
        context: What the first recipient is told; the others get equal ones.
        token: The publisher's token, which withdraws copies not yet handled.
        watch: Those who watch the message, if anybody does.

    Returns:
        The copies that have to wait for room, in subscription order.
    """
    topic = context.topic_id
    assert topic is not None
    full: list[Delivery] = []
    recipients = 0
    for recipient in router.routes.recipients(topic):
        if recipient == context.sender:
            continue
        actor = router.directory.find_actor(recipient)
        recipients += 1
        if actor is None:
            reason = DeadLetterReason.UNKNOWN_TYPE
            router.dead_message(message, context, reason, recipient)
            continue
        router.quiescence.enter()
        # a context is mutable, so no two handlers share one
        own = context if recipients == 1 else _copy_of(context)
        if watch is None:
            delivery = Delivery(message, recipient, own)
        else:
            delivery = WatchedDelivery(message, recipient, own, watch)
        lane = delivery.queue = actor.lane_for(type(message))
        if token is not None:
            delivery.on_over = token.register(delivery.withdraw)
            if delivery.state is WITHDRAWN:  # the token is cancelled already
                delivery.on_over()
                continue
        if lane.inbox.is_full:
            full.append(delivery)
        else:
            lane.put(delivery)
    if not recipients:
        router.dead_message(message, context, DeadLetterReason.NO_SUBSCRIBER)
    return full


@uninterruptible
async def wait_for_room(router: Router, full: list[Delivery]) -> None:
    """Wait until every one of these copies has found room.

    A copy whose inbox could only empty after the publisher's own handler has ended is
    a dead letter.

    Cancellation: Withdraws the copies that found no room yet.
    """
    publication = Publication(router.wake)
    me = current_invocation()
    for delivery in full:
        lane = lane_of(delivery)
        if me is not None and stuck_if_queued(lane, me):
            router.give_up(delivery, DeadLetterReason.DEADLOCK)
            continue
        publication.add(delivery)
        lane.put(delivery)
        if delivery.has_room:  # somebody made room meanwhile
            delivery.settle()
    if not publication.waiting:
        return
    if me is None:
        await router.park(publication)
    else:
        await _park_inside(router, publication, me)


async def _park_inside(
    router: Router, publication: Publication, me: Invocation
) -> None:
    waits = tuple(publication.waiting)
    me.begin_waits(waits)
    try:
        await router.park(publication)
    finally:
        me.end_waits(waits)
        if me.guests:
            await hold(router, me)


def log_intervention_error(context: MessageContext) -> None:
    """Log the exception being handled: it must not reach the publisher."""
    _logger.exception(
        "Exception raised in intervention handler: the message %s to topic %s is gone",
        context.message_id,
        context.topic_id,
    )


def log_routing_error(context: MessageContext) -> None:
    """Log the exception being handled: a subscription raised it."""
    _logger.exception(
        "A subscription raised for topic %s: the message %s is gone",
        context.topic_id,
        context.message_id,
    )


def _copy_of(context: MessageContext) -> MessageContext:
    # dataclasses.replace() takes five times as long
    return MessageContext(
        context.sender,
        context.topic_id,
        context.is_rpc,
        context.cancellation_token,
        context.message_id,
    )
