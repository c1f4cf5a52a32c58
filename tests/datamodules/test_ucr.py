"""UCR sets: those in sktime's wheel, those in a data root, and bad files."""

import os

import numpy as np
import pytest

from datamodules import UCR
from datamodules.archive import load
from datamodules.encoders import MinMax
from hls.errors import InvalidInput


def test_a_bundled_set_needs_no_download(monkeypatch):
    monkeypatch.delenv("NEUTNN_DATA", raising=False)
    data = UCR("ArrowHead")
    assert (data.length, data.classes, data.inputs, data.tres) == (251, 3, 251, 3)
    assert data.spikes("train").shape == (36, 251)
    assert data.test_spikes().shape == (175, 251)
    assert set(data.series("test")[1]) == {0, 1, 2}


def test_a_set_of_the_data_root(monkeypatch):
    if "NEUTNN_DATA" not in os.environ:
        pytest.skip("no data root: set NEUTNN_DATA to a folder with ucr/<name>/<name>_TRAIN.ts")
    data = UCR("ECG200", encoder=MinMax(frames=32))
    assert (data.length, data.classes, data.inputs) == (96, 2, 32)
    assert len(data.spikes("train")) == 100


def write(root, name, split, rows):
    folder = root / name
    folder.mkdir(exist_ok=True)
    head = (
        f"@problemName {name}\n@timeStamps false\n@missing true\n@univariate true\n"
        "@equalLength false\n@classLabel true 1 2\n@data\n"
    )
    (folder / f"{name}_{split}.ts").write_text(head + "".join(f"{row}\n" for row in rows))


def test_series_of_unequal_length_are_named(tmp_path):
    write(tmp_path, "Odd", "TRAIN", ["1,2,3:1", "1,2:2"])
    with pytest.raises(
        InvalidInput,
        match="Odd, train split: series 1 is of another length: got 2 values; expected 3, "
        "as in series 0. Set --data.gaps interpolate, or give series of equal length without "
        "missing values",
    ):
        load("Odd", "train", str(tmp_path))


def test_a_missing_value_is_named(tmp_path):
    write(tmp_path, "Gap", "TRAIN", ["1,2,3:1", "1,?,3:2"])
    with pytest.raises(
        InvalidInput, match="series 1 has a missing value: got nan at index 1; expected finite"
    ):
        load("Gap", "train", str(tmp_path))


def test_splits_of_unequal_length_are_named(tmp_path):
    write(tmp_path, "Two", "TRAIN", ["1,2,3:1"])
    write(tmp_path, "Two", "TEST", ["1,2:1"])
    with pytest.raises(InvalidInput, match=r"Two: splits of unequal length: got \{'train': 3"):
        UCR("Two", root=str(tmp_path)).series("train")


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "Bad").mkdir()
    (tmp_path / "Bad" / "Bad_TRAIN.ts").write_text("not a ts file\n")
    with pytest.raises(InvalidInput, match="data set 'Bad', train split: got"):
        load("Bad", "train", str(tmp_path))


def test_a_root_that_is_no_folder_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="data root: got .*nowhere, which is no folder"):
        load("ArrowHead", "train", str(tmp_path / "nowhere"))


def test_labels_become_numbers_in_the_order_of_their_names(tmp_path):
    write(tmp_path, "Lab", "TRAIN", ["1,2:2", "3,4:1"])
    write(tmp_path, "Lab", "TEST", ["1,2:2"])
    data = UCR("Lab", root=str(tmp_path))
    assert data.series("train")[1].tolist() == [1, 0]
    assert np.array_equal(data.series("test")[0], [[1.0, 2.0]])
    with pytest.raises(InvalidInput, match="data: batch_size: got 0; expected >= 1"):
        UCR("Lab", batch_size=0)
