"""The kernels: search draws for a chunk of samples, and the persistent one of a column."""

from __future__ import annotations

import triton
import triton.language as tl

from neutnn_pl.kernels.triton.blocks import crossing, deterministic, draws, inhibit, stochastic


@triton.jit(do_not_specialize=["blocks", "columns"])
def search_kernel(
    out: tl.tensor,
    numbers: tl.tensor,
    blocks: int,
    columns: int,
    per_column: tl.constexpr,
    stream: tl.constexpr,
    at: tl.constexpr,
    size: tl.constexpr,
) -> None:
    """Draw search for every sample, column, input and twelve segments.

    Args:
        out: int16 `[B, C, inputs, Gb]`; bit `r` says that segment `12 gb + r` searches.
        numbers: int64, as `plan.parameters` gives them.
        blocks: `B * C * inputs * Gb`, below 2**31.
        columns: C.
        per_column: `inputs * Gb`.
        stream: 1, or 3 for proximal inputs.
        at: where the side's constants start in the parameters.
        size: blocks of one program.
    """
    number = tl.program_id(0) * size + tl.arange(0, size)
    row = number // per_column
    gamma = tl.load(numbers) + (row // columns).to(tl.int64)
    a, b, c, d = draws(number % per_column, gamma, stream, row % columns, numbers)
    u = tl.load(numbers + at + 2).to(tl.uint32)
    bits = number * 0
    for part in tl.static_range(3):
        bits |= ((a >> (10 * part)) & 1023 < u).to(tl.int32) << (4 * part)
        bits |= ((b >> (10 * part)) & 1023 < u).to(tl.int32) << (4 * part + 1)
        bits |= ((c >> (10 * part)) & 1023 < u).to(tl.int32) << (4 * part + 2)
        bits |= ((d >> (10 * part)) & 1023 < u).to(tl.int32) << (4 * part + 3)
    tl.store(out + number, bits.to(tl.int16), mask=number < blocks)


@triton.jit
def synapses(side: tl.constexpr) -> tl.tensor:
    """Return the input number of each place of a tile, `[4, words, 1]`; -1 for padding."""
    q = tl.arange(0, 4)[:, None, None]
    j = tl.arange(0, side.words_pad)[None, :, None]
    i = q * side.words + j
    return tl.where((j < side.words) & (i < side.inputs), i, -1)


@triton.jit
def tile(
    w: tl.tensor, may: tl.tensor, column: tl.tensor, i: tl.tensor, unit: tl.tensor,
    side: tl.constexpr, plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor]:  # fmt: skip
    """Load a column's weights, int32, and who may learn, bool; 0 and False where it is padding."""
    count: tl.constexpr = plan.neurons * plan.dendrites * plan.segments
    place = column * (side.inputs * count) + i * count + unit[None, None, :]
    inside = (i >= 0) & (unit >= 0)[None, None, :]
    weights = tl.load(w + place, mask=inside, other=0).to(tl.int32)
    return weights, tl.load(may + place, mask=inside, other=0) != 0


@triton.jit
def keep(
    at: tl.tensor, w: tl.tensor, column: tl.tensor, i: tl.tensor, unit: tl.tensor,
    side: tl.constexpr, plan: tl.constexpr,
) -> None:  # fmt: skip
    """Store a column's weights."""
    count: tl.constexpr = plan.neurons * plan.dendrites * plan.segments
    place = column * (side.inputs * count) + i * count + unit[None, None, :]
    inside = (i >= 0) & (unit >= 0)[None, None, :]
    tl.store(at + place, w.to(at.dtype.element_ty), mask=inside)


@triton.jit
def searched(
    pointer: tl.tensor,
    row: tl.tensor,
    i: tl.tensor,
    unit: tl.tensor,
    may: tl.tensor,
    side: tl.constexpr,
    plan: tl.constexpr,
) -> tl.tensor:
    """Load who searches, bool tile, from the bits of `search_kernel`."""
    hit = may
    if side.search:
        words: tl.constexpr = (plan.neurons * plan.dendrites * plan.segments + 11) // 12
        real = tl.maximum(unit, 0)
        place = row * (side.inputs * words) + i * words + (real // 12)[None, None, :]
        bits = tl.load(pointer + place, mask=may, other=0).to(tl.int32)
        hit = may & (((bits >> (real % 12)[None, None, :]) & 1) != 0)
    return hit


@triton.jit
def inputs_of(
    x: tl.tensor, xp: tl.tensor, row: tl.tensor, i: tl.tensor, ip: tl.tensor, branch: tl.tensor,
    plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor]:  # fmt: skip
    """Load one sample's inputs: distal times `[4, words, 1]`, and proximal times or levels."""
    times = tl.load(x + row * plan.distal.inputs + i, mask=(i >= 0), other=255)
    times = times.to(tl.int32)
    near = times
    if plan.proximal != "none":
        near_row = row * (plan.neurons * plan.dendrites)
        if plan.proximal == "enable":
            near = tl.load(xp + near_row + branch, mask=(branch >= 0), other=0)
        else:
            deep = branch[None, None, :]
            inside = (ip >= 0) & (deep >= 0)
            near = tl.load(xp + (near_row + deep) * plan.near.inputs + ip, mask=inside, other=255)
        near = near.to(tl.int32)
    return times, near


@triton.jit
def places(
    first: tl.tensor, size: tl.constexpr, plan: tl.constexpr
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    """Return neuron, dendrite and segment of `size` lanes, numbered in the column; -1: padding."""
    unit = first + tl.arange(0, size)
    real = unit < plan.neurons * plan.dendrites * plan.segments
    branch = unit // plan.segments
    n = branch // plan.dendrites
    return tl.where(real, n, -1), tl.where(real, branch, -1), tl.where(real, unit, -1)


@triton.jit
def gated(
    y: tl.tensor, at: tl.tensor, may: tl.tensor, xp: tl.tensor, plan: tl.constexpr
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    """Return spike times, potentials, and who may learn, behind the levels of `enable`."""
    learns = may
    if plan.proximal == "enable":
        y = tl.where(xp != 0, y, 255)
        at = tl.where(xp != 0, at, 0)
        if plan.scope == "enabled":
            learns = may & (xp != 0)[None, None, :]
    return y, at, learns


@triton.jit
def adapt(
    w: tl.tensor, may: tl.tensor, x: tl.tensor, seen: tl.tensor, found: tl.tensor, unit: tl.tensor,
    gamma: tl.tensor, column: tl.tensor, numbers: tl.tensor, table: tl.tensor,
    plan: tl.constexpr, side: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """Return the weights of one side after one gamma cycle of the plan's rule."""
    if plan.learn == "stochastic":
        new = stochastic(w, may, x, seen, found, unit, gamma, column, numbers, plan, side)
    else:
        new = deterministic(w, may, x, seen, table, plan, side)
    return new


@triton.jit(do_not_specialize=["columns", "samples", "share"])
def column_kernel(
    x_at: tl.tensor, xp_at: tl.tensor, y_at: tl.tensor,
    w_at: tl.tensor, may_at: tl.tensor, wp_at: tl.tensor, may_p_at: tl.tensor,
    theta_at: tl.tensor, fatigue_at: tl.tensor,
    found_at: tl.tensor, found_p_at: tl.tensor, table: tl.tensor, table_p: tl.tensor,
    numbers: tl.tensor, columns: int, samples: int, share: int, plan: tl.constexpr,
) -> None:  # fmt: skip
    """One column through `share` samples, one after the other, weights in registers.

    Args:
        x_at: uint8 `[B, C, P]`, distal input times.
        xp_at: uint8 `[B, C, N, D]` (levels) or `[B, C, N, D, R]` (times).
        y_at: uint8 `[B, C, N]`, output times.
        w_at: `[C, P, G]`, uint8, or int32 in fixed point; read, and written where it learns.
        may_at: uint8 `[C, P, G]`, who is not masked.
        wp_at: `[C, R, G]`, proximal weights; `may_p_at` likewise.
        may_p_at: uint8 `[C, R, G]`.
        theta_at: int32 `[C, N]`.
        fatigue_at: int32 `[C, N]`; read, and written where it learns.
        found_at: int16 `[B, C, P, Gb]`, search bits.
        found_p_at: int16 `[B, C, R, Gb]`.
        table: int32, moves of deterministic STDP.
        table_p: the same for proximal weights.
        numbers: int64, as `plan.parameters` gives them.
        columns: C.
        samples: B.
        share: samples of one program; B where it learns.
        plan: the layer.
    """
    column = tl.program_id(0).to(tl.int64)
    stride = column * 0 + columns
    neuron, branch, unit = places(0, plan.tile, plan)
    i, ip = synapses(plan.distal), synapses(plan.near)
    n = tl.arange(0, plan.neurons_pad)
    w, may = tile(w_at, may_at, column, i, unit, plan.distal, plan)
    wp, may_p = w, may
    if plan.proximal == "weighted":
        wp, may_p = tile(wp_at, may_p_at, column, ip, unit, plan.near, plan)
    base = tl.load(theta_at + column * plan.neurons + neuron, mask=neuron >= 0, other=1)
    fatigue = tl.load(fatigue_at + column * plan.neurons + neuron, mask=neuron >= 0, other=0)
    start = tl.program_id(1) * share
    end = tl.minimum(start + share, samples)
    x, xp = inputs_of(x_at, xp_at, column + start * stride, i, ip, branch, plan)
    for b in range(start, end):
        row = column + b * stride
        gamma = tl.load(numbers) + b
        # What does not depend on weights is loaded ahead.
        ahead = column + tl.minimum(b + 1, end - 1) * stride
        next_x, next_xp = inputs_of(x_at, xp_at, ahead, i, ip, branch, plan)
        found = searched(found_at, row, i, unit, may, plan.distal, plan)
        theta = base if plan.shift < 0 else base + (fatigue >> plan.shift)
        y, at = crossing(x, w >> plan.fraction, xp, wp >> plan.fraction, theta, plan)
        y, at, learns = gated(y, at, may, xp, plan)
        out, seen, won = inhibit(y, at, gamma, column, numbers, plan)
        tl.store(y_at + row * plan.neurons + n, out.to(tl.uint8), mask=n < plan.neurons)
        if plan.learn != "no":
            w = adapt(
                w, learns, x, seen, found, unit, gamma, column, numbers, table, plan, plan.distal
            )
            if plan.proximal == "weighted":
                found = searched(found_p_at, row, ip, unit, may_p, plan.near, plan)
                wp = adapt(
                    wp, may_p, xp, seen, found, unit, gamma, column, numbers, table_p, plan,
                    plan.near,
                )  # fmt: skip
            if plan.shift >= 0:
                rest = tl.maximum(fatigue - tl.load(numbers + 17).to(tl.int32), 0)
                fatigue = rest + tl.where(won, tl.load(numbers + 16).to(tl.int32), 0)
        x, xp = next_x, next_xp
    if plan.learn != "no":
        keep(w_at, w, column, i, unit, plan.distal, plan)
        if plan.proximal == "weighted":
            keep(wp_at, wp, column, ip, unit, plan.near, plan)
        if plan.shift >= 0:
            tl.store(fatigue_at + column * plan.neurons + neuron, fatigue, mask=neuron >= 0)
