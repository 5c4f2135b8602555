"""Messages of random classes come back as they were, and JSON libraries agree."""

from __future__ import annotations

import dataclasses
import enum
import itertools
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import GenericAlias
from typing import Any, Literal
from uuid import UUID

import attrs
from hypothesis import given, strategies as st

from actrio.exceptions import SerializationError
from actrio.serialization._codec import Codec
from actrio.serialization._json import STANDARD, fastest

from .settings import many


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@attrs.frozen
class Typed:
    """A type together with values of it."""

    annotation: Any
    values: st.SearchStrategy[Any]
    is_hashable: bool = False


def same(one: object, other: object) -> bool:
    """Equal, with nan equal to itself."""
    return one == other or repr(one) == repr(other)


TEXT = st.text(st.characters(codec=None), max_size=5)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip

SCALARS = [
    Typed(str, TEXT, is_hashable=True),
    Typed(int, st.integers(), is_hashable=True),
    Typed(float, st.floats()),
    Typed(bool, st.booleans(), is_hashable=True),
    Typed(None, st.none(), is_hashable=True),
    Typed(bytes, st.binary(max_size=5), is_hashable=True),
    Typed(datetime, st.datetimes(), is_hashable=True),
    Typed(date, st.dates(), is_hashable=True),
    Typed(time, st.times()),
    Typed(timedelta, st.timedeltas(), is_hashable=True),
    Typed(Decimal, st.decimals(allow_nan=False)),
    Typed(UUID, st.uuids(), is_hashable=True),
    Typed(Colour, st.sampled_from(Colour), is_hashable=True),
    Typed(Literal["a", 1, False], st.sampled_from(["a", 1, False])),
    Typed(Any, PLAIN),
    Typed(dict, st.dictionaries(TEXT, PLAIN, max_size=3)),
]
HASHABLE = [one for one in SCALARS if one.is_hashable]
# Members of unions that are told apart by their classes.
UNION = [
    one
    for one in SCALARS
    if one.annotation not in (Any, dict) and isinstance(one.annotation, type | None)
]


def lists(item: Typed) -> Typed:
    return Typed(GenericAlias(list, item.annotation), st.lists(item.values, max_size=3))


def tuples(items: list[Typed]) -> Typed:
    annotation = GenericAlias(tuple, tuple(one.annotation for one in items))
    return Typed(annotation, st.tuples(*[one.values for one in items]))


def mappings(pair: tuple[Typed, Typed]) -> Typed:
    key, item = pair
    values = st.dictionaries(key.values, item.values, max_size=3)
    return Typed(GenericAlias(dict, (key.annotation, item.annotation)), values)


def sets(item: Typed) -> Typed:
    return Typed(GenericAlias(set, item.annotation), st.sets(item.values, max_size=3))


def optionals(item: Typed) -> Typed:
    return Typed(item.annotation | None, item.values | st.none())


def unions(members: list[Typed]) -> Typed:
    annotation = members[0].annotation
    for one in members[1:]:
        annotation = annotation | one.annotation
    values = st.one_of([one.values for one in members])
    # "NaN" and the like are strings, which are another member's then
    numbers = {float, int, bool, timedelta, None}
    if not {one.annotation for one in members} <= numbers:
        values = values.filter(lambda v: not isinstance(v, float) or math.isfinite(v))
    return Typed(annotation, values)


def classes(make: Callable[[list[Typed]], type]) -> Callable[[list[Typed]], Typed]:
    def typed(fields: list[Typed]) -> Typed:
        cls = make(fields)
        values = {f"f{n}": one.values for n, one in enumerate(fields)}
        return Typed(cls, st.builds(cls, **values))

    return typed


NUMBERS = itertools.count()


def make_dataclass(fields: list[Typed]) -> type:
    return dataclasses.make_dataclass(
        f"Data{next(NUMBERS)}",
        [(f"f{n}", one.annotation) for n, one in enumerate(fields)],
    )


def make_attrs_class(fields: list[Typed]) -> type:
    return attrs.make_class(
        f"Attrs{next(NUMBERS)}",
        {f"f{n}": attrs.field(type=one.annotation) for n, one in enumerate(fields)},
    )


def larger(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    some = st.lists(inner, max_size=3)
    classes_of_both_kinds = some.map(classes(make_dataclass)) | some.map(
        classes(make_attrs_class)
    )
    several = st.lists(
        st.sampled_from(UNION), min_size=2, max_size=4, unique_by=lambda t: t.annotation
    )
    keys = st.sampled_from(HASHABLE)
    return st.one_of(
        inner.map(lists),
        some.map(tuples),
        st.tuples(keys, inner).map(mappings),
        keys.map(sets),
        inner.filter(lambda one: one.annotation is not None).map(optionals),
        several.map(unions),
        st.tuples(classes_of_both_kinds, classes_of_both_kinds).map(
            lambda two: unions(list(two))
        ),
        classes_of_both_kinds,
    )


TYPES = st.recursive(st.sampled_from(SCALARS), larger, max_leaves=6)


@many
@given(st.data())
def test_every_message_comes_back(data: st.DataObject) -> None:
    """Whatever the class, its values come back equal, with either JSON library."""
    typed = data.draw(TYPES)
    value = data.draw(typed.values)
    standard = Codec(typed.annotation, json=STANDARD)
    fast = Codec(typed.annotation, json=fastest())
    for writer in (standard, fast):
        payload = writer.dumps(value)
        for reader in (standard, fast):
            found = reader.loads(payload)
            assert same(found, value)
            assert type(found) is type(value)


@many
@given(st.data())
def test_foreign_json_is_read_or_refused(data: st.DataObject) -> None:
    """JSON that was not made for a type is an error of ours, the same for both."""
    typed, payload = data.draw(TYPES), STANDARD.dumps(data.draw(PLAIN))
    results = []
    for library in (STANDARD, fastest()):
        try:
            results.append(repr(Codec(typed.annotation, json=library).loads(payload)))
        except SerializationError as exc:
            results.append(str(exc))
    assert results[0] == results[1]


@many
@given(st.data())
def test_foreign_values_are_written_or_refused(data: st.DataObject) -> None:
    """A value of another type is refused, or is written so that it can be read."""
    typed, other = data.draw(TYPES), data.draw(TYPES)
    value = data.draw(other.values)
    codec = Codec(typed.annotation)
    try:
        payload = codec.dumps(value)
    except SerializationError:
        return
    assert same(codec.loads(payload), value)
