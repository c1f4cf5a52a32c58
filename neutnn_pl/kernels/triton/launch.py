"""From tensors of the project to launches of the kernels, and back."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from neutnn_pl.functional.rules import DeterministicSTDP
from neutnn_pl.kernels.spec import LayerSpec, LayerState
from neutnn_pl.kernels.triton.column import column_kernel, search_kernel
from neutnn_pl.kernels.triton.plan import Plan, Side, moves, parameters
from neutnn_pl.kernels.triton.wide import wide_kernel

_BITS_AT_ONCE = 1 << 27
_SHARE = 32
_BLOCKS = 256


@dataclass
class _Tensors:
    """What all launches of one call share; weights and fatigue are written by the kernel."""

    w: Tensor
    may: Tensor
    wp: Tensor
    may_p: Tensor
    theta: Tensor
    fatigue: Tensor
    table: Tensor
    table_p: Tensor


def infer(x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None, plan: Plan) -> Tensor:
    """Return output spike times, uint8 `[B, C, N]`; arguments as in `reference.infer`."""
    y = torch.empty(len(x), *state.theta.shape, dtype=torch.uint8, device=x.device)
    # The second dimension of a grid has at most 65,535 programs; wide columns need scratch each.
    slices = 65_535 if plan.tiles == 1 else 8
    share = max(_SHARE, -(-len(x) // slices))
    _run(x, xp, y, _tensors(state, spec, plan), spec, 0, plan, share)
    return y


def learn(
    x: Tensor, state: LayerState, spec: LayerSpec, gamma: int, xp: Tensor | None, plan: Plan
) -> tuple[Tensor, LayerState]:
    """Return output spike times and the new state; arguments as in `reference.learn`."""
    y = torch.empty(len(x), *state.theta.shape, dtype=torch.uint8, device=x.device)
    tensors = _tensors(state, spec, plan)
    columns, bits = state.w.shape[0], 0
    for side in (plan.distal, plan.near):
        bits += columns * _blocks(plan, side) if side.search else 0
    chunk = max(1, _BITS_AT_ONCE // max(1, bits))
    for start in range(0, len(x), chunk):
        part = slice(start, start + chunk)
        near = None if xp is None else xp[part]
        _run(x[part], near, y[part], tensors, spec, gamma + start, plan, len(x[part]))
    return y, _learnt(state, tensors, plan)


def _run(
    x: Tensor, xp: Tensor | None, y: Tensor, tensors: _Tensors, spec: LayerSpec, gamma: int,
    plan: Plan, share: int,
) -> None:  # fmt: skip
    """Launch the kernels for a chunk of samples."""
    samples, columns = x.shape[:2]
    if samples == 0 or columns == 0:
        return
    numbers = torch.tensor(parameters(spec, gamma), dtype=torch.int64, device=x.device)
    found = [_search(side, plan, samples, columns, numbers) for side in (plan.distal, plan.near)]
    x = x.contiguous()
    near = x if xp is None or plan.proximal == "none" else xp.to(torch.uint8).contiguous()
    grid = (columns, -(-samples // share))
    kernel, more = column_kernel, []
    if plan.tiles > 1:
        size = grid[0] * grid[1] * 3 * plan.units_pad
        kernel, more = wide_kernel, [torch.empty(size, dtype=torch.int32, device=x.device)]
    with _on(x.device):
        kernel[grid](
            x, near, y,
            tensors.w, tensors.may, tensors.wp, tensors.may_p, tensors.theta, tensors.fatigue,
            *found, tensors.table, tensors.table_p,
            numbers, columns, samples, share, plan, *more,
            num_warps=plan.warps,
        )  # fmt: skip


def _on(device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which kernels are launched on a device."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _blocks(plan: Plan, side: Side) -> int:
    """Return the blocks of search draws of one column and sample."""
    return side.inputs * -(-plan.neurons * plan.dendrites * plan.segments // 12)


def _search(side: Side, plan: Plan, samples: int, columns: int, numbers: Tensor) -> Tensor:
    """Return the bits of search of one side, int16 `[B, C, inputs, Gb]`."""
    each = _blocks(plan, side)
    total = samples * columns * each if side.search else 0
    bits = torch.empty(max(1, total), dtype=torch.int16, device=numbers.device)
    if total:
        grid = (-(-total // _BLOCKS),)
        with _on(numbers.device):
            search_kernel[grid](
                bits, numbers, total, columns, each, side.stream + 1, side.at, _BLOCKS, num_warps=4
            )
    return bits


def _tensors(state: LayerState, spec: LayerSpec, plan: Plan) -> _Tensors:
    c, n, d, s, _ = state.w.shape
    segments = n * d * s

    def turned(w: Tensor) -> Tensor:
        # Segments innermost, as the lanes of a program are; always a copy.
        return (
            w.reshape(c, segments, w.shape[-1])
            .transpose(1, 2)
            .clone(memory_format=torch.contiguous_format)
        )

    w, wp = state.w, state.wp
    tables = [torch.zeros(1, dtype=torch.int32, device=w.device)] * 2
    if plan.learn == "deterministic":
        w = (w.to(torch.int32) << plan.fraction) | state.fraction
        wp = (wp.to(torch.int32) << plan.fraction) | state.fraction_p
        assert isinstance(spec.rule, DeterministicSTDP)
        tables = [moves(spec.rule, side.w_max, w.device) for side in (plan.distal, plan.near)]
    return _Tensors(
        turned(w),
        turned(state.mask.to(torch.uint8)),
        turned(wp),
        turned(state.mask_p.to(torch.uint8)),
        state.theta.contiguous(),
        state.fatigue.clone(memory_format=torch.contiguous_format),
        *tables,
    )


def _learnt(state: LayerState, tensors: _Tensors, plan: Plan) -> LayerState:
    """Return the state with what the kernel has written."""
    w = tensors.w.transpose(1, 2).reshape(state.w.shape)
    wp = tensors.wp.transpose(1, 2).reshape(state.wp.shape)
    state = state.changed(fatigue=tensors.fatigue)
    if plan.learn == "stochastic":
        return state.changed(w=w, wp=wp)
    below = (1 << plan.fraction) - 1
    return state.changed(
        w=(w >> plan.fraction).to(torch.uint8),
        fraction=w & below,
        wp=(wp >> plan.fraction).to(torch.uint8),
        fraction_p=wp & below,
    )
