"""From topics to agents."""

import pytest

from actrio import (
    AgentId,
    AgentType,
    BaseAgent,
    DefaultSubscription,
    DefaultTopicId,
    MessageContext,
    MessageHandlerContext,
    Subscription,
    SubscriptionInstantiationContext,
    TopicId,
    TypePrefixSubscription,
    TypeSubscription,
    default_subscription,
    type_subscription,
)
from actrio.exceptions import CantHandleException
from actrio.subscriptions import class_subscriptions

WORKER = AgentType("worker")


class Plain(BaseAgent):
    async def on_message_impl(self, message: object, ctx: MessageContext) -> None:
        raise NotImplementedError


def made(cls: type, agent_type: AgentType = WORKER) -> list[Subscription]:
    found: list[Subscription] = []
    with SubscriptionInstantiationContext.populate_context(agent_type):
        for make in class_subscriptions(cls):
            subscriptions = make()
            assert isinstance(subscriptions, list)
            found += subscriptions
    return found


def test_the_source_becomes_the_key() -> None:
    """Every source of a topic has an agent of its own."""
    subscription = TypeSubscription("task", "worker")
    assert subscription.is_match(TopicId("task", "42"))
    assert not subscription.is_match(TopicId("tasks", "42"))
    assert subscription.map_to_agent(TopicId("task", "42")) == AgentId("worker", "42")


def test_a_prefix_is_the_beginning_of_a_topic_type() -> None:
    """The rest of the topic type may be anything, or nothing."""
    subscription = TypePrefixSubscription("task.", AgentType("worker"))
    assert subscription.is_match(TopicId("task.", "42"))
    assert subscription.is_match(TopicId("task.urgent", "42"))
    assert not subscription.is_match(TopicId("task", "42"))
    found = subscription.map_to_agent(TopicId("task.urgent", "42"))
    assert found == AgentId("worker", "42")


@pytest.mark.parametrize(
    "subscription",
    [TypeSubscription("task", "worker"), TypePrefixSubscription("task.", "worker")],
)
def test_another_topic_is_refused(subscription: Subscription) -> None:
    """The error names the topic and the subscription."""
    with pytest.raises(CantHandleException) as caught:
        subscription.map_to_agent(TopicId("other", "42"))
    assert "topic other/42 does not match" in str(caught.value)
    assert repr(subscription) in str(caught.value)
    assert "is_match()" in str(caught.value)


def test_ids_are_given_or_unique() -> None:
    """A subscription can be removed by the id that it was given."""
    assert TypeSubscription("task", "worker", "mine").id == "mine"
    assert TypePrefixSubscription("task", "worker", id="mine").id == "mine"
    assert TypeSubscription("a", "b").id != TypeSubscription("a", "b").id


def test_equal_subscriptions() -> None:
    """Equal are those of one id, and those that give one type the same topics."""
    subscription = TypeSubscription("task", "worker", "mine")
    assert subscription == TypeSubscription("task", "worker")
    assert subscription == TypeSubscription("other", "other", "mine")
    assert subscription == DefaultSubscription("task", "worker")
    assert subscription != TypeSubscription("task", "other")
    assert subscription != TypeSubscription("other", "worker")
    assert subscription != TypePrefixSubscription("task", "worker")
    prefix = TypePrefixSubscription("task", "worker", "mine")
    assert prefix == TypePrefixSubscription("task", "worker")
    assert prefix == TypePrefixSubscription("other", "other", "mine")
    assert prefix != TypePrefixSubscription("tasks", "worker")
    assert prefix != TypePrefixSubscription("task", "other")
    assert prefix != subscription


def test_they_keep_the_contract() -> None:
    """They are subscriptions to everybody who asks, and can be read back."""
    subscription = TypeSubscription("task", AgentType("worker"))
    prefix = TypePrefixSubscription("task", "worker")
    assert isinstance(subscription, Subscription)
    assert (subscription.topic_type, subscription.agent_type) == ("task", "worker")
    assert (prefix.topic_type_prefix, prefix.agent_type) == ("task", "worker")
    assert repr(subscription) == "TypeSubscription('task', 'worker')"
    assert repr(prefix) == "TypePrefixSubscription('task', 'worker')"


def test_a_contract_of_ones_own_compares_by_id() -> None:
    """Whoever inherits from the contract gets its equality."""

    class Nowhere(Subscription):
        @property
        def id(self) -> str:
            return "nowhere"

        def is_match(self, topic_id: TopicId) -> bool:
            return False

        def map_to_agent(self, topic_id: TopicId) -> AgentId:
            raise CantHandleException

    assert Nowhere() == Nowhere()
    assert Nowhere() != "nowhere"


def test_row_33_a_default_subscription_is_a_type_subscription() -> None:
    """Its topic type is "default", and its agent type the one being registered."""
    with SubscriptionInstantiationContext.populate_context(WORKER):
        subscription = DefaultSubscription()
    assert subscription == TypeSubscription("default", "worker")
    assert DefaultSubscription(agent_type="logger").agent_type == "logger"


def test_a_default_subscription_needs_an_agent_type() -> None:
    """Outside a registration nobody knows which one is meant."""
    with pytest.raises(CantHandleException, match="give it an agent_type") as caught:
        DefaultSubscription("task")
    assert "DefaultSubscription('task')" in str(caught.value)


def test_a_default_topic_is_that_of_the_handling_agent() -> None:
    """Its source is the handling agent's key, or "default" outside any handler."""
    assert DefaultTopicId() == TopicId("default", "default")
    assert DefaultTopicId("task", "s") == TopicId("task", "s")
    with MessageHandlerContext.populate_context(AgentId("worker", "42")):
        assert DefaultTopicId() == TopicId("default", "42")
        assert DefaultTopicId(source="s") == TopicId("default", "s")


def test_decorators_fill_a_list_of_the_class() -> None:
    """Any number of them, and the default one with or without parentheses."""

    @default_subscription
    class Bare(Plain):
        pass

    @type_subscription("a")
    @type_subscription(topic_type="b")
    @default_subscription()
    class Many(Plain):
        pass

    assert made(Plain) == []
    assert made(Bare) == [TypeSubscription("default", "worker")]
    assert made(Many) == [
        TypeSubscription("default", "worker"),
        TypeSubscription("b", "worker"),
        TypeSubscription("a", "worker"),
    ]


def test_subclasses_do_not_inherit_subscriptions() -> None:
    """A subclass has those that stand above it."""

    @type_subscription("a")
    class Base(Plain):
        pass

    class Bare(Base):
        pass

    @type_subscription("b")
    class Own(Base):
        pass

    assert made(Bare) == []
    assert made(Own) == [TypeSubscription("b", "worker")]
    assert made(Base) == [TypeSubscription("a", "worker")]


def test_row_11_a_type_subscription_may_name_the_agent_type() -> None:
    """Without it the type being registered is meant."""

    @type_subscription(topic_type="a", agent_type="other")
    @type_subscription("b", agent_type=AgentType("third"))
    class Named(Plain):
        pass

    assert made(Named) == [
        TypeSubscription("b", "third"),
        TypeSubscription("a", "other"),
    ]


def test_row_32_a_prefix_needs_no_separator() -> None:
    """The prefix is compared letter by letter."""
    subscription = TypePrefixSubscription("task", "worker")
    assert subscription.is_match(TopicId("taskforce", "s"))
