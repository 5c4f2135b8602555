"""A whole run: which rows there are, in which order they come, and how long it takes."""

from collections.abc import Callable
from shutil import which

from .growth import measure_curve
from .imports import NAME as IMPORT, STATEMENTS, measure_imports
from .instructions import NAME as INSTRUCTIONS, measure_instructions
from .memory import NAME as MEMORY, measure_memory
from .peers import PEERS
from .results import Result
from .rounds import Pace, measure_row
from .steps import NAME as STEPS, measure_steps
from .turns import WorkerTurns
from .workloads import CURVES, ROWS

__all__ = ["CURVE_NAMES", "DEFAULT_ROWS", "NAMES", "expected", "measure"]

CURVE_NAMES = [curve.name for curve in CURVES]
DEFAULT_ROWS = [*(row.name for row in ROWS), MEMORY, IMPORT, STEPS, INSTRUCTIONS]
NAMES = [*DEFAULT_ROWS, *CURVE_NAMES]
GROWTH_ROUNDS = 3


def measure(
    rows: list[str],
    peers: list[str],
    results: list[Result],
    pace: Pace,
    *,
    counts: list[int],
    progress: Callable[[str], None],
) -> None:
    """Measure row by row; ``results`` always holds what is known so far."""
    with WorkerTurns() as turns:
        for row in ROWS:
            if row.name in rows:
                measure_row(row, peers, results, turns, pace, progress=progress)
        if STEPS in rows:
            measure_steps(peers, results, turns, pace, progress=progress)
        for curve in CURVES:
            if curve.name in rows:
                measure_curve(
                    curve,
                    peers,
                    results,
                    turns,
                    counts=counts,
                    rounds=min(pace.rounds, GROWTH_ROUNDS),
                    cpu=pace.cpu,
                    progress=progress,
                )
    if MEMORY in rows:
        measure_memory(peers, results, count=pace.live, progress=progress)
    if IMPORT in rows:
        rounds = pace.rounds if pace.quick else 2 * pace.rounds - 1
        measure_imports(peers, results, rounds=rounds, progress=progress)
    if INSTRUCTIONS in rows and not pace.quick:
        measure_instructions(peers, results, progress=progress)


def expected(rows: list[str], peers: list[str], pace: Pace, counts: list[int]) -> str:
    """Say about how long a run takes, on a machine with nothing else to do."""
    there = [name for name in peers if PEERS[name].is_installed]
    slow = [name for name in there if PEERS[name].crosses_processes]
    seconds = 0.0
    for row in ROWS:
        if row.name in rows:
            one = 0.8 if row.fixed else pace.seconds * (1.6 if row.waits else 1.1)
            one = one / 5 if row.fixed and pace.quick else one
            warm_up = 0.15 + pace.seconds
            seconds += len(there) * (one + 0.06) * pace.rounds + len(there) * warm_up
            # actors that are processes take a second or two to start
            seconds += len(slow) * (10 if row.fixed else 2) * min(3, pace.rounds)
    for name in CURVE_NAMES:
        if name in rows:
            seconds += sum(1 + count / 10_000 for count in counts) * len(there)
    if MEMORY in rows:
        seconds += len(there) * (1 + pace.live / 7_000)
    if IMPORT in rows:
        rounds = pace.rounds if pace.quick else 2 * pace.rounds - 1
        seconds += 0.4 * len(STATEMENTS) * (rounds + 1)
    if STEPS in rows:
        seconds += 5 if pace.quick else 12
    if not pace.quick and which("valgrind"):
        seconds += 150 * (INSTRUCTIONS in rows) + 90 * (STEPS in rows)
    minutes = f"{seconds / 60:.0f} minutes" if seconds > 100 else f"{seconds:.0f} s"
    return f"{len(rows)} rows, {len(there)} of {len(peers)} peers are installed: about {minutes}"
