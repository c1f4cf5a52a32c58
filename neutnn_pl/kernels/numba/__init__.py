"""The numba kernel: compiled loops for the CPU, fused over a chunk of samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neutnn_pl.kernels.numba import fast, general, planes
from neutnn_pl.kernels.numba.columns import Inputs, State
from neutnn_pl.kernels.numba.convert import changed, inputs_of, state_of
from neutnn_pl.kernels.numba.forward import room_for
from neutnn_pl.kernels.numba.jit import announce, spread, threads
from neutnn_pl.kernels.numba.plan import Shape, infers, learns, plan_of, tables_of
from neutnn_pl.kernels.numba.settings import prepared
from neutnn_pl.kernels.spec import LayerSpec, LayerState

__all__ = ["infer", "learn", "refuses"]

_PARALLEL = 1 << 16
"""Synapses times samples above which threads pay."""
_WORTH_A_CALL = 1 << 20
"""Synapses times samples of a range that pay for calling compiled code once more."""
_TILE = 32
"""Columns whose planes stay in the first cache while a chunk of samples passes."""


def refuses(state: LayerState, spec: LayerSpec) -> str | None:
    """Return why this kernel cannot run a layer, or None if it can."""
    if state.w.device.type != "cpu":
        return f"it runs on the CPU, and the layer is on {state.w.device}"
    return None


def infer(x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None = None) -> Tensor:
    """Return output spike times without learning; arguments and result as in `reference`."""
    announce()
    c, n, d, s, p = state.w.shape
    shape, lowest = (c, n, d, s, p), _lowest(state)
    work = len(x) * (state.w.numel() + state.wp.numel())
    inputs, arrays = inputs_of(x, state, spec, xp, None), state_of(state, copy=False)
    columns, samples = _cut(c, work), _cut(len(x), work if c < threads() else 0)
    parts = [(*some, *others) for others in columns for some in samples]
    if infers(shape, spec, lowest) and not inputs.xp.size:
        return torch.from_numpy(_fast(parts, inputs, arrays, shape, spec, lowest, -1)[0])
    settings, *_ = prepared(spec, n * d * s, d * s, p + state.wp.shape[-1])
    y = np.empty((len(x), c, n), np.uint8)

    def part(task: int) -> None:
        general.infer_columns(*parts[task], inputs, arrays, settings, n * d, y)

    spread(part, len(parts))
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
    shape, lowest = (c, n, d, s, p), _lowest(state)
    work = len(x) * (state.w.numel() + state.wp.numel())
    inputs = inputs_of(x, state, spec, xp, labels)
    if learns(shape, spec, lowest, labels is not None):
        parts = [(0, len(x), *some) for some in _cut(c, work, _TILE)]
        arrays = state_of(state, copy=False)
        y, w = _fast(parts, inputs, arrays, shape, spec, lowest, gamma)
        return torch.from_numpy(y), state.changed(w=torch.from_numpy(w).reshape(shape))
    arrays = state_of(state, copy=True)
    settings, distal, proximal, table = prepared(spec, n * d * s, d * s, p + state.wp.shape[-1])
    y = np.empty((len(x), c, n), np.uint8)
    # A reward is the whole layer's, so that its columns go from sample to sample together.
    together = settings.reward and labels is not None
    columns = [(0, c)] if together else _cut(c, work)

    def part(task: int) -> None:
        sides = (distal, proximal)
        general.learn_columns(
            *columns[task], inputs, arrays, settings, sides, table, gamma, n * d, y
        )

    spread(part, len(columns))
    return torch.from_numpy(y), changed(state, arrays)


def _fast(
    parts: list[tuple[int, int, int, int]],
    inputs: Inputs,
    arrays: State,
    shape: Shape,
    spec: LayerSpec,
    lowest: int,
    gamma: int,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Run the fast path on ranges of samples and columns; return spike times and weights."""
    c, n, d, s, p = shape
    plan, tables = plan_of(shape, spec, lowest), tables_of(n * d * s, n, spec)
    w = np.empty_like(arrays.w) if gamma >= 0 else arrays.w
    y = np.full((len(inputs.x), c, n), 255, np.uint8)
    given = fast.Given(
        x=inputs.x.reshape(-1),
        gate=inputs.gate.reshape(-1),
        y=y.reshape(-1),
        w=arrays.w.reshape(-1),
        mask=arrays.mask.reshape(-1),
        theta=arrays.theta.reshape(-1),
        learnt=w.reshape(-1),
    )

    def part(task: int) -> None:
        first, last, lo, hi = parts[task]
        layer = planes.empty(hi - lo, n * d * s, p, spec.w_max)
        room = room_for(plan, hi - lo)
        fast.run_columns(
            (first, last, lo, hi), (c, n, d * s * n, p), given, layer, plan, tables, room, gamma
        )

    spread(part, len(parts))
    return y, w


def _lowest(state: LayerState) -> int:
    return int(state.theta.min())


def _cut(size: int, work: int, most: int = 1 << 30) -> list[tuple[int, int]]:
    """Cut `size` columns or samples into ranges, a few for each thread if the work is worth it.

    Args:
        size: how many.
        work: synapses times samples.
        most: largest range that is worth having.
    """
    parts = 1
    if work > _PARALLEL:
        enough = max(threads(), work // _WORTH_A_CALL)
        parts = min(size, max(4 * threads(), -(-size // most)), enough)
    edges = [size * part // max(parts, 1) for part in range(parts + 1)]
    return [pair for pair in pairwise(edges) if pair[0] < pair[1]]
