"""The supervisor: the one task of a runtime that owns all the others.

Its life, which is the runtime's::

    NEW ──start──► RUNNING ──stop, idle, failure, cancelled──► STOPPING ──► STOPPED
                      ▲                                                        │
                      └───────────────────────── start ────────────────────────┘

Stopping is the same road for every cause: refuse what is queued and whatever comes,
give running handlers `grace` seconds, cancel them, wait until they have unwound. Who
asked for the stop waits for the end of the supervisor; the supervisor itself runs in
the block of ``async with``, or as a task of the host after a bare ``start()``.

A supervisor may also run for a visit: to build an agent or call a hook of it while
the runtime is not started. Then the phase stays what it is.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from enum import Enum
from threading import get_ident
from typing import Any, Final

from .._concurrency import (
    Host,
    Nursery,
    Waiter,
    uninterruptible,
)
from .._contextvars import CURRENT, POPULATED
from ..logging import ROOT_LOGGER_NAME
from ._contracts import Household

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)

_WARN_EVERY: Final = 1.0
"""Seconds between two warnings of a refused cancellation, if ``grace`` is shorter."""

StartSoon = Callable[[Callable[[], Awaitable[object]]], None]
"""Starts a task in a nursery."""


class Phase(Enum):
    """Where a runtime is in its life."""

    NEW = "new"
    """Never started: messages are held."""
    RUNNING = "running"
    STOPPING = "stopping"
    """No new work; running handlers have their grace, or are being cancelled."""
    STOPPED = "stopped"


class Owner(Waiter):
    """A task that waits for the end of the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def leave(self) -> bool:
        """Leave only while nothing has been stopped yet, else cut the grace short."""
        return self._supervisor.owner_cancelled(self)


class Supervisor(Waiter):
    """Starts, watches and ends the tasks of one runtime."""

    def __init__(self, router: Household, grace: float) -> None:
        self.phase = Phase.NEW
        self.failure: BaseException | None = None
        """What ended the runtime, if nobody asked for the end."""
        self.alive = False
        """Whether the supervisor's task runs."""
        self.stepping = False
        """Whether `process_next` keeps it alive."""
        self.visits = 0
        self._router = router
        self._grace = grace
        self._nursery: Nursery | None = None
        self._waiting_to_start: list[tuple[Callable[..., Awaitable[object]], Any]] = []
        self._tasks = 0
        self._base = Context()
        self._owners: list[Owner] = []
        self._idle_owners: list[Owner] = []
        self._stop_asked = False
        self._stop_when_idle_asked = False
        self._cut_short = False
        self._unwinding = False
        self._collected = True
        self._tells_owner = False
        self._on_crash: Callable[[BaseException], None] = _tell_nobody

    # -- starting ---------------------------------------------------------------

    def start(
        self,
        host: Host,
        start_soon: StartSoon | None,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        """Begin to run; everything sent before is let through.

        Args:
            host: The loop to run in.
            start_soon: The nursery that the supervisor's task belongs to; None for
                a task of the host itself.
            on_crash: Called when a handler ended the program and nobody waits here
                to be told.

        Raises:
            RuntimeError: If a visit is just ending, or the error that ended the last
                run has not been taken yet.
        """
        if self.failure is not None:
            message = (
                "the runtime was ended by an error that nobody has taken yet; "
                "await stop(), which raises it, before start()"
            )
            raise RuntimeError(message) from self.failure
        if self._unwinding:
            message = "the runtime is still closing; await that before start()"
            raise RuntimeError(message)
        if not self.alive:
            self.open(host, start_soon)
        self._enter(Phase.RUNNING)
        self._collected = False
        self._stop_asked = self._stop_when_idle_asked = self._cut_short = False
        self._on_crash = on_crash
        self._wake_owners()  # a visit that wanted to close a supervisor that goes on
        self._router.open_gate()

    def open(self, host: Host, start_soon: StartSoon | None = None) -> None:
        """Start the supervisor's task without running: for a visit or a step."""
        self._router.use_host(host)
        self._on_crash = _tell_nobody
        self.alive = True
        self._stop_asked = self._stop_when_idle_asked = self._cut_short = False
        self._base = copy_context()
        # a runtime started inside a handler does not belong to that handler
        self._base.run(CURRENT.set, None)
        self._base.run(POPULATED.set, None)
        if start_soon is None:
            host.spawn(self._serve, self._base.copy())
        else:
            self._base.run(start_soon, self._serve)

    @property
    def is_started(self) -> bool:
        """Whether there is an end that an owner may wait for."""
        return not self._collected

    @property
    def is_needed(self) -> bool:
        """Whether anybody but a visitor keeps the supervisor alive."""
        runs = self.phase in (Phase.RUNNING, Phase.STOPPING)
        return self.stepping or self.visits > 0 or runs

    @property
    def is_ending(self) -> bool:
        """Whether its task was told to end, and has not yet."""
        return self._unwinding or self._stop_asked

    @property
    def ends_when_idle(self) -> bool:
        """Whether somebody waits for the runtime to be idle."""
        return self._stop_when_idle_asked or bool(self._idle_owners)

    def take_failure(self) -> BaseException | None:
        """Return what ended the runtime; whoever takes it raises it."""
        failure, self.failure = self.failure, None
        return failure

    def start_task(
        self, async_fn: Callable[..., Awaitable[object]], args: tuple[object, ...]
    ) -> None:
        """Start a task in the nursery; it calls `task_ended` when it ends."""
        self._tasks += 1
        if self._nursery is None:
            self._waiting_to_start.append((async_fn, args))
        else:
            # not in the first sender's context, whose variables it would inherit
            self._base.run(self._nursery.start_soon, async_fn, *args)

    def task_began(self) -> None:
        """Count a task that is not in the nursery, but must be waited for."""
        self._tasks += 1

    def task_ended(self) -> None:
        """Count one task less."""
        self._tasks -= 1
        if not self._tasks and self.phase is not Phase.RUNNING:
            self._wake()

    # -- asking for the end -----------------------------------------------------

    @uninterruptible
    async def end(self, *, when_idle: bool, inside: bool) -> None:
        """Stop, at once or when idle, and wait until no task is left.

        Args:
            when_idle: Let everything that was sent be handled first.
            inside: The caller is one of our own handlers, and cannot wait for itself.

        Raises:
            BaseException: The failure that ended the runtime, to the first owner
                that comes for it.

        Cancellation: While waiting to be idle, the runtime goes on as if nobody had
        asked. Once it is stopping, running handlers are cancelled without their
        grace, and the cancellation is raised when no task is left.
        """
        owner = Owner(self)
        if self.alive and self.phase in (Phase.RUNNING, Phase.STOPPING):
            if not when_idle:
                self._stop_asked = True
                self._refuse()
            elif inside:
                self._stop_when_idle_asked = True
            else:
                self._idle_owners.append(owner)
            self._listen(True)
            self._message_ended()
            self._wake()
            if inside:
                return
            self._owners.append(owner)
            await self._router.host.park(owner)
        if inside:
            return
        self._collected = True
        failure = self.take_failure()
        if failure is not None:
            raise failure
        if owner.cancelled is not None:
            owner.cancelled()

    @uninterruptible
    async def close(self) -> None:
        """End a supervisor that only steps or visits, and wait until no task is left."""
        self.cut_short()
        owner = Owner(self)
        self._owners.append(owner)
        await self._router.host.park(owner)
        if owner.cancelled is not None:
            owner.cancelled()

    def cut_short(self) -> None:
        """Have the task end without grace; one that only steps or visits."""
        self._cut_short = self._stop_asked = True
        self._wake()

    def refuse_all(self) -> None:
        """Stop a runtime that does not run: what is held is failed."""
        self._router.refuse_queued()
        self._enter(Phase.STOPPED)
        if not self.alive:
            self._router.use_host(None)

    def fail(self, exc: BaseException, *, at_once: bool = False) -> None:
        """End the runtime because of an error that nobody waits for.

        Args:
            exc: The error, which the owner raises.
            at_once: Whether the owner is told now, and not when he asks.
        """
        if self.failure is None:
            self.failure = exc
            self._tells_owner = at_once
        self._stop_asked = True
        self._refuse()
        self._wake()

    def crash(self, exc: BaseException) -> None:
        """End the runtime at once because of an exception meant for the program."""
        self.failure = exc
        self._tells_owner = True
        self._stop_asked = self._cut_short = True
        self._refuse()
        self._wake()

    def owner_cancelled(self, owner: Owner) -> bool:
        """Say whether a cancelled owner may leave: only if nothing was stopped yet."""
        if self.phase is Phase.RUNNING and not self._stop_asked:
            self._owners.remove(owner)
            self._idle_owners.remove(owner)
            return True
        self._cut_short = True
        self._wake()
        return False

    def lose_loop(self) -> None:
        """Give up a run whose event loop was closed without ending our task."""
        self._router.use_host(None)
        self._refuse()
        self._ended()

    # -- the task ---------------------------------------------------------------

    @uninterruptible
    async def _serve(self) -> None:
        """Own the nursery until somebody asks for the end."""
        host = self._router.host
        try:
            async with host.open_nursery() as nursery:
                self._nursery = nursery
                waiting, self._waiting_to_start = self._waiting_to_start, []
                for async_fn, args in waiting:
                    self._base.run(nursery.start_soon, async_fn, *args)
                try:
                    await self._until_asked(host)
                    await self._give_grace(host)
                finally:
                    self._unwinding = True
                    self._refuse()
                    nursery.cancel_scope.cancel()
                    self._router.cancel_nested()
                    await self._until_unwound(host)
        except Exception as exc:
            # our own bug: a task of ours let something escape
            _logger.exception("The runtime broke down")
            self.failure = self.failure or exc
        finally:
            self._ended()

    async def _until_asked(self, host: Host) -> None:
        while not self._stop_asked:
            await host.park(self)
        self._refuse()

    async def _give_grace(self, host: Host) -> None:
        """Let running handlers finish, for a bounded time."""
        deadline = host.current_time() + self._grace
        with host.cancel_scope(deadline=deadline):
            while not self._router.quiescence.is_idle and not self._cut_short:
                await host.park(self)

    async def _until_unwound(self, host: Host) -> None:
        """Wait for cancelled tasks; a handler that refuses is named once per grace."""
        with host.cancel_scope(shield=True):
            while self._tasks:
                patience_ends = host.current_time() + max(self._grace, _WARN_EVERY)
                with host.cancel_scope(deadline=patience_ends) as patience:
                    await host.park(self)
                if patience.cancelled_caught and self._tasks:
                    self._warn_of_refusal()

    def _ended(self) -> None:
        router = self._router
        self._nursery = None
        self._waiting_to_start.clear()
        self._tasks = 0
        self.alive = self.stepping = self._unwinding = False
        self._listen(False)
        router.abandon()
        collected = bool(self._owners)
        self._wake_owners()
        if self.phase is not Phase.NEW:
            self._enter(Phase.STOPPED)
            router.use_host(None)  # nothing bound to a loop is kept while stopped
        failure = self.failure
        if failure is not None and not collected and self._tells_owner:
            self._on_crash(failure)

    # -- deciding ---------------------------------------------------------------

    def _message_ended(self) -> None:
        """At zero, with somebody waiting for it, stop accepting in this same step."""
        if not self._router.quiescence.is_idle:
            return
        if self.phase is Phase.STOPPING:
            self._wake()
        elif self._stop_when_idle_asked or self._idle_owners:
            self._stop_asked = True
            self._refuse()
            self._wake()

    def _listen(self, wanted: bool) -> None:
        listeners = self._router.quiescence.listeners
        if wanted != (self._message_ended in listeners):
            if wanted:
                listeners.append(self._message_ended)
            else:
                listeners.remove(self._message_ended)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        accepts = phase is Phase.RUNNING
        self._router.accepting_thread = get_ident() if accepts else None

    def _wake_owners(self) -> None:
        owners, self._owners = self._owners, []
        self._idle_owners.clear()
        for owner in owners:
            self._router.wake(owner)

    def _refuse(self) -> None:
        """Accept nothing more, and fail what no handler has begun with."""
        if self.phase is Phase.RUNNING:
            self._listen(True)
            self._enter(Phase.STOPPING)
            self._router.refuse_queued()

    def _wake(self) -> None:
        self._router.wake(self)

    def _warn_of_refusal(self) -> None:
        busy = ", ".join(str(one.agent_id) for one in self._router.running())
        _logger.warning(
            "The runtime cannot stop: %s still ran %g s after being cancelled; a "
            "handler must let the cancellation through",
            busy or "a task",
            max(self._grace, _WARN_EVERY),
        )


def _tell_nobody(failure: BaseException) -> None:
    """Do nothing: whoever visits takes the failure himself."""
