"""Messages as text: what traces and event records say of a message."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, Final

import attrs

_LEAVES: Final = frozenset((str, int, float, bool, NoneType))

UNSERIALIZABLE: Final = "Message could not be serialized"


def as_json(message: object) -> str:
    """Return a message as JSON, or a sentence that says it cannot be."""
    try:
        return json.dumps(_plain(message))
    except Exception:  # noqa: BLE001 - whatever a message does when it is looked at
        return UNSERIALIZABLE


@lru_cache(256)
def _names(dataclass: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(dataclass))


def _plain(message: object) -> object:
    value: Any = message
    if type(message) in _LEAVES:
        return message
    if attrs.has(type(message)):
        return attrs.asdict(value)
    if is_dataclass(value) and not isinstance(value, type):
        flat = {name: getattr(value, name) for name in _names(type(value))}
        # asdict() copies deeply, which takes several times as long
        is_flat = _LEAVES.issuperset(map(type, flat.values()))
        return flat if is_flat else asdict(value)
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(mode="json")
