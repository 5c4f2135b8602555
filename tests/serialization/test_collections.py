"""Collections as JSON, and places without a type."""

import collections.abc
import math
from collections import OrderedDict, defaultdict, deque
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from .kit import problem_of_reading, problem_of_writing, read, round_trip

ONE = UUID(int=1)


@pytest.mark.parametrize(
    ("annotation", "value", "json"),
    [
        (list[int], [1, 2], [1, 2]),
        (list, [1, "a", None, {"b": [2.5]}], [1, "a", None, {"b": [2.5]}]),
        (collections.abc.Sequence[int], [1], [1]),
        (deque[int], deque([1]), [1]),
        (tuple[int, ...], (1, 2), [1, 2]),
        (tuple[int, str], (1, "a"), [1, "a"]),
        (tuple[()], (), []),
        (tuple, (1, "a"), [1, "a"]),
        (set[str], {"b", "a"}, ["a", "b"]),
        (frozenset[date], frozenset({date(2026, 1, 2)}), ["2026-01-02"]),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict, {"a": [1]}, {"a": [1]}),
        (dict[Any, int], {"a": 1}, {"a": 1}),
        (OrderedDict[str, int], OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.abc.Mapping[UUID, int], {ONE: 1}, {str(ONE): 1}),
        (dict[int, bool], {1: True}, {"1": True}),
        (dict[tuple[int, str], int], {(1, "a"): 2}, {'[1,"a"]': 2}),
        (dict[str | int, int], {"1": 1, 1: 2}, {'"1"': 1, "1": 2}),
        (Any, {"a": [1, None, True, 0.5, 2**70]}, {"a": [1, None, True, 0.5, 2**70]}),
        (object, [1e300, -1e300], [1e300, -1e300]),
    ],
)
def test_collections_come_back(annotation: Any, value: object, json: object) -> None:
    """What is read is of the class that was written, and equal."""
    assert round_trip(annotation, value) == json


def test_abstract_types_take_what_is_usual() -> None:
    """A tuple may stand for a sequence, and a set for an abstract one."""
    assert read(collections.abc.Sequence[int], [1]) == [1]
    assert read(collections.abc.Set[int], [1, 1]) == {1}


def test_subclasses_come_back_as_what_is_announced() -> None:
    """A ``defaultdict`` where a ``dict`` is announced is a dict that equals it."""
    from actrio.serialization._codec import Codec

    codec = Codec(dict[str, int])
    found = codec.loads(codec.dumps(defaultdict(int, a=1)))
    assert (type(found), found) == (dict, {"a": 1})


@pytest.mark.parametrize(
    ("annotation", "payload", "text"),
    [
        (list[int], "ab", "list[int]: expected an array, got 'ab'"),
        (list[int], [1, "x"], "list[int][1]: expected an integer, got 'x'"),
        (tuple[int, str], [1], "tuple[int, str]: expected an array of 2, got [1]"),
        (tuple[int, str], [1, 2], "tuple[int, str][1]: expected a string, got 2"),
        (dict[str, int], [], "dict[str, int]: expected an object, got []"),
        (dict[str, int], {"a": ""}, "dict[str, int]['a']: expected an integer, got ''"),
        (
            dict[int, int],
            {"x": 1},
            "dict[int, int]['x']: JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        ),
    ],
)
def test_wrong_json_is_found_at_its_place(
    annotation: Any, payload: object, text: str
) -> None:
    """The path of an error has indices and keys."""
    assert problem_of_reading(annotation, payload) == text


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (list[str], "ab", "list[str]: expected a list, got 'ab'"),
        (list[str], {"a": 1}, "list[str]: expected a list, got {'a': 1}"),
        (list[str], ["a", 1], "list[str][1]: expected a string, got 1"),
        (tuple[int], (), "tuple[int]: expected a tuple of 1, got ()"),
        (tuple[int], ("x",), "tuple[int][0]: expected an integer, got 'x'"),
        (set[str], ["a"], "set[str]: expected a set, got ['a']"),
        (dict[str, int], [], "dict[str, int]: expected a dict, got []"),
        (dict[str, int], {"a": ""}, "dict[str, int]['a']: expected an integer, got ''"),
        (dict, {1: 2}, "dict[1]: expected a string, got 1"),
        (
            Any,
            [{1: 2}],
            "Any[0][1]: expected a string as a key without a type, got 1",
        ),
        (
            Any,
            {"a": (1,)},
            (
                "Any['a']: tuple (1,) has no type here and is no plain JSON; annotate the "
                "place with its type"
            ),
        ),
        (
            list,
            [math.nan],
            (
                "list[0]: float nan has no type here and is no plain JSON; annotate the "
                "place with its type"
            ),
        ),
    ],
)
def test_wrong_values_are_found_at_their_place(
    annotation: Any, value: object, text: str
) -> None:
    """What would come back different, or not at all, is not written."""
    assert problem_of_writing(annotation, value) == text
