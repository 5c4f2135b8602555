"""A writer that is killed again and again, and what must be found after each kill.

A program of its own, since it forks and so must have no threads: it forks a writer,
which saves as fast as it can and acknowledges each save through a pipe; kills it with
SIGKILL at a random moment; and forks a reader, which looks at what is there:

- the file opens, and SQLite finds nothing wrong with it;
- every state is whole, by a checksum inside;
- states that were saved together are of one save;
- what was acknowledged is there, and versions never go back.

The next writer goes on with the same file; every tenth begins a new one, so that
creating a file is interrupted too. ``python killing.py FOLDER SEED KILLS``.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from struct import Struct
from typing import NoReturn
from zlib import crc32

# imported here, or every forked process would do it again
import anyio._backends._asyncio
import anyio._backends._trio  # noqa: F401

import actrio.state._file  # noqa: F401
from actrio.state import SqliteStateStore
from actrio.testing import Host, run

TOGETHER = [f"agent/{number}" for number in range(4)]
ALONE = "alone"
KILLS_PER_FILE = 10
HOSTS: tuple[Host, Host] = ("trio", "asyncio")

Found = tuple[int, int, int]
"""A generation, the version it was saved under, and the version of ``alone``."""
ACK = Struct("QQQ")


def sealed(generation: int, key: str, random: Random) -> dict[str, object]:
    """A state that shows whether it is whole; some fill a page, some fill many."""
    body = chr(random.randrange(65, 90)) * int(10 ** random.uniform(0, 4.7))
    seal = crc32(f"{generation} {key} {body}".encode())
    return {"generation": generation, "key": key, "body": body, "seal": seal}


async def save_for_ever(path: Path, random: Random, acknowledge: int) -> None:
    """Save generation after generation, and never end."""
    async with SqliteStateStore(path) as store:
        stored = await store.load_all()
        together = stored.get(TOGETHER[0])
        generation = 0 if together is None else int(together.state["generation"])
        alone = stored[ALONE].version if ALONE in stored else 0
        while True:
            generation += 1
            states = {key: sealed(generation, key, random) for key in TOGETHER}
            version = await store.save_all(states)
            os.write(acknowledge, ACK.pack(generation, version, alone))
            state = sealed(generation, ALONE, random)
            alone = await store.save(ALONE, state, expected_version=alone)
            assert alone > version
            os.write(acknowledge, ACK.pack(generation, version, alone))


async def look(path: Path) -> Found:
    """Check everything that can be seen now, and say what is there."""
    async with SqliteStateStore(path) as store:
        stored = await store.load_all()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for key, one in stored.items():
        state = one.state
        text = f"{state['generation']} {key} {state['body']}"
        assert state["seal"] == crc32(text.encode()), f"{key} is torn"
    together = [stored[key] for key in TOGETHER if key in stored]
    assert len(together) in (0, len(TOGETHER)), "some are missing"
    saves = {(one.state["generation"], one.version) for one in together}
    assert len(saves) <= 1, f"mixed: {saves}"
    generation, version = saves.pop() if saves else (0, 0)
    return generation, version, stored[ALONE].version if ALONE in stored else 0


def fork(child: Callable[[int], None]) -> tuple[int, int]:
    """Run a function in a process of its own; return that and the pipe it writes to."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _run_and_exit(child, writing)
    os.close(writing)
    return process, reading


def _run_and_exit(child: Callable[[int], None], pipe: int) -> NoReturn:
    code = 1
    try:
        child(pipe)
        code = 0
    except BaseException:  # noqa: BLE001 - it is shown, and this process ends
        traceback.print_exc()
    finally:
        os._exit(code)


def kill_a_writer(path: Path, random: Random, host: Host) -> list[Found]:
    """Start a writer, kill it at some moment, and return what it acknowledged."""

    def write(pipe: int) -> None:
        run(save_for_ever, path, random, pipe, host=host, virtual_time=False)

    process, pipe = fork(write)
    with os.fdopen(pipe, "rb") as lines:
        acknowledged = lines.read(ACK.size * random.choice([0, 0, 1, 2, 5]))
        time.sleep(random.uniform(0, 0.02))
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "it ended itself"
        acknowledged += lines.read()
    return [*ACK.iter_unpack(acknowledged)]


def what_is_left(path: Path, host: Host) -> Found:
    """Look at a file in a process of its own."""

    def tell(pipe: int) -> None:
        found = run(look, path, host=host, virtual_time=False)
        os.write(pipe, ACK.pack(*found))

    process, pipe = fork(tell)
    with os.fdopen(pipe, "rb") as answer:
        found = answer.read()
    _, status = os.waitpid(process, 0)
    assert status == 0, "what was left is not as it should be: see above"
    generation, version, alone = ACK.unpack(found)
    return generation, version, alone


def main(folder: Path, seed: int, kills: int) -> None:
    """Kill and look; print how much was acknowledged and how much was there."""
    random = Random(seed)
    acknowledged = unacknowledged = 0
    before: Found = (0, 0, 0)
    for number in range(kills):
        path = folder / f"{number // KILLS_PER_FILE}.db"
        if number % KILLS_PER_FILE == 0:
            before = (0, 0, 0)
        host = HOSTS[number % 2]
        told = kill_a_writer(path, Random(random.random()), host)
        found = what_is_left(path, host)
        at_least = max([before, *told])
        context = f"seed {seed}, kill {number}: found {found} after {at_least}"
        assert all(have >= want for have, want in zip(found, at_least, strict=True)), (
            context
        )
        acknowledged += len(told)
        unacknowledged += found != at_least
        before = found
    print(json.dumps({"acknowledged": acknowledged, "in between": unacknowledged}))  # noqa: T201 - the result


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
