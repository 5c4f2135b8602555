"""The table of `SqliteStateStore`: everything that knows SQL, and nothing that waits.

- The file says what it is: an ``application_id`` of our own, and the number of its
  format as ``user_version``. A file that is something else is left alone.
- Versions come from one counter in the file, which only grows; so a key that is
  deleted and saved anew never gets a version twice, and no tombstones are kept.
- Writing takes the lock first (``BEGIN IMMEDIATE``), so that the versions compared are
  those that are replaced.
- A checksum over key, version and text tells a damaged row from a true one; SQLite
  itself checks only the shape of its pages.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import takewhile
from typing import Any, Final, cast
from zlib import crc32

from ..exceptions import (
    StateStoreCorrupt,
    StateStoreError,
    StateStoreFull,
    StateStoreLocked,
    StateStoreReadOnly,
    StateStoreTooNew,
)
from ._table import Row, check_versions

_APPLICATION: Final = int.from_bytes(b"actr")
_FORMAT: Final = 1
_SCHEMA: Final = (
    """CREATE TABLE state (
        key TEXT PRIMARY KEY NOT NULL,
        version INTEGER NOT NULL,
        text TEXT NOT NULL,
        checksum INTEGER NOT NULL
    )""",
    "CREATE TABLE counter (version INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (0)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_FORMAT}",
)


def open_file(path: str, give_up_after: float) -> SqliteTable:
    """Open a file, and make it a state store if it is empty."""
    with _errors_of(path, give_up_after):
        connection = sqlite3.connect(
            path,
            timeout=give_up_after,
            isolation_level=None,  # transactions are ours to begin
            check_same_thread=False,  # threads take turns, see `Worker`
        )
        table = SqliteTable(path, give_up_after, connection)
        try:
            table.prepare()
        except BaseException:
            connection.close()
            raise
        return table


class SqliteTable:
    """See `Table`."""

    def __init__(
        self, path: str, give_up_after: float, connection: sqlite3.Connection
    ) -> None:
        self._path = path
        self._give_up_after = give_up_after
        self._connection = connection
        connection.text_factory = _lenient

    def prepare(self) -> None:
        """See what the file is, and make it a state store if it is nothing yet."""
        # NORMAL would keep states whole, but lose the last saves with the power
        self._connection.execute("PRAGMA synchronous = FULL")
        is_ours = self._is_ours()
        (journal,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if journal != "wal":
            message = (
                f"{self._path!r} cannot be written ahead of, its journal is {journal!r}; "
                "put the file on a local disk, or use MemoryStateStore"
            )
            raise StateStoreError(message)
        if not is_ours:
            with self._transaction("BEGIN IMMEDIATE"):
                if not self._is_ours():  # nobody else was faster
                    for statement in _SCHEMA:
                        self._connection.execute(statement)

    def _is_ours(self) -> bool:
        """Say whether the file is a state store; it is not if it is empty.

        Raises:
            StateStoreCorrupt: If it is something else.
            StateStoreTooNew: If it is one of a later format.
        """
        application, file_format, tables = self._connection.execute(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_application_id, pragma_user_version"
        ).fetchone()
        if application == _APPLICATION and file_format > _FORMAT:
            message = (
                f"{self._path!r} has format {file_format}, this version of actrio knows "
                f"formats up to {_FORMAT}; upgrade actrio"
            )
            raise StateStoreTooNew(message)
        if application == _APPLICATION:
            return True
        if application or file_format or tables:
            message = (
                f"{self._path!r} is a database of something else; give the state store "
                "a file of its own"
            )
            raise StateStoreCorrupt(message)
        return False

    def close(self) -> None:
        self._connection.close()

    def read(self, key: str) -> Row | None:
        with self._errors():
            query = "SELECT * FROM state WHERE key = ?"
            row = self._connection.execute(query, (key,)).fetchone()
        return None if row is None else self._checked(row)

    def read_all(self, prefix: str) -> list[Row]:
        return [self._checked(row) for row in self._select("*", prefix)]

    def keys(self, prefix: str) -> list[str]:
        return [key for (key,) in self._select("key", prefix)]

    def write(
        self, changes: Mapping[str, str | None], expected: Mapping[str, int]
    ) -> int:
        execute = self._connection.execute
        with self._errors(), self._transaction("BEGIN IMMEDIATE"):
            check_versions(expected, self._version)
            version = self._count()
            for key, text in changes.items():
                if text is None:
                    execute("DELETE FROM state WHERE key = ?", (key,))
                else:
                    row = (key, version, text, _checksum(key, version, text))
                    execute("REPLACE INTO state VALUES (?, ?, ?, ?)", row)
        return version

    def _count(self) -> int:
        """Take the next version."""
        self._connection.execute("UPDATE counter SET version = version + 1")
        row = self._connection.execute("SELECT version FROM counter").fetchone()
        if row is None:
            message = (
                f"{self._path!r} has lost its counter of versions; restore the file from "
                "a copy, or use a new one"
            )
            raise StateStoreCorrupt(message)
        return cast("int", row[0])

    def _version(self, key: str) -> int:
        query = "SELECT version FROM state WHERE key = ?"
        row = self._connection.execute(query, (key,)).fetchone()
        return 0 if row is None else cast("int", row[0])

    def _select(self, columns: str, prefix: str) -> list[tuple[Any, ...]]:
        """Return the rows whose keys begin with ``prefix``, in one statement."""
        query = f"SELECT {columns} FROM state WHERE key >= ? ORDER BY key"  # noqa: S608 - our own words
        with self._errors():
            # an open cursor would hold its snapshot, and the log could only grow
            with closing(self._connection.execute(query, (prefix,))) as rows:
                return list(takewhile(lambda row: row[0].startswith(prefix), rows))

    def _checked(self, row: tuple[Any, ...]) -> Row:
        key, version, text, checksum = row
        if checksum != _checksum(key, version, text):
            message = (
                f"the state of {key!r} in {self._path!r} is damaged; delete it or save "
                "it anew, and look after the disk"
            )
            raise StateStoreCorrupt(message, key)
        return Row(key, version, text)

    @contextmanager
    def _transaction(self, begin: str) -> Generator[None]:
        """Do several things in one step: all of them, or none if one raises."""
        self._connection.execute(begin)
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                self._connection.execute("ROLLBACK")
            raise

    def _errors(self) -> AbstractContextManager[None]:
        return _errors_of(self._path, self._give_up_after)


def _lenient(text: bytes) -> str:
    """Let damaged text get as far as its checksum."""
    return text.decode(errors="replace")


def _checksum(key: object, version: object, text: object) -> int:
    return crc32(f"{key}\n{version}\n{text}".encode())


@contextmanager
def _errors_of(path: str, give_up_after: float) -> Generator[None]:
    """Say what SQLite's errors mean for who uses the store."""
    try:
        yield
    except sqlite3.Error as exc:
        kind, remedy = _meaning(exc, path, give_up_after)
        message = f"{path!r}: {exc}; {remedy}"
        raise kind(message) from exc


def _meaning(
    exc: sqlite3.Error, path: str, give_up_after: float
) -> tuple[type[StateStoreError], str]:
    """Choose the error to raise, and what to tell the caller to do."""
    extended = getattr(exc, "sqlite_errorcode", 0)  # sqlite3's own errors have none
    match extended & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            remedy = f"try again, or give_up_after more than {give_up_after:g} seconds"
            return StateStoreLocked, remedy
        case sqlite3.SQLITE_FULL:
            return StateStoreFull, "make room on the disk and save again"
        case sqlite3.SQLITE_TOOBIG:
            return StateStoreFull, "split the state over several keys"
        case sqlite3.SQLITE_READONLY:
            remedy = "make the file, its -wal and -shm, and their folder writable"
            return StateStoreReadOnly, remedy
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StateStoreCorrupt, "restore the file from a copy, or use a new one"
        case sqlite3.SQLITE_CANTOPEN:
            return _meaning_of_no_file(path)
        case _:
            return StateStoreError, "look after the disk, then load to see what is kept"


def _meaning_of_no_file(path: str) -> tuple[type[StateStoreError], str]:
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(folder) and not os.access(folder, os.W_OK):
        return StateStoreReadOnly, f"make the folder {folder!r} writable"
    return StateStoreError, "the folder must exist, and the path must be a file's"
