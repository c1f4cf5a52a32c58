"""From lines to the inputs of every column."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl.kernels import uses_numba

_INPUTS_AT_ONCE = 1 << 26


def gather(x: Tensor, lines: Tensor, missing: int, kernel: str) -> Tensor:
    """Return `x[:, lines]`, uint8 `[B, *lines.shape]`, with `missing` where a line is -1.

    Args:
        x: uint8 `[B, lines]`.
        lines: int, any shape, line numbers or -1.
        missing: what stands where there is no line.
        kernel: of the layer; `numba`, and `auto` on the CPU, gather with compiled loops.
    """
    if uses_numba(kernel, x.device):
        from neutnn_pl.kernels.numba.fields import gather as compiled

        return compiled(x, lines, missing)
    extra = torch.full((len(x), 1), missing, dtype=torch.uint8, device=x.device)
    return torch.cat([x, extra], dim=1)[:, lines.long()]


def chunks(samples: int, inputs: int) -> list[slice]:
    """Cut samples so that the inputs of all columns fit in little memory; at least one chunk."""
    size = max(1, _INPUTS_AT_ONCE // inputs)
    return [slice(i, min(i + size, samples)) for i in range(0, samples, size)] or [slice(0, 0)]
