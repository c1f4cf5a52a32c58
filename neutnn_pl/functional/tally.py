"""From the neurons that pass to one answer per sample."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl.functional.column import NO_SPIKE


def tally(y: Tensor) -> Tensor:
    """Return in how many columns each neuron (class) passes.

    Args:
        y: uint8 `[B, C, N]`, output spike times in time steps or 255.

    Returns:
        int64 `[B, N]`.
    """
    return (y != NO_SPIKE).sum(dim=1)


def answer(counts: Tensor) -> Tensor:
    """Return the class with the largest tally, the lowest on ties; `N` where all are 0.

    Args:
        counts: int64 `[B, N]`.

    Returns:
        int64 `[B]`, `0 .. N - 1`, or `N` (a label of its own) for a sample without a spike.

    >>> answer(torch.tensor([[0, 2, 2], [0, 0, 0]])).tolist()
    [1, 3]
    """
    # argmax of equal values may be any of them on some devices, so the index decides ties.
    n = counts.shape[-1]
    index = torch.arange(n, device=counts.device)
    best = (counts * n + (n - 1 - index)).amax(dim=-1)
    return torch.where(best >= n, (n - 1) - best % n, n)
