"""Notebooks: their code runs from top to bottom, and their text outputs are what it prints."""

import contextlib
import io
import json

import matplotlib
import pytest

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_prints_what_it_shows(path, monkeypatch):
    matplotlib.use("Agg")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in (c for c in cells if c["cell_type"] == "code"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), path.name, "exec"), names)
        shown = ["".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream"]
        assert printed.getvalue() == "".join(shown)
    matplotlib.pyplot.close("all")


def test_there_is_a_notebook():
    assert [path.name for path in NOTEBOOKS] == ["place_cells.ipynb"]
