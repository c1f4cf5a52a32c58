"""The picture of a search: error against each cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hls.files import atomic_path
from neutnn_pl.explore.front import COSTS, FrontReport, Point, pareto, priced

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "synapses": "synapses above 0, and votes",
    "area": "forecast area, mm$^2$ ({})",
    "energy": "forecast energy of an inference, nJ ({})",
}


def draw_front(points: Sequence[Point], path: Path, report: FrontReport) -> None:
    """Draw error against each cost that is known, all axes logarithmic.

    Args:
        points: all networks that were tried.
        path: PNG file.
        report: what stands beside them; published networks stand where synapses are, a line where
            theirs are not stated.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = [by for by in COSTS if pareto(points, by)] or ["synapses"]
    figure = Figure(figsize=(1.5 + 4.5 * len(shown), 4.5), layout="constrained")
    pdk = next((p.hardware.pdk for p in points if p.hardware is not None), "")
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, by in zip(panels, shown, strict=True):
        _panel(axes, points, by)
        axes.set(xscale="log", yscale="log", xlabel=LABELS[by].format(pdk))
    panels[0].set_ylabel("error on the validation split (%)")
    panels[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panels[0].yaxis.set_major_formatter("{x:g}")
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    _others(panels[0], report.published)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(report.title)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _panel(axes: Axes, points: Sequence[Point], by: str) -> None:
    """Draw all points, and the front, against one cost."""
    known = priced(points, by)
    for some, colour, label in (
        ([pair for pair in known if pair[1].stopped], "lightgrey", "stopped early"),
        ([pair for pair in known if _kind(pair[1]) == "whole"], "grey", "tried"),
        ([pair for pair in known if _kind(pair[1]) == "pruned"], "C1", "pruned"),
    ):
        if some:
            axes.scatter(*_line(some), s=14, color=colour, label=label)
    axes.plot(*_line(priced(pareto(points, by), by)), "o-", color="C0", label="front")


def _others(axes: Axes, published: Sequence[Mapping[str, Any]]) -> None:
    """Draw published networks, whose errors are on the test split."""
    for number, other in enumerate(published):
        error = max(100 * (1 - other["accuracy"]), 1e-3)
        if other["synapses"] is None:
            label = f"{other['name']} (published, synapses not stated)"
            axes.axhline(error, linestyle=":", color="C3", label=label)
        else:
            marker = "x+1234"[number % 6]
            axes.scatter([other["synapses"]], [error], marker=marker, color="C3",
                         label=f"{other['name']} (published)")  # fmt: skip


def _kind(point: Point) -> str:
    return "stopped" if point.stopped else "pruned" if "pruning" in point.changes else "whole"


def _line(pairs: Sequence[tuple[float, Point]]) -> tuple[list[float], list[float]]:
    """Return costs and errors."""
    return [cost for cost, _ in pairs], [_error(point) for _, point in pairs]


def _error(point: Point) -> float:
    return max(100 * (1 - point.accuracy), 1e-3)
