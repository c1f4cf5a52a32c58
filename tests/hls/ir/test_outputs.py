"""Answers, and the exact comparison of two of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hls.errors import InvalidInput, Mismatch
from hls.ir import NO_SPIKE, Outputs, compare


def test_a_neuron_that_does_not_exist_is_a_mismatch():
    with pytest.raises(Mismatch, match="sample 1, column 0, with .*: got 3, expected 0 .. 2"):
        Outputs.from_winners(np.array([[1], [3]]), np.array([[3], [3]]), 3)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(0, 99))
def test_winners_and_times_go_there_and_back(samples, columns, neurons, seed):
    rng = np.random.default_rng(seed)
    winner = rng.integers(-1, neurons, (samples, columns))
    time = np.where(winner < 0, NO_SPIKE, rng.integers(0, 255, winner.shape))
    outputs = Outputs.from_winners(winner, time, neurons)
    assert outputs.y.dtype == np.uint8
    assert outputs.y.shape == (samples, columns, neurons)
    assert (outputs.y != NO_SPIKE).sum() == (winner >= 0).sum()
    assert outputs.winner.dtype == np.int32
    assert outputs.time.dtype == np.uint8
    assert np.array_equal(outputs.winner, winner)
    assert np.array_equal(outputs.time, time)


def test_the_first_of_several_that_pass_wins():
    outputs = Outputs(np.array([[[7, 4, 4], [255, 255, 0]]], dtype=np.uint8))
    assert outputs.winner.tolist() == [[1, 2]]
    assert outputs.time.tolist() == [[4, 0]]


def test_answers_of_another_shape_are_refused():
    four, five = (Outputs(np.zeros((n, 1, 2), dtype=np.uint8)) for n in (4, 5))
    with pytest.raises(InvalidInput) as error:
        compare("c", four, five)
    assert str(error.value) == "rung c: answers: got shape (5, 1, 2); expected (4, 1, 2)"


def test_the_first_five_differences_are_shown_line_by_line():
    expected, got = np.full((3, 2, 2), 255, dtype=np.uint8), np.full((3, 2, 2), 255, dtype=np.uint8)
    expected[0] = 0
    got[0] = 1
    got[2] = [[255, 3], [4, 255]]
    with pytest.raises(Mismatch) as error:
        compare("netlist", Outputs(expected), Outputs(got))
    assert str(error.value).splitlines() == [
        "rung netlist does not compute what the reference computes: "
        "6 of 12 spike times differ, in 2 of 3 samples",
        "  sample 0, column 0, neuron 0: expected t=0, got t=1",
        "  sample 0, column 0, neuron 1: expected t=0, got t=1",
        "  sample 0, column 1, neuron 0: expected t=0, got t=1",
        "  sample 0, column 1, neuron 1: expected t=0, got t=1",
        "  sample 2, column 0, neuron 1: expected no spike, got t=3",
    ]


def test_equal_answers_give_the_number_of_samples():
    y = np.random.default_rng(0).integers(0, 256, (6, 2, 3), dtype=np.uint8)
    assert compare("c", Outputs(y), Outputs(y.copy())) == 6
    empty = Outputs(np.zeros((0, 2, 3), dtype=np.uint8))
    assert compare("c", empty, empty) == 0
