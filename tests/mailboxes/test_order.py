"""Which message is next: priorities, and the bound within which nobody starves."""

from __future__ import annotations

from hypothesis import given, strategies as st
from tests.properties.settings import many

from actrio.mailboxes._order import PATIENCE, choose, count_passed, order

LANES = 4
counts = st.lists(st.integers(0, 60), min_size=LANES, max_size=LANES)


def test_the_most_urgent_is_next() -> None:
    """If nobody has waited for too long."""
    assert choose([0, 0, 1, 5], [0, 0, 31, 31]) == 2
    assert choose([1, 1, 1, 1], [0, 0, 0, 0]) == 0


def test_one_that_waited_for_too_long_is_next() -> None:
    """The one that was passed most, if there are several."""
    assert choose([1, 1, 1, 1], [0, 0, 0, PATIENCE]) == 3
    assert choose([1, 1, 1, 1], [0, 0, PATIENCE, PATIENCE + 1]) == 3
    assert choose([1, 1, 1, 1], [0, PATIENCE, PATIENCE, 0]) == 1


@many
@given(
    counts,
    st.lists(st.lists(st.integers(0, LANES - 1), max_size=4), max_size=300),
)
def test_nobody_is_passed_too_often(
    waiting: list[int], arrivals: list[list[int]]
) -> None:
    """Whatever comes, and whenever."""
    passed = [0] * LANES
    for arriving in arrivals:
        for number in arriving:
            waiting[number] += 1
        if any(waiting):
            number = choose(waiting, passed)
            waiting[number] -= 1
            passed = count_passed(number, waiting, passed)
            assert max(passed) <= PATIENCE + LANES - 2


@many
@given(counts)
def test_the_order_is_that_of_taking(waiting: list[int]) -> None:
    """One after the other, until none is left."""
    passed = [0] * LANES
    left = list(waiting)
    for number in order(waiting, passed):
        assert number == choose(left, passed)
        left[number] -= 1
        passed = count_passed(number, left, passed)
    assert not any(left)
