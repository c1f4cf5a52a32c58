"""From a sample's lines to every column's inputs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from neutnn_pl.kernels.numba.convert import array
from neutnn_pl.kernels.numba.jit import announce, jit, spread, threads

_PARALLEL = 1 << 18


def gather(x: Tensor, lines: Tensor, missing: int) -> Tensor:
    """Return `x[:, lines]`, with `missing` where a line is -1.

    Args:
        x: uint8 `[B, lines]`, on the CPU.
        lines: int32 of any shape, `-1 .. lines - 1`.
        missing: what a line of -1 brings.

    Returns:
        uint8 `[B, *lines.shape]`.
    """
    announce()
    samples, size = len(x), lines.numel()
    # One more line, which is what -1 means.
    wide = np.full((samples, x.shape[1] + 1), missing, np.uint8)
    wide[:, :-1] = x.numpy()
    flat = array(lines, torch.int64, size) % wide.shape[1]
    found = np.empty((samples, size), np.uint8)
    parts = min(samples, 4 * threads()) if samples * size > _PARALLEL else min(samples, 1)

    def part(task: int) -> None:
        lo, hi = samples * task // parts, samples * (task + 1) // parts
        pick(wide[lo:hi], flat, found[lo:hi])

    spread(part, parts)
    return torch.from_numpy(found).reshape(samples, *lines.shape)


@jit
def pick(x, lines, found):
    """Write `x[b, lines[j]]` to `found[b, j]`."""
    for b in range(len(x)):
        for j in range(len(lines)):
            found[b, j] = x[b, np.uint64(lines[j])]


def packed(y: Tensor) -> Tensor:
    """Return who spikes in each column and when, where at most one neuron does.

    Args:
        y: uint8 `[B, C, N]`, on the CPU, `N <= 255`.

    Returns:
        uint8 `[2, B, C]`: neuron (any where nobody spikes) and time, 255 for none.
    """
    announce()
    found = np.empty((2, *y.shape[:2]), np.uint8)
    pack(y.contiguous().numpy().reshape(-1, y.shape[2]), *found.reshape(2, -1))
    return torch.from_numpy(found)


def unpacked(found: Tensor, neurons: int) -> Tensor:
    """Return what `packed` was given, uint8 `[B, C, N]`."""
    y = np.full((*found.shape[1:], neurons), 255, np.uint8)
    unpack(found.contiguous().numpy().reshape(2, -1), y.reshape(-1, neurons))
    return torch.from_numpy(y)


@jit
def pack(y, who, when):
    """Write each row's least time and where it stands."""
    for row in range(len(y)):
        best, least = 0, np.uint8(255)
        for n in range(y.shape[1]):
            if y[row, n] < least:
                best, least = n, y[row, n]
        who[row], when[row] = best, least


@jit
def unpack(found, y):
    """Write each row's time where its neuron stands."""
    for row in range(len(y)):
        y[row, np.uint64(found[0, row])] = found[1, row]
