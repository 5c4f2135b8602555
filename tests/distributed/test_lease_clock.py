"""What a runtime knows of the server's clock."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from actrio.distributed._lease import Clock

SECONDS = st.floats(0, 10)


def test_the_first_answer_is_halfway_right() -> None:
    """The server said it at some moment between sending and receiving."""
    clock = Clock()
    clock.adjust(10.0, 12.0, 1_000_000)
    assert clock.local(1_000_000) == pytest.approx(11.0)


def test_an_answer_that_took_long_changes_nothing_that_it_does_not_contradict() -> None:
    """A server that was frozen does not make deadlines come early."""
    clock = Clock()
    clock.adjust(10.0, 10.001, 1_000_000)
    before = clock.offset
    clock.adjust(11.0, 15.0, 1_005_000)
    assert clock.offset == pytest.approx(before, abs=0.001)


@given(st.floats(-1e6, 1e6), st.lists(st.tuples(SECONDS, SECONDS, SECONDS), min_size=1))
def test_no_answer_leads_astray(
    truth: float, answers: list[tuple[float, float, float]]
) -> None:
    """The error is never more than half of the shortest time that an answer took."""
    clock, now, best = Clock(), 0.0, float("inf")
    for pause, there, back in answers:
        sent = now + pause
        now = sent + there + back
        clock.adjust(sent, now, round((sent + there + truth) * 1000))
        best = min(best, there + back)
        assert abs(clock.offset - truth) <= best + 0.002
