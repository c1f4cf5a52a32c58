"""Spoilt recipes: all errors at once, with lines, and no traceback."""

import runpy

import pytest

from hls.errors import InvalidInput
from neutnn_pl.cli import main
from neutnn_pl.config import LINKED, _sections
from neutnn_pl.recipe_check import check, compose, located
from neutnn_pl.recipes import find_recipe, recipe_names
from tests.conftest import ROOT
from tests.spoilt import spoil

BAD = """\
# many things are wrong here
data:
  class_path: UCR
  init_args:
    name: ArrowHead
    encoder:
      class_path: Spectrun
model:
  class_path: Clusterer
  init_args:
    neurons: three
    theta: 25
    learning:
      capture: 1025
      backof: 3
      stabiliser: off
trainer:
  max_epoch: 3
pruning:
  target: 3
  by: size
hardwear:
  pdk: osu018
layout:
  tool: openraod
"""
TOLD = """\
neutnn: error: recipe bad.yaml: 10 errors
  line 7: data.encoder.class_path: no class 'Spectrun'. Did you mean 'Spectrum'?
  line 11: model.neurons: got 'three'; expected int
  line 14: model.learning.capture: got 1025; expected an integer 0 .. 1024 (out of 1024)
  line 15: model.learning.backof: no such key. Did you mean 'backoff'?
  line 16: model.learning.stabiliser: got False; expected str. Put it in quotes
  line 18: trainer.max_epoch: no such key. Did you mean 'max_epochs'?
  line 20: pruning.target: got 3; expected 0 .. 1, or null
  line 21: pruning.by: got 'size'; expected one of weight, contribution, random
  line 22: hardwear: no such key. Did you mean 'hardware'?
  line 25: layout.tool: got 'openraod'; expected one of auto, openroad, qflow. \
Did you mean 'openroad'?
"""


def test_all_errors_of_a_file_at_once_with_their_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(BAD)
    assert main(["fit", "-c", "bad.yaml"]) == 2
    assert capsys.readouterr().err == TOLD
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "got nothing; expected sections such as data: and model:"),
        ("- a\n- b\n", "got a seq; expected sections"),
        ("a: b: c\n", "no valid YAML: got line 1, column 5: mapping values are not allowed here"),
        ("a: &x [*x]\n", "found an alias|an alias inside itself|found recursive|no valid YAML"),
        ("data:\n  a: 1\n  a: 2\n", "1 error\n  line 3: data.a: given twice, first in line 2"),
    ],
)
def test_what_is_no_recipe(tmp_path, text, told):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=told):
        compose(path)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InvalidInput, match="expected a text file"):
        compose(tmp_path)
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="expected a text file"):
        compose(tmp_path / "x")


@pytest.mark.parametrize("name", recipe_names())
def test_a_good_recipe_has_no_errors(name):
    assert check(find_recipe(name), _sections(), LINKED) == []


def test_an_error_found_late_gets_the_line_of_the_key_it_names(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("data:\n  name: Nix\nmodel:\n  theta: 0\n")
    error = str(InvalidInput("theta", got=0, expected=">= 1"))
    assert "line 4: theta: got 0; expected >= 1" in str(located(path, error))
    assert "line 2: name: data set 'Nix': got" in str(
        located(path, "data set 'Nix': got nothing; expected a set")
    )
    assert located(path, error, ["--model.theta=0"]) is None
    assert located(path, "theta") is None


def test_spoilt_recipes_in_a_short_form(tmp_path):
    """`scripts/spoil_recipes.py` spoils 200; sets that would be looked for on the net are left."""
    answer = runpy.run_path(str(ROOT / "scripts" / "spoil_recipes.py"))["answer"]
    asked = 0
    for spoilt in spoil(60, seed=1):
        if "Such" in spoilt.names and "name: " + spoilt.names in spoilt.text:
            continue
        asked += 1
        fault, text = answer(spoilt, tmp_path)
        assert not fault, (fault, spoilt, text)
    assert asked > 40
