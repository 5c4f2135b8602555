"""Where a topic leads, and what can go wrong with registering."""

from __future__ import annotations

from typing import ClassVar

import pytest

from actrio.abc import Subscription
from actrio.exceptions import SubscriptionNotFound
from actrio.identity import AgentId, AgentType, TopicId
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.runtime._routes import _CACHED_TOPICS, Routes
from actrio.subscriptions import (
    DefaultSubscription,
    TypePrefixSubscription,
    TypeSubscription,
)

from .kit import Scripted, agent_of, register, running, settled

TOPIC = TopicId("topic", "k")


def ids(routes: Routes, topic: TopicId = TOPIC) -> list[str]:
    return [str(one) for one in routes.recipients(topic)]


class Custom:
    """A subscription of the user's own kind."""

    def __init__(self, id: str, matches: str, type: str) -> None:
        self.id = id
        self._matches = matches
        self._type = type
        self.asked = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Custom) and other._matches == self._matches

    __hash__ = None  # type: ignore[assignment]

    def is_match(self, topic_id: TopicId) -> bool:
        self.asked += 1
        return topic_id.type == self._matches

    def map_to_agent(self, topic_id: TopicId) -> AgentId:
        return AgentId(self._type, topic_id.source)


def test_recipients_come_in_the_order_of_the_subscriptions() -> None:
    """Whatever their kinds, each agent once."""
    routes = Routes()
    routes.add(TypePrefixSubscription("to", "c"))
    routes.add(Custom("1", "topic", "b"))
    routes.add(TypeSubscription("topic", "a"))
    routes.add(TypeSubscription("topic", "c"))
    routes.add(TypePrefixSubscription("", "d"))
    assert ids(routes) == ["c/k", "b/k", "a/k", "d/k"]
    assert ids(routes, TopicId("other", "x")) == ["d/x"]
    assert len(routes) == 5


def test_a_change_is_seen_by_topics_used_before() -> None:
    """Adding and removing, of every kind."""
    routes = Routes()
    subscriptions: list[Subscription] = [
        TypeSubscription("topic", "a"),
        TypePrefixSubscription("top", "b"),
        Custom("own", "topic", "c"),
    ]
    assert ids(routes) == []
    for number, subscription in enumerate(subscriptions):
        routes.add(subscription)
        assert len(ids(routes)) == number + 1
    assert routes.subscriptions() == subscriptions
    for subscription in subscriptions:
        routes.remove(subscription.id)
        assert f"{subscription.id}" not in [s.id for s in routes.subscriptions()]
    assert ids(routes) == []
    assert [routes._by_type, routes._by_prefix, routes._custom] == [{}, {}, {}]


def test_answers_are_cached_but_not_without_limit() -> None:
    """A subscription is asked once per topic; ten thousand topics do not pile up."""
    routes, custom = Routes(), Custom("own", "topic", "c")
    routes.add(custom)
    for _ in range(10):
        routes.recipients(TOPIC)
    assert custom.asked == 1
    for number in range(2 * _CACHED_TOPICS + 10):
        routes.recipients(TopicId("other", str(number)))
        assert len(routes._cache) <= _CACHED_TOPICS


def test_as_many_topics_are_remembered_as_there_are_subscriptions() -> None:
    """A program with many topics looks each of them up once, not every time."""
    routes = Routes()
    topics = [TopicId(f"t{n}", "k") for n in range(_CACHED_TOPICS + 10)]
    for topic in topics:
        routes.add(TypeSubscription(topic.type, "a"))
    found = [routes.recipients(topic) for topic in topics]
    again = [routes.recipients(topic) for topic in topics]
    assert all(one is other for one, other in zip(found, again, strict=True))


def test_no_other_subscription_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding, a topic not seen before, removing: neighbours cost nothing, in any number."""
    routes, looked = Routes(), 0

    def look(subscription: object, other: object) -> bool:
        nonlocal looked
        looked += 1
        return subscription is other

    for kind in (TypeSubscription, TypePrefixSubscription):
        monkeypatch.setattr(kind, "__eq__", look)
        monkeypatch.setattr(kind, "is_match", look)
        monkeypatch.setattr(kind, "map_to_agent", lambda one, _: look(one, None))
    for number in range(200):
        routes.add(TypeSubscription("same", f"a{number}", id=f"same-{number}"))
        routes.add(TypeSubscription(f"t{number}", "a", id=f"other-{number}"))
        routes.add(TypePrefixSubscription("prefix", f"a{number}"))
    routes.recipients(TopicId("t7", "k"))
    assert looked == 1  # the one that matches is asked where the topic leads
    for number in range(200):
        routes.remove(f"same-{number}")
        routes.remove(f"other-{number}")
    assert looked == 1
    assert len(routes) == 200


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TypeSubscription("t", "a"), TypeSubscription("t", "a")),
        (TypeSubscription("t", "a", id="x"), TypeSubscription("u", "b", id="x")),
        (TypePrefixSubscription("t", "a"), TypePrefixSubscription("t", "a")),
        (TypeSubscription("t", "a", id="x"), TypePrefixSubscription("t", "a", id="x")),
        (DefaultSubscription("t", "a"), TypeSubscription("t", "a")),
        (Custom("1", "t", "a"), Custom("2", "t", "b")),
    ],
    ids=["type", "id", "prefix", "id of another kind", "default", "custom"],
)
def test_the_same_subscription_twice_is_refused(first: object, second: object) -> None:
    """Equal ones and those with the same id; the first one stays."""
    routes = Routes()
    routes.add(first)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Subscription already exists"):
        routes.add(second)  # type: ignore[arg-type]
    assert len(routes) == 1


def test_several_are_added_together_or_not_at_all() -> None:
    """A duplicate at the end takes the first ones back."""
    routes = Routes()
    routes.add(TypeSubscription("t", "a"))
    with pytest.raises(ValueError, match="already exists"):
        routes.add_all([TypeSubscription("u", "a"), TypeSubscription("t", "a")])
    assert len(routes) == 1
    assert ids(routes, TopicId("u", "k")) == []


def test_removing_what_is_not_there() -> None:
    """Both exceptions that autogen_core might raise fit; the id is named."""
    with pytest.raises(SubscriptionNotFound, match="'nothing'") as caught:
        Routes().remove("nothing")
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, ValueError)


class TestRegistering:
    pytestmark: ClassVar = [pytest.mark.anyio]

    async def test_a_type_can_be_registered_once(self) -> None:
        """The second one is refused, the first one stays."""
        async with running() as runtime:
            [a] = await register(runtime, "a")
            with pytest.raises(ValueError, match="type a already exists"):
                await Scripted.register(runtime, "a", lambda: pytest.fail("second"))
            assert await runtime.send_message("x", a) == "x"

    @pytest.mark.parametrize("name", ["a b", "", "a/b", "a:b", "ä b", "a\n"])
    async def test_names_with_forbidden_characters(self, name: str) -> None:
        """The error names the value and the rule; nothing is registered."""
        runtime = SingleThreadedAgentRuntime()
        with pytest.raises(ValueError, match="must match") as caught:
            await Scripted.register(runtime, name, Scripted)
        assert repr(name)[1:-1] in str(caught.value)
        assert list(runtime._router.directory.types()) == []
        assert len(runtime._router.routes) == 0
        with pytest.raises(ValueError, match="must match"):
            TopicId("a b", "k")

    async def test_registration_is_atomic(self) -> None:
        """A subscription that exists already leaves the name free and adds nothing."""
        runtime = SingleThreadedAgentRuntime()
        await runtime.add_subscription(TypeSubscription("t", "a"))
        before = len(runtime._router.routes)
        with pytest.raises(ValueError, match="already exists"):
            await runtime.register_factory(
                "a",
                Scripted,
                subscriptions=[
                    TypeSubscription("u", "a"),
                    TypeSubscription("t", AgentType("a")),
                ],
            )
        assert len(runtime._router.routes) == before
        await register(runtime, "a")

    @pytest.mark.parametrize(
        ("name", "value"),
        [("max_concurrency", 0), ("max_concurrency", 1.5), ("inbox_capacity", 0)],
    )
    async def test_numbers_out_of_range(self, name: str, value: float) -> None:
        """The name stays free."""
        runtime = SingleThreadedAgentRuntime()
        with pytest.raises(ValueError, match=f"{name}={value}"):
            await register(runtime, "a", **{name: value})
        await register(runtime, "a")

    async def test_unregistering(self) -> None:
        """Possible until the first agent lives."""
        async with running() as runtime:
            [a] = await register(runtime, "a")
            await runtime.unregister("a")
            with pytest.raises(LookupError, match="'a'"):
                await runtime.send_message("x", a)
            with pytest.raises(LookupError, match="'a'"):
                await runtime.unregister(AgentType("a"))
            await runtime.register_factory("a", Scripted)
            await runtime.send_message("x", a)
            with pytest.raises(ValueError, match="live agents"):
                await runtime.unregister("a")

    async def test_subscriptions_may_change_while_running(self) -> None:
        """The next publish follows the change."""
        async with running() as runtime:
            [a] = await register(runtime, "a")
            subscription = TypeSubscription("t", "a")
            await runtime.publish_message(0, TopicId("t", "k"))
            await runtime.add_subscription(subscription)
            await runtime.publish_message(1, TopicId("t", "k"))
            await runtime.remove_subscription(subscription.id)
            await runtime.publish_message(2, TopicId("t", "k"))
            await settled()
            assert (await agent_of(runtime, a)).seen == [1]
            with pytest.raises(SubscriptionNotFound):
                await runtime.remove_subscription(subscription.id)

    async def test_states_of_all_agents(self) -> None:
        """Live agents are saved by their ids; unknown types are skipped when loading."""

        class Saving(Scripted):
            async def save_state(self) -> dict[str, object]:
                return {"seen": [*self.seen]}

            async def load_state(self, state: object) -> None:
                assert isinstance(state, dict)
                self.seen = state["seen"]

        a = AgentId("a", "k")
        async with running() as runtime:
            await Saving.register(runtime, "a", Saving)
            await runtime.send_message("x", a)
            saved = await runtime.save_state()
        assert saved == {"a/k": {"seen": ["x"]}}
        async with running() as runtime:
            await Saving.register(runtime, "a", Saving)
            await runtime.load_state({**saved, "nobody/k": {}})
            assert (await agent_of(runtime, a)).seen == ["x"]
