"""Variants of the column of the UCR study: pruned ones, and NeuTNNs of the same budget."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from benchmarks.ucr_setting import Setting
from datamodules import UCR
from neutnn_pl.callbacks import Pruning
from neutnn_pl.functional import sample_order
from neutnn_pl.nn import Layer, Network
from neutnn_pl.nn.restarts import learn_restarts, threshold

Score = Callable[[Network, torch.Tensor, torch.Tensor], dict[str, float]]
SHARES = (0.3, 0.5)
STEPS = 4


def _spikes(data: UCR) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
    return train, test, torch.from_numpy(data.series("test")[1])


def drop(network: Network, train: torch.Tensor, by: str, share: float, seed: int) -> Network:
    """Return a copy without `share` of its synapses, zeros among them counted."""
    network = copy.deepcopy(network)
    batches = [(train, torch.zeros(len(train), dtype=torch.int64))]
    Pruning(share, by, zeros=False).prune(network, seed, batches)
    return network


def pruned(data: UCR, setting: Setting, seeds: int, score: Score) -> dict[str, list[dict]]:
    """Prune the column: once by weight, by contribution and at random, and step by step.

    Step by step: a quarter of the way by weight, then 500 more presentations under the mask, four
    times. `none` is the column as learnt; `longer` has learnt 2,000 more presentations as well.
    """
    train, test, labels = _spikes(data)
    columns = setting.network(train, data.classes, data.tres)
    found: dict[str, list[dict]] = {}
    for seed in range(seeds):
        kept = learn_restarts(columns, train, setting.presentations, setting.rule, seed)
        variants = {"none": kept}
        for share in SHARES:
            for by in ("weight", "contribution", "random"):
                variants[f"{share:.0%} {by}"] = drop(kept, train, by, share, seed)
            variants[f"{share:.0%} iterative"] = _iterative(kept, train, setting, share, seed)
        variants["longer"] = _iterative(kept, train, setting, 0.0, seed)
        for name, network in variants.items():
            found.setdefault(f"pruned: {name}", []).append(score(network, test, labels))
    return found


def _iterative(
    network: Network, train: torch.Tensor, setting: Setting, share: float, seed: int
) -> Network:
    network = copy.deepcopy(network)
    step, epochs = 1 - (1 - share) ** (1 / STEPS), -(-500 // len(train))
    for number in range(STEPS):
        if share:
            network = drop(network, train, "weight", step, seed)
        for epoch in range(epochs):
            order = sample_order(10**6 + number * epochs + epoch, len(train), seed)
            network.learn(train[order], setting.rule, seed)
    return network


def shapes(data: UCR, setting: Setting, seeds: int, score: Score) -> dict[str, list[dict]]:
    """Spend the synapses of the column on point neurons, on segments, or on two layers.

    Each is the mean of single runs without a choice among restarts, so that all are alike: `q`
    point neurons on all lines; `q` neurons of two segments on every second line; of four
    segments on every fourth; and `2 q` hidden neurons (the first two pass) on every second line,
    read by `q` neurons. `2 segments, all lines` has twice the synapses.
    """
    train, test, labels = _spikes(data)
    q = data.classes
    found: dict[str, list[dict]] = {}
    for title, step, segments in (
        ("point neurons", 1, 1),
        ("2 segments, half the lines", 2, 2),
        ("4 segments, a quarter", 4, 4),
        ("2 segments, all lines", 1, 2),
    ):
        a, b = train[:, ::step].contiguous(), test[:, ::step].contiguous()
        theta = threshold(a, setting.level, 7)
        layer = Layer(a.shape[1], q, theta, segments=segments, response=setting.response)
        found[f"shape: {title}"] = _single(Network(layer, tres=data.tres), a, b, labels, setting,
                                           seeds, score)  # fmt: skip
    a, b = train[:, ::2].contiguous(), test[:, ::2].contiguous()
    first = Layer(a.shape[1], 2 * q, threshold(a, setting.level, 7), wta="k-wta",
                  k=2, response=setting.response)  # fmt: skip
    second = Layer(2 * q, q, 5, response=setting.response)
    found["shape: two layers, half the lines"] = _single(
        Network(first, second, tres=data.tres), a, b, labels, setting, seeds, score
    )
    return found


def _single(
    network: Network,
    train: torch.Tensor,
    test: torch.Tensor,
    labels: torch.Tensor,
    setting: Setting,
    seeds: int,
    score: Score,
) -> list[dict]:
    rows = []
    for seed in range(seeds):
        network.reset(seed)
        for epoch in range(-(-setting.presentations // len(train))):
            network.learn(train[sample_order(epoch, len(train), seed)], setting.rule, seed)
        rows.append(score(network, test, labels))
    return rows
