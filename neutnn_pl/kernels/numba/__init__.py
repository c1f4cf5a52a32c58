"""The numba kernel: compiled loops for the CPU, fused over a chunk of samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from neutnn_pl.kernels.numba import general
from neutnn_pl.kernels.numba.convert import changed, inputs_of, state_of
from neutnn_pl.kernels.numba.jit import announce, spread, threads
from neutnn_pl.kernels.numba.settings import prepared
from neutnn_pl.kernels.spec import LayerSpec, LayerState

__all__ = ["infer", "learn", "refuses"]

_PARALLEL = 1 << 16
"""Synapses times samples above which threads pay."""


def refuses(state: LayerState, spec: LayerSpec) -> str | None:
    """Return why this kernel cannot run a layer, or None if it can."""
    if state.w.device.type != "cpu":
        return f"it runs on the CPU, and the layer is on {state.w.device}"
    return None


def infer(x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None = None) -> Tensor:
    """Return output spike times without learning; arguments and result as in `reference`."""
    announce()
    c, n, d, s, p = state.w.shape
    settings, *_ = prepared(spec, n * d * s, d * s, p + state.wp.shape[-1])
    inputs, arrays = inputs_of(x, state, spec, xp, None), state_of(state, copy=False)
    y = np.empty((len(x), c, n), np.uint8)
    work = len(x) * (state.w.numel() + state.wp.numel())
    columns, samples = _cut(c, work), _cut(len(x), work if c < threads() else 0)

    def part(task: int) -> None:
        lo, hi = columns[task // len(samples)]
        first, last = samples[task % len(samples)]
        general.infer_columns(first, last, lo, hi, inputs, arrays, settings, n * d, y)

    spread(part, len(columns) * len(samples), work > _PARALLEL)
    return torch.from_numpy(y)


def learn(
    x: Tensor,
    state: LayerState,
    spec: LayerSpec,
    gamma: int,
    xp: Tensor | None = None,
    labels: Tensor | None = None,
) -> tuple[Tensor, LayerState]:
    """Learn samples one after the other; arguments and result as in `reference`."""
    announce()
    c, n, d, s, p = state.w.shape
    settings, distal, proximal, table = prepared(spec, n * d * s, d * s, p + state.wp.shape[-1])
    inputs, arrays = inputs_of(x, state, spec, xp, labels), state_of(state, copy=True)
    y = np.empty((len(x), c, n), np.uint8)
    work = len(x) * (state.w.numel() + state.wp.numel())
    # A reward is the whole layer's, so that its columns go from sample to sample together.
    together = settings.reward and labels is not None
    columns = [(0, c)] if together else _cut(c, work)

    def part(task: int) -> None:
        sides = (distal, proximal)
        general.learn_columns(
            *columns[task], inputs, arrays, settings, sides, table, gamma, n * d, y
        )

    spread(part, len(columns), work > _PARALLEL)
    return torch.from_numpy(y), changed(state, arrays)


def _cut(size: int, work: int) -> list[tuple[int, int]]:
    """Cut `size` columns or samples into ranges: a few for each thread if the work is worth it."""
    parts = min(size, 4 * threads()) if work > _PARALLEL else 1
    edges = [size * part // max(parts, 1) for part in range(parts + 1)]
    return [pair for pair in pairwise(edges) if pair[0] < pair[1]]
