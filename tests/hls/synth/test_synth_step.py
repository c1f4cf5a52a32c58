"""The synthesis step in a run's directory."""

from __future__ import annotations

import pytest

from hls.errors import InvalidInput, StepFailed
from hls.step import StepRecord, execute, stale_reason, step_dir
from hls.synth.step import SynthStep
from tests.hls.synth.column import column


def test_runs_once_and_again_when_the_rtl_changes(library, tmp_path):
    library("osu018")
    step = SynthStep("tiny")
    with pytest.raises(InvalidInput, match=r"step synth has no rtl.*Run the earlier steps first"):
        execute(step, tmp_path)
    source = step_dir(tmp_path, "rtl") / "tiny.v"
    source.parent.mkdir(parents=True)
    source.write_text(column("tiny", 4, 2, 9))
    record = execute(step, tmp_path)
    assert record.metrics["cells"] > record.metrics["flip_flops"] > 0
    assert record.metrics["area_um2"] > 0
    assert record.summary.startswith("osu018, ")
    assert set(record.outputs) == {"cells.v", "log.txt", "netlist.json", "netlist.v", "stat.json"}
    assert stale_reason(step, tmp_path) is None
    faster = SynthStep("tiny", clock_ns=3.0)
    assert stale_reason(faster, tmp_path) == "options changed: clock_ns 10.0 -> 3.0"
    source.write_text("module tiny (input a; endmodule")
    assert stale_reason(step, tmp_path) == "inputs changed: rtl"
    with pytest.raises(StepFailed):
        execute(step, tmp_path)
    assert StepRecord.read(step_dir(tmp_path, "synth")).status == "failed"
    assert {p.name for p in step_dir(tmp_path, "synth").iterdir()} == {"log.txt", "step.json"}
