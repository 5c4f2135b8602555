"""The contracts between the layers: what a runtime hosts, offers, and keeps.

Agents know their runtime only as an `AgentRuntime`, and a runtime knows its agents only
as `Agent`; neither imports the other's package. Anything with these methods will do,
whatever it inherits from.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, overload, runtime_checkable

import attrs

from .identity import AgentId, AgentMetadata, AgentType, TopicId
from .messages import CancellationToken, MessageContext
from .serialization import MessageSerializer

__all__ = [
    "Agent",
    "AgentRuntime",
    "Facts",
    "FindWatchers",
    "InterventionHandler",
    "Passage",
    "Report",
    "StateStore",
    "StoredState",
    "Subscription",
    "UnboundSubscription",
    "Watcher",
    "Watchers",
]

AgentT = TypeVar("AgentT", bound="Agent")


@runtime_checkable
class Agent(Protocol):
    """What a runtime hosts. Most agents inherit from `RoutedAgent` instead."""

    @property
    def metadata(self) -> AgentMetadata:
        """The agent's type, key and description."""
        ...

    @property
    def id(self) -> AgentId:
        """The agent's address."""
        ...

    async def bind_id_and_runtime(self, id: AgentId, runtime: AgentRuntime) -> None:
        """Learn the own address and runtime; the runtime calls this before any message.

        Raises:
            RuntimeError: If the agent is bound to another id or runtime already.
        """
        ...

    async def on_message(self, message: Any, ctx: MessageContext) -> Any:
        """Handle one message; the return value is the response to a request.

        Raises:
            CantHandleException: If the agent does not handle such messages.
        """
        ...

    async def save_state(self) -> Mapping[str, Any]:
        """Return everything that `load_state` needs, serializable as JSON."""
        ...

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `save_state` returned."""
        ...

    async def close(self) -> None:
        """Release what the agent holds; the runtime calls this once, at its end."""
        ...


@runtime_checkable
class Subscription(Protocol):  # noqa: PLW1641 - equality need not be transitive
    """Decides which topics reach which agents."""

    @property
    def id(self) -> str:
        """The name by which the subscription is removed; unique in its runtime."""
        ...

    def __eq__(self, other: object) -> bool:
        """Say whether both would give the same agents the same topics.

        A runtime refuses a subscription that equals one it has.
        """
        if not isinstance(other, Subscription):
            return False
        return self.id == other.id

    def is_match(self, topic_id: TopicId) -> bool:
        """Say whether messages published to ``topic_id`` are for this subscription."""
        ...

    def map_to_agent(self, topic_id: TopicId) -> AgentId:
        """Return the agent that receives what is published to ``topic_id``.

        Raises:
            CantHandleException: If the topic does not match.
        """
        ...


UnboundSubscription = Callable[[], list[Subscription] | Awaitable[list[Subscription]]]
"""Makes subscriptions for the agent type that is being registered just now."""


class InterventionHandler(Protocol):
    """Sees every message on its way, and may change or drop it.

    Each method returns the message to go on with. Returning `DropMessage`, the class
    or an instance, or raising it, drops the message; returning None changes nothing.
    Inherit and override what you need: the methods here return the message unchanged.
    """

    async def on_send(
        self, message: Any, *, message_context: MessageContext, recipient: AgentId
    ) -> Any:
        """See a request before it reaches its recipient's inbox."""
        return message

    async def on_publish(self, message: Any, *, message_context: MessageContext) -> Any:
        """See a published message before it is given to its recipients."""
        return message

    async def on_response(
        self, message: Any, *, sender: AgentId, recipient: AgentId | None
    ) -> Any:
        """See a response before it reaches the requester.

        Args:
            message: What the handler returned.
            sender: The agent that answers.
            recipient: The agent that asked; None if the request came from outside.
        """
        return message


@runtime_checkable
class AgentRuntime(Protocol):
    """Hosts agents and carries messages between them."""

    async def send_message(
        self,
        message: Any,
        recipient: AgentId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Send one message to one agent and wait for its response.

        Args:
            message: Any object; it is handed over, not copied.
            recipient: The agent to ask; it is made if it does not exist yet.
            sender: The agent that asks; None from outside.
            cancellation_token: Lets somebody outside this task withdraw the request.
            message_id: A name for the message; None lets the runtime choose one.

        Returns:
            What the recipient's handler returned.

        Raises:
            CantHandleException: If the recipient says that it cannot handle this.
            UndeliverableException: If the message cannot reach the recipient.
            MessageDroppedException: If an intervention handler dropped the message or
                the response.
            RequestCancelled: If ``cancellation_token`` was cancelled.

        Whatever else the handler raises is raised here too.

        Cancellation: The request is withdrawn. If the handler had started, it is
        cancelled, and this call ends when it has unwound.
        """
        ...

    async def publish_message(
        self,
        message: Any,
        topic_id: TopicId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> None:
        """Publish one message to every agent that subscribed to the topic.

        Nobody's response and nobody's error comes back, and an agent never receives
        what it published itself.

        Args:
            message: Any object; all recipients get this very object.
            topic_id: What the message is about.
            sender: The agent that publishes; None from outside.
            cancellation_token: Withdraws the copies that no handler has begun with.
            message_id: A name for the message; None lets the runtime choose one.

        Raises:
            UndeliverableException: If the runtime takes no messages any more.

        Cancellation: Copies that wait for room in a full inbox are withdrawn, the
        others are on their way.
        """
        ...

    async def register_factory(
        self,
        type: str | AgentType,
        agent_factory: Callable[[], AgentT | Awaitable[AgentT]],
        *,
        expected_class: type[AgentT] | None = None,
        subscriptions: Sequence[Subscription] = (),
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
    ) -> AgentType:
        """Register what makes the agents of one type, together with subscriptions.

        Either everything is registered or, when this raises, nothing is. Agent classes
        have a ``register`` method that calls this.

        Args:
            type: The name of the type; nobody else may have it.
            agent_factory: Called, and awaited if need be, once for every new agent,
                inside `AgentInstantiationContext`.
            expected_class: What the factory is to return; checked each time.
            subscriptions: Added together with the factory.
            max_concurrency: How many messages one agent handles at once;
                ``math.inf`` for any number. None: as the runtime says.
            inbox_capacity: How many messages may wait for one agent. None: as the
                runtime says.
            reentrant: Whether an agent that waits for a response may be handed a
                message that this very response depends on.

        Raises:
            ValueError: If the type is registered already or its name is not allowed,
                or a subscription equals one that exists.
        """
        ...

    async def register_agent_instance(
        self,
        agent_instance: Agent,
        agent_id: AgentId,
        *,
        subscriptions: Sequence[Subscription] = (),
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
    ) -> AgentId:
        """Register an agent that exists already, together with subscriptions.

        Either everything is registered or, when this raises, nothing is. Several
        instances may share a type if they share a class; a subscription that equals
        one that exists is theirs in common and is not added again.

        Args:
            agent_instance: The agent; it is bound to ``agent_id`` and this runtime.
            agent_id: Its address from now on.
            subscriptions: Added together with the agent, unless they exist.
            max_concurrency: As for `register_factory`.
            inbox_capacity: As for `register_factory`.
            reentrant: As for `register_factory`.

        Raises:
            ValueError: If the id is taken, its type has a factory, or its type's other
                instances are of another class.
            RuntimeError: If the agent is bound to another id or runtime.
        """
        ...

    @overload
    async def try_get_underlying_agent_instance(self, id: AgentId) -> Agent: ...
    @overload
    async def try_get_underlying_agent_instance(
        self, id: AgentId, type: type[AgentT]
    ) -> AgentT: ...
    async def try_get_underlying_agent_instance(
        self, id: AgentId, type: type[Any] = Agent
    ) -> Any:
        """Return the agent object itself, making it if it does not exist yet.

        For tests and tools: calling its methods goes around its inbox.

        Raises:
            NotAccessibleError: If the agent lives in another process.
            LookupError: If nobody answers to this id.
            TypeError: If the agent is no ``type``.
        """
        ...

    @overload
    async def get(self, id: AgentId, /, *, lazy: bool = ...) -> AgentId: ...
    @overload
    async def get(
        self, type: AgentType | str, /, key: str = ..., *, lazy: bool = ...
    ) -> AgentId: ...
    async def get(
        self,
        id_or_type: AgentId | AgentType | str,
        /,
        key: str = "default",
        *,
        lazy: bool = True,
    ) -> AgentId:
        """Return the id of an agent, and make sure that it exists if ``lazy`` is False.

        Raises:
            LookupError: If ``lazy`` is False and nobody answers to this id.
        """
        ...

    async def save_state(self) -> Mapping[str, Any]:
        """Return the states of all live agents, serializable as JSON."""
        ...

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give the agents the states that `save_state` returned, making them first."""
        ...

    async def agent_metadata(self, agent: AgentId) -> AgentMetadata:
        """Return an agent's type, key and description.

        Raises:
            LookupError: If nobody answers to this id.
        """
        ...

    async def agent_save_state(self, agent: AgentId) -> Mapping[str, Any]:
        """Return the state of one agent.

        Raises:
            LookupError: If nobody answers to this id.
        """
        ...

    async def agent_load_state(self, agent: AgentId, state: Mapping[str, Any]) -> None:
        """Give one agent a state that it saved before.

        Raises:
            LookupError: If nobody answers to this id.
        """
        ...

    async def add_subscription(self, subscription: Subscription) -> None:
        """Let a subscription decide about every message published from now on.

        Raises:
            ValueError: If it equals one that exists.
        """
        ...

    async def remove_subscription(self, id: str) -> None:
        """Forget a subscription.

        Raises:
            SubscriptionNotFound: If there is none with this id.
        """
        ...

    def add_message_serializer(
        self,
        serializer: MessageSerializer[Any] | Sequence[MessageSerializer[Any]],
        *,
        type: type[Any] | str | None = None,
        aliases: Iterable[str] = (),
        replace: bool = True,
    ) -> None:
        """Say how messages of a class are written when they leave the process.

        Agent classes do this for the messages that they handle, when they are
        registered.

        Args:
            serializer: What turns messages of one class into bytes and back.
            type: The class that it is for, or the name of its messages on the wire, if
                the serializer does not say so itself.
            aliases: Further names to read: those that the class had before it was
                renamed or moved.
            replace: Take the place of a serializer for the same messages and format;
                False leaves that one in place.

        Raises:
            TypeError: If neither the serializer nor ``type`` gives a name.
        """
        ...


@attrs.frozen
class StoredState:
    """One state as it lies in a store."""

    key: str
    """Whose state it is, usually ``str(agent_id)``."""

    state: Mapping[str, Any]
    """The state itself, a copy of its own."""

    version: int
    """Which save put it there; at least 1."""


@runtime_checkable
class StateStore(Protocol):
    """Keeps states by key, beyond the life of agents, runtimes and processes.

    A *state* is what ``save_state`` of an agent returns: a dict with str keys, made of
    dict, list, str, int, finite float, bool and None. It comes back equal to what was
    saved, or the save is refused. It is read before the call first waits; changing it
    afterwards changes nothing.

    A *version* is a whole number. A save gives a version that is larger than any that
    its keys had before, even if they were deleted meanwhile, and all states of one save
    get the same. So whoever saves with ``expected_version`` overwrites nothing that it
    has not seen. Version 0 means: nothing is stored.

    A save is one step: other tasks, other processes and whoever looks after a crash see
    all of it or nothing. When it returns, it is kept as durably as the store can.

    A store is open inside ``async with``, in one event loop at a time, and may be
    opened again. Any number of tasks may use it at once; calls take effect one after
    the other.

    All methods raise `StateStoreClosed` if the store is not open, and other
    `StateStoreError` as the store says.

    Cancellation: A call that raises the cancellation has changed nothing. One that has
    begun to write may return its value first. On asyncio, a task's own ``cancel()`` is
    raised even then, since nobody repeats it: `load` tells whether the state is saved.
    """

    async def __aenter__(self) -> Self:
        """Open the store."""
        ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Close the store, after the calls that were made before."""
        ...

    async def load(self, key: str) -> StoredState | None:
        """Return what is stored under one key, or None.

        Raises:
            StateKeyInvalid: If ``key`` is not 1 to 1024 bytes of UTF-8.
        """
        ...

    async def load_all(self, prefix: str = "") -> dict[str, StoredState]:
        """Return everything stored under keys that begin with ``prefix``.

        It is taken in one step, so states saved together are together. The keys are in
        order.
        """
        ...

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with ``prefix``, in order."""
        ...

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        """Store one state, in place of the one that was there.

        Args:
            key: Whose state it is, usually ``str(agent_id)``.
            state: What to keep.
            expected_version: Save only if this is the version stored now, where 0 means
                that nothing is. None: whatever is stored.

        Returns:
            The version of what was saved.

        Raises:
            StateConflict: If another version is stored.
            StateNotStorable: If ``state`` would not come back as it is.
            StateKeyInvalid: If ``key`` is not 1 to 1024 bytes of UTF-8.
        """
        ...

    async def save_all(
        self,
        states: Mapping[str, Mapping[str, Any] | None],
        *,
        expected_versions: Mapping[str, int] | None = None,
    ) -> int:
        """Store several states in one step: all of them, or none if this raises.

        Args:
            states: What to keep, by key; None deletes what is stored under a key.
            expected_versions: As ``expected_version`` of `save`, by key. Keys that are
                not in ``states`` may be among them.

        Returns:
            The version of everything that was saved.

        Raises:
            StateConflict: If one of the expected versions is not the one stored.
            StateNotStorable: If one of the states would not come back as it is.
            StateKeyInvalid: If a key is not 1 to 1024 bytes of UTF-8.
        """
        ...

    async def delete(self, key: str, *, expected_version: int | None = None) -> None:
        """Forget what is stored under one key, if anything is.

        Raises:
            StateConflict: If another version than ``expected_version`` is stored.
            StateKeyInvalid: If ``key`` is not 1 to 1024 bytes of UTF-8.
        """
        ...


@attrs.define(eq=False)
class Passage:
    """One message on its way, as those see it who watch it."""

    message: object
    """The message; interventions may replace it on the way."""
    context: MessageContext
    """Where it comes from, and its id."""
    target: AgentId | TopicId
    """Where it goes."""
    clock: Callable[[], float]
    """The clock of the event loop, in seconds."""
    began_at: float = attrs.field(init=False)
    """When the message was sent, on that clock."""
    notes: dict[object, Any] = attrs.field(init=False, factory=dict[object, Any])
    """What a watcher remembers of this message, by the watcher."""

    def __attrs_post_init__(self) -> None:
        self.began_at = self.clock()


Report = Callable[[object], None] | None
"""Takes the result of a step; None if the watcher does not care."""


class Watcher(Protocol):
    """Watches messages on their way: for traces, metrics or event records.

    A runtime calls it at each step, in the task that takes the step. What it raises is
    logged and stops nothing. A method that brackets a step is a context manager: the
    exception that ended the step goes through it.
    """

    def sending(self, passage: Passage) -> AbstractContextManager[Report]:
        """Bracket the whole call of the sender, and report the response."""
        ...

    def intercepting(
        self, passage: Passage, handler: str
    ) -> AbstractContextManager[Report]:
        """Bracket one intervention handler; ``handler`` is the name of its class."""
        ...

    def handling(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> AbstractContextManager[Report]:
        """Bracket the handler of one recipient, and report its response."""
        ...

    def dropped(self, passage: Passage, *, is_response: bool) -> None:
        """Hear that an intervention handler dropped the message, or its response."""
        ...

    def not_built(self, agent: AgentId, exc: BaseException) -> None:
        """Hear that an agent could not be built."""
        ...

    def dead(self, reason: str, recipient: AgentId | None) -> None:
        """Hear of a dead letter."""
        ...


class Facts(Protocol):
    """What watchers may ask about a runtime."""

    def census(self) -> Iterable[tuple[str, int]]:
        """Return, for each live actor, its type and the length of its inbox."""
        ...

    def agent_class(self, agent: AgentId) -> str | None:
        """Return the name of the class of an agent that lives now."""
        ...


@attrs.frozen
class Watchers:
    """Those who watch the messages of one runtime."""

    always: Sequence[Watcher] = ()
    """Told of every message."""
    events: Watcher | None = None
    """Told of a message if somebody listens to the log of events then."""


FindWatchers = Callable[[object, object, Facts], Watchers]
"""Finds those who watch a runtime, given its providers of tracers and of meters."""
