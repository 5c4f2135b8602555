"""What is a request made of? ``python -m benchmarks.steps``

Its larger steps are measured one by one, each as a program of its own, beside whole
requests and in turn with them: in microseconds, and in instructions where valgrind is.
Then, for whoever looks for what to save, the functions in which its bytecodes are.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from .check import LONG, PATHS, ROOT, SHORT, count_here
from .instructions import CountingError, count_instructions
from .peers import PEERS
from .results import Result, find
from .rounds import Pace, measure_row
from .turns import Turns, WorkerTurns
from .workloads import STEPS

__all__ = [
    "NAME",
    "REST",
    "STEP_PEERS",
    "functions",
    "measure_steps",
    "per_step",
]

NAME = "steps"
STEP_PEERS = ["actrio on trio", "actrio on asyncio"]
REST = "the rest: front door, directory, inbox, the actor's and the runtime's books"


def measure_steps(
    peers: list[str],
    results: list[Result],
    turns: Turns,
    pace: Pace,
    *,
    progress: Callable[[str], None],
) -> None:
    """Measure the steps of a request, and add that to ``results``."""
    chosen = [name for name in STEP_PEERS if name in peers]
    if not chosen:
        return
    for row in STEPS:
        measure_row(row, chosen, results, turns, pace, progress=progress)
    valgrind = shutil.which("valgrind")
    if valgrind is None or pace.quick:
        return
    for row in STEPS:
        for name in chosen:
            progress(f"{row.name}: counting instructions of {name}")
            result = Result(f"instructions-{row.name}", row.title, name, "instructions")
            results.append(result)
            try:
                count = count_instructions(valgrind, name, row.name, ROOT)
            except CountingError as exc:
                result.error = str(exc)
            else:
                result.values.append(count)


@dataclass(frozen=True)
class Cost:
    """What a step costs; None where that was not measured."""

    title: str
    microseconds: float | None
    instructions: float | None


def per_step(results: list[Result], peer: str) -> list[Cost]:
    """The cost of each step, of the rest, and of the whole."""
    *steps, whole = (_cost(results, peer, row.name, row.title) for row in STEPS)
    rest = Cost(
        REST,
        _rest(whole.microseconds, [step.microseconds for step in steps]),
        _rest(whole.instructions, [step.instructions for step in steps]),
    )
    return [*steps, rest, whole]


def _cost(results: list[Result], peer: str, row: str, title: str) -> Cost:
    rate = find(results, row, peer)
    count = find(results, f"instructions-{row}", peer)
    return Cost(
        title,
        None if rate is None else 1e6 / rate.middle,
        None if count is None else count.middle,
    )


def _rest(whole: float | None, parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return None if whole is None or len(known) < len(parts) else whole - sum(known)


def functions(host: str, path: str, *, limit: int) -> list[tuple[float, str]]:
    """The functions with the most bytecodes for one message of a path."""
    counted = count_here(host, path)
    found = []
    for code, number in counted.most_common(limit):
        where = "/".join(code.co_filename.rsplit("/", 2)[-2:])
        line = f"{where}:{code.co_firstlineno} {code.co_qualname}"
        found.append((number / (LONG - SHORT), line))
    return found


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.steps", description=__doc__.splitlines()[0]
    )
    options.add_argument("--functions", type=int, default=15, help="how many to list")
    options.add_argument("--rounds", type=int, default=7)
    arguments = options.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # or counts differ from run to run
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-m", "benchmarks.steps", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603
    results: list[Result] = []
    pace = Pace(rounds=arguments.rounds)
    with WorkerTurns() as turns:
        measure_steps(STEP_PEERS, results, turns, pace, progress=lambda line: None)
    for peer in STEP_PEERS:
        print(f"\n{peer}, {PEERS[peer].host}")
        for cost in per_step(results, peer):
            pair = (cost.microseconds, cost.instructions)
            cells = ["-" if n is None else f"{n:,.1f}" for n in pair]
            print(f"  {cells[0]:>8} µs {cells[1]:>12} instructions  {cost.title}")
    for host, path in PATHS:
        print(f"\nbytecodes of one {path} on {host}, by function")
        for number, line in functions(host, path, limit=arguments.functions):
            print(f"  {number:7.1f}  {line}")


if __name__ == "__main__":
    main()
