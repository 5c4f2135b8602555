"""The front door: `SingleThreadedAgentRuntime`.

Longer than our other modules only because what users read stands here: each method
checks its arguments, if that, and hands over to the part of the runtime that does it.
"""

from __future__ import annotations

import math
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, overload

from .._concurrency import AsyncContextManagerMixin, uninterruptible
from ..abc import (
    Agent,
    Facts,
    FindWatchers,
    InterventionHandler,
    OnFailure,
    StateStore,
    Subscription,
    Watchers,
)
from ..identity import AgentId, AgentMetadata, AgentType, TopicId
from ..messages import CancellationToken, MessageContext, Request
from ..serialization import MessageSerializer, SerializationRegistry
from ._dead_letters import DeadLetter, DeadLetters
from ._errors import refuse_plain_block
from ._interventions import InterventionChain
from ._lifecycle import Lifecycle
from ._registration import register_type
from ._requests import begin, outcome_of
from ._router import Router
from ._sending import check_sendable, publish, send_observed
from ._settings import (
    Settings,
    checked_capacity,
    checked_number,
    checked_seconds,
    checked_store,
)
from ._snapshot import RuntimeStatistics, Snapshot, take_snapshot, take_statistics

T = TypeVar("T", bound=Agent)


def _nobody_watches(tracers: object, meters: object, facts: Facts) -> Watchers:
    del tracers, meters, facts
    return Watchers()


class SingleThreadedAgentRuntime(AsyncContextManagerMixin):
    """Runs agents in one event loop, trio's or asyncio's.

    The structured form owns everything it starts::

        async with SingleThreadedAgentRuntime() as runtime:
            await Greeter.register(runtime, "greeter", Greeter)
            print(await runtime.send_message("you", AgentId("greeter", "default")))

    The block starts the runtime. A normal end waits until every message is handled,
    as a nursery waits for its tasks; an exception or a cancellation ends it at once.
    Either way no task is left and every agent has been closed once. `start` and
    `stop_when_idle` do the same without a block; there `close` closes the agents.

    Args:
        intervention_handlers: May change or drop every message, in this order.
        tracer_provider: Where the spans of each message go, a ``TracerProvider`` of
            OpenTelemetry; the one that is set globally by default.
        ignore_unhandled_exceptions: What the handler of a *published* message raises
            is logged; if False it also ends the runtime, and is raised by `stop`,
            `stop_when_idle` or the end of the block.
        max_concurrency: How many messages one agent handles at once, unless its
            registration says otherwise; ``math.inf`` for all of them.
        inbox_capacity: How many messages may queue for one agent before senders
            wait, unless its registration says otherwise. At least 1.
        grace: How many seconds handlers may still run when the runtime stops, and
            each agent's ``close`` may take, before they are cancelled. 0 or more.
        strict_delivery: A request that no handler takes raises `CantHandleException
            <actrio.exceptions.CantHandleException>` instead of returning None.
        on_dead_letter: Called with each `DeadLetter`; must not block. What it raises is
            logged. On asyncio it may be called outside of any task.
        warn_busy_after: Log an agent that handles one message for longer than this
            many seconds while others queue; ``math.inf`` never.
        state_store: Where agents find their state when they come to life, and leave it
            when they are passivated or closed. Open it before the runtime, and close it
            afterwards.
        max_live_agents: How many agents may live before the one that was used least
            recently is passivated; agents that are at work stay. ``math.inf`` for any
            number.
        meter_provider: Where the metrics go, a ``MeterProvider`` of OpenTelemetry; the
            one that is set globally by default.

    Raises:
        ValueError: If one of the numbers is out of its range.
        TypeError: If ``state_store`` is no `StateStore`.
    """

    find_watchers: ClassVar[FindWatchers] = staticmethod(_nobody_watches)
    """Finds traces, metrics and event log; set by the package, which knows them."""

    def __init__(
        self,
        *,
        intervention_handlers: list[InterventionHandler] | None = None,
        tracer_provider: object | None = None,
        ignore_unhandled_exceptions: bool = True,
        max_concurrency: float = 1,
        inbox_capacity: int = 1024,
        grace: float = 5.0,
        strict_delivery: bool = False,
        on_dead_letter: Callable[[DeadLetter], object] | None = None,
        warn_busy_after: float = 30.0,
        meter_provider: object | None = None,
        state_store: StateStore | None = None,
        max_live_agents: float = math.inf,
    ) -> None:
        settings = Settings(
            ignore_unhandled_exceptions=ignore_unhandled_exceptions,
            max_concurrency=checked_number("max_concurrency", max_concurrency),
            inbox_capacity=checked_capacity(inbox_capacity),
            grace=checked_seconds("grace", grace, at_least=0),
            strict_delivery=strict_delivery,
            on_dead_letter=on_dead_letter,
            warn_busy_after=checked_seconds("warn_busy_after", warn_busy_after),
            state_store=checked_store(state_store),
            max_live_agents=checked_number("max_live_agents", max_live_agents),
        )
        self._router = Router(self, settings)
        self._supervisor = self._router.supervisor
        if intervention_handlers:
            self._router.interventions = InterventionChain(intervention_handlers)
        self._life = Lifecycle(self._router)
        self._serialization_registry = SerializationRegistry()
        self._providers = tracer_provider, meter_provider
        self._look_for_watchers()

    def _look_for_watchers(self) -> None:
        """Find those who watch; again when starting, if there were none before."""
        observers = self._router.observers
        if not observers.watchers.always:
            find = type(self).find_watchers
            observers.use(find(*self._providers, self._router))

    def __repr__(self) -> str:
        phase, agents = self._supervisor.phase.value, len(self._router.directory)
        return f"<SingleThreadedAgentRuntime {phase}, {agents} agents>"

    # -- sending ----------------------------------------------------------------

    @uninterruptible
    async def send_message(
        self,
        message: Any,
        recipient: AgentId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Send a message to one agent and return its response, like a function call.

        Messages that one task sends to one agent are handled in sending order. If
        the agent's inbox is full, the sender waits for room. There is no timeout
        argument: put the call under a scope, ``with move_on_after(5): ...``.

        A request to an agent that waits for this very request to end (A asks B asks
        A) is handled nested, in the calling task.

        Args:
            message: Any object; it is handed over, not copied.
            recipient: The agent, which is built now if it does not live yet.
            sender: The sending agent, for the handler's context.
            cancellation_token: Lets somebody outside this task withdraw the request.
            message_id: A name for the message; a unique one by default.

        Returns:
            What the handler returned; None if the agent has no handler for the
            message, unless ``strict_delivery`` is on.

        Raises:
            RecipientNotFound: If no agent type ``recipient.type`` is registered.
            RequestCancelled: If ``cancellation_token`` was cancelled.
            MessageDroppedException: If an intervention handler dropped it.
            CantHandleException: With strict delivery, if no handler takes it.
            DeadlockError: If it could never be handled: the agent waits for the
                caller and is not reentrant, or is still being built, or 32 handlers
                are nested already.
            RuntimeStoppedError: If the runtime has stopped, or stops before there
                is a response.
            BaseException: What the handler, the factory or an intervention raised,
                the same object, with a note that names the agent.

        Cancellation: While the message waits, it is withdrawn and never handled. If
        its handler runs, the handler is cancelled, and the cancellation is raised
        when it has unwound, unless the handler raises something of its own.
        """
        router = self._router
        if router.accepting_thread != get_ident():
            check_sendable(router, recipient)
        context = MessageContext(
            sender,
            None,
            True,
            cancellation_token or CancellationToken(),
            message_id or router.next_message_id(),
        )
        router.quiescence.enter()
        try:
            if (
                router.interventions is None
                and cancellation_token is None
                and not router.observers.is_watching()
            ):
                request = Request(message, recipient, context)
                await begin(router, request)
                return outcome_of(request)
            return await send_observed(
                router, message, recipient, context, cancellation_token
            )
        finally:
            router.quiescence.leave()

    @uninterruptible
    async def publish_message(
        self,
        message: Any,
        topic_id: TopicId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> None:
        """Publish a message to every agent that a topic leads to.

        Returns when every copy is in its recipient's inbox; it waits for room in
        full ones, not for handlers. What a handler raises is logged and never
        reaches the publisher or another subscriber; what it returns is dropped. An
        agent does not receive what it publishes itself. Yields to other tasks at
        least once in 32 calls; and a handler that has published is given a moment
        before its own sender is answered, so that its subscribers come first.

        Args:
            message: Any object; every recipient gets the same one.
            topic_id: The topic, which subscriptions map to agents.
            sender: The publishing agent, which is skipped.
            cancellation_token: Withdraws the copies that are not yet being handled.
            message_id: A name for the message; a unique one by default.

        Raises:
            RuntimeStoppedError: If the runtime has stopped.

        Cancellation: Before the first copy is on its way nothing happens. While it
        waits for room, the copies that found none yet are withdrawn; the others are
        on their way and stay so.
        """
        router = self._router
        if router.accepting_thread != get_ident():
            check_sendable(router, topic_id)
        token = cancellation_token
        context = MessageContext(
            sender,
            topic_id,
            False,
            token or CancellationToken(),
            message_id or router.next_message_id(),
        )
        await publish(router, message, context, token)

    # -- registering ------------------------------------------------------------

    async def register_factory(
        self,
        type: str | AgentType,
        agent_factory: Callable[[], T | Awaitable[T]],
        *,
        expected_class: type[T] | None = None,
        subscriptions: Sequence[Subscription] = (),
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        passivate_after: float | None = None,
        on_failure: OnFailure = "resume",
    ) -> AgentType:
        """Register how agents of one type are made.

        The factory runs in the agent's own task when the first message for an id
        arrives, inside `AgentInstantiationContext`.

        Args:
            type: The name of the type.
            agent_factory: Makes one agent; may be async.
            expected_class: What it makes; checked when it has.
            subscriptions: Added together with the factory, or not at all.
            max_concurrency: How many messages one agent handles at once; None for
                the runtime's own setting.
            inbox_capacity: How many messages may queue; None for the runtime's.
            reentrant: Whether a request that closes a cycle may be handled nested;
                if not, its sender gets `DeadlockError
                <actrio.exceptions.DeadlockError>`.
            passivate_after: After how many idle seconds an agent is passivated; None
                for never.
            on_failure: What happens to an agent whose handler of a published message
                raises, or that cannot be built: ``"resume"`` goes on, ``"restart"`` or
                a `RestartPolicy` replaces the agent, ``"stop"`` lets nothing reach it
                any more, ``"escalate"`` ends the runtime.

        Returns:
            The type.

        Raises:
            ValueError: If the type or one of the subscriptions is registered
                already, the name has forbidden characters, a number is out of its
                range, or ``on_failure`` says nothing. Nothing is registered then.
            TypeError: If ``on_failure`` is neither a string nor a policy.

        Cancellation: Never waits.
        """
        name = type.type if isinstance(type, AgentType) else type
        registration = register_type(
            self._router.settings,
            name,
            agent_factory,
            expected_class,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            passivate_after=passivate_after,
            on_failure=on_failure,
        )
        self._router.directory.add(registration)
        try:
            self._router.routes.add_all(subscriptions)
        except BaseException:
            self._router.directory.remove(name)
            raise
        return AgentType(name)

    async def register_agent_instance(
        self,
        agent_instance: Agent,
        agent_id: AgentId,
        *,
        subscriptions: Sequence[Subscription] = (),
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        on_failure: OnFailure = "resume",
    ) -> AgentId:
        """Register one agent that exists already, under an id of its own.

        Args:
            agent_instance: The agent.
            agent_id: Its id. Its type must have no factory, and all instances of one
                type are of one class.
            subscriptions: Added together with the agent, unless they are there.
            max_concurrency: See `register_factory`.
            inbox_capacity: See `register_factory`.
            reentrant: See `register_factory`.
            on_failure: See `register_factory`; an instance cannot be restarted.

        Returns:
            ``agent_id``.

        Raises:
            ValueError: If the id is taken, the type has a factory, its other instances
                are of another class, or ``on_failure`` would restart the agent.

        Cancellation: Never waits.
        """
        directory, routes = self._router.directory, self._router.routes
        directory.check_instance(agent_instance, agent_id)
        registration = register_type(
            self._router.settings,
            agent_id.type,
            None,
            type(agent_instance),
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            on_failure=on_failure,
        )
        await agent_instance.bind_id_and_runtime(id=agent_id, runtime=self)
        if directory.find(agent_id.type) is None:
            directory.add(registration)
        directory.actor(agent_id).life.adopt(agent_instance)
        routes.add_all(s for s in subscriptions if not routes.has(s))
        return agent_id

    async def unregister(self, type: str | AgentType) -> None:
        """Forget an agent type whose agents were never addressed.

        Raises:
            LookupError: If the type is not registered.
            ValueError: If agents of this type live.

        Cancellation: Never waits.
        """
        self._router.directory.remove(str(getattr(type, "type", type)))

    async def add_subscription(self, subscription: Subscription) -> None:
        """Add a subscription; topics that were used before follow it as well.

        Raises:
            ValueError: If the same subscription is there already.

        Cancellation: Never waits.
        """
        self._router.routes.add(subscription)

    async def remove_subscription(self, id: str) -> None:
        """Remove the subscription with this id.

        Raises:
            SubscriptionNotFound: If there is none.

        Cancellation: Never waits.
        """
        self._router.routes.remove(id)

    def add_message_serializer(
        self,
        serializer: MessageSerializer[Any] | Sequence[MessageSerializer[Any]],
        *,
        type: type[Any] | str | None = None,
        aliases: Iterable[str] = (),
        replace: bool = True,
    ) -> None:
        """Say how messages of a class are written when they leave the process.

        Inside one process messages are handed over as they are, so nothing depends on
        it. Registering an agent class does this for the messages that it handles.

        Args:
            serializer: What turns messages of one class into bytes and back, or
                several such.
            type: The class that it is for, or the name of its messages on the wire, if
                the serializer does not say so itself.
            aliases: Further names to read: those that the class had before it was
                renamed or moved.
            replace: Take the place of a serializer for the same messages and format;
                False leaves that one in place.

        Raises:
            TypeError: If neither the serializer nor ``type`` gives a name.
        """
        self._serialization_registry.add(
            serializer, type=type, aliases=aliases, replace=replace
        )

    # -- agents -----------------------------------------------------------------

    async def get(
        self,
        id_or_type: AgentId | AgentType | str,
        /,
        key: str = "default",
        *,
        lazy: bool = True,
    ) -> AgentId:
        """Return the id of an agent.

        Args:
            id_or_type: An id, or a type to be combined with ``key``.
            key: The key, if a type is given.
            lazy: False builds the agent now.

        Raises:
            RecipientNotFound: With ``lazy=False``, if the type is not registered.
            Exception: With ``lazy=False``, what the factory raised.

        Cancellation: With ``lazy=False``, stops waiting; the agent may be built.
        """
        agent_id = (
            id_or_type if isinstance(id_or_type, AgentId) else AgentId(id_or_type, key)
        )
        if not lazy:
            await self._life.errand(agent_id, _nothing)
        return agent_id

    @overload
    async def try_get_underlying_agent_instance(self, id: AgentId) -> Agent: ...
    @overload
    async def try_get_underlying_agent_instance(
        self, id: AgentId, type: type[T]
    ) -> T: ...
    async def try_get_underlying_agent_instance(
        self, id: AgentId, type: type[Any] = Agent
    ) -> Any:
        """Return the agent behind an id itself, built now if it does not live yet.

        Raises:
            LookupError: If its type is not registered.
            TypeError: If it is not an instance of ``type``.

        Cancellation: Stops waiting; the agent may be built.
        """
        agent: Agent | None = self._router.directory.actor(id).life.agent
        if agent is None:
            # it may be gone again when this goes on
            agent = await self._life.errand(id, _itself)
        if type is not Agent and not isinstance(agent, type):
            message = (
                f"agent {id} is a {agent.__class__.__name__}, not a {type.__name__}"
            )
            raise TypeError(message)
        return agent

    async def agent_metadata(self, agent: AgentId) -> AgentMetadata:
        """Return what an agent says about itself; errors as in `get`."""
        metadata: AgentMetadata = await self._life.errand(agent, _metadata)
        return metadata

    async def agent_save_state(self, agent: AgentId) -> Mapping[str, Any]:
        """Return the state of one agent, taken between two of its messages.

        Raises:
            LookupError: If its type is not registered.
            RuntimeStoppedError: If the runtime is stopping, or closing its agents.
            Exception: What ``save_state`` of the agent raised.

        Cancellation: Withdraws the call, or cancels it and waits until it unwound.
        """
        state: Mapping[str, Any] = await self._life.errand(
            agent, lambda agent: agent.save_state()
        )
        return state

    async def agent_load_state(self, agent: AgentId, state: Mapping[str, Any]) -> None:
        """Give one agent its state back; errors as in `agent_save_state`."""
        await self._life.errand(agent, lambda agent: agent.load_state(state))

    async def save_state(self) -> Mapping[str, Any]:
        """Return the states of all agents that live now, by ``str(id)``.

        Messages and subscriptions are not part of it. Stop or idle first if the
        states must belong together.
        """
        live = [actor.id for actor in self._router.directory if actor.life.is_built]
        return {str(one): dict(await self.agent_save_state(one)) for one in live}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give agents their states back; those of unknown types are skipped."""
        for name, agent_state in state.items():
            agent_id = AgentId.from_str(name)
            if self._router.directory.find(agent_id.type) is not None:
                await self.agent_load_state(agent_id, agent_state)

    async def passivate(self, id: AgentId) -> None:
        """Let an agent leave, until the next message for its id brings it back.

        As soon as no handler of it runs, its state is saved if the runtime has a
        store, ``on_stop`` and ``close`` of the agent are called, and it is forgotten.
        Messages that come meanwhile wait for the next agent, in their order. If its
        state cannot be saved the agent stays as it is. Called inside a handler, this
        only asks for it and returns at once.

        An agent that was stopped because it failed may come again after this. Nothing
        happens if the agent does not live.

        Args:
            id: The agent.

        Raises:
            RecipientNotFound: If its type is not registered.
            ValueError: If it was registered as an instance: nobody could bring it back.
            RuntimeStoppedError: If the runtime stops meanwhile.
            StateConflict: If somebody else has saved a state for it; the agent is gone,
                and what it knew with it.
            Exception: What ``save_state`` or the store raised; the agent stays. Or what
                ``on_stop`` or ``close`` raised; it is gone.

        Cancellation: Stops waiting; the agent leaves all the same.
        """
        await self._life.passivate(id)

    # -- looking ----------------------------------------------------------------

    def statistics(self) -> RuntimeStatistics:
        """Return how many agents and messages there are now; does not wait."""
        return take_statistics(self._router)

    def snapshot(self) -> Snapshot:
        """Return what every agent does now; does not wait, and changes nothing.

        ``print(runtime.snapshot())`` is the answer to "why does it not go on?".
        """
        return take_snapshot(self._router)

    # -- life -------------------------------------------------------------------

    @property
    def unprocessed_messages_count(self) -> int:
        """How many messages wait that no handler has begun with."""
        return len(self._router.gate) + sum(
            lane.inbox.size + lane.inbox.waiting_for_room
            for actor in self._router.directory
            for lane in actor.lanes()
        )

    @property
    def dead_letters(self) -> DeadLetters:
        """The counts of the messages that no handler took."""
        return self._router.dead_letters

    def start(self) -> None:
        """Start handling messages, those sent before included.

        Returns at once. The runtime belongs to the event loop in which this is
        called, and dies with it at the latest; stop it with `stop` or
        `stop_when_idle`. It may be started again then, also in another loop.

        Raises:
            RuntimeError: If it is started already, is still closing its agents, a call
                to an agent before the start is just being cancelled, or no event loop
                runs here.
        """
        self._look_for_watchers()
        self._life.start()

    async def stop(self) -> None:
        """Stop: take nothing new, fail what is queued, let handlers finish briefly.

        Senders whose message is still queued get `RuntimeStoppedError
        <actrio.exceptions.RuntimeStoppedError>`. Running handlers may finish within
        ``grace``; then they are cancelled, and this waits until they have unwound.
        The agents stay, and are there when the runtime is started again. Called
        inside a handler, it begins the stop and returns at once.

        Raises:
            RuntimeError: If the runtime is not started.
            BaseException: The unhandled exception that ended the runtime.

        Cancellation: Cuts the grace short; raised when no task is left.
        """
        await self._life.stop(when_idle=False)

    async def stop_when_idle(self) -> None:
        """Wait until every message has been handled, then stop.

        Messages that handlers send are waited for as well. The moment nothing is
        left, nothing new is accepted. Called inside a handler, it returns at once.

        Raises:
            RuntimeError: If the runtime is not started.
            BaseException: The unhandled exception that ended the runtime.

        Cancellation: While it waits to be idle, the runtime goes on; later as `stop`.
        """
        await self._life.stop(when_idle=True)

    async def stop_when(self, condition: Callable[[], bool]) -> None:
        """Stop as soon as a condition holds.

        The condition is asked whenever a message is over, and once per second.

        Raises:
            RuntimeError: If the runtime is not started.
            BaseException: The unhandled exception that ended the runtime, or what
                ``condition`` raised.

        Cancellation: The runtime goes on as if nobody had asked.
        """
        await self._life.stop_when(condition)

    async def close(self) -> None:
        """Stop if need be, then close every agent, in the order of their creation.

        The state of each is saved if the runtime has a store, and ``on_stop`` and
        ``close`` are called, once; each of the three may take ``grace`` seconds. A
        closed agent is made anew if its id is addressed after another start.

        Raises:
            Exception: What the agents' hooks or the store raised, after all agents were
                closed; a group if there were several errors. Or what `stop` raises.

        Cancellation: As in `stop`; the agents are closed all the same.
        """
        await self._life.close()

    async def process_next(self) -> None:
        """Let one message or response through, while the runtime is not started.

        A request and its response are two steps. The handler runs on by itself; this
        returns when it has begun. Waits if there is nothing to process.

        Raises:
            RuntimeError: If the runtime is started or stopped, or another task is
                waiting in here.
            BaseException: The unhandled exception of an earlier step.

        Cancellation: Nothing was taken.
        """
        await self._life.process_next()

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Run for the length of a block; see the class."""
        self._look_for_watchers()
        async with self._life.block():
            yield self

    if not TYPE_CHECKING:  # the type checkers know that there is no such block
        __enter__ = __exit__ = refuse_plain_block


async def _nothing(agent: Agent) -> None:
    """Do nothing: the agent is built, which is all that was wanted."""


async def _itself(agent: Agent) -> Agent:
    return agent


async def _metadata(agent: Agent) -> AgentMetadata:
    return agent.metadata
