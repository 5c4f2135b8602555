"""Which peer is faster, when the machine is not equally fast from one minute to the next?

Every round lets each peer have one turn, in an order that rotates, so that a slow moment
hits all alike. The first turns of a peer are not counted: they warm it up and find out
how many operations fill the time of a turn. Latency has turns of its own, since reading
the clock twice per request would slow the turns that measure throughput.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from .peers import PEERS, is_installed
from .results import Result, last_words
from .worker import run
from .workloads import Peer, Row, Sample

__all__ = ["LocalTurns", "PeerFailedError", "Turns", "WorkerTurns", "measure_row"]

ROOT = Path(__file__).parents[1]


class PeerFailedError(Exception):
    """A peer crashed or answered wrongly; the message says how."""


class Turns:
    """Takes a turn for a peer: one measurement of one row."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def take(self, peer: Peer, row: Row, count: int, *, latency: bool) -> Sample:
        raise NotImplementedError


class LocalTurns(Turns):
    """All peers in this process: for tests, which have no time to start others."""

    def take(self, peer: Peer, row: Row, count: int, *, latency: bool) -> Sample:
        return run(peer, row, count, latency=latency)


class WorkerTurns(Turns):
    """Every peer in a process of its own, which lives until the run is over."""

    def __init__(self) -> None:
        self._workers: dict[str, subprocess.Popen[str]] = {}
        self._told: set[str] = set()

    def __exit__(self, *exc_info: object) -> None:
        for worker in self._workers.values():
            worker.kill()
            worker.communicate()

    def take(self, peer: Peer, row: Row, count: int, *, latency: bool) -> Sample:
        worker = self._worker(peer)
        assert worker.stdin is not None
        assert worker.stdout is not None
        command = {"row": row.name, "count": count, "latency": latency}
        with contextlib.suppress(BrokenPipeError):
            worker.stdin.write(json.dumps(command) + "\n")
            worker.stdin.flush()
        line = worker.stdout.readline()
        if not line:
            del self._workers[peer.name]
            msg = f"its process ended with exit code {worker.wait()}"
            raise PeerFailedError(msg)
        answer = json.loads(line)
        if "error" in answer:
            if answer["error"] not in self._told:
                self._told.add(answer["error"])
                print(peer.name, "failed:", answer["error"], file=sys.stderr)
            raise PeerFailedError(last_words(answer["error"]))
        return Sample(**answer)

    def _worker(self, peer: Peer) -> subprocess.Popen[str]:
        if peer.name not in self._workers:
            self._workers[peer.name] = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "benchmarks.worker", peer.name],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._workers[peer.name]


def measure_row(
    row: Row,
    peers: list[str],
    results: list[Result],
    turns: Turns,
    *,
    rounds: int,
    seconds: float,
    cpu: bool,
    progress: Callable[[str], None],
) -> None:
    """Measure some peers on one row.

    Each peer's result is added to ``results`` at once and then filled round by round,
    so that whoever is interrupted has what was measured until then. With ``cpu`` a rate
    is per second of processor time, which other programs take less from.
    """
    own = {name: Result(row.name, row.title, name, f"{row.unit}/s") for name in peers}
    results += own.values()
    counts: dict[str, int] = {}
    for name, result in own.items():
        progress(f"{row.name}: warming up {name}")
        with _noting(result):
            counts[name] = _find_count(PEERS[name], row, turns, seconds)
    for number in range(rounds):
        progress(f"{row.name}: round {number + 1} of {rounds}")
        turn = number % len(peers)
        for name in peers[turn:] + peers[:turn]:
            if own[name].error:
                continue
            with _noting(own[name]):
                _take_turns(PEERS[name], row, counts[name], turns, own[name], cpu)


@contextlib.contextmanager
def _noting(result: Result) -> Iterator[None]:
    """Write a failure into the result; a peer that failed once has no result at all."""
    try:
        yield
    except Exception as exc:  # noqa: BLE001 - it is part of the report
        result.values.clear()
        result.error = str(exc) or repr(exc)


def _find_count(peer: Peer, row: Row, turns: Turns, seconds: float) -> int:
    """How many operations take the peer so many seconds."""
    if not is_installed(peer):
        msg = "not installed"
        raise PeerFailedError(msg)
    count = 50
    while True:
        sample = turns.take(peer, row, count, latency=False)
        if sample.seconds > seconds / 3:
            return max(100, round(seconds * sample.rate / 100) * 100)
        count *= 2 if sample.seconds > seconds / 10 else 4


def _take_turns(
    peer: Peer, row: Row, count: int, turns: Turns, result: Result, cpu: bool
) -> None:
    sample = turns.take(peer, row, count, latency=False)
    seconds = sample.cpu_seconds if cpu else sample.seconds
    result.values.append(sample.operations / seconds)
    rest = asdict(sample)
    del rest["latencies"]
    result.samples.append(rest)
    if row.waits:
        timed = turns.take(peer, row, max(100, count // 2), latency=True)
        waits = sorted(timed.latencies)
        result.p50.append(waits[len(waits) // 2])
        result.p99.append(waits[len(waits) * 99 // 100])
