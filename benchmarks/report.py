"""The results as something to read, and as something to keep."""

from statistics import median
from typing import Any

from .growth import LIMIT, grown
from .imports import DEPENDENCIES, NAME as IMPORT
from .machine import machine, machine_line
from .peers import PEERS
from .results import Result, find, ratio
from .targets import verdicts

__all__ = [
    "as_json",
    "as_markdown",
    "as_text",
    "floor_of",
    "labelled",
    "number",
    "stopped",
    "times",
]

HEAD = ["", "median", "slowest .. fastest", "x autogen_core", "x bare", "p50", "p99"]


def as_json(results: list[Result], settings: dict[str, Any]) -> dict[str, Any]:
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
    for title, lines in tables(results):
        # A line with nothing but a reason may be as long as it likes.
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
    blocks += filter(None, [_targets_text(results), busy_note(results)])
    return "\n\n".join(blocks)


def as_markdown(results: list[Result]) -> str:
    """The same, to paste into a page."""
    blocks = [markdown_table(title, lines) for title, lines in tables(results)]
    judged = [
        f"| {target} | {reached:.2f} | {'met' if met else '**missed**'} |"
        for target, reached, met in verdicts(results)
    ]
    if judged:
        blocks.append("\n".join(["| target | reached | |", "|---|---:|---|", *judged]))
    blocks.append(machine_line(machine()))
    blocks += filter(None, [busy_note(results)])
    return "\n\n".join(blocks)


def markdown_table(title: str, lines: list[list[str]]) -> str:
    """One table under a bold title."""
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    rule = "|---|" + "---:|" * (len(lines[0]) - 1)
    return "\n".join([f"**{title}**", "", head, rule, *rest])


def tables(results: list[Result]) -> list[tuple[str, list[list[str]]]]:
    """For each row a title and its lines, head first."""
    made = []
    for row in dict.fromkeys(result.row for result in results):
        own = [result for result in results if result.row == row]
        if own[0].count is not None:
            made.append(_growth_table(row, own))
            continue
        title = "time to import" if row == IMPORT else own[0].title
        less = ", less is better" if own[0].less_is_better else ""
        lines = [_line(result, results) for result in own]
        used = [i for i in range(len(HEAD)) if i < 2 or any(line[i] for line in lines)]
        lines = [[line[i] for i in used] for line in (HEAD, *lines)]
        made.append((f"{row}: {title}, {own[0].unit}{less}", lines))
    return made


def _growth_table(row: str, own: list[Result]) -> tuple[str, list[list[str]]]:
    counts = sorted({result.count for result in own if result.count is not None})
    title, _, of = own[0].title.partition(": ")
    lines = [["", *(f"{count:,}" for count in counts), "growth"]]
    for peer in dict.fromkeys(result.peer for result in own):
        points = [result for result in own if result.peer == peer]
        if not any(point.values for point in points):
            lines.append(
                [f"{labelled(peer)}: {points[0].why_not}", *[""] * len(lines[0][1:])]
            )
            continue
        cells = {p.count: number(p.middle) if p.values else "-" for p in points}
        factor = grown(points)
        mark = " !" if factor > LIMIT else ""
        line = [cells.get(count, "-") for count in counts]
        lines.append(
            [f"{labelled(peer)}{stopped(points)}", *line, f"{factor:.2f} x{mark}"]
        )
    return f"{row}: {title}, {own[0].unit}, by number of {of}", lines


def stopped(points: list[Result]) -> str:
    """Why a curve ends where it does, in brackets; nothing if it does not end early."""
    last = points[-1]
    why = last.note or ("" if last.values else last.why_not)
    return f" ({why})" if why else ""


def labelled(peer: str) -> str:
    """The name of a peer, with what makes it another kind of thing."""
    crosses = peer in PEERS and PEERS[peer].crosses_processes
    return f"{peer} (across processes)" if crosses else peer


def _line(result: Result, results: list[Result]) -> list[str]:
    name = labelled(result.peer)
    if not result.values:
        return [f"{name}: {result.why_not}", *[""] * 6]
    if result.note:
        name += f" ({result.note})"
    low, high = min(result.values), max(result.values)
    if result.less_is_better:  # the slowest is the largest
        low, high = high, low
    return [
        name,
        number(result.middle),
        f"{number(low)} .. {number(high)}" if len(result.values) > 1 else "",
        times(result, find(results, result.row, "autogen_core")),
        times(result, find(results, result.row, floor_of(result.peer))),
        _microseconds(result.p50),
        _microseconds(result.p99),
    ]


def floor_of(peer: str) -> str:
    """The bare peer on the same event loop."""
    if peer not in PEERS:
        return DEPENDENCIES
    return "bare trio" if PEERS[peer].host == "trio" else "bare asyncio"


def number(value: float) -> str:
    """A number with three digits, or with all that stand before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(result: Result, base: Result | None) -> str:
    """How many times ``base``; nothing if that was not measured."""
    return "" if base is None else f"{ratio(result, base):.2f}"


def _microseconds(seconds: list[float]) -> str:
    return f"{number(median(seconds) * 1e6)} µs" if seconds else ""


def _targets_text(results: list[Result]) -> str:
    judged = [
        f"  {'met   ' if met else 'missed'}  {reached:6.2f}  {target}"
        for target, reached, met in verdicts(results)
    ]
    return "\n".join(["targets", *judged]) if judged else ""


def busy_note(results: list[Result]) -> str:
    """A word of warning, if the machine had other things to do."""
    shares = [
        sample["cpu_seconds"] / sample["seconds"]
        for result in results
        # the others wait for processes and threads, and are idle meanwhile
        if result.peer in PEERS and PEERS[result.peer].is_quick
        for sample in result.samples
        if sample.get("seconds")
    ]
    busy = sum(share < 0.9 for share in shares)
    if not busy:
        return ""
    return (
        f"The machine was busy: in {busy} of {len(shares)} measurements of programs that "
        "never wait they had less than 90 % of a core. Ratios suffer less than rates do, "
        "but they suffer; --cpu counts processor time instead."
    )
