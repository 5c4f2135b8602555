"""Unions: the members are told apart on the wire."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, NewType, Optional, TypedDict

import pytest

from . import namesakes
from .kit import problem_of_reading, problem_of_writing, read, round_trip


@dataclass
class Circle:
    size: int


@dataclass
class Square:
    size: int


class Kind(Enum):
    ROUND = "round"


class Row(TypedDict):
    size: int


Id = NewType("Id", int)
CIRCLE = f"{__name__}.Circle"


@pytest.mark.parametrize(
    ("annotation", "value", "json"),
    [
        (int | None, None, None),
        (Optional[int], 1, 1),  # noqa: UP045 - this spelling is tested
        (int | float | str | bool | None, 1, 1),
        (int | float | str | bool | None, 1.0, 1.0),
        (int | float | str | bool | None, True, True),
        (Circle | None, Circle(1), {"size": 1}),
        (Circle | str, Circle(1), {"size": 1}),
        (Circle | list[Circle], [Circle(1)], [{"size": 1}]),
        (Circle | Square, Circle(1), {"$type": CIRCLE, "size": 1}),
        (Circle | Square | None, None, None),
        (str | date, "2026-01-02", "2026-01-02"),
        (
            str | date,
            date(2026, 1, 2),
            {"$type": "datetime.date", "$value": "2026-01-02"},
        ),
        (
            date | datetime,
            datetime(2026, 1, 2),  # noqa: DTZ001 - no zone is needed
            {"$type": "datetime.datetime", "$value": "2026-01-02T00:00:00"},
        ),
        (Kind | str, Kind.ROUND, {"$type": f"{__name__}.Kind", "$value": "round"}),
        (Kind | None, Kind.ROUND, "round"),
        (Literal["a"] | Literal[1], 1, 1),  # noqa: PYI030 - this is what is tested
        (Literal["a"] | int, "a", "a"),
        (Literal["a", None] | str | None, "a", "a"),  # noqa: PYI051, PYI061 - the same
        (
            list[int] | tuple[int, ...],
            (1,),
            {"$type": "tuple[int, ...]", "$value": [1]},
        ),
        (
            dict[str, int] | Circle,
            {"size": 1},
            {"$type": "dict[str, int]", "$value": {"size": 1}},
        ),
        # a tagged date is an object, so the class needs its tag too
        (date | str | Circle, Circle(1), {"$type": CIRCLE, "size": 1}),
        (Id | str, 1, 1),
        (Row | None, {"size": 1}, {"size": 1}),
        (Any | None, [1], [1]),
        (float | None, math.inf, "Infinity"),
    ],
    ids=str,
)
def test_members_come_back(annotation: Any, value: object, json: object) -> None:
    """A member is written as it is unless another one could look like that."""
    assert round_trip(annotation, value) == json


def test_classes_of_one_bare_name_are_told_apart() -> None:
    """The tag is the full name."""
    value = namesakes.Circle(1)
    json = round_trip(Circle | namesakes.Circle, value)
    assert json == {"$type": f"{namesakes.__name__}.Circle", "size": 1}
    text = problem_of_reading(Circle | namesakes.Circle, {"$type": "Circle"})
    assert f"must be '{CIRCLE}' or '{namesakes.__name__}.Circle'" in text


def test_a_bare_tag_is_understood() -> None:
    """A tag needs no module as long as one member has the name."""
    assert read(Circle | Square, {"$type": "Square", "size": 1}) == Square(1)
    text = problem_of_reading(Circle | Square, {"$type": "Square", "size": ""})
    assert text.endswith("Square.size: expected an integer, got ''")


def test_a_tag_is_no_unknown_field() -> None:
    """Who forbids unknown fields still reads tagged members."""
    payload = {"$type": "Square", "size": 1}
    assert read(Circle | Square, payload, forbids_unknown=True) == Square(1)


def test_whole_numbers_are_floats_where_no_int_is_allowed() -> None:
    """In ``float | None`` the number 2 is 2.0."""
    assert repr(read(float | None, 2)) == "2.0"
    assert repr(read(float | int, 2)) == "2"
    assert repr(read(float | int, 2**70)) == repr(2**70)
    assert repr(read(float | int, 1e300)) == "1e+300"


def test_a_subclass_goes_with_its_base() -> None:
    """A value whose class no member has goes to the first member it is an instance of."""
    assert round_trip(list[int | str], [True]) == [1]


def test_members_of_one_name_are_refused() -> None:
    """Classes made in functions may share even their full name."""

    def make() -> type:
        @dataclass
        class Local:
            size: int

        return Local

    first, second = make(), make()
    text = problem_of_writing(first | second, first(1))
    assert "2 members of the union are called" in text


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"size": 1}, f"'$type' says which class it is and must be '{CIRCLE}' or"),
        ({"$type": 1}, "not 1"),
        ({"$type": "Triangle"}, "not 'Triangle'"),
        (1, "expected Circle or Square or date or str, got 1"),
        (
            {"$type": "datetime.date"},
            "'$value' is missing beside the tag 'datetime.date'",
        ),
    ],
)
def test_wrong_payloads_are_explained(payload: object, reason: str) -> None:
    """The error names the tags that are known."""
    assert reason in problem_of_reading(Circle | Square | date | str, payload)


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        (int | str, 1.5, "expected int or str, got 1.5"),
        (float | str, math.nan, "expected a finite number, beside strings, got nan"),
        (list[int] | list[str], [], "list[int] and list[str] cannot be told apart"),
        (Id | int, "", "expected int, got ''"),
    ],
)
def test_wrong_values_are_explained(
    annotation: Any, value: object, reason: str
) -> None:
    """What could not be read again is not written."""
    assert reason in problem_of_writing(annotation, value)
