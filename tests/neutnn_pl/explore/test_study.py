"""A study by one command: its file, its errors, a short run that goes on."""

import json

import pytest

from benchmarks import ucr_setting, ucr_study
from hls.errors import InvalidInput, ToolMissing
from neutnn_pl.cli import main
from neutnn_pl.explore import study as studies
from neutnn_pl.explore.study import Study, read_study
from neutnn_pl.recipes import recipe_names
from tests.benchmarks.test_ucr import shorten


def test_the_study_of_the_archive_measures_every_part():
    found = read_study("ucr/study")
    assert found is not None
    assert sorted(found.parts) == sorted(ucr_study.PARTS)
    assert (found.sets, found.seeds, found.root) == (["all"], 10, None)
    assert set(found.figures) <= set(ucr_setting.SEVEN)


def test_a_study_is_no_recipe_and_a_search_is_no_study():
    assert "ucr/study" not in recipe_names()
    assert read_study("mnist/explore") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study: usr\nsets: [a]\nparts: [b]", "study: got 'usr'; expected one of ucr"),
        ("study: ucr\nparts: [b]", "got no sets; expected sets and parts"),
        ("study: ucr\nset: [a]", "got key 'set'; expected one of figures, parts"),
        ("study: ucr\nsets: a\nparts: []", "study: sets: got 'a'; expected a list"),
        ("study: ucr\nsets: []\nparts: []\nseeds: 0", "study: seeds: got 0; expected an integer"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path, text, said):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as error:
        read_study(str(path))
    assert said in str(error.value)


def test_a_short_study_goes_on(tmp_path, monkeypatch, capsys):
    shorten(monkeypatch, ucr_study)
    command = ["explore", "-c", "ucr/study", "--dir", str(tmp_path), "--set", "sets=[GunPoint]",
               "--set", "parts=[column]", "--set", "seeds=2", "--set", "figures=[]"]  # fmt: skip
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert str(tmp_path / "tables.md") in printed
    text = (tmp_path / "tables.md").read_text()
    rows = json.loads((tmp_path / "GunPoint.json").read_text())["scores"]["column"]
    mean = sum(row["ari"] for row in rows) / 2
    assert f"**{mean:.3f}**" in text.partition("## development: ari")[2]
    assert main(command) == 0
    assert "ARI" not in capsys.readouterr().out  # nothing was missing


def test_options_of_a_search_are_refused(capsys):
    assert main(["explore", "-c", "ucr/study", "--trials", "3"]) == 2
    assert "option --trials: got a study; expected a search" in capsys.readouterr().err


def test_without_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "__file__", str(tmp_path / "neutnn_pl" / "explore" / "study.py"))
    with pytest.raises(ToolMissing) as error:
        studies.run_study(Study("ucr", ["Beef"], ["column"]), tmp_path)
    assert "a study needs the folder benchmarks: got none in" in str(error.value)
