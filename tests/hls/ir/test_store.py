"""Frozen networks on disk."""

import json

import numpy as np
import pytest

from hls.errors import InvalidInput, InvalidNetwork, Mismatch
from hls.ir import FrozenLayer, FrozenNetwork, Outputs, check_stimulus, compare, load, save
from hls.ir.store import _digest


def network(**changes):
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 8, (1, 2, 1, 1, 5), dtype=np.uint8)
    mask = np.ones(weights.shape, dtype=bool)
    mask[0, 0, 0, 0, 0] = False
    weights[~mask] = 0
    layer = {
        "weights": weights,
        "mask": mask,
        "theta": np.full((1, 2), 9, dtype=np.int32),
        "lines": np.arange(5, dtype=np.int32)[None],
    }
    return FrozenNetwork("tiny_5x2", 5, 3, (FrozenLayer(**{**layer, **changes}),))


def test_what_is_saved_is_loaded(tmp_path):
    saved = network()
    save(saved, tmp_path / "frozen")
    loaded = load(tmp_path / "frozen")
    assert loaded.hash == saved.hash
    for name in ("weights", "mask", "theta", "lines"):
        mine, its = getattr(saved.layers[0], name), getattr(loaded.layers[0], name)
        assert mine.dtype == its.dtype
        assert np.array_equal(mine, its)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["frozen"]


def test_the_hash_is_of_the_content(tmp_path):
    one, other = network(), network()
    assert one.hash == other.hash
    for changes in (
        {"theta": np.full((1, 2), 8, dtype=np.int32)},
        {"tie": "potential"},
        {"wta": "t-wta"},
        {"lines": np.array([[0, 1, 2, 4, 3]], dtype=np.int32)},
    ):
        assert network(**changes).hash != one.hash


@pytest.fixture
def frozen(tmp_path):
    return save(network(), tmp_path / "frozen")


def edit(frozen, change, rehash=False):
    path = frozen / "network.json"
    document = json.loads(path.read_text())
    change(document)
    if rehash:
        arrays = dict(np.load(frozen / "arrays.npz"))
        document["hash"] = _digest(document, arrays)
    path.write_text(json.dumps(document))


def test_no_network_there(tmp_path):
    with pytest.raises(InvalidNetwork, match=r"no frozen network at .*none: got No such file"):
        load(tmp_path / "none")


def test_a_truncated_json(frozen):
    path = frozen / "network.json"
    path.write_text(path.read_text()[:200])
    with pytest.raises(InvalidNetwork, match="network.json is not JSON: got .*; expected a whole"):
        load(frozen)


@pytest.mark.parametrize("cut", [10, -30])
def test_truncated_arrays(frozen, cut):
    path = frozen / "arrays.npz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InvalidNetwork, match=r"arrays.npz cannot be read: got .*Export it again"):
        load(frozen)


def test_a_flipped_bit_in_the_arrays(frozen):
    arrays = dict(np.load(frozen / "arrays.npz"))
    arrays["layer0_weights"][0, 1, 0, 0, 2] ^= 1
    np.savez_compressed(frozen / "arrays.npz", **arrays)
    with pytest.raises(InvalidNetwork, match="the content does not fit its hash: got .*edited or"):
        load(frozen)


def test_an_edited_json(frozen):
    edit(frozen, lambda d: d["layers"][0].update(tie="potential"))
    with pytest.raises(InvalidNetwork, match="the content does not fit its hash"):
        load(frozen)


def test_a_newer_version(frozen):
    edit(frozen, lambda d: d.update(version=2))
    with pytest.raises(
        InvalidNetwork, match="a newer format: got version 2; expected version 1 or older. Upgrade"
    ):
        load(frozen)


def test_against_the_schema(frozen):
    edit(frozen, lambda d: d["layers"][0].update(wta="2-wta"))
    with pytest.raises(InvalidNetwork, match="layers/0/wta is against the schema: got '2-wta'"):
        load(frozen)


def test_a_missing_array(frozen):
    arrays = dict(np.load(frozen / "arrays.npz"))
    del arrays["layer0_mask"]
    np.savez_compressed(frozen / "arrays.npz", **arrays)
    with pytest.raises(InvalidNetwork, match=r"arrays layer0_mask: got \['missing'\]"):
        load(frozen)


def test_hand_edited_with_a_new_hash_is_still_checked(frozen):
    edit(frozen, lambda d: d.update(tres=2), rehash=True)
    with pytest.raises(InvalidNetwork, match="layer 0: horizon: got 8; expected 4"):
        load(frozen)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"weights": np.full((1, 2, 1, 1, 5), 8, np.uint8)}, r"weights: got up to 8; expected 0"),
        ({"theta": np.zeros((1, 2), np.int32)}, "theta: got 0; expected >= 1"),
        ({"theta": np.ones((1, 3), np.int32)}, r"theta: got int32 \[1, 3\]; expected int32 \[1, 2"),
        ({"mask": np.zeros((1, 2, 1, 1, 5), bool)}, "weights of pruned synapses: got some that"),
        ({"lines": np.full((1, 5), 5, np.int32)}, r"lines: got 5 .. 5; expected -1 .. 4"),
        ({"k": 3}, r"k: got 3; expected 1 .. 2"),
        ({"tie": "random"}, "tie: got 'random'; expected one of index, potential"),
        ({"wres": 8}, r"wres: got 8; expected 1 .. 7 bits"),
    ],
)
def test_impossible_networks_are_named(changes, text):
    with pytest.raises(InvalidNetwork, match=f"frozen network: layer 0: {text}"):
        network(**changes)


def test_a_name_that_is_no_identifier():
    with pytest.raises(InvalidNetwork, match="name: got 9lives; expected a lower-case identifier"):
        FrozenNetwork("9lives", 5, 3, network().layers)


def test_stimulus_is_checked():
    good = check_stimulus(network(), np.full((2, 5), 255))
    assert good.dtype == np.uint8
    with pytest.raises(InvalidInput, match=r"got shape \(2, 4\); expected \[samples, 5\]"):
        check_stimulus(network(), np.zeros((2, 4), np.uint8))
    with pytest.raises(InvalidInput, match="sample 1, line 4: got 8; expected 0 .. 7, or 255"):
        check_stimulus(network(), np.array([[0] * 5, [0, 0, 0, 0, 8]]))
    with pytest.raises(InvalidInput, match="got dtype float64; expected uint8. Encode the data"):
        check_stimulus(network(), np.zeros((2, 5)))


def test_winner_and_time_follow_from_the_spike_times():
    y = np.array([[[255, 3, 3]], [[255, 255, 255]]], dtype=np.uint8)
    outputs = Outputs(y)
    assert outputs.winner.tolist() == [[1], [-1]]
    assert outputs.time.tolist() == [[3], [255]]
    back = Outputs.from_winners(np.array([[1], [-1]]), np.array([[3], [255]]), 3)
    assert back.y.tolist() == [[[255, 3, 255]], [[255, 255, 255]]]


def test_a_mismatch_says_where_what_and_how_many():
    expected = np.full((4, 1, 2), 255, dtype=np.uint8)
    got = expected.copy()
    got[2, 0, 1] = 6
    assert compare("c", Outputs(expected), Outputs(expected)) == 4
    with pytest.raises(Mismatch) as error:
        compare("c", Outputs(expected), Outputs(got))
    assert str(error.value) == (
        "rung c does not compute what the reference computes: 1 of 8 spike times differ, "
        "in 1 of 4 samples\n  sample 2, column 0, neuron 1: expected no spike, got t=6"
    )


def test_a_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot write to .*; expected a directory that you may"):
        save(network(), tmp_path / "file" / "frozen")
