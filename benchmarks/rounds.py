"""Which peer is faster, when the machine is not equally fast from one minute to the next?

Every round lets each peer have one turn, in an order that rotates, so that a slow moment
hits all alike. The first turns of a peer are not counted: they warm it up and find out
how many operations fill the time of a turn. Latency has turns of its own, since reading
the clock twice per request would slow the turns that measure throughput.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .messages import LacksError
from .peers import PEERS, Peer
from .results import Result
from .turns import Turns
from .workloads import Row, Sample

__all__ = ["Pace", "measure_row", "not_there", "noting"]


_ACROSS_PROCESSES = 3
"""Rounds of a peer whose actors are processes: they take seconds to start and end."""


@dataclass(frozen=True)
class Pace:
    """How thoroughly to measure."""

    rounds: int = 7
    seconds: float = 0.2
    """How long one turn takes."""
    cpu: bool = False
    """Rates per second of processor time, which other programs take less from."""
    quick: bool = False
    """Fewer operations where a row fixes their number."""
    live: int = 100_000
    """How many idle actors live when memory is measured."""
    instructions: bool = False
    """Whether instructions are counted, where valgrind is."""


def measure_row(
    row: Row,
    peers: list[str],
    results: list[Result],
    turns: Turns,
    pace: Pace,
    *,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Measure some peers on one row.

    Each peer's result is added to ``results`` at once and then filled round by round,
    so that whoever is interrupted has what was measured until then.
    """
    own = {name: Result(row.name, row.title, name, row.unit) for name in peers}
    results += own.values()
    counts: dict[str, int] = {}
    for name, result in own.items():
        progress(f"{row.name}: warming up {name}")
        with noting(result):
            counts[name] = _find_count(PEERS[name], row, turns, pace)
    for number in range(pace.rounds):
        progress(f"{row.name}: round {number + 1} of {pace.rounds}")
        turn = number % len(peers)
        for name in peers[turn:] + peers[:turn]:
            if name not in counts or own[name].error:
                continue
            if number >= _ACROSS_PROCESSES and PEERS[name].crosses_processes:
                continue
            with noting(own[name]):
                _take_turns(PEERS[name], row, counts[name], turns, own[name], pace)


@contextlib.contextmanager
def noting(result: Result) -> Iterator[None]:
    """Write a failure into the result; a peer that failed once has no result at all."""
    try:
        yield
    except LacksError as exc:
        result.values.clear()
        result.lacks = str(exc)
    except Exception as exc:  # noqa: BLE001 - it is part of the report
        result.values.clear()
        result.error = str(exc) or repr(exc)


def not_there(peer: Peer) -> LacksError:
    """The error for a peer that is not installed; says how to install it."""
    return LacksError(f"not installed: {peer.install}")


def _find_count(peer: Peer, row: Row, turns: Turns, pace: Pace) -> int:
    """How many operations take the peer the time of a turn."""
    if not peer.is_installed:
        raise not_there(peer)
    if row.fixed:
        count = row.fixed_quick if pace.quick else row.fixed
        turns.take(peer, row, max(1, count // 10), latency=False)
        return count
    count = 50
    while True:
        sample = turns.take(peer, row, count, latency=False)
        if sample.seconds > pace.seconds / 3:
            return max(100, round(pace.seconds * sample.rate / 100) * 100)
        count *= 2 if sample.seconds > pace.seconds / 10 else 4


def _take_turns(
    peer: Peer, row: Row, count: int, turns: Turns, result: Result, pace: Pace
) -> None:
    sample = turns.take(peer, row, count, latency=False)
    result.values.append(row.value(sample, cpu=pace.cpu))
    result.note_sample(sample)
    if row.fixed and sample.operations < count:
        result.note = f"{sample.operations:,} at most"
    if row.waits:
        sample = turns.take(peer, row, max(100, count // 2), latency=True)
    if sample.latencies:
        _note_latency(result, sample)


def _note_latency(result: Result, sample: Sample) -> None:
    waits = sorted(sample.latencies)
    result.p50.append(waits[len(waits) // 2])
    result.p99.append(waits[len(waits) * 99 // 100])
