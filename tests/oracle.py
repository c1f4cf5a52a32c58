"""A naive oracle in plain Python integers: loops that follow the definition, nothing shared."""

from __future__ import annotations

M64 = (1 << 64) - 1


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


def response(x, w, t, kind):
    if x == 255:
        return 0
    if kind == "snl":
        return w if t >= x else 0
    return max(0, min(t - x + 1, w))


def segment(xs, ws, theta, steps, kind):
    """(spike time or 255, potential at it or 0)."""
    for t in range(steps):
        v = sum(response(x, w, t, kind) for x, w in zip(xs, ws, strict=True))
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


def column(xs, w, thetas, steps, kind, wta="1-wta", k=1, tie="potential", draws=None):
    """One column: w is nested lists [N][D][S][P]. Returns (y [N], segment times [N][D][S])."""
    n_units, seg_times = [], []
    for n, neuron in enumerate(w):
        d_units, times_d = [], []
        for d, dendrite in enumerate(neuron):
            units = [segment(xs, ws, thetas[n], steps, kind) for ws in dendrite]
            won = passing(units, "1-wta", 1, tie, draws and draws[0][n][d])
            times_d.append([u[0] if i in won else 255 for i, u in enumerate(units)])
            d_units.append(units[won[0]] if won else (255, 0))
        won = passing(d_units, "1-wta", 1, tie, draws and draws[1][n])
        times_d = [t if d in won else [255] * len(t) for d, t in enumerate(times_d)]
        seg_times.append(times_d)
        n_units.append(d_units[won[0]] if won else (255, 0))
    won = passing(n_units, wta, k, tie, draws and draws[2])
    y = [u[0] if n in won else 255 for n, u in enumerate(n_units)]
    silenced = [t if n in won else [[255] * len(s) for s in t] for n, t in enumerate(seg_times)]
    return y, silenced


def half_up(num, den):
    return (2048 * num + den) // (2 * den)


def stabiliser(w, m, kind):
    up = half_up(w * (2 * m - w), m * m)
    if kind == "paper":
        return up, half_up(m * m - w * w, m * m)
    if kind == "symmetric":
        return half_up(w * (m - w), m * m), half_up(w * (m - w), m * m)
    return (up, up) if kind == "up" else (1024, 1024)


def stdp_synapse(w, x, y, case, floor, stab, search, u, m):
    """One synapse, one gamma cycle: the table of cases."""
    up, down = stabiliser(w, m, u.stabiliser)
    grow = floor < u.minimum or stab < up
    shrink = floor < u.minimum or stab < down
    if x != 255 and y != 255 and x <= y:
        return min(w + (case < u.capture and grow), m)
    if x != 255 and y != 255:
        return max(w - (case < u.minus and shrink), 0)
    if x != 255:
        cap = m if u.search_max is None else u.search_max
        return min(w + (search < u.search and w < cap), m)
    if y != 255:
        return max(w - (case < u.backoff and shrink), 0)
    return w


def learn_sample(xs, w, mask, thetas, steps, kind, gamma, u, m, seed, layer=0, col=0, **wta):
    """One column, one sample: evaluate, then update every synapse. Returns (y, new w)."""
    n_, d_, s_, p_ = len(w), len(w[0]), len(w[0][0]), len(xs)
    pb, gb = -(-p_ // 4), -(-(n_ * d_ * s_) // 12)

    def tie(stream, unit):
        return philox(counter(gamma, stream, layer, col, unit // 4), seed)[unit % 4]

    draws = None
    if wta.get("tie") == "random":
        draws = (
            [
                [[tie(4, (n * d_ + d) * s_ + s) for s in range(s_)] for d in range(d_)]
                for n in range(n_)
            ],
            [[tie(5, n * d_ + d) for d in range(d_)] for n in range(n_)],
            [tie(6, n) for n in range(n_)],
        )
    y, seg = column(xs, w, thetas, steps, kind, draws=draws, **wta)
    new = [[[list(ws) for ws in dendrite] for dendrite in neuron] for neuron in w]
    for n in range(n_):
        for d in range(d_):
            for s in range(s_):
                g = (n * d_ + d) * s_ + s
                for i in range(p_):
                    if not mask[n][d][s][i]:
                        continue
                    word = philox(counter(gamma, 0, layer, col, g * pb + i % pb), seed)[i // pb]
                    r = g % 12
                    sword = philox(counter(gamma, 1, layer, col, i * gb + g // 12), seed)[r % 4]
                    new[n][d][s][i] = stdp_synapse(
                        w[n][d][s][i],
                        xs[i],
                        seg[n][d][s],
                        word & 1023,
                        word >> 10 & 1023,
                        word >> 20 & 1023,
                        sword >> (10 * (r // 4)) & 1023,
                        u,
                        m,
                    )
    return y, new
