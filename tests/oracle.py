"""A naive oracle in plain Python integers: loops that follow the definition, nothing shared.

It reads the settings of a layer (`spec`, `rule`) by name, and computes everything itself. Tensors
are nested lists; a state is a dict of them with the names of `LayerState`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import floor

M64 = (1 << 64) - 1

# Draws ---------------------------------------------------------------------------------------


@lru_cache(1 << 14)
def philox(counter: tuple[int, int, int, int], seed: int) -> list[int]:
    """Philox-4x32-10 with Python's unbounded integers."""
    c, k = list(counter), [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (p1 >> 32) ^ c[1] ^ k[0],
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c[3] ^ k[1],
            p0 & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def counter(gamma, stream, layer, column, block):
    return (gamma & 0xFFFFFFFF, (gamma >> 32) << 12 | stream << 8 | layer, column, block)


def synapse_word(gamma, stream, layer, column, g, i, inputs, seed):
    pb = -(-inputs // 4)
    return philox(counter(gamma, stream, layer, column, g * pb + i % pb), seed)[i // pb]


def search_draw(gamma, stream, layer, column, g, i, segments, seed):
    gb, r = -(-segments // 12), g % 12
    block = philox(counter(gamma, stream, layer, column, i * gb + g // 12), seed)
    return block[r % 4] >> (10 * (r // 4)) & 1023


def tie_word(gamma, stream, layer, column, unit, seed):
    return philox(counter(gamma, stream, layer, column, unit // 4), seed)[unit % 4]


def vote_draw(gamma, index, seed):
    return philox(counter(gamma, 7, 0, 0, index // 3), seed)[0] >> (10 * (index % 3)) & 1023


def lfsr_seed(layer, column, seed):
    return philox(counter(0, 12, layer, column, 0), seed)[0] % 2**24 or 1


# Which bits of a register that shifts right make the bit that enters at the top.
LFSR_TAPS = {24: (0, 1, 2, 7), 25: (0, 3), 28: (0, 3), 31: (0, 3), 32: (0, 10, 30, 31)}


def lfsr_bits(state, width, count):
    """The bits that leave a register one by one, and its state after them."""
    cells = [state >> j & 1 for j in range(width)]
    left = []
    for _ in range(count):
        enters = sum(cells[j] for j in LFSR_TAPS[width]) % 2
        left.append(cells[0])
        cells = [*cells[1:], enters]
    return left, sum(bit << j for j, bit in enumerate(cells))


def lfsr_cycle(state, width, segments, per_neuron, inputs, share, share_f):
    """Draws [g][i] as (case, minimum, F, search) of one gamma cycle, and the next state."""

    def units(who):
        return {"column": 1, "neuron": segments // per_neuron, "synapse": segments * inputs}[who]

    def unit(who, g, i):
        return {"column": 0, "neuron": g // per_neuron, "synapse": g * inputs + i}[who]

    total = 3 * units(share) + units(share_f)
    bits, after = lfsr_bits(state, width, 10 * total)
    value = [sum(bits[10 * j + b] << b for b in range(10)) for j in range(total)]
    draws = []
    for g in range(segments):
        row = []
        for i in range(inputs):
            u, f = 3 * unit(share, g, i), 3 * units(share) + unit(share_f, g, i)
            row.append((value[u], value[u + 1], value[f], value[u + 2]))
        draws.append(row)
    return draws, after


# Inference -----------------------------------------------------------------------------------


def response(x, w, t, kind):
    if x == 255:
        return 0
    if kind == "snl":
        return w if t >= x else 0
    return max(0, min(t - x + 1, w))


def potential(xs, ws, t, kind):
    return sum(response(x, w, t, kind) for x, w in zip(xs, ws, strict=True))


def segment(xs, ws, theta, steps, kind):
    """(spike time or 255, potential at it or 0)."""
    for t in range(steps):
        v = potential(xs, ws, t, kind)
        if v >= theta:
            return t, v
    return 255, 0


def order(units, tie, draws=None):
    """Indices of spiking units, first winner first; units are (time, potential)."""

    def key(i):
        time, at = units[i]
        strength = {"index": 0, "potential": at, "random": draws[i] if draws else at}[tie]
        return (time, -strength, i)

    return sorted((i for i in range(len(units)) if units[i][0] != 255), key=key)


def passing(units, mode, k, tie, draws=None):
    ranked = order(units, tie, draws)
    if mode == "1-wta":
        return ranked[:1]
    if mode == "k-wta":
        return ranked[:k]
    if mode == "t-wta":
        return [i for i in ranked if units[i][0] == units[ranked[0]][0]]
    return ranked


def levels(
    xs, w, thetas, steps, kind, wta="1-wta", k=1, tie="potential", draws=None,
    gate=None, xp=None, wp=None,
):  # fmt: skip
    """One column: w is [N][D][S][P], gate [N][D], xp [N][D][R], wp [N][D][S][R].

    Returns y [N], and segments after all WTA, the same after their dendrite's only, and their
    potentials at the spike times, [N][D][S] each.
    """
    n_units, after_dendrite, after_neuron, at = [], [], [], []
    for n, neuron in enumerate(w):
        d_units, alone, potentials = [], [], []
        for d, dendrite in enumerate(neuron):
            units = []
            for s, ws in enumerate(dendrite):
                open_ = gate is None or gate[n][d]
                inputs, weights = (list(xs), list(ws)) if open_ else ([], [])
                if xp is not None:
                    inputs, weights = inputs + xp[n][d], weights + wp[n][d][s]
                units.append(segment(inputs, weights, thetas[n], steps, kind))
            won = passing(units, "1-wta", 1, tie, draws and draws[0][n][d])
            alone.append([u[0] if i in won else 255 for i, u in enumerate(units)])
            potentials.append([u[1] for u in units])
            d_units.append(units[won[0]] if won else (255, 0))
        won = passing(d_units, "1-wta", 1, tie, draws and draws[1][n])
        after_dendrite.append(alone)
        after_neuron.append([t if d in won else [255] * len(t) for d, t in enumerate(alone)])
        at.append(potentials)
        n_units.append(d_units[won[0]] if won else (255, 0))
    won = passing(n_units, wta, k, tie, draws and draws[2])
    y = [u[0] if n in won else 255 for n, u in enumerate(n_units)]
    silenced = [t if n in won else [[255] * len(s) for s in t] for n, t in enumerate(after_neuron)]
    return y, silenced, after_dendrite, at


def column(xs, w, thetas, steps, kind, wta="1-wta", k=1, tie="potential", draws=None):
    """One column of segments without proximal inputs: (y [N], segment times [N][D][S])."""
    return levels(xs, w, thetas, steps, kind, wta, k, tie, draws)[:2]


def retime(volley, horizon, late):
    spikes = [t for t in volley if t != 255]
    new = []
    for t in volley:
        if t == 255:
            new.append(255)
        elif t - min(spikes) < horizon:
            new.append(t - min(spikes))
        else:
            new.append(255 if late == "drop" else horizon - 1)
    return new


# Learning ------------------------------------------------------------------------------------


def half_up(num, den):
    return (2048 * num + den) // (2 * den)


@lru_cache
def f_of(w, m, kind):
    """F up and F down as exact fractions."""
    r = Fraction(w, m)
    up, down, both = r * (2 - r), (1 - r) * (1 + r), r * (1 - r)
    return {
        "paper": (up, down),
        "symmetric": (both, both),
        "up": (up, up),
        "off": (Fraction(1), Fraction(1)),
    }[kind]


@lru_cache
def stabiliser(w, m, kind):
    up, down = f_of(w, m, kind)
    return half_up(up.numerator, up.denominator), half_up(down.numerator, down.denominator)


def case_of(x, y):
    if x != 255 and y != 255:
        return "capture" if x <= y else "minus"
    if x != 255:
        return "search"
    return "backoff" if y != 255 else "none"


def stdp_synapse(w, x, y, case, minimum, stab, search, u, m, reward=None):
    """One synapse, one gamma cycle: the table of cases; reward None is plain STDP."""
    up, down = stabiliser(w, m, u.stabiliser)
    grow = minimum < u.minimum or stab < up
    shrink = minimum < u.minimum or stab < down
    which = case_of(x, y)
    if which == "capture" and case < u.capture:
        if reward in (None, 1):
            return min(w + grow, m)
        if reward == -1:
            return max(w - shrink, 0)
    if which == "minus" and reward in (None, 1):
        return max(w - (case < u.minus and shrink), 0)
    if which == "backoff" and reward in (None, 1):
        return max(w - (case < u.backoff and shrink), 0)
    if which == "search" and reward != 1:
        cap = m if u.search_max is None else u.search_max
        return min(w + (search < u.search and w < cap), m)
    return w


def deterministic_synapse(whole, x, y, rule, m):
    """One synapse with a fixed-point weight."""
    up, down = f_of(whole >> rule.fraction_bits, m, rule.stabiliser)
    k, f, sign = {
        "capture": (rule.capture, up, 1),
        "minus": (rule.minus, down, -1),
        "search": (rule.search, Fraction(1), 1),
        "backoff": (rule.backoff, down, -1),
        "none": (0, Fraction(0), 0),
    }[case_of(x, y)]
    step = floor(k * f + Fraction(1, 2))
    return min(max(whole + sign * step, 0), m << rule.fraction_bits)


def reward_of(y, label):
    """+1 if the neuron that passes in most columns is the label, -1 if another, 0 if none."""
    found = answer(tally(y))
    return 0 if found == len(y[0]) else 1 if found == label else -1


def infer_sample(x, state, spec, xp=None, gamma=None):
    """All columns, one sample; random ties by the draws of `gamma`, or as potential without.

    Returns what `levels` does, each with columns first. xp is [C][N][D][R].
    """
    found = []
    for c, w in enumerate(state["w"]):
        n_, d_, s_ = len(w), len(w[0]), len(w[0][0])
        draws = None
        if spec.tie == "random" and gamma is not None:
            at = (spec.layer, spec.first_column + c)
            draws = (
                [
                    [
                        [tie_word(gamma, 4, *at, (n * d_ + d) * s_ + s, spec.seed)
                         for s in range(s_)]
                        for d in range(d_)
                    ]
                    for n in range(n_)
                ],
                [[tie_word(gamma, 5, *at, n * d_ + d, spec.seed) for d in range(d_)]
                 for n in range(n_)],
                [tie_word(gamma, 6, *at, n, spec.seed) for n in range(n_)],
            )  # fmt: skip
        theta = list(state["theta"][c])
        if spec.homeostasis is not None:
            shift = spec.homeostasis.shift
            theta = [t + f // 2**shift for t, f in zip(theta, state["fatigue"][c], strict=True)]
        sides = {}
        if xp is not None and spec.proximal == "enable":
            sides["gate"] = [[bool(d[0]) for d in n] for n in xp[c]]
        if xp is not None and spec.proximal == "weighted":
            sides |= {"xp": xp[c], "wp": state["wp"][c]}
        found.append(
            levels(x[c], w, theta, spec.steps, spec.response, spec.wta, spec.k, spec.tie, draws,
                   **sides)
        )  # fmt: skip
    return tuple(list(part) for part in zip(*found, strict=True))


def learn_sample(x, state, spec, gamma, xp=None, label=None):
    """All columns, one sample: evaluate, then update every synapse. Returns (y, new state)."""
    rule = spec.rule
    stochastic = hasattr(rule, "minimum")
    y, after_all, after_dendrite, _ = infer_sample(x, state, spec, xp, gamma)
    seen = after_all if rule.after == "column" else after_dendrite
    reward = None
    if stochastic and rule.reward and label is not None:
        reward = reward_of(y, label)
    new = copy(state)
    for c, w in enumerate(state["w"]):
        n_, d_, s_, p_ = len(w), len(w[0]), len(w[0][0]), len(x[c])
        weighted = spec.proximal == "weighted" and xp is not None
        r_ = len(state["wp"][c][0][0][0])
        lfsr = None
        if stochastic and rule.source == "lfsr":
            lfsr, new["lfsr"][c] = lfsr_cycle(
                state["lfsr"][c], rule.lfsr_width, n_ * d_ * s_, d_ * s_, p_ + r_,
                rule.share, rule.share_f,
            )  # fmt: skip
        for n in range(n_):
            for d in range(d_):
                for s in range(s_):
                    g = (n * d_ + d) * s_ + s
                    time = seen[c][n][d][s]
                    shut = spec.proximal == "enable" and xp is not None and not xp[c][n][d][0]
                    if shut and rule.search_scope == "enabled":
                        continue
                    sides = [("w", "mask", "fraction", x[c], 0, 0, spec.w_max, rule)]
                    if weighted:
                        u = rule.proximal if stochastic and rule.proximal is not None else rule
                        sides.append(
                            ("wp", "mask_p", "fraction_p", xp[c][n][d], 2, p_,
                             spec.w_max_proximal, u)
                        )  # fmt: skip
                    for name, mask, fraction, inputs, stream, offset, m, u in sides:
                        for i, time_in in enumerate(inputs):
                            if not state[mask][c][n][d][s][i]:
                                continue
                            level = state[name][c][n][d][s][i]
                            if stochastic:
                                at = (spec.layer, spec.first_column + c, g, i)
                                draws = lfsr and lfsr[g][offset + i]
                                draws = draws or synapse_draws(
                                    gamma, stream, *at, len(inputs), n_ * d_ * s_, spec.seed
                                )
                                new[name][c][n][d][s][i] = stdp_synapse(
                                    level, time_in, time, *draws, u, m, reward
                                )
                            else:
                                bits = rule.fraction_bits
                                whole = level * 2**bits + state[fraction][c][n][d][s][i]
                                whole = deterministic_synapse(whole, time_in, time, rule, m)
                                new[name][c][n][d][s][i] = whole // 2**bits
                                new[fraction][c][n][d][s][i] = whole % 2**bits
        if spec.homeostasis is not None:
            for n in range(n_):
                rest = max(state["fatigue"][c][n] - spec.homeostasis.fall, 0)
                won = spec.homeostasis.rise if y[c][n] != 255 else 0
                new["fatigue"][c][n] = rest + won
    return y, new


def synapse_draws(gamma, stream, layer, column, g, i, inputs, segments, seed):
    """(case, minimum, F, search) of one synapse; stream 0 for distal, 2 for proximal."""
    word = synapse_word(gamma, stream, layer, column, g, i, inputs, seed)
    search = search_draw(gamma, stream + 1, layer, column, g, i, segments, seed)
    return word & 1023, word >> 10 & 1023, word >> 20 & 1023, search


def copy(nested):
    """A deep copy of nested lists (and of a dict of them)."""
    if isinstance(nested, dict):
        return {key: copy(value) for key, value in nested.items()}
    return [copy(part) for part in nested] if isinstance(nested, list) else nested


# Tally and voters ----------------------------------------------------------------------------


def tally(y):
    """In how many columns each neuron passes; y is [C][N]."""
    return [sum(row[n] != 255 for row in y) for n in range(len(y[0]))]


def answer(counts):
    return counts.index(max(counts)) if any(counts) else len(counts)


def votes(y, v):
    """Tally of each class; y is [C][N], v [C][N][K]."""
    classes = len(v[0][0])
    return [
        sum(v[c][n][k] for c, row in enumerate(y) for n, t in enumerate(row) if t != 255)
        for k in range(classes)
    ]


def elected(counts):
    return counts.index(max(counts))


def margin_vote(v, y, label, margin):
    counts, v = votes(y, v), copy(v)
    others = [k for k in range(len(counts)) if k != label]
    other = min(others, key=lambda k: (-counts[k], k))
    if counts[label] - counts[other] < margin:
        for c, row in enumerate(y):
            for n, t in enumerate(row):
                if t != 255:
                    v[c][n][label] += 1
                    v[c][n][other] -= 1
    return v


def local_vote(v, y, label, gamma, up, down, v_max, seed):
    v = copy(v)
    n_, k_ = len(v[0]), len(v[0][0])
    for c, row in enumerate(y):
        for n, t in enumerate(row):
            for k in range(k_) if t != 255 else ():
                draw = vote_draw(gamma, (c * n_ + n) * k_ + k, seed)
                if k == label:
                    v[c][n][k] = min(v[c][n][k] + (draw < up), v_max)
                else:
                    v[c][n][k] = max(v[c][n][k] - (draw < down), 0)
    return v


def eight_bits(total, count):
    """Flat votes: the mean of snapshots times the largest 2**-shift, shift >= -7, that fits."""
    if not any(total):
        return list(total), 0
    shift = -7
    while True:
        scale = Fraction(1, count) / (Fraction(2) ** shift)
        rounded = [floor(value * scale + Fraction(1, 2)) for value in total]
        if min(rounded) >= -128 and max(rounded) <= 127:
            return rounded, shift
        shift += 1
