"""Philox-4x32-10, one block at a time."""

from __future__ import annotations

import numpy as np

from neutnn_pl.kernels.numba.jit import inner

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@inner
def philox(c0, c1, c2, c3, key0, key1):
    """Return the four words of a block, int64 each; all arguments `0 .. 2**32 - 1`."""
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k0, k1 = np.uint64(key0), np.uint64(key1)
    for _ in range(10):
        p0, p1 = a * _M0, c * _M1
        a, b, c, d = (p1 >> _HALF) ^ b ^ k0, p1 & _LOW, (p0 >> _HALF) ^ d ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return np.int64(a), np.int64(b), np.int64(c), np.int64(d)


@inner
def block(gamma, stream, layer, column, number, key0, key1):
    """Return the four words of a block of a stream, as `functional.draw_blocks` does."""
    c1 = ((gamma >> 32) << 12) | (stream << 8) | layer
    return philox(gamma & 0xFFFFFFFF, c1, column, number, key0, key1)


@inner
def word(gamma, stream, layer, column, unit, key0, key1):
    """Return the word of a unit in a random tie: block `unit // 4`, word `unit % 4`."""
    a, b, c, d = block(gamma, stream, layer, column, unit // 4, key0, key1)
    place = unit % 4
    return a if place == 0 else b if place == 1 else c if place == 2 else d
