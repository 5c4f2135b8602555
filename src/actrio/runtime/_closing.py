"""Closing agents, when no task of the runtime is left that could use them."""

from __future__ import annotations

from .._concurrency import Host
from .._contextvars import CURRENT
from ._activation import Farewell, deactivate, log_farewell
from ._actor import Actor
from ._endings import ends_program
from ._router import Router
from ._waits import Invocation


async def close_agents(router: Router, host: Host, *, log_errors: bool = False) -> None:
    """Let every agent leave, once, in the order of their creation.

    Args:
        router: Whose agents.
        host: The loop to close them in.
        log_errors: Log what goes wrong, because something else is raised, unless it is
            meant for the program.

    Raises:
        Exception: What the agents' hooks or the store raised, after all agents were
            closed; a group if there were several errors.

    Cancellation: Shielded; each step of each agent has ``grace`` seconds.
    """
    errors: list[BaseException] = []
    ending: list[BaseException] = []
    cancelled: BaseException | None = None
    for actor in router.directory:
        if not actor.life.is_built:
            continue
        farewell = await _close(actor, router, host)
        cancelled = cancelled or farewell.cancelled
        if log_errors or cancelled is not None:
            log_farewell(actor.id, farewell)
            ending += filter(ends_program, farewell.errors)
        else:
            errors += farewell.errors
    router.residents.rest(router.directory)
    if ending:
        raise ending[0]
    if cancelled is not None:
        raise cancelled
    if len(errors) == 1:
        raise errors[0]
    if errors:
        message = f"{len(errors)} agents failed to close"
        raise BaseExceptionGroup(message, errors)


async def _close(actor: Actor, router: Router, host: Host) -> Farewell:
    agent, version = actor.life.agent, actor.life.version
    assert agent is not None
    saves = actor.life.parting is None or actor.life.parting.saves
    # first of all: nobody else must close it too
    actor.life.retire()
    invocation = Invocation(actor.id, router)
    token = CURRENT.set(invocation)
    try:
        return await deactivate(
            agent,
            actor.id,
            version,
            router.surroundings,
            host,
            saves=saves,
            must_go=True,
        )
    finally:
        CURRENT.reset(token)
        invocation.live = False
