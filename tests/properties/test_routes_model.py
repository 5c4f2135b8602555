"""Routes against a scan of all subscriptions."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from actrio import (
    AgentId,
    DefaultSubscription,
    Subscription,
    TopicId,
    TypePrefixSubscription,
    TypeSubscription,
)
from actrio.exceptions import SubscriptionNotFound
from actrio.runtime._routes import Routes

from .settings import steps

TYPES = ["a", "ab", "abc", "b", "default"]
AGENTS = ["one", "two", "three"]
TOPICS = [TopicId(kind, source) for kind in TYPES for source in ("s", "t")]


class BySource:
    """A subscription of the user's own kind."""

    def __init__(self, source: str, agent: str) -> None:
        self.id = f"{source}-{agent}"
        self._source, self._agent = source, agent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BySource) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def is_match(self, topic_id: TopicId) -> bool:
        return topic_id.source == self._source

    def map_to_agent(self, topic_id: TopicId) -> AgentId:
        return AgentId(self._agent, topic_id.type)


subscriptions: st.SearchStrategy[Subscription] = st.one_of(
    st.builds(TypeSubscription, st.sampled_from(TYPES), st.sampled_from(AGENTS)),
    st.builds(TypePrefixSubscription, st.sampled_from(TYPES), st.sampled_from(AGENTS)),
    st.builds(DefaultSubscription, agent_type=st.sampled_from(AGENTS)),
    st.builds(BySource, st.sampled_from("st"), st.sampled_from(AGENTS)),
)


class RoutesMachine(RuleBasedStateMachine):
    """Adds, removes and looks up at random."""

    @initialize()
    def begin(self) -> None:
        self.routes = Routes()
        self.model: list[Subscription] = []

    @rule(new=subscriptions)
    def add(self, new: Subscription) -> None:
        known = any(new == old or new.id == old.id for old in self.model)
        assert self.routes.has(new) == known
        if known:
            with pytest.raises(ValueError, match="already exists"):
                self.routes.add(new)
        else:
            self.routes.add(new)
            self.model.append(new)

    @rule(new=st.lists(subscriptions, min_size=2, max_size=4))
    def add_all(self, new: list[Subscription]) -> None:
        """Several are added together, or none of them."""
        allowed = all(
            not (one == old or one.id == old.id)
            for index, one in enumerate(new)
            for old in [*self.model, *new[:index]]
        )
        if allowed:
            self.routes.add_all(new)
            self.model += new
        else:
            with pytest.raises(ValueError, match="already exists"):
                self.routes.add_all(new)

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        if not self.model:
            with pytest.raises(SubscriptionNotFound):
                self.routes.remove("nothing")
            return
        gone = data.draw(st.sampled_from(self.model))
        self.routes.remove(gone.id)
        self.model = [old for old in self.model if old.id != gone.id]
        with pytest.raises(SubscriptionNotFound):
            self.routes.remove(gone.id)

    @invariant()
    def every_topic_leads_where_a_scan_leads(self) -> None:
        assert self.routes.subscriptions() == self.model
        assert len(self.routes) == len(self.model)
        for topic in TOPICS:
            scan = [s.map_to_agent(topic) for s in self.model if s.is_match(topic)]
            for _ in range(2):  # found, then remembered
                assert list(self.routes.recipients(topic)) == list(dict.fromkeys(scan))

    @invariant()
    def no_empty_bucket_is_kept(self) -> None:
        assert all(self.routes._by_type.values())
        assert all(self.routes._by_prefix.values())


@pytest.mark.slow
def test_index_and_cache_agree_with_a_scan() -> None:
    """Every topic leads where a scan leads, before and after every change."""
    run_state_machine_as_test(RoutesMachine, settings=steps)


def test_the_cache_of_topics_is_bounded() -> None:
    """However many topics are used, no more than a fixed number is remembered."""
    routes = Routes()
    routes.add(TypePrefixSubscription("", "one"))
    for number in range(10_000):
        assert routes.recipients(TopicId(f"t{number}", "s"))
    assert len(routes._cache) <= 4096
