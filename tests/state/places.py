"""Where the states of a test lie, in memory or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from actrio.state import MemoryStateStore, SqliteStateStore, StateStore

Kind = Literal["memory", "sqlite"]
KINDS: list[Kind] = ["memory", "sqlite"]


class Place:
    """Makes stores that share their states, as the starts of one program do."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self._path = folder / "states.db"
        self._in_memory = MemoryStateStore()

    def store(self) -> StateStore:
        """A store for this place, not open."""
        return (
            self._in_memory if self.kind == "memory" else SqliteStateStore(self._path)
        )
