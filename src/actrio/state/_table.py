"""What a store is made of: rows that are read and written without waiting.

A table is plain synchronous code and knows neither tasks nor states, only text. Its
`Table.write` is where it is decided whether a save happens; `_store` decides when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import attrs

from ..exceptions import StateConflict


@attrs.frozen
class Row:
    """One state, as text."""

    key: str
    version: int
    text: str


class Table(Protocol):
    """Rows by key. Every method is one step: it happens entirely or raises."""

    def close(self) -> None:
        """Let go of everything; the last call."""
        ...

    def read(self, key: str) -> Row | None:
        """Return one row, or None."""
        ...

    def read_all(self, prefix: str) -> list[Row]:
        """Return the rows whose keys begin with ``prefix``, in the order of keys."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with ``prefix``, in order."""
        ...

    def write(
        self, changes: Mapping[str, str | None], expected: Mapping[str, int]
    ) -> int:
        """Put texts under keys, delete the keys without one, and return the version.

        Raises:
            StateConflict: If a key has another version than expected.
        """
        ...


def check_versions(expected: Mapping[str, int], version: Callable[[str], int]) -> None:
    """Compare the versions that a caller expects with those that there are.

    Raises:
        StateConflict: For the first that differs.
    """
    for key, wanted in expected.items():
        found = version(key)
        if found != wanted:
            raise conflict(key, wanted, found)


def checked_seconds(give_up_after: float) -> float:
    """Return the seconds after which a store gives up.

    Raises:
        ValueError: If they are not from 0 to 1,000,000.
    """
    if not 0 <= give_up_after <= 1_000_000:
        message = f"give_up_after={give_up_after!r} must be from 0 to 1,000,000 seconds"
        raise ValueError(message)
    return give_up_after


def expecting(key: str, version: int | None) -> Mapping[str, int]:
    """Return the versions that a caller expects, if he expects one."""
    return {} if version is None else {key: version}


def conflict(key: str, wanted: int, found: int) -> StateConflict:
    """Make the error for a version that was not expected."""
    message = (
        f"{key!r} has version {found}, not {wanted} as expected: somebody else "
        "saved or deleted it; load it again and decide anew"
    )
    return StateConflict(message, key, wanted, found)
