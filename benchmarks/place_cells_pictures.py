"""Pictures of the study of place cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from datamodules.place_cells import Maps
from datamodules.place_cells.pictures import save
from neutnn_pl.nn.place_cells import COLUMNS, FIELDS, UNKNOWN, PlaceMemory

Points = Mapping[int, float] | Mapping[float, float]


def curves(panels: Mapping[str, Mapping[str, Points]], x: str, path: Path) -> None:
    """Draw panels side by side, in each one line for each memory.

    Args:
        panels: for every panel's title the memories' points.
        x: label of the horizontal axis.
        path: PNG file to write.
    """
    figure = Figure(figsize=(3.9 * len(panels) + 2.2, 3.6), layout="constrained")
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, lines) in zip(every, panels.items(), strict=True):
        for number, (name, points) in enumerate(lines.items()):
            ours = "segments" in name or "ours" in name
            style = {
                "ls": "-" if ours else "--",
                "lw": 2 if ours else 1.2,
                "zorder": 3 if ours else 2,
            }
            marker = "o" if ours else "xsd^v"[number % 5]
            axes.plot(list(points), list(points.values()), marker=marker, ms=4, label=name, **style)
        axes.axhline(0.5, color="#888888", lw=0.8, ls=":")
        axes.set(ylim=(0, 1.03), xlabel=x, title=title)
        axes.grid(color="#e4e4e4")
    every[0].set_ylabel("share of right answers")
    figure.legend(*every[0].get_legend_handles_labels(), fontsize=8, loc="outside right upper")
    save(figure, path)


def goal_fields(maps: Maps, memory: PlaceMemory, environment: int, path: Path) -> None:
    """Draw the field of each place cell over a map: one panel for every head feature.

    Shaded is the potential of the environment's dendrite for that head at every place, given only
    how far away the head is: 14 where an edge has been learnt, 7 in line with one along x or y. An
    arrow is where X and Y say that the head is, given map, tail and head; green if right.
    """
    figure = Figure(figsize=(11, 5.0), layout="constrained")
    places, features = maps.places[environment], maps.features[environment]
    width, height = maps.size
    panels = figure.subplots(2, 5).ravel()
    for axes, head in zip(panels, range(10), strict=True):
        where = np.flatnonzero(features == head)
        axes.set_title(f"head {chr(65 + head)}", fontsize=9)
        axes.set(xticks=[], yticks=[])
        if not len(where):
            continue
        goal = places[where[0]]
        shade = axes.imshow(
            _potentials(maps, memory, environment, head, goal), origin="lower", cmap="Blues",
            vmin=0, vmax=14,
        )  # fmt: skip
        for tail, at in zip(features, places, strict=True):
            if tail == head:
                continue
            edge = torch.tensor([[environment, int(tail), head, -1, -1]])
            answer = [int(memory.infer(edge, field)) for field in ("dx", "dy")]
            step = np.array(answer) - (0 if maps.torus else np.array(maps.size) - 1)
            color = "#3f7d33" if bool((at + step == goal).all()) else "#c23b22"
            arrow = {"arrowstyle": "->", "color": color, "lw": 0.9}
            axes.annotate("", at + step, at, arrowprops=arrow)
        axes.plot(*goal, "*", ms=12, color="#f26419", mec="white", mew=0.5)
        axes.set(xlim=(-0.5, width - 0.5), ylim=(-0.5, height - 0.5))
    bar = figure.colorbar(shade, ax=panels.tolist(), ticks=[0, 7, 14], shrink=0.6)
    bar.set_label("potential (weight LSB)", fontsize=8)
    save(figure, path)


def _potentials(
    maps: Maps, memory: PlaceMemory, environment: int, head: int, goal: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the potential of one dendrite of E at every place, int64 `[height, width]`."""
    width, height = maps.size
    y, x = np.mgrid[:height, :width]
    step = goal - np.stack([x.ravel(), y.ravel()], axis=1)
    step = step % np.array(maps.size) if maps.torus else step + np.array(maps.size) - 1
    edges = torch.full((len(step), len(FIELDS)), UNKNOWN)
    edges[:, FIELDS.index("dx") :] = torch.from_numpy(step)
    edges[:, FIELDS.index("head")] = head
    e = COLUMNS.index("environment")
    v = memory.potentials(edges, e, torch.full((len(edges),), environment))
    learnt = ~memory.fresh()[e, environment, head]
    return (v[:, head] * learnt).amax(1).reshape(height, width).numpy()


def localisation(maps: Maps, walk: Tensor, candidates: Tensor, true: int, folder: Path) -> None:
    """Draw which environments are left after each edge of one walk; the true one is green."""
    length = int((candidates.sum(1) > 1).sum()) + 1
    figure = Figure(figsize=(8, 0.5 * length + 1.4), layout="constrained")
    axes = figure.subplots()
    left = candidates[:length].int().numpy()
    left[:, true] *= 2
    axes.imshow(
        left, aspect="auto", cmap=ListedColormap(["#f7f2ea", "#d9772e", "#3f7d33"]), vmin=0, vmax=2
    )
    labels = []
    for number, (_, tail, head, dx, _) in enumerate(walk[:length].tolist(), start=1):
        step = dx if maps.torus else dx - maps.size[0] + 1
        labels.append(f"{number}: {chr(65 + tail)} to {chr(65 + head)}, dx {step:+d}")
    axes.set_yticks(range(length), labels, fontsize=8)
    axes.set_yticks(np.arange(1, length) - 0.5, minor=True)
    axes.grid(which="minor", axis="y", color="white", lw=2)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("environment (filled: still possible; green: the true one)")
    axes.set_title("localisation step by step, dy not observed", fontsize=10)
    save(figure, folder / "place_localise.png")


def rate_maps(
    where: npt.NDArray[np.float64], winner: npt.NDArray[np.int64], neurons: int, path: Path
) -> None:
    """Draw where each of some neurons wins: the fields of place cells that formed."""
    figure = Figure(figsize=(11, 2.9), layout="constrained")
    counts = np.bincount(winner[winner >= 0], minlength=neurons)
    shown = np.argsort(-counts)[:: max(1, (counts > 20).sum() // 18)][:18]
    visits = np.histogram2d(*where.T, bins=20, range=[[0, 1], [0, 1]])[0]
    for axes, neuron in zip(figure.subplots(2, 9).ravel(), shown, strict=False):
        hits = np.histogram2d(*where[winner == neuron].T, bins=20, range=[[0, 1], [0, 1]])[0]
        axes.imshow((hits / np.maximum(visits, 1)).T, origin="lower", cmap="magma")
        axes.set_title(f"neuron {neuron}", fontsize=7)
        axes.set_xticks([])
        axes.set_yticks([])
    save(figure, path)
