"""What is decided about an agent that fails: a function, against a model."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from actrio.abc import RestartPolicy
from actrio.runtime._supervision import Decision, Failure, checked_policy, decide

POLICY = RestartPolicy(
    attempts=2, max_restarts=3, within=10, first_delay=1, longest_delay=3
)


@pytest.mark.parametrize("policy", ["resume", "stop", "escalate"])
def test_plain_policies_are_decisions(policy: Any) -> None:
    """The message is over, whatever happened before."""
    failure = Failure(5.0, 1)
    assert decide(policy, (), failure, 0.5) == Decision(policy)
    assert decide(policy, (4.0,), failure, 0.5) == Decision(policy, restarts=(4.0,))


def test_restart_is_the_default_policy() -> None:
    """The word and the record mean the same."""
    for attempts in range(5):
        failure = Failure(1.0, attempts)
        assert decide("restart", (0.5,), failure, 1) == decide(
            RestartPolicy(), (0.5,), failure, 1
        )


def test_delays_double_up_to_the_longest() -> None:
    """And begin anew when the restarts are forgotten."""
    restarts: tuple[float, ...] = ()
    delays = []
    for at in (0.0, 1.0, 2.0):
        decision = decide(POLICY, restarts, Failure(at, 1), 1.0)
        restarts = decision.restarts
        delays.append(decision.delay)
    assert delays == [1, 2, 3]
    assert decide(POLICY, restarts, Failure(11.5, 1), 1.0).delay == 2
    assert decide(POLICY, restarts, Failure(99.0, 1), 1.0).delay == 1


def test_one_restart_too_many_is_what_the_policy_says() -> None:
    """It stops the agent, or ends the runtime; the message is over then."""
    restarts = (1.0, 2.0, 3.0)
    assert decide(POLICY, restarts, Failure(4.0, 1), 0).directive == "stop"
    assert decide(POLICY, restarts, Failure(4.0, 1), 0).fate == "over"
    escalating = RestartPolicy(max_restarts=3, then="escalate")
    assert decide(escalating, restarts, Failure(4.0, 1), 0).directive == "escalate"


def test_a_message_is_dead_after_so_many_attempts() -> None:
    """The agent is restarted all the same."""
    assert decide(POLICY, (), Failure(0.0, 1), 0).fate == "again"
    dead = decide(POLICY, (), Failure(0.0, 2), 0)
    assert (dead.directive, dead.fate) == ("restart", "dead")


def test_a_second_failure_of_one_agent_is_no_second_restart() -> None:
    """Two handlers failed; the agent leaves already."""
    decision = decide(POLICY, (1.0,), Failure(2.0, 1, leaves=True), 0)
    assert decision == Decision("wait", "again", 0.0, (1.0,))


policies = st.builds(
    RestartPolicy,
    attempts=st.integers(1, 4) | st.just(math.inf),
    max_restarts=st.integers(1, 4) | st.just(math.inf),
    within=st.sampled_from([1.0, 10.0, 1000.0]),
    first_delay=st.sampled_from([0.001, 1.0]),
    longest_delay=st.sampled_from([1.0, 5.0]),
    then=st.sampled_from(["stop", "escalate"]),
)


@given(
    policy=policies,
    pauses=st.lists(st.floats(0, 20), min_size=1, max_size=40),
    chance=st.floats(0, 1),
)
def test_no_storm_of_restarts(
    policy: RestartPolicy, pauses: list[float], chance: float
) -> None:
    """Never more restarts in any window than allowed, and every delay in its range."""
    now, happened = 0.0, list[float]()
    restarts: tuple[float, ...] = ()
    for pause in pauses:
        now += pause
        window = [at for at in happened if now - at < policy.within]
        decision = decide(policy, restarts, Failure(now, 1), chance)
        restarts = decision.restarts
        if len(window) >= policy.max_restarts:
            assert decision.directive == policy.then
            continue
        assert decision.directive == "restart"
        happened.append(now)
        whole = policy.longest_delay
        if len(window) < 60:
            whole = min(policy.first_delay * 2 ** len(window), whole)
        assert whole / 2 <= decision.delay <= whole
        assert len(restarts) <= 65


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("attempts", 0, "whole number"),
        ("attempts", 1.5, "whole number"),
        ("max_restarts", 0, "whole number"),
        ("max_restarts", math.nan, "whole number"),
        ("within", 0, "above 0"),
        ("within", math.inf, "above 0"),
        ("first_delay", -1, "above 0"),
        ("longest_delay", math.nan, "above 0"),
        ("longest_delay", 0.01, "shorter than first_delay"),
        ("then", "resume", "'stop' or 'escalate'"),
    ],
)
def test_a_policy_checks_its_numbers(field: str, value: Any, rule: str) -> None:
    """The error names the field, the value and the rule."""
    with pytest.raises(ValueError, match=rule) as caught:
        RestartPolicy(**{field: value})
    assert f"{field}={value!r}" in str(caught.value)


def test_on_failure_is_one_of_four_words_or_a_policy() -> None:
    """Anything else is refused, with the words."""
    assert checked_policy("stop") == "stop"
    assert checked_policy(POLICY) is POLICY
    with pytest.raises(ValueError, match="'resume', 'restart', 'stop', 'escalate'"):
        checked_policy("retry")
    with pytest.raises(TypeError, match="RestartPolicy"):
        checked_policy(None)


@pytest.mark.parametrize("policy", ["restart", POLICY])
def test_an_instance_cannot_be_restarted(policy: object) -> None:
    """Nobody could make another one."""
    with pytest.raises(ValueError, match="register a factory"):
        checked_policy(policy, is_instance=True)
    assert checked_policy("stop", is_instance=True) == "stop"
