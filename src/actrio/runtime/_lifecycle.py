"""Starting, stopping, closing, stepping: the life of one runtime, for its front door.

The supervisor does the work in its own task; here are the callers' sides, and the
question every one of them has to ask first: which event loop is this, and is it the
runtime's?
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from .._concurrency import Host, Waiter, current_host, interrupt_main_thread
from ..identity import AgentId
from ..messages import CancellationToken, Errand, MessageContext
from ._actor import Actor
from ._closing import close_agents
from ._endings import ends_program, program_ended
from ._errors import wrong_loop
from ._requests import ask, current_invocation
from ._router import Router
from ._supervisor import Phase, StartSoon

_ASK_CONDITION_EVERY = 1.0


class Lifecycle:
    """Drives the supervisor of one runtime."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._supervisor = router.supervisor
        self._in_block = False
        self._closers: set[object] = set()
        """Who is about to close agents, or does so now."""
        self._closes = False
        """Whether one of them does so now."""
        self._waiting_to_close: list[Waiter] = []

    def start(self) -> None:
        """Start in the running loop, as a task of the loop itself."""
        host = self._router.bind_loop()
        self._start(host, None, partial(_interrupt, host))

    async def stop(self, *, when_idle: bool) -> None:
        """Stop, at once or when idle; inside a handler only begin to."""
        self._check_started()
        await self._supervisor.end(when_idle=when_idle, inside=self._is_inside())

    async def stop_when(self, condition: Callable[[], bool]) -> None:
        """Stop when a condition holds; asked after each message and once a second."""
        self._check_started()
        host, waiter = self._router.host, Waiter()
        listener = partial(host.wake, waiter)
        listeners = self._router.quiescence.listeners
        listeners.append(listener)
        try:
            while self._supervisor.phase is Phase.RUNNING and not condition():
                deadline = host.current_time() + _ASK_CONDITION_EVERY
                with host.cancel_scope(deadline=deadline):
                    await host.park(waiter)
        finally:
            listeners.remove(listener)
        await self.stop(when_idle=False)

    async def close(self) -> None:
        """Stop if need be, then close every agent; inside a handler only begin to."""
        supervisor = self._supervisor
        if self._is_inside():
            if supervisor.is_started:
                await self.stop(when_idle=False)
            else:
                supervisor.refuse_all()
                supervisor.cut_short()
            return
        closer = object()
        self._closers.add(closer)
        try:
            if supervisor.is_started:
                await self.stop(when_idle=False)
            else:
                supervisor.refuse_all()
        finally:
            await self._close_agents(closer, current_host(), log_errors=False)

    async def close_left(self) -> None:
        """Close the agents of a runtime that one of its own handlers has stopped.

        Nobody waits for that: what goes wrong is logged. What has ended the runtime, or
        is meant for the program, is kept for its owner.
        """
        closer = object()
        self._closers.add(closer)
        try:
            await self._close_agents(closer, current_host(), log_errors=True)
        except BaseException as exc:
            if not ends_program(exc):
                raise
            self._supervisor.crash(exc)

    async def process_next(self) -> None:
        """Let one held message or response through, while not started."""
        supervisor, router = self._supervisor, self._router
        self._check_new()
        if router.gate.parked is not None:
            message = "another task waits in process_next(); step from one task only"
            raise RuntimeError(message)
        await self._open_supervisor(self._check_new)
        supervisor.stepping = True
        router.answer = router.answer_by_step
        host = router.host
        while (held := router.gate.take()) is None:
            await host.park(router.gate)
            self._check_new()
        held.let_through()
        await host.checkpoint()
        while router.may_begin():
            await host.checkpoint()
        failure = supervisor.take_failure()
        if failure is not None:
            raise failure

    @asynccontextmanager
    async def block(self) -> AsyncGenerator[None]:
        """Run for the length of a block, in a nursery of the block."""
        host = self._router.bind_loop()
        self._check_startable()
        closer = object()
        error: BaseException | None = None
        try:
            async with host.open_nursery() as nursery:
                scope = nursery.cancel_scope
                self._start(host, nursery.start_soon, lambda _: scope.cancel())
                self._in_block = True
                try:
                    try:
                        yield
                    finally:
                        self._closers.add(closer)
                    if self._supervisor.is_started:
                        await self._supervisor.end(when_idle=True, inside=False)
                except BaseException as exc:
                    own: BaseException | None = exc
                    if scope.cancel_called:  # by a crash: that part is the nursery's
                        _, own = host.split_cancellation(exc)
                        if own is None:
                            raise
                    # kept, so that the nursery does not wrap it in a group
                    error = own
                    scope.cancel()
        finally:
            self._in_block = False
            error = _worse(error, self._supervisor.take_failure())
            await self._close_agents(closer, host, log_errors=error is not None)
        if error is not None:
            raise error

    async def _close_agents(
        self, closer: object, host: Host, *, log_errors: bool
    ) -> None:
        """Close the agents, when the last hook that somebody called has ended."""
        try:
            if self._supervisor.alive:
                await self._supervisor.close()
        finally:
            try:
                await self._close_in_turn(host, log_errors=log_errors)
            finally:
                self._closers.discard(closer)

    async def _close_in_turn(self, host: Host, *, log_errors: bool) -> None:
        """Close the agents, after those who do so now: nobody leaves before the end."""
        with host.cancel_scope(shield=True):  # each step of theirs has its time
            while self._closes:
                waiter = Waiter()
                self._waiting_to_close.append(waiter)
                await host.park(waiter)
        self._closes = True
        try:
            await close_agents(self._router, host, log_errors=log_errors)
        finally:
            self._closes = False
            waiting, self._waiting_to_close = self._waiting_to_close, []
            for waiter in waiting:
                host.wake(waiter)

    async def errand(
        self, id: AgentId, operation: Callable[[Any], Awaitable[object]]
    ) -> Any:
        """Call a hook of an agent in its turn, also while the runtime does not run."""
        router, supervisor = self._router, self._supervisor
        router.directory.actor(id)  # raises before anything is started
        context = MessageContext(
            None, None, True, CancellationToken(), router.next_message_id()
        )
        errand = Errand(operation, id, context)
        self._router.bind_loop()
        if supervisor.phase is Phase.RUNNING:
            router.quiescence.enter()
            try:
                return await ask(router, errand)
            finally:
                router.quiescence.leave()
        return await self._visit(id, partial(ask, router, errand))

    async def passivate(self, id: AgentId) -> None:
        """Let an agent leave, also while the runtime does not run."""
        router, supervisor = self._router, self._supervisor
        registration = router.directory.check_known(id)
        if registration.factory is None:
            message = (
                f"agent {id} was registered as an instance, so nothing could bring it "
                "back; register a factory, or close() the runtime"
            )
            raise ValueError(message)
        actor = router.directory.known(id)
        if actor is None:
            return
        actor.life.revive()
        if not actor.life.is_built:
            if actor.is_gone:
                router.forget(actor)
            return
        router.bind_loop()
        if self._is_inside():
            actor.life.part()
        elif supervisor.phase is Phase.RUNNING:
            await self._wait_for_parting(actor)
        else:
            await self._visit(id, partial(self._wait_for_parting, actor))

    async def _wait_for_parting(self, actor: Actor) -> None:
        if not actor.life.is_built:
            return  # it has left while this visit was prepared
        waiter, parting = Waiter(), actor.life.part()
        parting.waiters.append(waiter)
        await self._router.host.park(waiter)
        farewell = parting.farewell
        if farewell is None or (farewell.stays and not farewell.errors):
            raise self._router.stopped_error(actor.id)
        if farewell.errors:
            error = farewell.errors[0]
            raise program_ended(actor.id, error) if ends_program(error) else error

    async def _visit(self, id: AgentId, visit: Callable[[], Awaitable[object]]) -> Any:
        """Run something in a supervisor that lives no longer than all visits."""
        supervisor = self._supervisor
        await self._open_supervisor(partial(self._check_visitable, id))
        of_the_owner = supervisor.failure  # what ended the run before, if anything
        supervisor.visits += 1
        try:
            return await visit()
        finally:
            supervisor.visits -= 1
            if not supervisor.is_needed:
                if supervisor.alive:
                    await supervisor.close()
                failure = supervisor.failure
                if failure is not None and failure is not of_the_owner:
                    supervisor.take_failure()
                    raise failure  # a factory or hook ended the program

    def _check_visitable(self, id: AgentId) -> None:
        if self._supervisor.phase is Phase.STOPPING or self._closers:
            raise self._router.stopped_error(id)

    async def _open_supervisor(self, check: Callable[[], None]) -> None:
        """See to it that a supervisor is there, without starting the runtime.

        Args:
            check: Raises if there must be none; called again after each wait.
        """
        supervisor = self._supervisor
        check()
        while supervisor.alive and supervisor.is_ending:
            await supervisor.close()
            check()
        if not supervisor.alive:
            supervisor.open(self._router.bind_loop())

    def _check_new(self) -> None:
        phase = self._supervisor.phase
        if phase is not Phase.NEW:
            message = (
                "process_next() steps a runtime that was never started; this one is "
                f"{phase.value}"
            )
            raise RuntimeError(message)

    def _start(
        self,
        host: Host,
        start_soon: StartSoon | None,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._check_startable()
        self._supervisor.start(host, start_soon, on_crash)

    def _check_startable(self) -> None:
        if self._supervisor.phase in (Phase.RUNNING, Phase.STOPPING):
            by_block = "; 'async with' has started it" if self._in_block else ""
            message = f"Runtime is already started{by_block}"
            raise RuntimeError(message)
        if self._closers:
            message = (
                "the runtime is still closing its agents; await that before start()"
            )
            raise RuntimeError(message)

    def _check_started(self) -> None:
        if not self._supervisor.is_started:
            message = "Runtime is not started; call start(), or use 'async with'"
            raise RuntimeError(message)
        if self._router.has_host and not self._router.host.is_current():
            raise wrong_loop()

    def _is_inside(self) -> bool:
        """Say whether the caller is a handler of this very runtime."""
        current = current_invocation()
        return current is not None and current.owner is self._router


def _interrupt(host: Host, failure: BaseException) -> None:
    """Pass a KeyboardInterrupt on to the main task, which did not see it."""
    if isinstance(failure, KeyboardInterrupt):
        # not from this task, where it would count as this task's own error
        host.run_soon(interrupt_main_thread)


def _worse(
    error: BaseException | None, failure: BaseException | None
) -> BaseException | None:
    """Choose what a block raises: its own error, or what ended the runtime in it."""
    if error is None or failure is None:
        return error or failure
    is_consequence = error.__cause__ is failure
    return failure if is_consequence or ends_program(failure) else error
