"""How long to wait before the next try."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from actrio._redis._backoff import FIRST, LONGEST, delay

failures = st.integers(1, 10**9)
shares = st.floats(0, 1)


@settings(max_examples=50)
@given(failures, shares, shares)
def test_bounds(number: int, one: float, other: float) -> None:
    """A wait is between a half and the whole of a time, and never long."""
    assert FIRST / 2 <= delay(number, one) <= LONGEST
    assert delay(number, one) <= 2 * delay(number, other)


@settings(max_examples=50)
@given(failures, shares)
def test_it_grows(number: int, share: float) -> None:
    """More failures never shorten it, until it is as long as it gets."""
    now, then = delay(number, share), delay(number + 1, share)
    assert now < then <= 2 * now or now == then
    assert (now == then) == (delay(number, 1) == LONGEST)


def test_the_first() -> None:
    """A single failure costs hardly anything."""
    assert delay(1, 1) == FIRST
    assert delay(10**6, 1) == LONGEST
