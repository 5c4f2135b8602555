"""The asynchronous face of a table: when its methods run, and who may call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from .._concurrency import Host, Worker, current_host
from ..abc import StoredState
from ..exceptions import StateStoreClosed
from ._codec import check_key, check_keys, check_prefix, decode, encode_all
from ._table import Row, Table, expecting

T = TypeVar("T")


class TableStore:
    """A state store whose states lie in a table. The methods are `StateStore`'s."""

    def __init__(
        self,
        name: str,
        open_worker: Callable[[Host], Worker],
        open_table: Callable[[], Table],
    ) -> None:
        self._name = name
        self._open_worker = open_worker
        self._open_table = open_table
        self._host: Host | None = None
        """Where the store is open, or is being opened."""
        self._worker: Worker | None = None
        """What calls the table; None while callers may not."""
        self._table: Table | None = None
        """Touched by the worker only."""

    def __repr__(self) -> str:
        return f"<{self._name}: {'closed' if self._worker is None else 'open'}>"

    async def __aenter__(self) -> Self:
        """Open the store; see `StateStore`."""
        if self._host is not None:
            message = f"{self._name} is open already; share it, or make another"
            raise RuntimeError(message)
        self._host = current_host()
        worker = self._open_worker(self._host)
        try:
            await worker.run(self._open)
        except BaseException:
            await worker.finish(self._close)
            self._host = None
            raise
        self._worker = worker
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Close the store, after the calls that were made before."""
        worker, self._worker = self._worker, None
        assert worker is not None
        try:
            await worker.finish(self._close)
        finally:
            self._host = None

    async def load(self, key: str) -> StoredState | None:
        """Return what is stored under one key, or None; see `StateStore.load`."""
        check_key(key)
        return await self._run(lambda table: _stored(table.read(key)))

    async def load_all(self, prefix: str = "") -> dict[str, StoredState]:
        """Return the states of many keys; see `StateStore.load_all`."""
        check_prefix(prefix)
        return await self._run(
            lambda table: {row.key: _stored(row) for row in table.read_all(prefix)}
        )

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys in order; see `StateStore.keys`."""
        check_prefix(prefix)
        return await self._run(lambda table: table.keys(prefix))

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        """Store one state and return its version; see `StateStore.save`."""
        return await self._write({key: state}, expecting(key, expected_version))

    async def save_all(
        self,
        states: Mapping[str, Mapping[str, Any] | None],
        *,
        expected_versions: Mapping[str, int] | None = None,
    ) -> int:
        """Store several states in one step; see `StateStore.save_all`."""
        return await self._write(states, expected_versions or {})

    async def delete(self, key: str, *, expected_version: int | None = None) -> None:
        """Forget what is stored under one key; see `StateStore.delete`."""
        await self._write({key: None}, expecting(key, expected_version))

    async def _write(
        self,
        states: Mapping[str, Mapping[str, Any] | None],
        expected: Mapping[str, int],
    ) -> int:
        changes, versions = encode_all(states), check_keys(expected)
        return await self._run(lambda table: table.write(changes, versions))

    async def _run(self, call: Callable[[Table], T]) -> T:
        """Call a method of the table, in its turn."""
        host, worker = self._host, self._worker
        if host is None or worker is None:
            message = f"{self._name} is not open; use it inside 'async with store:'"
            raise StateStoreClosed(message)
        if not host.is_current():
            message = (
                f"{self._name} is open in another event loop or thread; use it there, "
                "or close it first"
            )
            raise StateStoreClosed(message)

        def function() -> T:
            assert self._table is not None  # closing it comes after all calls
            return call(self._table)

        return await worker.run(function)

    def _open(self) -> None:
        self._table = self._open_table()

    def _close(self) -> None:
        table, self._table = self._table, None
        if table is not None:
            table.close()


@overload
def _stored(row: Row) -> StoredState: ...
@overload
def _stored(row: None) -> None: ...
def _stored(row: Row | None) -> StoredState | None:
    """Return a row as what callers know."""
    return None if row is None else StoredState(row.key, decode(row.text), row.version)
