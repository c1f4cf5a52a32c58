"""Weights as bit planes: one bit for an input, one plane for a level, segments side by side.

Bit `i % 32` of word `i // 32` of plane `v` says whether the weight of input `i` is above `v`.
Twelve segments, which share their search draws, take the first lanes of a vector of sixteen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnn_pl.kernels.numba.jit import jit
from neutnn_pl.kernels.numba.simd import (
    at_most,
    bits_of,
    choose,
    load_bytes,
    mask_of_bytes,
    plus,
    splat_bytes,
    store_bytes,
)

Words = npt.NDArray[np.uint32]
NEVER = 2**31 - 1
"""A threshold that nothing reaches."""


class Planes(NamedTuple):
    """A layer's weights, masks and thresholds, flat.

    Attributes:
        levels: uint32 `[C, words, w_max, lanes]`.
        mask: uint32 `[C, words, lanes]`, who may learn.
        theta: int32 `[C, lanes]`; `NEVER` where a lane is no segment.
    """

    levels: Words
    mask: Words
    theta: npt.NDArray[np.int32]


def empty(columns: int, segments: int, inputs: int, w_max: int) -> Planes:
    """Return planes to fill."""
    words, lanes = -(-inputs // 32), 16 * -(-segments // 12)
    return Planes(
        np.zeros(columns * words * w_max * lanes, np.uint32),
        np.zeros(columns * words * lanes, np.uint32),
        np.full(columns * lanes, NEVER, np.int32),
    )


@jit
def fill(lo, hi, w, mask, theta, w_max, planes):
    """Fill the planes of columns `lo .. hi - 1` from bytes `[C, G, P]` and thresholds `[C, N]`."""
    segments, p = w.shape[1], w.shape[2]
    words, lanes = (p + 31) // 32, 16 * ((segments + 11) // 12)
    per = segments // theta.shape[1]
    weights, masks = np.zeros(32, np.uint8), np.zeros(32, np.uint8)
    for c in range(lo, hi):
        for g in range(segments):
            lane = 16 * (g // 12) + g % 12
            planes.theta[c * lanes + lane] = theta[c, g // per]
            for word in range(words):
                first, size = 32 * word, min(32, p - 32 * word)
                weights[:size], masks[:size] = (
                    w[c, g, first : first + 32],
                    mask[c, g, first : first + 32],
                )
                weights[size:], masks[size:] = 0, 0
                row, at = load_bytes(weights, 0), c * words + word
                for v in range(w_max):
                    above = ~bits_of(at_most(row, splat_bytes(v)))
                    planes.levels[(at * w_max + v) * lanes + lane] = above
                learns = ~bits_of(at_most(load_bytes(masks, 0), splat_bytes(0)))
                planes.mask[at * lanes + lane] = learns


@jit
def weights(lo, hi, planes, w_max, w):
    """Write the weights of columns `lo .. hi - 1` back to bytes `[C, G, P]`."""
    segments, p = w.shape[1], w.shape[2]
    words, lanes = (p + 31) // 32, 16 * ((segments + 11) // 12)
    row = np.zeros(32, np.uint8)
    for c in range(lo, hi):
        for g in range(segments):
            lane = 16 * (g // 12) + g % 12
            for word in range(words):
                first, total = (c * words + word) * w_max, splat_bytes(0)
                for v in range(w_max):
                    above = mask_of_bytes(planes.levels[(first + v) * lanes + lane])
                    total = plus(total, choose(above, splat_bytes(1), splat_bytes(0)))
                store_bytes(row, 0, total)
                size = min(32, p - 32 * word)
                w[c, g, 32 * word : 32 * word + size] = row[:size]
