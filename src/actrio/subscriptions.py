"""Where a published message goes: from topics to agents.

A subscription is a pure function from a topic to an agent. Most map the *type* of the
topic to a type of agent and make its *source* the agent's key, so that every source
has an agent of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload
from uuid import uuid4

from ._contextvars import MessageHandlerContext, SubscriptionInstantiationContext
from .abc import Subscription, UnboundSubscription
from .exceptions import CantHandleException
from .identity import AgentId, AgentType, TopicId

__all__ = [
    "DefaultSubscription",
    "DefaultTopicId",
    "TypePrefixSubscription",
    "TypeSubscription",
    "class_subscriptions",
    "default_subscription",
    "type_subscription",
]

ClassT = TypeVar("ClassT", bound=type[Any])


class _BySource(Subscription):
    """Maps every topic that matches to the agent whose key is the topic's source."""

    def __init__(self, agent_type: str | AgentType, id: str | None) -> None:
        if isinstance(agent_type, AgentType):
            agent_type = agent_type.type
        self._agent_type = agent_type
        self._id = id or str(uuid4())

    @property
    def id(self) -> str:
        """The name by which the subscription is removed."""
        return self._id

    @property
    def agent_type(self) -> str:
        """The type of the agents that receive the messages."""
        return self._agent_type

    def map_to_agent(self, topic_id: TopicId) -> AgentId:
        """Return the agent that receives what is published to ``topic_id``.

        Raises:
            CantHandleException: If the topic does not match.
            ValueError: If the agent type has no valid name.
        """
        if not self.is_match(topic_id):
            message = f"topic {topic_id} does not match {self!r}; ask is_match() first"
            raise CantHandleException(message)
        return AgentId(self._agent_type, topic_id.source)


class TypeSubscription(_BySource):  # noqa: PLW1641 - see __eq__
    """Brings the topics of one type to the agents of one type.

    With ``TypeSubscription("task", "worker")`` a message published to the topic
    ``task/42`` is received by the agent ``worker/42``, one published to ``task/43`` by
    ``worker/43``.

    Args:
        topic_type: The topic type; nothing else matches.
        agent_type: The type of the agents that receive the messages.
        id: A name to remove it by; None for a random one.
    """

    def __init__(
        self, topic_type: str, agent_type: str | AgentType, id: str | None = None
    ) -> None:
        super().__init__(agent_type, id)
        self._topic_type = topic_type

    @property
    def topic_type(self) -> str:
        """The topic type that matches."""
        return self._topic_type

    def is_match(self, topic_id: TopicId) -> bool:
        """Say whether the topic has this type."""
        return topic_id.type == self._topic_type

    # Equal by id or by content: not transitive, so there can be no hash.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TypeSubscription):
            return NotImplemented
        return self.id == other.id or (
            self.agent_type == other.agent_type and self.topic_type == other.topic_type
        )

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}({self._topic_type!r}, {self._agent_type!r})"


class TypePrefixSubscription(_BySource):  # noqa: PLW1641 - see __eq__
    """Brings the topics whose type begins with a prefix to the agents of one type.

    With ``TypePrefixSubscription("task.", "worker")`` a message published to the topic
    ``task.urgent/42`` is received by the agent ``worker/42``. The prefix is compared
    letter by letter: end it with a separator, or ``task`` matches ``taskforce`` too.

    Args:
        topic_type_prefix: How the topic type must begin.
        agent_type: The type of the agents that receive the messages.
        id: A name to remove it by; None for a random one.
    """

    def __init__(
        self,
        topic_type_prefix: str,
        agent_type: str | AgentType,
        id: str | None = None,
    ) -> None:
        super().__init__(agent_type, id)
        self._topic_type_prefix = topic_type_prefix

    @property
    def topic_type_prefix(self) -> str:
        """How a topic type that matches begins."""
        return self._topic_type_prefix

    def is_match(self, topic_id: TopicId) -> bool:
        """Say whether the topic's type begins with the prefix."""
        return topic_id.type.startswith(self._topic_type_prefix)

    # Equal by id or by content: not transitive, so there can be no hash.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TypePrefixSubscription):
            return NotImplemented
        return self.id == other.id or (
            self.agent_type == other.agent_type
            and self.topic_type_prefix == other.topic_type_prefix
        )

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}({self._topic_type_prefix!r}, {self._agent_type!r})"


class DefaultSubscription(TypeSubscription):
    """A `TypeSubscription` for programs that need one topic and no more.

    Args:
        topic_type: The topic type.
        agent_type: The type of the agents that receive the messages; None for the
            type that is being registered, inside class or closure subscriptions.

    Raises:
        CantHandleException: If ``agent_type`` is None and no type is being registered.
    """

    def __init__(
        self, topic_type: str = "default", agent_type: str | AgentType | None = None
    ) -> None:
        if agent_type is None:
            try:
                agent_type = SubscriptionInstantiationContext.agent_type()
            except RuntimeError as exc:
                message = (
                    f"DefaultSubscription({topic_type!r}) without agent_type must be "
                    "made while an agent type is registered; give it an agent_type, or "
                    "make it in the 'subscriptions' of register_closure()"
                )
                raise CantHandleException(message) from exc
        super().__init__(topic_type, agent_type)


class DefaultTopicId(TopicId):
    """A `TopicId` for programs that need one topic and no more.

    Args:
        type: The topic type.
        source: The topic source; None for the key of the agent that is handling a
            message just now, or ``"default"`` outside any handler. So agents that
            belong together by their key hear each other.
    """

    __slots__ = ()

    def __init__(self, type: str = "default", source: str | None = None) -> None:
        if source is None:
            try:
                source = MessageHandlerContext.agent_id().key
            except RuntimeError:
                source = "default"
        super().__init__(type, source)


@overload
def default_subscription(cls: ClassT) -> ClassT: ...
@overload
def default_subscription() -> Callable[[ClassT], ClassT]: ...
def default_subscription(
    cls: ClassT | None = None,
) -> ClassT | Callable[[ClassT], ClassT]:
    """Subscribe an agent class to the topic type ``"default"``.

    To be written above the class, with or without parentheses. It takes effect when
    the class is registered, and is not inherited.
    """
    subscribe = type_subscription("default")
    return subscribe if cls is None else subscribe(cls)


def type_subscription(
    topic_type: str, *, agent_type: str | AgentType | None = None
) -> Callable[[ClassT], ClassT]:
    """Subscribe an agent class to a topic type.

    To be written above the class, any number of times. It takes effect when the class
    is registered, and is not inherited.

    Args:
        topic_type: The topic type.
        agent_type: The type of the agents that receive the messages; None for the
            type under which the class is registered.
    """

    def subscribe(cls: ClassT) -> ClassT:
        # An own list for each class: subscriptions are not inherited.
        if _UNBOUND not in cls.__dict__:
            setattr(cls, _UNBOUND, [])
        getattr(cls, _UNBOUND).append(
            lambda: [DefaultSubscription(topic_type, agent_type)]
        )
        return cls

    return subscribe


_UNBOUND = "_unbound_subscriptions"


def class_subscriptions(cls: type[Any]) -> Sequence[UnboundSubscription]:
    """Return what decorators have added to this class; not to its bases."""
    found: Sequence[UnboundSubscription] = cls.__dict__.get(_UNBOUND, ())
    return found
