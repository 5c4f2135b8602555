"""Messages as text: what traces and event records say of a message."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from typing import Any, Final

import attrs

UNSERIALIZABLE: Final = "Message could not be serialized"


def as_json(message: object) -> str:
    """Return a message as JSON, or a sentence that says it cannot be."""
    try:
        return json.dumps(_plain(message))
    except Exception:  # noqa: BLE001 - whatever a message does when it is looked at
        return UNSERIALIZABLE


def _plain(message: object) -> object:
    value: Any = message
    if attrs.has(type(message)):
        return attrs.asdict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(mode="json")
