"""ArrowHead over ten seeds: quality beside k-means, and what pruning costs.

    .venv/bin/python benchmarks/arrowhead.py [--recipe ucr/arrowhead] [--seeds 10] [--draws 20]

Learns on the training split, scores on the test split, and prints a Markdown table of means (and
standard deviations over seeds). The network is the recipe's; nothing is chosen here.
"""

from __future__ import annotations

import argparse
import copy
import time
import warnings

import neutnn_pl  # noqa: F401 - before any import of lightning

import numpy as np  # isort: skip
import torch

from neutnn_pl.callbacks import Pruning
from neutnn_pl.config import RecipeCLI
from neutnn_pl.functional import sample_order
from neutnn_pl.metrics.baseline import kmeans_scores
from neutnn_pl.metrics.cluster import cluster_scores, coverage
from neutnn_pl.nn import Network

NAMES = ("rand", "ari", "nmi", "purity", "coverage", "synapses")


def scores(network: Network, x: torch.Tensor, labels: torch.Tensor) -> list[float]:
    """Return the scores of `NAMES` on spike times `[B, lines]`."""
    y = network(x)
    found = {k: float(v) for k, v in cluster_scores(network.answer(y), labels).items()}
    nonzero = sum(int((layer.weights != 0).sum()) for layer in network.columns)
    return [*found.values(), float(coverage(y)), nonzero]


def pruned(network: Network, train: torch.Tensor, by: str, share: float, seed: int) -> Network:
    """Return a copy without its zeros and without `share` of the other synapses."""
    network = copy.deepcopy(network)
    Pruning(share, by, zeros=True).prune(network, seed, [(train, torch.zeros(len(train)))])
    return network


def main() -> None:
    """Run the study and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="ucr/arrowhead")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--draws", type=int, default=20, help="random prunings per seed")
    parser.add_argument("--share", type=float, default=0.3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    cli = RecipeCLI(["-c", options.recipe])
    data, epochs = cli.datamodule, cli.config.trainer.max_epochs
    train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
    labels = torch.from_numpy(data.series("test")[1])
    rows: dict[str, list[list[float]]] = {}
    seconds = 0.0
    for seed in range(options.seeds):
        network, begin = copy.deepcopy(cli.model.network), time.perf_counter()
        network.reset(seed)
        for epoch in range(epochs):
            network.learn(train[sample_order(epoch, len(train), seed)], cli.model.learning, seed)
        seconds += time.perf_counter() - begin
        variants = {"as learnt": network}
        for by in ("contribution", "weight"):
            variants[f"{options.share:.0%} pruned by {by}"] = pruned(
                network, train, by, options.share, seed
            )
        for name, variant in variants.items():
            rows.setdefault(name, []).append(scores(variant, test, labels))
        draws = [
            scores(pruned(network, train, "random", options.share, 1000 * seed + d), test, labels)
            for d in range(options.draws)
        ]
        rows.setdefault(f"{options.share:.0%} pruned at random", []).append(
            np.mean(draws, axis=0).tolist()
        )
    clusters = data.classes
    silent = torch.where(train == 255, 2**data.tres, train).double().numpy()
    silent_test = torch.where(test == 255, 2**data.tres, test).double().numpy()
    for name, (a, b) in {
        "k-means, series": (data.series("train")[0], data.series("test")[0]),
        "k-means, spike times": (silent, silent_test),
    }.items():
        found = kmeans_scores(a, b, labels.numpy(), clusters)
        rows[name] = [[*(found[n] for n in NAMES[:4]), 1.0, float("nan")]]
    one = cluster_scores(torch.zeros_like(labels), labels)
    rows["one cluster"] = [[*(float(v) for v in one.values()), 1.0, float("nan")]]
    print(
        f"{options.recipe}, {options.seeds} seeds, {seconds / options.seeds:.2f} s to learn one\n"
    )
    print("| | " + " | ".join(NAMES) + " |\n|---" * 1 + "|---:" * len(NAMES) + "|")
    for name, values in rows.items():
        mean, spread = np.mean(values, axis=0), np.std(values, axis=0)
        cells = [
            "" if np.isnan(m) else f"{m:.0f}" if n == "synapses"
            else f"{m:.3f} ({s:.3f})" if len(values) > 1 else f"{m:.3f}"
            for n, m, s in zip(NAMES, mean, spread, strict=True)
        ]  # fmt: skip
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
