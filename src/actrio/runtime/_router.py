"""The router: the tables of one runtime, and what happens to a message at each turn.

Everything here is synchronous. Finding the actor, opening its entry, starting its task
and depositing the envelope is one step of the sender's task; handing a miss over to
another task would reorder messages. What waits is elsewhere: senders in `_requests`
and `_publishing`, actors in `_actor`, the supervising task in `_supervisor`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from itertools import count
from random import Random
from typing import NoReturn

from .._concurrency import Host, Waiter, current_host
from ..abc import AgentRuntime
from ..exceptions import RuntimeStoppedError
from ..identity import AgentId, TopicId
from ..logging import ROOT_LOGGER_NAME
from ..messages import WITHDRAWN, Delivery, Envelope, Errand, MessageContext, Request
from ._activation import Surroundings
from ._actor import Actor, Lane, lane_of
from ._blocking import BlockingWatch, is_wanted
from ._busy import BusyWatch
from ._contracts import Transport
from ._dead_letters import DeadLetter, DeadLetterReason, DeadLetters
from ._directory import Directory
from ._endings import log_failure
from ._errors import (
    agent_stopped,
    interrupted,
    no_handler,
    runtime_stopped,
    wrong_loop,
)
from ._gate import Gate, Held
from ._interventions import InterventionChain
from ._quiescence import Quiescence
from ._registration import Registration
from ._residents import Residents
from ._routes import Routes
from ._settings import Settings
from ._supervision import Verdict
from ._supervisor import Phase, Supervisor
from ._tally import Tally
from ._waits import Invocation
from ._watching import Observers

_logger = logging.getLogger(ROOT_LOGGER_NAME)


class Router:
    """Tables and decisions of one runtime."""

    def __init__(self, runtime: AgentRuntime, settings: Settings) -> None:
        self.runtime = runtime
        self.settings = settings
        self.directory = Directory(self)
        self.routes = Routes()
        self.quiescence = Quiescence()
        self.dead_letters = DeadLetters(settings.on_dead_letter, self._time)
        self.gate = Gate(settings.inbox_capacity)
        self.supervisor = Supervisor(self, settings.grace)
        self.busy = BusyWatch(self, settings.warn_busy_after)
        self.blocking = BlockingWatch(always=is_wanted())
        self.surroundings = Surroundings(settings.state_store, settings.grace)
        self.residents = Residents(self, settings.max_live_agents)
        self.tally = Tally()
        self.clock: Callable[[], float] = _no_time
        """The clock of the event loop, in seconds."""
        self.random: Callable[[], float] = Random().random  # noqa: S311 - no secret
        """Returns a random number from 0 to 1, for the delays of restarts."""
        self.wake: Callable[[Waiter], None] = _wake_nobody
        """Lets a parked task go on."""
        self.park: Callable[[Waiter], Awaitable[object]] = _park_nowhere
        """Waits until `wake` is called."""
        self.answer: Callable[[Envelope], None] = self.wake
        """Gives a finished request back to its sender."""
        self.accepting_thread: int | None = None
        """The thread in which messages may be sent now; None unless it runs."""
        self.interventions: InterventionChain | None = None
        self.transport: Transport | None = None
        """What carries messages to their agents, if they may live in other processes."""
        self.observers = Observers(self._time)
        self.published = 0
        """How many messages were published; the publisher yields every so often."""
        self._host: Host | None = None
        prefix = secrets.token_hex(8) + "-"
        # made of C functions: it runs for every message
        numbers = map(prefix.__add__, map(str, count(1)))
        self.next_message_id: Callable[[], str] = numbers.__next__
        """Returns a message id that no other message has."""

    # -- the host ---------------------------------------------------------------

    @property
    def host(self) -> Host:
        """The event loop that this runtime works in now."""
        assert self._host is not None
        return self._host

    def use_host(self, host: Host | None) -> None:
        """Take the loop that the runtime works in from now on; None when it is over."""
        self._host = host
        stepped = self.answer != self.wake
        if host is None:
            self.wake, self.park = _wake_nobody, _park_nowhere
            self.clock = _no_time
        else:
            self.wake, self.park = host.wake, host.park
            self.clock = host.current_time
        if not stepped:
            self.answer = self.wake

    def bind_loop(self) -> Host:
        """Bind the runtime to the running loop, unless it is bound already.

        Raises:
            RuntimeError: If no loop runs here, or the runtime works in another one.
        """
        if self.supervisor.alive and self.host.is_over():
            self.supervisor.lose_loop()
        if self._host is None or not self._host.is_current():
            if self._host is not None and (self.supervisor.alive or len(self.gate)):
                raise wrong_loop()
            self.use_host(current_host())
        return self.host

    @property
    def has_host(self) -> bool:
        """Whether the runtime is bound to a loop."""
        return self._host is not None

    def start_task(
        self, async_fn: Callable[..., Awaitable[object]], *args: object
    ) -> None:
        """Start a task in the supervisor's nursery."""
        self.supervisor.start_task(async_fn, args)

    def task_ended(self) -> None:
        """Count one task of `start_task` less."""
        self.supervisor.task_ended()

    def _time(self) -> float:
        return self.clock()

    def agent_class(self, agent: AgentId) -> str | None:
        """Return the name of the class of an agent that lives now."""
        actor = self.directory.known(agent)
        if actor is None or actor.life.agent is None:
            return None
        return type(actor.life.agent).__name__

    def census(self) -> Iterator[tuple[str, int]]:
        """Yield the type of each live actor, and how many messages wait for it."""
        for actor in self.directory:
            if actor.life.is_built:
                yield actor.id.type, sum(lane.inbox.size for lane in actor.lanes())

    # -- sending ----------------------------------------------------------------

    def deposit(self, envelope: Envelope, lane: Lane) -> None:
        """Put an envelope into its recipient's inbox, or hold it before the start."""
        envelope.queue = lane
        if self.accepting_thread is None and self._is_held(envelope):
            let_through = partial(lane.put, envelope)
            refuse = partial(self._refuse, envelope)
            self.hold(Held(let_through, refuse, envelope))
        else:
            lane.put(envelope)

    def _is_held(self, envelope: Envelope) -> bool:
        is_new = self.supervisor.phase is Phase.NEW
        return is_new and not isinstance(envelope, Errand)

    def hold(self, held: Held) -> None:
        """Hold something at the gate until the runtime starts or is stepped."""
        self.gate.hold(held)
        self.wake(self.gate)

    def answer_by_step(self, envelope: Envelope) -> None:
        """Hold a response at the gate, while the runtime is stepped."""
        # a sender that gave up while its handler ran leaves as soon as that has unwound
        # and what the runtime refused has no response
        is_refused = envelope.state is WITHDRAWN
        if isinstance(envelope, Errand) or envelope.scope_cancelled or is_refused:
            self.wake(envelope)
        else:
            answer = partial(self.wake, envelope)
            self.hold(Held(answer, answer, envelope))

    def open_gate(self) -> None:
        """Let through everything that was sent before the start, in order."""
        self.answer = self.wake
        for actor in self.directory:
            actor.life.revive()
        self.residents.resume()
        while (held := self.gate.take()) is not None:
            held.let_through()
        self.wake(self.gate)  # whoever steps has nothing to step any more
        for actor in self.directory:
            if actor.is_gone:
                self.directory.forget(actor)

    # -- endings ----------------------------------------------------------------

    def dead(self, envelope: Envelope, reason: DeadLetterReason) -> None:
        """Record that no handler took an envelope."""
        envelope.dead_because = reason
        self.dead_message(
            envelope.message, envelope.context, reason, envelope.recipient
        )

    def dead_message(
        self,
        message: object,
        context: MessageContext,
        reason: DeadLetterReason,
        recipient: AgentId | None = None,
    ) -> None:
        """Record that no handler took a message."""
        if self.observers.is_watching():
            self.observers.tell(lambda watcher: watcher.dead(reason.value, recipient))
        self.dead_letters.add(
            DeadLetter(
                message=message,
                reason=reason,
                sender=context.sender,
                recipient=recipient,
                topic_id=context.topic_id,
                message_id=context.message_id,
            )
        )

    def withdrawn(self, envelope: Envelope) -> None:
        """Record that a sender gave its message up."""
        self._over(envelope, DeadLetterReason.WITHDRAWN)

    def unhandled(self, envelope: Envelope) -> None:
        """Record that an agent had no handler for a message."""
        self.dead(envelope, DeadLetterReason.NO_HANDLER)
        if self.settings.strict_delivery and isinstance(envelope, Request):
            envelope.failure = no_handler(envelope)

    def not_built(self, actor: Actor, exc: BaseException, directive: Verdict) -> None:
        """Report that an agent could not be built, and do what is to be done then.

        If it is tried again what is queued waits for that, else it fails.
        """
        self.observers.tell(lambda watcher: watcher.not_built(actor.id, exc))
        if directive == "restart":
            self.tally.restarts += 1
            _logger.error(
                "Agent %s could not be built, and will be tried again",
                actor.id,
                exc_info=exc,
            )
            return
        for lane in actor.lanes():
            for envelope in lane.inbox.clear():
                self._not_built(envelope, exc, directive)
        if directive == "stop":
            self.tally.stops += 1
        elif directive == "escalate":
            self._escalate(actor.id, exc)

    def _not_built(
        self, envelope: Envelope, exc: BaseException, directive: Verdict
    ) -> None:
        envelope.state = WITHDRAWN
        if isinstance(envelope, Request):
            envelope.error = exc
        self._over(envelope, DeadLetterReason.NOT_BUILT)
        if isinstance(envelope, Request):
            self.answer(envelope)
        else:
            self._report(envelope, exc, directive)

    def refuse_stopped(self, actor: Actor, cause: BaseException) -> None:
        """Fail everything that is queued for an agent that was stopped."""
        for lane in actor.lanes():
            for envelope in lane.inbox.clear():
                envelope.state = WITHDRAWN
                if isinstance(envelope, Request):
                    envelope.failure = agent_stopped(actor.id, cause)
                self._over(envelope, DeadLetterReason.AGENT_STOPPED)
                self.answer(envelope)

    def refuse_queued(self) -> None:
        """Fail everything that no handler has begun with: the runtime stops."""
        while (held := self.gate.take()) is not None:
            held.refuse()
        self.wake(self.gate)
        for actor in self.directory:
            actor.life.stay()
            for lane in actor.lanes():
                self.refuse_lane(lane)

    def refuse_lane(self, lane: Lane) -> None:
        """Fail everything that is queued in one lane."""
        for envelope in lane.inbox.clear():
            self._refuse(envelope)

    def cancel_nested(self) -> None:
        """Cancel the nested handlers, some of which run in tasks that are not ours."""
        for actor in self.directory:
            for invocation in actor.nested:
                if invocation.scope is not None:
                    invocation.scope.cancel()

    def abandon(self) -> None:
        """Fail what tasks left behind that never began: the loop was torn down."""
        self.answer = self.wake
        for actor in self.directory:
            for lane in actor.lanes():
                lane.tasks = 0
                lane.watched = False
                lane.parked = None
                lane.holders.clear()
                self.refuse_lane(lane)
            actor.life.abandon()
        self.residents.rest(self.directory)

    def _refuse(self, envelope: Envelope) -> None:
        envelope.state = WITHDRAWN
        envelope.failure = self.stopped_error(envelope.recipient)
        self._over(envelope, DeadLetterReason.STOPPED)
        self.wake(envelope)

    def give_up(self, delivery: Delivery, reason: DeadLetterReason) -> None:
        """Give up a copy that was never deposited."""
        delivery.state = WITHDRAWN
        self._over(delivery, reason)

    def _over(self, envelope: Envelope, reason: DeadLetterReason) -> None:
        envelope.dead_because = reason
        if envelope.on_over is not None:
            envelope.on_over()
        if not isinstance(envelope, Errand) and not envelope.goes_elsewhere:
            self.dead(envelope, reason)
        if isinstance(envelope, Delivery):
            envelope.settle()
            self.quiescence.leave()

    def may_begin(self) -> bool:
        """Say whether a handler is about to begin, as soon as its actor's task runs."""
        return any(
            bool(lane.inbox.size) and not lane.blockers()
            for actor in self.directory
            for lane in actor.lanes()
        )

    def running(self) -> Iterable[Invocation]:
        """Return every handler, factory and hook that runs now."""
        for actor in self.directory:
            yield from actor.invocations()
            if actor.life.changing is not None:
                yield actor.life.changing

    # -- failures ---------------------------------------------------------------

    def publish_failed(
        self, envelope: Envelope, exc: BaseException, directive: Verdict
    ) -> None:
        """Report what the handler of a published message raised."""
        self._report(envelope, exc, directive)
        if directive == "restart":
            self.tally.restarts += 1
        elif directive == "stop":
            self.tally.stops += 1
        elif directive == "escalate":
            self._escalate(envelope.recipient, exc)

    def failed_again(self, delivery: Delivery) -> None:
        """Record that a message failed its agent once too often."""
        self.dead(delivery, DeadLetterReason.FAILED)

    def tries_again(self, delivery: Delivery) -> None:
        """Look whether a message that waits again is still wanted."""
        lane = lane_of(delivery)
        is_evicted = self.directory.known(delivery.recipient) is not lane.actor
        if delivery.context.cancellation_token.is_cancelled:
            delivery.withdraw()
        elif is_evicted or self.supervisor.phase in (Phase.STOPPING, Phase.STOPPED):
            self.refuse_lane(lane)

    def _escalate(self, agent: AgentId, exc: BaseException) -> None:
        """End the runtime because an agent failed that is registered so."""
        message = f"agent {agent} failed"
        self.supervisor.fail(BaseExceptionGroup(message, [exc]), at_once=True)

    def _report(
        self, envelope: Envelope, exc: BaseException, directive: Verdict
    ) -> None:
        log_failure(envelope, exc)
        if directive == "resume" and not self.settings.ignore_unhandled_exceptions:
            self.supervisor.fail(exc)

    def crash(self, exc: BaseException) -> None:
        """End the runtime because a handler raised KeyboardInterrupt or SystemExit."""
        self.supervisor.crash(exc)

    def stopped_error(self, recipient: AgentId | TopicId) -> RuntimeStoppedError:
        """Return the error for a sender whose message the stopped runtime refuses."""
        return runtime_stopped(recipient, self.supervisor.failure)

    def interrupted_error(self, agent: AgentId) -> RuntimeStoppedError:
        """Return the error for a sender whose handler the stopped runtime cancelled."""
        return interrupted(agent, self.supervisor.failure)

    def watch(self, lane: Lane) -> None:
        """Watch a lane whose messages queue up."""
        self.busy.watch(lane)

    # -- who lives --------------------------------------------------------------

    @property
    def ends_when_idle(self) -> bool:
        """Whether somebody waits for the runtime to be idle."""
        return self.supervisor.ends_when_idle

    def places_for(self, registration: Registration) -> Residents | None:
        """Return who decides when agents of a type leave by themselves, if anybody."""
        return self.residents if self.residents.watches(registration) else None

    def forget(self, actor: Actor) -> None:
        """Forget an actor that is gone."""
        # before the start messages may be held that know it already
        if self.supervisor.phase is Phase.RUNNING:
            self.directory.forget(actor)
            if self.transport is not None and self.directory.known(actor.id) is None:
                self.transport.gone(actor.id)


def _no_time() -> float:
    """Return 0: while the runtime is not bound to a loop there is no time."""
    return 0.0


def _wake_nobody(waiter: Waiter) -> None:
    """Do nothing: while the runtime is not bound to a loop nobody is parked."""


def _park_nowhere(waiter: Waiter) -> NoReturn:
    message = f"{waiter} would wait in no loop"
    raise AssertionError(message)  # bind_loop() comes first
