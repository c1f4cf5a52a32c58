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
    block: tl.tensor, gamma: tl.tensor, stream: tl.tensor, column: tl.tensor, numbers: tl.tensor
) -> tuple[tl.tensor, tl.tensor, tl.tensor, tl.tensor]:
    """Return the four words of Philox blocks, uint32 like `block`; gamma is int64."""
    zero = block.to(tl.uint32) * 0
    k0 = tl.load(numbers + 1).to(tl.uint32)
    k1 = tl.load(numbers + 2).to(tl.uint32)
    c1 = ((gamma >> 32) << 12) | (stream << 8) | tl.load(numbers + 3)
    return tl.philox_impl(
        zero + (gamma & 0xFFFFFFFF).to(tl.uint32),
        zero + c1.to(tl.uint32),
        zero + (column + tl.load(numbers + 18)).to(tl.uint32),
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
    unit: tl.tensor, gamma: tl.tensor, stream: tl.constexpr, column: tl.tensor, numbers: tl.tensor
) -> tl.tensor:
    """Return 32-bit draws for random ties, int64 like `unit`."""
    a, b, c, d = draws(unit >> 2, gamma, stream, column, numbers)
    return pick(unit & 3, a, b, c, d).to(tl.int64)


@triton.jit
def potential(x: tl.tensor, w: tl.tensor, t: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return `V(t)`, int32 `[units]`, for a time of its own for each segment."""
    t = t[None, None, :]
    if plan.response == "rnl":
        r = tl.minimum(tl.maximum(t - (x - 1), 0), w)
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
    halvings: tl.constexpr = plan.halvings
    for _ in tl.static_range(halvings):
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
def order(y: tl.tensor, strength: tl.tensor, index: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return keys: earliest first, then strongest, then lowest index; 32 bits where that is enough.

    A key is time, then the largest strength minus this one, then index.
    """
    below: tl.constexpr = plan.strength_bits + plan.index_bits
    key = y << below if below + 8 < 32 else y.to(tl.int64) << below
    if plan.strength_bits > 0:
        most: tl.constexpr = (1 << plan.strength_bits) - 1
        key |= (most - strength).to(key.dtype) << plan.index_bits
    return key | index.to(key.dtype)


@triton.jit
def time_of(key: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return the spike time in a key, int32."""
    return (key >> (plan.strength_bits + plan.index_bits)).to(tl.int32)


@triton.jit
def strength_of(key: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return the strength in a key."""
    most: tl.constexpr = (1 << plan.strength_bits) - 1
    return most - ((key >> plan.index_bits) & most)


@triton.jit
def lateral(y: tl.tensor, strength: tl.tensor, index: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return which neurons pass lateral inhibition, bool like `y`."""
    spikes = y != 255
    if plan.wta == "none":
        passes = spikes
    elif plan.wta == "t-wta":
        passes = spikes & (y == tl.min(y, axis=0))
    else:
        key = order(y, strength, index, plan)
        cut = tl.min(key, axis=0)
        last = tl.max(key, axis=0)
        if plan.wta == "k-wta":
            for _ in range(1, plan.k):
                # Those that do not spike have keys too, above all others.
                cut = tl.min(tl.where(key > cut, key, last), axis=0)
        passes = spikes & (key <= cut)
    return passes


@triton.jit
def inhibit(
    y: tl.tensor,
    at: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    numbers: tl.tensor,
    plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    """Winner-take-all in each dendrite, each neuron and the column.

    Args:
        y: int32 `[units]`, spike times of segments or 255.
        at: int32 `[units]`, potentials at them.
        gamma: int64, gamma cycle.
        column: int64, number of the column.
        numbers: int64, as `plan.parameters` gives them.
        plan: the layer.

    Returns:
        Output times `[neurons]`, the times that STDP sees `[units]`, and bool `[units]`: whether a
        segment's neuron passed.
    """
    n = tl.arange(0, plan.neurons_pad)
    if plan.tie == "random":
        strength = tie_draws(n, gamma, 6, column, numbers)
    elif plan.tie == "potential" and plan.point:
        strength = at
    else:
        strength = n
    if plan.point:
        passes = lateral(y, strength, n, plan)
        out = tl.where(passes, y, 255)
        seen = out if plan.after == "column" else y
        won = passes
    else:
        time, chosen, kept, first = climb(y, at, gamma, column, numbers, plan)
        if plan.tie == "potential":
            strength = chosen
        passes = lateral(time, strength, n, plan)
        out = tl.where(passes, time, 255)
        deep = tl.broadcast_to(passes[:, None, None], kept.shape)
        won = fold(deep, plan)
        keep = kept & deep if plan.after == "column" else first
        seen = tl.where(fold(keep, plan), y, 255)
    return out, seen, won


@triton.jit
def spread(v: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return `[units]` as `[neurons, dendrites, segments]`, each padded; padding is anything."""
    shape: tl.constexpr = (plan.neurons_pad, plan.dendrites_pad, plan.segments_pad)
    n = tl.arange(0, plan.neurons_pad)[:, None, None]
    d = tl.arange(0, plan.dendrites_pad)[None, :, None]
    s = tl.arange(0, plan.segments_pad)[None, None, :]
    unit = (n * plan.dendrites + d) * plan.segments + s
    real = (n < plan.neurons) & (d < plan.dendrites) & (s < plan.segments)
    at = tl.reshape(tl.where(real, unit, 0), (plan.places,))
    return tl.reshape(tl.gather(v, at, 0), shape)


@triton.jit
def fold(v: tl.tensor, plan: tl.constexpr) -> tl.tensor:
    """Return bool `[neurons, dendrites, segments]` as `[units]`; padding is anything."""
    unit = tl.arange(0, plan.units_pad)
    branch = unit // plan.segments
    d = branch % plan.dendrites
    n = tl.minimum(branch // plan.dendrites, plan.neurons - 1)
    at = (n * plan.dendrites_pad + d) * plan.segments_pad + unit % plan.segments
    return tl.gather(tl.reshape(v.to(tl.int32), (plan.places,)), at, 0) != 0


@triton.jit
def climb(
    y: tl.tensor,
    at: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    numbers: tl.tensor,
    plan: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor, tl.tensor, tl.tensor]:
    """Winner-take-all in dendrites and neurons; arguments as in `inhibit`.

    Returns:
        Times and winning potentials (0 for tie rule `index`) of neurons, `[neurons]`; which
        segments won both, and which won their dendrite, bool `[neurons, dendrites, segments]`.
    """
    n = tl.arange(0, plan.neurons_pad)
    d = tl.arange(0, plan.dendrites_pad)
    s = tl.arange(0, plan.segments_pad)
    branch = n[:, None] * plan.dendrites + d[None, :]
    real = ((n < plan.neurons)[:, None] & (d < plan.dendrites)[None, :])[:, :, None]
    real = real & (s < plan.segments)[None, None, :]
    times = tl.where(real, spread(y, plan), 255)
    if plan.tie == "random":
        unit = branch[:, :, None] * plan.segments + s[None, None, :]
        strength = tie_draws(unit, gamma, 4, column, numbers)
    elif plan.tie == "potential":
        strength = spread(at, plan)
    else:
        strength = times
    key = order(times, strength, s[None, None, :], plan)
    best = tl.min(key, axis=2)
    first = (key == best[:, :, None]) & (times != 255)
    time = time_of(best, plan)
    if plan.tie == "random":
        above = tie_draws(branch, gamma, 5, column, numbers)
    else:
        above = strength_of(best, plan)
    key = order(time, above, d[None, :], plan)
    best = tl.min(key, axis=1)
    kept = first & (key == best[:, None])[:, :, None]
    return time_of(best, plan), strength_of(best, plan), kept, first


@triton.jit
def stabilisers(w: tl.tensor, side: tl.constexpr) -> tuple[tl.tensor, tl.tensor]:
    """Return `2048 num` of `F(w) = num / w_max^2`, upwards and downwards, int32 like `w`."""
    m: tl.constexpr = side.w_max
    if side.stabiliser == "off":
        up = w * 0
        down = up
    elif side.stabiliser == "symmetric":
        up = 2048 * (w * (m - w))
        down = up
    else:
        up = 2048 * (w * (2 * m - w))
        down = up if side.stabiliser == "up" else 2048 * (m * m - w * w)
    return up, down


@triton.jit
def limits(
    x: tl.tensor, y: tl.tensor, word: tl.tensor, numbers: tl.tensor, side: tl.constexpr
) -> tuple[tl.tensor, tl.tensor]:
    """Return what `2048 num` must reach for a weight to rise, and to fall.

    That is `max(B(u_min), B(F))` without a table: `draw < (2048 num + den) // (2 den)` is
    `(draw + 1) * 2 den - den <= 2048 num`. Where `u_min` decides, or there is no stabiliser, any
    weight reaches the limit; where the case or its draw is another, none does.

    Args:
        x: int32, input times or 255.
        y: int32, output times, not 255.
        word: uint32, the word of each synapse.
        numbers: int64, as `plan.parameters` gives them.
        side: these synapses.
    """
    den: tl.constexpr = side.w_max * side.w_max
    draw = (word & 1023).to(tl.int32)
    limit = (((word >> 20) & 1023).to(tl.int32) + 1) * (2 * den) - den
    always = ((word >> 10) & 1023).to(tl.int32) < tl.load(numbers + side.at + 4).to(tl.int32)
    limit = tl.where(always | (side.stabiliser == "off"), 0, limit)
    capture = (x <= y) & (draw < tl.load(numbers + side.at).to(tl.int32))
    minus = (x > y) & (x != 255) & (draw < tl.load(numbers + side.at + 1).to(tl.int32))
    backoff = (x == 255) & (draw < tl.load(numbers + side.at + 3).to(tl.int32))
    never: tl.constexpr = 0x7FFFFFFF
    return tl.where(capture, limit, never), tl.where(minus | backoff, limit, never)


@triton.jit
def cases(
    w: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    unit: tl.tensor,
    gamma: tl.tensor,
    column: tl.tensor,
    numbers: tl.tensor,
    plan: tl.constexpr,
    side: tl.constexpr,
) -> tl.tensor:
    """Return what capture, minus and backoff add to the weights of segments that spike, like `w`.

    Args:
        w: int32 tile, weights.
        x: int32 tile, input times or 255; its last dimension may be 1.
        y: int32 `[units]`, output times or 255.
        unit: int32 `[units]`, number of each segment in its column.
        gamma: int64, gamma cycle.
        column: int64, number of the column.
        numbers: int64, as `plan.parameters` gives them.
        plan: the layer.
        side: these synapses.
    """
    j = tl.arange(0, side.words_pad)
    q = tl.arange(0, 4)[:, None, None]
    if plan.single:
        # Only the one segment that spikes needs draws.
        winner = tl.max(tl.where(y != 255, unit, 0), axis=0)
        a, b, c, d = draws(winner * side.words + j, gamma, side.stream, column, numbers)
        word = pick(q, a[None, :, None], b[None, :, None], c[None, :, None], d[None, :, None])
        rise, fall = limits(x, tl.min(y, axis=0), word, numbers, side)
    else:
        block = unit[None, :] * side.words + j[:, None]
        a, b, c, d = draws(block, gamma, side.stream, column, numbers)
        word = pick(q, a[None, :, :], b[None, :, :], c[None, :, :], d[None, :, :])
        rise, fall = limits(x, y[None, None, :], word, numbers, side)
    up, down = stabilisers(w, side)
    return tl.where(rise <= up, 1, 0) - tl.where(fall <= down, 1, 0)


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
    numbers: tl.tensor,
    plan: tl.constexpr,
    side: tl.constexpr,
) -> tl.tensor:
    """Return weights after stochastic STDP; `found`: who search drew; the rest as in `cases`."""
    old = w
    if tl.min(y, axis=0) != 255:
        change = cases(old, x, y, unit, gamma, column, numbers, plan, side)
        w += tl.where(may & (y != 255)[None, None, :], change, 0)
    if side.search:
        limit = tl.load(numbers + side.at + 5).to(tl.int32)
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
