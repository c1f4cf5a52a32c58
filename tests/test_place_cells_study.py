"""The study of place cells runs, in a short form."""

import json
import subprocess
import sys

from hls.ir import load
from hls.step import StepRecord, step_dir
from hls.verify import RUNGS
from neutnn_pl.cli import main
from tests.conftest import ROOT


def test_a_minicolumn_climbs_the_ladder(tmp_path):
    run = tmp_path / "run"
    words = ["-c", "place_cells/chip", "--run_dir", str(run), "--to", "verify"]
    assert main(["flow", *words, "--trainer.enable_progress_bar", "false"]) == 0
    network = load(run / "frozen")
    assert network.layers[0].shape == (1, 4, 3, 4, 20)
    assert network.proximal_lines == 12
    ladder = json.loads((run / "steps/verify/ladder.json").read_text())
    assert [row["rung"] for row in ladder["rungs"]] == list(RUNGS)
    rows = {row["rung"]: row for row in ladder["rungs"]}
    learning = rows.pop("learning")
    if learning["skipped"] is None:
        # 26 edges, each held for 3 cycles; then every question, asked of what it has learnt.
        learnt, samples = learning["learnt"], learning["samples"]
        assert (learnt, samples, learning["mismatches"]) == (78, 78 + 78, 0)
    for row in rows.values():
        if row["skipped"] is None:
            assert (row["samples"], row["mismatches"]) == (3 * 26, 0)
    found = StepRecord.read(step_dir(run, "prune")).metrics
    assert found["accuracy_after"] > 0.9


def test_the_c_kernel_of_a_memory_answers_as_pytorch_does(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "place_cells_chip.py"), "--quick"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line.split(" | ") for line in done.stdout.splitlines() if "," in line]
    assert [row[0] for row in rows] == ["| one shot", "| on a chip, sealed"]
    for _, _, questions, differ, sampled, differ_too, _ in rows:
        assert (questions, differ, sampled, differ_too) == ("1,620", "0", "33", "0")


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
