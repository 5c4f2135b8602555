"""The books of one program while it is played, and the rules it must keep.

Everything that agents and drivers do is reported here, by plain synchronous calls. A
broken rule becomes a line in `World.problems`; raising it where it is found would only
make it the answer to some request.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

import anyio
import attrs

from actrio import (
    AgentId,
    CancellationToken,
    DefaultInterventionHandler,
    DropMessage,
    MessageContext,
    TopicId,
)
from actrio._contextvars import CURRENT
from actrio.abc import StoredState
from actrio.exceptions import (
    AgentStopped,
    DeadlockError,
    MessageDroppedException,
    RequestCancelled,
    RuntimeStoppedError,
    StateConflict,
    StateStoreLocked,
)
from actrio.runtime import (
    AgentState,
    DeadLetter,
    DeadLetterReason,
    SingleThreadedAgentRuntime,
)
from actrio.runtime._router import Router
from actrio.runtime._supervisor import Phase
from actrio.runtime._waits import Invocation
from actrio.state import MemoryStateStore

from .order import shown
from .program import Address, AgentSpec, Program, Script

_LOOKS_EVERY = 8
"""Every how manieth step the runtime is asked what its agents do."""

_PLAYED_LIVES = 4
"""How many agents of an id do what their factory and hooks are told to."""


class Failure(Exception):
    """What a script raises on purpose."""


@attrs.define(eq=False)
class Message:
    """One message, and what became of it."""

    number: int
    script: Script
    task: int
    """The task that sent it; orders are kept per task and recipient."""
    sender: AgentId | None
    published: bool
    generation: int
    """How often the runtime had been started when it was sent."""
    token: CancellationToken | None = None
    """What its sender gave to a request."""
    may_vanish: bool = False
    """Whether its sender was refused before there were any copies."""
    begun: Counter[AgentId] = attrs.field(factory=Counter)
    dead: Counter[AgentId | None] = attrs.field(factory=Counter)
    live: int = 0
    returned: bool = False
    raised: BaseException | None = None
    failed: Counter[AgentId] = attrs.field(factory=Counter)
    """How often it failed an agent that is restarted then."""

    def ends(self, to: AgentId) -> int:
        """Return how often it was over at an agent."""
        # what failed may come again, be dead, or be over
        runs = self.begun[to] - self.failed[to]
        if self.failed[to] and not self.dead[to]:
            runs = max(runs, 1)
        return runs + self.dead[to]


class Plain(Message):
    """A message for the ordinary handler."""


class Beside(Message):
    """A message for the ``concurrent=True`` handler."""


@attrs.define(eq=False)
class Frame:
    """One run of a handler, factory or hook."""

    id: AgentId
    kind: str
    invocation: Invocation
    beside: bool = False
    live: bool = True
    waiting: int = 0
    """How many of its tasks are inside a call of the runtime."""
    fans: int = 0
    """How many nurseries are open in it."""
    loose: bool = False
    """Whether it left a task behind, so that nothing orders it and its guests."""
    visiting: bool = False
    """Whether it runs for somebody who visits a runtime that does not run."""
    shields: int = 0
    """How many shielded blocks it is in."""
    token: CancellationToken | None = None
    """The token of the request that it handles."""

    @property
    def must_be_cancelled(self) -> bool:
        """Whether its next wait has to end with a cancellation."""
        return bool(
            self.token is not None
            and self.token.is_cancelled
            and not self.shields
            and not self.loose
        )

    @property
    def is_nested(self) -> bool:
        return self.invocation.depth > 0

    @property
    def in_turn(self) -> bool:
        """Whether it takes a turn in the agent's main lane."""
        return not self.is_nested and not self.beside


class Books(MemoryStateStore):
    """A store that tells what was saved last, and makes trouble as its program says."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.saved: dict[str, Mapping[str, Any]] = {}
        self.errors: list[BaseException] = []
        self.on_failed_load: Callable[[AgentId], None] = lambda _: None
        self._program = program
        self._calls = 0

    async def load(self, key: str) -> StoredState | None:
        if await self._is_faulty():
            self.on_failed_load(AgentId.from_str(key))
            raise self._error(StateStoreLocked(f"{key} cannot be read now"))
        return await super().load(key)

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        if await self._is_faulty():
            if self._calls % 2:
                raise self._error(StateStoreLocked(f"{key} cannot be written now"))
            foreign = {"handled": [-1]}  # somebody else was there
            await super().save(key, foreign)
            self.saved[key] = foreign
        try:
            version = await super().save(key, state, expected_version=expected_version)
        except StateConflict as exc:
            raise self._error(exc) from None
        self.saved[key] = state
        return version

    async def _is_faulty(self) -> bool:
        self._calls += 1
        number, faults = self._calls, self._program.store_faults
        if self._program.store_nap:
            await anyio.sleep(self._program.store_nap)
        return bool(faults) and not number % faults

    def _error(self, exc: Exception) -> Exception:
        self.errors.append(exc)
        return exc


class Approval(DefaultInterventionHandler):
    """Holds up every message for a moment, and drops some."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def _pass(self, message: object) -> object:
        await anyio.sleep(self._program.approval)
        drops = self._program.drops
        number = message.number if isinstance(message, Message) else message
        if drops and isinstance(number, int) and not (number + 1) % drops:
            return DropMessage
        return message

    async def on_send(
        self, message: Any, *, message_context: MessageContext, recipient: AgentId
    ) -> Any:
        return await self._pass(message)

    async def on_publish(self, message: Any, *, message_context: MessageContext) -> Any:
        return await self._pass(message)

    async def on_response(
        self, message: Any, *, sender: AgentId, recipient: AgentId | None
    ) -> Any:
        return await self._pass(message)


@attrs.define
class World:
    """One program being played."""

    program: Program
    runtime: SingleThreadedAgentRuntime = attrs.field(init=False)
    tokens: list[CancellationToken] = attrs.field(init=False)
    problems: list[str] = attrs.field(factory=list)
    trace: list[str] = attrs.field(factory=list)
    messages: list[Message] = attrs.field(factory=list)
    frames: dict[AgentId, list[Frame]] = attrs.field(factory=lambda: defaultdict(list))
    invocations: list[Invocation] = attrs.field(factory=list)
    building: Counter[AgentId] = attrs.field(factory=Counter)
    builds: Counter[AgentId] = attrs.field(factory=Counter)
    agents: dict[AgentId, list[AgentLife]] = attrs.field(
        factory=lambda: defaultdict(list)
    )
    hook_errors: list[BaseException] = attrs.field(factory=list)
    """What factories and hooks raised: legitimate outcomes for those who wait."""
    generation: int = 0
    """How often the runtime was started."""
    letters: int = 0
    stopping: bool = False
    """Whether anything may have ended the runtime at once."""
    idling: bool = False
    """Whether it was asked to end when idle."""
    clock: Callable[[], float] = lambda: 0.0
    """The host's clock; works outside tasks too, where dead letters may be reported."""
    _marks: int = 0
    _tasks: dict[object, int] = attrs.field(factory=dict)
    _latest: dict[tuple[int, AgentId], int] = attrs.field(factory=dict)
    _random: Random = attrs.field(factory=lambda: Random(0))
    store: Books = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.store = Books(self.program)
        self.store.errors = self.hook_errors
        self.store.on_failed_load = self.not_built
        self.tokens = [CancellationToken() for _ in range(self.program.tokens)]
        self.runtime = SingleThreadedAgentRuntime(
            grace=self.program.grace,
            ignore_unhandled_exceptions=not self.program.fatal,
            on_dead_letter=self.dead_letter,
            intervention_handlers=[Approval(self.program)]
            if self.program.approval
            else None,
            state_store=self.store if self.program.stored else None,
            max_live_agents=self.program.most,
        )
        self.router.random = self._random.random

    # -- names ------------------------------------------------------------------

    @property
    def router(self) -> Router:
        return self.runtime._router

    def spec(self, id: AgentId) -> AgentSpec:
        return self.program.agents[int(id.type[1:])]

    def address(self, to: Address) -> AgentId:
        return AgentId(f"a{to[0]}", str(to[1]))

    def topic(self, topic: Address) -> TopicId:
        return TopicId(f"t{topic[0]}", str(topic[1]))

    def handled(self) -> Counter[Address]:
        """Return how many messages each agent began to handle."""
        counts: Counter[Address] = Counter()
        for message in self.messages:
            for recipient, times in message.begun.items():
                counts[int(recipient.type[1:]), int(recipient.key)] += times
        return counts

    def recipients(self, topic: TopicId, sender: AgentId | None) -> list[AgentId]:
        number = int(topic.type[1:])
        ids = (
            AgentId(f"a{index}", topic.source)
            for index, spec in enumerate(self.program.agents)
            if number in spec.topics
        )
        return [recipient for recipient in ids if recipient != sender]

    def task(self) -> int:
        """Return the number of the running task."""
        task = anyio.get_current_task()
        return self._tasks.setdefault((task.id, task.name), len(self._tasks))

    # -- reporting --------------------------------------------------------------

    def problem(self, text: str) -> None:
        self.problems.append(text)
        self.note(f"PROBLEM {text}")

    def check(self, condition: object, text: str) -> None:
        if not condition:
            self.problem(text)

    def note(self, text: str) -> None:
        self.trace.append(f"{self.clock():.6f} {text}")

    # -- agents -----------------------------------------------------------------

    def begin_build(self, id: AgentId) -> Frame:
        self.check(not self.building[id], f"{id} is built twice at once")
        self.check(
            all(life.closed for life in self.agents[id]),
            f"{id} is built although an agent of this id lives",
        )
        self.building[id] += 1
        self.builds[id] += 1
        return self._enter(Frame(id, "factory", self._invocation()))

    def end_build(self, frame: Frame, error: BaseException | None) -> None:
        self.building[frame.id] -= 1
        if error is not None:
            self.hook_errors.append(error)
            self.not_built(frame.id)
        self._exit(frame)

    def not_built(self, id: AgentId) -> None:
        """Note that an agent could not come to life."""
        self.stopping |= self.spec(id).failing == "escalate"

    def built(self, life: AgentLife) -> None:
        life.visited = self.frames[life.id][-1].visiting
        self.agents[life.id].append(life)

    def check_state(self, life: AgentLife) -> None:
        """Check that an agent begins with what was saved last for its id."""
        saved = self.store.saved.get(str(life.id), {"handled": []})
        self.check(
            {"handled": life.handled} == saved,
            f"{life.id} begins with {life.handled} where {saved} is stored",
        )

    def begin_hook(self, id: AgentId, kind: str) -> Frame:
        frame = self._enter(Frame(id, kind, self._invocation()))
        if kind != "close":
            self._begin_turn(frame)
        self.mark(frame)
        return frame

    def end_hook(self, frame: Frame, error: BaseException | None) -> None:
        if error is not None:
            self.hook_errors.append(error)
            if frame.kind in ("start", "load"):
                self.not_built(frame.id)
        self._exit(frame)

    def begin_close(self, life: AgentLife) -> Frame:
        self.check(not life.closed, f"{life.id} is closed twice")
        life.closed = True
        live = [f.kind for f in self.frames[life.id] if f.live]
        self.check(not live, f"{life.id} is closed while {live} run")
        return self.begin_hook(life.id, "close")

    def plays_hooks(self, id: AgentId) -> bool:
        """Whether the hooks of an agent still do what the program says.

        Agents whose hooks call back whoever just left would keep each other busy for
        ever; so only the first agents of an id do something.
        """
        return self.builds[id] <= _PLAYED_LIVES

    # -- messages ---------------------------------------------------------------

    def send(
        self,
        script: Script,
        frame: Frame | None,
        *,
        beside: bool,
        published: bool,
    ) -> Message:
        message = (Beside if beside else Plain)(
            len(self.messages),
            script,
            self.task(),
            None if frame is None else frame.id,
            published,
            self.generation,
        )
        self.messages.append(message)
        return message

    def begin(self, life: AgentLife, message: Message) -> Frame:
        me, number = life.id, message.number
        frame = Frame(me, "handler", self._invocation(), isinstance(message, Beside))
        self.note(f"{me} begins {number}, nested {frame.invocation.depth} deep")
        self.check(not life.closed, f"{me} handles a message after it was closed")
        message.begun[me] += 1
        message.live += 1
        again = message.begun[me] > 1
        if again:
            allowed = message.published and self.spec(me).restarts
            self.check(
                allowed and message.failed[me] == message.begun[me] - 1,
                f"{number} is handled twice by {me}",
            )
        self.check(not message.dead[me], f"{number} is handled although it was dead")
        self._enter(frame)
        frame.token = message.token
        self._check_room(me)
        if frame.is_nested:
            self._check_nesting(frame)
        if frame.in_turn:
            key = (message.task, me)
            latest = self._latest.get(key, -1)
            self.check(
                latest < number
                or (again and (latest == number or self.spec(me).slots > 1)),
                f"{number} begins at {me} behind {latest}, sent later by one task",
            )
            self._latest[key] = number
        self._begin_turn(frame)
        self.mark(frame)
        return frame

    def _check_room(self, me: AgentId) -> None:
        """Check that no inbox of an agent holds more than it may."""
        for lane in self.router.directory.actor(me).lanes():
            size, capacity = lane.inbox.size, self.spec(me).capacity
            if self.spec(me).restarts:  # what failed is put back, although it is full
                capacity += len(self.messages)
            self.check(size <= capacity, f"{me}: {size} queued where {capacity} may be")

    def _check_nesting(self, guest: Frame) -> None:
        """Check that a message is nested only where it could not have waited."""
        me = guest.id
        self.check(self.spec(me).reentrant, f"{me} is not reentrant")
        drains = self.router.directory.actor(me).life.drains
        if not guest.beside and not drains:  # else all must end, not only one of them
            free = [f for f in self.frames[me] if f.in_turn and not f.waiting]
            busy = [f for f in free if not f.loose]
            self.check(not busy, f"{me}: nested beside {busy}, which wait for nothing")

    def end(self, frame: Frame, message: Message, error: BaseException | None) -> None:
        self.note(f"{frame.id} ends {message.number}: {shown(error)}")
        message.live -= 1
        if error is None:
            message.returned = True
        elif not message.published:
            message.raised = error
        elif self.spec(frame.id).restarts:
            message.failed[frame.id] += _fails(error)
            self.stopping |= self.spec(frame.id).failing == "escalate"
        elif _fails(error):
            self.stopping |= self.ends_runtime(frame.id)
        self.mark(frame)
        self._exit(frame)

    def dead_letter(self, letter: DeadLetter) -> None:
        message = letter.message
        assert isinstance(message, Message)
        self.note(f"{message.number} to {letter.recipient} is dead: {letter.reason}")
        self.letters += 1
        message.dead[letter.recipient] += 1
        if letter.reason is DeadLetterReason.NOT_BUILT and message.published:
            to = letter.recipient
            self.stopping |= to is not None and self.ends_runtime(to)
        if letter.reason is DeadLetterReason.DEADLOCK:
            self.check(
                message.sender is not None, f"{message.number} is dead, not in a cycle"
            )

    def ends_runtime(self, id: AgentId) -> bool:
        """Whether a failure of an agent may end the runtime."""
        spec = self.spec(id)
        if spec.failing == "escalate":
            return True
        return self.program.fatal and spec.failing == "resume" and not spec.restarts

    def is_escalated(self, error: BaseException) -> bool:
        """Whether an error is what a failure of an agent ends the runtime with."""
        return (
            isinstance(error, BaseExceptionGroup)
            and error.message.endswith(" failed")
            and any(spec.failing == "escalate" for spec in self.program.agents)
        )

    # -- one at a time ----------------------------------------------------------

    def _invocation(self) -> Invocation:
        invocation = CURRENT.get()
        assert isinstance(invocation, Invocation)
        self.invocations.append(invocation)
        return invocation

    def _enter(self, frame: Frame) -> Frame:
        frame.visiting = self.router.supervisor.phase is not Phase.RUNNING
        self.frames[frame.id].append(frame)
        return frame

    def _exit(self, frame: Frame) -> None:
        frame.live = False
        self.frames[frame.id].remove(frame)

    def _begin_turn(self, frame: Frame) -> None:
        """Check what else of the agent is under way when its turn comes."""
        if not frame.in_turn:
            return
        others = [f for f in self.frames[frame.id] if f is not frame]
        turns = [f for f in others if f.in_turn]
        slots = self.spec(frame.id).slots
        self.check(
            len(turns) < slots, f"{frame.id} handles {len(turns) + 1} messages at once"
        )
        if slots == 1 and not any(f.loose for f in others):
            guests = [f for f in others if f.is_nested and not f.beside]
            self.check(
                not [g for g in guests if not self._loose(g)],
                f"{frame.id} takes the next message beside a nested handler",
            )

    def _hosts(self, guest: Frame) -> Iterable[Frame]:
        hosts = guest.invocation.hosts
        return [f for f in self.frames[guest.id] if f.invocation in hosts]

    def _loose(self, guest: Frame) -> bool:
        """Whether a host of this guest has ended, which only loose tasks allow."""
        return len(list(self._hosts(guest))) < len(guest.invocation.hosts)

    def mark(self, frame: Frame | None) -> None:
        """Check, in a task of ``frame`` that runs, who else of its agent runs."""
        self._marks += 1
        if not self._marks % _LOOKS_EVERY:
            self._look()
        if frame is None or not frame.live:
            return  # a task that was left behind counts for nobody
        for other in self.frames[frame.id]:
            if (
                frame.invocation in other.invocation.hosts
                and not frame.fans
                and not frame.loose
            ):
                self.problem(
                    f"{frame.id}: a {frame.kind} runs beside the {other.kind} nested "
                    f"in it"
                )
        for host in self._hosts(frame):
            if not host.waiting and not host.fans and not host.loose:
                self.problem(
                    f"{frame.id}: a nested {frame.kind} runs while its host runs"
                )

    def _look(self) -> None:
        """Check that what the runtime says about its agents is what they do."""
        snapshot, statistics = self.runtime.snapshot(), self.runtime.statistics()
        self.check(repr(snapshot) and repr(statistics), "nothing is said")
        self.check(snapshot.phase == statistics.phase, f"{snapshot} and {statistics}")
        said = {agent.id: agent for agent in snapshot.agents}
        for agent, frames in self.frames.items():
            handlers = [f for f in frames if f.kind == "handler" and f.live]
            if not handlers:
                continue
            state = said[agent].state
            at_work = state in (AgentState.RUNNING, AgentState.LEAVING)
            self.check(at_work, f"{agent} runs {handlers}, and is {state}")
            running = len(said[agent].running)
            self.check(running >= len(handlers), f"{agent} runs {handlers}: {running}")

    # -- outcomes ---------------------------------------------------------------

    def settle_request(
        self,
        message: Message,
        to: AgentId,
        token: int | None,
        frame: Frame | None,
        outcome: object,
    ) -> None:
        """Check the outcome of a request when its sender goes on."""
        number = message.number
        self.note(f"{number} to {to} is over: {shown(outcome)}")
        runs, dead = message.begun[to], message.dead[to]
        self.check(not message.live, f"{number} is over while its handler still runs")
        self.check(runs + dead <= 1, f"{number} was handled {runs} times, dead {dead}")
        if not isinstance(outcome, BaseException):
            self.check(
                outcome == number and message.returned,
                f"{number} was answered with {shown(outcome)}, ran {runs} times",
            )
        elif not self._is_allowed(
            message, to, token, message.generation, frame, outcome
        ):
            self.problem(
                f"{number} from {message.sender} to {to}, ran {runs} times, ended "
                f"with {shown(outcome)}"
            )

    def settle_hook(
        self, to: AgentId, generation: int, frame: Frame | None, error: BaseException
    ) -> None:
        """Check what calling a hook raised."""
        if any(error is known for known in self.hook_errors):
            return
        if not self._is_allowed(None, to, None, generation, frame, error):
            self.problem(f"a hook of {to} ended with {shown(error)}")

    def _is_allowed(
        self,
        message: Message | None,
        to: AgentId,
        token: int | None,
        generation: int,
        frame: Frame | None,
        error: BaseException,
    ) -> bool:
        raised = None if message is None else message.raised
        if raised is not None and (error is raised or _is_part(error, raised)):
            return True
        match error:
            case RequestCancelled():
                return token is not None and bool(self.tokens[token].is_cancelled)
            case MessageDroppedException():
                return message is not None and (
                    message.dead[to] == 1 or self.program.approval > 0
                )
            case RuntimeStoppedError():
                return self.may_refuse(generation, frame)
            case BaseExceptionGroup() if self.is_escalated(error):
                return frame is None or frame.visiting
            case AgentStopped():
                spec = self.spec(to)
                stops = spec.failing == "stop" or spec.restarts > 0
                return stops or any(error is known for known in self.hook_errors)
            case TimeoutError():
                return message is None and "took more than" in str(error)
            case DeadlockError():
                return self._may_deadlock(message, to, frame, error) or any(
                    error is known for known in self.hook_errors
                )
            case Exception():
                return any(error is known for known in self.hook_errors) and (
                    message is None or not message.begun[to]
                )
            case _:
                return isinstance(error, anyio.get_cancelled_exc_class())

    def may_refuse(self, generation: int, frame: Frame | None) -> bool:
        """Whether the runtime may refuse what this frame, or somebody outside, sent."""
        if generation < self.generation:
            return True  # it was refused by the end before the present start
        outside = frame is None or not frame.live or frame.visiting
        return self.stopping or (self.idling and outside)

    def _may_deadlock(
        self,
        message: Message | None,
        to: AgentId,
        frame: Frame | None,
        error: DeadlockError,
    ) -> bool:
        if frame is None or (message is not None and message.begun[to]):
            return False
        if error.cycle[0] != frame.id or error.cycle[-1] != frame.id:
            return False
        changes = any(
            f.kind in ("start", "load", "save", "stop", "close")
            for f in self.frames[to]
        )
        return not self.spec(to).reentrant or bool(self.building[to]) or changes

    # -- the end ----------------------------------------------------------------

    def check_closed(self) -> None:
        """Check that no agent lives on when the runtime has closed."""
        for lives in self.agents.values():
            for life in lives:
                life.forgotten = not life.closed and not life.visited

    def check_end(self) -> None:
        """Check that nothing is left when everything is over."""
        for message in self.messages:
            self._check_copies(message)
        for agent, lives in self.agents.items():
            for life in lives:
                self.check(life.closed, f"{agent} was never closed")
                self.check(
                    not life.forgotten, f"{agent} was not closed with the runtime"
                )
        for agent, frames in self.frames.items():
            self.check(not frames, f"{agent}: {frames} never ended")
        for invocation in self.invocations:
            left = (invocation.waits, invocation.guests, invocation.holding or [])
            self.check(left == ((), (), []), f"{invocation} left {left}")
            self.check(not invocation.live, f"{invocation} is live")
        for token in self.tokens:
            self.check(not token._listeners, f"{token} has listeners left")
        counted = sum(self.runtime.dead_letters.counts.values())
        self.check(counted == self.letters, f"{counted} of {self.letters} are counted")
        router = self.router
        active = router.quiescence.active
        self.check(active == 0, f"{active} messages are not over")
        self.check(not router.quiescence.listeners, "somebody listens for idleness")
        self.check(not len(router.gate), "the gate holds messages")
        self.check(not router.supervisor._tasks, "tasks are counted that ended")
        for actor in router.directory:
            self.check(not actor.nested, f"{actor} has nested handlers")
            self.check(actor.life.changing is None, f"{actor} is being built")
            for lane in actor.lanes():
                inbox = lane.inbox
                sizes = (inbox.size, len(list(inbox.queued())), inbox.waiting_for_room)
                self.check(sizes == (0, 0, 0), f"{actor}: inbox is left with {sizes}")
                self.check(not lane.holders, f"{actor} has holders")

    def _check_copies(self, message: Message) -> None:
        """Check that every copy was handled or is dead; a refused publish has none."""
        if not message.published:
            return
        audience = self.audiences.get(message.number, [])
        known = {*message.begun, *message.dead} - {None}
        number = message.number
        self.check(known <= set(audience), f"{number} reached {known}")
        ends = {str(to): message.ends(to) for to in audience}
        counts = set(ends.values())
        if message.dead[None]:
            self.check(counts <= {0}, f"{number}: ends {ends} beside none at all")
        else:
            none = message.may_vanish and counts == {0}
            self.check(none or counts <= {1}, f"{number} has the ends {ends}")

    audiences: dict[int, list[AgentId]] = attrs.field(factory=dict)
    """Who should get a copy of each published message."""


def _is_part(error: BaseException, whole: BaseException) -> bool:
    """Whether an error is what was left of a group, the cancellations taken out."""
    return (
        isinstance(error, BaseExceptionGroup)
        and isinstance(whole, BaseExceptionGroup)
        and set(_leaves(error)) <= set(_leaves(whole))
    )


def _fails(error: BaseException) -> bool:
    """Whether there is more in an error than cancellations."""
    return any(isinstance(leaf, Exception) for leaf in _leaves(error))


def _leaves(error: BaseException) -> Iterable[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for part in error.exceptions:
        yield from _leaves(part)


@attrs.define(eq=False)
class AgentLife:
    """One agent from its factory to its close."""

    id: AgentId
    handled: list[int] = attrs.field(factory=list)
    """Its state: the numbers of the messages that it handled."""
    closed: bool = False
    forgotten: bool = False
    """Whether it lived on when the runtime had closed."""
    visited: bool = False
    """Whether it was built for somebody who visited a runtime that did not run."""
