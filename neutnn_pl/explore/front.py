"""The Pareto fronts of accuracy against synapses, area and energy: table, recipes, data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hls.files import write_json, write_text

NO_FORECAST = "Area and energy were not asked for (`forecast` in the search)."


@dataclass(frozen=True)
class Hardware:
    """What a network would cost by the forecast, voter included, or why there is none.

    Attributes:
        pdk: library.
        area_um2: area after synthesis, in um^2: value, and the ends of its 90 % interval.
        energy_pj: energy of an inference without leakage, in pJ: the same.
        reason: why there is no forecast.
    """

    pdk: str
    area_um2: Sequence[float] | None = None
    energy_pj: Sequence[float] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Point:
    """A network that was tried.

    Attributes:
        name: the trial's name.
        accuracy: share of the validation samples, 0 .. 1.
        synapses: weights above 0.
        whole: synapses before those of weight 0 went.
        votes: votes of the neurons with such a weight, 8 bits each.
        seconds: time that it took.
        stopped: whether it was stopped early.
        changes: what the trial changed in the recipe.
        hardware: its forecast; None if none was asked for.
    """

    name: str
    accuracy: float
    synapses: int
    whole: int
    votes: int
    seconds: float
    stopped: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    hardware: Hardware | None = None

    @property
    def cost(self) -> int:
        """Synapses and votes together."""
        return self.synapses + self.votes

    @property
    def area_mm2(self) -> float | None:
        """Forecast area in mm^2."""
        area = None if self.hardware is None else self.hardware.area_um2
        return None if area is None else area[0] / 1e6

    @property
    def energy_nj(self) -> float | None:
        """Forecast energy of an inference in nJ."""
        energy = None if self.hardware is None else self.hardware.energy_pj
        return None if energy is None else energy[0] / 1e3


COSTS: dict[str, Callable[[Point], float | None]] = {
    "synapses": lambda point: point.cost,
    "area": lambda point: point.area_mm2,
    "energy": lambda point: point.energy_nj,
}
"""What accuracy is weighed against; without a forecast the last two are None."""


def priced(points: Iterable[Point], by: str) -> list[tuple[float, Point]]:
    """Return a cost and its network, for each network whose cost is known."""
    found = [(COSTS[by](point), point) for point in points]
    return [(cost, point) for cost, point in found if cost is not None]


@dataclass(frozen=True)
class FrontReport:
    """What stands beside the points of a front.

    Attributes:
        title: what was searched.
        wanted: how many networks are to be tried; fewer have scores if the search was cut.
        published: others' networks, see `Search`.
        tests: accuracy on the test split by name, 0 .. 1, of the front.
    """

    title: str
    wanted: int
    published: Sequence[Mapping[str, Any]] = ()
    tests: Mapping[str, float] = field(default_factory=dict)


def pareto(points: Iterable[Point], by: str = "synapses") -> list[Point]:
    """Return the points that no other one beats, cheapest first.

    A point is beaten by one that costs no more and is more accurate, or costs less and is as
    accurate; of equal ones the first stays. Networks that were stopped early are left out: their
    recipes, run to the end, make other ones.

    Args:
        points: the networks.
        by: which of `COSTS`; networks without it are left out.
    """
    known = priced((point for point in points if not point.stopped), by)
    front: list[Point] = []
    for _, point in sorted(known, key=lambda pair: (pair[0], -pair[1].accuracy)):
        if not front or point.accuracy > front[-1].accuracy:
            front.append(point)
    return front


def best(points: Sequence[Point]) -> dict[str, list[str]]:
    """Return the names on any front, fewest synapses and votes first, each with its fronts."""
    found: dict[str, list[str]] = {}
    for by in COSTS:
        for point in pareto(points, by):
            found.setdefault(point.name, []).append(by)
    costs = {point.name: (point.cost, point.accuracy) for point in points}
    return dict(sorted(found.items(), key=lambda item: costs[item[0]]))


def write_front(
    directory: Path,
    points: Sequence[Point],
    recipes: dict[str, dict[str, Any]],
    report: FrontReport,
) -> list[Point]:
    """Write `trials.json`, `trials.csv`, `front.md`, `front.png` and `front/N.yaml`.

    Returns:
        The points on any front, fewest synapses and votes first.

    Args:
        directory: where they go.
        points: all networks that were tried.
        recipes: the whole recipe of each, by name.
        report: what stands beside them.
    """
    from neutnn_pl.explore.picture import draw_front

    which, named = best(points), {point.name: point for point in points}
    front = [named[name] for name in which]
    write_json(directory / "trials.json", [asdict(point) for point in points])
    write_text(directory / "trials.csv", _csv(points, which, report))
    for old in (directory / "front").glob("*.yaml"):
        old.unlink()  # of a shorter search, whose front was longer
    for number, point in enumerate(front, start=1):
        head = (
            f"# Front of {report.title}, point {number}: accuracy {point.accuracy:.4f} on the "
            f"validation split, {point.synapses} synapses, {point.votes} votes\n"
        )
        text = head + yaml.safe_dump(recipes[point.name], sort_keys=False)
        write_text(directory / "front" / f"{number}.yaml", text)
    lines = [*_table(points, which, report), *_beside(front, report)]
    write_text(directory / "front.md", "\n".join(lines) + "\n")
    draw_front(points, directory / "front.png", report)
    return front


def _table(
    points: Sequence[Point], which: Mapping[str, list[str]], report: FrontReport
) -> list[str]:
    stopped = sum(point.stopped for point in points)
    pruned = sum("pruning" in point.changes for point in points)
    lines = [
        f"# Pareto front of {report.title}",
        "",
        f"{len(points) - pruned} of {report.wanted} networks have scores, {stopped} of them stopped"
        f" early, and {pruned} pruned ones; accuracy on the validation split, and on the test split"
        f" where it was read. {_said(points)}",
        "",
        "| recipe | accuracy | test | synapses | with zeros | votes | area, mm^2 | energy, nJ | "
        "on the front of | seconds | changes |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---|",
    ]
    named = {point.name: point for point in points}
    for number, (name, fronts) in enumerate(which.items(), start=1):
        p = named[name]
        changes = ", ".join(f"{key.split('.')[-1]}={value}" for key, value in p.changes.items())
        cells = [
            f"front/{number}.yaml", f"{p.accuracy:.4f}", _share(report.tests.get(p.name)),
            p.synapses, p.whole, p.votes, *_cells(p.hardware), ", ".join(fronts),
            f"{p.seconds:.0f}", changes.replace("|", "/"),
        ]  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return lines


def _said(points: Sequence[Point]) -> str:
    """Return what is to be known of the columns of area and energy."""
    asked = [point.hardware for point in points if point.hardware is not None]
    if not asked:
        return NO_FORECAST
    without = sum(hardware.area_um2 is None for hardware in asked)
    return (
        f"Area and energy of an inference are forecast for {asked[0].pdk}, votes included, after "
        "synthesis and without wires, with the interval in which nine of ten networks lie: of "
        "measured ones, all smaller and without votes. "
        f"Without a forecast: {without}; their cells say why."
    )


def _cells(hardware: Hardware | None) -> tuple[str, str]:
    if hardware is None:
        return "not asked for", "not asked for"
    if hardware.area_um2 is None or hardware.energy_pj is None:
        why = f"none: {hardware.reason}".replace("|", "/")
        return why, why
    area, energy = hardware.area_um2, hardware.energy_pj
    return (
        "{:.3g} ({:.3g}-{:.3g})".format(*(value / 1e6 for value in area)),
        "{:.3g} ({:.3g}-{:.3g})".format(*(value / 1e3 for value in energy)),
    )


def _csv(points: Sequence[Point], which: Mapping[str, list[str]], report: FrontReport) -> str:
    """Return all networks as a table of plain figures; what there is none of is empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ["name", "accuracy", "test", "synapses", "with_zeros", "votes"]
        + [f"{name}{end}" for name in ("area_um2", "energy_pj") for end in ("", "_low", "_high")]
        + ["pdk", "no_forecast", "fronts", "stopped", "seconds", "changes"]
    )
    for p in points:
        h = p.hardware or Hardware("", reason="not asked for")
        row: list[object] = [p.name, p.accuracy, report.tests.get(p.name, ""), p.synapses, p.whole]
        row += [p.votes, *_figures(h.area_um2), *_figures(h.energy_pj), h.pdk]
        reason = "stopped early" if p.stopped else h.reason
        fronts, changes = " ".join(which.get(p.name, [])), json.dumps(p.changes)
        table.writerow([*row, reason, fronts, p.stopped, p.seconds, changes])
    return text.getvalue()


def _figures(value: Sequence[float] | None) -> list[str]:
    return ["", "", ""] if value is None else [f"{figure:.7g}" for figure in value]


def _share(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{accuracy:.4f}"


def _beside(front: Sequence[Point], report: FrontReport) -> list[str]:
    """Return the table of published networks: which point of the front costs less and errs less."""
    if not report.published:
        return []
    lines = [
        "",
        "| published | accuracy | synapses | cheaper and as good | source |",
        "|---|---:|---:|---|---|",
    ]
    for other in report.published:
        # The test split where it was read, as published figures are of it.
        better = [
            f"front/{number}.yaml"
            for number, p in enumerate(front, start=1)
            if (other["synapses"] is None or p.cost <= other["synapses"])
            and report.tests.get(p.name, p.accuracy) >= other["accuracy"]
        ]
        lines.append(
            f"| {other['name']} | {other['accuracy']:.4f} | {other['synapses'] or 'not stated'} | "
            f"{better[0] if better else 'none'} | {other['source']} |"
        )
    return lines
