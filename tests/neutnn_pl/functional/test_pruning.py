"""Which synapses pruning chooses."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from neutnn_pl import functional as F
from neutnn_pl.functional.pruning import drop_count


@given(st.floats(0, 1), st.integers(0, 60))
def test_exactly_the_floor_goes_and_nothing_masked(target, seed):
    generator = torch.Generator().manual_seed(seed)
    score = torch.randint(0, 8, (2, 3, 7), generator=generator)
    mask = torch.rand(score.shape, generator=generator) < 0.7
    drop = F.lowest(score, mask, target, layer=0, seed=seed)
    assert int(drop.sum()) == drop_count(target, int(mask.sum()))
    assert not bool((drop & ~mask).any())
    kept = mask & ~drop
    if bool(drop.any()) and bool(kept.any()):
        assert int(score[drop].max()) <= int(score[kept].min())


def test_decimal_targets_are_exact():
    assert [drop_count(t, 100) for t in (0.29, 0.57, 0.58, 1.0, 0.0)] == [29, 57, 58, 100, 0]


def test_ties_depend_on_the_seed_only():
    score, mask = torch.zeros(1, 4, 9, dtype=torch.int64), torch.ones(1, 4, 9, dtype=torch.bool)
    first = F.lowest(score, mask, 0.5, layer=0, seed=1)
    assert torch.equal(first, F.lowest(score, mask, 0.5, layer=0, seed=1))
    assert not torch.equal(first, F.lowest(score, mask, 0.5, layer=0, seed=2))
    assert not torch.equal(first, F.lowest(score, mask, 0.5, layer=1, seed=1))


def test_contribution_counts_synapses_that_still_ramp():
    x = torch.tensor([[[0, 2, 5, 255]]], dtype=torch.uint8)
    w = torch.tensor([[[2, 3, 7, 7]]], dtype=torch.uint8)
    ramps, spikes = F.contribution(x, torch.tensor([[[4]]], dtype=torch.uint8), w)
    assert (ramps.tolist(), spikes.tolist()) == ([[[0, 1, 0, 0]]], [[[1]]])
    ramps, spikes = F.contribution(x, torch.tensor([[[255]]], dtype=torch.uint8), w)
    assert (int(ramps.sum()), int(spikes.sum())) == (0, 0)
    assert F.contribution_score(ramps, spikes).tolist() == [[[0, 0, 0, 0]]]
    thirds = F.contribution_score(torch.tensor([[[1, 3, 0]]]), torch.tensor([[[3]]]))
    assert thirds.tolist() == [[[21845, 65536, 0]]]
