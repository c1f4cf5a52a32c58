"""Recipes: every one runs, in a short form, and says what it is for."""

import re

import pytest
import yaml

from hls.step import StepRecord, step_dir
from neutnn_pl.cli import main
from neutnn_pl.recipes import find_recipe, recipe_names, summary
from tests.conftest import ROOT

NAMES = recipe_names()
SHORT = {  # what makes a recipe short enough for a test
    f"mnist/{name}": ["--data.fraction", "0.002", "--trainer.accelerator", "cpu"]
    for name in ("multi_gpu", "small", "dog", "stack", "dendrites", "dendrites_voter")
}
LAST = {  # the last step of recipes whose C would take minutes to compile
    f"mnist/{name}": "freeze" for name in ("dog", "stack", "dendrites", "dendrites_voter")
}
STRUCTURE = {"data", "model", "init_args", "encoder", "learning", "trainer", "pruning", "hardware",
             "layout", "class_path", "limit_val_batches", "voter", "layers"}  # fmt: skip


def test_there_are_recipes():
    assert {"ucr/arrowhead", "ucr/italy_reward", "mnist/multi_gpu", "mnist/small"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_down_to_the_c_kernel(name, tmp_path):
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
