"""Classes with fields as JSON: what comes back, what is ignored, what is refused."""

from __future__ import annotations

import collections
from dataclasses import InitVar, dataclass, field
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    NamedTuple,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import attrs
import pytest

from .kit import problem_of_reading, problem_of_writing, read, round_trip

T = TypeVar("T")
U = TypeVar("U")


@dataclass
class Line:
    price: float
    pieces: int = 1


@dataclass
class Order:
    """Under string annotations, and with everything that a dataclass may have."""

    kind: ClassVar[str] = "order"
    name: str
    lines: list[Line]
    note: Annotated[str | None, "may be missing"] = None
    number: Final[int] = 0
    tags: dict[UUID, set[str]] = field(default_factory=dict, kw_only=True)
    total: float = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(line.price * line.pieces for line in self.lines)


ORDER = Order("a", [Line(2.5, 2), Line(1.0)], tags={UUID(int=0): {"x"}})


@attrs.frozen
class Point:
    _x: int
    y: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    note: list[int] | None = None
    length: int = attrs.field(init=False, default=0)


@attrs.define
class Unannotated:
    note = attrs.field(default=None)  # type: ignore[var-annotated]  # as it says


@dataclass
class Node:
    value: int
    children: list[Node] = field(default_factory=list)
    next: Node | None = None


class Pair(NamedTuple):
    left: int
    right: Line | None = None


class Row(TypedDict, Generic[T], total=False):
    item: Required[T]
    line: Line
    cl: NotRequired[int]


class Strict(TypedDict):
    id: int
    note: NotRequired[str]


@dataclass
class Base(Generic[T, U]):
    first: T
    second: list[U]


@dataclass
class Middle(Base[list[T], T]):
    third: T


@dataclass
class Leaf(Middle[int]):
    pass


@dataclass
class Holder:
    box: Base[Line, str]


@dataclass(slots=True)
class Colliding:
    """Its fields are called like parameters of the functions that make forms."""

    cl: int
    converter: Line
    instance: int
    o: int


@dataclass
class Empty:
    pass


Untyped = collections.namedtuple("Untyped", "a b")  # noqa: PYI024 - this is what is tested


@pytest.mark.parametrize(
    ("annotation", "value", "json"),
    [
        (
            Order,
            ORDER,
            {
                "name": "a",
                "lines": [{"price": 2.5, "pieces": 2}, {"price": 1.0, "pieces": 1}],
                "note": None,
                "number": 0,
                "tags": {str(UUID(int=0)): ["x"]},
            },
        ),
        (Point, Point(1, 2), {"_x": 1, "y": 2, "note": None}),
        (
            Node,
            Node(1, [Node(2)], Node(3)),
            {
                "value": 1,
                "children": [{"value": 2, "children": [], "next": None}],
                "next": {"value": 3, "children": [], "next": None},
            },
        ),
        (list[Node], [Node(1)], [{"value": 1, "children": [], "next": None}]),
        (Unannotated, Unannotated([1]), {"note": [1]}),
        (Pair, Pair(1, Line(1.0)), {"left": 1, "right": {"price": 1.0, "pieces": 1}}),
        (Untyped, Untyped(1, [2]), {"a": 1, "b": [2]}),
        (Row[int], {"item": 1}, {"item": 1}),
        (Row, {"item": [1], "cl": 2}, {"item": [1], "cl": 2}),
        (Strict, {"id": 1}, {"id": 1}),
        (Strict, {"id": 1, "note": "x"}, {"id": 1, "note": "x"}),
        (Base[int, str], Base(1, ["a"]), {"first": 1, "second": ["a"]}),
        (Base, Base(1, [None]), {"first": 1, "second": [None]}),
        (Leaf, Leaf([1], [2], 3), {"first": [1], "second": [2], "third": 3}),
        (
            Holder,
            Holder(Base(Line(1.0), ["a"])),
            {"box": {"first": {"price": 1.0, "pieces": 1}, "second": ["a"]}},
        ),
        (
            Colliding,
            Colliding(1, Line(1.0), 2, 3),
            {"cl": 1, "converter": {"price": 1.0, "pieces": 1}, "instance": 2, "o": 3},
        ),
        (Empty, Empty(), {}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_classes_come_back(annotation: Any, value: object, json: object) -> None:
    """What is read equals what was written; fields without ``init`` are made anew."""
    assert round_trip(annotation, value) == json


def test_older_and_newer_versions_are_read() -> None:
    """Missing fields get their defaults, and unknown ones are ignored."""
    assert read(Line, {"price": 2}) == Line(2.0)
    assert read(Line, {"price": 2, "weight": [1]}) == Line(2.0)
    assert read(Pair, {"left": 1, "middle": 2}) == Pair(1)
    assert read(Row[int], {"item": 1, "new": 2}) == {"item": 1}
    assert read(Point, {"_x": 1}) == Point(1)


@pytest.mark.parametrize(
    ("annotation", "payload", "text"),
    [
        (Line, {"price": 1, "a": 1, "b": 2}, "Line: Line has no field 'a', 'b'"),
        (
            Order,
            {"name": "", "lines": [{"price": 1, "x": 1}]},
            "Order.lines[0]: Line has no field 'x'",
        ),
        (Row[int], {"item": 1, "new": 2}, "Row[int]: Row has no field 'new'"),
        (Line, [], "Line: expected an object with the fields of Line, got []"),
    ],
)
def test_unknown_fields_can_be_forbidden(
    annotation: Any, payload: object, text: str
) -> None:
    """Then every unknown field is named."""
    found = problem_of_reading(annotation, payload, forbids_unknown=True)
    assert found == text


@pytest.mark.parametrize(
    ("annotation", "payload", "text"),
    [
        (Order, {}, "Order: Order needs the field 'name', 'lines'"),
        (
            Order,
            {"name": "a", "lines": [{"price": 1}, {}]},
            "Order.lines[1]: Line needs the field 'price'",
        ),
        (
            Order,
            {"name": "a", "lines": [{"price": 1}, {"price": "x"}]},
            "Order.lines[1].price: expected a number, got 'x'",
        ),
        (
            Order,
            {"name": "a", "lines": [], "tags": {"x": []}},
            "Order.tags['x']: expected a UUID, got 'x'",
        ),
        (Order, 1, "Order: expected an object with the fields of Order, got 1"),
        (Empty, "x", "Empty: expected an object with the fields of Empty, got 'x'"),
        (Node, {"value": 1, "next": {}}, "Node.next: Node needs the field 'value'"),
        (Point, {"_x": 1, "y": -1}, "Point: ValueError: 'y' must be >= 0: -1"),
        (Strict, {}, "Strict: Strict needs the field 'id'"),
        (Strict, {"id": ""}, "Strict.id: expected an integer, got ''"),
        (Pair, [], "Pair: expected an object with the fields of Pair, got []"),
    ],
    ids=str,
)
def test_wrong_payloads_are_found_at_their_place(
    annotation: Any, payload: object, text: str
) -> None:
    """The path has the names of the fields, and what is missing is named."""
    assert problem_of_reading(annotation, payload) == text


class VipOrder(Order):
    """A subclass with nothing of its own."""


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (Order, Line(1.0), f"Order: expected a Order, got {Line(1.0)!r}"),
        (
            Order,
            VipOrder("a", []),
            (
                "Order: a VipOrder would come back as a Order; name the subclass in a union, "
                "or send its data"
            ),
        ),
        (Holder, Holder(1), "Holder.box: expected a Base, got 1"),  # type: ignore[arg-type]  # the mistake
        (Node, Node("x"), "Node.value: expected an integer, got 'x'"),  # type: ignore[arg-type]  # the mistake
        (
            Strict,
            {"id": 1, "x": 2},
            "Strict: expected a dict like Strict, got {'id': 1, 'x': 2}",
        ),
        (Strict, {}, "Strict: expected a dict like Strict, got {}"),
        (Strict, {"id": ""}, "Strict['id']: expected an integer, got ''"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_wrong_values_are_found_at_their_place(
    annotation: Any, value: object, text: str
) -> None:
    """The writer finds its own mistakes, with their path."""
    assert problem_of_writing(annotation, value) == text


@dataclass
class NeedsMore:
    seed: InitVar[int]


@dataclass
class NeedsLess:
    seed: InitVar[int] = 0


@dataclass
class Unknown:
    it: Missing  # type: ignore[name-defined]  # noqa: F821 - the mistake


@dataclass
class Unsupported:
    lines: list[complex]


class Bad(TypedDict):
    it: complex


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (
            NeedsMore,
            NeedsMore(1),
            "NeedsMore: the constructor of NeedsMore needs 'seed', which is no field",
        ),
        (
            Unknown,
            Unknown(1),
            (
                "Unknown: the annotations of Unknown cannot be evaluated: name 'Missing' is "
                "not defined; define or import the name at module level"
            ),
        ),
        (
            Unsupported,
            Unsupported([]),
            "Unsupported.lines: complex has no form in JSON; use another type",
        ),
        (Bad, {"it": 1j}, "Bad.it: complex has no form in JSON"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_classes_that_cannot_come_back_are_refused(
    annotation: Any, value: object, text: str
) -> None:
    """The class itself is to blame, so every value is refused, with a remedy."""
    assert problem_of_writing(annotation, value).startswith(text)
    assert problem_of_reading(annotation, {}).startswith(text)


def test_init_variables_with_defaults_do_no_harm() -> None:
    """What the constructor does not need, nobody has to keep."""
    assert round_trip(NeedsLess, NeedsLess()) == {}
