"""The thin entry points."""

import os
import runpy
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from hls.step import StepRecord, step_dir
from tests.conftest import ROOT


def script(name, *args, cwd, timeout=300):
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *map(str, args)], cwd=cwd,
        capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    done = script("train.py", "-c", "ucr/arrowhead", "--trainer.max_epochs", "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def status(folder, step):
    record = StepRecord.read(step_dir(Path(folder) / "runs" / "arrowhead", step))
    return record and record.status


def test_train_export_and_layout(folder):
    assert status(folder, "prune") == "done"
    done = script("export_hls.py", "runs/arrowhead", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (status(folder, "rtl"), status(folder, "synth")) == ("done", None)
    assert status(folder, "bambu") == "done"
    checkpoint = "runs/arrowhead/steps/prune/pruned.ckpt"
    done = script("export_hls.py", checkpoint, "--output", "alone", "--arch", "stream", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "alone" / "steps" / "bambu" / "stream" / "alone.c").is_file()
    assert (folder / "alone" / "steps" / "rtl" / "alone.v").is_file()
    done = script("layout.py", "runs/arrowhead", "--dry-run", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "layout    runs      has not run" in done.stdout


def test_benchmarks_by_name(tmp_path):
    assert "arrowhead" in script("benchmark.py", cwd=tmp_path).stdout
    done = script("benchmark.py", "arowhead", cwd=tmp_path)
    assert done.returncode == 2
    assert "benchmark 'arowhead': got no such one; expected" in done.stderr
    done = script("benchmark.py", "reward", "--seeds", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "R-STDP" in done.stdout
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path


def test_torch_and_lightning_are_in_the_range_that_is_stated():
    """The ends of the range need a download: `scripts/lightning_ends.py` trains with them."""
    for name in ("torch", "lightning"):
        (stated,) = [r for r in map(Requirement, requires("neutnn-pl")) if r.name == name]
        assert version(name) in stated.specifier
    lowest = runpy.run_path(str(ROOT / "scripts" / "lightning_ends.py"))["lowest"]()
    assert lowest == "2.6.0"
    assert f"lightning {lowest} up to 3" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_killed_runs_in_a_short_form(tmp_path):
    done = script("kill_runs.py", "2", "--to", "ckernel", "--epochs", "20", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kills, 4 resumed to the very files" in done.stdout
