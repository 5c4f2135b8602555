"""The rows, measured in turns, and the lines that tell of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from ._fleet import Fleet
from ._sides import PEER, Side, missing

__all__ = ["ROWS", "WORKERS", "Figures", "Row", "lines", "measure"]

PATIENCE = 60.0
"""How long one turn may take, in seconds."""
WORKERS = [1, 2, 4]


@dataclass(frozen=True)
class Row:
    """One work, with its arguments after the number of operations."""

    title: str
    work: str
    count: int
    """Operations in one turn."""
    arguments: tuple[int, ...]
    goal: str = ""
    workers: int = 1
    warmed: int | None = None
    """Operations of the turn that warms up, if not as many."""


ROWS = [
    Row("request-response, 1 caller", "request", 2_000, (1, 100), "≥ 2 x"),
    Row("request-response, 16 callers", "request", 8_000, (16, 100), "≥ 3 x"),
    Row("request-response, 256 callers", "request", 12_000, (256, 100), "≥ 4 x"),
    Row("10 KB there and back, 16 callers", "request", 4_000, (16, 10_000)),
    Row("publish, end to end", "publish", 12_000, (100,), "≥ 4 x"),
    Row(
        "cancelled until the handler ended, 16 others",
        "cancel",
        200,
        (16,),
        "p99 < 10 ms",
        warmed=10,
    ),
    *(
        Row(
            f"64 callers, workers: {workers}",
            "request",
            12_000,
            (64, 100),
            workers=workers,
        )
        for workers in WORKERS
    ),
]


@dataclass
class Figures:
    """What one side reached in one row."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    lacks: str = ""
    """Why there are no figures."""

    def note(self, rate: float | None, waits: list[float]) -> None:
        if rate is not None:
            self.rates.append(rate)
        if waits:
            waits = sorted(waits)
            self.p50.append(waits[len(waits) // 2])
            self.p99.append(waits[len(waits) * 99 // 100])

    def fail(self, why: str) -> None:
        """A side that failed once in a row has no figures there."""
        self.rates, self.p50, self.p99, self.lacks = [], [], [], why


Found = dict[str, dict[str, Figures]]


def measure(
    sides: list[Side],
    rows: list[Row],
    *,
    rounds: int,
    scale: float = 1.0,
    progress: Callable[[str], None] = lambda line: None,
) -> Found:
    """Measure each side on each row, with ``scale`` times the operations."""
    found: Found = {row.title: {side.name: Figures() for side in sides} for row in rows}
    for row in rows:
        progress(row.title)
        _measure_row(row, sides, found[row.title], rounds, scale)
    return found


def _measure_row(
    row: Row, sides: list[Side], found: dict[str, Figures], rounds: int, scale: float
) -> None:
    """Give each side of a row new processes, a turn to warm up, and one per round."""
    count = max(4, round(row.count * scale))
    with ExitStack() as stack:
        fleets: dict[str, Fleet] = {}
        for side in sides:
            why = missing(side) or _excess(side, row.workers)
            if why:
                found[side.name].fail(why)
                continue
            try:
                fleet = stack.enter_context(Fleet(side, workers=row.workers))
                warmed = min(count, row.warmed or count)
                fleet.take(row.work, (warmed, *row.arguments), PATIENCE)
            except Exception as exc:  # noqa: BLE001 - it is part of the report
                found[side.name].fail(str(exc))
            else:
                fleets[side.name] = fleet
        names = [*fleets]
        for number in range(rounds):
            turn = number % len(names) if names else 0
            for name in names[turn:] + names[:turn]:
                if found[name].lacks:
                    continue
                try:
                    figures = fleets[name].take(
                        row.work, (count, *row.arguments), PATIENCE
                    )
                except Exception as exc:  # noqa: BLE001 - it is part of the report
                    found[name].fail(str(exc))
                else:
                    found[name].note(*figures)


def _excess(side: Side, workers: int) -> str | None:
    if side.most_workers is None or workers <= side.most_workers:
        return None
    return "it lets only one worker host an agent type"


def lines(found: Found, rows: list[Row]) -> Iterator[str]:
    """Tell what was found, a line for each side of each row."""
    for row in rows:
        yield f"{row.title}:{f' (goal: {row.goal})' if row.goal else ''}"
        for name, figures in found[row.title].items():
            yield f"  {name:18} {_told(name, figures, found[row.title].get(PEER))}"


def _told(name: str, figures: Figures, peer: Figures | None) -> str:
    if figures.lacks:
        return f"no figures: {figures.lacks}"
    parts = []
    if figures.rates:
        rates = figures.rates
        parts.append(
            f"{median(rates):8,.0f} per second [{min(rates):,.0f}..{max(rates):,.0f}]"
        )
        if peer and peer.rates and name != PEER:
            ratios = [one / other for one, other in zip(rates, peer.rates, strict=True)]
            parts.append(
                f"{median(ratios):.2f} x [{min(ratios):.2f}..{max(ratios):.2f}]"
            )
    if figures.p50:
        p50, p99 = (median(one) * 1e3 for one in (figures.p50, figures.p99))
        parts.append(f"p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    return ", ".join(parts)
