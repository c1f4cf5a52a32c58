"""Pictures of maps and walks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datamodules.place_cells.maps import Maps
from hls.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BEND = 0.22


def draw_maps(maps: Maps, environments: list[int], path: Path) -> None:
    """Draw environments side by side: every object a letter, by its feature.

    Args:
        maps: the maps.
        environments: which to draw.
        path: PNG file to write.
    """
    figure, axes = _panels(len(environments))
    for one, environment in zip(axes, environments, strict=True):
        _grid(one, maps)
        _objects(one, maps, environment)
        one.set_title(f"environment {environment}", fontsize=10)
    save(figure, path)


def draw_walk(maps: Maps, environment: int, walk: npt.NDArray[np.int64], path: Path) -> None:
    """Draw the edges of a walk, numbered in order, over its map.

    Args:
        maps: the maps.
        environment: where it walks.
        walk: int64 `[K + 1]`, objects in the order of the walk.
        path: PNG file to write.
    """
    figure, (axes,) = _panels(1)
    _grid(axes, maps)
    at = maps.places[environment, walk]
    for number, (tail, head) in enumerate(pairwise(at), start=1):
        arrow = {"arrowstyle": "->", "color": "#33658a", "lw": 1.2, "shrinkA": 8, "shrinkB": 8}
        # Bent, so that the way back is another line; the number stands where the bend is.
        bent = {**arrow, "connectionstyle": f"arc3,rad={_BEND}"}
        axes.annotate("", head, tail, arrowprops=bent)
        step = head - tail
        middle = tail + step / 2 + _BEND / 2 * np.array([step[1], -step[0]])
        axes.text(
            *middle, str(number), fontsize=7, color="#b8440b", ha="center", va="center",
            bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": "none"},
        )  # fmt: skip
    _objects(axes, maps, environment)
    axes.set_title(f"a walk in environment {environment}", fontsize=10)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def _panels(number: int) -> tuple[Figure, list[Any]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.3 * number + 0.2, 3.75), layout="constrained")
    return figure, list(figure.subplots(1, number, squeeze=False)[0])


def _grid(axes: Any, maps: Maps) -> None:  # noqa: ANN401 - matplotlib's axes
    width, height = maps.size
    axes.set_xlim(-0.6, width - 0.4)
    axes.set_ylim(-0.6, height - 0.4)
    axes.set_aspect("equal")
    axes.set_xticks(np.arange(width) - 0.5, labels=[])
    axes.set_yticks(np.arange(height) - 0.5, labels=[])
    axes.tick_params(length=0)
    axes.grid(color="#e4e4e4", lw=0.5)


def _objects(axes: Any, maps: Maps, environment: int) -> None:  # noqa: ANN401 - matplotlib's axes
    for (x, y), feature in zip(maps.places[environment], maps.features[environment], strict=True):
        letter = chr(ord("A") + int(feature)) if feature < 26 else str(int(feature))
        box = {"boxstyle": "circle,pad=0.25", "fc": "#f6d8ae", "ec": "#b8440b", "lw": 0.6}
        axes.text(x, y, letter, ha="center", va="center", fontsize=7, bbox=box)
