"""Recipes: every one runs, in a short form, and says what it is for."""

import os
import re

import pytest
import yaml

from hls.step import StepRecord, step_dir
from neutnn_pl.cli import main
from neutnn_pl.recipes import find_recipe, recipe_names, summary
from tests.conftest import ROOT

NAMES = recipe_names()
PLACE = [name for name in NAMES if name.startswith("place_cells/")]
PLACE = [name for name in PLACE if name.split("/")[1] not in ("trajectory", "chip")]
SHORT = {  # what makes a recipe short enough for a test
    "place_cells/trajectory": [
        "--data.seconds", "30", "--data.number", "20", "--model.theta", "20",
    ],
    **{
        f"mnist/{name}": ["--data.fraction", "0.002", "--trainer.accelerator", "cpu"]
        for name in ("multi_gpu", "small", "dog", "stack", "dendrites", "dendrites_voter")
    },
}  # fmt: skip
LAST = {  # the last step of recipes whose C would take minutes to compile
    f"mnist/{name}": "freeze" for name in ("dog", "stack", "dendrites", "dendrites_voter")
}
BUNDLED = {"ArrowHead", "GunPoint", "ItalyPowerDemand", "OSULeaf"}  # in sktime's wheel
STRUCTURE = {"data", "model", "init_args", "encoder", "learning", "trainer", "pruning", "hardware",
             "layout", "class_path", "limit_val_batches", "voter", "layers", "parts"}  # fmt: skip


def test_there_are_recipes():
    assert {"ucr/arrowhead", "ucr/italy_reward", "mnist/multi_gpu", "mnist/small"} <= set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PLACE])
def test_a_recipe_runs_down_to_the_c_kernel(name, tmp_path):
    data = yaml.safe_load(find_recipe(name).read_text(encoding="utf-8"))["data"]
    wanted = data["init_args"].get("name")
    if data["class_path"] == "UCR" and wanted not in BUNDLED and "NEUTNN_DATA" not in os.environ:
        pytest.skip(f"no data root: set NEUTNN_DATA to a folder with ucr/{wanted}")
    if name == "place_cells/trajectory":
        pytest.importorskip("ratinabox", reason="RatInABox is not installed: pip install ratinabox")
    run, last = tmp_path / "run", LAST.get(name, "ckernel")
    code = main(
        ["flow", "-c", name, "--run_dir", str(run), "--to", last,
         "--trainer.max_epochs", "2", "--trainer.enable_progress_bar", "false",
         *SHORT.get(name, [])]
    )  # fmt: skip
    assert code == 0
    record = StepRecord.read(step_dir(run, last))
    assert record.status == "done"
    if last == "ckernel":
        assert record.metrics["sanitizers"] == "clean"


@pytest.mark.parametrize("name", PLACE)
def test_a_recipe_of_place_cells_learns_and_is_scored(name, tmp_path, capsys):
    small = [
        "--data.environments",
        "4",
        "--model.environments",
        "4",
        "--run_dir",
        str(tmp_path / "r"),
    ]
    assert main(["fit", "-c", name, *small, "--trainer.enable_progress_bar", "false"]) == 0
    capsys.readouterr()
    assert main(["test", "-c", name, *small, "--trainer.enable_progress_bar", "false"]) == 0
    scores = dict(re.findall(r"test/(\w+) +([\d.]+)", capsys.readouterr().out))
    assert float(scores["dx"]) > 0.6
    assert float(scores["synapses"]) > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_a_recipe_is_commented(name):
    lines = find_recipe(name).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert len(summary(name)) > 10
    previous_commented = False
    for line in lines[1:]:
        key = re.match(r"\s*(\w+):", line)
        commented = "#" in line
        if key and key.group(1) not in STRUCTURE:
            assert commented or previous_commented, line
        previous_commented = commented


@pytest.mark.parametrize("name", NAMES)
def test_results_of_a_recipe_stand_in_the_table(name):
    assert f"## {name}" in (ROOT / "recipes" / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(find_recipe(name).read_text(encoding="utf-8"))["data"]
