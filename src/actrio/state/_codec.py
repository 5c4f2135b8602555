"""How a state becomes text and comes back, and what may be a key.

The rule is that what is loaded equals what was saved. JSON alone would turn tuples into
lists and all keys into strings without a word, so a state is encoded, decoded again and
compared, all of it in C. Only if they differ does `_find_fault` look for the reason.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Any, Final, cast

from ..exceptions import StateKeyInvalid, StateNotStorable

_KEY_BYTES: Final = 1024
_LEVELS: Final = 1000
_RULE: Final = (
    "a state is made of dict with str keys, list, str, int, finite float, bool and "
    "None; convert the rest in save_state()"
)


def check_key(key: str) -> str:
    """Return a key that may be used.

    Raises:
        StateKeyInvalid: If it may not.
    """
    return _check_text(key, "key", at_least=1)


def check_prefix(prefix: str) -> str:
    """Return a prefix of keys, which may be empty.

    Raises:
        StateKeyInvalid: If no key can begin with it.
    """
    return _check_text(prefix, "prefix", at_least=0)


def _check_text(text: object, name: str, *, at_least: int) -> str:
    if not isinstance(text, str):
        message = f"{name} {short_repr(text)} must be a str; write str(agent_id)"
        raise StateKeyInvalid(message, text)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = -1
    if not at_least <= size <= _KEY_BYTES:
        message = (
            f"{name} {short_repr(text)} must be {at_least} to {_KEY_BYTES} bytes of "
            "UTF-8; use a shorter name or a hash of it"
        )
        raise StateKeyInvalid(message, text)
    return text


def encode(key: str, state: object) -> str:
    """Return a state as text. It came out of user code, so it may be anything.

    Raises:
        StateNotStorable: If `decode` would not give back an equal state.
    """
    plain = state
    if isinstance(state, Mapping):
        plain = dict(cast("Mapping[object, object]", state))
    try:
        text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
        if text.startswith("{") and json.loads(text) == plain:
            return text
    except (TypeError, ValueError, RecursionError):
        pass  # said better below
    path, fault = _find_fault(plain)
    message = f"the state of {key!r} cannot be stored: {path} {fault}; {_RULE}"
    raise StateNotStorable(message, key, path)


def decode(text: str) -> dict[str, Any]:
    """Return the state that `encode` was given."""
    state: dict[str, Any] = json.loads(text)
    return state


def _find_fault(state: object) -> tuple[str, str]:
    """Say where a state breaks the rule, and how."""
    if not isinstance(state, dict):
        return "state", _is_a(state)
    todo: list[tuple[str, object, int]] = [("state", cast("object", state), 0)]
    level = 0
    while todo and level < _LEVELS:
        path, value, level = todo.pop()
        fault = _fault_of(value)
        if fault is not None:
            return path, fault
        inside = _members(path, value)
        todo += [(path, member, level + 1) for path, member in reversed(inside)]
    return "state", "is nested too deeply, or contains itself"


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
            return _is_a(value)
    return None


def _is_a(value: object) -> str:
    try:
        shown = short_repr(value)
    except ValueError:  # there is an int with too many digits in it
        shown = "..."
    return f"is a {type(value).__name__}, {shown}"
