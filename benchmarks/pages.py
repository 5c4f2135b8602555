"""README, docs page and pictures from the file that a run has written.

::

    python -m benchmarks --growth --json benchmarks/results.json
    python -m benchmarks.pages

Only what stands between the two comments in a page is replaced, so that every figure in
it comes from that one run. Several files may be given; where they have the same row, the
last one counts.
"""

import argparse
import json
import re
import textwrap
from pathlib import Path
from typing import Any

from . import plot
from .growth import grown
from .imports import DEPENDENCIES, NAME as IMPORT
from .instructions import NAME as INSTRUCTIONS
from .machine import machine_line
from .memory import NAME as MEMORY
from .peers import PEERS
from .report import busy_note, floor_of, number, stopped, times
from .results import Result, find, from_json
from .steps import STEP_PEERS, per_step
from .targets import verdicts
from .workloads import CURVES, ROWS

__all__ = ["RESULTS", "docs_section", "merged", "readme_section", "refresh", "replaced"]

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
BEGIN = "<!-- BENCHMARKS: filled from a run of `python -m benchmarks` -->"
END = "<!-- END OF BENCHMARKS -->"

ON_LOOPS = [name for name, peer in PEERS.items() if peer.is_quick]
OTHERS = [name for name, peer in PEERS.items() if not peer.is_quick]
IN_README = ["autogen_core", "actrio on trio", "actrio on asyncio"]
README_ROWS = ["request-1", "request-100", "publish-1", "publish-10"]

DASH, TIMES = "-", "\N{MULTIPLICATION SIGN}"

Document = dict[str, Any]


def merged(documents: list[Document]) -> tuple[list[Result], Document]:
    """The results of several files, and the machine and settings of the last one."""
    results: list[Result] = []
    for document in documents:
        newer = from_json(document["results"])
        rows = {result.row for result in newer}
        results = [result for result in results if result.row not in rows] + newer
    return results, documents[-1]


def replaced(page: str, section: str) -> str:
    """The page with what is between its two comments replaced.

    Raises:
        ValueError: If it has no such comments.
    """
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?(\n{re.escape(END)})", re.DOTALL)
    if not pattern.search(page):
        message = f"the page has no {BEGIN!r} … {END!r} to fill"
        raise ValueError(message)
    return pattern.sub(lambda found: f"{found[1]}\n{section}\n{found[2]}", page)


# ── Sections ──────────────────────────────────────────────────────────────────────


def readme_section(results: list[Result], document: Document) -> str:
    """The short table."""
    lines = [["per second, and times autogen_core", *IN_README]]
    for row in ROWS:
        if row.name in README_ROWS:
            title = f"{row.title}, {row.unit.removesuffix('/s')}"
            lines.append([title, *(_cell(results, row.name, p) for p in IN_README)])
    where = document["machine"]
    text = (
        f"Medians of {document['settings']['rounds']} interleaved rounds, "
        f"{where['python']}, {where['cores']} cores of {where['processor']}; read the "
        "ratios, which are medians over the rounds too."
    )
    actor, floor = (find(results, MEMORY, p) for p in ("actrio on trio", "bare trio"))
    if actor is not None and floor is not None:
        text += (
            f" An idle actor takes {number(actor.middle)} bytes on trio; a bare task "
            f"with a memory channel and a cancel scope takes {number(floor.middle)}."
        )
    return f"{_table(lines)}\n\n{_wrapped(text)}"


def docs_section(results: list[Result], document: Document) -> str:
    """All tables."""
    where = document["machine"]
    blocks = [
        _wrapped(
            f"Measured on {where['when'][:10]}: {machine_line(where)}. "
            f"{document['settings']['rounds']} rounds; when it ended, {where['load']:g} "
            f"programs wanted to run. {_cpu_note(document)}{busy_note(results)}"
        ),
        "### On event loops, times autogen_core in brackets",
        _rows_table(results, ON_LOOPS),
        "### Other libraries",
        _rows_table(results, OTHERS),
        _reasons(results),
        "### How long a caller waits, p50 / p99 in microseconds",
        _latency_table(results),
        "### Memory, import, instructions",
        _costs_table(results),
        "### What one request is made of",
        *(_steps_table(results, peer) for peer in STEP_PEERS),
        "### Growth: microseconds per message",
        *(_curve_table(results, curve.name) for curve in CURVES),
        "### The project's goals",
        _goals_table(results),
    ]
    return "\n\n".join(block for block in blocks if block)


def _cpu_note(document: Document) -> str:
    cpu = document["settings"].get("cpu")
    return "Rates are per second of processor time. " if cpu else ""


def _rows_table(results: list[Result], peers: list[str]) -> str:
    lines = [["", *peers]]
    for row in ROWS:
        if any(result.row == row.name for result in results):
            title = f"{row.title}, {row.unit}"
            lines.append([title, *(_cell(results, row.name, p) for p in peers)])
    return _table(lines)


def _cell(results: list[Result], row: str, peer: str) -> str:
    result = find(results, row, peer)
    if result is None:
        return DASH
    text = number(result.middle) + (f", {result.note}" if result.note else "")
    base = find(results, row, "autogen_core")
    if base is None or peer == "autogen_core":
        return text
    return f"{text} ({float(times(result, base)):.3g} {TIMES})"


def _reasons(results: list[Result]) -> str:
    """Why there is no value where there is a dash, each reason once."""
    rows: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if not result.values and result.count is None and result.peer in PEERS:
            rows.setdefault((result.peer, result.why_not), []).append(result.row)
    lines = [
        f"- {peer} ({', '.join(where)}): {why}" for (peer, why), where in rows.items()
    ]
    return "\n".join(["No value:", "", *lines]) if lines else ""


def _latency_table(results: list[Result]) -> str:
    peers = [p for p in PEERS if any(r.p50 and r.peer == p for r in results)]
    lines = [["", *peers]]
    for row in ROWS:
        cells = []
        for peer in peers:
            found = find(results, row.name, peer)
            shown = found is not None and found.p50
            cells.append(_p50_p99(found) if found is not None and shown else DASH)
        if set(cells) != {DASH}:
            lines.append([row.title, *cells])
    return _table(lines) if len(lines) > 1 else ""


def _p50_p99(result: Result) -> str:
    middle = len(result.p50) // 2
    p50, p99 = sorted(result.p50)[middle], sorted(result.p99)[middle]
    return f"{number(p50 * 1e6)} / {number(p99 * 1e6)}"


def _costs_table(results: list[Result]) -> str:
    lines = [["", "", "times its floor"]]
    for row in dict.fromkeys(result.row for result in results):
        if row.startswith(f"{INSTRUCTIONS}-step"):
            continue
        if row not in (MEMORY, "memory-traced", IMPORT) and INSTRUCTIONS not in row:
            continue
        for result in results:
            if result.row != row or not result.values:
                continue
            title = "time to import" if row == IMPORT else result.title
            note = f" ({result.note})" if result.note else ""
            ratio = times(result, find(results, row, floor_of(result.peer)))
            ratio = "" if result.peer in (DEPENDENCIES, "") else ratio
            cell = f"{number(result.middle)} {result.unit}"
            lines.append([f"{title}: {result.peer}{note}", cell, ratio])
    return _table(lines) if len(lines) > 1 else ""


def _steps_table(results: list[Result], peer: str) -> str:
    lines = [[peer, "µs", "instructions"]]
    for cost in per_step(results, peer):
        pair = (cost.microseconds, cost.instructions)
        if pair != (None, None):
            cells = [DASH if one is None else number(one) for one in pair]
            lines.append([cost.title, *cells])
    return _table(lines) if len(lines) > 1 else ""


def _curve_table(results: list[Result], curve: str) -> str:
    own = [result for result in results if result.row == curve]
    if not own:
        return ""
    counts = sorted({result.count or 0 for result in own})
    title, _, of = own[0].title.partition(": ")
    lines = [[f"{title}; {of}", *(f"{count:,}" for count in counts), "growth"]]
    for peer in dict.fromkeys(result.peer for result in own):
        points = [result for result in own if result.peer == peer]
        if any(point.values for point in points):
            cells = {p.count: number(p.middle) for p in points if p.values}
            line = [cells.get(count, DASH) for count in counts]
            name = f"{peer}{stopped(points)}"
            lines.append([name, *line, f"{grown(points):.2f} {TIMES}"])
    return _table(lines)


def _goals_table(results: list[Result]) -> str:
    lines = [["goal", "reached", ""]]
    for target, reached, met in verdicts(results):
        lines.append([str(target), f"{reached:.2f}", "met" if met else "missed"])
    return _table(lines) if len(lines) > 1 else ""


def _table(lines: list[list[str]]) -> str:
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, "|---|" + "---:|" * (len(lines[0]) - 1), *rest])


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text.strip(), 95, break_long_words=False, break_on_hyphens=False
    )


# ── Pages ─────────────────────────────────────────────────────────────────────────


def refresh(documents: list[Document], root: Path = ROOT) -> list[Path]:
    """Rewrite the pages and pictures below ``root``; returns what was written."""
    results, last = merged(documents)
    written = []
    for name, section in (
        ("README.md", readme_section(results, last)),
        ("docs/benchmarks.md", docs_section(results, last)),
    ):
        page = root / name
        page.write_text(replaced(page.read_text(), section))
        written.append(page)
    curves = [result for result in results if result.count is not None]
    bars = {row.name for row in ROWS} | {MEMORY, IMPORT}
    for name, shown in (
        ("benchmarks.svg", [result for result in results if result.row in bars]),
        ("growth.svg", curves),
    ):
        if any(result.values for result in shown):
            plot.draw(shown, root / "docs" / "images" / name)
            written.append(root / "docs" / "images" / name)
    return written


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.pages", description=__doc__.splitlines()[0]
    )
    options.add_argument(
        "files", nargs="*", type=Path, default=[RESULTS], metavar="FILE"
    )
    arguments = options.parse_args(argv)
    problem = plot.why_not(Path("picture.svg"))
    if problem:
        options.error(problem.replace("--plot", "drawing"))
    missing = [str(file) for file in arguments.files if not file.exists()]
    if missing:
        options.error(
            f"{', '.join(missing)} is not there; write it with: "
            "python -m benchmarks --growth --json FILE"
        )
    for path in refresh([json.loads(file.read_text()) for file in arguments.files]):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
