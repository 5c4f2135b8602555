"""Where the states of a test lie: in memory, in a file, or in a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any, Literal

from actrio.state import (
    MemoryStateStore,
    RedisStateStore,
    SqliteStateStore,
    StateStore,
)
from actrio.testing import CancelPoint, RedisServer, sweep

Kind = Literal["memory", "sqlite", "redis"]
KINDS: list[Kind] = ["memory", "sqlite", "redis"]
next_prefix = map("test-{}".format, count()).__next__
"""Return a prefix that no other test has."""


class Place:
    """Makes stores that share their states, as the starts of one program do."""

    def __init__(self, kind: Kind, folder: Path, server: RedisServer | None) -> None:
        self.kind = kind
        self._path = folder / "states.db"
        self._in_memory = MemoryStateStore()
        self._url = "" if server is None else server.url
        self._prefix = next_prefix()

    @property
    def has_virtual_time(self) -> bool:
        """Whether nothing outside the process has to be waited for."""
        return self.kind != "redis"

    def sweep(
        self, scenario: Callable[[CancelPoint], Awaitable[object]], **options: Any
    ) -> int:
        """Cancel an operation at every point."""
        return sweep(scenario, virtual_time=self.has_virtual_time, **options)

    def store(self) -> StateStore:
        """A store for this place, not open."""
        match self.kind:
            case "memory":
                return self._in_memory
            case "sqlite":
                return SqliteStateStore(self._path)
            case "redis":
                return RedisStateStore(self._url, prefix=self._prefix)
