"""The README: every command in it is run, the demo first."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line[2:].partition("  #")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.S)
    for line in block.splitlines()
    if line.startswith("$ ")
]
OURS = [command for command in COMMANDS if command.startswith("neutnn ")]


def test_what_is_there_to_run():
    assert [c for c in COMMANDS if c not in OURS] == ["make demo", "make test"]
    assert len(OURS) == 15


def test_make_test_is_what_ci_runs():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").split("\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("newcomer")
    time = np.linspace(0, 6.28, 60)
    shapes = (np.sin(2 * time), np.sin(5 * time), np.sign(np.sin(3 * time)))
    noise = np.random.default_rng(0).normal(size=(45, 60))
    series = [shapes[number % 3] + 0.3 * noise[number] for number in range(45)]
    np.savetxt(folder / "series.csv", series, delimiter=",", fmt="%.4f")
    return folder


@pytest.mark.parametrize("command", OURS)
def test_commands_in_order(command, folder):
    words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "neutnn_pl.cli", *words[1:]],
        cwd=folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
    if words[1] == "predict":  # three shapes by turns: three clusters by turns
        clusters = [int(line) for line in done.stdout.split()]
        assert len(set(clusters)) == 3
        assert clusters == clusters[:3] * 15


def test_the_python_example(folder):
    """In a process of its own: what is imported first may matter."""
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, env=environment, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_the_map_names_folders_that_exist():
    for row in re.findall(r"^\| `(.*?)` ?[,|]", README, re.M):
        assert (ROOT / row).is_dir()


def test_folders_of_a_run(folder):
    run = folder / "runs" / "my"
    for name in ("report.md", "report.json", "layout.png", "raster.png", "weights.png"):
        assert (run / name).stat().st_size > 100
    assert Path(run / "steps" / "layout" / "layout.gds").is_file()
    assert "adjusted Rand index" in (folder / "compare.html").read_text(encoding="utf-8")
    assert "osu035" in (run / "report.md").read_text(encoding="utf-8")
