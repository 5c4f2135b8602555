"""Whole programs: the runtime does what a model of plain calls does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, event, given, settings, strategies as st

from actrio.testing import Host

from .model import Model, calm_programs, wild_programs
from .play import play
from .program import Program

HOSTS: list[Host] = ["trio", "asyncio"]
seeds = st.integers(0, 2**16)
many = settings(
    max_examples=200,
    deadline=None,
    database=None,  # a failing program is printed, not kept on one machine
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
@many
@given(program=calm_programs, seed=seeds)
def test_programs_do_what_plain_calls_would_do(
    host: Host, program: Program, seed: int
) -> None:
    """Sends, publishes, failures and cycles: every agent handles what it should.

    Nobody gives up and nothing stops, so that a request is a function call and a
    publish one call for each subscriber, whatever runs at once.
    """
    report = play(program, seed, host)
    assert not report.problems
    model = Model(program)
    model.run()
    assert report.handled == model.handled
    assert report.dead == Counter(
        {"NO_SUBSCRIBER": model.nobody} if model.nobody else {}
    )
    event(f"nested: {report.nested > 0}")


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
@many
@given(program=wild_programs, seed=seeds)
def test_disturbed_programs_keep_every_rule(
    host: Host, program: Program, seed: int
) -> None:
    """Time-outs, tokens, full inboxes, stops: nothing hangs, is lost or left over."""
    report = play(program, seed, host)
    assert not report.problems
    event(f"nested: {report.nested > 0}")
