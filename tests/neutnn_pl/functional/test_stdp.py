"""Learning against the naive oracle, case by case."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnn_pl import functional as F
from neutnn_pl.functional.rules import DeterministicSTDP
from neutnn_pl.functional.stdp import STABILISERS, fraction
from tests import oracle

U = st.integers(0, 1024)
WEIGHT = st.integers(0, 7)
TIME = st.one_of(st.just(255), st.integers(0, 20))
DRAW = st.integers(0, 1023)


@st.composite
def rules(draw):
    return F.Probabilities(
        capture=draw(U), minus=draw(U), search=draw(U), backoff=draw(U), minimum=draw(U),
        stabiliser=draw(st.sampled_from(STABILISERS)),
        search_max=draw(st.one_of(st.none(), WEIGHT)),
    )  # fmt: skip


def one(w, x, y, draws, u, reward=None, mask=True):
    case, floor, stab, search = (torch.tensor([[[d]]]) for d in draws)
    new = F.stdp(
        torch.tensor([[[w]]], dtype=torch.uint8), torch.tensor([[[mask]]]),
        torch.tensor([[[x]]], dtype=torch.uint8), torch.tensor([[y]], dtype=torch.uint8),
        F.Draws(case, floor, stab, search), u, w_max=7, reward=reward,
    )  # fmt: skip
    return int(new)


@settings(max_examples=500, deadline=None)
@given(WEIGHT, TIME, TIME, st.tuples(DRAW, DRAW, DRAW, DRAW), rules())
def test_one_synapse_equals_the_table(w, x, y, draws, u):
    new = one(w, x, y, draws, u)
    assert new == oracle.stdp_synapse(w, x, y, *draws, u, 7)
    assert abs(new - w) <= 1


@settings(max_examples=500, deadline=None)
@given(
    WEIGHT, TIME, TIME, st.tuples(DRAW, DRAW, DRAW, DRAW), rules(), st.sampled_from([-1, 0, 1])
)  # fmt: skip
def test_one_synapse_with_reward_equals_the_table(w, x, y, draws, u, reward):
    assert one(w, x, y, draws, u, reward) == oracle.stdp_synapse(w, x, y, *draws, u, 7, reward)


@given(WEIGHT, TIME, TIME, st.tuples(DRAW, DRAW, DRAW, DRAW), rules())
def test_a_masked_synapse_never_learns(w, x, y, draws, u):
    assert one(w, x, y, draws, u, mask=False) == w


SURE = F.Probabilities(1024, 1024, 1024, 1024, 1024, "off")
ANY = (1023, 1023, 1023, 1023)


@pytest.mark.parametrize(
    ("x", "y", "reward", "new"),
    [
        (2, 2, None, 4), (2, 3, None, 4), (3, 2, None, 2), (2, 255, None, 4), (255, 2, None, 2),
        (255, 255, None, 3),
        (2, 2, 1, 4), (3, 2, 1, 2), (2, 255, 1, 3), (255, 2, 1, 2),
        (2, 2, 0, 3), (3, 2, 0, 3), (2, 255, 0, 4), (255, 2, 0, 3),
        (2, 2, -1, 2), (3, 2, -1, 3), (2, 255, -1, 4), (255, 2, -1, 3),
    ],
)  # fmt: skip
def test_every_case_with_and_without_reward(x, y, reward, new):
    assert one(3, x, y, ANY, SURE, reward) == new


def test_probability_1024_always_and_0_never():
    never = F.Probabilities(0, 0, 0, 0, 0, "off")
    for x, y in ((1, 1), (2, 1), (1, 255), (255, 1)):
        assert one(3, x, y, (0, 0, 0, 0), never) == 3
        assert one(3, x, y, ANY, SURE) != 3


def test_stabiliser_tables_by_hand():
    up, down = F.stabiliser_table(7, "paper").tolist()
    assert up == [0, 272, 502, 690, 836, 940, 1003, 1024]
    assert down == [1024, 1003, 940, 836, 690, 502, 272, 0]
    assert F.stabiliser_table(7, "symmetric").tolist()[0] == [0, 125, 209, 251, 251, 209, 125, 0]
    assert F.stabiliser_table(3, "off").tolist() == [[1024] * 4] * 2


def test_deterministic_moves_by_hand():
    steps = {"capture": 7, "backoff": 7, "minus": 5, "search": 1}
    w = torch.tensor([[[5, 5, 5, 5]]], dtype=torch.int32)
    x = torch.tensor([[[0, 3, 255, 0]]], dtype=torch.uint8)
    mask = torch.tensor([[[True, True, True, False]]])
    spiked = F.stdp_deterministic(
        w, mask, x, torch.tensor([[1]], dtype=torch.uint8), steps, w_max=7
    )
    assert spiked.tolist() == [[[7, 0, 0, 5]]]
    quiet = F.stdp_deterministic(
        w, mask, x, torch.tensor([[255]], dtype=torch.uint8), steps, w_max=7
    )
    assert quiet.tolist() == [[[6, 6, 5, 5]]]


def test_deterministic_rounds_the_stabilised_step_half_up():
    w = torch.tensor([[[3 << 4]]], dtype=torch.int32)  # integer part 3, F_up = 33/49
    zero = torch.zeros(1, 1, dtype=torch.uint8)
    new = F.stdp_deterministic(
        w, torch.ones(1, 1, 1, dtype=torch.bool), zero[None], zero, {"capture": 10},
        w_max=7, fraction_bits=4, stabiliser="paper",
    )  # fmt: skip
    assert int(new) == 48 + (2 * 10 * 33 + 49) // 98


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_deterministic_synapse_equals_the_table(data):
    bits = data.draw(st.integers(0, 6))
    k = st.integers(0, 3 << bits)
    rule = DeterministicSTDP(
        capture=data.draw(k), minus=data.draw(k), search=data.draw(k), backoff=data.draw(k),
        fraction_bits=bits, stabiliser=data.draw(st.sampled_from(STABILISERS)),
    )  # fmt: skip
    whole, x, y = data.draw(st.integers(0, 7 << bits)), data.draw(TIME), data.draw(TIME)
    new = F.stdp_deterministic(
        torch.tensor([[[whole]]]).int(), torch.tensor([[[True]]]),
        torch.tensor([[[x]]], dtype=torch.uint8), torch.tensor([[y]], dtype=torch.uint8),
        rule.steps(), w_max=7, fraction_bits=bits, stabiliser=rule.stabiliser,
    )  # fmt: skip
    assert int(new) == oracle.deterministic_synapse(whole, x, y, rule, 7)


def test_a_step_that_is_not_given_is_0():
    w, zero = torch.full((1, 1, 1), 3).int(), torch.zeros(1, 1, 1, dtype=torch.uint8)
    new = F.stdp_deterministic(w, w > 0, zero, zero[0], {"backoff": 2}, w_max=7)
    assert int(new) == 3


@given(st.integers(1, 7).map(lambda bits: 2**bits - 1), st.sampled_from(STABILISERS))
def test_every_stabiliser_table_equals_exact_fractions(m, kind):
    up, down = F.stabiliser_table(m, kind).tolist()
    assert list(zip(up, down, strict=True)) == [oracle.stabiliser(w, m, kind) for w in range(m + 1)]


@pytest.mark.parametrize(
    ("field", "value"), [("capture", 1025), ("search", -1), ("minus", 0.5), ("backoff", True)]
)
def test_probabilities_are_integers_out_of_1024(field, value):
    with pytest.raises(
        ValueError, match=rf"STDP: {field}: got {value}; expected an integer 0 .. 1024"
    ):
        F.Probabilities(**{field: value})


def test_a_draw_equal_to_its_probability_is_no_success():
    """`B(u)` is `draw < u`, for every one of the four draws."""
    off = F.Probabilities(512, 512, 512, 512, 0, "off")
    shaped = F.Probabilities(1024, 1024, 1024, 1024, 100, "paper")
    for draw, moves in ((511, 1), (512, 0)):
        assert one(3, 1, 2, (draw, 1023, 0, 1023), off) == 3 + moves
        assert one(3, 2, 1, (draw, 1023, 0, 1023), off) == 3 - moves
        assert one(3, 255, 1, (draw, 1023, 0, 1023), off) == 3 - moves
        assert one(3, 1, 255, (1023, 1023, 1023, draw), off) == 3 + moves
    for draw, moves in ((99, 1), (100, 0)):
        assert one(3, 1, 2, (0, draw, 1023, 0), shaped) == 3 + moves
        assert one(3, 2, 1, (0, draw, 1023, 0), shaped) == 3 - moves
    assert F.stabiliser_table(7, "paper")[:, 3].tolist() == [690, 836]
    for draw, moves in ((689, 1), (690, 0)):
        assert one(3, 1, 2, (0, 1023, draw, 0), shaped) == 3 + moves
    for draw, moves in ((835, 1), (836, 0)):
        assert one(3, 2, 1, (0, 1023, draw, 0), shaped) == 3 - moves


@pytest.mark.parametrize(
    ("num", "den", "u"), [(0, 1, 0), (1, 1, 1024), (13, 49, 272), (1, 2048, 1), (1, 2049, 0)]
)
def test_fractions_are_rounded_half_up(num, den, u):
    assert fraction(num, den) == u
