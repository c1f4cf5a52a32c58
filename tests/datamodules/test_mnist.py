"""MNIST: splits, cache, files packed and not, and errors, on a small copy; and the real one."""

import gzip
import os

import numpy as np
import pytest

from datamodules import MNIST
from datamodules.encoders import OnOffImage, PosNegImage
from datamodules.mnist import read
from hls.errors import InvalidInput


def idx(values):
    """Return an array as IDX bytes."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    return head + values.tobytes()


def write(root, name="MNIST", packed=True, train=40, test=10):
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    for part, count in (("train", train), ("t10k", test)):
        for kind, values in (
            ("images-idx3", rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)),
            ("labels-idx1", (np.arange(count) % 10).astype(np.uint8)),
        ):
            file = folder / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
            file.write_bytes(gzip.compress(idx(values)) if packed else idx(values))
    return str(root)


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr("datamodules.mnist.VALIDATION", 10)
    monkeypatch.setenv("NEUTNN_CACHE", str(tmp_path / "cache"))
    return write(tmp_path / "data")


def test_splits_are_apart(small):
    data = MNIST(root=small)
    assert (data.size, data.channels, data.inputs, data.tres) == ((28, 28), 2, 1568, 0)
    assert data.classes == 10
    data.prepare_data()
    data.setup("fit")
    data.setup("test")
    assert [len(data.spikes(s)) for s in ("train", "val", "test")] == [30, 10, 10]
    whole = MNIST(root=small, train_on_all=True)
    assert len(whole.spikes("train")) == 40
    assert (whole.spikes("train")[:30] == data.spikes("train")).all()
    assert (whole.spikes("train")[30:] == data.spikes("val")).all()
    assert data.labels("val").tolist() == list(range(10))
    assert (data.spikes("test") == PosNegImage()(data.images("test"))).all()
    few = MNIST(root=small, fraction=0.25)
    assert [len(few.labels(s)) for s in ("train", "val", "test")] == [7, 2, 2]
    assert (few.spikes("train") == data.spikes("train")[:7]).all()


def test_loaders(small):
    data = MNIST(root=small, batch_size=8)
    data.prepare_data()
    data.setup("fit")
    assert [len(x) for x, _ in data.train_dataloader()] == [8, 8, 8, 6]
    x, labels = next(iter(data.val_dataloader()))
    assert x.shape == (8, 1568)
    assert labels.tolist() == list(range(8))
    data.setup("predict")
    assert sum(len(x) for x, _ in data.predict_dataloader()) == 10


def test_spike_times_are_kept_by_what_they_depend_on(small, tmp_path, monkeypatch):
    spikes = tmp_path / "cache" / "spikes"
    first = MNIST(root=small).spikes("train").copy()
    assert len(list(spikes.iterdir())) == 1
    encodings = []
    original = PosNegImage.__call__
    monkeypatch.setattr(
        PosNegImage, "__call__", lambda *args: encodings.append(1) or original(*args)
    )
    assert (MNIST(root=small).spikes("train") == first).all()
    assert encodings == []
    MNIST(root=small, encoder=PosNegImage(100)).spikes("train")
    MNIST(root=write(tmp_path / "other", train=41)).spikes("train")
    assert encodings == [1, 1]
    MNIST(root=small, encoder=OnOffImage(0)).spikes("train")
    assert len(list(spikes.iterdir())) == 4


def test_nothing_is_written_into_the_data_root(small, tmp_path):
    before = sorted((tmp_path / "data").rglob("*"))
    MNIST(root=small).prepare_data()
    assert sorted((tmp_path / "data").rglob("*")) == before


def test_unpacked_files_and_fashion(small, tmp_path):
    root = write(tmp_path / "plain", "FashionMNIST", packed=False)
    data = MNIST("FashionMNIST", root=root)
    assert (data.images("test") == MNIST(root=small).images("test")).all()


def test_what_is_not_there_is_downloaded_into_the_cache(small, tmp_path, monkeypatch):
    asked = []

    def download(root, download):
        asked.append((root, download))
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\nTried ...")

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", download)
    with pytest.raises(
        InvalidInput,
        match="data set FashionMNIST: got RuntimeError: Error downloading train-images-idx3-ubyte"
        r".gz:; expected FashionMNIST/raw/ in the data root, or a download by torchvision. "
        "Set --data.root or NEUTNN_DATA to a folder that holds it",
    ):
        MNIST("FashionMNIST", root=small).prepare_data()
    assert asked == [(str(tmp_path / "cache"), True)]


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x05abc"))
    with pytest.raises(InvalidInput, match="file .*x.gz: got .*; expected a whole IDX file. Fetch"):
        read(path)
    path.write_bytes(b"no archive")
    with pytest.raises(InvalidInput, match="x.gz: got BadGzipFile"):
        read(path)


def test_bad_settings(tmp_path):
    for settings, text in (
        ({"name": "KMNIST"}, "data: name: got 'KMNIST'; expected one of MNIST, FashionMNIST"),
        ({"fraction": 0}, "data: fraction: got 0; expected above 0, at most 1"),
        ({"batch_size": 0}, "data: batch_size: got 0; expected >= 1"),
    ):
        with pytest.raises(InvalidInput, match=text):
            MNIST(**settings)
    with pytest.raises(
        InvalidInput, match="data root: got .*nowhere, which is no folder; expected"
    ):
        MNIST(root=str(tmp_path / "nowhere")).labels("test")
    file = tmp_path / "file"
    file.write_text("")
    data = MNIST(root=write(tmp_path / "data"), cache=str(file))
    with pytest.raises(
        InvalidInput,
        match="data: cache: got .*file, which cannot be written; .*--data.cache or NEU",
    ):
        data.spikes("test")


def test_the_real_files(tmp_path):
    root = os.environ.get("NEUTNN_DATA")
    if root is None or not os.path.isdir(os.path.join(root, "MNIST")):
        pytest.skip("no MNIST: set NEUTNN_DATA to a folder with MNIST/raw/")
    data = MNIST(cache=str(tmp_path))
    counts = [np.bincount(data.labels(s)).sum() for s in ("train", "val", "test")]
    assert counts == [50_000, 10_000, 10_000]
    assert data.labels("test")[:5].tolist() == [7, 2, 1, 0, 4]
    assert ((data.spikes("test") == 0).sum(axis=1) == 784).all()
    assert data.test_spikes()[0, 784:].reshape(28, 28)[0].tolist() == [0] * 28


def test_images_are_turned_counter_clockwise(small):
    upright, turned = MNIST(root=small), MNIST(root=small, rotate=90)
    for split in ("train", "test"):
        expected = np.rot90(upright.images(split), axes=(1, 2))
        assert (turned.images(split) == expected).all()
        expected = turned.encoder(np.ascontiguousarray(expected))
        assert (turned.spikes(split) == expected).all()
    some = MNIST(root=small, rotate=15).images("test")
    assert (some != upright.images("test")).any()
    assert some.shape == (10, 28, 28)
    assert some[:, 0, 0].tolist() == [0] * 10  # black comes in at the corners
    with pytest.raises(InvalidInput, match=r"data: rotate: got 200; expected -180 \.\. 180"):
        MNIST(root=small, rotate=200)
