"""The Pareto front of accuracy against synapses: table, picture, recipes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        votes: votes of the voter, 8 bits each.
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


def pareto(points: Iterable[Point]) -> list[Point]:
    """Return the points that no other one beats, cheapest first.

    A point is beaten by one that costs no more and is more accurate, or costs less and is as
    accurate; of equal ones the first stays.
    """
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.accuracy)):
        if not front or point.accuracy > front[-1].accuracy:
            front.append(point)
    return front


def write_front(
    directory: Path,
    points: Sequence[Point],
    recipes: dict[str, dict[str, Any]],
    title: str,
    wanted: int,
) -> list[Point]:
    """Write `trials.json`, `front.md`, `front.png` and `front/N.yaml`; return the front.

    Args:
        directory: where they go.
        points: all networks that were tried.
        recipes: the whole recipe of each, by name.
        title: what was searched.
        wanted: how many networks are to be tried; fewer are there if the search was cut.
    """
    front = pareto(points)
    write_json(directory / "trials.json", [asdict(point) for point in points])
    for number, point in enumerate(front, start=1):
        head = (
            f"# Front of {title}, point {number}: accuracy {point.accuracy:.4f} on the validation "
            f"split, {point.synapses} synapses, {point.votes} votes\n"
        )
        text = head + yaml.safe_dump(recipes[point.name], sort_keys=False)
        write_text(directory / "front" / f"{number}.yaml", text)
    write_text(directory / "front.md", _table(points, front, title, wanted))
    draw_front(points, front, directory / "front.png", title)
    return front


def _table(points: Sequence[Point], front: Sequence[Point], title: str, wanted: int) -> str:
    stopped = sum(point.stopped for point in points)
    lines = [
        f"# Pareto front of {title}",
        "",
        f"{len(points)} of {wanted} networks have scores, {stopped} of them stopped early; "
        f"accuracy on the validation split. {NO_FORECAST}",
        "",
        "| recipe | accuracy | synapses | with zeros | votes | seconds | changes |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for number, p in enumerate(front, start=1):
        changes = ", ".join(f"{key.split('.')[-1]}={value}" for key, value in p.changes.items())
        lines.append(
            f"| front/{number}.yaml | {p.accuracy:.4f} | {p.synapses} | {p.whole} | {p.votes} | "
            f"{p.seconds:.0f} | {changes.replace('|', '/')} |"
        )
    return "\n".join(lines) + "\n"


def draw_front(points: Sequence[Point], front: Sequence[Point], path: Path, title: str) -> None:
    """Draw error against cost, both on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for some, colour, label in (
        ([p for p in points if p.stopped], "lightgrey", "stopped early"),
        ([p for p in points if not p.stopped], "grey", "tried"),
    ):
        if some:
            axes.scatter(
                [p.cost for p in some], [_error(p) for p in some], s=14, color=colour, label=label
            )
    axes.plot([p.cost for p in front], [_error(p) for p in front], "o-", color="C0", label="front")
    axes.set(xscale="log", yscale="log", title=title)
    axes.set_xlabel("synapses above 0, and votes")
    axes.set_ylabel("error on the validation split (%)")
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _error(point: Point) -> float:
    return max(100 * (1 - point.accuracy), 1e-3)
