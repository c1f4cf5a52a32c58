"""The Pareto front of accuracy against synapses: table, picture, recipes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hls.files import atomic_path, write_json, write_text

NO_FORECAST = (
    "Area and energy are not in this table: there is no forecast of them yet. "
    "Costs are synapses and votes."
)


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
    """

    name: str
    accuracy: float
    synapses: int
    whole: int
    votes: int
    seconds: float
    stopped: bool = False
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def cost(self) -> int:
        """Synapses and votes together."""
        return self.synapses + self.votes


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


def pareto(points: Iterable[Point]) -> list[Point]:
    """Return the points that no other one beats, cheapest first.

    A point is beaten by one that costs no more and is more accurate, or costs less and is as
    accurate; of equal ones the first stays. Networks that were stopped early are left out: their
    recipes, run to the end, make other ones.
    """
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.accuracy)):
        if not point.stopped and (not front or point.accuracy > front[-1].accuracy):
            front.append(point)
    return front


def write_front(
    directory: Path,
    points: Sequence[Point],
    recipes: dict[str, dict[str, Any]],
    report: FrontReport,
) -> list[Point]:
    """Write `trials.json`, `front.md`, `front.png` and `front/N.yaml`; return the front.

    Args:
        directory: where they go.
        points: all networks that were tried.
        recipes: the whole recipe of each, by name.
        report: what stands beside them.
    """
    front = pareto(points)
    write_json(directory / "trials.json", [asdict(point) for point in points])
    for old in (directory / "front").glob("*.yaml"):
        old.unlink()  # of a shorter search, whose front was longer
    for number, point in enumerate(front, start=1):
        head = (
            f"# Front of {report.title}, point {number}: accuracy {point.accuracy:.4f} on the "
            f"validation split, {point.synapses} synapses, {point.votes} votes\n"
        )
        text = head + yaml.safe_dump(recipes[point.name], sort_keys=False)
        write_text(directory / "front" / f"{number}.yaml", text)
    lines = [*_table(points, front, report), *_beside(front, report)]
    write_text(directory / "front.md", "\n".join(lines) + "\n")
    draw_front(points, front, directory / "front.png", report)
    return front


def _table(points: Sequence[Point], front: Sequence[Point], report: FrontReport) -> list[str]:
    stopped = sum(point.stopped for point in points)
    pruned = sum("pruning" in point.changes for point in points)
    lines = [
        f"# Pareto front of {report.title}",
        "",
        f"{len(points) - pruned} of {report.wanted} networks have scores, {stopped} of them stopped"
        f" early, and {pruned} pruned ones; accuracy on the validation split, and on the test split"
        f" where it was read. {NO_FORECAST}",
        "",
        "| recipe | accuracy | test | synapses | with zeros | votes | seconds | changes |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for number, p in enumerate(front, start=1):
        changes = ", ".join(f"{key.split('.')[-1]}={value}" for key, value in p.changes.items())
        lines.append(
            f"| front/{number}.yaml | {p.accuracy:.4f} | {_share(report.tests.get(p.name))} | "
            f"{p.synapses} | {p.whole} | {p.votes} | {p.seconds:.0f} | "
            f"{changes.replace('|', '/')} |"
        )
    return lines


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


def draw_front(
    points: Sequence[Point], front: Sequence[Point], path: Path, report: FrontReport
) -> None:
    """Draw error against cost, both on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for some, colour, label in (
        ([p for p in points if p.stopped], "lightgrey", "stopped early"),
        ([p for p in points if not p.stopped and "pruning" not in p.changes], "grey", "tried"),
        ([p for p in points if "pruning" in p.changes], "C1", "pruned"),
    ):
        if some:
            axes.scatter(
                [p.cost for p in some], [_error(p) for p in some], s=14, color=colour, label=label
            )
    axes.plot([p.cost for p in front], [_error(p) for p in front], "o-", color="C0", label="front")
    others = [o for o in report.published if o["synapses"] is not None]
    if others:
        errors = [max(100 * (1 - o["accuracy"]), 1e-3) for o in others]
        axes.scatter([o["synapses"] for o in others], errors, marker="x", color="C3",
                     label="published (test split)")  # fmt: skip
    axes.set(xscale="log", yscale="log", title=report.title)
    axes.set_xlabel("synapses above 0, and votes")
    axes.set_ylabel("error on the validation split (%)")
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _error(point: Point) -> float:
    return max(100 * (1 - point.accuracy), 1e-3)
