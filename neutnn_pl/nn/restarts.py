"""Several columns that learn the same task side by side, of which one is kept."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl import functional as F
from neutnn_pl.functional.rules import STDP
from neutnn_pl.metrics.cluster import scatter
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network

CHOICES = ("agreement", "scatter")
_STATE = ("weights", "mask", "fraction", "fatigue", "lfsr", "gamma")


def threshold(x: Tensor, level: float, w_max: int) -> int:
    """Return `theta`: a share of the largest potential that a mean sample can reach, rounded down.

    Args:
        x: uint8 `[B, lines]`, spike times of the training split.
        level: the share, 0 .. 1.
        w_max: largest weight.

    Returns:
        `max(1, floor(level w_max a))` with `a` the mean number of spikes of a sample.
    """
    active = int((x != F.NO_SPIKE).sum())
    return max(1, int(level * w_max * active / max(len(x), 1)))


def best_column(network: Network, x: Tensor, choose: str = "agreement") -> int:
    """Return the column of a one-layer network that is worth keeping; no label is used.

    Args:
        network: one layer of columns, all on the same lines.
        x: uint8 `[B, lines]`, spike times of the training split.
        choose: `agreement` takes the column whose clusters agree best with those of the others
            (mean adjusted Rand index; of two, the first); `scatter` the one whose clusters
            scatter least. Ties go to the lower column.
    """
    y = network(x)
    clusters = [F.answer(F.tally(y[:, c : c + 1])) for c in range(y.shape[1])]
    if choose == "scatter":
        silent = 2**network.tres
        scores = [-scatter(x, found, silent) for found in clusters]
    else:
        scores = [sum(agreement(found, other) for other in clusters) for found in clusters]
    return scores.index(max(scores))


def agreement(a: Tensor, b: Tensor) -> float:
    """Return the adjusted Rand index of two clusterings, int64 `[B]`, from counts of pairs.

    >>> agreement(torch.tensor([0, 0, 1, 1]), torch.tensor([1, 1, 0, 0]))
    1.0
    """
    _, row = a.unique(return_inverse=True)
    _, column = b.unique(return_inverse=True)
    table = torch.zeros(int(row.max()) + 1, int(column.max()) + 1, dtype=torch.int64)
    table.index_put_((row.cpu(), column.cpu()), torch.tensor(1), accumulate=True)

    def pairs(counts: Tensor) -> int:
        return int((counts * (counts - 1)).sum()) // 2

    both, rows, columns = pairs(table), pairs(table.sum(dim=1)), pairs(table.sum(dim=0))
    total = len(a) * (len(a) - 1) // 2
    # (both - expected) / (mean - expected), both sides times 2 total: integers until the division.
    above, below = (
        2 * (both * total - rows * columns),
        (rows + columns) * total - 2 * rows * columns,
    )
    return above / below if below else 1.0


def learn_restarts(
    network: Network,
    x: Tensor,
    presentations: int,
    rule: STDP,
    seed: int,
    choose: str = "agreement",
) -> Network:
    """Learn all columns of a one-layer network from fresh weights; return the one to keep.

    Args:
        network: one layer of columns, all on the same lines; left in its last state.
        x: uint8 `[B, lines]`, spike times of the training split.
        presentations: samples to learn, rounded up to whole epochs.
        rule: the learning rule.
        seed: key of every draw.
        choose: as in `best_column`.
    """
    network.reset(seed)
    for epoch in range(-(-presentations // len(x))):
        network.learn(x[F.sample_order(epoch, len(x), seed)], rule, seed)
    return one_column(network, best_column(network, x, choose))


def one_column(network: Network, column: int) -> Network:
    """Return a network of one of the columns of a one-layer network, with its state.

    It is a network of its own: if it goes on learning, its draws are those of column 0.

    Raises:
        ValueError: for several layers, proximal inputs or a voter.
    """
    layer = network.columns[0]
    if len(network.columns) > 1 or network.voter is not None or layer.proximal != "none":
        raise ValueError("one_column: got more than a layer; expected one without proximal inputs")
    config = layer.config()
    config |= {"columns": 1}
    for name in ("theta", "lines", "proximal_lines"):
        config[name] = config[name][column : column + 1]
    kept = Layer.from_config(config)
    for name in _STATE:
        state: Tensor = getattr(layer, name)
        getattr(kept, name).copy_(state if state.ndim == 0 else state[column : column + 1])
    return Network(kept.to(layer.weights.device), tres=network.tres)


def restarted(layer: dict[str, object], restarts: int) -> Layer:
    """Return a layer of `restarts` columns that read the same lines, each with its own draws."""
    inputs = layer["inputs"]
    assert isinstance(inputs, int)
    lines = torch.arange(inputs).expand(restarts, inputs)
    return Layer(**layer, columns=restarts, lines=lines)  # type: ignore[arg-type]
