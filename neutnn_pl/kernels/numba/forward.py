"""The fast path's evaluation of a column: potentials by counting bits, early exit, WTA."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnn_pl.kernels.numba.jit import inline, inner
from neutnn_pl.kernels.numba.planes import NEVER, Words
from neutnn_pl.kernels.numba.settings import K_WTA, ONE_WTA, T_WTA
from neutnn_pl.kernels.numba.simd import (
    append_lines,
    append_owner,
    at_most,
    bits_of,
    both,
    choose,
    equal,
    highest,
    load_bytes,
    load_words,
    lowest_bit,
    ones,
    plus,
    reaches,
    splat_bytes,
    splat_words,
    store_words,
)

Ints = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """A layer's sizes and choices, for the fast path.

    Attributes:
        inputs: `P`.
        words: words of 32 inputs.
        segments: `G`.
        neurons: `N`.
        dendrites: `N D`.
        groups: groups of twelve segments.
        lanes: 16 for each group.
        w_max: largest weight, and number of planes.
        ramp: 1 for RNL, 0 for SNL.
        steps: output horizon.
        horizon: input horizon.
        width: time masks of a word: of the times before 0 that ramps reach back to, then `steps`.
        wta: lateral inhibition, a number of `settings`.
        k: how many pass `k-wta`.
        by_potential: whether potentials decide ties.
        theta_min: lowest threshold of the layer.
        scope_all: whether segments of a shut dendrite search.
        first_column: number, in the undivided layer, of the first column: draws go by it.
        layer: number of the layer in draws.
    """

    inputs: int
    words: int
    segments: int
    neurons: int
    dendrites: int
    groups: int
    lanes: int
    w_max: int
    ramp: int
    steps: int
    horizon: int
    width: int
    wta: int
    k: int
    by_potential: int
    theta_min: int
    scope_all: int
    layer: int
    first_column: int


class Room(NamedTuple):
    """Scratch for some columns, each of which has a slot; sizes are those of a slot.

    Attributes:
        masks: `[words, width]`, bit `i` of a mask of time `t` is `x_i <= t`.
        lines: uint16 `[32 words]`, inputs that spike, ascending; without gaps between slots.
        owners: uint16 like `lines`, the slot of each.
        starts: `[words]`, where a word's inputs start in `lines`; at the end, where all end.
        open: `[groups]`, lanes that are enabled, as bits.
        number: `[1]`, how many pass.
        lane: `[N]`, winning lane of each neuron that passes.
        time: `[N]`, their spike times.
        tail: one for all, like those below: the last bytes of the last sample.
        undecided: `[groups]`, lanes whose neuron may still spike.
        theta: `[lanes]`, thresholds under the gates.
        v: `[lanes]`, potentials.
        best: `[N]`, winning lane of each neuron that spikes now.
        fresh: `[N]`, neurons that spike now.
        drawn: words of Philox.
    """

    masks: Words
    lines: npt.NDArray[np.uint16]
    owners: npt.NDArray[np.uint16]
    starts: Ints
    open: Ints
    number: Ints
    lane: Ints
    time: Ints
    tail: npt.NDArray[np.uint8]
    undecided: Ints
    theta: npt.NDArray[np.int32]
    v: npt.NDArray[np.int32]
    best: Ints
    fresh: Ints
    drawn: Words


def room_for(plan: Plan, slots: int) -> Room:
    """Return scratch for so many columns of a layer."""
    return Room(
        masks=np.zeros(slots * plan.words * plan.width, np.uint32),
        lines=np.zeros(slots * 32 * plan.words + 8, np.uint16),
        owners=np.zeros(slots * 32 * plan.words + 8, np.uint16),
        starts=np.zeros(slots * plan.words + 1, np.int64),
        open=np.full(slots * plan.groups, 0xFFFF, np.int64),
        number=np.zeros(slots, np.int64),
        lane=np.zeros(slots * plan.neurons, np.int64),
        time=np.zeros(slots * plan.neurons, np.int64),
        tail=np.full(32, 255, np.uint8),
        undecided=np.zeros(plan.groups, np.int64),
        theta=np.zeros(plan.lanes, np.int32),
        v=np.zeros(plan.lanes, np.int32),
        best=np.zeros(plan.neurons, np.int64),
        fresh=np.zeros(plan.neurons, np.int64),
        drawn=np.zeros(slots * 128 * plan.words + 64, np.uint32),
    )


@inline
def volley(x, size, at, slot, plan, bytes_of, room):
    """Turn spike times `x[at : at + P]` (`x` has `size`) into masks and a list of who spikes."""
    lead, starts = plan.width - plan.steps, slot * plan.words + 1
    number = room.starts[starts - 1]
    for word in range(plan.words):
        first, used = at + 32 * word, min(plan.inputs - 32 * word, 32)
        if first + 32 <= size:
            row = load_bytes(x, first)
        else:
            for i in range(used):
                room.tail[i] = x[first + i]
            row = load_bytes(room.tail, 0)
        valid = (np.int64(1) << used) - 1
        start, bits = (slot * plan.words + word) * plan.width + lead, np.int64(0)
        for t in range(plan.horizon):
            bits = bits_of(at_most(row, splat_bytes(t))) & valid
            room.masks[start + t] = bits
        for t in range(plan.horizon, plan.steps):
            room.masks[start + t] = bits
        for part in range(4):
            entry = (bits >> (8 * part)) & 255
            append_lines(room.lines, number, bytes_of, entry, 32 * word + 8 * part)
            append_owner(room.owners, number, slot)
            number += ones(entry)
        room.starts[starts + word] = number


@inline
def gates(levels, first, slot, plan, theta, at, room):
    """Open the lanes of dendrites whose level is 1, `levels[first : first + N D]`."""
    for q in range(plan.groups):
        room.open[slot * plan.groups + q] = 0
    for lane in range(plan.lanes):
        room.theta[lane] = NEVER
    per = plan.segments // plan.dendrites
    for dendrite in range(plan.dendrites):
        if levels[first + dendrite]:
            for g in range(dendrite * per, (dendrite + 1) * per):
                lane = 16 * (g // 12) + g % 12
                room.open[slot * plan.groups + (lane >> 4)] |= 1 << (lane & 15)
                room.theta[lane] = theta[at + lane]


@inline
def potential(levels, at, masks, time, plan):
    """Return the potential of sixteen segments at a time: bits of the planes under the masks."""
    total = splat_words(0)
    for _ in range(plan.words):
        for v in range(plan.w_max):
            spiked = splat_words(masks[time - v * plan.ramp])
            total = plus(total, ones(both(load_words(levels, at + v * plan.lanes), spiked)))
        at += plan.w_max * plan.lanes
        time += plan.width
    return total


@inline
def reachable(t, bound, start, masks, plan):
    """Return the largest potential that any segment can have at `t`, from that at `t - 1`.

    `start` is where the masks of time 0 stand; the first word's, as in `potential`.
    """
    now, gone = np.int64(0), np.int64(0)
    for _ in range(plan.words):
        now += ones(masks[start + t])
        if plan.ramp and t >= plan.w_max:
            gone += ones(masks[start + t - plan.w_max])
        start += plan.width
    return bound + now - gone if plan.ramp else now * plan.w_max


@inline
def one_winner(levels, at, theta, theta_at, slot, plan, room):
    """Find the winner of a column with 1-WTA; return how many pass, 0 or 1.

    Equal times go to the largest potential (or not), then to the lowest segment: what winners of
    dendrites, neurons and the column in turn come down to.
    """
    start, bound = slot * plan.words * plan.width + plan.width - plan.steps, np.int64(0)
    for t in range(plan.steps):
        bound = reachable(t, bound, start, room.masks, plan)
        if bound < plan.theta_min:
            continue
        best, lane = np.int64(-1), np.int64(-1)
        for q in range(plan.groups):
            if room.open[slot * plan.groups + q] == 0:
                continue
            v = potential(levels, at + 16 * q, room.masks, start + t, plan)
            spikes = reaches(v, load_words(theta, theta_at + 16 * q))
            fired = bits_of(spikes)
            if fired == 0:
                continue
            if not plan.by_potential:
                lane = 16 * q + lowest_bit(fired)
                break
            strongest = highest(choose(spikes, v, splat_words(-1)))
            if strongest > best:
                here = bits_of(equal(v, splat_words(strongest))) & fired
                best, lane = strongest, 16 * q + lowest_bit(here)
        if lane >= 0:
            room.lane[slot * plan.neurons], room.time[slot * plan.neurons] = lane, t
            return 1
    return 0


@inner
def pass_some(number, fresh, left, t, slot, plan, room):
    """Let the `left` strongest of the neurons that spike at `t` pass; return how many pass now."""
    for _ in range(min(left, fresh)):
        pick = -1
        for j in range(fresh):
            n = room.fresh[j]
            if n >= 0 and (
                pick < 0
                or (
                    plan.by_potential and room.v[room.best[n]] > room.v[room.best[room.fresh[pick]]]
                )
            ):
                pick = j
        at = slot * plan.neurons + number
        room.lane[at], room.time[at] = room.best[room.fresh[pick]], t
        room.fresh[pick] = -1
        number += 1
    return number


@inner
def spiking(time, levels, at, theta, theta_at, neuron_of, plan, room):
    """Find the neurons that spike now first, and each one's winning lane; return their number."""
    fresh = 0
    for q in range(plan.groups):
        if room.undecided[q] == 0:
            continue
        v = potential(levels, at + 16 * q, room.masks, time, plan)
        fired = bits_of(reaches(v, load_words(theta, theta_at + 16 * q))) & room.undecided[q]
        if fired == 0:
            continue
        store_words(room.v, 16 * q, v)
        while fired:
            lane = 16 * q + lowest_bit(fired)
            fired &= fired - 1
            n = neuron_of[lane]
            if fresh == 0 or room.fresh[fresh - 1] != n:
                room.fresh[fresh], room.best[n] = n, lane
                fresh += 1
            elif plan.by_potential and room.v[lane] > room.v[room.best[n]]:
                room.best[n] = lane
    return fresh


@inner
def several_winners(levels, at, theta, theta_at, neuron_of, slot, plan, room):
    """Find who passes k-WTA, t-WTA or no inhibition; return how many."""
    start, bound = slot * plan.words * plan.width + plan.width - plan.steps, np.int64(0)
    number = 0
    most = plan.k if plan.wta == K_WTA else plan.neurons
    per = plan.segments // plan.neurons
    for q in range(plan.groups):
        room.undecided[q] = room.open[slot * plan.groups + q]
    for t in range(plan.steps):
        bound = reachable(t, bound, start, room.masks, plan)
        if bound < plan.theta_min:
            continue
        fresh = spiking(start + t, levels, at, theta, theta_at, neuron_of, plan, room)
        for j in range(fresh):
            for g in range(room.fresh[j] * per, (room.fresh[j] + 1) * per):
                room.undecided[g // 12] &= ~(np.int64(1) << (g % 12))
        number = pass_some(number, fresh, most - number, t, slot, plan, room)
        if number >= most or (plan.wta == T_WTA and number):
            break
    return number


@inline
def evaluate(levels, at, theta, theta_at, neuron_of, slot, plan, room):
    """Find who passes in one column; return how many. Their lanes and times stand in `room`."""
    if plan.wta == ONE_WTA:
        return one_winner(levels, at, theta, theta_at, slot, plan, room)
    return several_winners(levels, at, theta, theta_at, neuron_of, slot, plan, room)
