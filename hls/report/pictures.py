"""Pictures of a run: spikes, weights, and the layout's copied to the top."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hls.files import atomic_path
from hls.ir import NO_SPIKE, FrozenNetwork, Outputs, load
from hls.step import step_dir

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 8
LABELS = "labels.npy"
MOST_CELLS = 700


def draw(run_dir: Path) -> list[str]:
    """Draw what the run has data for; return the names of the pictures.

    Args:
        run_dir: the run's directory, which gets `raster.png`, `weights.png`, `layout.png`, and
            `confusion.png` where the freeze step left `labels.npy`, int64 `[B]`.
    """
    made = []
    layout = step_dir(run_dir, "layout") / "layout.png"
    if layout.is_file():
        with atomic_path(run_dir / "layout.png") as temporary:
            shutil.copyfile(layout, temporary)
        made.append("layout.png")
    stimulus = step_dir(run_dir, "freeze") / "stimulus.npz"
    if (run_dir / "frozen").is_dir() and stimulus.is_file():
        network = load(run_dir / "frozen")
        with np.load(stimulus, allow_pickle=False) as arrays:
            x, y = arrays["x"], arrays["y"]
        _raster(network, x, Outputs(y), run_dir / "raster.png")
        _weights(network, run_dir / "weights.png")
        made += ["raster.png", "weights.png"]
        labels = step_dir(run_dir, "freeze") / LABELS
        if labels.is_file():
            truth = np.load(labels, allow_pickle=False)
            _confusion(Outputs(y), truth, run_dir / "confusion.png")
            made.append("confusion.png")
    return made


def confusion(
    clusters: npt.NDArray[np.integer], labels: npt.NDArray[np.integer], neurons: int
) -> npt.NDArray[np.int64]:
    """Return how many samples of each class are in each cluster, int64 `[classes, neurons + 1]`.

    Args:
        clusters: `[B]`, the winning neuron, or -1 without a spike, counted in the last column.
        labels: `[B]`, `0 .. classes - 1`.
        neurons: neurons of the column.

    >>> confusion(np.array([1, 1, -1]), np.array([0, 0, 1]), 2).tolist()
    [[0, 2, 0], [0, 0, 1]]
    """
    table = np.zeros((int(labels.max()) + 1, neurons + 1), dtype=np.int64)
    np.add.at(table, (labels, clusters), 1)  # -1 is the last column
    return table


def draw_confusion(axes: Axes, table: npt.NDArray[np.int64]) -> None:
    """Draw a table of `confusion`: the share of a class as shade, the number of samples as text."""
    if not table[:, -1].any():
        table = table[:, :-1]
    classes, clusters = table.shape
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    if table.size <= MOST_CELLS:
        for (row, column), count in np.ndenumerate(table):
            if count:
                dark = share[row, column] > 0.55
                axes.text(column, row, str(count), ha="center", va="center", fontsize=7,
                          color="white" if dark else "#1d2733")  # fmt: skip
    axes.set_xticks(range(0, clusters, max(1, clusters // 13)))
    axes.set_yticks(range(0, classes, max(1, classes // 13)))
    axes.set_xlabel("cluster (neuron)")
    axes.set_ylabel("class")


def _confusion(outputs: Outputs, labels: np.ndarray, path: Path) -> None:
    from matplotlib.figure import Figure

    table = confusion(outputs.winner[:, 0], labels, outputs.y.shape[2])
    rows, columns = table.shape
    size = (2.4 + 0.45 * min(columns, 25), 1.6 + 0.32 * min(rows, 25))
    figure = Figure(figsize=size, layout="constrained")
    draw_confusion(figure.subplots(), table)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)


def _raster(network: FrozenNetwork, x: np.ndarray, outputs: Outputs, path: Path) -> None:
    from matplotlib.figure import Figure

    shown = min(SHOWN, len(x))
    steps = network.layers[-1].output_horizon
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots()
    for sample in range(shown):
        base = sample * (steps + 2)
        line = np.flatnonzero(x[sample] != NO_SPIKE)
        axes.plot(base + x[sample, line], line, ".", ms=4, color="#33658a")
        winner, time = int(outputs.winner[sample, 0]), int(outputs.time[sample, 0])
        if winner >= 0:
            axes.plot([base + time] * 2, [-1, network.inputs], color="#f26419", lw=1.5)
            axes.annotate(
                f"neuron {winner}\nt = {time}",
                (base + time, network.inputs),
                ha="center",
                va="bottom",
                fontsize=8,
                color="#b8440b",
            )
        axes.axvspan(base + steps - 0.5, base + steps + 1.5, color="#eeeeee", lw=0)
    axes.set_xticks([s * (steps + 2) for s in range(shown)], [f"sample {s}" for s in range(shown)])
    axes.set_xlim(-1, shown * (steps + 2) - 2)
    axes.set_ylim(-1, network.inputs * 1.16)
    axes.set_ylabel("input line")
    axes.set_xlabel(f"time steps, {steps} to a gamma cycle (blue: input, orange: first output)")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)


def _weights(network: FrozenNetwork, path: Path) -> None:
    from matplotlib.figure import Figure

    layer = network.layers[0]
    c, n, d, s, p = layer.shape
    rows = layer.weights.reshape(c * n * d * s, p).astype(float)
    rows[~layer.mask.reshape(rows.shape)] = np.nan
    rows = rows[:64]
    figure = Figure(figsize=(11, 1.2 + 0.35 * max(len(rows), 3)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(
        rows, aspect="auto", interpolation="nearest", cmap="viridis", vmin=0, vmax=layer.w_max
    )
    axes.set_facecolor("#ffffff")
    axes.set_xlabel("input line (blank: pruned)")
    axes.set_yticks(range(len(rows)), [f"neuron {i}" for i in range(len(rows))])
    figure.colorbar(image, ax=axes, label="weight, LSB")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
