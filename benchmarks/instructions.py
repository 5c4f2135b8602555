"""How many machine instructions does one request, or one delivery, take?

A time says how fast this machine was just now; a count says how much work the program
is, and hardly moves when other programs run. That makes small differences between two
checkouts visible: ``python -m benchmarks.instructions --against ../other``.

The worker runs twice under valgrind's callgrind, once with more operations than the
other time, and the difference is divided by the difference: start-up, imports and
warm-up cancel out. Hash seed and trio's shuffle are fixed. The collector stays on.
Instructions are not time: memory that is far away costs more than its instruction, and
what the kernel does is not counted.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .peers import PEERS
from .results import Result
from .rounds import not_there
from .workloads import ROWS

__all__ = ["NAME", "count_instructions", "measure_instructions"]

NAME = "instructions"
MISSING = "valgrind is not installed (Debian: apt install valgrind)"

ROOT = Path(__file__).parents[1]
SHORT, LONG = 500, 2_000
COUNTED = {"request-1": "one request", "publish-10": "one delivery of a publish to ten"}
DEFAULT_PEERS = ["actrio on trio", "actrio on asyncio"]
REPORTED = ["autogen_core", "bare trio", "bare asyncio", *DEFAULT_PEERS]


class CountingError(Exception):
    """The program under valgrind failed."""


def measure_instructions(
    peers: list[str], results: list[Result], *, progress: Callable[[str], None]
) -> None:
    """Count for the rows and peers of a report, and add that to ``results``."""
    valgrind = shutil.which("valgrind")
    own = [
        Result(f"{NAME}-{row}", f"machine instructions, {title}", name, "instructions")
        for row, title in COUNTED.items()
        for name in REPORTED
        if name in peers
    ]
    results += own

    def count(result: Result) -> None:
        row = result.row.removeprefix(f"{NAME}-")
        peer = PEERS[result.peer]
        if valgrind is None or not peer.is_installed:
            result.lacks = MISSING if valgrind is None else str(not_there(peer))
            return
        progress(f"instructions: {result.peer}, {row}")
        try:
            result.values.append(count_instructions(valgrind, result.peer, row, ROOT))
        except CountingError as exc:
            result.error = str(exc)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            list(pool.map(count, own))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def count_instructions(valgrind: str, peer: str, row: str, checkout: Path) -> float:
    """Instructions per operation, with the library in ``checkout``."""
    # More operations than the warm-up per subscriber has, in both runs.
    scale = 10 if row == "publish-10" else 1
    short, long = SHORT * scale, LONG * scale
    runs = [_run(valgrind, peer, row, count, checkout) for count in (short, long)]
    return (runs[1] - runs[0]) / (long - short)


def _run(valgrind: str, peer: str, row: str, count: int, checkout: Path) -> int:
    command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [sys.executable, "-m", "benchmarks.worker", peer, "--counting"]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(checkout / "src"),
    }
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        input=json.dumps({"row": row, "count": count, "latency": False}) + "\n",
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if collected is None or '"operations"' not in done.stdout:
        message = f"{peer} on {row} failed: {done.stdout}{done.stderr[-2000:]}"
        raise CountingError(message)
    return int(collected[1])


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.instructions", description="Count instructions."
    )
    options.add_argument(
        "--against", type=Path, metavar="DIR", help="another checkout, to compare with"
    )
    options.add_argument(
        "--row", action="append", choices=[row.name for row in ROWS], help="repeatable"
    )
    options.add_argument("--peer", action="append", choices=PEERS, help="repeatable")
    arguments = options.parse_args()
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        sys.exit(f"{MISSING}; or count bytecodes: python -m benchmarks --check")
    for peer in arguments.peer or DEFAULT_PEERS:
        for row in arguments.row or COUNTED:
            here = count_instructions(valgrind, peer, row, ROOT)
            line = f"{peer}, {row}: {here:,.0f} instructions"
            if arguments.against:
                checkout = arguments.against.resolve()
                there = count_instructions(valgrind, peer, row, checkout)
                line += f"; {there:,.0f} in {checkout} ({here / there - 1:+.1%} here)"
            print(line, flush=True)


if __name__ == "__main__":
    main()
