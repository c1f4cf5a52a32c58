"""The benchmark of processes runs, and its weights are equal."""

import os
import re
import subprocess
import sys

from tests.conftest import ROOT


def test_one_and_two_processes():
    done = subprocess.run(
        [sys.executable, "benchmarks/processes.py", "--samples", "300", "--runs", "1"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "300 samples, batches of 256, equal weights" in done.stdout
    found = re.search(r"2 processes: ([\d.]+) times one", done.stdout)
    assert float(found.group(1)) > 0
