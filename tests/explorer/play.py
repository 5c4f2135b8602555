"""Playing a program on a real runtime."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import anyio
import attrs
import trio
from anyio.abc import TaskGroup

from actrio import (
    AgentInstantiationContext,
    MessageContext,
    RoutedAgent,
    TypeSubscription,
    message_handler,
)
from actrio.abc import OnFailure, RestartPolicy
from actrio.exceptions import RuntimeStoppedError
from actrio.runtime._supervisor import Phase
from actrio.testing import Host, leftover_tasks, run

from .dump import dump
from .generate import GRID
from .order import ordered_by_age, shown, use_tasks
from .program import (
    Action,
    Address,
    AgentSpec,
    Ask,
    Block,
    CancelToken,
    Disturbance,
    Fail,
    Fan,
    Finally,
    Hook,
    Leave,
    Limit,
    Nap,
    Passivate,
    Program,
    Publish,
    Script,
    Stop,
)
from .world import AgentLife, Beside, Failure, Frame, Message, Plain, World


@attrs.frozen
class Report:
    """What came of one program."""

    problems: list[str]
    trace: list[str]
    messages: int
    nested: int
    """How many handlers ran nested."""
    handled: Counter[Address]
    """How many messages each agent handled."""
    dead: Counter[str]
    """How many dead letters there are for each reason."""


class Player(RoutedAgent):
    """Plays the scripts that its messages carry."""

    def __init__(self, stage: Stage) -> None:
        super().__init__("player")
        self._stage = stage
        self._life = AgentLife(self.id)
        stage.world.built(self._life)

    @message_handler
    async def on_plain(self, message: Plain, ctx: MessageContext) -> int:
        return await self._handle(message, ctx)

    @message_handler(concurrent=True)
    async def on_beside(self, message: Beside, ctx: MessageContext) -> int:
        return await self._handle(message, ctx)

    async def _handle(self, message: Message, ctx: MessageContext) -> int:
        world = self._stage.world
        frame = world.begin(self._life, message)
        error: BaseException | None = None
        try:
            await self._stage.play(message.script, frame)
        except BaseException as exc:
            error = exc
            raise
        finally:
            world.end(frame, message, error)
        self._life.handled.append(message.number)
        return message.number

    async def on_start(self) -> None:
        self._stage.world.check_state(self._life)
        await self._hook("start", self._stage.world.spec(self.id).starting)

    async def save_state(self) -> Mapping[str, Any]:
        await self._hook("save", self._stage.world.spec(self.id).saving)
        return {"handled": list(self._life.handled)}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        if state:  # by the runtime, and not by a script
            self._life.handled = list(state["handled"])
        await self._hook("load", self._stage.world.spec(self.id).saving)

    async def on_stop(self) -> None:
        await self._hook("stop", self._stage.world.spec(self.id).closing)

    async def close(self) -> None:
        world = self._stage.world
        frame = world.begin_close(self._life)
        await self._in_frame(frame, world.spec(self.id).closing)

    async def _hook(self, kind: str, script: Script) -> None:
        await self._in_frame(self._stage.world.begin_hook(self.id, kind), script)

    async def _in_frame(self, frame: Frame, script: Script) -> None:
        error: BaseException | None = None
        try:
            if self._stage.world.plays_hooks(frame.id):
                await self._stage.play(script, frame)
        except BaseException as exc:
            error = exc
            raise
        finally:
            self._stage.world.end_hook(frame, error)


class Stage:
    """One program, its world, and the nursery for tasks that are left behind."""

    def __init__(
        self, program: Program, host: Host, task_class: type[asyncio.Task[Any]]
    ) -> None:
        self.task_class = task_class
        self.program = program
        self.host = host
        self.world = World(program)
        self.left: TaskGroup

    # -- scripts ----------------------------------------------------------------

    async def play(self, script: Script, frame: Frame | None) -> None:
        """Do one thing after the other, for ``frame`` or for somebody outside."""
        for action in script:
            try:
                await self._act(action, frame)
            finally:
                self.world.mark(frame)

    async def _act(self, action: Action, frame: Frame | None) -> None:
        match action:
            case Nap():
                await self._nap(action, frame)
            case Ask():
                await self._limited(
                    action.limit, frame, partial(self._ask, action, frame)
                )
            case Publish():
                await self._limited(
                    action.limit, frame, partial(self._publish, action, frame)
                )
            case Hook():
                await self._limited(
                    action.limit, frame, partial(self._hook, action, frame)
                )
            case Block():
                await self._block(action, frame)
            case Finally():
                await self._finally(action, frame)
            case Fan(branches):
                await self._fan(branches, frame)
            case Leave(script):
                if frame is not None:
                    frame.loose = True
                self.left.start_soon(self._leave, script, frame)
            case Fail():
                raise Failure
            case CancelToken(token):
                self.world.tokens[token].cancel()
            case Passivate():
                await self._limited(
                    action.limit, frame, partial(self._passivate, action, frame)
                )
            case Stop(how):
                await self._stop(how, frame)

    async def _limited(
        self,
        limit: Limit | None,
        frame: Frame | None,
        call: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        if limit is None:
            await call()
            return
        seconds = limit.seconds
        if limit.kind == "scope" or self.host != "asyncio":
            with anyio.move_on_after(seconds):
                await call()
        else:
            with suppress(TimeoutError):
                if limit.kind == "wait_for":
                    if frame is not None:
                        # before Python 3.12 it makes a task, and under a scope of
                        # anyio it may leave while that task still unwinds
                        frame.loose = True
                    await asyncio.wait_for(call(), seconds)
                else:
                    async with asyncio.timeout(seconds):
                        await call()

    async def _block(self, block: Block, frame: Frame | None) -> None:
        if block.token is None:
            await self._limited(
                block.limit, frame, partial(self.play, block.script, frame)
            )
        else:
            with self.world.tokens[block.token].scope():
                await self.play(block.script, frame)

    async def _nap(self, nap: Nap, frame: Frame | None) -> None:
        doomed = frame is not None and not nap.shielded and frame.must_be_cancelled
        with anyio.CancelScope(shield=nap.shielded):
            await anyio.sleep(nap.seconds)
        if doomed:
            self.world.problem(f"{frame and frame.id} slept on under a cancelled token")

    async def _finally(self, action: Finally, frame: Frame | None) -> None:
        try:
            await self.play(action.script, frame)
        except anyio.get_cancelled_exc_class() as exc:
            if not action.swallows or isinstance(exc, Exception):
                raise
        finally:
            if frame is not None:
                frame.shields += action.shielded
            try:
                with anyio.CancelScope(shield=action.shielded):
                    await self.play(action.cleanup, frame)
            finally:
                if frame is not None:
                    frame.shields -= action.shielded

    @contextmanager
    def _waiting(self, frame: Frame | None) -> Generator[None]:
        if frame is not None:
            frame.waiting += 1
        try:
            yield
        finally:
            if frame is not None:
                frame.waiting -= 1

    async def _ask(self, ask: Ask, frame: Frame | None) -> None:
        world = self.world
        to = world.address(ask.to)
        message = world.send(ask.script, frame, beside=ask.beside, published=False)
        token = None if ask.token is None else world.tokens[ask.token]
        message.token = token
        world.note(f"{message.sender} asks {to}: {message.number}")
        settle = partial(world.settle_request, message, to, ask.token, frame)
        try:
            with self._waiting(frame):
                response = await world.runtime.send_message(
                    message,
                    to,
                    sender=message.sender,
                    cancellation_token=token,
                )
        except Exception as exc:
            settle(exc)
            # asyncio's task groups take a RequestCancelled for their own cancellation
            if not ask.forgiving and not isinstance(exc, asyncio.CancelledError):
                raise
        except BaseException as exc:
            settle(exc)
            raise
        else:
            settle(response)

    async def _publish(self, publish: Publish, frame: Frame | None) -> None:
        world = self.world
        topic = world.topic(publish.topic)
        message = world.send(
            publish.script, frame, beside=publish.beside, published=True
        )
        world.audiences[message.number] = world.recipients(topic, message.sender)
        world.note(f"{message.sender} publishes to {topic}: {message.number}")
        token = None if publish.token is None else world.tokens[publish.token]
        try:
            with self._waiting(frame):
                await world.runtime.publish_message(
                    message, topic, sender=message.sender, cancellation_token=token
                )
        except RuntimeStoppedError:
            message.may_vanish = True
            refused = world.may_refuse(message.generation, frame)
            world.check(refused, f"publish {message.number} was refused")
        except Exception as exc:  # noqa: BLE001 - kept in the books
            world.problem(f"publish {message.number} raised {shown(exc)}")
        except BaseException:
            message.may_vanish = True  # all of it, or nothing: cancelled at the start
            raise
        finally:
            world.note(f"{message.number} is published")

    async def _hook(self, hook: Hook, frame: Frame | None) -> None:
        world, runtime = self.world, self.world.runtime
        to = world.address(hook.to)
        world.note(f"{frame and frame.id} calls {hook.kind} of {to}")
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "save": lambda: runtime.agent_save_state(to),
            "load": lambda: runtime.agent_load_state(to, {}),
            "get": lambda: runtime.get(to, lazy=False),
            "metadata": lambda: runtime.agent_metadata(to),
        }
        generation = world.generation
        try:
            with self._waiting(frame):
                await calls[hook.kind]()
        except BaseException as exc:
            world.note(f"{hook.kind} of {to} raised {shown(exc)}")
            world.settle_hook(to, generation, frame, exc)
            if not isinstance(exc, Exception):
                raise

    async def _passivate(self, action: Passivate, frame: Frame | None) -> None:
        world = self.world
        to = world.address(action.to)
        world.note(f"{frame and frame.id} sends {to} away")
        generation = world.generation
        try:
            with self._waiting(frame):
                await world.runtime.passivate(to)
        except BaseException as exc:
            world.note(f"passivate {to} raised {shown(exc)}")
            world.settle_hook(to, generation, frame, exc)
            if not isinstance(exc, Exception):
                raise

    async def _fan(self, branches: tuple[Script, ...], frame: Frame | None) -> None:
        if frame is not None:
            frame.fans += 1
        try:
            async with anyio.create_task_group() as group:
                for branch in branches:
                    group.start_soon(self.play, branch, frame)
        finally:
            if frame is not None:
                frame.fans -= 1

    async def _leave(self, script: Script, frame: Frame | None) -> None:
        try:
            await self.play(script, frame)
        except* Exception as exc:  # noqa: BLE001 - kept in the books
            self.world.note(f"a task left behind ended with {shown(exc)}")

    async def _stop(self, how: str, frame: Frame | None) -> None:
        world = self.world
        world.note(f"{frame and frame.id} calls {how}()")
        if how == "stop_when_idle":
            world.idling = True
        else:
            world.stopping = True
        generation = world.generation
        try:
            with self._waiting(frame):
                await getattr(world.runtime, how)()
            inside = frame is not None and frame.live
            if not inside and generation == world.generation:
                phase = world.router.supervisor.phase
                over = phase in (Phase.STOPPED, Phase.NEW)
                world.check(over, f"{how}() returned, and the runtime is {phase}")
        except Exception as exc:  # noqa: BLE001 - kept in the books
            self._ended_with(exc)
        world.note(f"{how}() returned")

    def _ended_with(self, exc: Exception) -> None:
        """Check what ending the runtime raised."""
        world = self.world
        text = str(exc)
        world.note(f"ending raised {shown(exc)}")
        known = (
            any(exc is error for error in world.hook_errors)
            or (isinstance(exc, ExceptionGroup) and "failed to close" in text)
            or (isinstance(exc, TimeoutError) and "took more than" in text)
            or (world.is_escalated(exc) and world.stopping)
        )
        fatal = self.program.fatal and world.stopping
        not_started = type(exc) is RuntimeError and "not started" in text
        world.check(known or fatal or not_started, f"ending raised {shown(exc)}")

    def describe_hang(self) -> str:
        """Return who waits for whom, and what happened before."""
        before = "\n  ".join(["what happened last:", *self.world.trace[-40:]])
        waiting = [
            f"  {invocation} waits for {invocation.waits}, hosts {invocation.guests}"
            for invocation in self.world.invocations
            if invocation.waits or invocation.guests
        ]
        return "\n".join([dump(self.world.router), *waiting, before])

    # -- the whole --------------------------------------------------------------

    async def register(self) -> None:
        world = self.world
        for index, spec in enumerate(self.program.agents):
            name = f"a{index}"
            await world.runtime.register_factory(
                name,
                self._factory,
                expected_class=Player,
                subscriptions=[TypeSubscription(f"t{t}", name) for t in spec.topics],
                max_concurrency=spec.slots,
                inbox_capacity=spec.capacity,
                reentrant=spec.reentrant,
                passivate_after=spec.idle_after,
                on_failure=_policy(spec),
            )

    async def _factory(self) -> Player:
        world = self.world
        agent_id = AgentInstantiationContext.current_agent_id()
        spec = world.spec(agent_id)
        frame = world.begin_build(agent_id)
        world.note(f"{agent_id} is being built")
        error: BaseException | None = None
        try:
            if world.plays_hooks(agent_id):
                await self.play(spec.building, frame)
            if world.builds[agent_id] <= spec.failing_builds:
                raise Failure
            return Player(self)
        except BaseException as exc:
            error = exc
            raise
        finally:
            world.end_build(frame, error)

    async def main(self) -> None:
        """Play the program from its start to its end."""
        if self.host == "trio":
            self.world.clock = trio.current_time
        else:
            self.world.clock = asyncio.get_running_loop().time
            use_tasks(self.task_class)
        await self.register()
        async with self.world.store:
            async with anyio.create_task_group() as self.left:
                with anyio.CancelScope() as everything:
                    if self.program.style == "block":
                        await self._in_block(everything)
                    else:
                        await self._between_start_and_close(everything)
                self.world.check_closed()
            await self._stop("close", None)  # what was built for late visitors
        self.world.check_end()
        left = leftover_tasks()
        self.world.check(not left, f"tasks are left: {left}")

    async def _in_block(self, everything: anyio.CancelScope) -> None:
        world = self.world
        try:
            async with world.runtime, anyio.create_task_group() as group:
                if self.program.disturbance is not None:
                    group.start_soon(
                        self._disturb, self.program.disturbance, everything
                    )
                await self._drive(self.program.drivers)
                group.cancel_scope.cancel()
                world.idling = True
        except Exception as exc:  # noqa: BLE001 - kept in the books
            if not (isinstance(exc, ExceptionGroup) and exc.subgroup(_Raised)):
                self._ended_with(exc)

    async def _between_start_and_close(self, everything: anyio.CancelScope) -> None:
        world, program = self.world, self.program
        for drivers in (program.drivers, program.again):
            if drivers is program.again and (not drivers or everything.cancel_called):
                break
            world.idling = world.stopping = False
            world.generation += 1
            world.note("a new start")
            try:
                async with anyio.create_task_group() as group:
                    if drivers is program.drivers and program.disturbance is not None:
                        group.start_soon(self._disturb, program.disturbance, everything)
                    await self._start_and_stop(drivers)
                    group.cancel_scope.cancel()
            except ExceptionGroup as exc:
                if not exc.subgroup(_Raised):
                    raise
            finally:
                world.stopping = True
                with anyio.CancelScope(shield=True):
                    await self._stop("close", None)

    async def _start_and_stop(self, drivers: tuple[Script, ...]) -> None:
        async with anyio.create_task_group() as group:
            if self.program.starts_at and drivers is self.program.drivers:
                group.start_soon(self._drive, drivers)
                try:
                    await anyio.sleep(self.program.starts_at)
                except BaseException:
                    # what was sent before waits for a start that will not come now,
                    # and a driver may have shielded it
                    with anyio.CancelScope(shield=True):
                        await self._stop("close", None)
                    raise
                await self._start()
            else:
                await self._start()
                group.start_soon(self._drive, drivers)
            if not self.program.waits_for_drivers:
                await self._stop("stop_when_idle", None)
        await self._stop("stop_when_idle", None)

    async def _start(self) -> None:
        while True:
            try:
                self.world.runtime.start()
            except RuntimeError as exc:
                if self.world.stopping or "still closing" not in str(exc):
                    self.world.check(self.world.stopping, "start() failed")
                    return
            else:
                return
            await anyio.sleep(GRID)  # a visit before the start is just ending

    async def _drive(self, drivers: tuple[Script, ...]) -> None:
        async with anyio.create_task_group() as group:
            for script in drivers:
                group.start_soon(self._leave, script, None)

    async def _disturb(
        self, disturbance: Disturbance, everything: anyio.CancelScope
    ) -> None:
        await anyio.sleep(disturbance.at)
        self.world.note(f"disturbance: {disturbance.how}")
        match disturbance.how:
            case "cancel":
                self.world.stopping = True
                everything.cancel()
            case "raise":
                self.world.stopping = True
                raise _Raised
            case how:
                await self._stop(how, None)


def _policy(spec: AgentSpec) -> OnFailure:
    if not spec.restarts:
        return spec.failing
    return RestartPolicy(
        attempts=2,
        max_restarts=spec.restarts,
        then="escalate" if spec.failing == "escalate" else "stop",
        first_delay=GRID,
        longest_delay=4 * GRID,
    )


class _Raised(Exception):
    """Raised in the middle of the program, outside any agent."""


def play(program: Program, seed: int, host: Host) -> Report:
    """Play a program and report what was wrong with it.

    Raises:
        Deadlocked: If it hangs; the error shows the wait graph.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with ordered_by_age() as task_class:
            stage = Stage(program, host, task_class)
            run(
                stage.main,
                host=host,
                seed=seed,
                hang_after=1000.0,
                on_hang=stage.describe_hang,
            )
    finally:
        logging.disable(before)
    world = stage.world
    return Report(
        world.problems,
        world.trace,
        len(world.messages),
        sum(1 for invocation in world.invocations if invocation.depth),
        world.handled(),
        Counter({r.name: n for r, n in world.runtime.dead_letters.counts.items()}),
    )
