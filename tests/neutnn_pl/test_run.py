"""`neutnn run`: every layer's spike times, proximal inputs, answers, and what is refused."""

import shutil

import numpy as np
import pytest
import torch

from hls.errors import InvalidInput, Unsupported
from hls.ir import save
from neutnn_pl import functional as F
from neutnn_pl import nn
from neutnn_pl.cli import main
from neutnn_pl.run import predict, run
from tests.neutnn_pl.test_golden import DOCUMENTS, PLAIN, make_golden

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is missing")
WITHOUT_LEARNING = [name for name, document in DOCUMENTS.items() if not document["rule"]]


def frozen(name):
    return make_golden.network_of(DOCUMENTS[name]).freeze(name)


@pytest.fixture
def answers(tmp_path):
    """Runs a network on arrays and returns what was written."""

    def call(network, target="reference", **arrays):
        save(network, tmp_path / "run" / "frozen")
        x = arrays.pop("x")
        path = tmp_path / ("x.npz" if arrays else "x.npy")
        np.savez(path, x=x, **arrays) if arrays else np.save(path, x)
        run(tmp_path / "run", path, tmp_path / "y.npz", target)
        with np.load(tmp_path / "y.npz", allow_pickle=False) as content:
            return {key: content[key] for key in content.files}

    return call


@pytest.mark.parametrize("name", WITHOUT_LEARNING)
def test_every_layer_of_every_golden_trace_without_learning(name, answers):
    samples = DOCUMENTS[name]["samples"]
    arrays = {"x": np.array([sample["x"] for sample in samples], np.uint8)}
    if "proximal" in samples[0]:
        arrays["proximal"] = np.array([sample["proximal"] for sample in samples], np.uint8)
    found = answers(frozen(name), **arrays)
    steps = [[step["y"] for step in sample["layers"] if "y" in step] for sample in samples]
    layers = len(steps[0])
    assert set(found) == {"y", "winner", "time", *(f"layer{i}" for i in range(layers))}
    for index in range(layers):
        assert found[f"layer{index}"].dtype == np.uint8
        assert found[f"layer{index}"].tolist() == [step[index] for step in steps]
    assert found["y"].tolist() == found[f"layer{layers - 1}"].tolist()


@pytest.mark.parametrize("name", WITHOUT_LEARNING)
def test_numba_gives_every_layer_too(name, answers):
    samples = DOCUMENTS[name]["samples"]
    arrays = {"x": np.array([sample["x"] for sample in samples], np.uint8)}
    if "proximal" in samples[0]:
        arrays["proximal"] = np.array([sample["proximal"] for sample in samples], np.uint8)
    want, found = answers(frozen(name), **arrays), answers(frozen(name), "numba", **arrays)
    assert set(found) == set(want)
    assert all((found[key] == want[key]).all() for key in want)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_triton_needs_a_device(answers):
    with pytest.raises(Unsupported) as caught:
        answers(frozen("two_layers"), "triton", x=np.array([[0, 2]], np.uint8))
    assert str(caught.value) == (
        "target triton: got no CUDA device; expected one. Choose the target 'numba' or 'reference'"
    )


@needs_gcc
@pytest.mark.parametrize("name", WITHOUT_LEARNING)
def test_c_gives_what_the_reference_gives(name, answers):
    samples = DOCUMENTS[name]["samples"]
    arrays = {"x": np.array([sample["x"] for sample in samples], np.uint8)}
    if "proximal" in samples[0]:
        arrays["proximal"] = np.array([sample["proximal"] for sample in samples], np.uint8)
    reference, c = (answers(frozen(name), target, **arrays) for target in ("reference", "c"))
    assert set(reference) == set(c)
    for key, value in reference.items():
        assert value.dtype == c[key].dtype
        assert value.tolist() == c[key].tolist()


@needs_icarus
@pytest.mark.parametrize("name", WITHOUT_LEARNING)
def test_rtl_gives_what_the_reference_gives_layer_by_layer(name, answers):
    samples = DOCUMENTS[name]["samples"]
    arrays = {"x": np.array([sample["x"] for sample in samples], np.uint8)}
    if "proximal" in samples[0]:
        arrays["proximal"] = np.array([sample["proximal"] for sample in samples], np.uint8)
    network = frozen(name)
    if any(layer.retime and layer.late == "saturate" for layer in network.layers):
        with pytest.raises(Unsupported, match="got a retimed input, late spikes saturate"):
            answers(network, "icarus", **arrays)
        return
    reference, rtl = (answers(network, target, **arrays) for target in ("reference", "icarus"))
    assert set(reference) == set(rtl)
    assert all(rtl[key].tolist() == reference[key].tolist() for key in reference)


@needs_gcc
def test_thresholds_with_fatigue_and_random_ties_in_c():
    """Evaluation adds fatigue to the thresholds, and takes random ties by potential."""
    layer = nn.Layer(
        6, 4, theta=6, columns=2, segments=2, tie="random", homeostasis=nn.Homeostasis(5, 1, 1)
    )
    network = nn.Network(layer, tres=3)
    network.reset(1)
    network.use_kernel("reference")
    x = torch.randint(0, 8, (60, 6), generator=torch.Generator().manual_seed(1)).byte()
    network.learn(x, nn.STDP(), seed=1)
    assert layer.fatigue.max() > 2
    found = predict(network.freeze("tired"), x.numpy(), "c")[0].y
    assert found.tolist() == network(x).tolist()


@needs_gcc
def test_a_voter_answers_on_every_target(answers):
    network = nn.Network(
        nn.Layer(3, 2, theta=4, columns=3, wta="none"), voter=nn.Voter(3, 2, 4), tres=3
    )
    network.reset(3)
    network.voter.votes.copy_(torch.arange(-12, 12).reshape(3, 2, 4) % 7)
    x = torch.randint(0, 9, (30, 3), generator=torch.Generator().manual_seed(1)).byte()
    x[x == 8] = 255
    want = network.answer(network(x))
    for target in ("reference", "c"):
        found = answers(network.freeze("votes"), target, x=x.numpy())
        assert found["answer"].dtype == np.int64
        assert found["answer"].tolist() == want.tolist()
    assert want.tolist() == F.elected(F.votes(network(x), network.voter.votes)).tolist()
    assert len(set(want.tolist())) > 1


def test_without_proximal_inputs_all_are_enabled_or_silent():
    x = np.array([[0, 1, 2]], np.uint8)
    ones = np.ones((1, 2), np.uint8)
    network = frozen("enable")
    assert (predict(network, x)[0].y == predict(network, x, proximal=ones)[0].y).all()
    silent = np.full((1, 4), 255, np.uint8)
    x, network = x[:, :2], frozen("weighted")
    assert (predict(network, x)[0].y == predict(network, x, proximal=silent)[0].y).all()


@pytest.mark.parametrize(
    ("name", "proximal", "text"),
    [
        ("rnl", np.zeros((1, 2), np.uint8),
         r"proximal inputs: got shape \(1, 2\); expected none: no layer of this network has any"),
        ("enable", np.zeros((2, 2), np.uint8),
         r"proximal inputs: got shape \(2, 2\); expected \[1, 2\]"),
        ("enable", np.zeros((1, 3), np.uint8),
         r"proximal inputs: got shape \(1, 3\); expected \[1, 2\]"),
        ("enable", np.zeros((1, 2), np.int64), "proximal inputs: got dtype int64; expected uint8"),
        ("enable", np.full((1, 2), 2, np.uint8),
         "proximal level of sample 0, line 0: got 2; expected 0 or 1"),
    ],
)  # fmt: skip
def test_proximal_inputs_that_do_not_fit_are_refused(name, proximal, text):
    with pytest.raises(ValueError, match=text):
        predict(frozen(name), np.zeros((1, 3), np.uint8), proximal=proximal)


def test_another_target_is_named():
    with pytest.raises(InvalidInput, match="target: got 'gpu'; expected one of c, icarus"):
        predict(PLAIN["rnl"], np.zeros((1, 3), np.uint8), "gpu")


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (lambda path: path.write_bytes(b"no numbers"), "expected a .npy file, uint8"),
        (lambda path: path.write_bytes(b"PK\3\4 cut off"), "expected a .npy file, uint8"),
        (lambda path: None, "No such file or directory"),
        (lambda path: np.savez(path, y=np.zeros(3)),
         "got arrays y; expected x, and proximal where the network has proximal inputs"),
        (lambda path: np.savez(path, x=np.zeros(3), z=np.zeros(3)), "got arrays x, z; expected x,"),
        (lambda path: np.savez(path), "got arrays none; expected x,"),
        (lambda path: np.savez(path, x=np.zeros((1, 4), np.uint8)),
         r"spike times: got shape \(1, 4\); expected \[samples, 3\]"),
        (lambda path: np.savez(path, x=np.full((1, 3), 4, np.uint8)),
         "spike time of sample 0, line 0: got 4; expected 0 .. 3, or 255 for no spike"),
    ],
)  # fmt: skip
def test_bad_input_files_are_named_and_nothing_is_written(write, text, tmp_path, capsys):
    save(PLAIN["rnl"], tmp_path / "frozen")
    write(tmp_path / "x.npz")
    code = main(["run", str(tmp_path), "--input", str(tmp_path / "x.npz"),
                 "--output", str(tmp_path / "y.npz")])  # fmt: skip
    assert code == 2
    error = capsys.readouterr().err
    assert error.startswith("neutnn: error: ")
    assert text.replace("\\", "") in error
    assert not (tmp_path / "y.npz").exists()


def test_the_command_prints_what_it_wrote(tmp_path, capsys):
    save(PLAIN["rnl"], tmp_path / "frozen")
    np.save(tmp_path / "x.npy", np.zeros((2, 3), np.uint8))
    output = tmp_path / "y.npz"
    code = main(["run", str(tmp_path / "frozen"), "--input", str(tmp_path / "x.npy"),
                 "--output", str(output)])  # fmt: skip
    assert code == 0
    assert capsys.readouterr().out == f"{output}\n"
    with np.load(output) as found:
        assert found["layer0"].tolist() == [[[1]], [[1]]]


def test_series_are_encoded_as_the_network_says(answers):
    from datamodules import UCR
    from datamodules.encoders import PosNeg
    from neutnn_pl import NeuTNN

    series = np.random.default_rng(0).normal(size=(8, 6))
    data = UCR.from_arrays(series, encoder=PosNeg(normalise="time"))
    model = NeuTNN(nn.Network(nn.Layer(12, 2, theta=9)))
    model.encoding = data.encoding
    network = model.freeze("tiny")
    found, spikes = answers(network, x=series), answers(network, x=data.test_spikes())
    assert np.array_equal(found["y"], spikes["y"])
    with pytest.raises(InvalidInput, match=r"series: got shape \(6,\); expected \[samples, val"):
        answers(network, x=series[0])
    with pytest.raises(InvalidInput, match=r"inputs: got series \(float64\); expected uint8 spike"):
        answers(nn.Network(nn.Layer(12, 2, theta=9)).freeze("tiny"), x=series)
