"""Weights as bit planes: one bit for an input, one plane for a level, segments side by side.

Bit `i % 32` of word `i // 32` of plane `v` says whether the weight of input `i` is above `v`.
Twelve segments, which share their search draws, take the first lanes of a vector of sixteen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnn_pl.kernels.numba.jit import inner
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


@inner
def fill(lo, hi, shape, w, mask, theta, w_max, planes):
    """Fill the planes of columns `lo .. hi - 1`.

    Args:
        lo: first column.
        hi: the one after the last.
        shape: `C, N, G, P`.
        w: uint8, flat `[C, G, P]`, weights.
        mask: uint8 like `w`.
        theta: int32, flat `[C, N]`.
        w_max: largest weight.
        planes: to be filled, by pointers; column `lo` is their first.
    """
    _, neurons, segments, p = shape
    words, lanes, per = (p + 31) // 32, 16 * ((segments + 11) // 12), segments // neurons
    weights, masks = np.zeros(32, np.uint8), np.zeros(32, np.uint8)
    for c in range(lo, hi):
        for g in range(segments):
            lane, row = 16 * (g // 12) + g % 12, (c * segments + g) * p
            planes.theta[(c - lo) * lanes + lane] = theta[c * neurons + g // per]
            for word in range(words):
                first, size = row + 32 * word, min(32, p - 32 * word)
                if first + 32 <= len(w):
                    some, learn = load_bytes(w, first), load_bytes(mask, first)
                else:
                    weights[:size], masks[:size] = (
                        w[first : first + size],
                        mask[first : first + size],
                    )
                    some, learn = load_bytes(weights, 0), load_bytes(masks, 0)
                valid, at = (np.int64(1) << size) - 1, (c - lo) * words + word
                for v in range(w_max):
                    above = valid & ~bits_of(at_most(some, splat_bytes(v)))
                    planes.levels[(at * w_max + v) * lanes + lane] = above
                learns = valid & ~bits_of(at_most(learn, splat_bytes(0)))
                planes.mask[at * lanes + lane] = learns


@inner
def weights(lo, hi, shape, planes, w_max, w):
    """Write the weights of columns `lo .. hi - 1` back to bytes; arguments as in `fill`."""
    _, _, segments, p = shape
    words, lanes = (p + 31) // 32, 16 * ((segments + 11) // 12)
    rest = np.zeros(32, np.uint8)
    for c in range(lo, hi):
        for g in range(segments):
            lane, row = 16 * (g // 12) + g % 12, (c * segments + g) * p
            for word in range(words):
                first, total = ((c - lo) * words + word) * w_max, splat_bytes(0)
                for v in range(w_max):
                    above = mask_of_bytes(planes.levels[(first + v) * lanes + lane])
                    total = plus(total, choose(above, splat_bytes(1), splat_bytes(0)))
                size = min(32, p - 32 * word)
                if size == 32:
                    store_bytes(w, row + 32 * word, total)
                else:
                    store_bytes(rest, 0, total)
                    w[row + 32 * word : row + 32 * word + size] = rest[:size]
