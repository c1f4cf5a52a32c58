"""The voters, fused over samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from neutnn_pl.kernels.numba.convert import array
from neutnn_pl.kernels.numba.jit import announce, inner, jit
from neutnn_pl.kernels.numba.philox import block

VOTE = 7


class Rule(NamedTuple):
    """How votes are learnt; names as in `nn.Voter`."""

    by_margin: bool
    margin: int
    up: int
    down: int
    v_max: int


def learn(
    votes: Tensor, y: Tensor, labels: Tensor, rule: Rule, gamma: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Learn samples one after the other.

    Args:
        votes: int32 `[C, N, K]`; left as they are.
        y: uint8 `[B, C, N]`, output spike times in time steps or 255.
        labels: int64 `[B]`, `0 .. K - 1`.
        rule: how.
        gamma: samples learnt before.
        seed: key of the draws.

    Returns:
        The class that each sample got before its own update, int64 `[B]`, and the new votes.
    """
    announce()
    c, n, k = votes.shape
    v = array(votes, torch.int32, c * n, k, copy=True)
    times = array(y, torch.uint8, len(y), c * n)
    found = np.empty(len(y), np.int64)
    key0, key1 = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    wanted = array(labels, torch.int64, len(y))
    learn_votes(v, times, wanted, rule, gamma, key0, key1, found)
    return torch.from_numpy(found), torch.from_numpy(v).reshape(c, n, k)


@inner
def largest(counts, without):
    """Return the class with the largest tally but for one, the lowest on ties."""
    best = -1
    for k in range(len(counts)):
        if k != without and (best < 0 or counts[k] > counts[best]):
            best = k
    return best


@inner
def learn_local(v, passing, label, rule, gamma, key0, key1):
    """Move the votes of the passing neurons by the draws of stream 7."""
    classes, last, word = v.shape[1], np.int64(-1), np.int64(0)
    for unit in passing:
        for k in range(classes):
            r = unit * classes + k
            if r // 3 != last:
                last = r // 3
                word = block(gamma, VOTE, 0, 0, last, key0, key1)[0]
            draw = (word >> (10 * (r % 3))) & 1023
            if k == label:
                v[unit, k] = min(v[unit, k] + (draw < rule.up), rule.v_max)
            else:
                v[unit, k] = max(v[unit, k] - (draw < rule.down), 0)


@jit
def learn_votes(v, y, labels, rule, gamma, key0, key1, found):
    """Learn samples in order, in place; write the class that each got before."""
    passing = np.empty(len(v), np.int64)
    counts = np.empty(v.shape[1], np.int64)
    for b in range(len(y)):
        number = 0
        counts[:] = 0
        for unit in range(len(v)):
            if y[b, unit] != 255:
                passing[number] = unit
                number += 1
                for k in range(len(counts)):
                    counts[k] += v[unit, k]
        label = labels[b]
        found[b] = largest(counts, -1)
        if not rule.by_margin:
            learn_local(v, passing[:number], label, rule, gamma + b, key0, key1)
            continue
        other = largest(counts, label)
        if counts[label] - counts[other] < rule.margin:
            for unit in passing[:number]:
                v[unit, label] += 1
                v[unit, other] -= 1
