"""The stabilising function of stochastic STDP, in integers."""

from __future__ import annotations

ONE = 1024
"""A probability of one."""


def stabiliser(w_max: int, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return `F_up` and `F_down` of every weight, out of 1024, rounded half up.

    >>> stabiliser(7, "paper")[0]
    (0, 272, 502, 690, 836, 940, 1003, 1024)
    """
    square = w_max * w_max
    up = [w * (2 * w_max - w) for w in range(w_max + 1)]
    down = {
        "paper": [square - w * w for w in range(w_max + 1)],
        "symmetric": [w * (w_max - w) for w in range(w_max + 1)],
        "up": up,
        "off": [square] * (w_max + 1),
    }[name]
    up = up if name in ("paper", "up") else down

    def rounded(numerators: list[int]) -> tuple[int, ...]:
        return tuple((2 * ONE * n + square) // (2 * square) for n in numerators)

    return rounded(up), rounded(down)
