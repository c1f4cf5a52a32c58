"""The voter: from the neurons that pass to the class with the largest sum of votes."""

from __future__ import annotations

import numpy as np
import pyverilog.vparser.ast as ast

from hls.ir.network import FrozenNetwork
from hls.rtl import nodes as v
from hls.rtl.ports import bits

VOTES_PER_SUM = 64
"""Votes in one sum, as taps of a segment."""


def voter_module(network: FrozenNetwork) -> str:
    """Return the voter, with votes hard-wired.

    Every neuron's votes are raised by a constant so that the smallest is 0: that adds the same to
    every class, so the largest sum stays the largest.
    """
    assert network.votes is not None
    votes = network.votes.astype(np.int64).reshape(-1, network.votes.shape[2])
    votes -= votes.min(axis=1, keepdims=True)
    count, classes = votes.shape
    width, size = bits(int(votes.sum(axis=0).max())), bits(classes - 1)
    items: list[v.Node] = []
    # A class without votes never leads one of lower index, so only class 0 may have none.
    running = [k for k in range(classes) if k == 0 or votes[:, k].any()]
    if len(running) == 1:
        votes[:] = 0
    for k in running if len(running) > 1 else []:
        voting = [int(n) for n in np.flatnonzero(votes[:, k])]
        sums: list[v.Node] = []
        for group in range(0, len(voting), VOTES_PER_SUM):
            chosen = voting[group : group + VOTES_PER_SUM]
            terms = [v.weighed(v.bit("passed", n, count), int(votes[n, k]), width) for n in chosen]
            items += v.wire(f"tally{k}_{group // VOTES_PER_SUM}", width, v.add(terms))
            sums.append(v.name(f"tally{k}_{group // VOTES_PER_SUM}"))
        items += v.wire(f"tally{k}", width, v.add(sums) if sums else v.number(0, width))
    level = [(v.name(f"tally{k}"), v.number(k, size)) for k in running]
    match = 0
    while len(level) > 1:
        above, pairs = level[len(level) & ~1 :], []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            items += v.wire(f"right{match}", 1, ast.GreaterThan(right[0], left[0]))
            chosen_ = v.name(f"right{match}")
            items += v.wire(f"who{match}", size, ast.Cond(chosen_, right[1], left[1]))
            if len(level) > 2:
                items += v.wire(f"best{match}", width, ast.Cond(chosen_, right[0], left[0]))
            pairs.append((v.name(f"best{match}"), v.name(f"who{match}")))
            match += 1
        level = pairs + above
    items.append(v.assign("answer", level[0][1]))
    silent = [n for n in range(count) if not votes[n].any()]
    items += v.unused([v.bit("passed", n, count) for n in silent])
    return v.module(f"{network.name}_voter", {"passed": count}, {"answer": size}, items)
