"""The UCR study: its one setting, that the recipes are that setting, its tables, a short run."""

import json

import numpy as np
import pytest
import torch
import yaml

from benchmarks import ucr_stream, ucr_study, ucr_tables
from benchmarks.ucr_setting import DEVELOPMENT, HOLDOUT, OTHERS, SETTINGS, SEVEN
from datamodules import UCR
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


def test_a_short_study_writes_what_the_tables_read(tmp_path, monkeypatch):
    from dataclasses import replace

    short = {key: replace(s, presentations=60, restarts=2) for key, s in SETTINGS.items()}
    monkeypatch.setattr(ucr_study, "SETTINGS", short)
    ucr_study.study("GunPoint", list(ucr_study.PARTS), 2, None, tmp_path)
    written = json.loads((tmp_path / "GunPoint.json").read_text("utf-8"))
    assert written["done"] == list(ucr_study.PARTS)
    before = (tmp_path / "GunPoint.json").stat().st_mtime_ns
    ucr_study.study("GunPoint", list(ucr_study.PARTS), 2, None, tmp_path)
    assert (tmp_path / "GunPoint.json").stat().st_mtime_ns == before  # nothing was missing
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
