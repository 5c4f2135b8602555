"""What a state may hold: what comes back equal, and nothing else."""

from __future__ import annotations

import datetime
import enum
import json
import math
from collections import OrderedDict
from typing import Any

import pytest

from actrio.exceptions import StateNotStorable
from actrio.state._codec import decode, encode


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ((1,), "is a tuple, (1,)"),
        (math.nan, "is nan"),
        (-math.inf, "is -inf"),
        ({1: 2}, "has the key 1"),
        pytest.param(10**5000, "is an int with too many digits", id="digits"),
        pytest.param((10**5000,), "is a tuple, ...", id="digits inside"),
        (datetime.date(2026, 1, 1), "is a date, datetime.date(2026, 1, 1)"),
    ],
)
def test_the_message_says_what_is_wrong_and_what_to_do(value: Any, fault: str) -> None:
    """The value, the rule and the remedy."""
    with pytest.raises(StateNotStorable) as caught:
        encode("clerk/ada", {"a": [value]})
    path = f"the state of 'clerk/ada' cannot be stored: state['a'][0] {fault}; "
    assert str(caught.value).startswith(path)
    assert str(caught.value).endswith("convert the rest in save_state()")


@pytest.mark.parametrize("state", [None, [], "text", 7, object()])
def test_a_state_that_is_no_mapping_is_refused(state: object) -> None:
    """As when `save_state` forgot to return one."""
    with pytest.raises(
        StateNotStorable, match="cannot be stored: state is a"
    ) as caught:
        encode("k", state)
    assert caught.value.path == "state"


def test_a_state_that_contains_itself_is_refused() -> None:
    """So is one that is nested too deeply."""
    state: dict[str, Any] = {"n": 1}
    state["self"] = [state]
    with pytest.raises(StateNotStorable, match="nested too deeply, or contains itself"):
        encode("k", state)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(StateNotStorable, match="nested too deeply"):
        encode("k", {"deep": deep})


def test_subclasses_of_what_is_plain_come_back_as_plain() -> None:
    """They are equal to what was saved."""
    state = {"a": OrderedDict(b=Colour.RED)}
    again = decode(encode("k", state))
    assert again == state
    assert type(again["a"]) is dict
    assert type(again["a"]["b"]) is str


def test_the_text_is_json() -> None:
    """Other programs can read what lies in the file."""
    assert json.loads(encode("k", {"a": ["ü", 1]})) == {"a": ["ü", 1]}
