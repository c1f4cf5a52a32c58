"""The general path: every rule and mode, in plain loops, with draws only where a case needs one."""

from __future__ import annotations

import numpy as np

from neutnn_pl.kernels.numba.columns import evaluate, scratch, what_stdp_sees
from neutnn_pl.kernels.numba.jit import inner, jit
from neutnn_pl.kernels.numba.philox import block
from neutnn_pl.kernels.numba.settings import ENABLE, NO_REWARD, WEIGHTED

CASE, MINIMUM, FRACTION, SEARCH = range(4)


@inner
def moved(w, x, y, case, minimum, fraction, u, f, w_max, reward):
    """Return a weight after a spike of its segment at `y`: capture, minus or backoff."""
    floor = minimum < u[4]
    if x <= y and x != 255:
        if reward == -1:
            return w - (case < u[0] and w > 0 and (floor or fraction < f[1, w]))
        return w + (case < u[0] and w < w_max and (floor or fraction < f[0, w]))
    if reward == -1:
        return w
    limit = u[3] if x == 255 else u[1]
    return w - (case < limit and w > 0 and (floor or fraction < f[1, w]))


@inner
def spiked(w, mask, x, y, blocks, where, side, w_max, reward):
    """Learn the synapses of one segment that spiked, from one word of Philox each."""
    gamma, stream, layer, c, g, key0, key1 = where
    for j in range(blocks):
        words = block(gamma, stream, layer, c, g * blocks + j, key0, key1)
        for place in range(4):
            i = place * blocks + j
            if i < len(w) and mask[i]:
                draw = words[place]
                case, minimum, fraction = draw & 1023, (draw >> 10) & 1023, (draw >> 20) & 1023
                w[i] = moved(
                    np.int64(w[i]), np.int64(x[i]), y, case, minimum, fraction,
                    side.u, side.stabiliser, w_max, reward,
                )  # fmt: skip


@inner
def search(w, mask, seen, learns, x, per, where, side):
    """Search with Philox: one block for an input and twelve segments; `x` `[dendrites, P]`."""
    gamma, stream, layer, c, key0, key1 = where
    groups, u, cap = (len(seen) + 11) // 12, side.u[2], side.u[5]
    for q in range(groups):
        lo, hi = 12 * q, min(12 * q + 12, len(seen))
        wanted = False
        for g in range(lo, hi):
            wanted |= seen[g] == 255 and learns[g // per] != 0
        if not wanted:
            continue
        for i in range(w.shape[1]):
            words = (np.int64(0), np.int64(0), np.int64(0), np.int64(0))
            drawn = False
            for g in range(lo, hi):
                if seen[g] != 255 or not learns[g // per] or not mask[g, i] or w[g, i] >= cap:
                    continue
                if x[(g // per) % len(x), i] == 255:
                    continue
                if not drawn:
                    words = block(gamma, stream, layer, c, i * groups + q, key0, key1)
                    drawn = True
                r = g - lo
                w[g, i] += ((words[r % 4] >> (10 * (r // 4))) & 1023) < u


@inner
def from_philox(w, mask, seen, learns, x, per, where, side, w_max, reward):
    """Stochastic STDP of one side of a column."""
    gamma, stream, layer, c, key0, key1 = where
    blocks = (w.shape[1] + 3) // 4
    if reward != 0:
        for g in range(len(seen)):
            if seen[g] != 255 and learns[g // per]:
                at = (gamma, stream, layer, c, g, key0, key1)
                inputs = x[(g // per) % len(x)]
                spiked(w[g], mask[g], inputs, seen[g], blocks, at, side, w_max, reward)
    if side.u[2] > 0 and reward != 1:
        at = (gamma, stream + 1, layer, c, key0, key1)
        search(w, mask, seen, learns, x, per, at, side)


@inner
def from_register(w, mask, seen, learns, x, per, drawn, table, first, side, w_max, reward):
    """Stochastic STDP of one side of a column, from the draws of an LFSR."""
    for g in range(len(seen)):
        if not learns[g // per]:
            continue
        inputs = x[(g // per) % len(x)]
        for i in range(w.shape[1]):
            if not mask[g, i]:
                continue
            now, j = np.int64(w[g, i]), first + i
            if seen[g] != 255:
                if reward != 0:
                    w[g, i] = moved(
                        now, np.int64(inputs[i]), seen[g], drawn[table[CASE, g, j]],
                        drawn[table[MINIMUM, g, j]], drawn[table[FRACTION, g, j]],
                        side.u, side.stabiliser, w_max, reward,
                    )  # fmt: skip
            elif inputs[i] != 255 and reward != 1 and now < side.u[5]:
                w[g, i] = now + (drawn[table[SEARCH, g, j]] < side.u[2])


@inner
def fixed_point(w, fraction, mask, seen, learns, x, per, bits, side, w_max):
    """Deterministic STDP of one side of a column."""
    for g in range(len(seen)):
        if not learns[g // per]:
            continue
        inputs, y = x[(g // per) % len(x)], seen[g]
        for i in range(w.shape[1]):
            if not mask[g, i] or (y == 255 and inputs[i] == 255):
                continue
            now, t = np.int64(w[g, i]), np.int64(inputs[i])
            case = 3 if t == 255 else 2 if y == 255 else 0 if t <= y else 1
            whole = (now << bits) + np.int64(fraction[g, i]) + side.amounts[case, now]
            whole = min(max(whole, 0), w_max << bits)
            w[g, i], fraction[g, i] = whole >> bits, whole & ((1 << bits) - 1)


@inner
def step_register(register, taps, width, drawn):
    """Fill `drawn` with 10-bit draws, first bit lowest; return the register's next state."""
    for j in range(len(drawn)):
        value = 0
        for place in range(10):
            value |= (register & 1) << place
            parity = register & taps
            for shift in (32, 16, 8, 4, 2, 1):
                parity ^= parity >> shift
            register = (register >> 1) | ((parity & 1) << (width - 1))
        drawn[j] = value
    return register


@inner
def rewarded(y, label):
    """Return +1 for a right answer, -1 for a wrong one, 0 for none; from uint8 `[C, N]`."""
    best, most = -1, 0
    for n in range(y.shape[1]):
        count = 0
        for c in range(y.shape[0]):
            count += y[c, n] != 255
        if count > most:
            best, most = n, count
    return 0 if best < 0 else 1 if best == label else -1


@inner
def learn_column(b, c, inputs, state, s, sides, table, seen, drawn, gamma, reward):
    """Learn one sample in one column, whose segments STDP has seen spike at `seen`."""
    gated = s.proximal == ENABLE and inputs.gate.size > 0
    dendrites = inputs.gate.shape[2] if gated else inputs.xp.shape[2]
    learns = np.ones(dendrites, np.uint8)
    if gated and not s.scope_all:
        learns[:] = inputs.gate[b, c]
    if s.lfsr:
        state.lfsr[c] = step_register(state.lfsr[c], s.taps, s.width, drawn)
    per, p = len(seen) // dendrites, state.w.shape[2]
    weighted = s.proximal == WEIGHTED and inputs.xp.size > 0
    for side in range(2 if weighted else 1):
        w = state.wp[c] if side else state.w[c]
        mask = state.mask_p[c] if side else state.mask[c]
        x = inputs.xp[b, c] if side else inputs.x[b, c : c + 1]
        w_max = s.w_max_proximal if side else s.w_max
        if not s.stochastic:
            fraction = state.fraction_p[c] if side else state.fraction[c]
            bits = s.fraction_bits
            fixed_point(w, fraction, mask, seen, learns, x, per, bits, sides[side], w_max)
        elif s.lfsr:
            first = p if side else 0
            from_register(
                w, mask, seen, learns, x, per, drawn, table, first, sides[side], w_max, reward
            )
        else:
            where = (gamma, 2 * side, s.layer, np.int64(c + s.first_column), s.key0, s.key1)
            from_philox(w, mask, seen, learns, x, per, where, sides[side], w_max, reward)


@inner
def tire(state, c, y, s):
    """Count the fatigue of a column's neurons."""
    for n in range(len(y)):
        rest = max(np.int64(state.fatigue[c, n]) - s.fall, 0)
        state.fatigue[c, n] = rest + (s.rise if y[n] != 255 else 0)


@jit
def learn_columns(lo, hi, inputs, state, s, sides, table, gamma, dendrites, y):
    """Learn samples in order in the columns `lo .. hi - 1`, in place; write spike times to `y`."""
    segments = state.w.shape[1]
    room = scratch(segments, dendrites, state.theta.shape[1])
    seen = np.zeros((hi - lo, segments), np.int64)
    drawn = np.zeros(s.draws, np.int64)
    for b in range(len(inputs.x)):
        for c in range(lo, hi):
            evaluate(b, c, inputs, state, s, room, gamma + b)
            what_stdp_sees(room, s, seen[c - lo])
            for n in range(y.shape[2]):
                y[b, c, n] = room.neuron[0, n] if room.passed[n] else 255
        reward = NO_REWARD
        if s.reward and len(inputs.labels) > 0:
            reward = rewarded(y[b], inputs.labels[b])
        for c in range(lo, hi):
            part = seen[c - lo]
            learn_column(b, c, inputs, state, s, sides, table, part, drawn, gamma + b, reward)
            if s.homeostasis:
                tire(state, c, y[b, c], s)


@jit
def infer_columns(first, last, lo, hi, inputs, state, s, dendrites, y):
    """Write the spike times of samples `first .. last - 1` in columns `lo .. hi - 1` to `y`."""
    room = scratch(state.w.shape[1], dendrites, state.theta.shape[1])
    for b in range(first, last):
        for c in range(lo, hi):
            evaluate(b, c, inputs, state, s, room, -1)
            for n in range(y.shape[2]):
                y[b, c, n] = room.neuron[0, n] if room.passed[n] else 255
