"""What a state may hold, against whatever Hypothesis can think of."""

from __future__ import annotations

import datetime
import math
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st

from actrio.exceptions import StateNotStorable
from actrio.state._codec import decode, encode

from .settings import many


class Point(NamedTuple):
    x: int


KEYS = st.text(max_size=3)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)
UNFAITHFUL = st.sampled_from(
    [
        (1,),
        Point(1),
        {1: 2},
        {None: 1},
        {"1": 0, 1: 0},
        b"bytes",
        {"a set"},
        math.nan,
        math.inf,
        10**5000,
        1j,
        datetime.date(2026, 1, 1),
        object,
    ]
)


@pytest.mark.slow
@many
@given(st.dictionaries(KEYS, PLAIN, max_size=4))
def test_what_is_plain_comes_back(state: dict[str, Any]) -> None:
    """Equal, and of the same types."""
    again = decode(encode("k", state))
    assert again == state
    assert repr(again) == repr(state)


@pytest.mark.slow
@many
@given(st.data())
def test_what_is_not_is_refused_where_it_stands(data: st.DataObject) -> None:
    """However deep it lies, the path leads there."""
    bad = data.draw(UNFAITHFUL)
    state, path = bad, ""
    for _ in range(data.draw(st.integers(0, 4))):
        beside = data.draw(st.lists(PLAIN, max_size=2))
        if data.draw(st.booleans()):
            state, path = [*beside, state], f"[{len(beside)}]{path}"
        else:
            key = data.draw(KEYS)
            state, path = {key: state}, f"[{key!r}]{path}"
    with pytest.raises(StateNotStorable) as caught:
        encode("clerk/ada", {"outer": state})
    assert caught.value.key == "clerk/ada"
    assert caught.value.path == f"state['outer']{path}"
