"""The small values that both sides know: ids, topics, tokens, contexts, subscriptions.

Each side has classes of its own for them, and neither takes the other's. Ids and topics
are translated once and remembered; a token is given a twin, which lives as long as it
does.
"""

from functools import lru_cache
from typing import Final

import autogen_core as theirs

from ..abc import Subscription
from ..identity import AgentId, TopicId
from ..messages import CancellationToken, MessageContext
from ..subscriptions import TypePrefixSubscription, TypeSubscription

__all__ = [
    "our_id",
    "our_subscription",
    "our_token",
    "our_topic",
    "their_context",
    "their_id",
]

_REMEMBERED: Final = 4096
"""How many ids and topics of each side are remembered; the same few come again."""

_TWIN: Final = "_actrio_twin"
"""The attribute of a token of theirs that holds its twin.

A table of ours, weak or not, would keep the token alive: the twin leads back to it.
"""


@lru_cache(_REMEMBERED)
def our_id(id: theirs.AgentId) -> AgentId:
    """Return the id of an agent, as actrio knows it."""
    return AgentId(id.type, id.key)


@lru_cache(_REMEMBERED)
def their_id(id: AgentId) -> theirs.AgentId:
    """Return the id of an agent, as autogen_core knows it."""
    return theirs.AgentId(id.type, id.key)


@lru_cache(_REMEMBERED)
def our_topic(topic: theirs.TopicId) -> TopicId:
    """Return a topic, as actrio knows it."""
    return TopicId(topic.type, topic.source)


@lru_cache(_REMEMBERED)
def _their_topic(topic: TopicId) -> theirs.TopicId:
    return theirs.TopicId(topic.type, topic.source)


class _Twin(CancellationToken):
    """A token that is cancelled together with one of theirs."""

    def __init__(self, original: theirs.CancellationToken) -> None:
        self.original = original
        original.add_callback(self.cancel)


def our_token(token: theirs.CancellationToken | None) -> CancellationToken | None:
    """Return the twin of a token: the same one each time."""
    if token is None:
        return None
    twin: _Twin | None = getattr(token, _TWIN, None)
    if twin is None:
        twin = _Twin(token)
        setattr(token, _TWIN, twin)
    return twin


def their_context(context: MessageContext) -> theirs.MessageContext:
    """Return what a handler is told about its message.

    The token in it is the very one that the sender gave, or a fresh one.
    """
    sender, topic, token = context.sender, context.topic_id, context.cancellation_token
    return theirs.MessageContext(
        sender=None if sender is None else their_id(sender),
        topic_id=None if topic is None else _their_topic(topic),
        is_rpc=context.is_rpc,
        cancellation_token=(
            token.original if isinstance(token, _Twin) else theirs.CancellationToken()
        ),
        message_id=context.message_id,
    )


def our_subscription(subscription: theirs.Subscription) -> Subscription:
    """Return a subscription that maps the same topics to the same agents."""
    # exactly these classes: a subclass may match in its own way
    if type(subscription) in (theirs.TypeSubscription, theirs.DefaultSubscription):
        assert isinstance(subscription, theirs.TypeSubscription)
        return TypeSubscription(
            subscription.topic_type, subscription.agent_type, subscription.id
        )
    if type(subscription) is theirs.TypePrefixSubscription:
        return TypePrefixSubscription(
            subscription.topic_type_prefix, subscription.agent_type, subscription.id
        )
    return _Wrapped(subscription)


class _Wrapped(Subscription):  # noqa: PLW1641 - equal as the original says: no hash
    """A subscription of a kind that only its author knows."""

    def __init__(self, original: theirs.Subscription) -> None:
        self._original = original

    @property
    def id(self) -> str:
        return self._original.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Wrapped):
            return NotImplemented
        return self._original == other._original

    def is_match(self, topic_id: TopicId) -> bool:
        return self._original.is_match(_their_topic(topic_id))

    def map_to_agent(self, topic_id: TopicId) -> AgentId:
        return our_id(self._original.map_to_agent(_their_topic(topic_id)))
