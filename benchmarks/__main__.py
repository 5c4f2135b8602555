"""The command line: which rows, how thoroughly, and what becomes of the results."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from . import check, plan, plot
from .growth import COUNTS
from .peers import PEERS
from .plan import measure
from .report import as_json, as_markdown, as_text
from .results import Result
from .rounds import Pace

QUICK = Pace(rounds=3, seconds=0.02, quick=True, live=2_000)


def parser() -> argparse.ArgumentParser:
    """The options, each with its default."""
    options = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure actrio next to what you would use instead.",
        epilog="Rows: {rows}. Peers: {peers}.".format(**_names()),
    )
    add = options.add_argument
    add("--only", action="append", metavar="NAME", help="a row or a peer; repeatable")
    add("--rounds", type=_positive_int, help="turns per peer (7)")
    add("--seconds", type=_positive, help="how long a turn takes (0.2)")
    add("--live", type=_positive_int, help="idle actors for memory (100000)")
    add(
        "--largest",
        type=_positive_int,
        help=f"where the growth curves end ({COUNTS[-1]})",
    )
    add(
        "--cpu",
        action="store_true",
        help="rates per second of processor time, for a machine with other work to do",
    )
    add(
        "--quick",
        action="store_true",
        help="under a minute: actrio, autogen_core and the floors; not to be quoted",
    )
    add("--growth", action="store_true", help="the growth curves as well")
    add("--json", type=Path, metavar="FILE", help="keep every sample")
    add("--markdown", action="store_true", help="to paste into a page")
    add("--plot", type=Path, metavar="FILE", help="charts, as .svg or .png")
    add(
        "--check",
        action="store_true",
        help="only count bytecodes, and fail if they have grown by more than 2 %%",
    )
    add(
        "--record",
        action="store_true",
        help="count bytecodes, and make them what --check compares with",
    )
    return options


def _names() -> dict[str, str]:
    return {"rows": ", ".join(plan.NAMES), "peers": ", ".join(PEERS)}


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        message = f"{text} is not more than 0"
        raise argparse.ArgumentTypeError(message)
    return number


def _positive_int(text: str) -> int:
    return int(_positive(str(int(text))))


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks; returns the exit code."""
    options = parser()
    arguments = options.parse_args(argv)
    if arguments.record:
        check.record()
        return 0
    if arguments.check:
        return check.check()
    if arguments.plot is not None:
        problem = plot.why_not(arguments.plot)
        if problem:
            options.error(problem)
    rows, peers = _chosen(options, arguments)
    pace = _pace(arguments)
    counts = [n for n in COUNTS if n <= (arguments.largest or COUNTS[-1])]
    results: list[Result] = []
    began = time.monotonic()
    progress(plan.expected(rows, peers, pace, counts), lasting=True)
    try:
        measure(rows, peers, results, pace, counts=counts, progress=progress)
    except KeyboardInterrupt:
        progress("interrupted; this is what was measured until then", lasting=True)
    progress(f"took {time.monotonic() - began:.0f} s", lasting=True)
    print(as_markdown(results) if arguments.markdown else as_text(results))
    if pace.quick:
        print("\nA quick run: good for seeing that all works, and only for that.")
    if arguments.json:
        document = as_json(results, asdict(pace))
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.plot:
        plot.draw(results, arguments.plot)
    return 1 if any(result.error for result in results) else 0


def _chosen(
    options: argparse.ArgumentParser, arguments: argparse.Namespace
) -> tuple[list[str], list[str]]:
    """The rows and the peers that were asked for."""
    only = arguments.only or []
    unknown = [name for name in only if name not in plan.NAMES and name not in PEERS]
    if unknown:
        names = _names()
        options.error(
            f"--only {unknown[0]!r} is neither a row ({names['rows']}) "
            f"nor a peer ({names['peers']})"
        )
    rows = [name for name in plan.NAMES if name in only]
    if not rows:
        rows = plan.NAMES if arguments.growth else plan.DEFAULT_ROWS
    peers = [name for name in PEERS if name in only]
    if not peers:
        peers = [n for n, peer in PEERS.items() if peer.is_quick or not arguments.quick]
    return rows, peers


def _pace(arguments: argparse.Namespace) -> Pace:
    """How thoroughly to measure, with the defaults filled in."""
    base = QUICK if arguments.quick else Pace()
    return Pace(
        rounds=arguments.rounds or base.rounds,
        seconds=arguments.seconds or base.seconds,
        cpu=arguments.cpu,
        quick=base.quick,
        live=arguments.live or base.live,
    )


def progress(line: str, *, lasting: bool = False) -> None:
    """Say what is going on, beside the results."""
    terminal = sys.stderr.isatty()
    end = "\r" if terminal and not lasting else "\n"
    start = "\x1b[2K" if terminal else ""
    print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
