"""Pictures of the study of place cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from datamodules.place_cells import Maps
from datamodules.place_cells.pictures import save
from neutnn_pl.nn.place_cells import PlaceMemory


def curves(
    lines: Mapping[str, Mapping[int, float] | Mapping[float, float]], x: str, y: str, path: Path
) -> None:
    """Draw one line for each memory."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, points in lines.items():
        style = "--" if "segments" not in name and "ours" not in name else "-"
        axes.plot(list(points), list(points.values()), style, marker=".", label=name)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#e4e4e4")
    axes.legend(fontsize=8)
    save(figure, path)


def goal_fields(maps: Maps, memory: PlaceMemory, environment: int, path: Path) -> None:
    """Draw, for every head feature, the places from which its dendrites answer.

    From each place with an object the memory is asked where the head is: the arrow is its answer,
    green where it is right.
    """
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    places, features = maps.places[environment], maps.features[environment]
    width, height = maps.size
    for axes, head in zip(figure.subplots(2, 5).ravel(), range(10), strict=True):
        axes.set(xlim=(-0.6, width - 0.4), ylim=(-0.6, height - 0.4), aspect="equal")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(f"cells of head {chr(65 + head)}", fontsize=8)
        where = np.flatnonzero(features == head)
        for tail, at in zip(features, places, strict=True):
            if not len(where) or tail == head:
                continue
            edge = torch.tensor([[environment, int(tail), head, -1, -1]])
            answer = [int(memory.infer(edge, field)) for field in ("dx", "dy")]
            step = np.array(answer) - (0 if maps.torus else np.array(maps.size) - 1)
            right = bool((at + step == places[where[0]]).all())
            color = "#4a8f3c" if right else "#c23b22"
            arrow = {"arrowstyle": "->", "color": color, "lw": 0.9}
            axes.annotate("", at + step, at, arrowprops=arrow)
            axes.plot(*at, "o", ms=3, color="#33658a")
        if len(where):
            axes.plot(*places[where[0]], "*", ms=11, color="#f26419")
    save(figure, path)


def localisation(maps: Maps, walk: Tensor, candidates: Tensor, folder: Path) -> None:
    """Draw which environments are left after each edge of one walk."""
    length = int((candidates.sum(1) > 1).sum()) + 1
    figure = Figure(figsize=(8, 0.5 * length + 1.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(candidates[:length].numpy(), aspect="auto", cmap="Oranges", interpolation="nearest")
    labels = []
    for _, tail, head, dx, _ in walk[:length].tolist():
        step = dx if maps.torus else dx - maps.size[0] + 1
        labels.append(f"{chr(65 + tail)} to {chr(65 + head)}, dx {step:+d}")
    axes.set_yticks(range(length), labels, fontsize=8)
    axes.set_xlabel("environment (filled: still possible)")
    axes.set_title("localisation step by step, dy not observed", fontsize=10)
    save(figure, folder / "place_localise.png")


def rate_maps(
    where: npt.NDArray[np.float64], winner: npt.NDArray[np.int64], neurons: int, path: Path
) -> None:
    """Draw where each of some neurons wins: the fields of place cells that formed."""
    figure = Figure(figsize=(11, 2.9), layout="constrained")
    counts = np.bincount(winner[winner >= 0], minlength=neurons)
    shown = np.argsort(-counts)[:: max(1, (counts > 20).sum() // 18)][:18]
    visits = np.histogram2d(*where.T, bins=25, range=[[0, 1], [0, 1]])[0]
    for axes, neuron in zip(figure.subplots(2, 9).ravel(), shown, strict=False):
        hits = np.histogram2d(*where[winner == neuron].T, bins=25, range=[[0, 1], [0, 1]])[0]
        axes.imshow((hits / np.maximum(visits, 1)).T, origin="lower", cmap="magma")
        axes.set_title(f"neuron {neuron}", fontsize=7)
        axes.set_xticks([])
        axes.set_yticks([])
    save(figure, path)
