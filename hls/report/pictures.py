"""Pictures of a run: spikes, weights, and the layout's copied to the top."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from hls.files import atomic_path
from hls.ir import NO_SPIKE, FrozenNetwork, Outputs, load
from hls.step import step_dir

SHOWN = 8


def draw(run_dir: Path) -> list[str]:
    """Draw what the run has data for; return the names of the pictures.

    Args:
        run_dir: the run's directory, which gets `raster.png`, `weights.png` and `layout.png`.
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
    return made


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
