"""Synapses of a memory of edges that no question about its edges needs."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl.nn.place_cells.codes import COLUMNS, FIELDS, UNKNOWN
from neutnn_pl.nn.place_cells.memory import PlaceMemory

_FIRST = 1 << 20  # more than there are neurons: the potential decides, then the lowest index


def redundant(memory: PlaceMemory, edges: Tensor) -> Tensor:
    """Return synapses that can go together without changing what X, Y and E answer to edges.

    Segment by segment one of its synapses goes, if without it every one of the edges, asked for
    the minicolumn's own field and with all others given, is answered as before. Of several that
    could go, that one does after which the segment answers the fewest questions of others. What is
    lost is the ability to do without another field.

    Args:
        memory: what has been learnt, its fresh segments masked.
        edges: int64 `[B, 5]`, all fields given.

    Returns:
        bool `[3, N, D, S, P]`, in the order of the layer's mask.
    """
    gone = torch.zeros_like(memory.layer.mask)
    for column in range(len(COLUMNS)):
        inputs = memory.inputs(edges, column)
        for head in range(memory.code.features):
            asked = inputs[edges[:, FIELDS.index("head")] == head]
            if len(asked):
                _thin(memory, column, head, asked, gone)
    return gone


def _thin(memory: PlaceMemory, column: int, head: int, asked: Tensor, gone: Tensor) -> None:
    """Mark the synapses of one head's dendrites in one minicolumn that can go."""
    w = memory.layer.weights[column, :, head].long() * memory.layer.mask[column, :, head]
    neuron, segment = w.any(-1).nonzero(as_tuple=True)
    theta, rows = int(memory.layer.theta[column, 0]), w[neuron, segment]  # [K, P]
    v = rows[:, asked].sum(-1).T.contiguous()  # [B, K]
    answer = _winner(v, neuron, theta)
    for k in range(len(rows)):
        # Without a synapse its segment can only lose questions, and only those it had won.
        won = (answer == neuron[k]) & (v[:, k] >= theta)
        best: tuple[int, int, Tensor] | None = None
        for line in rows[k].nonzero().flatten().tolist():
            less = v[:, k] - rows[k, line] * (asked == line).any(1)
            hit = won & (less < v[:, k])
            left = v[hit]
            left[:, k] = less[hit]
            others = int((less >= theta).sum())
            same = torch.equal(_winner(left, neuron, theta), answer[hit])
            if same and (best is None or others < best[0]):
                best = (others, line, less)
        if best is not None:
            v[:, k] = best[2]
            gone[column, neuron[k], head, segment[k], best[1]] = True


def _winner(v: Tensor, neuron: Tensor, theta: int) -> Tensor:
    """Return the winning neuron of each question, int64 `[B]`, from potentials `[B, K]`."""
    key = torch.where(v >= theta, v * _FIRST + (_FIRST - 1 - neuron), 0).amax(1)
    return torch.where(key > 0, _FIRST - 1 - key % _FIRST, UNKNOWN)
