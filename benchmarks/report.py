"""The results as something to read, and as something to keep."""

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from .imports import DEPENDENCIES
from .peers import PEERS
from .results import Result, find, ratio
from .targets import verdicts

__all__ = ["as_json", "as_markdown", "as_text", "machine"]

PACKAGES = ["actrio", "autogen-core", "trio", "anyio", "attrs", "cattrs", "uvloop"]
HEAD = ["", "median", "slowest .. fastest", "x autogen_core", "x bare", "p50", "p99"]


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model n")]
    return names[0] if names else platform.processor() or platform.machine()


def as_json(results: list[Result], settings: dict[str, object]) -> dict[str, object]:
    """Everything that was measured, and where."""
    return {
        "machine": machine(),
        "settings": settings,
        "results": [result.as_json() for result in results],
        "targets": [
            {"target": str(target), "ratio": reached, "met": met}
            for target, reached, met in verdicts(results)
        ],
    }


def as_text(results: list[Result]) -> str:
    """A table for the terminal."""
    blocks = []
    for title, lines in _tables(results):
        # A line with nothing but an error may be as long as it likes.
        whole = [line for line in lines if any(line[1:])]
        widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
        block = [title]
        for line in lines:
            cells = [line[0].ljust(widths[0])]
            cells += [
                cell.rjust(width)
                for cell, width in zip(line[1:], widths[1:], strict=True)
            ]
            block.append("  " + "  ".join(cells).rstrip())
        blocks.append("\n".join(block))
    blocks += filter(None, [_targets_text(results), _notes(results)])
    return "\n\n".join(blocks)


def as_markdown(results: list[Result]) -> str:
    """The same, to paste into a page."""
    blocks = []
    for title, lines in _tables(results):
        head, *rest = (f"| {' | '.join(line)} |" for line in lines)
        rule = "|---|" + "---:|" * (len(lines[0]) - 1)
        blocks.append("\n".join([f"**{title}**", "", head, rule, *rest]))
    judged = [
        f"| {target} | {reached:.2f} | {'met' if met else '**missed**'} |"
        for target, reached, met in verdicts(results)
    ]
    if judged:
        blocks.append("\n".join(["| target | reached | |", "|---|---:|---|", *judged]))
    where = machine()
    blocks.append(
        f"{where['python']}, {where['processor']}, {where['cores']} cores, {where['system']}; "
        + ", ".join(f"{k} {v}" for k, v in dict(where["versions"]).items())  # type: ignore[call-overload]
    )
    blocks += filter(None, [_notes(results)])
    return "\n\n".join(blocks)


def _tables(results: list[Result]) -> list[tuple[str, list[list[str]]]]:
    """For each row a title and its lines, head first."""
    tables = []
    for row in dict.fromkeys(result.row for result in results):
        own = [result for result in results if result.row == row]
        title = "imports" if row == "import" else own[0].title
        lines = [_line(result, results) for result in own]
        used = [i for i in range(len(HEAD)) if i < 2 or any(line[i] for line in lines)]
        lines = [[line[i] for i in used] for line in (HEAD, *lines)]
        tables.append((f"{row}: {title}, {own[0].unit}", lines))
    return tables


def _line(result: Result, results: list[Result]) -> list[str]:
    if not result.values:
        return [f"{result.peer}: {result.error or 'not measured'}", *[""] * 6]
    low, high = min(result.values), max(result.values)
    if not result.unit.endswith("/s"):  # less is better: the slowest is the largest
        low, high = high, low
    return [
        result.peer,
        _number(result.middle),
        f"{_number(low)} .. {_number(high)}" if len(result.values) > 1 else "",
        _times(result, find(results, result.row, "autogen_core")),
        _times(result, find(results, result.row, floor_of(result.peer))),
        _microseconds(result.p50),
        _microseconds(result.p99),
    ]


def floor_of(peer: str) -> str:
    """The bare peer on the same event loop."""
    if peer not in PEERS:
        return DEPENDENCIES
    return "bare trio" if PEERS[peer].host == "trio" else "bare asyncio"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _times(result: Result, base: Result | None) -> str:
    return "" if base is None else f"{ratio(result, base):.2f}"


def _microseconds(seconds: list[float]) -> str:
    return f"{_number(median(seconds) * 1e6)} µs" if seconds else ""


def _targets_text(results: list[Result]) -> str:
    judged = [
        f"  {'met   ' if met else 'MISSED'}  {reached:6.2f}  {target}"
        for target, reached, met in verdicts(results)
    ]
    return "\n".join(["targets", *judged]) if judged else ""


def _notes(results: list[Result]) -> str:
    """A word of warning, if the machine had other things to do."""
    shares = [
        sample["cpu_seconds"] / sample["seconds"]
        for result in results
        for sample in result.samples
        if "seconds" in sample
    ]
    busy = sum(share < 0.9 for share in shares)
    if not busy:
        return ""
    return (
        f"The machine was busy: in {busy} of {len(shares)} measurements the peer had "
        "less than 90 % of a core. Ratios suffer less than rates do, but they suffer; "
        "--cpu counts processor time instead."
    )
