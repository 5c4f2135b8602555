"""Activation and passivation: how an agent comes to life, and how it leaves.

Coming: the factory makes it, it gets back the state that the store has for it, and
``on_start`` is called. Leaving: its state is saved, ``on_stop`` is called, then
``close``. Each hook has ``grace`` seconds, and each save half a minute. The save comes first, because it
may fail, and an agent that cannot be saved goes on as if nothing had been asked. After
it the agent leaves, whatever its hooks raise.

The store is told from which version the agent went on. If another one lies there now,
somebody else has taken over, in another process perhaps; what this agent knows is
outdated then, and is dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, Final

import attrs

from .._concurrency import CancelledError, Host, interruptible
from ..abc import Agent, StateStore
from ..agents import BaseAgent, ClosureAgent
from ..exceptions import StateConflict
from ..identity import AgentId
from ..logging import ROOT_LOGGER_NAME
from ._endings import ends_program

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)

_PATIENCE_WITH_STORES: Final = 30.0
"""How many seconds a save may take, if ``grace`` is shorter.

A program that gives its handlers no grace does not want to lose its states. A store
gives up by itself long before, unless it is broken.
"""

_KEEP_NOTHING: Final = (BaseAgent.save_state, ClosureAgent.save_state)
"""What agents have for a ``save_state`` that keep no state."""


@attrs.frozen
class Surroundings:
    """What the agents of one runtime come to life in."""

    store: StateStore | None
    grace: float
    """How many seconds each hook of an agent that leaves may take."""


@attrs.define
class Farewell:
    """How an agent left."""

    errors: list[BaseException] = attrs.Factory(list[BaseException])
    """What its hooks and the store raised."""
    stays: bool = False
    """Whether it goes on, because its state could not be saved."""
    cancelled: BaseException | None = None
    """asyncio's own cancellation of the task, which knows no shield."""


async def activate(
    agent: Agent,
    id: AgentId,
    surroundings: Surroundings,
    host: Host,
    *,
    is_new: bool,
) -> int:
    """Give an agent its state back, and tell it to start.

    Args:
        agent: The agent, which knows its id and its runtime.
        id: Its id.
        surroundings: Where its state lies.
        host: The loop that it is to live in.
        is_new: Whether it was made for this, and has to be closed if it cannot start.

    Returns:
        The version of the state that it goes on from; 0 if there was none.

    Raises:
        BaseException: What the store, ``load_state`` or ``on_start`` raised.
    """
    try:
        version = await _load(agent, id, surroundings.store)
        await _call(agent, "on_start")
    except BaseException:
        if is_new:
            leaving = _Leaving(agent, id, surroundings.grace, host)
            await leaving.take("close()", partial(_call, agent, "close"))
            for error in filter(ends_program, leaving.farewell.errors):
                raise error from None
            log_farewell(id, leaving.farewell)
        raise
    return version


async def deactivate(
    agent: Agent,
    id: AgentId,
    version: int | None,
    surroundings: Surroundings,
    host: Host,
    *,
    saves: bool,
    must_go: bool = False,
) -> Farewell:
    """Let an agent leave.

    Args:
        agent: The agent.
        id: Its id.
        version: The version of the state that it went on from; None if it was never
            started.
        surroundings: Where to save, and how long each step may take.
        host: The loop that it lives in.
        saves: Whether its state is worth keeping.
        must_go: Whether it leaves even if its state cannot be saved.

    Cancellation: Shielded; each step has its time, and a save that has begun is
    finished.
    """
    leaving = _Leaving(agent, id, surroundings.grace, host)
    farewell = leaving.farewell
    store = surroundings.store
    if version is not None:
        if saves and store is not None and _keeps_state(agent):
            await leaving.save(store, version)
            if leaving.is_unsaved and not must_go:
                farewell.stays = True
                return farewell
        await leaving.take("on_stop()", partial(_call, agent, "on_stop"))
    await leaving.take("close()", partial(_call, agent, "close"))
    return farewell


class _Leaving:
    """The steps in which one agent leaves."""

    def __init__(self, agent: Agent, id: AgentId, grace: float, host: Host) -> None:
        self._agent = agent
        self._id = id
        self._grace = grace
        self._host = host
        self._saved = False
        self.farewell = Farewell()

    @property
    def is_unsaved(self) -> bool:
        """Whether its state could not be saved, and is not outdated either."""
        errors = self.farewell.errors
        outdated = any(isinstance(error, StateConflict) for error in errors)
        return not self._saved and not outdated

    async def save(self, store: StateStore, version: int) -> None:
        """Save the agent's state; errors say that it is not saved."""
        await self._save(store, version)
        if self.farewell.cancelled and not self._saved and not self.farewell.errors:
            # asyncio's own cancellation came in between, and comes once
            await self._save(store, version)

    async def _save(self, store: StateStore, version: int) -> None:
        key = str(self._id)
        states: list[Mapping[str, Any]] = []

        async def ask() -> None:
            states.append(await _save_state(self._agent))

        async def keep() -> None:
            try:
                await store.save(key, states[0], expected_version=version)
            except StateConflict:
                stored = await store.load(key) if self.farewell.cancelled else None
                if stored is None or stored.state != states[0]:
                    raise
                # it was ours: the save that was cancelled had been finished
            self._saved = True

        await self.take("save_state()", ask, is_needed=True)
        if states:
            seconds = max(self._grace, _PATIENCE_WITH_STORES)
            await self.take("saving", keep, seconds=seconds, is_needed=True)

    async def take(
        self,
        step: str,
        call: Callable[[], Awaitable[object]],
        *,
        seconds: float | None = None,
        is_needed: bool = False,
    ) -> None:
        """Take one step, for at most ``seconds``, or ``grace`` seconds.

        It is an error not to finish a step that is needed.
        """
        host = self._host
        if seconds is None:
            seconds = self._grace
        try:
            deadline = host.current_time() + seconds
            with host.cancel_scope(deadline=deadline, shield=True) as scope:
                try:
                    await call()
                except BaseException as exc:
                    cancellation = self._record(exc)
                    if cancellation is exc:
                        raise
                    if cancellation is not None:
                        raise cancellation from None
            if scope.cancelled_caught:
                message = f"{step} of agent {self._id} took more than {seconds:g} s"
                if is_needed:
                    self.farewell.errors.append(TimeoutError(message))
                else:
                    _logger.warning("%s, and was cancelled", message)
        except GeneratorExit:
            raise
        except BaseException as exc:  # noqa: BLE001 - asyncio's own cancellation knows no shield
            self.farewell.cancelled = self.farewell.cancelled or exc

    def _record(self, exc: BaseException) -> BaseException | None:
        """Keep what a step raised; return the part that is the host's."""
        cancellation, own = self._host.split_cancellation(exc)
        if isinstance(own, CancelledError) and not isinstance(own, Exception):
            # raised as it was, it would look like a cancellation of our caller
            log_farewell(self._id, Farewell([own]))
        elif own is not None:
            self.farewell.errors.append(own)
        return cancellation


def log_farewell(id: AgentId, farewell: Farewell) -> None:
    """Log what an agent's last steps raised."""
    what = "could not be saved, and stays" if farewell.stays else "failed to close"
    for error in farewell.errors:
        _logger.error("Agent %s %s", id, what, exc_info=error)


def _keeps_state(agent: Agent) -> bool:
    save_state = getattr(type(agent), "save_state", None)
    return save_state is not None and save_state not in _KEEP_NOTHING


@interruptible
async def _load(agent: Agent, id: AgentId, store: StateStore | None) -> int:
    if store is None or not _keeps_state(agent):
        return 0
    stored = await store.load(str(id))
    if stored is None:
        return 0
    await agent.load_state(stored.state)
    return stored.version


@interruptible
async def _save_state(agent: Agent) -> Mapping[str, Any]:
    return await agent.save_state()


@interruptible
async def _call(agent: Agent, name: str) -> None:
    """Call a hook, if the agent has it."""
    hook = getattr(type(agent), name, None)
    # an agent may have a handler of that name
    if hook is None or getattr(hook, "is_message_handler", False):
        return
    called = hook(agent)
    if isawaitable(called):
        await called
