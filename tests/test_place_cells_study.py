"""The study of place cells runs, in a short form."""

import subprocess
import sys

from tests.conftest import ROOT


def test_the_study_runs_and_draws(tmp_path):
    words = ["--quick", "--images", str(tmp_path), "--only", "fields", "localise"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "place_cells.py"), *words],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "### Localisation" in done.stdout
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert pictures == {
        "place_maps.png",
        "place_walk.png",
        "place_fields.png",
        "place_localise.png",
    }
