"""The forms of collections, and of whatever JSON can say by itself.

The keys of a JSON object are strings. Keys that are always written as strings stand
there as they are, all others as the JSON text of what they are written as.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    Set as AbstractSet,
)
from math import isfinite
from types import NoneType
from typing import Any, Final

from ._form import (
    ARRAY,
    EVERYTHING,
    OBJECT,
    STRING,
    Form,
    Misfit,
    Write,
    at,
    expected,
)

Guard = Callable[[Write], Write]
"""Wraps a function that writes a container; sees to it that none contains itself."""

_LIST_OR_TUPLE: Final = (list, tuple)
_SET: Final = (set, frozenset)

_Container = tuple[tuple[type[Any], ...], Callable[[Any], Any] | None]
"""The classes of the values, and what the list or dict that was read is made into."""

SERIES: Final[dict[object, _Container]] = {
    list: ((list,), None),
    deque: ((deque,), deque),
    Sequence: (_LIST_OR_TUPLE, None),
    MutableSequence: ((list,), None),
    Collection: (_LIST_OR_TUPLE, None),
    Iterable: (_LIST_OR_TUPLE, None),
    tuple: ((tuple,), tuple),
    set: ((set,), set),
    frozenset: ((frozenset,), frozenset),
    AbstractSet: (_SET, frozenset),
    MutableSet: ((set,), set),
}
"""What is written as an array."""

MAPPINGS: Final[dict[object, _Container]] = {
    dict: ((dict,), None),
    OrderedDict: ((OrderedDict,), OrderedDict),
    Mapping: ((dict,), None),
    MutableMapping: ((dict,), None),
}
"""What is written as an object."""


def series_form(origin: object, item: Form) -> Form:
    """Return the form of a list, a set, or a tuple of any length."""
    classes, make = SERIES[origin]
    in_order = classes[0] not in _SET
    what = _names(classes)
    write_item, read_item = item.write, item.read

    def write(value: Any) -> list[Any]:
        if not issubclass(value.__class__, classes):
            raise expected(what, value)
        written: list[Any] = []
        try:
            for one in value:
                written.append(write_item(one))  # noqa: PERF401 - the length says where
        except Exception as exc:
            raise at(exc, f"[{len(written)}]") from None
        # A set has an order of its own in each process; its payload need not.
        return written if in_order else sorted(written, key=repr)

    def read(value: Any, _: object = None) -> Any:
        if value.__class__ is not list:
            raise expected("an array", value)
        found: list[Any] = []
        try:
            for one in value:
                found.append(read_item(one))  # noqa: PERF401 - the same
        except Exception as exc:
            raise at(exc, f"[{len(found)}]") from None
        return found if make is None else make(found)

    return Form(write, read, ARRAY, classes)


def tuple_form(items: Sequence[Form]) -> Form:
    """Return the form of a tuple whose places have types of their own."""
    what = f"an array of {len(items)}"

    def write(value: Any) -> list[Any]:
        if not issubclass(value.__class__, tuple) or len(value) != len(items):
            raise expected(f"a tuple of {len(items)}", value)
        written: list[Any] = []
        try:
            for item, one in zip(items, value, strict=True):
                written.append(item.write(one))
        except Exception as exc:
            raise at(exc, f"[{len(written)}]") from None
        return written

    def read(value: Any, _: object = None) -> tuple[Any, ...]:
        if value.__class__ is not list or len(value) != len(items):
            raise expected(what, value)
        found: list[Any] = []
        try:
            for item, one in zip(items, value, strict=True):
                found.append(item.read(one))
        except Exception as exc:
            raise at(exc, f"[{len(found)}]") from None
        return tuple(found)

    return Form(write, read, ARRAY, (tuple,))


def mapping_form(origin: object, key: Form, item: Form) -> Form:
    """Return the form of a dict."""
    classes, make = MAPPINGS[origin]
    what = _names(classes)
    as_text = key.kinds != STRING
    write_item, read_item = item.write, item.read

    def write(value: Any) -> dict[str, Any]:
        if not issubclass(value.__class__, classes):
            raise expected(what, value)
        written: dict[str, Any] = {}
        name: Any = None
        try:
            for name, one in value.items():
                text = key.write(name)
                if as_text:
                    text = json.dumps(text, separators=(",", ":"))
                written[text] = write_item(one)
        except Exception as exc:
            raise at(exc, f"[{name!r}]") from None
        return written

    def read(value: Any, _: object = None) -> Any:
        if value.__class__ is not dict:
            raise expected("an object", value)
        found: dict[Any, Any] = {}
        text = ""
        try:
            for text, one in value.items():
                name = key.read(json.loads(text) if as_text else text)
                found[name] = read_item(one)
        except Exception as exc:
            raise at(exc, f"[{text!r}]") from None
        return found if make is None else make(found)

    return Form(write, read, OBJECT, classes)


def plain_form(guard: Guard, *, refuse_big_floats: bool) -> Form:
    """Return the form of a place without a type: it holds what JSON can say.

    Everything else is refused, since nothing would tell the reader what it was.

    Args:
        guard: Applied to what writes lists and dicts.
        refuse_big_floats: Do not believe that a float is one if it may be an integer
            too long for the parser.
    """

    def write(value: Any) -> Any:
        cls = value.__class__
        if cls in (str, bool, int, NoneType) or (cls is float and isfinite(value)):
            return value
        if cls is list or cls is dict:
            return write_container(value)
        reason = (
            f"{cls.__name__} {value!r:.60} has no type here and is no plain JSON; "
            "annotate the place with its type"
        )
        raise Misfit(reason)

    @guard
    def write_container(value: Any) -> Any:
        is_dict = value.__class__ is dict
        step: Any = None
        try:
            for step, one in value.items() if is_dict else enumerate(value):
                if is_dict and step.__class__ is not str:
                    raise expected("a string as a key without a type", step)
                write(one)
        except Exception as exc:
            raise at(exc, f"[{step!r}]") from None
        return value

    def read(value: Any, _: object = None) -> Any:
        if value.__class__ is float and not -_BIG < value < _BIG:
            raise expected("a float", value)
        if value.__class__ is list:
            for one in value:
                read(one)
        elif value.__class__ is dict:
            for one in value.values():
                read(one)
        return value

    def believe(value: Any, _: object = None) -> Any:
        return value

    return Form(write, read if refuse_big_floats else believe, EVERYTHING, (object,))


_BIG: Final = 2.0**63


def _names(classes: tuple[type, ...]) -> str:
    return " or ".join(f"a {cls.__name__}" for cls in classes)
