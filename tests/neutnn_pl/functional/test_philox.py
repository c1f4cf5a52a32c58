"""Random numbers: published vectors, and every coordinate of the draws."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from neutnn_pl import functional as F
from tests import oracle

U32 = st.integers(0, 2**32 - 1)

# Known-answer vectors of Philox-4x32-10 that come with the authors' library Random123.
KNOWN = [
    ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        0xFFFFFFFF_FFFFFFFF,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        0x299F31D0_A4093822,
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def words(counter, seed):
    return tuple(F.philox(tuple(torch.tensor(c) for c in counter), seed).tolist())


def test_published_known_answers():
    for counter, key, answer in KNOWN:
        assert words(counter, key) == answer


@given(st.tuples(U32, U32, U32, U32), st.integers(0, 2**64 - 1))
def test_equals_plain_integers(counter, seed):
    assert list(words(counter, seed)) == oracle.philox(counter, seed)


@given(
    st.integers(0, 2**52 - 1),
    st.integers(0, 255),
    st.integers(0, 5),
    st.integers(1, 30),
    st.integers(1, 13),
    st.integers(0, 2**64 - 1),
)
def test_coordinates_of_every_stream(gamma, layer, column, segments, inputs, seed):
    at = (layer, torch.tensor([column]), segments, inputs, seed)
    cycle = torch.tensor([gamma])
    case, search = F.synapse_words(cycle, 0, *at), F.search_draws(cycle, 1, *at)
    pb, gb = -(-inputs // 4), -(-segments // 12)
    for g, i in {(0, 0), (segments - 1, inputs - 1), (segments // 2, inputs // 3)}:
        block = oracle.philox(oracle.counter(gamma, 0, layer, column, g * pb + i % pb), seed)
        assert int(case[0, 0, g, i]) == block[i // pb]
        block = oracle.philox(oracle.counter(gamma, 1, layer, column, i * gb + g // 12), seed)
        r = g % 12
        assert int(search[0, 0, g, i]) == block[r % 4] >> (10 * (r // 4)) & 1023
    ties = F.tie_words(cycle, 6, layer, torch.tensor([column]), segments, seed)
    unit = segments - 1
    block = oracle.philox(oracle.counter(gamma, 6, layer, column, unit // 4), seed)
    assert int(ties[0, 0, unit]) == block[unit % 4]


def test_initial_weights_are_the_scaled_words_of_stream_8():
    weights = F.initial_weights(3, torch.tensor([0, 7]), 2, 5, 7, seed=9)
    assert weights.dtype == torch.uint8
    word = oracle.philox(oracle.counter(0, 8, 3, 7, 1 * 2 + 4 % 2), 9)[4 // 2]
    assert int(weights[1, 1, 4]) == word * 8 >> 32
    many = F.initial_weights(0, torch.arange(100), 4, 50, 7, seed=1)
    assert sorted(many.unique().tolist()) == list(range(8))


def test_order_of_samples():
    order = F.sample_order(2, 50, seed=5).tolist()
    word = [oracle.philox((j, 10 << 8, 2, 0), 5)[0] for j in range(50)]
    assert order == sorted(range(50), key=lambda j: (word[j], j))
    assert order != F.sample_order(3, 50, seed=5).tolist()
