"""Own files and arrays, gaps, protocols, and sets without a TEST file."""

import re

import numpy as np
import pytest

from datamodules import UCR, archive
from datamodules.encoders import MinMax, PosNeg
from hls.errors import InvalidInput

NAN = float("nan")


def tsv(path, rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return str(path)


def test_missing_values_lie_between_their_neighbours():
    rows = [np.array([NAN, 1.0, NAN, 3.0, NAN]), np.arange(5.0)]
    assert archive.equal("set", rows, "interpolate").tolist() == [[1, 1, 2, 3, 3], [0, 1, 2, 3, 4]]


def test_other_lengths_are_stretched():
    found = archive.equal("set", [np.array([0.0, 2.0]), np.zeros(5)], "interpolate")
    assert found.tolist() == [[0, 0.5, 1, 1.5, 2], [0] * 5]
    assert archive.equal("set", [np.array([0.0, 1, 2, 3, 4])], "interpolate", 3).tolist() == [
        [0, 2, 4]
    ]
    with pytest.raises(InvalidInput, match="series 0: got no value at all; expected at least one"):
        archive.equal("set", [np.array([NAN])], "interpolate")


def test_test_series_get_the_length_of_the_training_split():
    data = UCR.from_arrays(
        [[0.0, 1.0], [0.0, 1.0, 2.0]], "ab", [np.arange(5.0)], ["b"], gaps="interpolate"
    )
    assert data.length == 3
    assert data.series("test")[0].tolist() == [[0, 2, 4]]
    assert data.series("test")[1].tolist() == [1]


def test_own_arrays_need_no_labels():
    series = np.random.default_rng(0).normal(size=(6, 1, 8))
    data = UCR.from_arrays(series, encoder=PosNeg())
    assert (data.inputs, data.classes, data.protocol) == (16, 1, "train")
    assert np.array_equal(data.spikes("train"), data.test_spikes())
    data.setup("fit")
    assert len(next(iter(data.train_dataloader()))[0]) == 6


def test_own_files(tmp_path):
    train = tsv(tmp_path / "a.tsv", [("x", 1, 2), ("y", 3, 4)])
    test = tsv(tmp_path / "b.tsv", [("y", 5, 6)])
    data = UCR("mine", files=[train, test])
    assert data.series("train")[0].tolist() == [[1, 2], [3, 4]]
    assert data.series("test")[1].tolist() == [1]
    alone = UCR("mine", files=[train], holdout=1)
    assert len(alone.series("test")[0]) == 1


def test_the_archive_s_own_format_in_the_data_root(tmp_path):
    (tmp_path / "Mine").mkdir()
    for split in ("TRAIN", "TEST"):
        tsv(tmp_path / "Mine" / f"Mine_{split}.tsv", [("1", 1, 2)])
    assert UCR("Mine", root=str(tmp_path)).length == 2


def test_protocols():
    arrays = [[0.0, 1.0]], ["a"], [[2.0, 3.0]], ["b"]
    split = {p: UCR.from_arrays(*arrays, protocol=p) for p in ("test", "train", "train_test")}
    assert split["test"].series("test")[0].tolist() == [[2, 3]]
    assert split["train"].series("test")[0].tolist() == [[0, 1]]
    both = split["train_test"]
    assert both.series("train")[0].tolist() == both.series("test")[0].tolist() == [[0, 1], [2, 3]]
    assert both.series("test")[1].tolist() == [0, 1]


def test_the_encoder_learns_its_statistics_from_what_is_learnt():
    arrays = [[0.0, 1.0]], ["a"], [[0.0, 9.0]], ["b"]
    assert UCR.from_arrays(*arrays, encoder=MinMax()).encoding["fitted"]["high"] == 1.0
    whole = UCR.from_arrays(*arrays, encoder=MinMax(), protocol="train_test")
    assert whole.encoding["fitted"]["high"] == 9.0


def test_a_set_without_test_is_divided_on_request_only(tmp_path):
    (tmp_path / "Half").mkdir()
    rows = [(i % 2, i, i) for i in range(10)]
    tsv(tmp_path / "Half" / "Half_TRAIN.tsv", rows)
    with pytest.raises(
        InvalidInput, match="'Half': got TRAIN, but no TEST; expected both. Set --data.holdout"
    ):
        UCR("Half", root=str(tmp_path)).series("train")
    data = UCR("Half", root=str(tmp_path), holdout=4)
    order = np.random.default_rng(0).permutation(10)
    assert data.series("train")[0][:, 0].tolist() == order[:4].tolist()
    assert data.series("test")[0][:, 0].tolist() == order[4:].tolist()
    assert len(UCR("Half", root=str(tmp_path), protocol="train").series("test")[0]) == 10
    with pytest.raises(InvalidInput, match="holdout: got 10; expected 1 .. 9, below the series"):
        UCR("Half", root=str(tmp_path), holdout=10).series("train")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: UCR("A", protocol="both"), "protocol: got 'both'; expected one of test, train, t"),
        (lambda: UCR("A", gaps="drop"), "gaps: got 'drop'; expected one of refuse, interpolate"),
        (lambda: UCR("A", files=["a.ts"]), "files: got 1 of them; expected TRAIN and TEST"),
        (lambda: UCR.from_arrays(np.zeros((2, 3, 4))), r"series: got one of shape \[3, 4\]"),
        (lambda: UCR.from_arrays([]), "series: got none; expected "),
        (lambda: UCR.from_arrays(np.zeros((2, 3)), "a"), "labels: got 1; expected 2, one for each"),
        (lambda: archive.equal("s", [], "drop"), "gaps: got 'drop'"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidInput, match=text):
        make()


@pytest.mark.parametrize(
    ("text", "rows", "labels"),
    [
        ("1,2,3\n4,,6\n", [[1, 2, 3], [4, np.nan, 6]], ["0", "0"]),
        ("\ufefft1;t2;Label\n1;2;up\n\n3;4;down\n", [[1, 2], [3, 4]], ["up", "down"]),
        ("class\tt1\tt2\n1\t2.5\t-1e3\n", [[2.5, -1000]], ["1"]),
        ("a,b\n1,2\n", [[1, 2]], ["0"]),
        ("1\n2\n", [[1], [2]], ["0", "0"]),
    ],
)
def test_what_a_spreadsheet_writes(tmp_path, text, rows, labels):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    found, names = archive.read(tmp_path / "a.csv")
    assert names.tolist() == labels
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, rows, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "got no series in it; expected one in every line"),
        (
            "1,2\n3,x\n",
            "a.csv, line 2: got 'x'; expected numbers. Head the column of labels 'label'",
        ),
        ("t1,label\n1,a\n2\n", "a.csv, line 3: got no label; expected one in its column"),
    ],
)
def test_what_a_spreadsheet_may_not_write(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InvalidInput, match=re.escape(said)):
        archive.read(tmp_path / "a.csv")


def test_files_of_another_kind_are_refused(tmp_path):
    from pathlib import Path

    with pytest.raises(InvalidInput, match="a.xls: got .xls; expected .csv, .ts, .tsv or .txt"):
        archive.read(Path("a.xls"))
    with pytest.raises(InvalidInput, match="a.csv: got no such file; expected a file of series"):
        archive.read(Path("a.csv"))
    (tmp_path / "e.tsv").write_text("\n")
    with pytest.raises(InvalidInput, match="e.tsv: got an empty file; expected a label and values"):
        archive.read(tmp_path / "e.tsv")
    multi = tmp_path / "m.ts"
    multi.write_text(
        "@problemName m\n@timeStamps false\n@missing false\n@univariate false\n@dimensions 2\n"
        "@equalLength true\n@seriesLength 2\n@classLabel true 1\n@data\n1,2:3,4:1\n"
    )
    with pytest.raises(InvalidInput, match="got 2 variables; expected one: univariate series"):
        archive.read(multi)
