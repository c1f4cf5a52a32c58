"""What a voter adds to a network's circuit: adders, a long path, and how much of it toggles."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hls.forecast.heap import reduced
from hls.ir.network import NO_SPIKE, FrozenNetwork
from hls.rtl.ports import bits

Votes = npt.NDArray[np.int64]
GLITCHES = 2.0
"""Toggles of a voter's adder for one of a segment's: its sums are long, with no register within.

Of the voters in docs/hardware.md, measured on nangate45."""


def raised(network: FrozenNetwork) -> Votes:
    """Return the votes as the circuit has them, int64 `[C N, K]`: the smallest of a neuron is 0.

    Those of neurons that can never reach theta are 0: synthesis removes them.
    """
    assert network.votes is not None
    votes = network.votes.astype(np.int64).reshape(-1, network.votes.shape[2])
    layer = network.layers[-1]
    most = layer.weights.sum(axis=-1, dtype=np.int64)
    if layer.proximal_weights is not None:
        most = most + layer.proximal_weights.sum(axis=-1, dtype=np.int64)
    able = most.max(axis=(2, 3)) >= layer.theta
    return np.asarray((votes - votes.min(axis=1, keepdims=True)) * able.reshape(-1, 1))


def voter_parts(votes: Votes) -> dict[str, float]:
    """Return the counts of a voter's parts by the names of features.

    A class is a sum of its votes, as a segment is of its taps; then the largest is found.

    Args:
        votes: int64 `[C N, K]`, of `raised`.
    """
    width, classes = bits(int(votes.sum(axis=0).max())), votes.shape[1]
    full = half = 0
    for k in range(classes):
        heap = {p: int((votes[:, k] >> p & 1).sum()) for p in range(int(votes.max()).bit_length())}
        more = reduced(heap, width)
        full, half = full + more[0], half + more[1]
    return {
        "full_adders_snl": float(full),
        "half_adders": float(half),
        "key_bits": float(width * (classes - 1)),
    }


def voter_depth(votes: Votes) -> dict[str, float]:
    """Return what the path from the neurons that pass to the answer grows with.

    Args:
        votes: int64 `[C N, K]`, of `raised`.
    """
    largest, classes = int(votes.sum(axis=0).max()), votes.shape[1]
    width = bits(largest)
    return {
        "log_taps": math.log2(1 + largest),
        "width": float(width),
        "key_levels": math.log2(max(1, classes)) * math.log2(1 + width),
    }


def voter_busy(votes: Votes, times: npt.NDArray[np.integer]) -> tuple[float, float]:
    """Return edges and adders at work in an inference, means over the samples.

    The sums change in the steps in which neurons pass, and fall back before the next sample.

    Args:
        votes: int64 `[C N, K]`, of `raised`.
        times: spike times of the last layer's neurons, those silenced at 255, `[B, C N]`.
    """
    parts, total = voter_parts(votes), max(1, int(votes.sum()))
    adders, given = parts["full_adders_snl"] + parts["half_adders"], votes.sum(axis=1) / total
    share, used = np.zeros((len(times), 2 + int(NO_SPIKE))), (votes > 0).sum(axis=1)
    for sample, came in zip(times, share, strict=True):
        np.add.at(came, sample, given)
    share[:, NO_SPIKE] = 0
    share[:, -1] = share.sum(axis=1)  # all of it falls back
    busy = float((4 * share * (1 - share)).sum(axis=1).mean())
    edges = 2 * float(((times != NO_SPIKE) @ used).mean())
    return edges, GLITCHES * adders * busy
