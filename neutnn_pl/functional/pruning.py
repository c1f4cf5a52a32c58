"""Which synapses to drop."""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor

from neutnn_pl.functional.column import NO_SPIKE
from neutnn_pl.functional.philox import PRUNING, synapse_words

_TERMS_AT_ONCE = 1 << 22


def contribution(x: Tensor, y: Tensor, w: Tensor, response: str = "rnl") -> tuple[Tensor, Tensor]:
    """Count how often synapses matter in the time step in which their segment spikes.

    With an input at `x`, a synapse of weight `w > 0` matters at `t` if it still ramps
    (`x <= t < x + w`, `rnl`), or if its step has come (`x <= t`, `snl`).

    Args:
        x: uint8 `[B, C, G, P]` (G may be 1), input spike times in time steps or 255.
        y: uint8 `[B, C, G]`, spike times of the segments after WTA.
        w: uint8 `[C, G, P]`, weights in weight LSB.
        response: `rnl` or `snl`.

    Returns:
        Samples in which the synapse matters, int64 `[C, G, P]`, and in which the segment spikes,
        int64 `[C, G, 1]`.
    """
    segments, inputs = w.shape[1:]
    counts = torch.zeros(w.shape, dtype=torch.int64, device=w.device)
    # Most segments are silent most of the time: only those that spike are looked at.
    for part in (y != NO_SPIKE).nonzero().split(max(1, _TERMS_AT_ONCE // max(inputs, 1))):
        b, c, g = part.unbind(dim=1)
        xs = x[b, c, g if x.shape[2] > 1 else torch.zeros_like(g)].to(torch.int32)
        age = y[b, c, g].to(torch.int32)[:, None] - xs
        level = w[c, g].to(torch.int32)
        matters = (age >= 0) & (age < level if response == "rnl" else level > 0)
        counts.view(-1, inputs).index_add_(0, c * segments + g, matters.to(torch.int64))
    return counts, (y != NO_SPIKE).sum(dim=0)[..., None]


def contribution_score(counts: Tensor, spikes: Tensor) -> Tensor:
    """Return the share of its segment's spikes at which a synapse matters, out of `2**16`.

    Rounded down; 0 for a segment that never spikes. int64 `[C, G, P]`, from what `contribution`
    counts.
    """
    return (counts << 16) // spikes.clamp(min=1)


def idle(spikes: Tensor, group: int = 1) -> Tensor:
    """Return the segments that never spike, or all of a group of which none does.

    Args:
        spikes: int64 `[C, G, 1]`, how often each segment spiked after all WTA.
        group: neighbours that count as one: `D S` is a neuron.

    Returns:
        bool `[C, G, 1]`. Without these segments no answer to the samples that were counted
        changes: they lost, and no winner needs a loser.
    """
    c, g, _ = spikes.shape
    none = (spikes.reshape(c, g // group, group) == 0).all(dim=2)
    return none.repeat_interleave(group, dim=1)[..., None]


def unused(w: Tensor) -> Tensor:
    """Return the inputs of a column on which every weight is 0, bool `[C, 1, P]`.

    Args:
        w: uint8 `[C, G, P]`, weights in weight LSB, 0 where masked.
    """
    return (w == 0).all(dim=1, keepdim=True)


def lowest(score: Tensor, mask: Tensor, count: int, *, layer: int, seed: int) -> Tensor:
    """Return the `count` unmasked synapses of the lowest scores.

    Ties are broken by the words of stream 11 at gamma 0, then by position.

    Args:
        score: int64 `[C, G, P]`, at least 0 and below `2**31`; proximal inputs after distal ones.
        mask: bool `[C, G, P]`, the synapses there are.
        count: how many to drop, at most as many as there are.
        layer: number of the layer among the weight-bearing ones.
        seed: key of the draws.

    Returns:
        bool `[C, G, P]`, True where the synapse is to be dropped.
    """
    c, g, p = score.shape
    zero = torch.zeros(1, dtype=torch.int64, device=score.device)
    columns = torch.arange(c, device=score.device)
    word = synapse_words(zero, PRUNING, layer, columns, g, p, seed)[0]
    key = torch.where(mask, (score << 32) | word, torch.iinfo(torch.int64).max).flatten()
    order = torch.sort(key, stable=True).indices
    drop = torch.zeros(score.numel(), dtype=torch.bool, device=score.device)
    drop[order[:count]] = True
    return drop.reshape(score.shape)


def drop_count(target: float, synapses: int, share: Fraction | int = 1) -> int:
    """Return `floor(target * synapses * share)` of the decimal number that was written.

    Binary rounding must not take a synapse away: 0.29 of 100 is 29.

    >>> drop_count(0.29, 100)
    29
    >>> [drop_count(0.5, 15, Fraction(step, 3)) for step in range(4)]
    [0, 2, 5, 7]
    """
    return int(Fraction(str(target)) * synapses * share)
