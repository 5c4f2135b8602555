"""The results as charts, to paste into a page.

A panel for each row, a bar for each peer, on a logarithmic scale since the peers are far
apart; the thin line is from the slowest round to the fastest. Growth curves are lines,
cost over count. The background is opaque, so that a chart can be read on a light page
and on a dark one.
"""

from importlib import import_module
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from .results import Result

__all__ = ["FORMATS", "draw", "why_not"]

FORMATS = (".svg", ".png")
COLUMNS = 3
PAPER, INK, GRID = "#fbfbf8", "#20242a", "#c9ccd1"
OURS, FLOOR, AUTOGEN, OTHER = "#2b6cb0", "#8a9099", "#c05621", "#b9a26a"
STYLE = {
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "actrio",
    "axes.edgecolor": GRID,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def why_not(file: Path) -> str:
    """Say what is in the way of drawing into this file; nothing if nothing is."""
    if file.suffix not in FORMATS:
        return f"--plot {str(file)!r} must end in {' or '.join(FORMATS)}"
    if find_spec("matplotlib") is None:
        return "--plot needs matplotlib: pip install 'actrio[bench-plot]'"
    return ""


def draw(results: list[Result], file: Path) -> None:
    """Draw everything that was measured into one file.

    Raises:
        ValueError: If there is nothing to draw.
    """
    measured = [result for result in results if result.values]
    panels = list(dict.fromkeys(result.row for result in measured))
    if not panels:
        message = "nothing was measured, so there is nothing to draw"
        raise ValueError(message)
    columns = min(COLUMNS, len(panels))
    lines = ceil(len(panels) / columns)
    with import_module("matplotlib").rc_context(STYLE):
        figure = import_module("matplotlib.figure").Figure(
            figsize=(4.4 * columns, 2.6 * lines + 0.2),
            facecolor=PAPER,
            layout="constrained",
        )
        axes = figure.subplots(lines, columns, squeeze=False).flat
        for panel, row in zip(axes, panels, strict=False):
            own = [result for result in measured if result.row == row]
            panel.set_facecolor(PAPER)
            panel.spines[["top", "right"]].set_visible(False)
            (_bars if own[0].count is None else _lines)(panel, own)
        for panel in list(axes)[len(panels) :]:
            panel.set_visible(False)
        metadata = {"Date": None} if file.suffix == ".svg" else {}
        figure.savefig(file, metadata=metadata, facecolor=PAPER)


def _bars(panel: Any, own: list[Result]) -> None:
    own = [*reversed(own)]  # the first at the top
    middles = [result.middle for result in own]
    below = [m - min(r.values) for m, r in zip(middles, own, strict=True)]
    above = [max(r.values) - m for m, r in zip(middles, own, strict=True)]
    panel.barh(
        [result.peer for result in own],
        middles,
        xerr=[below, above],
        color=[_color(result.peer) for result in own],
        ecolor=INK,
        error_kw={"elinewidth": 0.8},
        height=0.7,
    )
    if max(middles) > 8 * min(middles):
        panel.set_xscale("log")
        panel.set_xlim(left=min(middles) / 3)
    panel.grid(axis="x", color=GRID, linewidth=0.5)
    panel.set_axisbelow(True)
    panel.tick_params(axis="both", length=0, labelsize=8)
    less = ", less is better" if own[0].less_is_better else ""
    panel.set_title(f"{own[0].row} ({own[0].unit}{less})", fontsize=9, loc="left")


def _lines(panel: Any, own: list[Result]) -> None:
    for peer in dict.fromkeys(result.peer for result in own):
        points = [result for result in own if result.peer == peer]
        counts = [result.count for result in points]
        color = _color(peer)
        style = "-" if "asyncio" not in peer else "--"
        style = ":" if "uvloop" in peer else style
        panel.plot(
            counts,
            [point.middle for point in points],
            style,
            color=color,
            marker="o",
            markersize=3,
            linewidth=1.3,
            label=peer,
        )
        panel.fill_between(
            counts,
            [min(point.values) for point in points],
            [max(point.values) for point in points],
            color=color,
            alpha=0.15,
            linewidth=0,
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.grid(color=GRID, linewidth=0.5)
    panel.tick_params(axis="both", length=0, labelsize=8)
    title, _, of = own[0].title.partition(": ")
    panel.set_title(f"{title} ({own[0].unit})", fontsize=8, loc="left")
    panel.set_xlabel(of, fontsize=8)
    panel.legend(fontsize=7, frameon=False)


def _color(peer: str) -> str:
    if peer.startswith("actrio"):
        return OURS
    if peer == "autogen_core":
        return AUTOGEN
    return FLOOR if peer.startswith(("bare", "its")) else OTHER
