"""The UCR study: its one setting, that the recipes are that setting, its tables, a short run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

from benchmarks import ucr_chosen, ucr_figures, ucr_stream, ucr_study, ucr_tables
from benchmarks.ucr_setting import DEVELOPMENT, HOLDOUT, OTHERS, SETTINGS, SEVEN
from datamodules import UCR
from hls.errors import InvalidInput
from neutnn_pl.nn import STDP
from neutnn_pl.nn.restarts import threshold
from neutnn_pl.recipes import find_recipe

SETTING = SETTINGS["column"]


def test_no_set_is_in_two_groups():
    every = [*SEVEN, *DEVELOPMENT, *OTHERS]
    assert len(set(every)) == len(every) == 27


@pytest.mark.parametrize("length", [24, 65, 96, 270, 1460])
def test_the_column_stays_within_the_synapses_of_the_paper(length):
    lines = SETTING.encoder(length).lines(length)
    assert lines <= 256
    assert lines * 25 <= 6750


@pytest.mark.parametrize("name", SEVEN)
def test_a_recipe_is_the_common_setting(name):
    short = ucr_tables.RECIPES.get(name, name.lower())
    recipe = yaml.safe_load(find_recipe(f"ucr/{short}").read_text("utf-8"))
    data, model = recipe["data"]["init_args"], recipe["model"]["init_args"]
    assert (data["name"], data.get("holdout")) == (name, HOLDOUT.get(name))
    assert STDP(**model["learning"]) == SETTING.rule
    assert (model["restarts"], model["choose"]) == (SETTING.restarts, "agreement")
    parts = SETTING.encoder(100).parts
    for part, encoder in zip(data["encoder"]["init_args"]["parts"], parts, strict=True):
        settings = part["init_args"]
        view = settings.pop("view")
        assert view["class_path"] == type(encoder.view).__name__
        assert view["init_args"]["features"] == encoder.view.features
        assert all(getattr(encoder, key) == value for key, value in settings.items())
    # Every line pair has a spike but for a feature exactly at its mean: 128 spikes of 256 lines.
    x = torch.where(torch.arange(256) < 128, 0, 255).to(torch.uint8)[None]
    assert model["theta"] == threshold(x, SETTING.level, 7)


def shorten(monkeypatch, *modules):
    """Learn 60 samples in two columns."""
    short = {key: replace(s, presentations=60, restarts=2) for key, s in SETTINGS.items()}
    for module in modules:
        monkeypatch.setattr(module, "SETTINGS", short)


def test_a_short_study_writes_what_the_tables_read(tmp_path, monkeypatch):
    shorten(monkeypatch, ucr_study, ucr_chosen)
    monkeypatch.setattr(ucr_chosen, "CANDIDATES", ("FAQ", "FQS"))
    monkeypatch.setattr(ucr_chosen, "VIEWS", {v: ucr_chosen.VIEWS[v] for v in "FAQS"})
    ucr_study.study("GunPoint", list(ucr_study.PARTS), 2, None, tmp_path)
    written = json.loads((tmp_path / "GunPoint.json").read_text("utf-8"))
    assert written["done"] == list(ucr_study.PARTS)
    before = (tmp_path / "GunPoint.json").stat().st_mtime_ns
    ucr_study.study("GunPoint", list(ucr_study.PARTS), 2, None, tmp_path)
    assert (tmp_path / "GunPoint.json").stat().st_mtime_ns == before  # nothing was missing
    assert len(written["views"]) == 2
    assert set(written["views"]) <= set(ucr_chosen.CANDIDATES)
    found = ucr_tables.read(tmp_path)
    half, whole = (found["GunPoint"][f"pruned: {n}"][0]["synapses"] for n in ("50% weight", "none"))
    assert half == whole // 2
    table = ucr_tables.per_set(found, ("GunPoint",), "ari")
    assert [line.split("|")[1].strip() for line in table[2:]] == list(ucr_tables.METHODS.values())
    assert "| point neurons |" in "\n".join(ucr_tables.variants(found, "shape: ", ("GunPoint",)))


def test_ranks_by_hand(tmp_path):
    found = {
        f"set{i}": {m: [{"ari": v}] for m, v in zip("abc", row, strict=True)}
        for i, row in enumerate([[3, 2, 1], [3, 1, 2], [3, 2, 1], [2, 3, 1]])
    }
    ranks = ucr_tables.ranks(found, tuple(found), ("a", "b", "c"))
    assert ranks["ranks"] == {"a": 1.25, "b": 2.0, "c": 2.75}
    # q(.05, 3, inf) / sqrt 2 = 2.343 (Demsar 2006, table 5) times sqrt(3 * 4 / (6 * 4)).
    assert ranks["critical"] == pytest.approx(2.343 * np.sqrt(0.5), abs=1e-3)
    titles = dict.fromkeys("abc", "method")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ucr_tables, "METHODS", titles)
        ucr_tables.draw(ranks, tmp_path / "ranks.png")
    assert (tmp_path / "ranks.png").stat().st_size > 1000


def test_the_stopped_column_keeps_its_answers(monkeypatch):
    scores = ucr_stream.curve(["GunPoint", "ArrowHead"], 200, 0, "both")
    on, stopped = scores["learning on"], scores["learning stopped"]
    assert len(on) == len(stopped) == 6
    assert on[:2] == stopped[:2]
    assert stopped[4] == stopped[5] == stopped[1]


def test_series_of_the_stream_have_one_length():
    assert ucr_stream.read("GunPoint")["test"][0].shape == (150, 128)
    assert UCR("GunPoint").length == 150


def test_the_view_is_kept_that_the_others_confirm():
    truth = torch.tensor([0, 0, 0, 1, 1, 1])
    other = torch.tensor([0, 1, 0, 1, 0, 1])
    clusters = {"A": truth, "B": 1 - truth, "C": other, "AB": other, "BC": truth, "AC": 1 - truth}
    assert ucr_chosen.confirmed(clusters) == "BC"  # level with AC, which comes later


@pytest.mark.parametrize("views", [*ucr_chosen.VIEWS, *ucr_chosen.CANDIDATES])
def test_chosen_views_stay_within_the_lines_of_the_column(views):
    for length in (24, 65, 343, 1460):
        assert ucr_chosen.encoder(views, length).lines(length) <= 256


def test_sets_by_group_and_by_folder(tmp_path):
    assert ucr_study.named(["seven", "Beef", "mine"], None) == [*SEVEN, "mine"]
    assert len(ucr_study.named(["all"], None)) == 27
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}_TRAIN.tsv").touch()
    assert ucr_study.named(["folder"], str(tmp_path)) == ["a", "b"]
    with pytest.raises(InvalidInput) as error:
        ucr_study.named(["folder"], str(tmp_path / "a"))
    assert str(error.value).startswith("study: sets folder: got root ")
    with pytest.raises(InvalidInput) as error:
        ucr_study.run(["Beef"], ["rows"], 1, None, tmp_path)
    assert "got 'rows'" in str(error.value)


def test_figures_are_drawn(tmp_path, monkeypatch):
    shorten(monkeypatch, ucr_figures)
    found = ucr_figures.learn("GunPoint", "column", 0, None)
    assert len(found.winner) == len(found.labels) == 150
    assert found.largest == [n for n in (0, 1) if (found.winner == n).any()]
    paths = ucr_figures.figures("GunPoint", 0, None, tmp_path)
    assert [path.name for path in paths] == [
        f"GunPoint_{kind}.png" for kind in ("confusion", "raster", "templates")
    ]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in paths)
