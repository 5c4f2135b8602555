"""The forms of single values: numbers, texts, times, enums and the like.

What JSON has no word for is a string: bytes in base64, times in ISO 8601, and the floats
that are no numbers by their JavaScript names. A ``timedelta`` is a whole number of
microseconds, because a float would lose some of them.
"""

from __future__ import annotations

import operator
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args
from uuid import UUID

from ..identity import AgentId
from ._form import (
    BOOLEAN,
    INTEGER,
    KINDS,
    NULL,
    REAL,
    STRING,
    Form,
    Misfit,
    expected,
)
from ._names import described

_MICROSECOND: Final = timedelta(microseconds=1)
_NOT_NUMBERS: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_FLOATS: Final = {name: float(text) for text, name in _NOT_NUMBERS.items()}


def _write_str(value: Any) -> str:
    if value.__class__ is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    raise expected("a string", value)


def _read_str(value: Any, _: object = None) -> str:
    if value.__class__ is str:
        return value
    raise expected("a string", value)


def _write_int(value: Any) -> int:
    if value.__class__ is int:
        return value
    if isinstance(value, int):
        return operator.index(value) + 0
    raise expected("an integer", value)


def _read_int(value: Any, _: object = None) -> int:
    if value.__class__ is int:
        return value
    raise expected("an integer", value)


def _write_float(value: Any) -> float | str:
    if value.__class__ is float:
        # False for infinities as well as for nan
        return value if value - value == 0 else _NOT_NUMBERS[str(value)]
    if isinstance(value, int | float):
        return _write_float(float(value))
    raise expected("a number", value)


def _read_float(value: Any, _: object = None) -> float:
    if value.__class__ is float:
        return value
    if value.__class__ is int:
        return float(value)
    if value.__class__ is str and value in _FLOATS:
        return _FLOATS[value]
    raise expected("a number", value)


def _write_bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise expected("true or false", value)


def _read_bool(value: Any, _: object = None) -> bool:
    return _write_bool(value)


def _write_none(value: Any) -> None:
    if value is not None:
        raise expected("null", value)


def _read_none(value: Any, _: object = None) -> None:
    _write_none(value)


def _text_form(
    cls: type[Any],
    what: str,
    to_text: Callable[[Any], str],
    from_text: Callable[[str], Any],
    *,
    never: tuple[type, ...] = (),
) -> Form:
    """Return the form of a class whose values are written as strings."""

    def write(value: Any) -> str:
        if isinstance(value, cls) and not isinstance(value, never):
            return to_text(value)
        raise expected(what, value)

    def read(value: Any, _: object = None) -> Any:
        if value.__class__ is str:
            try:
                return from_text(value)
            except (ValueError, ArithmeticError):
                pass
        raise expected(what, value)

    return Form(write, read, STRING, (cls,))


def _write_timedelta(value: Any) -> int:
    if isinstance(value, timedelta):
        return value // _MICROSECOND
    raise expected("a timedelta", value)


def _read_timedelta(value: Any, _: object = None) -> timedelta:
    if value.__class__ is int:
        try:
            return value * _MICROSECOND
        except OverflowError:
            pass
    raise expected("a number of microseconds", value)


SCALARS: Final[Mapping[object, Form]] = {
    str: Form(_write_str, _read_str, STRING, (str,)),
    int: Form(_write_int, _read_int, INTEGER, (int,)),
    float: Form(_write_float, _read_float, REAL, (float,)),
    bool: Form(_write_bool, _read_bool, BOOLEAN, (bool,)),
    None: Form(_write_none, _read_none, NULL, (NoneType,)),
    NoneType: Form(_write_none, _read_none, NULL, (NoneType,)),
    timedelta: Form(_write_timedelta, _read_timedelta, INTEGER, (timedelta,)),
    bytes: _text_form(
        bytes,
        "bytes in base64",
        lambda value: b64encode(value).decode(),
        lambda text: b64decode(text, validate=True),
    ),
    datetime: _text_form(
        datetime,
        "a date and time in ISO 8601",
        datetime.isoformat,
        datetime.fromisoformat,
    ),
    date: _text_form(
        date,
        "a date in ISO 8601",
        date.isoformat,
        date.fromisoformat,
        never=(datetime,),
    ),
    time: _text_form(time, "a time in ISO 8601", time.isoformat, time.fromisoformat),
    Decimal: _text_form(Decimal, "a decimal number", str, Decimal),
    UUID: _text_form(UUID, "a UUID", str, UUID),
    Path: _text_form(Path, "a path", str, Path),
    AgentId: _text_form(AgentId, "an agent id, type/key", str, AgentId.from_str),
}


def is_enum(cls: Any) -> bool:
    """Say whether this is an enum."""
    return isinstance(cls, type) and issubclass(cls, Enum)


def enum_form(cls: type[Enum]) -> Form:
    """Return the form of an enum: its values if they are texts or integers, else names."""
    if issubclass(cls, Flag):
        return _flag_form(cls)
    by_value = all(member.value.__class__ in (str, int) for member in cls)
    pairs: list[tuple[object, Any]] = [
        (member, member.value if by_value else member.name) for member in cls
    ]
    return _choice_form(described(cls), pairs, (cls,))


def literal_form(annotation: object) -> Form:
    """Return the form of a ``Literal``.

    Raises:
        Misfit: If two of its values would look the same.
    """
    pairs: list[tuple[object, Any]] = []
    for value in get_args(annotation):
        form = SCALARS.get(value.__class__) or enum_form(value.__class__)
        pairs.append((value, form.write(value)))
    classes = tuple(dict.fromkeys(type(value) for value, _ in pairs))
    return _choice_form(described(annotation), pairs, classes)


def _flag_form(cls: type[Any]) -> Form:
    what = f"flags of {described(cls)}"

    def write(value: Any) -> int:
        if isinstance(value, cls):
            return int(value.value)
        raise expected(what, value)

    def read(value: Any, _: object = None) -> Any:
        if value.__class__ is int:
            with suppress(ValueError):
                flags = cls(value)
                if flags.value == value:  # or Python has dropped some of them
                    return flags
        raise expected(what, value)

    return Form(write, read, INTEGER, (cls,))


def _choice_form(
    name: str, pairs: list[tuple[object, Any]], classes: tuple[type, ...]
) -> Form:
    """Return the form of a few values, given with their JSON."""
    # With their classes, since True equals 1.
    written = {(value.__class__, value): json for value, json in pairs}
    values = {(json.__class__, json): value for value, json in pairs}
    if len(values) < len(written):
        message = f"{name}: two of its values look the same as JSON; use one of them"
        raise Misfit(message)
    what = " or ".join([repr(json) for _, json in pairs][:8])

    def write(value: Any) -> Any:
        try:
            return written[value.__class__, value]
        except (KeyError, TypeError):
            raise expected(name, value) from None

    def read(value: Any, _: object = None) -> Any:
        try:
            return values[value.__class__, value]
        except (KeyError, TypeError):
            raise expected(what, value) from None

    kinds = frozenset(KINDS[json.__class__] for _, json in pairs)
    return Form(write, read, kinds, classes)
