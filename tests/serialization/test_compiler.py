"""Types that contain themselves, and names for types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NewType, Optional, TypedDict, TypeVar

import pytest
from typing_extensions import TypeAliasType

from .kit import problem_of_writing, round_trip

T = TypeVar("T")


@dataclass
class Node:
    name: str
    below: dict[str, Node] = field(default_factory=dict)
    beside: list[Node] = field(default_factory=list)
    next: Node | None = None


class Branch(TypedDict):
    below: list[Branch | int]


Number = TypeAliasType("Number", int)
Several = TypeAliasType("Several", list[T], type_params=(T,))
Choice = TypeAliasType("Choice", int | str)
Key = NewType("Key", str)
TREE = Node("a", {"x": Node("b")}, [Node("c")], Node("d"))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Node, TREE),
        (list[Node], [TREE]),
        (dict[str, Node], {"a": TREE}),
        (Node | None, TREE),
        (Branch, {"below": [{"below": [1]}, 2]}),
        (list[Branch | int], [{"below": [1]}]),
        (Number, 1),
        (Several[int], [1]),
        (list[Choice | None], [1, "a", None]),
        (dict[Key, Optional[Choice]], {"a": 1}),  # noqa: UP045 - this spelling is tested
    ],
    ids=str,
)
def test_types_come_back(annotation: Any, value: object) -> None:
    """A type may contain itself, and have any number of names."""
    assert round_trip(annotation, value) == round_trip(annotation, value)


def test_json_does_not_depend_on_where_one_begins() -> None:
    """The same value looks the same in every message."""
    (inside,) = round_trip(list[Node], [TREE])
    assert inside == round_trip(Node, TREE) == round_trip(Node | None, TREE)
    assert inside == round_trip(dict[str, Node], {"a": TREE})["a"]


def test_a_type_without_a_form_is_refused_each_time() -> None:
    """What went wrong once is not remembered as something good."""
    text = problem_of_writing(list[complex], [])
    assert text.startswith("list[complex]: complex has no form in JSON")
    assert problem_of_writing(Several[int], [None]).endswith(
        "[0]: expected an integer, got None"
    )
    assert problem_of_writing(list["Nowhere"], []).startswith("list[Nowhere]: ")  # type: ignore[name-defined]  # noqa: F821 - the mistake
