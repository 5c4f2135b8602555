"""`BaseAgent`: what every agent has, whatever it does with its messages."""

from __future__ import annotations

import builtins
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import isawaitable
from typing import Any, NoReturn, Self, TypeVar, final

from .._contextvars import AgentInstantiationContext, SubscriptionInstantiationContext
from ..abc import Agent, AgentRuntime, OnFailure, Subscription, UnboundSubscription
from ..exceptions import AgentNotBound
from ..identity import AgentId, AgentMetadata, AgentType, TopicId
from ..messages import CancellationToken, MessageContext
from ..serialization import try_get_known_serializers_for_type
from ..subscriptions import (
    TypePrefixSubscription,
    TypeSubscription,
    class_subscriptions,
)

AgentT = TypeVar("AgentT", bound=Agent)


class BaseAgent(ABC, Agent):
    """The base of all agents; override `on_message_impl`, or take `RoutedAgent`.

    An agent belongs to one runtime, under one id. Made by a factory that the runtime
    calls, it knows both from the start; made elsewhere it learns them from
    `register_instance`.

    Args:
        description: What the agent is for, in a sentence. Given an `AgentId`, it is
            the agent's id, and ``runtime`` its runtime.
        runtime: Only together with an id.

    Raises:
        ValueError: If ``description`` is neither a string nor an `AgentId`.
        TypeError: If only one of id and runtime is given.
        RuntimeError: If the runtime is making this agent under another id.
    """

    _id: AgentId | None = None
    _runtime: AgentRuntime | None = None

    def __init__(
        self, description: str | AgentId = "", runtime: AgentRuntime | None = None
    ) -> None:
        if AgentInstantiationContext.is_in_factory_call():
            self._id = AgentInstantiationContext.current_agent_id()
            self._runtime = AgentInstantiationContext.current_runtime()
        if isinstance(description, AgentId) and runtime is not None:
            self._bind(description, runtime)
            description = ""
        elif isinstance(description, AgentId) or runtime is not None:
            message = (
                f"{type(self).__name__}({description!r}, {runtime!r}): give a "
                "description alone, or an AgentId together with its runtime"
            )
            raise TypeError(message)
        self._description = _checked_description(description)

    async def bind_id_and_runtime(self, id: AgentId, runtime: AgentRuntime) -> None:
        """Learn the own id and runtime; the runtime calls this.

        Raises:
            RuntimeError: If the agent is bound to another id or runtime already.

        Cancellation: Never waits.
        """
        self._bind(id, runtime)

    def _bind(self, id: AgentId, runtime: AgentRuntime) -> None:
        if self._id is not None and self._id != id:
            message = (
                f"Agent is already bound to a different ID: it is {self._id} and "
                f"cannot be {id} too; make another instance"
            )
            raise RuntimeError(message)
        if self._runtime is not None and self._runtime is not runtime:
            message = (
                f"Agent is already bound to a different runtime: {self._id} belongs "
                f"to {self._runtime!r}; make another instance for {runtime!r}"
            )
            raise RuntimeError(message)
        self._id = id
        self._runtime = runtime

    @property
    def id(self) -> AgentId:
        """The agent's address.

        Raises:
            AgentNotBound: If the agent belongs to no runtime; a ``RuntimeError``.
        """
        if self._id is None:
            self._not_bound("id")
        return self._id

    @property
    def type(self) -> str:
        """The agent type in the agent's id."""
        return self.id.type

    @property
    def runtime(self) -> AgentRuntime:
        """The runtime that the agent belongs to.

        Raises:
            AgentNotBound: If there is none; a ``RuntimeError``.
        """
        if self._runtime is None:
            self._not_bound("runtime")
        return self._runtime

    def _not_bound(self, attribute: str) -> NoReturn:
        name = self.__class__.__name__
        message = (
            f"this {name} belongs to no runtime yet, so it has no {attribute}; register "
            f"its class with {name}.register() and let the runtime make it, or give the "
            "instance to a runtime with register_instance()"
        )
        raise AgentNotBound(message)

    @property
    def metadata(self) -> AgentMetadata:
        """The agent's type, key and description."""
        return AgentMetadata(
            type=self.id.type, key=self.id.key, description=self._description
        )

    @final
    async def on_message(self, message: Any, ctx: MessageContext) -> Any:
        """Handle one message; the runtime calls this. Override `on_message_impl`."""
        return await self.on_message_impl(message, ctx)

    @abstractmethod
    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        """Handle one message.

        Args:
            message: The very object that was sent or published.
            ctx: Where it comes from.

        Returns:
            The response to a request; dropped if the message was published.

        Raises:
            CantHandleException: If the agent does not handle such messages.

        Cancellation: Happens when the sender of a request gives up.
        """

    async def send_message(
        self,
        message: Any,
        recipient: AgentId,
        *,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Send one message to one agent, as this agent, and wait for its response.

        See `AgentRuntime.send_message`.
        """
        return await self.runtime.send_message(
            message,
            recipient,
            sender=self.id,
            cancellation_token=cancellation_token,
            message_id=message_id,
        )

    async def publish_message(
        self,
        message: Any,
        topic_id: TopicId,
        *,
        cancellation_token: CancellationToken | None = None,
    ) -> None:
        """Publish one message as this agent, which will not receive it itself.

        See `AgentRuntime.publish_message`.
        """
        await self.runtime.publish_message(
            message, topic_id, sender=self.id, cancellation_token=cancellation_token
        )

    async def save_state(self) -> Mapping[str, Any]:
        """Return everything that `load_state` needs, serializable as JSON.

        Override both if the agent has a state worth keeping; this one warns.
        """
        warnings.warn(_no_state(self, "save_state"), stacklevel=2)
        return {}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `save_state` returned.

        Override both if the agent has a state worth keeping; this one warns.
        """
        warnings.warn(_no_state(self, "load_state"), stacklevel=2)

    async def on_start(self) -> None:
        """Get ready for the first message; the runtime calls this before it.

        The agent knows its id and its runtime, and has its state back if the runtime
        has a store. Override it to open what the agent needs; this one does nothing.
        What it raises fails the messages that wait, as an error of the factory does.

        Cancellation: Happens when the runtime stops.
        """

    async def on_stop(self) -> None:
        """Take leave after the last message; the runtime calls this before `close`.

        The agent's state has been saved by then, if the runtime has a store. It may
        still ask other agents. This one does nothing.

        Cancellation: Happens when it takes more than the runtime's ``grace`` seconds.
        """

    async def close(self) -> None:
        """Release what the agent holds; the runtime calls this once, at its end.

        Override it if there is something to release; this one does nothing.

        Cancellation: Happens when it takes more than the runtime's ``grace`` seconds.
        """

    async def register_instance(
        self,
        runtime: AgentRuntime,
        agent_id: AgentId,
        *,
        skip_class_subscriptions: bool = True,
        skip_direct_message_subscription: bool = False,
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        on_failure: OnFailure = "resume",
    ) -> AgentId:
        """Give this very agent to a runtime, under an id of its choice.

        It receives the topics whose type is its key, and those whose type begins with
        its own type and a colon. Either everything is registered or, when this raises,
        nothing is.

        Args:
            runtime: The runtime that the agent belongs to from now on.
            agent_id: Its id.
            skip_class_subscriptions: Leave out what decorators of the class say.
            skip_direct_message_subscription: Leave out the topics ``"<type>:..."``.
            max_concurrency: See `AgentRuntime.register_factory`.
            inbox_capacity: See `AgentRuntime.register_factory`.
            reentrant: See `AgentRuntime.register_factory`.
            on_failure: See `AgentRuntime.register_factory`; not ``"restart"``.

        Raises:
            ValueError: If the id is taken, its type has a factory, or its type's other
                instances are of another class.
            RuntimeError: If the agent is bound to another id or runtime.
            HandlerSignatureError: If a handler of the class is not well formed.
        """
        self._check_handlers()
        agent_type = AgentType(agent_id.type)
        subscriptions: list[Subscription] = [TypeSubscription(agent_id.key, agent_type)]
        if not skip_class_subscriptions:
            unbound = class_subscriptions(self.__class__)
            subscriptions += await make_subscriptions(agent_type, unbound)
        if not skip_direct_message_subscription:
            subscriptions.append(direct_message_subscription(agent_type))
        # first: messages may come from other processes as soon as it is registered
        add_known_serializers(runtime, self._message_types())
        return await runtime.register_agent_instance(
            self,
            agent_id,
            subscriptions=subscriptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            on_failure=on_failure,
        )

    @classmethod
    async def register(
        cls,
        runtime: AgentRuntime,
        type: str,
        factory: Callable[[], Self | Awaitable[Self]],
        *,
        skip_class_subscriptions: bool = False,
        skip_direct_message_subscription: bool = False,
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        passivate_after: float | None = None,
        on_failure: OnFailure = "resume",
    ) -> AgentType:
        """Let a runtime make agents of this class, whenever an id is first addressed.

        The agents receive the topics that decorators of the class name, and those
        whose type begins with the agent type and a colon. Either everything is
        registered or, when this raises, nothing is.

        Args:
            runtime: The runtime.
            type: The name of the agent type; nobody else may have it.
            factory: Makes one agent; may be async. Inside, `AgentInstantiationContext`
                tells for which id.
            skip_class_subscriptions: Leave out what decorators of the class say.
            skip_direct_message_subscription: Leave out the topics ``"<type>:..."``.
            max_concurrency: See `AgentRuntime.register_factory`.
            inbox_capacity: See `AgentRuntime.register_factory`.
            reentrant: See `AgentRuntime.register_factory`.
            passivate_after: See `AgentRuntime.register_factory`.
            on_failure: See `AgentRuntime.register_factory`.

        Raises:
            ValueError: If the type is registered already or its name is not allowed,
                or a subscription equals one that exists.
            HandlerSignatureError: If a handler of the class is not well formed.
        """
        cls._check_handlers()
        agent_type = AgentType(type)
        subscriptions: list[Subscription] = []
        if not skip_class_subscriptions:
            unbound = class_subscriptions(cls)
            subscriptions += await make_subscriptions(agent_type, unbound)
        if not skip_direct_message_subscription:
            subscriptions.append(direct_message_subscription(agent_type))
        add_known_serializers(runtime, cls._message_types())  # first, see above
        return await runtime.register_factory(
            agent_type,
            factory,
            expected_class=cls,
            subscriptions=subscriptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            passivate_after=passivate_after,
            on_failure=on_failure,
        )

    @classmethod
    def _check_handlers(cls) -> None:
        """Raise `HandlerSignatureError` if messages cannot be handled as declared."""

    @classmethod
    def _message_types(cls) -> Iterable[builtins.type]:
        """Return the classes of the messages and responses, as far as declared."""
        return ()


async def make_subscriptions(
    agent_type: AgentType, unbound: Iterable[UnboundSubscription]
) -> list[Subscription]:
    """Make the subscriptions of an agent type that is being registered."""
    made: list[Subscription] = []
    with SubscriptionInstantiationContext.populate_context(agent_type):
        for make in unbound:
            subscriptions = make()
            made += await subscriptions if isawaitable(subscriptions) else subscriptions
    return made


def add_known_serializers(runtime: AgentRuntime, types: Iterable[type]) -> None:
    """Add the serializers of those classes that need no code for it."""
    for cls in types:
        # Nothing replaces a serializer that the user chose.
        known = try_get_known_serializers_for_type(cls)
        runtime.add_message_serializer(known, replace=False)


def direct_message_subscription(agent_type: AgentType) -> TypePrefixSubscription:
    """Return what brings the topics ``"<type>:..."`` to the agents of a type."""
    # The colon, which no agent type contains, keeps `worker` out of `worker2`'s topics.
    return TypePrefixSubscription(f"{agent_type.type}:", agent_type)


def _checked_description(description: object) -> str:
    if isinstance(description, str):
        return description
    message = (
        f"Agent description must be a string, not {description!r}; "
        "say in a sentence what the agent is for"
    )
    raise ValueError(message)


def _no_state(agent: BaseAgent, method: str) -> str:
    return (
        f"{method} not implemented by {agent.__class__.__name__}; override save_state() "
        "and load_state() to keep its state"
    )
