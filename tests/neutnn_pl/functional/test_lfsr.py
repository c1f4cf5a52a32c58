"""Linear-feedback shift registers: primitive polynomials, every bit, and who takes which draw."""

import importlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnn_pl import functional as F
from neutnn_pl.functional.lfsr import PRIMITIVE, lfsr_step
from tests import oracle

WIDTHS = sorted(PRIMITIVE)
WIDTH = st.sampled_from(WIDTHS)


def prime_factors(number):
    found, factor = set(), 2
    while factor * factor <= number:
        while number % factor == 0:
            found.add(factor)
            number //= factor
        factor += 1
    return found | ({number} if number > 1 else set())


def power_of_x(exponent, polynomial):
    """`x ** exponent` modulo a polynomial over GF(2), bit `i` its coefficient of `x ** i`."""
    degree = polynomial.bit_length() - 1

    def times(a, b):
        product = 0
        while b:
            if b & 1:
                product ^= a
            b >>= 1
            a <<= 1
            if a >> degree & 1:
                a ^= polynomial
        return product

    result, base = 1, 2
    while exponent:
        if exponent & 1:
            result = times(result, base)
        base = times(base, base)
        exponent >>= 1
    return result


@pytest.mark.parametrize("width", WIDTHS)
def test_every_polynomial_is_primitive(width):
    """The bit that enters is the sum of the tapped cells: `x^W = sum x^tap`, of order `2^W - 1`."""
    polynomial, order = 1 << width | F.taps_of(width), 2**width - 1
    assert power_of_x(order, polynomial) == 1
    assert all(power_of_x(order // q, polynomial) != 1 for q in prime_factors(order))


def test_the_check_knows_a_polynomial_that_is_not_primitive():
    assert power_of_x(5, 0b11111) == 1  # x^4 + x^3 + x^2 + x + 1: irreducible, of order 5
    assert power_of_x(15, 0b10011) == 1
    assert power_of_x(5, 0b10011) != 1
    assert prime_factors(2**28 - 1) == {3, 5, 29, 43, 113, 127}


@pytest.mark.parametrize("width", WIDTHS)
def test_taps_are_the_documented_cells(width):
    assert F.taps_of(width) == sum(1 << cell for cell in oracle.LFSR_TAPS[width])


def test_a_register_of_four_bits_by_hand_goes_through_all_states():
    state, seen = 0b1001, []
    for _ in range(15):
        seen.append(state)
        bit, state = lfsr_step(state, 0b0011, 4)
        assert bit == seen[-1] & 1
    assert seen[:4] == [0b1001, 0b1100, 0b0110, 0b1011]
    assert state == 0b1001
    assert len(set(seen)) == 15


@given(WIDTH, st.data())
def test_draws_are_ten_bits_each_first_bit_lowest(width, data):
    state = data.draw(st.integers(1, 2**width - 1))
    count = data.draw(st.integers(0, 6))
    values, after = F.lfsr_draws(state, F.taps_of(width), width, count)
    bits, want = oracle.lfsr_bits(state, width, 10 * count)
    text = "".join(str(bit) for bit in bits)
    assert values == [int(text[10 * j : 10 * j + 10][::-1], 2) for j in range(count)]
    assert after == want != 0


@pytest.mark.parametrize("share_f", ["column", "neuron", "synapse"])
@pytest.mark.parametrize("share", ["column", "neuron", "synapse"])
def test_the_table_of_draws(share, share_f):
    table = F.draw_table(6, 2, 5, share, share_f)
    units = {"column": 1, "neuron": 3, "synapse": 30}
    assert table.shape == (4, 6, 5)
    for g in range(6):
        for i in range(5):
            number = {"column": 0, "neuron": g // 2, "synapse": 5 * g + i}
            u, f = 3 * number[share], 3 * units[share] + number[share_f]
            assert table[:, g, i].tolist() == [u, u + 1, f, u + 2]
    used = table.unique().tolist()
    assert used == list(range(3 * units[share] + units[share_f]))  # none overlaps, none is idle


@settings(deadline=None)
@given(st.integers(0, 255), st.integers(0, 9), st.integers(0, 2**64 - 1))
def test_seeds_are_24_bits_of_stream_12_and_never_0(layer, column, seed):
    (state,) = F.lfsr_seeds(layer, torch.tensor([column]), seed).tolist()
    assert state == oracle.lfsr_seed(layer, column, seed)
    assert 1 <= state < 2**24


def test_a_seed_of_0_becomes_1(monkeypatch):
    module = importlib.import_module("neutnn_pl.functional.philox")
    words = torch.tensor([0x7F000000, 0x12ABCDEF]).reshape(1, 2, 1, 1)
    monkeypatch.setattr(module, "draw_blocks", lambda *_: words)
    assert F.lfsr_seeds(0, torch.arange(2), 0).tolist() == [1, 0xABCDEF]
