"""A file that is locked, full, read-only, damaged, or something else than it should be.

Each is an error of its own that says what to do, changes nothing, and leaves the store
usable when the cause is gone.
"""
# ruff: noqa: ASYNC240 - the files are small, and nobody else runs

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from actrio.abc import StoredState
from actrio.exceptions import (
    StateConflict,
    StateStoreCorrupt,
    StateStoreError,
    StateStoreFull,
    StateStoreLocked,
    StateStoreReadOnly,
    StateStoreTooNew,
)
from actrio.state import SqliteStateStore
from actrio.state._file import SqliteTable, open_file

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "states.db"


def sql(path: Path, *statements: str) -> None:
    """Change a file behind its store's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def connection_of(store: SqliteStateStore) -> sqlite3.Connection:
    table = store._table
    assert isinstance(table, SqliteTable)
    return table._connection


async def assert_usable(store: SqliteStateStore) -> None:
    """What was saved before is there, and can be changed."""
    stored = await store.load("k")
    assert stored is not None
    assert stored.state == {"n": 1}
    await store.save("k", {"n": 2}, expected_version=stored.version)
    assert await store.keys() == ["k"]


async def open_and_close(path: Path) -> None:
    async with SqliteStateStore(path):
        pass


async def create(path: Path) -> None:
    """Make a file that `assert_usable` likes."""
    async with SqliteStateStore(path) as store:
        await store.save("k", {"n": 1})


# -- other users of the file --------------------------------------------------------


async def test_a_locked_file_is_given_up(path: Path) -> None:
    """Writing fails after the given time; loading goes on meanwhile."""
    await create(path)
    async with SqliteStateStore(path, give_up_after=0) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateStoreLocked, match=r"give_up_after more than 0 s"):
                await store.save("k", {"n": 2})
            assert await store.keys() == ["k"]
        await assert_usable(store)


async def test_a_locked_file_is_waited_for(path: Path) -> None:
    """In the thread: the event loop goes on, and ends the wait by what it does."""
    async with SqliteStateStore(path) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.save, "k", {"n": 1})
                await anyio.lowlevel.checkpoint()
                other.execute("ROLLBACK")
        await assert_usable(store)


async def test_a_file_that_is_locked_while_opening(path: Path) -> None:
    """The store can be opened later."""
    store = SqliteStateStore(path, give_up_after=0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateStoreLocked, match="locked"):
            await store.__aenter__()
    async with store:
        await store.save("k", {"n": 1})
        await assert_usable(store)


async def test_two_stores_share_a_file(path: Path) -> None:
    """What one saves the other sees, with its version."""
    async with SqliteStateStore(path) as one, SqliteStateStore(path) as two:
        first = await one.save("k", {"n": 1})
        assert await two.load("k") == StoredState("k", {"n": 1}, first)
        second = await two.save("k", {"n": 2}, expected_version=first)
        with pytest.raises(StateConflict):
            await one.save("k", {"n": 3}, expected_version=first)
        assert await one.save("k", {"n": 3}, expected_version=second) > second


async def test_many_open_a_new_file_at_once(path: Path) -> None:
    """One of them makes it a store, and all can use it."""

    async def use(number: int) -> None:
        async with SqliteStateStore(path) as store:
            await store.save(f"k{number}", {})

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(use, number)
    async with SqliteStateStore(path) as store:
        assert len(await store.keys()) == 4


async def test_a_file_that_somebody_else_makes_a_store_just_then(path: Path) -> None:
    """Between looking at it and locking it; it is not made twice."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        slower = SqliteTable(str(path), 5.0, connection)

        def be_faster(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE":
                connection.set_trace_callback(None)
                faster = open_file(str(path), 5.0)
                assert faster.write({"k": "{}"}, {}) == 1
                faster.close()

        connection.set_trace_callback(be_faster)
        slower.prepare()
        assert slower.keys("") == ["k"]
        assert slower.write({"k": None}, {"k": 1}) == 2


# -- no room ------------------------------------------------------------------------


async def test_a_full_disk_changes_nothing(path: Path) -> None:
    """None of the states is saved; when there is room again, all are."""
    async with SqliteStateStore(path) as store:
        await store.save("k", {"n": 1})
        pages = connection_of(store).execute("PRAGMA page_count").fetchone()[0]
        connection_of(store).execute(f"PRAGMA max_page_count = {pages + 2}")
        big: dict[str, Any] = {"big": "x" * 50_000}
        with pytest.raises(StateStoreFull, match="make room on the disk"):
            await store.save_all({"k": {"n": 2}, "big": big})
        await assert_usable(store)
        connection_of(store).execute("PRAGMA max_page_count = 1000")
        await store.save_all({"k": {"n": 3}, "big": big})
        assert await store.keys() == ["big", "k"]


async def test_a_state_larger_than_sqlite_takes(path: Path) -> None:
    """It is refused, with all that was to be saved with it."""
    async with SqliteStateStore(path) as store:
        await store.save("k", {"n": 1})
        connection_of(store).setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
        with pytest.raises(StateStoreFull, match="split the state"):
            await store.save_all({"k": {"n": 2}, "big": {"big": "x" * 5000}})
        await assert_usable(store)


# -- no right to write --------------------------------------------------------------


@contextmanager
def unprivileged_folder() -> Iterator[Path]:
    """A folder of somebody for whom permissions count, even if root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="actrio-", dir="/tmp"))
    was_root = os.geteuid() == 0
    nobody = 65534
    if was_root:
        os.chown(folder, nobody, nobody)
        os.setresuid(nobody, nobody, 0)
    try:
        yield folder
    finally:
        if was_root:
            os.setresuid(0, 0, 0)
        shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="needs POSIX permissions")
async def test_a_file_that_may_not_be_written_to() -> None:
    """What lies in it can be loaded; saving says why it fails."""
    with unprivileged_folder() as folder:
        path = folder / "states.db"
        await create(path)
        path.chmod(0o444)
        async with SqliteStateStore(path) as store:
            stored = await store.load("k")
            assert stored is not None
            with pytest.raises(StateStoreReadOnly, match="folder writable"):
                await store.save("k", {"n": 2})
        for file in folder.iterdir():  # the others were made with the same permissions
            file.chmod(0o644)
        async with SqliteStateStore(path) as store:
            await assert_usable(store)


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="needs POSIX permissions")
async def test_a_folder_that_may_not_be_written_to() -> None:
    """A new file cannot be made there, nor an existing one be used."""
    with unprivileged_folder() as folder:
        folder.chmod(0o555)
        with pytest.raises(StateStoreReadOnly, match=r"folder.* writable"):
            await open_and_close(folder / "new.db")
        folder.chmod(0o755)
        path = folder / "states.db"
        await create(path)
        folder.chmod(0o555)
        with pytest.raises(StateStoreReadOnly, match=r"folder.* writable"):
            await open_and_close(path)
        folder.chmod(0o755)
        async with SqliteStateStore(path) as store:
            await assert_usable(store)


async def test_a_path_where_no_file_can_be(tmp_path: Path) -> None:
    """A folder that does not exist is not made; a folder is no file."""
    for path in (tmp_path / "no" / "states.db", tmp_path):
        with pytest.raises(StateStoreError, match="the folder must exist") as caught:
            await open_and_close(path)
        assert type(caught.value) is StateStoreError


async def test_a_file_that_has_no_log(path: Path) -> None:
    """SQLite's own memory database is no file; there is a store for that."""
    with pytest.raises(StateStoreError, match="or use MemoryStateStore"):
        async with SqliteStateStore(":memory:"):
            pass  # pragma: no cover - it does not open


# -- not what it should be ----------------------------------------------------------


@pytest.mark.parametrize("size", [2, 100, 5000])
async def test_a_file_of_random_bytes(path: Path, size: int) -> None:
    """It is left as it is."""
    noise = Random(size).randbytes(size)
    path.write_bytes(noise)
    with pytest.raises(StateStoreCorrupt, match="restore the file"):
        await open_and_close(path)
    assert path.read_bytes() == noise


async def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """As a file that does not exist."""
    path.touch()
    await create(path)


async def test_a_truncated_file(path: Path) -> None:
    """It is noticed when the store is opened."""
    async with SqliteStateStore(path) as store:
        await store.save("k", {"big": "x" * 50_000})
    whole = path.read_bytes()
    for size in (50, 4096, len(whole) // 2, len(whole) - 4096):
        path.write_bytes(whole[:size])
        with pytest.raises(StateStoreCorrupt, match="restore the file"):
            await open_and_close(path)


async def test_somebody_elses_database(path: Path) -> None:
    """It is refused and not changed, however it can be told."""
    changes = ["CREATE TABLE t (x)", "PRAGMA user_version = 7"]
    changes += ["PRAGMA application_id = 7"]
    for change in changes:
        path.unlink(missing_ok=True)
        sql(path, change)
        before = path.read_bytes()
        with pytest.raises(StateStoreCorrupt, match="a file of its own"):
            await open_and_close(path)
        assert path.read_bytes() == before


async def test_a_file_of_a_later_format(path: Path) -> None:
    """It says which format it has, and what would help."""
    await create(path)
    sql(path, "PRAGMA user_version = 2")
    with pytest.raises(StateStoreTooNew, match=r"format 2, .* up to 1; upgrade actrio"):
        await open_and_close(path)
    sql(path, "PRAGMA user_version = 1")
    async with SqliteStateStore(path) as store:
        await assert_usable(store)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE state SET text = replace(text, 'true', 'fals') WHERE key = 'bad'",
        "UPDATE state SET version = version + 1 WHERE key = 'bad'",
        "UPDATE state SET checksum = 0 WHERE key = 'bad'",
        "UPDATE state SET text = CAST(x'ff' AS TEXT) WHERE key = 'bad'",
        "UPDATE state SET text = x'00' WHERE key = 'bad'",
    ],
)
async def test_a_damaged_state_is_not_returned(path: Path, damage: str) -> None:
    """The error names its key; the others are there, and it can be replaced."""
    async with SqliteStateStore(path) as store:
        await store.save_all({"bad": {"flag": True}, "k": {"n": 1}})
    sql(path, damage)
    async with SqliteStateStore(path) as store:
        for load in (store.load("bad"), store.load_all()):
            with pytest.raises(
                StateStoreCorrupt, match=r"'bad' .* is damaged"
            ) as caught:
                await load
            assert caught.value.key == "bad"
        assert await store.load_all("k")
        await store.save("bad", {"flag": False})
        assert await store.load("bad")
        await store.delete("bad")
        await assert_usable(store)


async def test_a_file_that_lost_its_counter(path: Path) -> None:
    """Nothing is saved under a version that somebody may have seen."""
    await create(path)
    sql(path, "DELETE FROM counter")
    async with SqliteStateStore(path) as store:
        with pytest.raises(StateStoreCorrupt, match="lost its counter"):
            await store.save("k", {"n": 2})
        assert await store.load("k")
    sql(path, "INSERT INTO counter VALUES (1000)")
    async with SqliteStateStore(path) as store:
        await assert_usable(store)


@pytest.mark.slow
async def test_damage_anywhere_gives_no_wrong_state(path: Path) -> None:
    """Some bytes are overwritten: a state is what was saved, or missing, or an error."""
    states: dict[str, dict[str, Any]] = {
        f"agent/{n}": {"n": n, "text": f"{n}" * 50 * n} for n in range(40)
    }
    async with SqliteStateStore(path) as store:
        version = await store.save_all(states)
    whole = path.read_bytes()
    random, refused = Random(1), 0
    for _ in range(60):
        start = random.randrange(len(whole))
        noise = random.randbytes(random.choice([1, 16, 5000]))
        path.write_bytes((whole[:start] + noise + whole[start:])[: len(whole)])
        for name in ("states.db-wal", "states.db-shm"):
            path.with_name(name).unlink(missing_ok=True)
        try:
            async with SqliteStateStore(path) as store:
                for key, state in states.items():
                    try:
                        stored = await store.load(key)
                    except StateStoreError:
                        refused += 1
                    else:
                        whole_one = StoredState(key, state, version)
                        assert stored in (None, whole_one)
        except StateStoreError:
            refused += 1
    assert refused > 10


async def test_an_error_without_a_meaning_of_its_own(path: Path) -> None:
    """It is still a `StateStoreError`, with SQLite's words in it."""
    await create(path)
    async with SqliteStateStore(path) as store:
        connection_of(store).close()
        with pytest.raises(StateStoreError, match="closed database") as caught:
            await store.load("k")
        assert type(caught.value) is StateStoreError
        assert isinstance(caught.value.__cause__, sqlite3.Error)


# -- the rest -----------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 2_000_000])
def test_a_bad_time_to_give_up(seconds: float) -> None:
    """It is refused before anything is opened."""
    with pytest.raises(ValueError, match=r"give_up_after=.* must be from 0"):
        SqliteStateStore("states.db", give_up_after=seconds)


async def test_the_file_is_as_durable_as_it_says(path: Path) -> None:
    """Write-ahead logging, and every save is synced to the disk."""
    async with SqliteStateStore(path) as store:
        connection = connection_of(store)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        full = 2
        assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    assert [file.name for file in path.parent.iterdir()] == ["states.db"]


@pytest.mark.slow
def test_sqlite_is_imported_when_a_store_is_opened() -> None:
    """Whoever does not need it does not pay for it."""
    program = "import sys, actrio, actrio.state; assert 'sqlite3' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
