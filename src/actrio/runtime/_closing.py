"""Closing agents, when no task of the runtime is left that could use them."""

from __future__ import annotations

import logging
from typing import Final

from .._concurrency import CancelledError, Host, interruptible
from .._contextvars import CURRENT
from ..abc import Agent
from ..logging import ROOT_LOGGER_NAME
from ._actor import Actor
from ._router import Router
from ._waits import Invocation

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)


async def close_agents(router: Router, host: Host, *, log_errors: bool = False) -> None:
    """Close every open agent once, in the order of their creation.

    Args:
        router: Whose agents.
        host: The loop to close them in.
        log_errors: Log what ``close`` raises, because something else is raised.

    Raises:
        Exception: What ``close`` raised, after all agents were closed; a group if
            there were several.

    Cancellation: Shielded; each agent has ``grace`` seconds.
    """
    errors: list[BaseException] = []
    cancelled: BaseException | None = None
    for actor in router.directory:
        if not actor.is_built:
            continue
        actor.closed = True
        actor.handles_concurrently = None
        actor.side_lane = None
        try:
            await _close_in_time(actor, router, host, errors)
        except GeneratorExit:
            raise
        except BaseException as exc:  # noqa: BLE001 - asyncio's own cancellation knows no shield
            cancelled = cancelled or exc
    if cancelled is not None or log_errors:
        for error in errors:
            _logger.error("An agent failed to close", exc_info=error)
        if cancelled is not None:
            raise cancelled
        return
    if len(errors) == 1:
        raise errors[0]
    if errors:
        message = f"{len(errors)} agents failed to close"
        raise BaseExceptionGroup(message, errors)


async def _close_in_time(
    actor: Actor, router: Router, host: Host, errors: list[BaseException]
) -> None:
    """Close one agent, for at most ``grace`` seconds; its errors go to ``errors``."""
    deadline = host.current_time() + router.settings.grace
    with host.cancel_scope(deadline=deadline, shield=True):
        try:
            await _close(actor, router)
        except BaseException as exc:
            cancellation, own = host.split_cancellation(exc)
            if isinstance(own, CancelledError) and not isinstance(own, Exception):
                # raised as it was, it would look like a cancellation of our caller
                _logger.error("Agent %s failed to close", actor.id, exc_info=own)
            elif own is not None:
                errors.append(own)
            if cancellation is exc:
                raise
            if cancellation is not None:
                raise cancellation from None


@interruptible
async def _close(actor: Actor, router: Router) -> None:
    assert isinstance(actor.agent, Agent)
    invocation = Invocation(actor.id, router)
    token = CURRENT.set(invocation)
    try:
        await actor.agent.close()
    finally:
        CURRENT.reset(token)
        invocation.live = False
