"""What a runtime hosts, and what it offers to agents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, overload, runtime_checkable

from ..identity import AgentId, AgentMetadata, AgentType, TopicId
from ..messages import CancellationToken, MessageContext
from ..serialization import MessageSerializer
from ._supervision import OnFailure

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
        passivate_after: float | None = None,
        on_failure: OnFailure = "resume",
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
            passivate_after: After how many idle seconds an agent leaves, to come back
                with its next message; None for never.
            on_failure: What happens to an agent that fails: ``"resume"``,
                ``"restart"``, ``"stop"`` or ``"escalate"``, or a `RestartPolicy`.

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
        on_failure: OnFailure = "resume",
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
            on_failure: As for `register_factory`; an instance cannot be restarted.

        Raises:
            ValueError: If the id is taken, its type has a factory, its type's other
                instances are of another class, or ``on_failure`` would restart it.
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
