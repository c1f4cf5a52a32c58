"""Inference against the naive oracle, and the algebra of spike times."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnn_pl import functional as F
from tests import oracle


@st.composite
def columns(draw, max_p=6):
    n, d, s = draw(st.integers(1, 4)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    p, wres = draw(st.integers(1, max_p)), draw(st.integers(1, 3))
    tres, m = draw(st.integers(0, 3)), 2**wres - 1
    time = st.one_of(st.just(255), st.integers(0, 2**tres - 1))
    weights = draw(st.lists(st.integers(0, m), min_size=n * d * s * p, max_size=n * d * s * p))
    return {
        "x": draw(st.lists(time, min_size=p, max_size=p)),
        "w": torch.tensor(weights, dtype=torch.uint8).reshape(1, n, d, s, p),
        "theta": draw(st.lists(st.integers(1, max(1, p * m)), min_size=n, max_size=n)),
        "horizon": 2**tres,
        "w_max": m,
        "response": draw(st.sampled_from(["rnl", "snl"])),
        "wta": draw(st.sampled_from(["1-wta", "k-wta", "t-wta", "none"])),
        "k": draw(st.integers(1, n)),
        "tie": draw(st.sampled_from(["index", "potential"])),
    }


def evaluate(case, **changes):
    case = {**case, **changes}
    x = torch.tensor([case.pop("x")], dtype=torch.uint8)
    theta = torch.tensor([case.pop("theta")], dtype=torch.int32)
    steps = F.output_horizon(case.pop("horizon"), case.pop("w_max"), case["response"])
    return F.evaluate(x, case.pop("w"), theta, steps=steps, **case)


@settings(max_examples=300, deadline=None)
@given(columns())
def test_equals_the_oracle(case):
    state = evaluate(case)
    steps = F.output_horizon(case["horizon"], case["w_max"], case["response"])
    y, segments = oracle.column(
        case["x"], case["w"][0].tolist(), case["theta"], steps, case["response"],
        case["wta"], case["k"], case["tie"],
    )  # fmt: skip
    assert state.y[0].tolist() == y
    assert state.segments[0].tolist() == segments


@settings(max_examples=200, deadline=None)
@given(columns())
def test_before_the_columns_wta_a_spike_time_never_falls_when_theta_grows(case):
    now = evaluate(case, wta="none").y
    later = evaluate(case, wta="none", theta=[t + 1 for t in case["theta"]]).y
    assert bool((later >= now).all())


@settings(max_examples=200, deadline=None)
@given(columns())
def test_an_earlier_or_added_input_never_delays_a_spike(case):
    before = evaluate(case, wta="none").y
    earlier = [min(t, case["horizon"] - 1) for t in case["x"]]
    assert bool((evaluate(case, wta="none", x=earlier).y <= before).all())


@settings(max_examples=200, deadline=None)
@given(columns(), st.randoms())
def test_permuted_inputs_give_equal_answers(case, random):
    order = list(range(len(case["x"])))
    random.shuffle(order)
    permuted = evaluate(case, x=[case["x"][i] for i in order], w=case["w"][..., order])
    assert permuted.y.tolist() == evaluate(case).y.tolist()


@settings(max_examples=200, deadline=None)
@given(columns())
def test_how_many_pass(case):
    y = evaluate(case, wta="none").y
    spiking = int((y != 255).sum())
    assert int((evaluate(case, wta="1-wta").y != 255).sum()) == min(1, spiking)
    assert int((evaluate(case, wta="k-wta").y != 255).sum()) == min(case["k"], spiking)
    passed = evaluate(case, wta="t-wta").y
    assert (passed != 255).sum() == ((y == y.min()) & (y != 255)).sum()


def test_a_spike_leaves_in_the_step_of_its_last_needed_input():
    x, w = torch.tensor([3, 3], dtype=torch.uint8), torch.tensor([1, 1], dtype=torch.uint8)
    v = F.potential(x, w, 5, "rnl")
    assert v.tolist() == [0, 0, 0, 2, 2]
    time, at = F.first_crossing(v, torch.tensor(2))
    assert (time.item(), at.item()) == (3, 2)


def test_the_largest_horizon_of_a_byte():
    w = torch.full((1, 1, 1, 1, 1), 127, dtype=torch.uint8)
    x = torch.tensor([[127]], dtype=torch.uint8)
    state = F.evaluate(x, w, torch.tensor([[127]]), steps=F.output_horizon(128, 127, "rnl"))
    assert state.y.item() == 253


def test_random_ties_follow_the_draws_and_act_as_potential_without():
    w = torch.tensor([2, 3]).to(torch.uint8).reshape(1, 2, 1, 1, 1)
    x, theta = torch.zeros(1, 1, dtype=torch.uint8), torch.tensor([[1, 1]])
    one = torch.zeros(1, 2, 1, 1, dtype=torch.int64), torch.zeros(1, 2, 1, dtype=torch.int64)

    def winner(draws):
        rule = {"steps": 1, "response": "snl", "tie": "random", "draws": draws}
        return F.evaluate(x, w, theta, **rule).y[0].tolist()

    assert winner(None) == [255, 0]
    assert winner((*one, torch.tensor([[9, 8]]))) == [0, 255]
    assert winner((*one, torch.tensor([[8, 2**32 - 1]]))) == [255, 0]
    assert winner((*one, torch.tensor([[8, 8]]))) == [0, 255]


@pytest.mark.parametrize(
    ("mode", "k", "passed"),
    [
        ("1-wta", 1, [False, False, True, False, False]),
        ("k-wta", 2, [False, True, True, False, False]),
        ("k-wta", 5, [True, True, True, True, False]),
        ("t-wta", 1, [False, True, True, True, False]),
        ("none", 1, [True, True, True, True, False]),
    ],
)
def test_winners_by_hand(mode, k, passed):
    y = torch.tensor([5, 3, 3, 3, 255], dtype=torch.uint8)
    strength = torch.tensor([99, 7, 9, 7, 0])
    assert F.winners(y, strength, mode, k).tolist() == passed


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.just(255), st.integers(0, 254)), min_size=5, max_size=5),
             min_size=1, max_size=3),
    st.sampled_from([1, 2, 8, 200, 255]),
    st.sampled_from(["drop", "saturate"]),
)  # fmt: skip
def test_retiming_equals_the_oracle(volleys, horizon, late):
    found = F.retime(torch.tensor(volleys, dtype=torch.uint8), horizon, late)
    assert found.dtype == torch.uint8
    assert found.tolist() == [oracle.retime(volley, horizon, late) for volley in volleys]


def test_retiming_by_hand():
    x = torch.tensor([[5, 7, 255, 12, 13], [255] * 5, [0, 254, 8, 7, 1]], dtype=torch.uint8)
    assert F.retime(x, 8).tolist() == [[0, 2, 255, 7, 255], [255] * 5, [0, 255, 255, 7, 1]]
    assert F.retime(x, 8, "saturate").tolist() == [
        [0, 2, 255, 7, 7],
        [255] * 5,
        [0, 7, 7, 7, 1],
    ]


def test_the_tie_of_neurons_counts_the_potential_of_the_winning_segment_only():
    """Neuron 0: segments of potential 3 and 2; neuron 1: 1 and 3, so they tie: lowest index."""
    w = torch.tensor([[[[[3], [2]]], [[[1], [3]]]]], dtype=torch.uint8)
    state = F.evaluate(
        torch.zeros(1, 1, dtype=torch.uint8), w, torch.ones(1, 2).int(), steps=1, response="snl"
    )
    assert state.dendrites.tolist() == [[[[0, 255]], [[255, 0]]]]
    assert state.segments.tolist() == [[[[0, 255]], [[255, 255]]]]
    assert state.potential.tolist() == [[[[3, 2]], [[1, 3]]]]
    assert state.y.tolist() == [[0, 255]]


def test_silence():
    y, passed = torch.tensor([1, 2, 255], dtype=torch.uint8), torch.tensor([True, False, True])
    assert F.silence(y, passed).tolist() == [1, 255, 255]
