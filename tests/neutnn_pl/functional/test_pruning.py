"""Which synapses pruning chooses."""

from fractions import Fraction
from itertools import pairwise
from unittest.mock import patch

import torch
from hypothesis import given
from hypothesis import strategies as st

from neutnn_pl.functional.philox import PRUNING, synapse_words
from neutnn_pl.functional.pruning import (
    contribution,
    contribution_score,
    drop_count,
    idle,
    lowest,
    unused,
)


def u8(*values):
    return torch.tensor(values, dtype=torch.uint8)


@given(st.integers(0, 3), st.integers(0, 30), st.integers(0, 60))
def test_the_lowest_of_score_then_word_then_position_go(layer, count, seed):
    generator = torch.Generator().manual_seed(seed)
    score = torch.randint(0, 4, (2, 3, 7), generator=generator)
    mask = torch.rand(score.shape, generator=generator) < 0.7
    count = min(count, int(mask.sum()))
    drop = lowest(score, mask, count, layer=layer, seed=seed)
    gamma = torch.zeros(1, dtype=torch.int64)
    word = synapse_words(gamma, PRUNING, layer, torch.arange(2), 3, 7, seed)[0].flatten().tolist()
    there = [i for i, kept in enumerate(mask.flatten().tolist()) if kept]
    ranked = sorted(there, key=lambda i: (score.flatten().tolist()[i], word[i], i))
    assert drop.flatten().nonzero().flatten().tolist() == sorted(ranked[:count])


def test_ties_depend_on_the_seed_and_the_layer_only():
    score, mask = torch.zeros(1, 4, 9, dtype=torch.int64), torch.ones(1, 4, 9, dtype=torch.bool)
    first = lowest(score, mask, 18, layer=0, seed=1)
    assert torch.equal(first, lowest(score, mask, 18, layer=0, seed=1))
    assert not torch.equal(first, lowest(score, mask, 18, layer=0, seed=2))
    assert not torch.equal(first, lowest(score, mask, 18, layer=1, seed=1))


def test_decimal_targets_are_exact():
    assert [drop_count(t, 100) for t in (0.29, 0.57, 0.58, 1.0, 0.0)] == [29, 57, 58, 100, 0]


@given(st.decimals(0, 1, places=3), st.integers(0, 10_000), st.integers(1, 40))
def test_equal_shares_end_at_the_target(target, synapses, steps):
    counts = [drop_count(float(target), synapses, Fraction(k, steps)) for k in range(steps + 1)]
    assert (counts[0], counts[-1]) == (0, drop_count(float(target), synapses))
    share = Fraction(target) * synapses / steps
    shares = [b - a for a, b in pairwise(counts)]
    assert all(abs(found - share) < 1 for found in shares)


def naive_contribution(x, y, w, response):
    columns, segments, inputs = w.shape
    counts, spikes = torch.zeros(w.shape, dtype=torch.int64), torch.zeros(columns, segments, 1)
    for b in range(len(x)):
        for c in range(columns):
            for g in range(segments):
                t = int(y[b, c, g])
                if t == 255:
                    continue
                spikes[c, g] += 1
                for p in range(inputs):
                    at, level = int(x[b, c, g if x.shape[2] > 1 else 0, p]), int(w[c, g, p])
                    end = at + level if response == "rnl" else 300 if level else 0
                    counts[c, g, p] += int(at != 255 and at <= t < end)
    return counts, spikes.long()


@given(st.integers(0, 1000), st.sampled_from(["rnl", "snl"]), st.booleans(), st.integers(1, 9))
def test_contribution_counts_what_the_loops_count(seed, response, shared, terms):
    generator = torch.Generator().manual_seed(seed)
    b, c, g, p = torch.randint(1, 4, (4,), generator=generator).tolist()

    def times(*shape):
        t = torch.randint(0, 12, shape, generator=generator)
        return torch.where(t > 8, 255, t).to(torch.uint8)

    x, y = times(b, c, 1 if shared else g, p), times(b, c, g)
    w = torch.randint(0, 8, (c, g, p), generator=generator, dtype=torch.uint8)
    expected = naive_contribution(x, y, w, response)
    with patch("neutnn_pl.functional.pruning._TERMS_AT_ONCE", terms):
        found = contribution(x, y, w, response)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_contribution_by_hand():
    x = u8([[[0, 2, 5, 255]]])
    w = u8([[2, 3, 7, 7]])
    counts, spikes = contribution(x, u8([[4]]), w)
    assert (counts.tolist(), spikes.tolist()) == ([[[0, 1, 0, 0]]], [[[1]]])
    assert contribution(x, u8([[4]]), w, "snl")[0].tolist() == [[[1, 1, 0, 0]]]
    counts, spikes = contribution(x, u8([[255]]), w)
    assert (int(counts.sum()), int(spikes.sum())) == (0, 0)
    assert contribution_score(counts, spikes).tolist() == [[[0, 0, 0, 0]]]
    thirds = contribution_score(torch.tensor([[[1, 3, 0]]]), torch.tensor([[[3]]]))
    assert thirds.tolist() == [[[21845, 65536, 0]]]


def test_idle_segments_and_neurons():
    spikes = torch.tensor([[[0], [3], [0], [0]]])
    assert idle(spikes).flatten().tolist() == [True, False, True, True]
    assert idle(spikes, group=2).flatten().tolist() == [False, False, True, True]


def test_unused_inputs():
    w = u8([[0, 1, 0], [0, 0, 2]], [[0, 0, 3], [4, 0, 0]])
    assert unused(w).tolist() == [[[True, False, False]], [[False, True, False]]]
