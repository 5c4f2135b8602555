"""JSON text: orjson if it is installed, else the standard library.

The standard library defines what a text means. orjson is a short cut: what it refuses
(integers of more than 64 bits, lone surrogates, deep nesting) is given to the standard
library, and where it would read an integer as a float the forms refuse the float.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import attrs


@attrs.frozen
class Json:
    """A pair of functions that write and read JSON text."""

    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]


def _dumps(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


def _loads(payload: bytes) -> object:
    value: object = _DECODER.decode(payload.decode())
    return value


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON value"
    raise ValueError(message)


# What the forms write is a tree, so the encoder need not look for circles.
_ENCODER = json.JSONEncoder(
    separators=(",", ":"), allow_nan=False, check_circular=False
)
_DECODER = json.JSONDecoder(parse_constant=_no_constant)

STANDARD = Json(_dumps, _loads)


@cache
def fastest() -> Json:
    """Return orjson's functions if it is installed."""
    try:
        import orjson
    except ImportError:
        return STANDARD
    return Json(orjson.dumps, orjson.loads)
