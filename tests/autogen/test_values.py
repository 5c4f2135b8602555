"""Ids, topics, tokens, contexts and subscriptions, from one side to the other."""

from __future__ import annotations

import gc
import weakref

import autogen_core as theirs
import pytest

import actrio
from actrio.autogen._values import (
    our_id,
    our_subscription,
    our_token,
    our_topic,
    their_context,
    their_id,
)


def test_ids_and_topics_keep_their_parts() -> None:
    """Both directions give equal values."""
    assert our_id(theirs.AgentId("a", "k/1")) == actrio.AgentId("a", "k/1")
    assert their_id(actrio.AgentId("a", "k/1")) == theirs.AgentId("a", "k/1")
    assert our_topic(theirs.TopicId("t", "s")) == actrio.TopicId("t", "s")
    assert our_topic(theirs.DefaultTopicId(source="s")) == actrio.TopicId(
        "default", "s"
    )


def test_a_token_has_one_twin_that_is_cancelled_with_it() -> None:
    """Serving many messages adds one callback to the token, not one per message."""
    token = theirs.CancellationToken()
    twin = our_token(token)
    assert twin is not None
    assert our_token(token) is twin
    assert not twin.is_cancelled
    token.cancel()
    assert twin.is_cancelled
    assert our_token(None) is None


def test_the_twin_of_a_cancelled_token_is_cancelled() -> None:
    """It does not matter when the token is first used."""
    token = theirs.CancellationToken()
    token.cancel()
    twin = our_token(token)
    assert twin is not None
    assert twin.is_cancelled


def test_a_token_is_forgotten_with_its_owner() -> None:
    """The twin does not keep the token alive."""
    token = theirs.CancellationToken()
    our_token(token)
    gone = weakref.ref(token)
    del token
    gc.collect()
    assert gone() is None


def test_a_handler_is_told_what_the_sender_gave() -> None:
    """The very token of the sender is in the context; a fresh one if it gave none."""
    token = theirs.CancellationToken()
    twin = our_token(token)
    assert twin is not None
    sender, topic = actrio.AgentId("a", "k"), actrio.TopicId("t", "s")
    context = their_context(actrio.MessageContext(sender, topic, False, twin, "1"))
    assert context.cancellation_token is token
    assert context.sender == theirs.AgentId("a", "k")
    assert context.topic_id == theirs.TopicId("t", "s")
    assert (context.is_rpc, context.message_id) == (False, "1")
    other = their_context(
        actrio.MessageContext(None, None, True, actrio.CancellationToken(), "2")
    )
    assert type(other.cancellation_token) is theirs.CancellationToken
    assert (other.sender, other.topic_id) == (None, None)


def test_the_known_subscriptions_become_ours() -> None:
    """They are found through the tables of topic types, under the same ids."""
    by_type = theirs.TypeSubscription("t", "a", "1")
    ours = our_subscription(by_type)
    assert isinstance(ours, actrio.TypeSubscription)
    assert (ours.id, ours.topic_type, ours.agent_type) == ("1", "t", "a")
    by_prefix = our_subscription(theirs.TypePrefixSubscription("t", "a", "2"))
    assert isinstance(by_prefix, actrio.TypePrefixSubscription)
    assert by_prefix.id == "2"
    default = our_subscription(theirs.DefaultSubscription(agent_type="a"))
    assert isinstance(default, actrio.TypeSubscription)
    assert default.topic_type == "default"


class OddSubscription(theirs.TypeSubscription):
    """Matches by a rule of its own."""

    def is_match(self, topic_id: theirs.TopicId) -> bool:
        return topic_id.source == "odd"

    def map_to_agent(self, topic_id: theirs.TopicId) -> theirs.AgentId:
        return theirs.AgentId("odd", topic_id.type)


def test_other_subscriptions_decide_for_themselves() -> None:
    """A subscription of the user's own is asked, with topics of autogen_core."""
    ours = our_subscription(OddSubscription("t", "a", "1"))
    assert ours.id == "1"
    assert ours.is_match(actrio.TopicId("x", "odd"))
    assert not ours.is_match(actrio.TopicId("t", "s"))
    assert ours.map_to_agent(actrio.TopicId("x", "odd")) == actrio.AgentId("odd", "x")
    assert ours == our_subscription(OddSubscription("t", "a", "2"))
    assert ours != our_subscription(OddSubscription("u", "a", "2"))
    assert ours != actrio.TypeSubscription("t", "a", "1")


def test_what_autogen_core_refuses_is_refused() -> None:
    """An id that neither side allows cannot be made."""
    with pytest.raises(ValueError, match="Invalid"):
        theirs.AgentId("a b", "k")
