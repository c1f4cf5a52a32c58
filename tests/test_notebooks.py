"""Notebooks: their code runs from top to bottom, and their text outputs are what it prints."""

import importlib.util
import json
import os
import re
from pathlib import Path

import matplotlib
import pytest

from hls.layout.qflow import GRAYWOLF, QROUTER
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))
REFRESH = "Run 'make notebooks' to keep the new outputs"


def tool(name):
    """A module of the site's own folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "_site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_what_it_needs(name):
    if name == "mnist_pruning":
        images = Path(os.environ.get("NEUTNN_DATA", ".")) / "MNIST" / "raw"
        if not images.is_dir():
            pytest.skip("no data root: set NEUTNN_DATA to a folder with MNIST/raw")
    if name == "ucr_to_layout" and not (GRAYWOLF.find() and QROUTER.find()):
        pytest.skip(f"no placer and router: {GRAYWOLF.install}")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_it_shows(path):
    check_what_it_needs(path.stem)
    matplotlib.use("Agg")
    site, names = tool("notebooks"), {"__name__": "__main__"}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed = site.run_cell("".join(cell["source"]), names, path.name)
        pictures = len(site.drawn())
        shown = "".join("".join(o["text"]) for o in cell["outputs"] if "text" in o)
        if "tools" in cell["metadata"].get("tags", []):  # figures of other versions may differ
            printed, shown = (re.sub(r"[\d,.]+", "#", text) for text in (printed, shown))
        assert printed == shown, REFRESH
        assert pictures == sum("data" in o for o in cell["outputs"]), REFRESH


def test_there_are_three_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["mnist_pruning", "place_cells", "ucr_to_layout"]


def test_outputs_are_written_as_a_notebook_holds_them(tmp_path):
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    code = "from matplotlib import pyplot as plt\nprint(1 + 1)\n_ = plt.plot([1, 2])"
    book = tmp_path / "small.ipynb"
    book.write_text(json.dumps({"cells": [{**cell, "source": code.splitlines(keepends=True)}]}))
    tool("notebooks").refresh(book)
    (done,) = json.loads(book.read_text())["cells"]
    assert done["execution_count"] == 1
    text, picture = done["outputs"]
    assert text == {"output_type": "stream", "name": "stdout", "text": ["2\n"]}
    assert picture["data"]["image/png"].startswith("iVBOR")
