"""Learning from an endless stream whose source changes: quality over time.

    python -m benchmarks.ucr_stream [--sets Coffee SonyAIBORobotSurface1] [--seeds 10]
        [--samples 2000] [--figure FILE]

Samples of TRAIN of the first set, drawn with replacement, then of the second, then of the first
again. Every 100 samples the column is scored on TEST of the set that it is shown. The encoder is
fitted once, on TRAIN of both sets (`--encoder first`: of the first alone); all series are brought
to 128 values. Beside it stands the same column when learning stops at the first change.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.ucr_setting import HOLDOUT, SETTINGS

import torch  # isort: skip

from datamodules import UCR, archive
from neutnn_pl.metrics.cluster import cluster_scores
from neutnn_pl.nn import Layer, Network
from neutnn_pl.nn.restarts import threshold

LENGTH, EVERY = 128, 100
Pair = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]


def read(name: str) -> dict[str, Pair]:
    """Return both splits of a set, every series at 128 values."""
    data = UCR(name, gaps="interpolate", holdout=HOLDOUT.get(name))
    found = {}
    for split in ("train", "test"):
        values, labels = data.series(split)
        found[split] = archive.equal(name, list(values), "interpolate", LENGTH), labels
    return found


def curve(names: list[str], samples: int, seed: int, known: str) -> dict[str, list[float]]:
    """Return the adjusted Rand index over time, of the column that learns on and of the other."""
    setting = SETTINGS["column"]
    sets = [read(name) for name in names]
    fitted = sets[:1] if known == "first" else sets
    encoder = setting.encoder(LENGTH).fit(np.concatenate([one["train"][0] for one in fitted]))
    spikes = [
        {s: torch.from_numpy(encoder(found[s][0])) for s in ("train", "test")} for found in sets
    ]
    labels = [torch.from_numpy(found["test"][1]) for found in sets]
    neurons = max(len(np.unique(found["test"][1])) for found in sets)
    x = spikes[0]["train"]
    network = Network(Layer(x.shape[1], neurons, threshold(x, setting.level, 7)), tres=encoder.tres)
    network.reset(seed)
    stopped, rng = network, np.random.default_rng(seed)
    scores: dict[str, list[float]] = {"learning on": [], "learning stopped": []}
    for phase, at in enumerate((0, 1, 0)):
        train, test = spikes[at]["train"], spikes[at]["test"]
        for _ in range(samples // EVERY):
            part = torch.from_numpy(rng.integers(0, len(train), EVERY))
            network.learn(train[part], setting.rule, seed)
            if phase == 0:
                stopped = Network.from_frozen(network.freeze("stopped"))
            for title, one in (("learning on", network), ("learning stopped", stopped)):
                found = one.answer(one(test))
                scores[title].append(float(cluster_scores(found, labels[at])["ari"]))
    return scores


def draw(names: list[str], curves: dict[str, npt.NDArray[np.float64]], path: Path) -> None:
    """Draw mean and deviation over seeds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3))
    for title, values in curves.items():
        time = EVERY * np.arange(1, values.shape[1] + 1)
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        axes.plot(time, mean, label=title)
        axes.fill_between(time, mean - deviation, mean + deviation, alpha=0.2)
    for change in (1, 2):
        axes.axvline(change * time[-1] / 3, color="grey", ls="--")
    axes.set(xlabel="samples learnt", ylabel="adjusted Rand (TEST)",
             title=f"{names[0]}, {names[1]}, {names[0]}")  # fmt: skip
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    """Print the curve, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs=2, default=["Coffee", "SonyAIBORobotSurface1"])
    parser.add_argument("--samples", type=int, default=2000, help="samples of each phase")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--encoder", choices=("both", "first"), default="both")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = [
        curve(options.sets, options.samples, seed, options.encoder) for seed in range(options.seeds)
    ]
    curves = {title: np.array([run[title] for run in runs]) for title in runs[0]}
    steps = options.samples // EVERY
    for title, values in curves.items():
        mean = values.mean(axis=0)
        marks = [0, steps - 1, steps, steps + 1, 2 * steps - 1, 2 * steps, 3 * steps - 1]
        print(title, {EVERY * (m + 1): round(float(mean[m]), 3) for m in marks if m < len(mean)})
    if options.figure:
        draw(options.sets, curves, options.figure)


if __name__ == "__main__":
    main()
