"""Every check of a frozen network, at its boundary and with its whole text; what it derives."""

import numpy as np
import pytest

from hls.errors import InvalidInput, InvalidNetwork
from hls.ir import FrozenLayer, FrozenNetwork, check_stimulus
from tests.hls.ir.networks import LINES, plain, plain_layer, rich, rich_layer


def refused(make):
    with pytest.raises(InvalidNetwork) as error:
        make()
    return str(error.value)


def one_weight(n=1, **settings):
    """A layer of one column, whose inputs all come from line 0."""
    return FrozenLayer(
        np.zeros((1, n, 1, 1, 1), np.uint8),
        np.ones((1, n, 1, 1, 1), bool),
        np.ones((1, n), np.int32),
        np.zeros((1, 1), np.int32),
        **settings,
    )


def test_networks_at_the_edges_are_taken():
    for name in ("a", "a_9", "z" * 63):
        FrozenNetwork(name, 1, 0, (one_weight(horizon=1, wres=1),))
    FrozenNetwork("a", 1, 7, (one_weight(horizon=128, wres=7),))  # 254 output times
    wide = one_weight(horizon=128, wres=7, proximal="enable", proximal_lines=np.zeros(
        (1, 1, 1, 1), np.int32))  # fmt: skip
    FrozenNetwork("a", 1, 7, (wide,), proximal_lines=1)
    for retime in (1, 249):
        FrozenNetwork("a", 1, 3, (one_weight(horizon=retime, retime=retime),))
    FrozenNetwork("a", 1, 3, (one_weight(horizon=255, retime=255, response="snl"),))
    plain(k=2, theta=np.ones((1, 2), np.int32), lines=np.full((1, 5), -1, np.int32))
    plain(lines=np.full((1, 5), 4, np.int32))
    for late in ("drop", "saturate"):
        plain(late=late)
    for wta in ("1-wta", "k-wta", "t-wta", "none"):
        plain(wta=wta)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "9lives"}, "name: got 9lives; expected a lower-case identifier such as "
         "ecg200_96x2"),
        ({"name": "z" * 64}, "name: got " + "z" * 64 + "; expected a lower-case identifier such "
         "as ecg200_96x2"),
        ({"name": "tiny-x"}, "name: got tiny-x; expected a lower-case identifier such as "
         "ecg200_96x2"),
        ({"inputs": 0}, "inputs: got 0; expected >= 1"),
        ({"tres": -1}, "tres: got -1; expected 0 .. 7 bits"),
        ({"tres": 8}, "tres: got 8; expected 0 .. 7 bits"),
        ({"layers": ()}, "layers: got none; expected at least one"),
        ({"votes": np.zeros((1, 2, 3), np.int32)}, "votes: got int32 [1, 2, 3]; expected int8 "
         "[1, 2, K]"),
        ({"votes": np.zeros((1, 2), np.int8)}, "votes: got int8 [1, 2]; expected int8 [1, 2, K]"),
        ({"votes": np.zeros((2, 2, 3), np.int8)}, "votes: got int8 [2, 2, 3]; expected int8 "
         "[1, 2, K]"),
    ],
)  # fmt: skip
def test_fields_of_a_network_are_checked(changes, text):
    fields = {"name": "tiny", "inputs": 5, "tres": 3, "layers": (plain_layer(),), **changes}
    assert refused(lambda: FrozenNetwork(**fields)) == f"frozen network: {text}"


SHAPE = (1, 2, 1, 1, 5)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"weights": np.zeros((1, 2, 5), np.uint8)}, "weights: got shape (1, 2, 5); expected "
         "[C, N, D, S, P], none of them 0"),
        ({"weights": np.zeros((1, 2, 0, 1, 5), np.uint8)}, "weights: got shape (1, 2, 0, 1, 5); "
         "expected [C, N, D, S, P], none of them 0"),
        ({"weights": np.zeros(SHAPE, np.int8)}, "weights: got int8 [1, 2, 1, 1, 5]; expected "
         "uint8 [1, 2, 1, 1, 5]"),
        ({"mask": np.ones((1, 2, 1, 5, 1), bool)}, "mask: got bool [1, 2, 1, 5, 1]; expected bool "
         "[1, 2, 1, 1, 5]"),
        ({"mask": np.ones(SHAPE, np.uint8)}, "mask: got uint8 [1, 2, 1, 1, 5]; expected bool "
         "[1, 2, 1, 1, 5]"),
        ({"theta": np.ones((2, 1), np.int32)}, "theta: got int32 [2, 1]; expected int32 [1, 2]"),
        ({"theta": np.ones((1, 2), np.int64)}, "theta: got int64 [1, 2]; expected int32 [1, 2]"),
        ({"lines": np.zeros((1, 4), np.int32)}, "lines: got int32 [1, 4]; expected int32 [1, 5]"),
        ({"wres": 0}, "wres: got 0; expected 1 .. 7 bits"),
        ({"wres": 8}, "wres: got 8; expected 1 .. 7 bits"),
        ({"response": "lif"}, "response: got 'lif'; expected one of rnl, snl"),
        ({"wta": "2-wta"}, "wta: got '2-wta'; expected one of 1-wta, k-wta, t-wta, none"),
        ({"tie": "random"}, "tie: got 'random'; expected one of index, potential"),
        ({"horizon": 9}, "horizon: got 9; expected 8, the output horizon below it"),
        ({"retime": 6}, "horizon: got 8; expected 6, the output horizon below it"),
        ({"horizon": 250, "retime": 250}, "output horizon: got 256; expected <= 255"),
        ({"k": 0}, "k: got 0; expected 1 .. 2 (the neurons of a column)"),
        ({"k": 3}, "k: got 3; expected 1 .. 2 (the neurons of a column)"),
        ({"wres": 2}, "weights: got up to 7; expected 0 .. 3"),
        ({"mask": np.zeros(SHAPE, bool)}, "weights of pruned synapses: got some that are not 0; "
         "expected all 0"),
        ({"theta": np.array([[1, 0]], np.int32)}, "theta: got 0; expected >= 1"),
        ({"lines": np.array([[0, 1, 2, 3, 5]], np.int32)}, "lines: got 0 .. 5; expected -1 .. 4"),
        ({"lines": np.array([[0, 1, 2, 3, -2]], np.int32)}, "lines: got -2 .. 3; expected -1 .. 4"),
        ({"late": "keep"}, "retime: got 0, keep; expected 0 .. 255, 'drop' or 'saturate'"),
        ({"horizon": 256, "retime": 256, "wres": 1, "response": "snl"}, "output horizon: got 256; "
         "expected <= 255"),
        ({"proximal": "label"}, "proximal: got 'label'; expected one of none, enable, weighted"),
        ({"proximal_lines": np.zeros((1, 2, 1, 1), np.int32)}, "proximal inputs: got some; "
         "expected none (proximal is 'none')"),
        ({"proximal_weights": np.zeros((1, 2, 1, 1, 1), np.uint8)}, "proximal inputs: got some; "
         "expected none (proximal is 'none')"),
        ({"proximal": "enable"}, "proximal_lines: got nothing; expected int32 [1, 2, 1, R]"),
        ({"proximal": "enable", "proximal_lines": np.zeros((1, 2, 1, 1), np.int64)},
         "proximal_lines: got int64 [1, 2, 1, 1]; expected int32 [1, 2, 1, R]"),
        ({"proximal": "enable", "proximal_lines": np.zeros((1, 2, 1), np.int32)},
         "proximal_lines: got int32 [1, 2, 1]; expected int32 [1, 2, 1, R]"),
        ({"proximal": "enable", "proximal_lines": np.zeros((1, 2, 2, 1), np.int32)},
         "proximal_lines: got int32 [1, 2, 2, 1]; expected int32 [1, 2, 1, R]"),
        ({"proximal": "enable", "proximal_lines": np.full((1, 2, 1, 2), -1, np.int32)},
         "proximal_lines: got int32 [1, 2, 1, 2]; expected int32 [1, 2, 1, 1]"),
        ({"proximal": "enable", "proximal_lines": np.array([[[[0]], [[-1]]]], np.int32)},
         "proximal_lines: got -1 .. 0; expected -1 .. -1"),
    ],
)  # fmt: skip
def test_fields_of_a_layer_are_checked(changes, text):
    assert refused(lambda: plain(**changes)) == f"frozen network: layer 0: {text}"


def changed(name, at, value):
    """The rich layer's array with one value changed."""
    array = np.array(getattr(rich_layer(), name))
    array[at] = value
    return array


def pruned_but_not_zero():
    return changed("proximal_weights", tuple(np.argwhere(~rich_layer().proximal_mask)[0]), 1)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"proximal_lines": changed("proximal_lines", (0, 0, 0, 0), LINES)},
         "proximal_lines: got -1 .. 6; expected -1 .. 5"),
        ({"proximal_lines": changed("proximal_lines", (0, 0, 0, 0), -2)},
         "proximal_lines: got -2 .. 5; expected -1 .. 5"),
        ({"proximal_weights": None}, "proximal_weights: got nothing; expected [2, 3, 2, 2, 2]"),
        ({"proximal_mask": None}, "proximal_mask: got nothing; expected [2, 3, 2, 2, 2]"),
        ({"proximal_weights": np.zeros((2, 3, 2, 2, 1), np.uint8)},
         "proximal_weights: got uint8 [2, 3, 2, 2, 1]; expected [2, 3, 2, 2, 2]"),
        ({"proximal_mask": np.ones((2, 3, 2, 1, 2), bool)},
         "proximal_mask: got bool [2, 3, 2, 1, 2]; expected [2, 3, 2, 2, 2]"),
        ({"proximal_wres": 0}, "proximal_weights: got 3; expected 0 bits, 1 .. 7"),
        ({"proximal_wres": 8, "proximal_horizon": 1, "response": "snl"},
         "proximal_weights: got 3; expected 8 bits, 1 .. 7"),
        ({"proximal_weights": np.full((2, 3, 2, 2, 2), 4, np.uint8)},
         "proximal_weights: got 4; expected 2 bits, 1 .. 7"),
        ({"proximal_weights": pruned_but_not_zero()},
         "proximal_weights of pruned synapses: got some that are not 0; expected all 0"),
        ({"proximal_horizon": 254}, "output horizon: got 256; expected <= 255"),
    ],
)  # fmt: skip
def test_weighted_proximal_synapses_are_checked(changes, text):
    assert refused(lambda: rich(**changes)) == f"frozen network: layer 0: {text}"


def test_proximal_resolutions_at_the_edges_are_taken():
    zero = np.zeros((2, 3, 2, 2, 2), np.uint8)
    for bits in (1, 7):
        rich(proximal_wres=bits, proximal_weights=zero)
    full = np.full(zero.shape, 127, np.uint8)
    rich(proximal_wres=7, proximal_weights=full, proximal_mask=np.ones(zero.shape, bool))
    bare = plain(proximal="enable", proximal_lines=np.full((1, 2, 1, 1), -1, np.int32))
    assert not bare.layers[0].plain


def test_a_second_layer_is_checked_against_the_first():
    below = plain_layer()  # 1 column of 2 neurons, 14 output times
    above = one_weight(horizon=14)
    FrozenNetwork("two", 5, 3, (below, above))
    wrong = one_weight(horizon=8)
    assert refused(lambda: FrozenNetwork("two", 5, 3, (below, wrong))) == (
        "frozen network: layer 1: horizon: got 8; expected 14, the output horizon below it"
    )
    FrozenNetwork("two", 5, 3, (below, one_weight(horizon=8, retime=8)))
    both = rich_layer(retime=0, horizon=8)  # 2 columns of 3 neurons: lines 0 .. 5
    last = one_weight(horizon=14)
    last.lines[0, 0] = 5
    FrozenNetwork("two", 5, 3, (both, last), proximal_lines=LINES)
    last.lines[0, 0] = 6
    assert refused(lambda: FrozenNetwork("two", 5, 3, (both, last), proximal_lines=LINES)) == (
        "frozen network: layer 1: lines: got 6 .. 6; expected -1 .. 5"
    )


def test_votes_are_of_the_last_layer():
    layers = (plain_layer(), one_weight(n=3, horizon=14))
    FrozenNetwork("two", 5, 3, layers, votes=np.zeros((1, 3, 9), np.int8))
    assert refused(
        lambda: FrozenNetwork("two", 5, 3, layers, votes=np.zeros((1, 2, 9), np.int8))
    ) == ("frozen network: votes: got int8 [1, 2, 9]; expected int8 [1, 3, K]")


def test_what_a_layer_derives():
    layer = plain_layer()
    assert layer.shape == (1, 2, 1, 1, 5)
    assert (layer.w_max, layer.output_horizon, layer.synapses) == (7, 14, 9)
    assert plain_layer(response="snl").output_horizon == 8
    assert plain_layer(wres=1).output_horizon == 8
    assert layer.plain
    assert not plain_layer(retime=4).plain
    assert not plain_layer(proximal="enable").plain
    assert not plain_layer(weights=np.zeros((1, 2, 2, 1, 5), np.uint8)).plain
    assert not plain_layer(weights=np.zeros((1, 2, 1, 2, 5), np.uint8)).plain
    stale = np.full(layer.shape, 5, np.uint8)
    effective = plain_layer(weights=stale).effective
    assert effective.dtype == np.uint8
    assert effective[0, :, 0, 0, :2].tolist() == [[0, 5], [5, 5]]


def test_output_horizon_with_proximal_weights_is_the_larger_of_the_two():
    assert rich_layer().output_horizon == 12 + 3 - 1
    assert rich_layer(proximal_horizon=2).output_horizon == 5 + 7 - 1
    assert rich_layer(response="snl").output_horizon == 12
    assert rich_layer(response="snl", proximal_horizon=2).output_horizon == 5
    assert rich_layer(proximal="enable").output_horizon == 5 + 7 - 1
    layer = rich_layer()
    assert layer.synapses == int(layer.mask.sum()) + int(layer.proximal_mask.sum())


def test_what_a_network_derives():
    network = FrozenNetwork("two", 5, 3, (plain_layer(), one_weight(n=4, horizon=14)))
    assert network.horizon == 8
    assert network.synapses == 9 + 4
    assert FrozenNetwork("one", 1, 0, (one_weight(horizon=1),)).horizon == 1


def test_a_layer_can_be_replaced():
    layers = (plain_layer(), one_weight(n=4, horizon=14))
    network = FrozenNetwork("two", 5, 3, layers)
    other = network.with_layer(1, tie="potential", k=4)
    assert [layer.tie for layer in other.layers] == ["index", "potential"]
    assert [layer.k for layer in other.layers] == [1, 4]
    assert [layer.tie for layer in network.layers] == ["index", "index"]
    assert isinstance(other.layers, tuple)
    with pytest.raises(InvalidNetwork, match="layer 0: k: got 3"):
        network.with_layer(0, k=3)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.zeros((2, 4), np.uint8), "spike times: got shape (2, 4); expected [samples, 5]"),
        (np.zeros(5, np.uint8), "spike times: got shape (5,); expected [samples, 5]"),
        (np.zeros((1, 5, 1), np.uint8), "spike times: got shape (1, 5, 1); expected [samples, 5]"),
        (np.zeros((2, 5)), "spike times: got dtype float64; expected uint8. Encode the data first"),
        ([[0, 0, 0, 0, 0], [0, 8, 0, -1, 0]], "spike time of sample 1, line 1: got 8; expected "
         "0 .. 7, or 255 for no spike. Encode with the network's temporal resolution"),
        ([[0, 0, -1, 0, 0]], "spike time of sample 0, line 2: got -1; expected 0 .. 7, or 255 for "
         "no spike. Encode with the network's temporal resolution"),
        ([[0, 0, 0, 254, 256]], "spike time of sample 0, line 3: got 254; expected 0 .. 7, or 255 "
         "for no spike. Encode with the network's temporal resolution"),
    ],
)  # fmt: skip
def test_stimuli_that_do_not_fit_are_named(x, text):
    with pytest.raises(InvalidInput) as error:
        check_stimulus(plain(), x)
    assert str(error.value) == text


def test_a_good_stimulus_is_returned_as_bytes_in_a_row():
    x = np.asfortranarray([[0, 7, 255, 1, 2], [0, 0, 0, 0, 0]])
    good = check_stimulus(plain(), x)
    assert good.dtype == np.uint8
    assert good.flags.c_contiguous
    assert good.tolist() == x.tolist()
    assert check_stimulus(plain(), np.zeros((0, 5), np.int64)).shape == (0, 5)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"lfsr": None}, "lfsr: got registers or draws alone; expected both, or neither"),
        ({"learning": None}, "learning: .*expected constants with 'taps' and 'lfsr_width'"),
        ({"lfsr": np.ones(3, np.int64)}, r"lfsr: got int64 \[3\]; expected int64 \[2\]"),
        ({"lfsr": np.array([0, 1])}, r"lfsr: got 0; expected states 1 .. 2\*\*32 - 1"),
        ({"lfsr": np.array([1, 2**32])}, r"lfsr: got 1; expected states 1 .. 2\*\*32 - 1"),
        ({"lfsr_draws": np.zeros((4, 12, 5), np.int32)}, r"lfsr_draws: got int32 \[4, 12, 5\]; e"),
        ({"lfsr_draws": np.full((4, 12, 6), -1, np.int32)}, "lfsr_draws: got -1; expected >= 0"),
    ],
)
def test_registers_are_checked(changes, text):
    with pytest.raises(InvalidNetwork, match=text):
        rich(**changes)


def test_registers_at_their_edges_are_taken():
    assert rich(lfsr=np.array([1, 2**32 - 1])).layers[0].lfsr is not None
