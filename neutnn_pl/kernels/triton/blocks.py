"""Device functions of the column kernel: draws, potentials, winner-take-all, STDP.

Synapses are a tile `[4, words, units]`: input `i = word * ceil(P / 4) + j` of a segment is at
`[word, j]`, so that the four words of one Philox block lie on the first dimension.
"""

from __future__ import annotations

import triton
import triton.language as tl

from neutnn_pl.kernels.triton.plan import Plan, Side


@triton.jit
def draws(
    block: tl.tensor, gamma: tl.tensor, stream: tl.tensor, column: tl.tensor, params: tl.tensor
) -> tuple[tl.tensor, tl.tensor, tl.tensor, tl.tensor]:
    """Return the four words of Philox blocks, uint32 like `block`; gamma is int64."""
    zero = block.to(tl.uint32) * 0
    k0 = tl.load(params + 1).to(tl.uint32)
    k1 = tl.load(params + 2).to(tl.uint32)
    c1 = ((gamma >> 32) << 12) | (stream << 8) | tl.load(params + 3)
    return tl.philox_impl(
        zero + (gamma & 0xFFFFFFFF).to(tl.uint32),
        zero + c1.to(tl.uint32),
        zero + column.to(tl.uint32),
        zero + block.to(tl.uint32),
        k0,
        k1,
    )


@triton.jit
def pick(word: tl.tensor, a: tl.tensor, b: tl.tensor, c: tl.tensor, d: tl.tensor) -> tl.tensor:
    """Return word number `word` (0 .. 3) of the four."""
    return tl.where(word == 0, a, tl.where(word == 1, b, tl.where(word == 2, c, d)))


@triton.jit
def tie_draws(
    unit: tl.tensor, gamma: tl.tensor, stream: tl.constexpr, column: tl.tensor, params: tl.tensor
) -> tl.tensor:
    """Return 32-bit draws for random ties, int64 like `unit`."""
    a, b, c, d = draws(unit >> 2, gamma, stream, column, params)
    return pick(unit & 3, a, b, c, d).to(tl.int64)


@triton.jit
def potential(x: tl.tensor, w: tl.tensor, t: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return `V(t)`, int32 `[units]`, for a time of its own for each segment."""
    t = t[None, None, :]
    if plan.response == "rnl":
        r = tl.minimum(tl.maximum(t - x + 1, 0), w)
    else:
        r = tl.where(t >= x, w, 0)
    return tl.sum(tl.sum(r, axis=0), axis=0)


@triton.jit
def crossing(
    x: tl.tensor,
    w: tl.tensor,
    xp: tl.tensor,
    wp: tl.tensor,
    theta: tl.tensor,
    plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor]:
    """Return when potentials first reach their threshold (or 255), and the potentials then.

    `V` never falls, so the time is found by bisection: 4 evaluations for 14 steps.
    """
    low = theta * 0
    high = low + plan.steps
    at = low
    for _ in tl.static_range(plan.halvings):
        middle = (low + high) >> 1
        v = potential(x, w, middle, plan)
        if plan.proximal == "weighted":
            v += potential(xp, wp, middle, plan)
        open_ = low < high
        fires = open_ & (v >= theta)
        low = tl.where(open_ & (v < theta), middle + 1, low)
        high = tl.where(fires, middle, high)
        at = tl.where(fires, v, at)
    return tl.where(high < plan.steps, high, 255), at


@triton.jit
def order(y: tl.tensor, strength: tl.tensor, index: tl.tensor) -> tl.tensor:
    """Return int64 keys: earliest first, then strongest, then lowest index."""
    return (y.to(tl.int64) << 48) | ((0xFFFFFFFF - strength) << 16) | index.to(tl.int64)


@triton.jit
def lateral(y: tl.tensor, strength: tl.tensor, index: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return which neurons pass lateral inhibition, bool like `y`."""
    spikes = y != 255
    if plan.wta == "none":
        passes = spikes
    elif plan.wta == "t-wta":
        passes = spikes & (y == tl.min(y, axis=0))
    else:
        key = order(y, strength, index)
        cut = tl.min(key, axis=0)
        if plan.wta == "k-wta":
            for _ in range(1, plan.k):
                # Keys of neurons that spike lie below 255 << 48.
                cut = tl.min(tl.where(key > cut, key, 255 << 48), axis=0)
        passes = spikes & (key <= cut)
    return passes


@triton.jit
def inhibit(
    y: tl.tensor,
    at: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    params: tl.tensor,
    plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    """Winner-take-all in each dendrite, each neuron and the column.

    Args:
        y: int32 `[units]`, spike times of segments or 255.
        at: int32 `[units]`, potentials at them.
        gamma: int64, gamma cycle.
        column: int64, number of the column.
        params: int64, as `plan.parameters` gives them.
        plan: the layer.

    Returns:
        Output times `[neurons]`, the times that STDP sees `[units]`, and bool `[units]`: whether a
        segment's neuron passed.
    """
    n = tl.arange(0, plan.neurons_pad)
    if plan.tie == "random":
        strength = tie_draws(n, gamma, 6, column, params)
    elif plan.tie == "potential" and plan.point:
        strength = at.to(tl.int64)
    else:
        strength = (n * 0).to(tl.int64)
    if plan.point:
        passes = lateral(y, strength, n, plan)
        out = tl.where(passes, y, 255)
        seen = out if plan.after == "column" else y
        won = passes
    else:
        time, chosen, kept, first = climb(y, at, gamma, column, params, plan)
        if plan.tie == "potential":
            strength = chosen
        passes = lateral(time, strength, n, plan)
        out = tl.where(passes, time, 255)
        shape: tl.constexpr = (plan.neurons_pad, plan.dendrites_pad, plan.segments_pad)
        deep = tl.broadcast_to(passes[:, None, None], shape)
        keep = kept & deep if plan.after == "column" else first
        seen = tl.where(tl.reshape(keep.to(tl.int32), (plan.units_pad,)) != 0, y, 255)
        won = tl.reshape(deep.to(tl.int32), (plan.units_pad,)) != 0
    return out, seen, won


@triton.jit
def climb(
    y: tl.tensor,
    at: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    params: tl.tensor,
    plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor, tl.tensor, tl.tensor]:
    """Winner-take-all in dendrites and neurons; arguments as in `inhibit`.

    Returns:
        Times and winning potentials (0 for tie rule `index`) of neurons, `[neurons]`; which
        segments won both, and which won their dendrite, bool `[neurons, dendrites, segments]`.
    """
    shape: tl.constexpr = (plan.neurons_pad, plan.dendrites_pad, plan.segments_pad)
    n = tl.arange(0, plan.neurons_pad)
    d = tl.arange(0, plan.dendrites_pad)
    s = tl.arange(0, plan.segments_pad)
    branch = n[:, None] * plan.dendrites + d[None, :]
    times = tl.reshape(y, shape)
    if plan.tie == "random":
        unit = branch[:, :, None] * plan.segments + s[None, None, :]
        strength = tie_draws(unit, gamma, 4, column, params)
    elif plan.tie == "potential":
        strength = tl.reshape(at, shape).to(tl.int64)
    else:
        strength = (times * 0).to(tl.int64)
    key = order(times, strength, s[None, None, :])
    best = tl.min(key, axis=2)
    first = (key == best[:, :, None]) & (times != 255)
    time = (best >> 48).to(tl.int32)
    if plan.tie == "random":
        above = tie_draws(branch, gamma, 5, column, params)
    else:
        above = 0xFFFFFFFF - ((best >> 16) & 0xFFFFFFFF)
    key = order(time, above, d[None, :])
    best = tl.min(key, axis=1)
    kept = first & (key == best[:, None])[:, :, None]
    return (best >> 48).to(tl.int32), 0xFFFFFFFF - ((best >> 16) & 0xFFFFFFFF), kept, first


@triton.jit
def brackets(
    w: tl.tensor, word: tl.tensor, minimum: tl.tensor, side: tl.constexpr
) -> tuple[tl.tensor, tl.tensor]:
    """Return `max(B(u_min), B(F(w)))` upwards and downwards, bool like `w`.

    `draw < (2048 num + den) // (2 den)` is `(draw + 1) * 2 den <= 2048 num + den`.
    """
    m: tl.constexpr = side.w_max
    floor = ((word >> 10) & 1023).to(tl.int32) < minimum
    left = (((word >> 20) & 1023).to(tl.int32) + 1) * (2 * m * m) - m * m
    if side.stabiliser == "off":
        up = w >= 0
        down = up
    elif side.stabiliser == "symmetric":
        up = floor | (left <= 2048 * (w * (m - w)))
        down = up
    else:
        up = floor | (left <= 2048 * (w * (2 * m - w)))
        down = up if side.stabiliser == "up" else floor | (left <= 2048 * (m * m - w * w))
    return up, down


@triton.jit
def cases(
    w: tl.tensor,
    may: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    unit: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    params: tl.tensor,
    plan: tl.constexpr,
    side: tl.constexpr,
) -> tl.tensor:
    """Return what capture, minus and backoff of stochastic STDP add to weights, int32 like `w`.

    Args:
        w: int32 tile, weights.
        may: bool tile, who learns.
        x: int32 tile, input times or 255; its last dimension may be 1.
        y: int32 `[units]`, output times or 255.
        unit: int32 `[units]`, number of each segment in its column.
        gamma: int64, gamma cycle.
        column: int64, number of the column.
        params: int64, as `plan.parameters` gives them.
        plan: the layer.
        side: these synapses.
    """
    j = tl.arange(0, side.words_pad)
    q = tl.arange(0, 4)[:, None, None]
    if plan.single:
        # Only the one segment that spikes needs draws.
        winner = tl.max(tl.where(y != 255, unit, 0), axis=0)
        a, b, c, d = draws(winner * side.words + j, gamma, side.stream, column, params)
        word = pick(q, a[None, :, None], b[None, :, None], c[None, :, None], d[None, :, None])
    else:
        block = unit[None, :] * side.words + j[:, None]
        a, b, c, d = draws(block, gamma, side.stream, column, params)
        word = pick(q, a[None, :, :], b[None, :, :], c[None, :, :], d[None, :, :])
    up, down = brackets(w, word, tl.load(params + side.at + 4).to(tl.int32), side)
    draw = (word & 1023).to(tl.int32)
    y = y[None, None, :]
    learns = may & (y != 255)
    silent = x == 255
    rise = up & (x <= y) & (draw < tl.load(params + side.at).to(tl.int32))
    fall = down & (
        ((x > y) & (x != 255) & (draw < tl.load(params + side.at + 1).to(tl.int32)))
        | (silent & (draw < tl.load(params + side.at + 3).to(tl.int32)))
    )
    return tl.where(learns & rise, 1, 0) - tl.where(learns & fall, 1, 0)


@triton.jit
def stochastic(
    w: tl.tensor,
    may: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    found: tl.tensor,
    unit: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    params: tl.tensor,
    plan: tl.constexpr,
    side: tl.constexpr,
) -> tl.tensor:
    """Return weights after stochastic STDP; `found`: who search drew; the rest as in `cases`."""
    old = w
    if tl.min(y, axis=0) != 255:
        w += cases(old, may, x, y, unit, gamma, column, params, plan, side)
    if side.search:
        limit = tl.load(params + side.at + 5).to(tl.int32)
        rise = may & found & (x != 255) & (y[None, None, :] == 255) & (old < limit)
        w += tl.where(rise, 1, 0)
    return tl.minimum(tl.maximum(w, 0), side.w_max)


@triton.jit
def deterministic(
    w: tl.tensor,
    may: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    table: tl.tensor,
    plan: tl.constexpr,
    side: tl.constexpr,
) -> tl.tensor:
    """Return fixed-point weights after deterministic STDP; `table` as `plan.moves` gives it."""
    y = y[None, None, :]
    both = tl.where(x <= y, 0, 1)
    case = tl.where(y == 255, 2, tl.where(x == 255, 3, both))
    learns = may & ((x != 255) | (y != 255))
    level = w >> plan.fraction
    move = tl.load(table + case * (side.w_max + 1) + level, mask=learns, other=0)
    return tl.minimum(tl.maximum(w + move, 0), side.w_max << plan.fraction)


__all__ = ["Plan", "Side", "crossing", "deterministic", "draws", "inhibit", "stochastic"]
