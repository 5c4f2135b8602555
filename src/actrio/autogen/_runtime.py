"""The adapter: actrio's runtime, as a runtime of the real autogen_core."""

import math
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeVar, overload

import autogen_core as theirs
from autogen_core.exceptions import MessageDroppedException as TheirDropped

from .._concurrency import AsyncContextManagerMixin, current_host
from ..exceptions import MessageDroppedException
from ..identity import AgentId
from ..runtime import DeadLetter
from ._guests import Guest, GuestIntervention, guest_factory
from ._interleaved import SingleThreadedAgentRuntime
from ._values import our_id, our_subscription, our_token, our_topic

__all__ = ["AgentChatRuntime"]

T = TypeVar("T", bound=theirs.Agent)

_ANY_AGENT: Final[Any] = theirs.Agent
"""A default that fits every ``type[T]``, as in the protocol."""


class AgentChatRuntime(AsyncContextManagerMixin):
    """Runs the agents and teams of an unchanged AutoGen on actrio's runtime.

    Give it to a team of AgentChat; everything else stays as it is::

        async with AgentChatRuntime() as runtime:
            team = RoundRobinGroupChat([writer, critic], runtime=runtime)
            print(await team.run(task="A poem about tides."))

    It is an `AgentRuntime` of autogen_core: agents, ids, topics, tokens and contexts
    are autogen_core's on the outside, and handlers find its context variables. What
    actrio guarantees holds inside: requests end with those who sent them, published
    messages arrive in order, and no task outlives the block, or `stop`.

    AgentChat needs agents that handle several messages at once, or pausing a team would
    wait for its agents; so here that is the default. Several teams, and agents of the
    Core API, may share one runtime. It works on asyncio only, as AgentChat does.

    Args:
        intervention_handlers: May change or drop every message, in this order.
        tracer_provider: Where the spans of each message go, a ``TracerProvider`` of
            OpenTelemetry; the one that is set globally by default.
        ignore_unhandled_exceptions: What the handler of a *published* message raises
            is logged; if False it also ends the runtime, and is raised by `stop`,
            `stop_when_idle` or the end of the block.
        max_concurrency: How many messages one agent handles at once.
        inbox_capacity: How many messages may queue for one agent before senders wait.
            At least 1.
        grace: How many seconds handlers may still run when the runtime stops, and
            each agent's ``close`` may take, before they are cancelled. 0 or more.
        on_dead_letter: Called with each `DeadLetter`; must not block.

    Raises:
        ValueError: If one of the numbers is out of its range.
        RuntimeError: If autogen_core is not the real one, but the drop-in.
    """

    def __init__(
        self,
        *,
        intervention_handlers: Sequence[theirs.InterventionHandler] | None = None,
        tracer_provider: object | None = None,
        ignore_unhandled_exceptions: bool = True,
        max_concurrency: float = math.inf,
        inbox_capacity: int = 1024,
        grace: float = 5.0,
        on_dead_letter: Callable[[DeadLetter], object] | None = None,
    ) -> None:
        _check_real()
        self._inner = SingleThreadedAgentRuntime(
            intervention_handlers=[
                GuestIntervention(handler) for handler in intervention_handlers or ()
            ],
            tracer_provider=tracer_provider,
            ignore_unhandled_exceptions=ignore_unhandled_exceptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            grace=grace,
            on_dead_letter=on_dead_letter,
        )
        self._classes: dict[str, type[theirs.Agent]] = {}

    def __repr__(self) -> str:
        return f"<AgentChatRuntime on {self._inner!r}>"

    @property
    def inner(self) -> SingleThreadedAgentRuntime:
        """The runtime of actrio that does the work.

        For its statistics, its snapshot and its dead letters; agents that are
        registered there know nothing of autogen_core.
        """
        return self._inner

    # -- sending ----------------------------------------------------------------

    async def send_message(
        self,
        message: Any,
        recipient: theirs.AgentId,
        *,
        sender: theirs.AgentId | None = None,
        cancellation_token: theirs.CancellationToken | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Send a message to one agent and return its response.

        Args:
            message: Any object; it is handed over, not copied.
            recipient: The agent, which is built now if it does not live yet.
            sender: The sending agent, for the handler's context.
            cancellation_token: Lets somebody outside this task withdraw the request.
            message_id: A name for the message; a unique one by default.

        Returns:
            What the handler returned; None if the agent has no handler for the message.

        Raises:
            RecipientNotFound: If no agent type ``recipient.type`` is registered.
            RequestCancelled: If ``cancellation_token`` was cancelled; it is an
                ``asyncio.CancelledError``.
            autogen_core.exceptions.MessageDroppedException: If an intervention handler
                dropped it.
            RuntimeStoppedError: If the runtime has stopped, or stops before there
                is a response.
            BaseException: What the handler or the factory raised.

        Cancellation: While the message waits it is withdrawn. If its handler runs, the
        handler is cancelled, and the cancellation is raised when it has unwound.
        """
        try:
            return await self._inner.send_message(
                message,
                our_id(recipient),
                sender=None if sender is None else our_id(sender),
                cancellation_token=our_token(cancellation_token),
                message_id=message_id,
            )
        except MessageDroppedException as exc:
            raise TheirDropped(str(exc)) from exc

    async def publish_message(
        self,
        message: Any,
        topic_id: theirs.TopicId,
        *,
        sender: theirs.AgentId | None = None,
        cancellation_token: theirs.CancellationToken | None = None,
        message_id: str | None = None,
    ) -> None:
        """Publish a message to every agent that a topic leads to.

        Args:
            message: Any object; every recipient gets the same one.
            topic_id: The topic, which subscriptions map to agents.
            sender: The publishing agent, which is skipped.
            cancellation_token: Given to the handlers; it withdraws nothing.
            message_id: A name for the message; a unique one by default.

        Raises:
            RuntimeStoppedError: If the runtime has stopped.

        Cancellation: While it waits for room, the copies that found none yet are
        withdrawn; the others are on their way and stay so.
        """
        await self._inner.publish_message(
            message,
            our_topic(topic_id),
            sender=None if sender is None else our_id(sender),
            cancellation_token=our_token(cancellation_token),
            message_id=message_id,
        )

    # -- registering ------------------------------------------------------------

    async def register_factory(
        self,
        type: str | theirs.AgentType,
        agent_factory: Callable[[], T | Awaitable[T]],
        *,
        expected_class: type[T] | None = None,
    ) -> theirs.AgentType:
        """Register how agents of one type are made.

        Args:
            type: The name of the type.
            agent_factory: Makes one agent; may be async. It runs in the agent's own
                task, inside autogen_core's ``AgentInstantiationContext``.
            expected_class: What it makes; checked when it has.

        Raises:
            ValueError: If the type is registered already, or the name has forbidden
                characters.

        Cancellation: Never waits.
        """
        name = type.type if isinstance(type, theirs.AgentType) else type
        factory = guest_factory(self, agent_factory, expected_class)
        await self._inner.register_factory(name, factory)
        return theirs.AgentType(name)

    async def register_agent_instance(
        self, agent_instance: theirs.Agent, agent_id: theirs.AgentId
    ) -> theirs.AgentId:
        """Register one agent that exists already, under an id of its own.

        Raises:
            ValueError: If the id is taken, the type has a factory, or its other
                instances are of another class.
            RuntimeError: If the agent is bound to another id or runtime.

        Cancellation: Never waits.
        """
        cls = agent_instance.__class__
        expected = self._classes.get(agent_id.type, cls)
        if expected is not cls:
            message = (
                f"Agent instances must be of the same class: {agent_id.type!r} has "
                f"instances of {expected.__name__}, got {cls.__name__}"
            )
            raise ValueError(message)
        await agent_instance.bind_id_and_runtime(id=agent_id, runtime=self)
        ours = our_id(agent_id)
        await self._inner.register_agent_instance(Guest(agent_instance, ours), ours)
        self._classes[agent_id.type] = cls
        return agent_id

    async def add_subscription(self, subscription: theirs.Subscription) -> None:
        """Add a subscription; topics that were used before follow it as well.

        Raises:
            ValueError: If the same subscription is there already.

        Cancellation: Never waits.
        """
        await self._inner.add_subscription(our_subscription(subscription))

    async def remove_subscription(self, id: str) -> None:
        """Remove the subscription with this id.

        Raises:
            SubscriptionNotFound: If there is none; a LookupError and a ValueError.

        Cancellation: Never waits.
        """
        await self._inner.remove_subscription(id)

    def add_message_serializer(
        self,
        serializer: theirs.MessageSerializer[Any]
        | Sequence[theirs.MessageSerializer[Any]],
    ) -> None:
        """Do nothing: messages do not leave the process here."""

    # -- agents -----------------------------------------------------------------

    @overload
    async def get(
        self, id: theirs.AgentId, /, *, lazy: bool = ...
    ) -> theirs.AgentId: ...
    @overload
    async def get(
        self, type: theirs.AgentType | str, /, key: str = ..., *, lazy: bool = ...
    ) -> theirs.AgentId: ...
    async def get(
        self,
        id_or_type: theirs.AgentId | theirs.AgentType | str,
        /,
        key: str = "default",
        *,
        lazy: bool = True,
    ) -> theirs.AgentId:
        """Return the id of an agent.

        Args:
            id_or_type: An id, or a type to be combined with ``key``.
            key: The key, if a type is given.
            lazy: False builds the agent now.

        Raises:
            RecipientNotFound: With ``lazy=False``, if the type is not registered; a
                LookupError.
            Exception: With ``lazy=False``, what the factory raised.

        Cancellation: With ``lazy=False``, stops waiting; the agent may be built.
        """
        if not isinstance(id_or_type, theirs.AgentId):
            id_or_type = theirs.AgentId(id_or_type, key)
        await self._inner.get(our_id(id_or_type), lazy=lazy)
        return id_or_type

    async def try_get_underlying_agent_instance(
        self, id: theirs.AgentId, type: type[T] = _ANY_AGENT
    ) -> T:
        """Return the agent behind an id itself, built now if it does not live yet.

        Raises:
            LookupError: If its type is not registered.
            TypeError: If it is not an instance of ``type``.

        Cancellation: Stops waiting; the agent may be built.
        """
        guest = await self._inner.try_get_underlying_agent_instance(our_id(id), Guest)
        if not isinstance(guest.agent, type):
            message = (
                f"agent {id} is a {guest.agent.__class__.__name__}, not a "
                f"{type.__name__}"
            )
            raise TypeError(message)
        return guest.agent

    async def agent_metadata(self, agent: theirs.AgentId) -> theirs.AgentMetadata:
        """Return what an agent says about itself; errors as in `get`."""
        said = await self._inner.agent_metadata(our_id(agent))
        return theirs.AgentMetadata(
            type=said["type"], key=said["key"], description=said["description"]
        )

    async def agent_save_state(self, agent: theirs.AgentId) -> Mapping[str, Any]:
        """Return the state of one agent.

        The agent is built if it does not live yet, also while the runtime is not
        started.

        Raises:
            LookupError: If its type is not registered.
            RuntimeStoppedError: If the runtime is stopping, or closing its agents.
            Exception: What ``save_state`` of the agent raised.

        Cancellation: Withdraws the call, or cancels it and waits until it unwound.
        """
        return await self._inner.agent_save_state(our_id(agent))

    async def agent_load_state(
        self, agent: theirs.AgentId, state: Mapping[str, Any]
    ) -> None:
        """Give one agent its state back; errors as in `agent_save_state`."""
        await self._inner.agent_load_state(our_id(agent), state)

    async def save_state(self) -> Mapping[str, Any]:
        """Return the states of all agents that live now, by ``str(id)``."""
        return await self._inner.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give agents their states back; those of unknown types are skipped."""
        await self._inner.load_state(state)

    # -- life -------------------------------------------------------------------

    @property
    def unprocessed_messages_count(self) -> int:
        """How many messages wait that no handler has begun with."""
        return self._inner.unprocessed_messages_count

    def start(self) -> None:
        """Start handling messages, those sent before included; returns at once.

        Raises:
            RuntimeError: If it is started already, or no asyncio loop runs here.
        """
        _check_asyncio()
        self._inner.start()

    async def stop(self) -> None:
        """Stop: take nothing new, fail what is queued, let handlers finish briefly.

        Raises:
            RuntimeError: If the runtime is not started.
            BaseException: The unhandled exception that ended the runtime.

        Cancellation: Cuts the grace short; raised when no task is left.
        """
        await self._inner.stop()

    async def stop_when_idle(self) -> None:
        """Wait until every message has been handled, then stop; errors as in `stop`.

        Cancellation: While it waits to be idle, the runtime goes on; later as `stop`.
        """
        await self._inner.stop_when_idle()

    async def stop_when(self, condition: Callable[[], bool]) -> None:
        """Stop as soon as a condition holds; errors as in `stop`.

        The condition is asked whenever a message is over, and once per second.

        Cancellation: The runtime goes on as if nobody had asked.
        """
        await self._inner.stop_when(condition)

    async def close(self) -> None:
        """Stop if need be, then close every agent, in the order of their creation.

        Raises:
            Exception: What the agents raised, after all were closed.

        Cancellation: As in `stop`; the agents are closed all the same.
        """
        await self._inner.close()

    async def process_next(self) -> None:
        """Let one message or response through, while the runtime is not started.

        Raises:
            RuntimeError: If the runtime is started or stopped, or another task is
                waiting in here.

        Cancellation: Nothing was taken.
        """
        await self._inner.process_next()

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Run for the length of a block; agents are closed at its end."""
        _check_asyncio()
        async with self._inner:
            yield self


def _check_real() -> None:
    if theirs.AgentId.__module__ == AgentId.__module__:
        message = (
            "autogen_core is actrio in this program, by actrio.autogen.install(), so that "
            "nothing is to be adapted: give the team no runtime, or "
            "autogen_core.SingleThreadedAgentRuntime()"
        )
        raise RuntimeError(message)


def _check_asyncio() -> None:
    host = current_host()
    if host.name != "asyncio":
        message = (
            f"AgentChat is written for asyncio, and this task runs on {host.name}: run "
            "the program with asyncio.run(), or anyio.run(..., backend='asyncio')"
        )
        raise RuntimeError(message)
