"""Frozen networks on disk."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from hls.errors import InvalidInput, InvalidNetwork, Mismatch
from hls.ir import FrozenLayer, FrozenNetwork, Outputs, check_stimulus, compare, load, save, store
from hls.ir.store import _digest
from tests.hls.ir.networks import rich, rich_layer


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


def test_everything_survives_a_round_trip(tmp_path):
    saved = rich()
    loaded = load(save(saved, tmp_path / "deep" / "er" / "frozen"))
    assert loaded.hash == saved.hash
    assert (loaded.name, loaded.inputs, loaded.tres, loaded.proximal_lines) == ("rich", 5, 3, 6)
    assert loaded.votes.dtype == np.int8
    assert np.array_equal(loaded.votes, saved.votes)
    for field in dataclasses.fields(saved.layers[0]):
        mine, its = getattr(saved.layers[0], field.name), getattr(loaded.layers[0], field.name)
        assert mine is not None
        if isinstance(mine, np.ndarray):
            assert mine.dtype == its.dtype
            assert np.array_equal(mine, its)
        else:
            assert mine == its
            assert type(mine) is type(its)


def documented_hash(directory):
    """SHA-256 of the canonical JSON without the hash, then of each array, in name order."""
    document = json.loads((directory / "network.json").read_text("utf-8"))
    del document["hash"]
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    arrays = dict(np.load(directory / "arrays.npz"))
    content = text.encode()
    for name in sorted(arrays):
        array = arrays[name]
        content += f"{name}\0{array.dtype.name}\0{list(array.shape)}\0".encode()
        content += array.astype(array.dtype.newbyteorder("<")).tobytes("C")
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("make", [network, rich])
def test_the_hash_is_the_documented_one(tmp_path, make):
    saved = make()
    directory = save(saved, tmp_path / "frozen")
    assert json.loads((directory / "network.json").read_text("utf-8"))["hash"] == saved.hash
    assert documented_hash(directory) == saved.hash


def test_the_format_is_pinned(tmp_path):
    directory = save(rich(), tmp_path / "frozen")
    document = json.loads((directory / "network.json").read_text("utf-8"))
    assert list(document) == [
        "format", "version", "name", "inputs", "tres", "proximal_lines", "layers", "arrays", "hash",
    ]  # fmt: skip
    assert (document["format"], document["version"]) == ("neutnn-frozen", 1)
    assert document["layers"] == [
        {
            "wres": 3, "response": "rnl", "horizon": 5, "wta": "k-wta", "k": 2, "tie": "potential",
            "retime": 5, "late": "saturate", "proximal": "weighted", "proximal_wres": 2,
            "proximal_horizon": 12,
            "learning": {"kind": "stdp", "note": "gamma \u03b3", "taps": 9, "lfsr_width": 32},
        }
    ]  # fmt: skip
    assert [tuple(entry.values()) for entry in document["arrays"]] == [
        ("layer0_lfsr", "int64", [2]),
        ("layer0_lfsr_draws", "int32", [4, 12, 6]),
        ("layer0_lines", "int32", [2, 4]),
        ("layer0_mask", "bool", [2, 3, 2, 2, 4]),
        ("layer0_proximal_lines", "int32", [2, 3, 2, 2]),
        ("layer0_proximal_mask", "bool", [2, 3, 2, 2, 2]),
        ("layer0_proximal_weights", "uint8", [2, 3, 2, 2, 2]),
        ("layer0_theta", "int32", [2, 3]),
        ("layer0_weights", "uint8", [2, 3, 2, 2, 4]),
        ("votes", "int8", [2, 3, 4]),
    ]
    assert [set(entry) for entry in document["arrays"]] == [{"name", "dtype", "shape"}] * 10
    assert sorted(np.load(directory / "arrays.npz").files) == [
        entry["name"] for entry in document["arrays"]
    ]


def test_the_hash_sees_every_array_and_every_setting():
    base = rich().layers[0]
    hashes = {rich().hash}
    for name in ("weights", "theta", "lines", "proximal_weights", "lfsr", "lfsr_draws"):
        array = getattr(base, name).copy()
        at = tuple(np.argwhere(array > 1)[0])
        array[at] -= 1
        hashes.add(rich(**{name: array}).hash)
    for changes in (
        {"wta": "none"}, {"k": 1}, {"tie": "index"}, {"late": "drop"}, {"proximal_horizon": 11},
        {"learning": None, "lfsr": None, "lfsr_draws": None}, {"lfsr": None, "lfsr_draws": None},
        {"learning": {"kind": "stdp", "taps": 9, "lfsr_width": 32}},
    ):  # fmt: skip
        hashes.add(rich(**changes).hash)
    votes = -rich().votes
    hashes |= {dataclasses.replace(rich(), **{name: value}).hash for name, value in (
        ("name", "poor"), ("inputs", 6), ("proximal_lines", 7), ("votes", votes), ("votes", None),
    )}  # fmt: skip
    assert len(hashes) == 1 + 6 + 8 + 5


def test_the_order_of_bytes_in_memory_does_not_matter(tmp_path):
    turned = rich(
        weights=np.asfortranarray(rich_layer().weights),
        lfsr_draws=np.asfortranarray(rich_layer().lfsr_draws),
    )
    assert turned.hash == rich().hash
    assert load(save(turned, tmp_path / "frozen")).hash == rich().hash


def test_a_directory_that_is_there_is_replaced(tmp_path):
    path = tmp_path / "frozen"
    save(network(), path)
    (path / "old").write_text("")
    assert save(network(tie="potential"), str(path)) == path
    assert load(path).layers[0].tie == "potential"
    assert sorted(p.name for p in path.iterdir()) == ["arrays.npz", "network.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["frozen"]
    assert path.stat().st_mode & 0o777 == 0o755


def test_saving_that_is_cut_leaves_what_was_there(tmp_path, monkeypatch):
    path = save(network(), tmp_path / "frozen")
    seen = []

    def cut(file, document):
        seen.append(file)
        assert (file.parent / "arrays.npz").stat().st_size > 0
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_json", cut)
    with pytest.raises(KeyboardInterrupt):
        save(network(tie="potential"), path)
    assert load(path).layers[0].tie == "index"
    assert [p.name for p in tmp_path.iterdir()] == ["frozen"]
    assert seen[0].name == "network.json"
    assert seen[0].parent.parent == tmp_path
    assert seen[0].parent.name.startswith(".frozen.")


def refused(path):
    with pytest.raises(InvalidNetwork) as error:
        load(path)
    return str(error.value)


AGAIN = "Export it again with 'neutnn export'"


def test_errors_in_full(frozen, tmp_path):
    json_path, arrays_path = frozen / "network.json", frozen / "arrays.npz"
    document, arrays = json.loads(json_path.read_text()), dict(np.load(arrays_path))
    assert refused(tmp_path / "none") == (
        f"no frozen network at {tmp_path / 'none'}: got No such file or directory; "
        "expected network.json and arrays.npz. Make one with 'neutnn export RUN'"
    )
    edit(frozen, lambda d: d["layers"][0].update(tie="potential"))
    found = _digest(json.loads(json_path.read_text()), arrays)
    assert refused(str(frozen)) == (
        f"{frozen}: the content does not fit its hash: got {found[:12]}; "
        f"expected {document['hash'][:12]}. It was edited or damaged. {AGAIN}"
    )
    json_path.write_text("[1, 2")
    assert refused(frozen) == (
        f"{json_path} is not JSON: got Expecting ',' delimiter: line 1 column 6 (char 5); "
        f"expected a whole file. {AGAIN}"
    )
    json_path.write_bytes(b'"\xff"')
    assert refused(frozen).startswith(f"{json_path} is not JSON: got 'utf-8' codec can't decode")
    json_path.write_text("[]")
    assert refused(frozen) == (
        f"{json_path}: the document is against the schema: got [] is not of type 'object'; "
        f"expected a frozen network, version 1. {AGAIN}"
    )
    json_path.write_text(json.dumps({**document, "version": 2}))
    assert refused(frozen) == (
        f"{json_path}: a newer format: got version 2; expected version 1 or older. "
        "Upgrade neutnn-pl"
    )
    for version in (0, "2"):
        json_path.write_text(json.dumps({**document, "version": version}))
        assert refused(frozen).startswith(f"{json_path}: version is against the schema: got ")


def test_the_first_error_against_the_schema_is_the_first_by_its_path(frozen):
    def change(document):
        document.update(name="9lives", inputs=0)
        document["layers"][0].update(wta="2-wta", k=0)

    edit(frozen, change)
    assert refused(frozen) == (
        f"{frozen / 'network.json'}: inputs is against the schema: got 0 is less than the minimum "
        f"of 1; expected a frozen network, version 1. {AGAIN}"
    )


def test_errors_of_arrays_in_full(frozen):
    path = frozen / "arrays.npz"
    arrays = dict(np.load(path))
    whole = path.read_bytes()
    path.write_bytes(b"PK")
    start, end = f"{path} cannot be read: got ", f"; expected a whole .npz file. {AGAIN}"
    text = refused(frozen)
    assert text.startswith(start)
    assert text.endswith(end)
    assert text[len(start) : -len(end)] not in ("", "None")
    path.unlink()
    assert refused(frozen) == f"{start}[Errno 2] No such file or directory: '{path}'{end}"
    path.write_bytes(whole)
    wrong = {**arrays, "more": arrays["layer0_theta"]}
    wrong["layer0_mask"] = wrong["layer0_mask"].astype(np.uint8)
    del wrong["layer0_lines"]
    np.savez(path, **wrong)
    assert refused(frozen) == (
        f"{path}: arrays layer0_lines, layer0_mask, more: "
        "got ['missing', ('uint8', [1, 2, 1, 1, 5]), ('int32', [1, 2])]; "
        "expected [('int32', [1, 5]), ('bool', [1, 2, 1, 1, 5]), 'nothing']. "
        f"{AGAIN}"
    )


def rewrite(frozen, arrays):
    """Write other arrays, with a manifest and a hash that fit them."""
    np.savez(frozen / "arrays.npz", **arrays)
    described = [
        {"name": name, "dtype": str(a.dtype), "shape": list(a.shape)} for name, a in arrays.items()
    ]
    edit(frozen, lambda d: d.update(arrays=described), rehash=True)


def test_arrays_that_no_network_has_are_named(frozen):
    arrays = dict(np.load(frozen / "arrays.npz"))
    needed = "['layer0_lines', 'layer0_mask', 'layer0_theta', 'layer0_weights']"
    rewrite(frozen, {**arrays, "layer1_theta": arrays["layer0_theta"]})
    assert refused(frozen) == (
        f"{frozen}: arrays: got ['layer0_lines', 'layer0_mask', 'layer0_theta', 'layer0_weights', "
        f"'layer1_theta']; expected {needed}. {AGAIN}"
    )
    del arrays["layer0_lines"]
    rewrite(frozen, arrays)
    assert refused(frozen) == (
        f"{frozen}: arrays: got ['layer0_mask', 'layer0_theta', 'layer0_weights']; "
        f"expected {needed}. {AGAIN}"
    )


def test_a_pickle_in_the_arrays_is_never_run(frozen, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    arrays = dict(np.load(frozen / "arrays.npz"))
    arrays["layer0_theta"] = np.array([[Trap(), Trap()]], dtype=object)
    np.savez(frozen / "arrays.npz", **arrays)
    assert "arrays.npz cannot be read: got Object arrays cannot be loaded" in refused(frozen)
    assert not (tmp_path / "sprung").exists()


def test_a_parent_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput) as error:
        save(network(), tmp_path / "file" / "frozen")
    assert str(error.value).startswith(f"cannot write to {tmp_path / 'file'}: got ")


def test_the_encoder_is_part_of_the_content(tmp_path):
    encoder = {"kind": "MinMax", "settings": {"tres": 3}, "fitted": {"low": 0.1, "high": 1 / 3}}
    with_encoder = dataclasses.replace(network(), encoder=encoder)
    assert with_encoder.hash != network().hash
    save(with_encoder, tmp_path / "frozen")
    loaded = load(tmp_path / "frozen")
    assert loaded.encoder == encoder
    assert loaded.hash == with_encoder.hash
    without = save(network(), tmp_path / "without") / "network.json"
    assert "encoder" not in json.loads(without.read_text())
    with pytest.raises(
        InvalidNetwork, match=r"encoder: got \['kind'\]; expected kind, settings and fitted"
    ):
        dataclasses.replace(network(), encoder={"kind": "MinMax"})
