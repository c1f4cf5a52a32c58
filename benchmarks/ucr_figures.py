"""Figures of the UCR study: clusters against classes, spikes, weights as templates.

    python -m benchmarks.ucr_figures [--sets seven|NAME ...] [--seed 0] [--root FOLDER]
        [--out runs/ucr_figures]

Learns each set with the common setting and writes, scored on TEST:

- `<set>_confusion.png`: how many samples of each class each neuron wins;
- `<set>_raster.png`: spikes of one sample of each cluster, and when its neuron answers;
- `<set>_templates.png`: the column with a line for each value, whose weights lie over the mean
  series of the cluster, and the four views, whose weights lie over the cluster's mean features.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ucr_setting import SETTINGS, SEVEN
from benchmarks.ucr_study import data_of

import numpy as np  # isort: skip
import numpy.typing as npt
import torch

from datamodules import UCR
from datamodules.encoders import standardise
from hls.ir import NO_SPIKE
from hls.report.pictures import confusion, draw_confusion
from neutnn_pl.nn import Network
from neutnn_pl.nn.restarts import learn_restarts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 6
"""Clusters shown: the largest."""


@dataclass(frozen=True)
class Learnt:
    """A column, and what it answers on the test split.

    Attributes:
        data: the set, encoded.
        network: the column that was kept.
        x: uint8 `[B, lines]`, spike times in time steps or 255.
        time: uint8 `[B]`, the winner's spike time or 255.
        winner: int64 `[B]`, the winner, -1 without a spike.
        labels: int64 `[B]`.
    """

    data: UCR
    network: Network
    x: npt.NDArray[np.uint8]
    time: npt.NDArray[np.uint8]
    winner: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    @property
    def largest(self) -> list[int]:
        """The neurons that win most, at most `MOST`, by index."""
        won = np.bincount(self.winner[self.winner >= 0], minlength=1)
        order = [int(n) for n in np.argsort(-won, kind="stable") if won[n]]
        return sorted(order[:MOST])


def learn(name: str, part: str, seed: int, root: str | None) -> Learnt:
    """Learn a set with one of the settings of the study."""
    setting = SETTINGS[part]
    data = data_of(name, setting, root)
    train, x = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
    columns = setting.network(train, data.classes, data.tres)
    network = learn_restarts(columns, train, setting.presentations, setting.rule, seed)
    y = network(x)[:, 0].numpy()
    time = y.min(axis=1)
    winner = np.where(time == NO_SPIKE, -1, y.argmin(axis=1))
    return Learnt(data, network, x.numpy(), time, winner, data.series("test")[1])


def draw_raster(axes: Axes, found: Learnt) -> None:
    """Draw the first test sample of each of the largest clusters, side by side."""
    steps = found.network.columns[0].output_horizon
    ticks = []
    for place, neuron in enumerate(found.largest):
        sample = int(np.flatnonzero(found.winner == neuron)[0])
        base = place * (steps + 2)
        line = np.flatnonzero(found.x[sample] != NO_SPIKE)
        axes.plot(base + found.x[sample, line], line, ".", ms=3, color="#33658a")
        at = base + int(found.time[sample])
        axes.axvline(at, color="#f26419", lw=1.5)
        ticks.append((base + steps / 2, f"sample {sample}\nneuron {neuron}, t = {at - base}"))
    axes.set_xticks([t for t, _ in ticks], [text for _, text in ticks], fontsize=8)
    axes.set_ylabel("input line")


def draw_series(axes: Axes, found: Learnt, neuron: int) -> None:
    """Draw the mean series of a cluster; the shade behind is the weight of each value's line."""
    series = standardise(found.data.series("test")[0])
    rows = series[found.winner == neuron]
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    weights = found.network.columns[0].weights[0, neuron, 0, 0].numpy()
    low, high = float((mean - spread).min()), float((mean + spread).max())
    axes.imshow(weights[None], cmap="Oranges", vmin=0, vmax=7, aspect="auto", alpha=0.7,
                extent=(-0.5, len(mean) - 0.5, low, high))  # fmt: skip
    axes.plot(mean, color="#1d2733", lw=1.2)
    axes.fill_between(range(len(mean)), mean - spread, mean + spread, color="#1d2733", alpha=0.15)
    axes.set_title(f"neuron {neuron}: {len(rows)} samples", fontsize=9)


def draw_features(axes: Axes, found: Learnt, neuron: int) -> None:
    """Draw the mean features of a cluster, and the weight that speaks for their sign."""
    parts = found.data.encoder.parts  # type: ignore[attr-defined]
    series = found.data.series("test")[0][found.winner == neuron]
    mean = np.concatenate([part.prepare(series).mean(axis=0) for part in parts])
    signed, at = [], 0
    for part in parts:
        size = part.lines(found.data.length) // 2
        both = found.network.columns[0].weights[0, neuron, 0, 0, at : at + 2 * size].numpy()
        signed.append(both[:size].astype(float) - both[size:])
        at += 2 * size
    axes.bar(range(len(mean)), np.concatenate(signed) / 7, width=1.0, color="#f26419", alpha=0.6)
    axes.plot(np.clip(mean, -2, 2), color="#1d2733", lw=1.0)
    axes.set_ylim(-2.1, 2.1)


def _save(figure: Any, path: Path) -> Path:  # noqa: ANN401 - Figure
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=100)
    return path


def figures(name: str, seed: int, root: str | None, out: Path) -> list[Path]:
    """Write the three figures of a set; return their paths."""
    from matplotlib.figure import Figure

    views, values = learn(name, "column", seed, root), learn(name, "paper", seed, root)
    table = confusion(views.winner, views.labels, views.network.columns[0].weights.shape[1])
    made = []
    size = (2.6 + 0.42 * table.shape[1], 1.7 + 0.32 * table.shape[0])
    figure = Figure(figsize=size, layout="constrained")
    draw_confusion(figure.subplots(), table)
    figure.suptitle(f"{name}, TEST, seed {seed}", fontsize=9)
    made.append(_save(figure, out / f"{name}_confusion.png"))

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    draw_raster(figure.subplots(), views)
    made.append(_save(figure, out / f"{name}_raster.png"))

    wide = max(len(views.largest), len(values.largest))
    figure = Figure(figsize=(2.2 + 2.3 * wide, 4.4), layout="constrained")
    axes = figure.subplots(2, wide, squeeze=False)
    for row, (found, draw) in enumerate(((values, draw_series), (views, draw_features))):
        for place in range(wide):
            if place < len(found.largest):
                draw(axes[row, place], found, found.largest[place])
            else:
                axes[row, place].axis("off")
    axes[0, 0].set_ylabel("mean series, weights")
    axes[1, 0].set_ylabel("mean features, weights")
    made.append(_save(figure, out / f"{name}_templates.png"))
    return made


def main() -> None:
    """Draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["seven"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", help="a folder of sets; default NEUTNN_DATA")
    parser.add_argument("--out", type=Path, default=Path("runs/ucr_figures"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for one in options.sets:
        for name in SEVEN if one == "seven" else (one,):
            for path in figures(name, options.seed, options.root, options.out):
                print(path)


if __name__ == "__main__":
    main()
