"""Random numbers: published vectors, and every coordinate of the draws."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnn_pl import functional as F
from neutnn_pl import nn
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


@settings(max_examples=200, deadline=None)
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
    some = {(0, 0), (segments - 1, inputs - 1), (segments // 2, inputs // 3)}
    for stream in (0, 2):
        case, search = F.synapse_words(cycle, stream, *at), F.search_draws(cycle, stream + 1, *at)
        for g, i in some:
            where = (layer, column, g, i)
            word = oracle.synapse_word(gamma, stream, *where, inputs, seed)
            assert int(case[0, 0, g, i]) == word
            draw = oracle.search_draw(gamma, stream + 1, *where, segments, seed)
            assert int(search[0, 0, g, i]) == draw
    for stream in (4, 5, 6):
        ties = F.tie_words(cycle, stream, layer, torch.tensor([column]), segments, seed)
        for unit in {0, segments // 2, segments - 1}:
            word = oracle.tie_word(gamma, stream, layer, column, unit, seed)
            assert int(ties[0, 0, unit]) == word
    shape = (2, segments, inputs)
    votes = F.vote_draws(cycle, shape, seed)
    assert votes.shape == (1, *shape)
    for g, i in some:
        draw = oracle.vote_draw(gamma, (segments + g) * inputs + i, seed)
        assert int(votes[0, 1, g, i]) == draw


def test_initial_weights_are_the_scaled_words_of_streams_8_and_9():
    for stream in (8, 9):
        weights = F.initial_weights(3, torch.tensor([2, 5]), 2, 6, 3, seed=9, stream=stream)
        for c, column in enumerate((2, 5)):
            for g in range(2):
                words = [oracle.synapse_word(0, stream, 3, column, g, i, 6, 9) for i in range(6)]
                assert weights[c, g].tolist() == [word * 4 >> 32 for word in words]


def test_fresh_layers_draw_both_sides_with_their_number():
    layer = nn.Layer(
        6, 2, theta=5, columns=2, segments=3, proximal="weighted", proximal_inputs=5,
        proximal_wres=2,
    )  # fmt: skip
    layer.reset(seed=7, index=4)
    for c in range(2):
        assert int(layer.lfsr[c]) == oracle.lfsr_seed(4, c, 7)
        for g in range(6):
            n, s = divmod(g, 3)
            words = [oracle.synapse_word(0, 8, 4, c, g, i, 6, 7) for i in range(6)]
            assert layer.weights[c, n, 0, s].tolist() == [word * 8 >> 32 for word in words]
            words = [oracle.synapse_word(0, 9, 4, c, g, i, 5, 7) for i in range(5)]
            assert layer.proximal_weights[c, n, 0, s].tolist() == [w * 4 >> 32 for w in words]


def test_initial_weights_cover_their_range():
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
