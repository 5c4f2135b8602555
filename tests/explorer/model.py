"""Random programs for Hypothesis, and what they must do according to a simple model.

The model takes the first sentence about requests at its word: a request is a function
call. It knows no tasks, queues or time, so it covers programs without time-outs, tokens
and stops, whatever their concurrency.
"""

from __future__ import annotations

import math
from collections import Counter

import attrs
from hypothesis import strategies as st

from .generate import GRID
from .program import (
    Action,
    Address,
    AgentSpec,
    Ask,
    Block,
    CancelToken,
    Disturbance,
    Fail,
    Fan,
    Finally,
    Hook,
    Leave,
    Limit,
    Nap,
    Passivate,
    Program,
    Publish,
    Script,
    Stop,
)

AGENTS = 3
TOPICS = 2
TOKENS = 2

addresses = st.tuples(st.integers(0, AGENTS - 1), st.just(0))
topics = st.tuples(st.integers(0, TOPICS - 1), st.just(0))
seconds = st.integers(1, 12).map(lambda n: n * GRID)
naps = st.builds(Nap, st.one_of(st.just(0.0), seconds))


def scripts(actions: st.SearchStrategy[Action]) -> st.SearchStrategy[Script]:
    return st.lists(actions, max_size=3).map(tuple)


def calm_actions(inner: st.SearchStrategy[Action]) -> st.SearchStrategy[Action]:
    """What the model understands."""
    script = scripts(inner)
    asks = st.builds(Ask, addresses, script, forgiving=st.booleans())
    publishes = st.builds(Publish, topics, script)
    return st.one_of(asks, asks, publishes)


def _kind_ask(script: st.SearchStrategy[Script]) -> st.SearchStrategy[Action]:
    limits = st.none() | st.builds(
        Limit, seconds, st.sampled_from(["scope", "timeout", "wait_for"])
    )
    tokens = st.none() | st.integers(0, TOKENS - 1)
    return st.builds(
        Ask, addresses, script, limits, tokens, st.booleans(), st.booleans()
    )


def wild_actions(inner: st.SearchStrategy[Action]) -> st.SearchStrategy[Action]:
    """Everything."""
    script = scripts(inner)
    limits = st.none() | st.builds(Limit, seconds)
    tokens = st.none() | st.integers(0, TOKENS - 1)
    return st.one_of(
        _kind_ask(script),
        _kind_ask(script),
        st.builds(Publish, topics, script, limits, tokens, st.booleans()),
        st.builds(Fan, st.tuples(script, script)),
        st.builds(Leave, script),
        st.builds(Passivate, addresses),
        st.builds(Block, script, limits),
        st.builds(Finally, script, script, st.booleans(), st.booleans()),
        st.builds(Hook, st.sampled_from(["save", "get"]), addresses, limits),
        st.builds(Stop, st.sampled_from(["stop", "stop_when_idle", "close"])),
    )


calm_leaves: st.SearchStrategy[Action] = st.one_of(naps, st.builds(Fail))
wild_leaves: st.SearchStrategy[Action] = st.one_of(
    naps, st.builds(Fail), st.builds(CancelToken, st.integers(0, TOKENS - 1))
)
calm_scripts = scripts(st.recursive(calm_leaves, calm_actions, max_leaves=12))
wild_scripts = scripts(st.recursive(wild_leaves, wild_actions, max_leaves=12))

_slots = st.sampled_from([1, 1, 2, math.inf])
_topics = st.lists(st.integers(0, TOPICS - 1), unique=True, max_size=TOPICS).map(tuple)
# publishes that would wait for room in a cycle are dead letters: not in the model
calm_agents = st.builds(AgentSpec, slots=_slots, topics=_topics)
wild_agents = st.builds(
    AgentSpec,
    slots=_slots,
    capacity=st.sampled_from([1, 2, 1024]),
    reentrant=st.booleans(),
    topics=_topics,
    building=st.just(()) | st.builds(lambda to: (Ask(to),), addresses),
    failing_builds=st.sampled_from([0, 0, 1]),
    saving=st.just(()) | st.builds(lambda to: (Ask(to),), addresses),
)


def _several(one: st.SearchStrategy[AgentSpec]) -> st.SearchStrategy[object]:
    return st.tuples(*[one] * AGENTS)


calm_programs = st.builds(
    Program,
    agents=_several(calm_agents),
    drivers=st.lists(calm_scripts, min_size=1, max_size=3).map(tuple),
    topics=st.just(TOPICS),
    style=st.sampled_from(["block", "start"]),
)
wild_programs = st.builds(
    Program,
    agents=_several(wild_agents),
    drivers=st.lists(wild_scripts, min_size=1, max_size=3).map(tuple),
    topics=st.just(TOPICS),
    tokens=st.just(TOKENS),
    style=st.sampled_from(["block", "start"]),
    grace=st.sampled_from([5.0, 0.001]),
    fatal=st.booleans(),
    disturbance=st.none()
    | st.builds(
        Disturbance,
        seconds,
        st.sampled_from(["stop", "stop_when_idle", "close", "cancel", "raise"]),
    ),
    waits_for_drivers=st.booleans(),
)


# -- the model ------------------------------------------------------------------


class Failed(Exception):
    """A script failed, in the model."""


@attrs.define
class Model:
    """Plays a program as plain function calls."""

    program: Program
    handled: Counter[Address] = attrs.field(factory=Counter)
    """How many messages each agent handles."""
    nobody: int = 0
    """How many published messages reach nobody."""

    def run(self) -> None:
        for driver in self.program.drivers:
            self._call(driver, None)

    def _call(self, script: Script, me: Address | None) -> bool:
        """Play a script in a world of its own; say whether it ended well."""
        try:
            self._play(script, me)
        except Failed:
            return False
        return True

    def _play(self, script: Script, me: Address | None) -> None:
        for action in script:
            match action:
                case Fail():
                    raise Failed
                case Ask(to, called):
                    self.handled[to] += 1
                    if not self._call(called, to) and not action.forgiving:
                        raise Failed
                case Publish(topic, called):
                    self._publish(topic, called, me)
                case _:
                    pass

    def _publish(self, topic: Address, called: Script, me: Address | None) -> None:
        audience = [
            (index, topic[1])
            for index, spec in enumerate(self.program.agents)
            if topic[0] in spec.topics and (index, topic[1]) != me
        ]
        self.nobody += not audience
        for recipient in audience:
            self.handled[recipient] += 1
            self._call(called, recipient)
