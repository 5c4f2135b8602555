"""What a form is, and how errors learn their path.

The *form* of a type says how its values look as JSON: what writes them, what reads them,
and what a union has to know to tell them from others. Whatever goes wrong inside is a
`Misfit`; on its way up each level adds one step, so that it arrives with its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final

import attrs

Write = Callable[[Any], Any]
Read = Callable[..., Any]
"""Takes the JSON value; cattrs adds the type as a second argument."""

STRING: Final = frozenset({"string"})
INTEGER: Final = frozenset({"integer"})
REAL: Final = frozenset({"real"})
BOOLEAN: Final = frozenset({"boolean"})
NULL: Final = frozenset({"null"})
ARRAY: Final = frozenset({"array"})
OBJECT: Final = frozenset({"object"})
EVERYTHING: Final = STRING | INTEGER | REAL | BOOLEAN | NULL | ARRAY | OBJECT

KINDS: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "real",
    bool: "boolean",
    NoneType: "null",
    list: "array",
    dict: "object",
}
"""The kind of JSON that an object of a class is."""

SHOWN_STEPS: Final = 8


@attrs.frozen
class Form:
    """How the values of one type look as JSON."""

    write: Write
    """Returns the JSON of a value; raises `Misfit` if it is none of this type."""
    read: Read
    """Returns the value of a JSON; raises `Misfit` if it does not fit."""
    kinds: frozenset[str]
    """The kinds of JSON that ``write`` may return."""
    classes: tuple[type, ...]
    """The classes of the values; object for any."""


class Misfit(Exception):
    """Something does not fit its type.

    ``steps`` lead to it, the innermost first; ``origin`` is what user code raised.
    """

    def __init__(self, reason: str, origin: Exception | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.origin = origin
        self.steps: list[str] = []

    @property
    def path(self) -> str:
        """The steps from the outside in; the middle of a very long path left out."""
        steps = self.steps[::-1]
        if len(steps) > 2 * SHOWN_STEPS:
            left_out = len(steps) - 2 * SHOWN_STEPS
            steps[SHOWN_STEPS:-SHOWN_STEPS] = [f" … {left_out} more … "]
        return "".join(steps)


def at(exc: Exception, step: str) -> Misfit:
    """Return the error with one more step; made from what user code raised, perhaps."""
    misfit = exc if isinstance(exc, Misfit) else _explained(exc)
    misfit.steps.append(step)
    return misfit


def _explained(exc: Exception) -> Misfit:
    if isinstance(exc, RecursionError):
        reason = "nested too deeply; send flat lists instead of long chains"
    else:
        reason = f"{type(exc).__name__}: {exc}"
    return Misfit(reason, exc)


def expected(what: str, value: object) -> Misfit:
    """Return the error for a value that is not what it should be."""
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return Misfit(f"expected {what}, got {shown}")
