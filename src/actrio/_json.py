"""JSON that gives back what it was given.

The rule is that what is read equals what was written. JSON alone would turn tuples into
lists and all keys into strings without a word, so a value is encoded, decoded again and
compared, all of it in C. Only if they differ does `_find_fault` look for the reason.
"""

from __future__ import annotations

import json
import math
from reprlib import repr as short_repr
from typing import Any, Final, cast

RULE: Final = "dict with str keys, list, str, int, finite float, bool and None"
"""What a value may be made of, for messages."""
_LEVELS: Final = 1000
_quote: Final = json.encoder.encode_basestring_ascii
# made once: dumps() and loads() make these, or look for what is not there, in each call
_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_decode: Final = json.JSONDecoder().decode


class NotJson(ValueError):
    """A value would not come back equal."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(f"{path} {fault}")
        self.path = path
        self.fault = fault


def encode(value: object, name: str) -> str:
    """Return a value as text; it came out of user code, so it may be anything.

    Args:
        value: The value.
        name: What the value is called in an error.

    Raises:
        NotJson: If `decode` would not give back an equal value.
    """
    try:
        text = _encode(value)
        if _decode(text) == value:
            return text
    except (TypeError, ValueError, RecursionError):
        pass  # said better below
    raise NotJson(*_find_fault(value, name))


def quote(text: str) -> str:
    """Return a str as `encode` does, which is quick and finds no fault.

    Raises:
        TypeError: If it is no str.
    """
    return _quote(text)


def decode(text: str | bytes) -> Any:
    """Return the value that `encode` was given."""
    return _decode(text if isinstance(text, str) else text.decode())


def is_a(value: object) -> str:
    """Say what a value is, as the end of a sentence about it."""
    try:
        shown = short_repr(value)
    except ValueError:  # there is an int with too many digits in it
        shown = "..."
    return f"is a {type(value).__name__}, {shown}"


def _find_fault(value: object, name: str) -> tuple[str, str]:
    """Say where a value breaks the rule, and how."""
    todo: list[tuple[str, object, int]] = [(name, value, 0)]
    level = 0
    while todo and level < _LEVELS:
        path, value, level = todo.pop()
        fault = _fault_of(value)
        if fault is not None:
            return path, fault
        inside = _members(path, value)
        todo += [(path, member, level + 1) for path, member in reversed(inside)]
    return name, "is nested too deeply, or contains itself"


def _members(path: str, value: object) -> list[tuple[str, object]]:
    """What a value holds, and where."""
    if isinstance(value, dict):
        members = cast("dict[object, object]", value).items()
        return [(f"{path}[{key!r}]", member) for key, member in members]
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [(f"{path}[{index}]", item) for index, item in enumerate(items)]
    return []


def _fault_of(value: object) -> str | None:
    """Say what is wrong with one value, not with what it holds."""
    match value:
        case dict():
            for key in cast("dict[object, object]", value):
                if not isinstance(key, str):
                    return f"has the key {short_repr(key)}"
        case float() if not math.isfinite(value):
            return f"is {value}"
        case int():
            try:
                str(value)
            except ValueError:
                return "is an int with too many digits"
        case list() | str() | float() | None:
            pass
        case _:
            return is_a(value)
    return None
