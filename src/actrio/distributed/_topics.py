"""The subscriptions of a namespace, as far as they are known here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..abc import Subscription
from ..identity import AgentId, TopicId
from ..runtime._routes import Routes
from ..subscriptions import (
    DefaultSubscription,
    TypePrefixSubscription,
    TypeSubscription,
)

_TYPE, _PREFIX = "t", "p"


def name_of(subscription: Subscription) -> str:
    """Return what a subscription says, the same in every process.

    Raises:
        TypeError: If it decides by code of its own, which other processes do not have.
        ValueError: If a topic or agent type has a line end.
    """
    if type(subscription) in (TypeSubscription, DefaultSubscription):
        assert isinstance(subscription, TypeSubscription)
        words = (_TYPE, subscription.topic_type, subscription.agent_type)
    elif type(subscription) is TypePrefixSubscription:
        words = (_PREFIX, subscription.topic_type_prefix, subscription.agent_type)
    else:
        message = (
            f"{subscription!r} decides by code of its own, which the other processes of a "
            "namespace do not have; use TypeSubscription or TypePrefixSubscription"
        )
        raise TypeError(message)
    if any("\n" in word for word in words):
        message = (
            f"{subscription!r} has a line end in its topic or agent type, which a "
            "namespace cannot keep; leave it out"
        )
        raise ValueError(message)
    return "\n".join(words)


def _subscription(name: str, id: str) -> Subscription:
    kind, topic, agent_type = name.split("\n")
    if kind == _TYPE:
        return TypeSubscription(topic, agent_type, id)
    return TypePrefixSubscription(topic, agent_type, id)


class Topics:
    """Where topics lead in the whole namespace."""

    def __init__(self) -> None:
        self.version = ""
        """How often the subscriptions had changed when they were read."""
        self._routes = Routes()

    def learn(self, version: bytes, found: Sequence[bytes]) -> None:
        """Take what the server has."""
        rest = iter(found)
        pairs = sorted(zip(rest, rest, strict=True))
        self._routes = Routes()
        for name, subscription in pairs:
            self._routes.add(_subscription(name.decode(), subscription.decode()))
        self.version = version.decode()

    def recipients(self, topic: TopicId, sender: AgentId | None) -> Sequence[AgentId]:
        """Return the agents that a topic leads to, but for the sender itself."""
        return [one for one in self._routes.recipients(topic) if one != sender]

    def id_of(self, id: str, mine: Subscription | None) -> str:
        """Return the id under which the server has a subscription that is known here."""
        if mine is None:
            return id
        name = name_of(mine)
        for other in self._routes.subscriptions():
            if name_of(other) == name:
                return other.id
        return id

    def ids(self) -> Iterable[str]:
        """Return the ids of all subscriptions."""
        return [one.id for one in self._routes.subscriptions()]
