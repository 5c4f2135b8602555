"""The command line: which rows, how thoroughly, and what becomes of the results."""

import argparse
import json
import sys
import time
from pathlib import Path

from .imports import NAME as IMPORT, measure_imports
from .memory import COMPARED, NAME as MEMORY, measure_memory
from .peers import PEERS
from .report import as_json, as_markdown, as_text
from .results import Result
from .rounds import WorkerTurns, measure_row
from .targets import verdicts
from .workloads import ROWS

NAMES = [*(row.name for row in ROWS), MEMORY, IMPORT]


def parser() -> argparse.ArgumentParser:
    """The options, each with its default."""
    options = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure actrio next to autogen_core and the bare event loops.",
    )
    options.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help=f"a row ({', '.join(NAMES)}) or a peer ({', '.join(PEERS)}); repeatable",
    )
    options.add_argument("--rounds", type=int, help="turns per peer (7)")
    options.add_argument("--seconds", type=float, help="how long a turn takes (0.2)")
    options.add_argument("--live", type=int, help="idle actors for memory (100000)")
    options.add_argument(
        "--cpu",
        action="store_true",
        help="rates per second of processor time, for a machine with other work to do",
    )
    options.add_argument(
        "--quick", action="store_true", help="see that it runs; do not quote it"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="keep every sample")
    options.add_argument("--markdown", action="store_true", help="to paste into a page")
    options.add_argument(
        "--check", action="store_true", help="fail if a target is missed"
    )
    return options


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks; returns the exit code."""
    options = parser()
    arguments = options.parse_args(argv)
    only = arguments.only or []
    unknown = [name for name in only if name not in NAMES and name not in PEERS]
    if unknown:
        known = ", ".join([*NAMES, *PEERS])
        options.error(f"--only {unknown[0]!r} is not one of: {known}")
    rows = [name for name in NAMES if name in only] or NAMES
    peers = [name for name in PEERS if name in only] or list(PEERS)
    quick = arguments.quick
    settings: dict[str, object] = {
        "rounds": arguments.rounds or (2 if quick else 7),
        "seconds": arguments.seconds or (0.05 if quick else 0.2),
        "cpu": arguments.cpu,
        "live": arguments.live or (2_000 if quick else 100_000),
    }
    results: list[Result] = []
    began = time.monotonic()
    try:
        measure(rows, peers, results, **settings)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        progress("interrupted; this is what was measured until then")
    progress(f"took {time.monotonic() - began:.0f} s")
    print(as_markdown(results) if arguments.markdown else as_text(results))
    if quick:
        print(
            "\nA quick run: good for seeing that everything works, and only for that."
        )
    if arguments.json:
        document = as_json(results, settings)
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    failed = any(result.error not in {"", "not installed"} for result in results)
    missed = any(not met for _, _, met in verdicts(results))
    return 1 if arguments.check and (failed or missed) else 0


def measure(
    rows: list[str],
    peers: list[str],
    results: list[Result],
    *,
    rounds: int,
    seconds: float,
    cpu: bool,
    live: int,
) -> None:
    """Measure row by row; ``results`` always holds what is known so far."""
    with WorkerTurns() as turns:
        for row in ROWS:
            if row.name in rows:
                measure_row(
                    row,
                    peers,
                    results,
                    turns,
                    rounds=rounds,
                    seconds=seconds,
                    cpu=cpu,
                    progress=progress,
                )
    if MEMORY in rows:
        measure_memory(
            [name for name in COMPARED if name in peers],
            results,
            count=live,
            progress=progress,
        )
    if IMPORT in rows:
        measure_imports(results, rounds=2 * rounds - 1, progress=progress)


def progress(line: str) -> None:
    """Say what is going on, beside the results."""
    end = "\r" if sys.stderr.isatty() else "\n"
    print(
        f"\x1b[2K{line}" if end == "\r" else line, end=end, file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
