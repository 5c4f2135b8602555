"""Did the way of a message get longer? Counted in bytecodes, which noise cannot touch.

``python -m benchmarks --check`` counts the bytecodes that one request and one delivery of
a published message execute, on trio and on asyncio, and compares with the figures in
``bytecodes.json``. It fails where a count is more than 2 % above its figure. After a
change that is meant to cost something, or to save something::

    python -m benchmarks --record

A program runs twice, once with more messages, and the difference is divided by the
difference: start-up, imports and warm-up cancel out. Hash seed and trio's shuffle are
fixed and the garbage collector is off, so that counts repeat to a few tenths of a percent.

What counts: bytecodes of actrio itself, and bytecodes of everything, the event loop's and
anyio's included. The second sum is judged only with the versions of trio and anyio that
the figures were recorded with. Figures belong to one minor version of Python; on another
there is nothing to compare with, and the check says so and passes.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

__all__ = [
    "FIGURES",
    "Bytecodes",
    "Count",
    "check",
    "compare",
    "count_all",
    "in_fixed_process",
    "record",
]

ROOT = Path(__file__).parents[1]
FIGURES = Path(__file__).with_name("bytecodes.json")
TOLERANCE = 0.02
SHORT, LONG = 200, 1_000
PATHS = [
    (host, path) for host in ("trio", "asyncio") for path in ("request", "publish")
]


@dataclass
class Count:
    """Bytecodes for one message."""

    own: float
    """Those in modules of actrio."""
    all: float
    """Those in all modules."""


def python_version() -> str:
    """The version that figures belong to."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def library_versions() -> dict[str, str]:
    """The versions of what else is counted."""
    return {name: version(name) for name in ("trio", "anyio")}


# ── Counting ──────────────────────────────────────────────────────────────────────


class Bytecodes:
    """Counts the bytecodes that run while it is entered, by code object."""

    def __init__(self) -> None:
        self.by_code: Counter[CodeType] = Counter()

    def __enter__(self) -> Self:
        sys.settrace(self._on_call)
        return self

    def __exit__(self, *exc_info: object) -> None:
        sys.settrace(None)

    def _on_call(self, frame: FrameType, event: str, arg: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._on_event

    def _on_event(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "opcode":
            self.by_code[frame.f_code] += 1
        return self._on_event


def count_here(host: str, path: str) -> Counter[CodeType]:
    """Bytecodes for one message, by code object, times ``LONG - SHORT``."""
    # anyio.run() counts differently each time; the hosts' own run does not
    short, long = (_run_counted(host, path, number) for number in (SHORT, LONG))
    long.subtract(short)
    return long


def _run_counted(host: str, path: str, number: int) -> Counter[CodeType]:
    import trio

    program = _PROGRAMS[path]
    trio._core._run._r.seed(0)  # noqa: SLF001 - trio shuffles its tasks with it
    gc.collect()
    with Bytecodes() as bytecodes:
        if host == "trio":
            trio.run(program, number)
        else:
            asyncio.run(program(number))
    return bytecodes.by_code


async def _request(number: int) -> None:
    from .messages import Ping
    from .peers._library import Library
    from .stages import STAGES

    async with Library("", "actrio", "").open_echo(STAGES["trio"]) as connect:
        ask = connect()
        for _ in range(number):
            await ask(Ping(0))


async def _publish(number: int) -> None:
    from .messages import Tick
    from .peers._library import Library
    from .stages import STAGES

    library = Library("", "actrio", "")
    async with library.open_topic(STAGES["trio"], 1) as (publish, deliveries):
        deliveries.expect(number)
        for one in range(number):
            await publish(Tick(one))
        await deliveries.wait()


_PROGRAMS: dict[str, Callable[[int], Any]] = {"request": _request, "publish": _publish}


def count_here_and_print() -> None:
    """Be the process that counts: prints a line of JSON."""
    import actrio

    gc.disable()
    home = os.path.dirname(actrio.__file__)
    found: dict[str, dict[str, float]] = {}
    for host, path in PATHS:
        _run_counted(host, path, 10)  # imports what is imported late
        counted = count_here(host, path)
        messages = LONG - SHORT
        own = sum(n for code, n in counted.items() if code.co_filename.startswith(home))
        count = Count(own / messages, sum(counted.values()) / messages)
        found[f"{path} on {host}"] = asdict(count)
    print(json.dumps(found))


def count_all(prelude: str = "") -> dict[str, Count]:
    """Count all paths, in a process where everything that varies is fixed.

    Args:
        prelude: Python that runs first in that process; tests plant waste with it.
    """
    call = "from benchmarks import check\ncheck.count_here_and_print()"
    found = in_fixed_process(f"{prelude}\n{call}")
    return {name: Count(**one) for name, one in found.items()}


def in_fixed_process(program: str) -> Any:
    """Run Python where everything that varies is fixed; returns the JSON it prints."""
    left_out = {
        "COVERAGE_PROCESS_CONFIG",
        "COVERAGE_PROCESS_START",
    }  # it traces as well
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


# ── Comparing ─────────────────────────────────────────────────────────────────────


def compare(
    counted: dict[str, Count], figures: dict[str, Any], versions: dict[str, str]
) -> list[tuple[str, bool]]:
    """Say for each path how it compares with its figure, and whether it is too long."""
    lines = []
    same = figures["versions"] == versions
    for name, count in counted.items():
        figure = Count(**figures["counts"][name])
        judged = [("of actrio", count.own, figure.own, True)]
        judged += [("in all", count.all, figure.all, same)]
        for what, now, then, is_judged in judged:
            change = now / then - 1
            too_long = is_judged and change > TOLERANCE
            end = "" if is_judged else f", not judged: recorded with {_named(figures)}"
            end = f", more than {TOLERANCE:.0%} longer" if too_long else end
            line = f"{name}: {now:.1f} bytecodes {what}, {then:.1f} recorded ({change:+.1%}{end})"
            lines.append((line, too_long))
    return lines


def _named(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {one}" for name, one in figures["versions"].items())


def check(
    counted: dict[str, Count] | None = None,
    *,
    file: Path = FIGURES,
    say: Callable[[str], object] = print,
) -> int:
    """Compare with the recorded figures; returns the exit code."""
    figures = json.loads(file.read_text()) if file.exists() else {}
    python = python_version()
    if python not in figures:
        known = ", ".join(figures) or "no version"
        say(
            f"no figures for Python {python}, only for {known}: nothing is compared. "
            "Record them with: python -m benchmarks --record"
        )
        return 0
    lines = compare(counted or count_all(), figures[python], library_versions())
    for line, _ in lines:
        say(line)
    longer = sum(too_long for _, too_long in lines)
    if longer:
        say(
            f"{longer} of {len(lines)} counts grew by more than {TOLERANCE:.0%}. Find "
            "out where with: python -m benchmarks.steps. If the change is worth it: "
            "python -m benchmarks --record"
        )
    return 1 if longer else 0


def record(
    counted: dict[str, Count] | None = None,
    *,
    file: Path = FIGURES,
    say: Callable[[str], object] = print,
) -> None:
    """Make today's counts the figures of this version of Python."""
    figures = json.loads(file.read_text()) if file.exists() else {}
    counts = counted or count_all()
    figures[python_version()] = {
        "versions": library_versions(),
        "counts": {
            name: {what: round(number, 1) for what, number in asdict(count).items()}
            for name, count in counts.items()
        },
    }
    ordered = dict(sorted(figures.items(), key=lambda item: item[0].zfill(6)))
    file.write_text(json.dumps(ordered, indent=1) + "\n")
    for name, count in counts.items():
        say(f"{name}: {count.own:.1f} bytecodes of actrio, {count.all:.1f} in all")
