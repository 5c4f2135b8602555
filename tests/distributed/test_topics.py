"""What subscriptions are called in a namespace, and where topics lead."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from tests.properties.settings import many

from actrio.abc import Subscription
from actrio.distributed._topics import Topics, name_of
from actrio.identity import AgentId, TopicId
from actrio.runtime._routes import Routes
from actrio.subscriptions import (
    DefaultSubscription,
    TypePrefixSubscription,
    TypeSubscription,
)

few = settings(many, max_examples=30)

types = st.sampled_from(["a", "b", "ab", "a.b", "abc", "c-1"])
subscriptions = st.builds(TypeSubscription, types, types) | st.builds(
    TypePrefixSubscription, types, types
)


def known(*subscriptions: Subscription) -> Topics:
    """Return what a process knows that has read these."""
    topics = Topics()
    by_name = {name_of(one): one.id for one in subscriptions}
    pairs = [word.encode() for pair in by_name.items() for word in pair]
    topics.learn(b"7", pairs)
    return topics


@few
@given(st.lists(subscriptions, max_size=8), types, st.none() | types)
def test_topics_lead_where_they_do_in_one_process(
    subscriptions: list[Subscription], topic_type: str, sender_type: str | None
) -> None:
    """The same recipients, each once, without the sender."""
    topic = TopicId(topic_type, "s")
    sender = None if sender_type is None else AgentId(sender_type, "s")
    routes = Routes()
    for one in {name_of(one): one for one in subscriptions}.values():
        routes.add(one)
    expected = {one for one in routes.recipients(topic) if one != sender}
    found = known(*subscriptions).recipients(topic, sender)
    assert len(found) == len(set(found))
    assert set(found) == expected


@few
@given(st.permutations([TypeSubscription("t", name) for name in "abcd"]))
def test_the_order_in_which_they_were_made_does_not_matter(
    subscriptions: list[TypeSubscription],
) -> None:
    """Each process reads the same order, whatever order the server has."""
    topic = TopicId("t", "s")
    found = known(*subscriptions).recipients(topic, None)
    assert [one.type for one in found] == ["a", "b", "c", "d"]


def test_the_id_of_an_equal_subscription_of_others_is_found() -> None:
    """Two processes that add the same have one, under the id of the first."""
    first, second = TypeSubscription("t", "a"), TypeSubscription("t", "a")
    topics = known(first)
    assert topics.version == "7"
    assert list(topics.ids()) == [first.id]
    assert topics.id_of(second.id, second) == first.id
    assert topics.id_of("other", None) == "other"
    other = TypeSubscription("t", "b")
    assert topics.id_of(other.id, other) == other.id


def test_a_default_subscription_is_one_by_type() -> None:
    """It says the same as the subscription that it is made of."""
    default = DefaultSubscription("t", "a")
    assert name_of(default) == name_of(TypeSubscription("t", "a"))


def test_code_of_ones_own_cannot_be_said() -> None:
    """A subclass may decide otherwise, so it is refused with the remedy."""

    class Own(TypeSubscription):
        """Decides by code of its own."""

    with pytest.raises(TypeError, match="use TypeSubscription or TypePrefix"):
        name_of(Own("t", "a"))


@pytest.mark.parametrize("kind", [TypeSubscription, TypePrefixSubscription])
def test_a_line_end_in_a_topic_harms_nobody(kind: type[TypeSubscription]) -> None:
    """What cannot be said is refused where it is added, not where it is read."""
    with pytest.raises(ValueError, match="topic"):
        known(kind("a\nb", "agent"))
