"""Taking a turn: one measurement of one peer on one row, in its own process."""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from .messages import LacksError
from .peers import Peer
from .results import last_words
from .worker import run
from .workloads import Row, Sample

__all__ = ["LocalTurns", "PeerFailedError", "Turns", "WorkerTurns"]

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
        """Measure once; raises what was wrong with the peer."""
        raise NotImplementedError

    def take_timed(self, peer: Peer, row: Row, count: int) -> tuple[Sample, float]:
        """Measure once, and say how long that took with all that is not timed."""
        began = time.monotonic()
        return self.take(peer, row, count, latency=False), time.monotonic() - began


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
            _close_input(worker)  # all at once: some need seconds to clean up
        for worker in self._workers.values():
            _end(worker)

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
            code = _end(self._workers.pop(peer.name))
            msg = f"its process ended with exit code {code}"
            raise PeerFailedError(msg)
        answer = json.loads(line)
        if "lacks" in answer:
            raise LacksError(answer["lacks"])
        if "error" in answer:
            words = last_words(answer["error"])
            if words not in self._told:  # once, with all that is known
                self._told.add(words)
                print(f"{peer.name} failed:\n{answer['error']}", file=sys.stderr)
            raise PeerFailedError(words)
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


def _close_input(worker: subprocess.Popen[str]) -> None:
    """Have a worker's loop end, and its library clean up behind itself."""
    assert worker.stdin is not None
    with contextlib.suppress(OSError):
        worker.stdin.close()


def _end(worker: subprocess.Popen[str]) -> int:
    """Wait for the end of a worker, but not for long; returns its exit code."""
    _close_input(worker)
    with contextlib.suppress(subprocess.TimeoutExpired):
        worker.wait(5)
    worker.kill()
    assert worker.stdout is not None
    worker.stdout.close()
    return worker.wait()
