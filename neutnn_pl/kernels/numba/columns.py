"""Evaluation of one column in plain loops: every mode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnn_pl.kernels.numba.jit import inner
from neutnn_pl.kernels.numba.philox import word
from neutnn_pl.kernels.numba.settings import (
    ENABLE,
    INDEX,
    K_WTA,
    NONE,
    RANDOM,
    T_WTA,
    WEIGHTED,
)

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]


class Inputs(NamedTuple):
    """What samples bring.

    Attributes:
        x: uint8 `[B, C, P]`, distal spike times.
        gate: uint8 `[B, C, N D]`, levels; empty where all are enabled.
        xp: uint8 `[B, C, N D, R]`, proximal spike times; empty without them.
        labels: int64 `[B]`; empty without them.
    """

    x: Bytes
    gate: Bytes
    xp: Bytes
    labels: npt.NDArray[np.int64]


class State(NamedTuple):
    """What a layer is, and what learning changes in place; shapes as in `LayerState`.

    Attributes:
        w: uint8 `[C, G, P]`.
        mask: uint8 of the same shape.
        theta: int32 `[C, N]`.
        wp: uint8 `[C, G, R]`.
        mask_p: uint8 of the same shape.
        fraction: int32 like `w`.
        fraction_p: int32 like `wp`.
        fatigue: int32 `[C, N]`.
        lfsr: int64 `[C]`.
    """

    w: Bytes
    mask: Bytes
    theta: Ints
    wp: Bytes
    mask_p: Bytes
    fraction: Ints
    fraction_p: Ints
    fatigue: Ints
    lfsr: npt.NDArray[np.int64]


class Scratch(NamedTuple):
    """Room for one column.

    Attributes:
        slope: int32 `[256]`, how the potential's slope changes over time.
        time: int64 `[G]`, spike times of segments.
        strength: int64 `[G]`, potential of segments at them.
        unit: int64 `[3, units]`, of dendrites, then neurons: time, potential, winning unit below.
        passed: uint8 `[N]`, who passes.
    """

    slope: Ints
    time: npt.NDArray[np.int64]
    strength: npt.NDArray[np.int64]
    dendrite: npt.NDArray[np.int64]
    neuron: npt.NDArray[np.int64]
    passed: Bytes


@inner
def scratch(segments, dendrites, neurons):
    """Return fresh room for a column of so many units."""
    return Scratch(
        np.zeros(256, np.int32),
        np.zeros(segments, np.int64),
        np.zeros(segments, np.int64),
        np.zeros((3, dendrites), np.int64),
        np.zeros((3, neurons), np.int64),
        np.zeros(neurons, np.uint8),
    )


@inner
def add_ramps(slope, x, w, steps, ramp):
    """Add what synapses contribute: changes of the slope (RNL), or the steps themselves (SNL)."""
    for i in range(len(w)):
        start, height = np.int64(x[i]), np.int64(w[i])
        if height > 0 and start < steps:
            if ramp:
                slope[start] += 1
                if start + height < steps:
                    slope[start + height] -= 1
            else:
                slope[start] += height


@inner
def crossing(slope, theta, steps, ramp):
    """Return the time at which the potential first reaches `theta`, and the potential then."""
    v, rate = 0, 0
    for t in range(steps):
        if ramp:
            rate += slope[t]
            v += rate
        else:
            v += slope[t]
        if v >= theta:
            return t, v
    return 255, 0


@inner
def segments(b, c, inputs, state, s, room):
    """Find when every segment spikes, before any winner-take-all."""
    dendrites = room.dendrite.shape[1]
    per = len(room.time) // dendrites
    per_neuron = dendrites // len(room.passed)
    for dendrite in range(dendrites):
        n = dendrite // per_neuron
        theta = np.int64(state.theta[c, n])
        if s.homeostasis:
            theta += np.int64(state.fatigue[c, n]) >> s.shift
        shut = s.proximal == ENABLE and inputs.gate.size > 0 and inputs.gate[b, c, dendrite] == 0
        for g in range(dendrite * per, (dendrite + 1) * per):
            if shut and theta > 0:
                room.time[g], room.strength[g] = 255, 0
                continue
            room.slope[: s.steps] = 0
            if not shut:
                add_ramps(room.slope, inputs.x[b, c], state.w[c, g], s.steps, s.ramp)
            if s.proximal == WEIGHTED and inputs.xp.size > 0:
                add_ramps(room.slope, inputs.xp[b, c, dendrite], state.wp[c, g], s.steps, s.ramp)
            room.time[g], room.strength[g] = crossing(room.slope, theta, s.steps, s.ramp)


@inner
def rank(unit, potential, stream, gamma, c, s):
    """Return what decides a tie: 0, the potential, or a draw; `gamma` -1 is evaluation."""
    if s.tie == INDEX:
        return 0
    if s.tie == RANDOM and gamma >= 0:
        return word(gamma, stream, s.layer, c + s.first_column, unit, s.key0, s.key1)
    return potential


@inner
def first(lo, hi, time, potential, stream, gamma, c, s):
    """Return the winner of 1-WTA among the units `lo .. hi - 1`; -1 if none spikes."""
    best, ranked = -1, np.int64(-1)
    for unit in range(lo, hi):
        if time[unit] == 255 or (best >= 0 and time[unit] > time[best]):
            continue
        if best < 0 or time[unit] < time[best]:
            best, ranked = unit, np.int64(-1)
            continue
        if ranked < 0:
            ranked = rank(best, potential[best], stream, gamma, c, s)
        mine = rank(unit, potential[unit], stream, gamma, c, s)
        if mine > ranked:
            best, ranked = unit, mine
    return best


@inner
def climb(time, potential, above, stream, gamma, c, s):
    """Give every unit above the time and potential of the winner among its units below."""
    units = above.shape[1]
    per = len(time) // units
    for unit in range(units):
        best = first(unit * per, (unit + 1) * per, time, potential, stream, gamma, c, s)
        above[0, unit] = 255 if best < 0 else time[best]
        above[1, unit] = 0 if best < 0 else potential[best]
        above[2, unit] = best


@inner
def inhibit(room, gamma, c, s):
    """Decide which neurons of the column pass."""
    time, potential, passed = room.neuron[0], room.neuron[1], room.passed
    passed[:] = 0
    if s.wta == NONE or s.wta == T_WTA:
        earliest = time.min()
        for n in range(len(passed)):
            passed[n] = time[n] != 255 and (s.wta == NONE or time[n] == earliest)
        return
    k = s.k if s.wta == K_WTA else 1
    if k == 1:
        best = first(0, len(passed), time, potential, 6, gamma, c, s)
        if best >= 0:
            passed[best] = 1
        return
    for n in range(len(passed)):
        if time[n] == 255:
            continue
        before, mine = 0, np.int64(-1)
        for other in range(len(passed)):
            if time[other] < time[n]:
                before += 1
            elif time[other] == time[n] and other != n:
                if mine < 0:
                    mine = rank(n, potential[n], 6, gamma, c, s)
                theirs = rank(other, potential[other], 6, gamma, c, s)
                before += theirs > mine or (theirs == mine and other < n)
        passed[n] = before < k


@inner
def evaluate(b, c, inputs, state, s, room, gamma):
    """Evaluate one column for one sample; `room.time` then holds what STDP sees.

    Args:
        gamma: gamma cycle for random ties; -1 in evaluation, where potentials decide them.
    """
    segments(b, c, inputs, state, s, room)
    climb(room.time, room.strength, room.dendrite, 4, gamma, c, s)
    climb(room.dendrite[0], room.dendrite[1], room.neuron, 5, gamma, c, s)
    inhibit(room, gamma, c, s)


@inner
def what_stdp_sees(room, s, seen):
    """Write the segments' spike times after all WTA, or after their dendrite's only."""
    seen[:] = 255
    if not s.after_column:
        for dendrite in range(room.dendrite.shape[1]):
            if room.dendrite[2, dendrite] >= 0:
                seen[room.dendrite[2, dendrite]] = room.dendrite[0, dendrite]
        return
    for n in range(len(room.passed)):
        if room.passed[n]:
            seen[room.dendrite[2, room.neuron[2, n]]] = room.neuron[0, n]
