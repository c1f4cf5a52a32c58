"""The hardware table is measured row by row, and goes on from what it has."""

import os
import subprocess
import sys

import pytest

from hls.layout.sta import OPENSTA
from hls.sim import IVERILOG
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    OPENSTA.find() is None or IVERILOG.find() is None, reason="OpenSTA or Icarus is missing"
)


def test_place_cells_before_and_after_pruning(tmp_path):
    command = [sys.executable, "benchmarks/silicon.py", "--only", "place_cells", "--pdk", "osu018"]
    rows = []
    for _ in range(2):
        done = subprocess.run(
            [*command, "--cache", str(tmp_path)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        rows.append(done.stdout)
    assert rows[0] == rows[1]
    before, after = ([c.strip() for c in line.split("|")] for line in rows[0].splitlines()[2:])
    assert (before[1], before[3], before[4]) == ("place cells 4x3x4x20", "osu018", "960")
    assert (after[1], after[4]) == ("place cells 4x3x4x20 pruned", "78")
    assert float(after[7].replace(",", "")) < float(before[7].replace(",", ""))
