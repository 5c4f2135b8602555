"""Where a topic leads: subscriptions, and the recipients that they give.

Looking up costs the same with ten subscriptions and with a hundred thousand: the two
common kinds are indexed by topic type and by prefix, and the answer for a topic is
cached until a subscription changes. Subscriptions of the user's own kinds are asked
one by one, on a miss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..abc import Subscription
from ..exceptions import SubscriptionNotFound
from ..identity import AgentId, TopicId
from ..subscriptions import (
    DefaultSubscription,
    TypePrefixSubscription,
    TypeSubscription,
)

_CACHED_TOPICS: Final = 4096

_Placed = tuple[int, Subscription]  # with its place in the order of adding


class Routes:
    """The subscriptions of one runtime."""

    __slots__ = ("_added", "_by_id", "_by_prefix", "_by_type", "_cache", "_custom")

    def __init__(self) -> None:
        self._added = 0
        self._by_id: dict[str, _Placed] = {}
        self._by_type: dict[str, list[_Placed]] = {}
        self._by_prefix: dict[str, list[_Placed]] = {}
        self._custom: list[_Placed] = []
        self._cache: dict[TopicId, Sequence[AgentId]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def subscriptions(self) -> list[Subscription]:
        """Return all subscriptions in the order in which they were added."""
        return [subscription for _, subscription in self._by_id.values()]

    def recipients(self, topic: TopicId) -> Sequence[AgentId]:
        """Return the agents that a topic leads to, each once, in subscription order.

        Raises:
            Exception: What a subscription of the user's own kind raised.
        """
        found = self._cache.get(topic)
        if found is None:
            found = self._resolve(topic)
            if len(self._cache) >= _CACHED_TOPICS:
                self._cache.clear()
            self._cache[topic] = found
        return found

    def has(self, subscription: Subscription) -> bool:
        """Say whether an equal subscription, or one with the same id, is there."""
        bucket = self._bucket(subscription)
        rivals: Iterable[_Placed] = (
            self._by_id.values() if bucket is self._custom else [*bucket, *self._custom]
        )
        self._forget_if_empty(subscription, bucket)
        return subscription.id in self._by_id or any(
            subscription == other for _, other in rivals
        )

    def add_all(self, subscriptions: Iterable[Subscription]) -> None:
        """Add several subscriptions, or none of them; errors as in `add`."""
        added: list[Subscription] = []
        try:
            for subscription in subscriptions:
                self.add(subscription)
                added.append(subscription)
        except BaseException:
            for subscription in added:
                self.remove(subscription.id)
            raise

    def add(self, subscription: Subscription) -> None:
        """Add a subscription, for topics seen before as well.

        Raises:
            ValueError: If an equal one, or one with the same id, is there.
        """
        if self.has(subscription):
            message = (
                f"Subscription already exists: {_describe(subscription)}; "
                "add each subscription once"
            )
            raise ValueError(message)
        placed = (self._added, subscription)
        self._added += 1
        self._bucket(subscription).append(placed)
        self._by_id[subscription.id] = placed
        self._cache.clear()

    def remove(self, id: str) -> None:
        """Remove a subscription by its id.

        Raises:
            SubscriptionNotFound: If there is none with this id.
        """
        placed = self._by_id.pop(id, None)
        if placed is None:
            message = (
                f"Subscription does not exist: no subscription has the id {id!r}; "
                "use the id of a subscription that was added"
            )
            raise SubscriptionNotFound(message)
        bucket = self._bucket(placed[1])
        bucket[:] = [other for other in bucket if other[0] != placed[0]]
        self._forget_if_empty(placed[1], bucket)
        self._cache.clear()

    def _bucket(self, subscription: Subscription) -> list[_Placed]:
        # exactly these classes: a subclass may match in its own way
        if type(subscription) in (TypeSubscription, DefaultSubscription):
            assert isinstance(subscription, TypeSubscription)
            return self._by_type.setdefault(subscription.topic_type, [])
        if type(subscription) is TypePrefixSubscription:
            return self._by_prefix.setdefault(subscription.topic_type_prefix, [])
        return self._custom

    def _forget_if_empty(
        self, subscription: Subscription, bucket: list[_Placed]
    ) -> None:
        if bucket or bucket is self._custom:
            return
        if isinstance(subscription, TypeSubscription):
            del self._by_type[subscription.topic_type]
        else:
            assert isinstance(subscription, TypePrefixSubscription)
            del self._by_prefix[subscription.topic_type_prefix]

    def _resolve(self, topic: TopicId) -> Sequence[AgentId]:
        _check_topic(topic)
        matching = [*self._by_type.get(topic.type, ())]
        for length in range(len(topic.type) + 1):
            matching += self._by_prefix.get(topic.type[:length], ())
        matching += (placed for placed in self._custom if placed[1].is_match(topic))
        matching.sort(key=lambda placed: placed[0])
        ids = (subscription.map_to_agent(topic) for _, subscription in matching)
        return tuple(dict.fromkeys(ids))


def _check_topic(topic: object) -> None:
    if not isinstance(topic, TopicId):
        message = f'topic {topic!r} is not a TopicId; write TopicId("type", "source")'
        raise TypeError(message)


def _describe(subscription: Subscription) -> str:
    kind = type(subscription).__name__
    if isinstance(subscription, TypeSubscription):
        return f"{kind}({subscription.topic_type!r}, {subscription.agent_type!r})"
    if isinstance(subscription, TypePrefixSubscription):
        return (
            f"{kind}({subscription.topic_type_prefix!r}, {subscription.agent_type!r})"
        )
    return f"{kind} with id {subscription.id!r}"
