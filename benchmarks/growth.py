"""Does a message get dearer when there is more of everything?

Each curve is one workload at 1, 10, … 100,000 of something: actors that live, topics
that are published to, subscriptions to other topics, messages that wait in a queue. What
is shown is the cost of one message, in microseconds; flat is what it should be. How much
it grew is the cost at the largest count over the least at any smaller one.

A peer that fails at a count, or takes too long for one, is not tried at larger ones; its
result says which count it reached, and why not more.

Time grows for two reasons: the library does more, or the machine's memory answers later,
since 100,000 actors do not fit into a processor's caches. ``python -m benchmarks.growth``
tells which: it counts the bytecodes of one message, which caches do not change.
"""

import asyncio
import gc
import json
from collections.abc import Callable

from .check import Bytecodes, in_fixed_process
from .peers import PEERS, Peer
from .results import Result
from .rounds import not_there, noting
from .stages import STAGES
from .turns import Turns
from .workloads import CURVES, Curve, _curves

__all__ = ["COUNTS", "LIMIT", "count_bytecodes", "grown", "measure_curve"]

COUNTS = [1, 10, 100, 1_000, 10_000, 100_000]
PATIENCE = 15.0
"""Seconds a turn may take before larger counts are not tried."""
LIMIT = 1.5
"""More growth than this has to be explained."""


def measure_curve(
    curve: Curve,
    peers: list[str],
    results: list[Result],
    turns: Turns,
    *,
    counts: list[int],
    rounds: int,
    cpu: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Measure some peers along one curve; ``results`` has one entry for each point."""
    stopped: dict[str, str] = {}
    for count in counts:
        own = {
            name: Result(
                curve.name, f"{curve.title}: {curve.of}", name, curve.unit, count=count
            )
            for name in peers
            if name not in stopped
        }
        results += own.values()
        for number in range(rounds):
            progress(f"{curve.name}: {count:,}, round {number + 1} of {rounds}")
            turn = number % max(1, len(own))
            order = list(own)[turn:] + list(own)[:turn]
            for name in order:
                if not own[name].error and not own[name].lacks:
                    with noting(own[name]):
                        took = _take_turn(curve, PEERS[name], turns, own[name], cpu)
                        if took > PATIENCE:
                            why = f"no further: {count:,} took {took:.0f} s"
                            stopped[name] = own[name].note = why
        stopped |= {
            name: result.why_not for name, result in own.items() if not result.values
        }


def _take_turn(
    curve: Curve, peer: Peer, turns: Turns, result: Result, cpu: bool
) -> float:
    assert result.count is not None
    if not peer.is_installed:
        raise not_there(peer)
    sample, took = turns.take_timed(peer, curve, result.count)
    result.values.append(curve.value(sample, cpu=cpu))
    result.note_sample(sample)
    return took


def grown(points: list[Result]) -> float:
    """How many times the least cost before it the last point costs."""
    costs = [point.middle for point in points if point.values]
    return costs[-1] / min(costs[:-1]) if len(costs) > 1 else 1.0


# ── Bytecodes instead of times ────────────────────────────────────────────────────

FEW, MANY = 1, 200
SHORT, LONG = 200, 600


def count_bytecodes(prelude: str = "") -> dict[str, list[float]]:
    """Bytecodes of one message of each curve, with one and with many.

    Args:
        prelude: Python that runs first in the process that counts.
    """
    call = "from benchmarks import growth\ngrowth.count_here_and_print()"
    found: dict[str, list[float]] = in_fixed_process(f"{prelude}\n{call}")
    return found


def count_here_and_print() -> None:
    """Be the process that counts: prints a line of JSON."""
    gc.disable()
    print(
        json.dumps(
            {
                f"{curve.of} on {host}": [_count(curve, host, n) for n in (FEW, MANY)]
                for curve in CURVES
                for host in ("trio", "asyncio")
            }
        )
    )


def _count(curve: Curve, host: str, count: int) -> float:
    _run_counted(curve, host, 1, 10)  # imports what is imported late
    short, long = (_run_counted(curve, host, count, n) for n in (SHORT, LONG))
    return (long - short) / (LONG - SHORT)


def _run_counted(curve: Curve, host: str, count: int, messages: int) -> int:
    import trio

    peer, stage = PEERS[f"actrio on {host}"], STAGES[host]
    _curves.MESSAGES = messages
    trio._core._run._r.seed(0)  # noqa: SLF001 - trio shuffles its tasks with it
    with Bytecodes() as bytecodes:
        if host == "trio":
            trio.run(curve.measure, peer, stage, count)
        else:
            asyncio.run(curve.measure(peer, stage, count))
    return sum(bytecodes.by_code.values())


if __name__ == "__main__":
    for name, (few, many) in count_bytecodes().items():
        print(f"{few:8.1f} with {FEW}, {many:8.1f} with {MANY:,}  {name}")
