"""Reward-modulated STDP against plain STDP: the same column, the same presentations.

    .venv/bin/python benchmarks/reward.py [--recipe ucr/italy_reward] [--seeds 10]

Prints, for the test split, the accuracy (the winning neuron is the class) and, because plain STDP
cannot know which neuron is which class, also the best accuracy over all ways to name its clusters.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import warnings

import neutnn_pl  # noqa: F401 - before any import of lightning

import numpy as np  # isort: skip
import torch

from neutnn_pl.config import RecipeCLI
from neutnn_pl.functional import sample_order


def main() -> None:
    """Run the study and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="ucr/italy_reward")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    cli = RecipeCLI(["-c", options.recipe])
    data, network, epochs = cli.datamodule, cli.model.network, cli.config.trainer.max_epochs
    sets = {s: (torch.from_numpy(data.spikes(s)), torch.from_numpy(data.series(s)[1]))
            for s in ("train", "test")}  # fmt: skip
    x, labels = sets["train"]
    print("| | accuracy | with the best names | coverage |\n|---|---:|---:|---:|")
    for name, reward in (("STDP", False), ("R-STDP", True)):
        rule = dataclasses.replace(cli.model.learning, reward=reward)
        rows = []
        for seed in range(options.seeds):
            network.reset(seed)
            for epoch in range(epochs):
                order = sample_order(epoch, len(x), seed)
                network.learn(x[order], rule, seed, labels=labels[order])
            found = network.answer(network(sets["test"][0]))
            right = sets["test"][1]
            names = itertools.permutations(range(network.classes))
            best = max(
                float((torch.tensor([*p, network.classes])[found] == right).double().mean())
                for p in names
            )
            accuracy = float((found == right).double().mean())
            rows.append((accuracy, best, float((found < network.classes).double().mean())))
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
        cells = " | ".join(f"{m:.3f} ({s:.3f})" for m, s in zip(mean, spread, strict=True))
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
