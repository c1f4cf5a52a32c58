"""Which synapses to drop."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl.functional.column import NO_SPIKE
from neutnn_pl.functional.philox import PRUNING, synapse_words


def contribution(x: Tensor, y: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Count how often synapses still ramp in the time step in which their segment spikes.

    A synapse of weight `w` whose input came at `x` ramps at `t` if `x <= t < x + w`.

    Args:
        x: uint8 `[B, C, P]`, input spike times in time steps or 255.
        y: uint8 `[B, C, G]`, spike times of the segments after WTA.
        w: uint8 `[C, G, P]`, weights in weight LSB.

    Returns:
        Samples in which the synapse ramps, int64 `[C, G, P]`, and in which the segment spikes,
        int64 `[C, G, 1]`.
    """
    ramps = torch.zeros(w.shape, dtype=torch.int64, device=w.device)
    level = w.to(torch.int32)
    for xs, ys in zip(x.to(torch.int32), y.to(torch.int32), strict=True):
        age = ys[..., :, None] - xs[..., None, :]
        heard = (ys != NO_SPIKE)[..., :, None] & (xs != NO_SPIKE)[..., None, :]
        ramps += heard & (age >= 0) & (age < level)
    return ramps, (y != NO_SPIKE).sum(dim=0)[..., None]


def contribution_score(ramps: Tensor, spikes: Tensor) -> Tensor:
    """Return the share of its segment's spikes at which a synapse ramps, out of `2**16`.

    Rounded down; 0 for a segment that never spikes. int64 `[C, G, P]`, from what `contribution`
    counts.
    """
    return (ramps << 16) // spikes.clamp(min=1)


def lowest(score: Tensor, mask: Tensor, target: float, *, layer: int, seed: int) -> Tensor:
    """Return the unmasked synapses of the lowest scores: `floor(target * unmasked)` of them.

    Ties are broken by the words of stream 11 at gamma 0, then by position.

    Args:
        score: int64 `[C, G, P]`, at least 0 and below `2**31`.
        mask: bool `[C, G, P]`, the synapses there are.
        target: share to drop, 0 .. 1.
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
    drop[order[: drop_count(target, int(mask.sum()))]] = True
    return drop.reshape(score.shape)


def drop_count(target: float, synapses: int) -> int:
    """Return `floor(target * synapses)` of the decimal number that was written.

    Binary rounding must not take a synapse away: 0.29 of 100 is 29.

    >>> drop_count(0.29, 100)
    29
    """
    from fractions import Fraction

    return int(Fraction(str(target)) * synapses)
