"""The benchmark of the kernels: public simulators where they are, and a line where they are not."""

import gzip
import struct

import numpy as np
import pytest
import torch

from benchmarks.kernels import layers, measure, others

LAYER = """
class TNNColumnLayer:
    def __init__(self, inputsize, rfsize, stride, nprev, q, theta, w_init, ntype):
        assert (inputsize, rfsize, stride, nprev, q, theta) == ((29, 29), (4, 4), 1, 2, 12, 32)
        self.weights, self.seen, self.learnt = 0, [], 0

    def __call__(self, data):
        assert data.shape == (29, 29, 2)
        self.seen.append(data)
        return "out", "came", "went"

    def stdp(self, came, went, weights, capture, search, backoff):
        assert (came, went) == ("came", "went")
        self.learnt += 1
        return weights + 1
"""


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">4i", 2051, 3, 28, 28) + images.tobytes())
    with gzip.open(folder / "train-labels-idx1-ubyte.gz", "wb") as file:
        file.write(struct.pack(">2i", 2049, 3) + bytes([0, 1, 2]))
    monkeypatch.setenv("NEUTNN_DATA", str(tmp_path))
    monkeypatch.delenv("CMU_TNN_PATH", raising=False)


def test_what_is_not_there_is_said(mnist, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found, missing = others.others(3)
    assert found == []
    assert missing[0].startswith("CMU's column layer is not measured: CMU_TNN_PATH names no file")
    assert missing[1].startswith("BindsNET is not measured: it is not installed (pip install")


def test_without_digits_none_is_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUTNN_DATA", str(tmp_path))
    assert others.others(3) == (
        [], ["Public simulators are not measured: NEUTNN_DATA has no MNIST."]
    )  # fmt: skip


def test_the_course_layer_sees_digits_and_learns_them(mnist, tmp_path, monkeypatch):
    path = tmp_path / "course.py"
    path.write_text(LAYER)
    monkeypatch.setenv("CMU_TNN_PATH", str(path))
    course = others.others(3)[0][0]
    speed = measure.other(course, 3)
    assert 0 < speed.forward < 1e6
    assert 0 < speed.learn < 1e6
    layer = course.forward.__closure__[0].cell_contents
    layer = layer if hasattr(layer, "learnt") else course.forward.__closure__[1].cell_contents
    assert layer.learnt == 9  # three times over three samples
    times = {float(t) for t in np.unique(layer.seen[0].numpy())}
    assert times <= {*range(8), float("inf")}
    assert len(times) > 4


def test_prices_and_the_work_of_a_layer_by_hand():
    block, count = measure.block_ns(), measure.count_ns()
    assert 0.1 < block < 100
    assert 0.01 < count < 100
    case = layers.series(4, 40, 2)  # every line spikes: 40 searches of one group
    y = torch.tensor([[[0, 255]], [[255, 255]], [[3, 255]], [[255, 1]]], dtype=torch.uint8)
    work = measure.work_of(case, y)
    assert work.search == 40
    assert work.spiked == 0.75 * 10  # three of four samples have a winner, ten blocks each
    assert work.counts == 2 * 7  # two words of inputs, seven planes
    assert work.microseconds(2.0) == 47.5 * 2 / 1000
    assert work.microseconds(2.0, 1.0) == (47.5 * 2 + 14) / 1000
