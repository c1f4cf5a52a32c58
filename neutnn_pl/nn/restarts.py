"""Several columns that learn the same task side by side, of which one is kept."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from neutnn_pl import functional as F
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network

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


def best_column(network: Network, x: Tensor, score: Callable[[Tensor], float]) -> int:
    """Return the column of a one-layer network whose clusters have the lowest score.

    Args:
        network: one layer of columns, all on the same lines.
        x: uint8 `[B, lines]`, spike times of the training split.
        score: of clusters, int64 `[B]` (`N` for no spike); ties go to the lower column.
    """
    y = network(x)
    scores = [score(F.answer(F.tally(y[:, c : c + 1]))) for c in range(y.shape[1])]
    return scores.index(min(scores))


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
