"""The persistent kernel of a column whose weights do not fit in registers."""

from __future__ import annotations

import triton
import triton.language as tl

from neutnn_pl.kernels.triton.blocks import crossing, inhibit
from neutnn_pl.kernels.triton.column import (
    adapt,
    gated,
    inputs_of,
    keep,
    places,
    searched,
    synapses,
    tile,
)


@triton.jit(do_not_specialize=["columns", "samples", "share"])
def wide_kernel(
    x_at: tl.tensor, xp_at: tl.tensor, y_at: tl.tensor,
    w_at: tl.tensor, may_at: tl.tensor, wp_at: tl.tensor, may_p_at: tl.tensor,
    theta_at: tl.tensor, fatigue_at: tl.tensor,
    found_at: tl.tensor, found_p_at: tl.tensor, table: tl.tensor, table_p: tl.tensor,
    numbers: tl.tensor, columns: int, samples: int, share: int, plan: tl.constexpr,
    scratch: tl.tensor,
) -> None:  # fmt: skip
    """One column through `share` samples, tile by tile of its segments, weights in the cache.

    Arguments are those of `column_kernel`, and `scratch`, int32 `[programs, 3, units]`: spike
    times, potentials and thresholds of segments. A barrier stands between writing and reading it.
    """
    column = tl.program_id(0).to(tl.int64)
    stride = column * 0 + columns
    n = tl.arange(0, plan.neurons_pad)
    lane = tl.arange(0, plan.units_pad)
    neuron, _, _ = places(0, plan.units_pad, plan)
    base = tl.load(theta_at + column * plan.neurons + neuron, mask=neuron >= 0, other=1)
    fatigue = tl.load(fatigue_at + column * plan.neurons + neuron, mask=neuron >= 0, other=0)
    start = tl.program_id(1) * share
    times = scratch + (column + tl.program_id(1) * stride) * (3 * plan.units_pad)
    for b in range(start, tl.minimum(start + share, samples)):
        row = column + b * stride
        gamma = tl.load(numbers) + b
        theta = base if plan.shift < 0 else base + (fatigue >> plan.shift)
        tl.store(times + 2 * plan.units_pad + lane, theta)
        tl.debug_barrier()
        for part in range(plan.tiles):
            forward(
                x_at, xp_at, w_at, may_at, wp_at, may_p_at, times, row, column, part * plan.tile,
                plan,
            )  # fmt: skip
        tl.debug_barrier()
        y = tl.load(times + lane)
        at = tl.load(times + plan.units_pad + lane)
        out, seen, won = inhibit(y, at, gamma, column, numbers, plan)
        tl.store(y_at + row * plan.neurons + n, out.to(tl.uint8), mask=n < plan.neurons)
        tl.debug_barrier()
        if plan.learn != "no":
            tl.store(times + lane, seen)
            tl.debug_barrier()
            for part in range(plan.tiles):
                learn_tile(
                    x_at, xp_at, w_at, may_at, wp_at, may_p_at, found_at, found_p_at, table,
                    table_p, numbers, times, row, gamma, column, part * plan.tile, plan,
                )  # fmt: skip
            if plan.shift >= 0:
                rest = tl.maximum(fatigue - tl.load(numbers + 17).to(tl.int32), 0)
                fatigue = rest + tl.where(won, tl.load(numbers + 16).to(tl.int32), 0)
            tl.debug_barrier()
    if plan.learn != "no" and plan.shift >= 0:
        tl.store(fatigue_at + column * plan.neurons + neuron, fatigue, mask=neuron >= 0)


@triton.jit
def forward(
    x_at: tl.tensor, xp_at: tl.tensor, w_at: tl.tensor, may_at: tl.tensor, wp_at: tl.tensor,
    may_p_at: tl.tensor, times: tl.tensor, row: tl.tensor, column: tl.tensor, first: tl.tensor,
    plan: tl.constexpr,
) -> None:  # fmt: skip
    """Write spike times and potentials of the segments of a tile; arguments as in the kernel."""
    _, branch, unit = places(first, plan.tile, plan)
    i, ip = synapses(plan.distal), synapses(plan.near)
    w, may = tile(w_at, may_at, column, i, unit, plan.distal, plan)
    wp = w
    if plan.proximal == "weighted":
        wp, _ = tile(wp_at, may_p_at, column, ip, unit, plan.near, plan)
    x, xp = inputs_of(x_at, xp_at, row, i, ip, branch, plan)
    lane = first + tl.arange(0, plan.tile)
    theta = tl.load(times + 2 * plan.units_pad + lane)
    y, at = crossing(x, w >> plan.fraction, xp, wp >> plan.fraction, theta, plan)
    y, at, _ = gated(y, at, may, xp, plan)
    tl.store(times + lane, y)
    tl.store(times + plan.units_pad + lane, at)


@triton.jit
def learn_tile(
    x_at: tl.tensor, xp_at: tl.tensor, w_at: tl.tensor, may_at: tl.tensor, wp_at: tl.tensor,
    may_p_at: tl.tensor, found_at: tl.tensor, found_p_at: tl.tensor, table: tl.tensor,
    table_p: tl.tensor, numbers: tl.tensor, times: tl.tensor, row: tl.tensor, gamma: tl.tensor,
    column: tl.tensor, first: tl.tensor, plan: tl.constexpr,
) -> None:  # fmt: skip
    """Learn the synapses of a tile's segments; arguments as in the kernel."""
    _, branch, unit = places(first, plan.tile, plan)
    i, ip = synapses(plan.distal), synapses(plan.near)
    x, xp = inputs_of(x_at, xp_at, row, i, ip, branch, plan)
    seen = tl.load(times + first + tl.arange(0, plan.tile))
    w, may = tile(w_at, may_at, column, i, unit, plan.distal, plan)
    found = searched(found_at, row, i, unit, may, plan.distal, plan)
    _, _, learns = gated(seen, seen, may, xp, plan)
    w = adapt(w, learns, x, seen, found, unit, gamma, column, numbers, table, plan, plan.distal)
    keep(w_at, w, column, i, unit, plan.distal, plan)
    if plan.proximal == "weighted":
        wp, may_p = tile(wp_at, may_p_at, column, ip, unit, plan.near, plan)
        found = searched(found_p_at, row, ip, unit, may_p, plan.near, plan)
        wp = adapt(
            wp, may_p, xp, seen, found, unit, gamma, column, numbers, table_p, plan, plan.near
        )
        keep(wp_at, wp, column, ip, unit, plan.near, plan)
