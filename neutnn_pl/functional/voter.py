"""Voters: supervised integer weights from passing neurons to classes."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl.functional.column import NO_SPIKE

_AT_ONCE = 512


def votes(y: Tensor, v: Tensor) -> Tensor:
    """Return the tally of each class: the sum of `V[c, n, k]` over the passing neurons.

    Args:
        y: uint8 `[B, C, N]`, output spike times in time steps or 255.
        v: int `[C, N, K]`, votes.

    Returns:
        int64 `[B, K]`; no winner adds 0.
    """
    # Double precision is exact here, as long as sums stay below 2**53, and multiplies matrices.
    table = v.flatten(0, 1).to(torch.float64)
    parts = [(few != NO_SPIKE).flatten(1).to(torch.float64) @ table for few in y.split(_AT_ONCE)]
    return torch.cat(parts).to(torch.int64)


def elected(counts: Tensor) -> Tensor:
    """Return the class with the largest tally, the lowest on ties; int64 `[B]`, `0 .. K - 1`.

    >>> elected(torch.tensor([[-3, -1, -1], [0, 0, 0]])).tolist()
    [1, 0]
    """
    k = counts.shape[-1]
    rank = torch.arange(k, device=counts.device)
    return (counts * k + (k - 1 - rank)).argmax(dim=-1)


def margin_vote(v: Tensor, y: Tensor, label: int, margin: int) -> Tensor:
    """Return the votes after one sample of the `margin` voter.

    Where `tally_label - best other < margin`, every passing neuron votes one more for the label
    and one less for the best other class (the lowest on ties).

    Args:
        v: int32 `[C, N, K]`, votes.
        y: uint8 `[C, N]`, output spike times of the sample.
        label: class of the sample, `0 .. K - 1`.
        margin: margin below which it learns.
    """
    counts = votes(y[None], v)[0]
    others = counts.clone()
    others[label] = torch.iinfo(torch.int64).min // v.shape[-1] // 2
    other = int(elected(others[None]))
    v = v.clone()
    if int(counts[label] - counts[other]) < margin:
        passed = (y != NO_SPIKE).to(torch.int32)
        v[..., label] += passed
        v[..., other] -= passed
    return v


def local_vote(
    v: Tensor, y: Tensor, label: int, draws: Tensor, up: int, down: int, v_max: int
) -> Tensor:
    """Return the votes after one sample of the `local` voter.

    Every passing neuron: `V[label] += B(up)`, all its other `V -= B(down)`, clamped.

    Args:
        v: int32 `[C, N, K]`, votes, `0 .. v_max`.
        y: uint8 `[C, N]`, output spike times of the sample.
        label: class of the sample.
        draws: int64 `[C, N, K]`, 10-bit draws of stream 7.
        up: probability out of 1024.
        down: probability out of 1024.
        v_max: largest vote.
    """
    passed = (y != NO_SPIKE)[..., None]
    mine = torch.arange(v.shape[-1], device=v.device) == label
    rise = (passed & mine & (draws < up)).to(torch.int32)
    fall = (passed & ~mine & (draws < down)).to(torch.int32)
    return (v + rise - fall).clamp(0, v_max)


def eight_bits(total: Tensor, count: int) -> tuple[Tensor, int]:
    """Return the mean of snapshots, scaled by a power of two to 8 bits, rounded half up.

    The scale `2**-shift` is the largest for which every rounded vote fits in `-128 .. 127`.

    Args:
        total: int64, sum of the snapshots.
        count: number of snapshots.

    Returns:
        int8 of the same shape, and `shift`.

    >>> eight_bits(torch.tensor([300, -100, 4]), 1)
    (tensor([ 75, -25,   1], dtype=torch.int8), 2)
    """
    if not bool(total.any()):
        return torch.zeros_like(total, dtype=torch.int8), 0

    def scaled(shift: int) -> Tensor:
        # Exact integers: floor(value / (count 2**shift) + 1/2).
        up, down = 1 << max(0, -shift), 1 << max(0, shift)
        top, bottom = 2 * total * up + count * down, 2 * count * down
        return torch.div(top, bottom, rounding_mode="floor")

    shift = -7
    while not bool(((scaled(shift) >= -128) & (scaled(shift) <= 127)).all()):
        shift += 1
    return scaled(shift).to(torch.int8), shift
