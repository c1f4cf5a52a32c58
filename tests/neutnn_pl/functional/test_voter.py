"""Tally, answers and voters against plain loops, and by hand."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnn_pl import functional as F
from tests import oracle

EXAMPLES = settings(max_examples=200, deadline=None)
TIME = st.one_of(st.just(255), st.integers(0, 20))


@st.composite
def elections(draw, low=-5, high=5):
    """Spike times [C][N], votes [C][N][K], a label."""
    c, n, k = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(2, 5))

    def lists(value, *shape):
        if not shape:
            return draw(value)
        return [lists(value, *shape[1:]) for _ in range(shape[0])]

    y, v = lists(TIME, c, n), lists(st.integers(low, high), c, n, k)
    return y, v, draw(st.integers(0, k - 1))


def tensors(y, v):
    return torch.tensor(y, dtype=torch.uint8), torch.tensor(v, dtype=torch.int32)


@EXAMPLES
@given(elections())
def test_tally_answer_and_votes(case):
    y, v, _ = case
    times, ballots = tensors(y, v)
    assert F.tally(times[None])[0].tolist() == oracle.tally(y)
    assert F.answer(F.tally(times[None])).tolist() == [oracle.answer(oracle.tally(y))]
    counts = F.votes(times[None], ballots)
    assert counts[0].tolist() == oracle.votes(y, v)
    assert F.elected(counts).tolist() == [oracle.elected(oracle.votes(y, v))]


@EXAMPLES
@given(elections(), st.integers(-3, 30))
def test_margin_voter(case, margin):
    y, v, label = case
    times, ballots = tensors(y, v)
    new = F.margin_vote(ballots, times, label, margin)
    assert new.tolist() == oracle.margin_vote(v, y, label, margin)
    assert ballots.tolist() == v


@EXAMPLES
@given(
    elections(0, 5),
    st.integers(0, 2**52 - 1),
    st.integers(0, 1024),
    st.integers(0, 1024),
    st.integers(0, 2**64 - 1),
)
def test_local_voter_with_the_draws_of_stream_7(case, gamma, up, down, seed):
    y, v, label = case
    times, ballots = tensors(y, v)
    draws = F.vote_draws(torch.tensor([gamma]), tuple(ballots.shape), seed)[0]
    new = F.local_vote(ballots, times, label, draws, up, down, 5)
    assert new.tolist() == oracle.local_vote(v, y, label, gamma, up, down, 5, seed)
    assert ballots.tolist() == v


@EXAMPLES
@given(st.lists(st.integers(-3000, 3000), min_size=1, max_size=6), st.integers(1, 9))
def test_eight_bits(total, count):
    votes, shift = F.eight_bits(torch.tensor(total), count)
    assert votes.dtype == torch.int8
    assert (votes.tolist(), shift) == oracle.eight_bits(total, count)


def test_eight_bits_by_hand():
    def scaled(*total, count=1):
        votes, shift = F.eight_bits(torch.tensor(total), count)
        return votes.tolist(), shift

    assert scaled(0, 0) == ([0, 0], 0)
    assert scaled(127, -128) == ([127, -128], 0)
    assert scaled(1, 0) == ([64, 0], -6)
    assert scaled(255, -3) == ([64, -1], 2)  # 127.5 rounds up to 128, which does not fit
    assert scaled(253, -3) == ([127, -1], 1)  # -1.5 rounds up to -1
    assert scaled(3, 1, count=2) == ([96, 32], -6)
    assert scaled(1, count=10) == ([13], -7)  # no finer than 2**-7
    assert Fraction(128, 10) + Fraction(1, 2) > 13


def test_margin_by_hand():
    """Two neurons pass; the label leads by 2 over the best other, of which there are two."""
    y, v = tensors([[0, 1, 255]], [[[1, 0, 0], [1, 0, 0], [0, 9, 9]]])
    assert F.votes(y[None], v).tolist() == [[2, 0, 0]]
    assert F.margin_vote(v, y, 0, 2).tolist() == v.tolist()
    learnt = F.margin_vote(v, y, 0, 3)
    assert learnt.tolist() == [[[2, -1, 0], [2, -1, 0], [0, 9, 9]]]
    assert F.margin_vote(v, y, 2, 1).tolist() == [[[0, 0, 1], [0, 0, 1], [0, 9, 9]]]


def test_without_a_winner_no_votes_change_and_class_0_is_elected():
    y, v = tensors([[255, 255]], [[[3, 1], [0, 2]]])
    assert F.elected(F.votes(y[None], v)).tolist() == [0]
    assert F.margin_vote(v, y, 1, 100).tolist() == v.tolist()
    ones = torch.zeros(1, 2, 2, dtype=torch.int64)
    assert F.local_vote(v, y, 1, ones, 1024, 1024, 7).tolist() == v.tolist()


def test_local_votes_stay_in_range():
    y, v = tensors([[0]], [[[7, 0, 3]]])
    draws = torch.zeros(1, 1, 3, dtype=torch.int64)
    assert F.local_vote(v, y, 0, draws, 1024, 1024, 7).tolist() == [[[7, 0, 2]]]
    assert F.local_vote(v, y, 1, draws + 1023, 1023, 1023, 7).tolist() == [[[7, 0, 3]]]


@pytest.mark.parametrize(
    ("counts", "found"), [([0, 0, 0], 3), ([1, 3, 3], 1), ([4, 0, 0], 0), ([0, 0, 1], 2)]
)
def test_answers_by_hand(counts, found):
    assert F.answer(torch.tensor([counts])).tolist() == [found]
