"""What pruning counts, measures and takes away in a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl import functional as F
from neutnn_pl.functional.pruning import contribution
from neutnn_pl.metrics import ClusterMetrics
from neutnn_pl.nn import Layer, Network

PARTS = ("synapses", "neurons", "segments", "inputs")
Batches = Iterable[Sequence[Tensor]]
"""Spike times, labels and, if the network has such inputs, proximal inputs."""

Sizes = dict[str, list[int]]
"""For each of `PARTS` the number in every layer."""


def joined(layer: Layer, name: str) -> Tensor:
    """Return `weights` or `mask` of all synapses, `[C, G, P + R]`: proximal after distal ones."""
    c, n, d, s, _ = layer.weights.shape
    sides = (getattr(layer, name), getattr(layer, f"proximal_{name}"))
    return torch.cat([side.reshape(c, n * d * s, side.shape[-1]) for side in sides], dim=2)


def drop(layer: Layer, which: Tensor) -> None:
    """Drop synapses, bool that broadcasts to `[C, G, P + R]`."""
    c, n, d, s, p = layer.weights.shape
    r = layer.proximal_weights.shape[-1]
    which = which.expand(c, n * d * s, p + r).reshape(c, n, d, s, p + r)
    layer.prune(which[..., :p])
    if r:
        layer.prune(which[..., p:], proximal=True)


def sizes(network: Network) -> Sizes:
    """Return the synapses, and the neurons, segments and inputs of a column with a synapse."""
    found: Sizes = {name: [] for name in PARTS}
    for layer in network.columns:
        mask = joined(layer, "mask")
        neurons = mask.reshape(layer.theta.numel(), -1).any(dim=1)
        some = (mask, neurons, mask.any(dim=2), mask.any(dim=1))
        for name, part in zip(PARTS, some, strict=True):
            found[name].append(int(part.sum()))
    return found


def whole_sizes(network: Network) -> Sizes:
    """Return the sizes of the network without any mask."""
    found: Sizes = {name: [] for name in PARTS}
    for layer in network.columns:
        c, g, p = joined(layer, "mask").shape
        for name, size in zip(PARTS, (c * g * p, layer.theta.numel(), c * g, c * p), strict=True):
            found[name].append(size)
    return found


def nonzero(network: Network) -> int:
    """Return the number of weights above 0."""
    return sum(int((joined(layer, "weights") != 0).sum()) for layer in network.columns)


def measure(network: Network, batches: Batches) -> list[tuple[Tensor, Tensor]]:
    """Return, layer by layer, what `functional.pruning.contribution` counts over all samples.

    Int64 `[C, G, P + R]`: in how many samples a synapse matters; int64 `[C, G, 1]`: in how many
    its segment spikes, after all WTA.

    Raises:
        InvalidInput: without samples.
    """
    totals: list[tuple[Tensor, Tensor]] = []
    for batch in batches:
        found = [_count(*seen) for seen in _each(network, batch)]
        if totals:
            found = [(a + c, b + d) for (a, b), (c, d) in zip(totals, found, strict=True)]
        totals = found
    if not totals:
        raise InvalidInput(
            "pruning by what the network does",
            got="no training samples",
            expected="at least one batch",
            mend="Give the trainer a data module with val_dataloader()",
        )
    return totals


def quality(network: Network, batches: Batches) -> dict[str, float]:
    """Return the scores by name, accuracy where answers are classes; empty without samples.

    Every process that asks scores all samples, so nothing is summed over processes.
    """
    metric, any_ = ClusterMetrics(clusters=network.classes + 1, sync_on_compute=False), False
    for batch in batches:
        y = network(*_inputs(network, batch))
        metric.update(y.cpu(), network.answer(y).cpu(), batch[1].cpu())
        any_ = True
    if not any_:
        return {}
    scores = metric.compute()
    if network.voter is None and not network.proximal_lines:
        del scores["accuracy"]
    return {name: float(value) for name, value in scores.items()}


def _count(
    layer: Layer, x: Tensor, proximal: Tensor | None, segments: Tensor
) -> tuple[Tensor, Tensor]:
    c, n, d, s, p = layer.weights.shape
    y, w = segments.reshape(len(x), c, n * d * s), joined(layer, "weights")
    counts, spikes = contribution(layer.receptive(x)[:, :, None], y, w[..., :p], layer.response)
    if layer.proximal == "weighted" and proximal is not None:
        silent = torch.full_like(proximal[:, :1], F.NO_SPIKE)  # line -1
        xp = torch.cat([proximal, silent], dim=1)[:, layer.proximal_lines.long()]
        xp = xp.repeat_interleave(s, dim=3).reshape(len(x), c, n * d * s, -1)
        more, _ = contribution(xp, y, w[..., p:], layer.response)
    else:
        more = torch.zeros_like(w[..., p:], dtype=torch.int64)
    return torch.cat([counts, more], dim=2), spikes


def _each(
    network: Network, batch: Sequence[Tensor]
) -> Iterator[tuple[Layer, Tensor, Tensor | None, Tensor]]:
    """Return each layer of columns, its distal and proximal input, its segments' spike times."""
    x, proximal = _inputs(network, batch)
    for layer in network.layers:
        if isinstance(layer, Layer):
            state = layer.evaluate(x, proximal)
            yield layer, x, proximal, state.segments
            x = state.y.flatten(1)
        else:
            x = layer(x)


def _inputs(network: Network, batch: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    device = network.columns[0].weights.device
    return batch[0].to(device), batch[2].to(device) if len(batch) > 2 else None
