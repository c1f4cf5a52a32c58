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
