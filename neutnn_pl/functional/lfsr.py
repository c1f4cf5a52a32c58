"""The random source that hardware has: a linear-feedback shift register per column."""

from __future__ import annotations

import torch
from torch import Tensor

# Exponents of primitive polynomials over GF(2) (Xilinx XAPP 052, table 3).
PRIMITIVE = {24: (24, 23, 22, 17), 25: (25, 22), 28: (28, 25), 31: (31, 28), 32: (32, 22, 2, 1)}
SHARES = ("column", "neuron", "synapse")


def taps_of(width: int) -> int:
    """Return the taps of a primitive polynomial of degree `width` as a bit mask.

    A register that shifts right and takes the parity of `state & taps` at the top runs through the
    recurrence of the polynomial: exponent `e` is bit `width - e`.

    >>> bin(taps_of(25))
    '0b1001'
    """
    return sum(1 << (width - exponent) for exponent in PRIMITIVE[width])


def lfsr_step(state: int, taps: int, width: int) -> tuple[int, int]:
    """Return the bit that leaves a Fibonacci LFSR and its next state.

    It shifts right; the parity of `state & taps` enters at the top.

    >>> lfsr_step(0b1001, 0b11, 4)
    (1, 12)
    """
    entering = (state & taps).bit_count() & 1
    return state & 1, (state >> 1) | (entering << (width - 1))


def lfsr_draws(state: int, taps: int, width: int, draws: int) -> tuple[list[int], int]:
    """Step `10 draws` bits; return 10-bit draws, first bit lowest, and the next state.

    >>> lfsr_draws(1, taps_of(24), 24, 2)[0]
    [1, 0]
    """
    values = []
    for _ in range(draws):
        value = 0
        for place in range(10):
            bit, state = lfsr_step(state, taps, width)
            value |= bit << place
        values.append(value)
    return values, state


def draw_table(segments: int, per_neuron: int, inputs: int, share: str, share_f: str) -> Tensor:
    """Return which draw of a gamma cycle each synapse uses for what.

    Units that share draws are numbered in order (column: one; neuron: by neuron; synapse: segment
    by segment, input by input). Unit `u` of `share` has draw `3 u` for the case, `3 u + 1` for the
    minimum, `3 u + 2` for search; after them comes one draw for F for each unit of `share_f`.

    Args:
        segments: segments of a column, `G`.
        per_neuron: segments of a neuron, `D S`.
        inputs: inputs of a segment, distal ones first, then proximal ones.
        share: who shares the draws for case, minimum and search.
        share_f: who shares the draw for F.

    Returns:
        int64 `[4, G, inputs]`: draw numbers for case, minimum, F, search.
    """
    g = torch.arange(segments)[:, None].expand(segments, inputs)
    i = torch.arange(inputs).expand(segments, inputs)
    units = {"column": g * 0, "neuron": g // per_neuron, "synapse": g * inputs + i}
    base = units[share] * 3
    first_f = int(base.max()) + 3
    return torch.stack((base, base + 1, first_f + units[share_f], base + 2))
