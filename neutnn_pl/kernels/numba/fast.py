"""The fast path: stochastic STDP with Philox over bit planes, many synapses at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnn_pl.kernels.numba.forward import Plan, evaluate, gates, volley
from neutnn_pl.kernels.numba.jit import inline, jit
from neutnn_pl.kernels.numba.planes import Words, fill, weights
from neutnn_pl.kernels.numba.simd import (
    below,
    bits_of,
    both,
    choose,
    either,
    inverse,
    load_block,
    load_halves,
    load_words,
    mask_of_words,
    pointers,
    search_blocks,
    shift_right,
    splat_words,
    store_words,
    synapse_blocks,
)

ALL = 0xFFFFFFFF


class Tables(NamedTuple):
    """What is looked up.

    Attributes:
        u: int64 `[6]`, as in `settings.Side`.
        rises: int64 `[128]`, F out of 1024 of weights that grow.
        falls: the same of weights that shrink.
        keys: uint64 `[20]`, of the rounds of Philox.
        bytes_of: uint16 `[256 * 8]`, numbers of the bits that are set in a byte.
        neuron_of: int64 `[lanes]`.
        fields: uint32 `[16]`, where a segment's search draw lies in its word of a block.
        limits: uint32 `[16]`, `u_search` at that place; 0 for lanes that are no segments.
    """

    u: npt.NDArray[np.int64]
    rises: npt.NDArray[np.int64]
    falls: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    bytes_of: npt.NDArray[np.uint16]
    neuron_of: npt.NDArray[np.int64]
    fields: Words
    limits: Words


@inline
def move(levels, at, lanes, w_max, up, down):
    """Move one segment's weights by one where `up` or `down` has a bit."""
    before, now = np.int64(ALL), np.int64(levels[at])
    for v in range(w_max):
        after = np.int64(levels[at + lanes]) if v + 1 < w_max else np.int64(0)
        levels[at] = (now | (before & up)) & (~down | after)
        before, now = now, after
        at += lanes


@inline
def decided(at, levels, lanes, w_max, half, drawn, tables):
    """Decide sixteen synapses of a segment; return bits: up, down by minus, down by backoff."""
    u = tables.u
    ten = splat_words(1023)
    case = both(drawn, ten)
    minimum = both(shift_right(drawn, splat_words(10)), ten)
    draw = both(shift_right(drawn, splat_words(20)), ten)
    up, down = splat_words(tables.rises[0]), splat_words(tables.falls[0])
    for v in range(w_max):
        above = mask_of_words(levels[at + v * lanes] >> half)
        up = choose(above, splat_words(tables.rises[v + 1]), up)
        down = choose(above, splat_words(tables.falls[v + 1]), down)
    floor = bits_of(below(minimum, splat_words(u[4])))
    falls = floor | bits_of(below(draw, down))
    return (
        bits_of(below(case, splat_words(u[0]))) & (floor | bits_of(below(draw, up))),
        bits_of(below(case, splat_words(u[1]))) & falls,
        bits_of(below(case, splat_words(u[3]))) & falls,
    )


@inline
def spiked(c, slot, lane, y, c0, c1, planes, plan, tables, room):
    """Learn a segment that spiked at `y`: capture, minus and backoff, one word a synapse."""
    number = c + plan.first_column
    blocks = (plan.inputs + 3) // 4
    first = (12 * (lane >> 4) + (lane & 15)) * blocks
    # Rows overlap: the last vector of each spills into the next, and so has to come first.
    for j in range((blocks - 1) // 8 * 8, -1, -8):
        synapse_blocks(room.drawn, j, blocks, first + j, c0, c1, number, tables.keys)
    lead = plan.width - plan.steps
    for word in range(plan.words):
        at = (slot * plan.words + word) * plan.w_max * plan.lanes + lane
        up, minus, backoff = np.int64(0), np.int64(0), np.int64(0)
        for half in range(0, min(plan.inputs - 32 * word, 32), 16):
            drawn = load_halves(room.drawn, 32 * word + half)
            rise, late, none = decided(
                at, planes.levels, plan.lanes, plan.w_max, half, drawn, tables
            )
            up, minus, backoff = up | rise << half, minus | late << half, backoff | none << half
        row = (slot * plan.words + word) * plan.width + lead
        captured, spikes = np.int64(room.masks[row + y]), np.int64(room.masks[row + plan.steps - 1])
        learns = np.int64(planes.mask[(slot * plan.words + word) * plan.lanes + lane])
        down = (minus & spikes & ~captured) | (backoff & ~spikes)
        move(planes.levels, at, plan.lanes, plan.w_max, up & captured & learns, down & learns)


@inline
def draw(start, end, column, q, c0, c1, plan, tables, room):
    """Draw a group's search blocks of the inputs `start .. end - 1`, whose slot 0 is `column`."""
    for j in range(start, end, 8):
        search_blocks(
            room.drawn, 4 * (j - start), room.lines, room.owners, j, plan.groups, q, c0, c1,
            column + plan.first_column, tables.keys,
        )  # fmt: skip


@inline
def search(slot, q, quiet, first, planes, plan, tables, room):
    """Let the lanes `quiet` of a group search; `first` is the input that was drawn first."""
    levels, lanes, w_max, cap = planes.levels, plan.lanes, plan.w_max, tables.u[5]
    fields, limits = load_words(tables.fields, 0), load_words(tables.limits, 0)
    none, starts = splat_words(0), slot * plan.words
    for word in range(plan.words):
        up = none
        for j in range(room.starts[starts + word], room.starts[starts + word + 1]):
            hit = below(both(load_block(room.drawn, 4 * (j - first)), fields), limits)
            bit = splat_words(np.int64(1) << (np.int64(room.lines[j]) & 31))
            up = either(up, choose(hit, bit, none))
        at = (slot * plan.words + word) * lanes + 16 * q
        up = both(choose(mask_of_words(quiet), up, none), load_words(planes.mask, at))
        at = (slot * plan.words + word) * w_max * lanes + 16 * q
        if cap < w_max:
            up = both(up, inverse(load_words(levels, at + (cap - 1) * lanes)))
        for v in range(w_max - 1, 0, -1):
            here = load_words(levels, at + v * lanes)
            grown = either(here, both(load_words(levels, at + (v - 1) * lanes), up))
            store_words(levels, at + v * lanes, grown)
        store_words(levels, at, either(load_words(levels, at), up))


@inline
def quiet_lanes(slot, q, gated, plan, room):
    """Return the lanes of a group that may search: those that STDP does not see spike."""
    quiet = room.open[slot * plan.groups + q] if gated and not plan.scope_all else np.int64(0xFFF)
    first = slot * plan.neurons
    for j in range(first, first + room.number[slot]):
        if room.lane[j] >> 4 == q:
            quiet &= ~(np.int64(1) << (room.lane[j] & 15))
    return quiet & 0xFFF


@inline
def search_all(lo, hi, gated, c0, c1, planes, plan, tables, room):
    """Let every segment search that STDP does not see spike, in the columns `lo .. hi - 1`."""
    end = room.starts[(hi - lo) * plan.words]
    for q in range(plan.groups):
        # Without gates nearly all columns search: their blocks fill vectors without gaps.
        if not gated:
            draw(0, end, lo, q, c0, c1, plan, tables, room)
        for c in range(lo, hi):
            slot, first = c - lo, np.int64(0)
            quiet = quiet_lanes(slot, q, gated, plan, room)
            if quiet == 0:
                continue
            if gated:
                first = room.starts[slot * plan.words]
                last = room.starts[(slot + 1) * plan.words]
                draw(first, last, lo, q, c0, c1, plan, tables, room)
            search(slot, q, quiet, first, planes, plan, tables, room)


@inline
def forward_column(b, c, slot, sizes, given, planes, plan, tables, room):
    """Evaluate a column for one sample, and write its spike times."""
    columns, size, gated = sizes
    one = b * columns + c
    volley(given.x, size, one * plan.inputs, slot, plan, tables.bytes_of, room)
    theta, theta_at = planes.theta, slot * plan.lanes
    if gated:
        gates(given.gate, one * plan.dendrites, slot, plan, planes.theta, theta_at, room)
        theta, theta_at = room.theta, 0
    at = slot * plan.words * plan.w_max * plan.lanes
    number = evaluate(planes.levels, at, theta, theta_at, tables.neuron_of, slot, plan, room)
    room.number[slot] = number
    for j in range(slot * plan.neurons, slot * plan.neurons + number):
        given.y[one * plan.neurons + tables.neuron_of[room.lane[j]]] = room.time[j]


class Given(NamedTuple):
    """What samples bring, what the layer is, and where results go.

    Attributes:
        x: uint8, flat `[B, C, P]`, distal spike times.
        gate: uint8, flat `[B, C, N D]`, levels; empty where all are enabled.
        y: uint8, flat `[B, C, N]`, full of 255, where spike times are written.
        w: uint8, flat `[C, G, P]`, weights.
        mask: uint8, flat like `w`.
        theta: int32, flat `[C, N]`.
        learnt: uint8, flat like `w`, where the weights are written after learning.
    """

    x: npt.NDArray[np.uint8]
    gate: npt.NDArray[np.uint8]
    y: npt.NDArray[np.uint8]
    w: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    theta: npt.NDArray[np.int32]
    learnt: npt.NDArray[np.uint8]


@inline
def usual(plan):
    """Return the same plan with what is most usual as constants: loops over them unroll."""
    return Plan(
        plan.inputs, 1, plan.segments, plan.neurons, plan.dendrites, plan.groups, plan.lanes,
        7, 1, plan.steps, plan.horizon, plan.steps + 6, plan.wta, plan.k, plan.by_potential,
        plan.theta_min, plan.scope_all, plan.layer, plan.first_column,
    )  # fmt: skip


@jit
def run_columns(part, shape, given, planes, plan, tables, room, gamma):
    """Run samples in order in some columns.

    Args:
        part: first sample, the one after the last; first column, the one after the last.
        shape: `C, N, G, P`.
        given: the samples, the layer, and where results are written.
        planes: room for the planes of these columns.
        plan: its settings.
        tables: constants.
        room: scratch.
        gamma: gamma cycle of sample 0; -1 learns nothing.
    """
    given_, planes_, tables_, room_ = (
        pointers(given), pointers(planes), pointers(tables), pointers(room),
    )  # fmt: skip
    first, last, lo, hi = part
    sizes = (shape[0], len(given.x), np.int64(len(given.gate) > 0))
    fill(lo, hi, shape, given.w, given.mask, given.theta, plan.w_max, planes_)
    if plan.words == 1 and plan.w_max == 7 and plan.ramp == 1:
        run_pointers(
            first, last, lo, hi, sizes, given_, planes_, usual(plan), tables_, room_, gamma
        )
    else:
        run_pointers(first, last, lo, hi, sizes, given_, planes_, plan, tables_, room_, gamma)
    if gamma >= 0:
        weights(lo, hi, shape, planes_, plan.w_max, given.learnt)


@inline
def run_pointers(first, last, lo, hi, sizes, given, planes, plan, tables, room, gamma):
    """Run samples `first .. last - 1` in the columns `lo .. hi - 1`; arguments by pointers."""
    searches = tables.u[2] > 0 and tables.u[5] > 0
    for b in range(first, last):
        cycle = gamma + b
        c0, c1 = cycle & ALL, ((cycle >> 32) << 12) | plan.layer
        # One phase after the other over all columns: what one stores has left the pipeline when
        # the next one loads it.
        for c in range(lo, hi):
            forward_column(b, c, c - lo, sizes, given, planes, plan, tables, room)
        if gamma < 0:
            continue
        if searches:
            search_all(lo, hi, sizes[2], c0, c1 | 1 << 8, planes, plan, tables, room)
        for c in range(lo, hi):
            start = (c - lo) * plan.neurons
            for j in range(start, start + room.number[c - lo]):
                lane, y = room.lane[j], room.time[j]
                spiked(c, c - lo, lane, y, c0, c1, planes, plan, tables, room)
