"""A state store in a file."""

from __future__ import annotations

import os

from .._concurrency import Host, Worker
from ._store import TableStore
from ._table import Table, checked_seconds


class SqliteStateStore(TableStore):
    """Keeps states in one SQLite file, which several processes may share.

    A save that returned is on the disk (``synchronous=FULL``): it survives ``kill -9``
    and a loss of power. All calls run one after the other in one thread, so the event
    loop never waits for the disk. Beside the file lie two more while it is open, with
    ``-wal`` and ``-shm`` at the end of their names; they belong to it.

    The file must be on a disk of this machine: write-ahead logging does not work across
    a network. A process that forks opens the store after the fork, not before.

    Args:
        path: The file; it is created if it does not exist, its folder is not.
        give_up_after: Seconds to wait for another process that writes, before a call
            raises `StateStoreLocked`. A caller that is cancelled waits as long.

    Raises:
        ValueError: If ``give_up_after`` is not from 0 to 1,000,000 seconds.

    Opening the store and every call may raise these:

    - `StateStoreLocked`: another process kept the file locked for ``give_up_after``.
    - `StateStoreFull`: the disk is full, or a state is larger than SQLite takes (1 GB).
    - `StateStoreReadOnly`: the file or its folder may not be written to.
    - `StateStoreCorrupt`: the file is damaged or was not written by this class. Each
      state has a checksum, so a damaged one is never returned.
    - `StateStoreTooNew`: the file was written by a later version of actrio.
    - `StateStoreError`: anything else that SQLite says, as an error of the disk.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, give_up_after: float = 5.0
    ) -> None:
        checked_seconds(give_up_after)
        name = os.fspath(path)

        def open_table() -> Table:
            # sqlite3 takes longer to import than actrio.state; this is in a thread
            from ._file import open_file

            return open_file(name, give_up_after)

        super().__init__(f"SqliteStateStore({name!r})", _open_thread, open_table)


def _open_thread(host: Host) -> Worker:
    return host.open_worker()
