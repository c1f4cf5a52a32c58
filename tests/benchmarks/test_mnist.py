"""A tenth of MNIST as it is, with a bound on its accuracy; what the studies do to spikes."""

import os
import sys
from argparse import Namespace
from pathlib import Path

import pytest
import torch

from benchmarks import mnist_more
from benchmarks.mnist import accuracy, fit, recipe, scored
from benchmarks.mnist_more import fields, jittered
from hls.ir import NO_SPIKE
from tests.datamodules.test_mnist import write

BOUND = 96.0  # percent; 97.07 with a standard deviation of 0.25 over seeds 0 to 2


def test_a_tenth_of_mnist_reaches_its_bound():
    if not (Path(os.environ.get("NEUTNN_DATA", ".")) / "MNIST" / "raw").is_dir():
        pytest.skip("no data root: set NEUTNN_DATA to a folder with MNIST/raw")
    options = Namespace(fraction=0.1, choose=False, set=[])
    cli = recipe("mnist/small", options, seed=0)
    fit(cli)
    x, labels = scored(cli, options)
    assert len(labels) == 1000
    assert accuracy(cli.model.network, x, labels) >= BOUND
    assert cli.model.network.synapses == 64_896


def test_jitter_moves_spikes_by_a_step_and_makes_none():
    x = torch.arange(4, dtype=torch.uint8).repeat(500)[None]
    x[0, 1000:] = NO_SPIKE
    draws = torch.Generator().manual_seed(0)
    moved = jittered(x, 0.5, 4, draws)
    assert (moved[0, 1000:] == NO_SPIKE).all()
    steps = moved[0, :1000].int() - x[0, :1000].int()
    assert set(steps.tolist()) == {-1, 0, 1}
    assert int(moved[0, :1000].max()) == 3
    assert torch.equal(jittered(x, 0.0, 4, draws), x)


def test_a_picture_of_a_segment_is_bright_minus_dark():
    weights = torch.zeros(1, 1, 2, 18, dtype=torch.uint8)
    weights[0, 0, 0, 4] = 7  # middle of the plane of bright pixels
    weights[0, 0, 1, 9] = 5  # first of the plane of dark ones
    found = fields(weights, kernel=3)
    assert found[0].tolist() == [[0, 0, 0], [0, 7, 0], [0, 0, 0]]
    assert found[1].tolist() == [[-5, 0, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("study", "rows"),
    [("everything", 3), ("jitter", 6), ("while_learning", 6), ("budget", 4), ("features", 0)],
)
def test_a_study_of_a_few_pictures_of_noise(study, rows, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("datamodules.mnist.VALIDATION", 10)
    monkeypatch.setenv("NEUTNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEUTNN_DATA", write(tmp_path / "data"))
    (tmp_path / "data" / "FashionMNIST").symlink_to("MNIST")
    monkeypatch.setattr(mnist_more, "ALL", ["mnist/small"])
    monkeypatch.setattr(mnist_more, "FEW", ["mnist/small"])
    picture = tmp_path / "features.png"
    monkeypatch.setattr(sys, "argv", ["x", study, "--seeds", "1", "--plot", str(picture)])
    mnist_more.main()
    printed = capsys.readouterr().out.splitlines()
    tables = [line for line in printed if line.startswith("|") and line.endswith(" |")]
    heads = 3 if study == "everything" else min(rows, 1)
    assert len(tables) - heads == rows
    assert picture.is_file() == (study == "features")
