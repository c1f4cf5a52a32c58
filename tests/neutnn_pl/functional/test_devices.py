"""Every tensor that is made lies where the inputs lie, and is of the documented type.

The `meta` device computes shapes and types only; mixed with tensors of the CPU it raises. So it
stands for any accelerator, on a machine that has none.
"""

import pytest
import torch

from neutnn_pl import functional as F
from neutnn_pl.functional import pruning
from neutnn_pl.functional.stdp import stabiliser_table

B, C, N, D, S, P, R, K = 3, 2, 4, 2, 3, 5, 2, 6
G = N * D * S


def meta(*shape, dtype=torch.uint8):
    return torch.empty(*shape, dtype=dtype, device="meta")


def numbers(count):
    return torch.arange(count, device="meta")


def check(tensor, shape, dtype):
    assert tensor.device.type == "meta"
    assert tuple(tensor.shape) == shape
    assert tensor.dtype == dtype


@pytest.mark.parametrize("response", ["rnl", "snl"])
@pytest.mark.parametrize("wta", ["1-wta", "k-wta", "t-wta", "none"])
@pytest.mark.parametrize("tie", ["index", "potential", "random"])
@pytest.mark.parametrize("proximal", ["none", "enable", "weighted"])
def test_evaluation(response, wta, tie, proximal):
    words = [meta(B, C, *rest, dtype=torch.int64) for rest in ((N, D, S), (N, D), (N,))]
    state = F.evaluate(
        meta(B, C, P), meta(C, N, D, S, P), meta(C, N, dtype=torch.int32), steps=14,
        response=response, wta=wta, k=2, tie=tie, draws=tuple(words),
        gate=meta(B, C, N, D, dtype=torch.bool) if proximal == "enable" else None,
        x_proximal=meta(B, C, N, D, R) if proximal == "weighted" else None,
        w_proximal=meta(C, N, D, S, R) if proximal == "weighted" else None,
    )  # fmt: skip
    check(state.y, (B, C, N), torch.uint8)
    check(state.segments, (B, C, N, D, S), torch.uint8)
    check(state.dendrites, (B, C, N, D, S), torch.uint8)
    check(state.potential, (B, C, N, D, S), torch.int32)


def test_potential_and_crossing():
    v = F.potential(meta(C, 1, P), meta(C, G, P), 9, "rnl")
    check(v, (C, G, 9), torch.int32)
    time, at = F.first_crossing(v, meta(C, G, dtype=torch.int32))
    check(time, (C, G), torch.uint8)
    check(at, (C, G), torch.int32)


def test_retiming():
    check(F.retime(meta(B, P), 8), (B, P), torch.uint8)


def test_draws():
    cycles, at = numbers(B), (3, numbers(C))
    check(F.synapse_words(cycles, 0, *at, G, P, 7), (B, C, G, P), torch.int64)
    check(F.search_draws(cycles, 1, *at, G, P, 7), (B, C, G, P), torch.int64)
    check(F.tie_words(cycles, 4, *at, G, 7), (B, C, G), torch.int64)
    check(F.vote_draws(cycles, (C, N, K), 7), (B, C, N, K), torch.int64)
    check(F.initial_weights(*at, G, P, 7, 7), (C, G, P), torch.uint8)
    check(F.lfsr_seeds(*at, 7), (C,), torch.int64)


@pytest.mark.parametrize("reward", [None, 1, 0, -1])
def test_stochastic_learning(reward):
    draws = F.Draws(*(meta(C, G, P, dtype=torch.int64) for _ in range(4)))
    mask = meta(C, G, P, dtype=torch.bool)
    side = (meta(C, G, P), mask, meta(C, 1, P), meta(C, G))
    new = F.stdp(*side, draws, F.Probabilities(), w_max=7, reward=reward)
    check(new, (C, G, P), torch.uint8)


def test_deterministic_learning():
    steps = {"capture": 1, "minus": 1, "search": 1, "backoff": 1}
    mask = meta(C, G, P, dtype=torch.bool)
    side = (meta(C, G, P, dtype=torch.int32), mask, meta(C, 1, P), meta(C, G))
    new = F.stdp_deterministic(*side, steps, w_max=7, fraction_bits=2, stabiliser="paper")
    check(new, (C, G, P), torch.int32)


def test_votes_and_answers():
    y, v = meta(B, C, N), meta(C, N, K, dtype=torch.int32)
    check(F.votes(y, v), (B, K), torch.int64)
    check(F.elected(meta(B, K, dtype=torch.int64)), (B,), torch.int64)
    check(F.tally(y), (B, N), torch.int64)
    check(F.answer(F.tally(y)), (B,), torch.int64)
    draws = meta(C, N, K, dtype=torch.int64)
    check(F.local_vote(v, y[0], 1, draws, 512, 512, 5), (C, N, K), torch.int32)


def test_pruning():
    score, mask = meta(C, G, P, dtype=torch.int64), meta(C, G, P, dtype=torch.bool)
    check(pruning.lowest(score, mask, 7, layer=0, seed=1), (C, G, P), torch.bool)
    check(pruning.idle(meta(C, G, 1, dtype=torch.int64), S), (C, G, 1), torch.bool)
    check(pruning.unused(meta(C, G, P)), (C, 1, P), torch.bool)


def test_types_on_the_cpu():
    assert stabiliser_table(7, "paper").dtype == torch.int64
    assert F.sample_order(0, 5, 1).dtype == torch.int64
    assert F.draw_table(6, 3, 4, "neuron", "column").dtype == torch.int64
    eight, shift = F.eight_bits(torch.tensor([[5, -9]]), 2)
    assert eight.dtype == torch.int8
    assert eight.shape == (1, 2)
    assert isinstance(shift, int)
    zero, shift = F.eight_bits(torch.zeros(2, 3, dtype=torch.int64), 2)
    assert zero.dtype == torch.int8
    assert (zero.tolist(), shift) == ([[0] * 3] * 2, 0)
