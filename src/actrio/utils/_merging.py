"""Several JSON schemas that must all hold, as one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..exceptions import UnsupportedKeywordError

__all__ = ["merged"]

Schema = Mapping[str, Any]

_STRICTER: Final = {
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "minItems": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
    "maxItems": min,
}


def merged(parts: Sequence[Schema], where: str) -> dict[str, Any]:
    """Return one schema for what fits all of them.

    Of two limits the stricter one holds, of two words for people the later one.

    Raises:
        UnsupportedKeywordError: If nothing fits, or no single schema says it.
    """
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            found[key] = _both(key, found[key], value, where) if key in found else value
    return found


def _both(key: str, one: Any, other: Any, where: str) -> Any:
    if one == other:
        return one
    if key in {"properties", "$defs", "definitions"}:
        common = {
            name: _property(one[name], other[name]) for name in one if name in other
        }
        return {**one, **other, **common}
    if key == "required":
        return list(dict.fromkeys([*one, *other]))
    if key in _STRICTER:
        return _STRICTER[key](one, other)
    if key in {"type", "const"}:
        message = f"allOf of {where} asks for {key} {one!r} and {other!r}, and nothing is both"
        raise UnsupportedKeywordError(message)
    if key == "enum":
        return [value for value in one if value in other]
    if key == "additionalProperties":
        return False if False in (one, other) else other
    return other


def _property(one: Any, other: Any) -> Any:
    return one if one == other else {"allOf": [one, other]}
