"""Closing agents, when no task of the runtime is left that could use them."""

from __future__ import annotations

import logging
from typing import Final

from .._concurrency import Host, interruptible
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
    errors: list[Exception] = []
    for actor in router.directory:
        if not actor.is_built:
            continue
        actor.closed = True
        actor.handles_concurrently = None
        actor.side_lane = None
        deadline = host.current_time() + router.settings.grace
        with host.cancel_scope(deadline=deadline, shield=True):
            try:
                await _close(actor, router)
            except Exception as exc:  # noqa: BLE001 - one agent must not stop the rest
                errors.append(exc)
    if log_errors:
        for error in errors:
            _logger.error("An agent failed to close", exc_info=error)
        return
    if len(errors) == 1:
        raise errors[0]
    if errors:
        message = f"{len(errors)} agents failed to close"
        raise ExceptionGroup(message, errors)


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
