"""A state store in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from .._concurrency import Host
from ._store import TableStore
from ._table import Row, check_versions

T = TypeVar("T")


class MemoryStateStore(TableStore):
    """Keeps states in memory, as text, under the rules of every `StateStore`.

    They outlive ``async with`` but not the object: closing and opening the store again
    is to a test what restarting the program is to a file.
    """

    def __init__(self) -> None:
        table = _MemoryTable()
        super().__init__("MemoryStateStore()", _NoThread, lambda: table)


class _MemoryTable:
    """See `Table`."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._last_version = 0

    def close(self) -> None:
        pass

    def read(self, key: str) -> Row | None:
        return self._rows.get(key)

    def read_all(self, prefix: str) -> list[Row]:
        return [self._rows[key] for key in self.keys(prefix)]

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self._rows if key.startswith(prefix))

    def write(
        self, changes: Mapping[str, str | None], expected: Mapping[str, int]
    ) -> int:
        check_versions(expected, self._version)
        self._last_version += 1
        for key, text in changes.items():
            if text is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = Row(key, self._last_version, text)
        return self._last_version

    def _version(self, key: str) -> int:
        row = self._rows.get(key)
        return 0 if row is None else row.version


class _NoThread:
    """A worker for what does not block: it is called where it stands."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def run(self, function: Callable[[], T]) -> T:
        await self._host.checkpoint()
        return function()

    async def finish(self, function: Callable[[], object]) -> None:
        function()
