"""The layout step in a run's directory."""

from __future__ import annotations

import shutil

import pytest

from hls.errors import InvalidInput, ToolMissing
from hls.layout.step import LayoutStep
from hls.step import execute, stale_reason, step_dir
from tests.hls.layout.conftest import needs_qflow


@needs_qflow
def test_with_and_without_activity(small, activity, library, tmp_path):
    library("osu018")
    result, _ = small("osu018")
    synth = step_dir(tmp_path, "synth")
    synth.mkdir(parents=True)
    step = LayoutStep(clock_ns=12.0)
    with pytest.raises(InvalidInput, match="step layout has no netlist"):
        execute(step, tmp_path)
    for path in (result.netlist, result.netlist_json):
        shutil.copy(path, synth)
    record = execute(step, tmp_path)
    assert record.metrics["power_uw"] is None
    assert record.metrics["leakage_uw"] > 0
    assert (
        "no power: no activity of the netlist (the verify step records it)"
        in (record.metrics["notes"])
    )
    assert record.summary == f"qflow osu018, {result.cells} cells, 0 violations"
    assert record.metrics["clock_ns"] == 12.0
    assert stale_reason(step, tmp_path) is None
    verify = step_dir(tmp_path, "verify")
    verify.mkdir()
    shutil.copy(activity, verify / "netlist.vcd")
    assert stale_reason(step, tmp_path) == "inputs changed: activity"
    record = execute(step, tmp_path)
    assert record.metrics["power_uw"] > record.metrics["leakage_uw"]
    assert {"layout.def", "layout.gds", "layout.png", "layout.json"} <= set(record.outputs)


def test_another_library_needs_openroad(small, library, tmp_path, monkeypatch):
    library("nangate45")
    result, _ = small("nangate45")
    monkeypatch.setenv("OPENROAD_EXE", "/nowhere")
    shutil.copytree(result.netlist.parent, step_dir(tmp_path, "synth"))
    with pytest.raises(ToolMissing) as caught:
        execute(LayoutStep(pdk="nangate45"), tmp_path)
    assert str(caught.value) == (
        "OpenROAD is needed (placement and routing in advanced libraries): got "
        "OPENROAD_EXE=/nowhere; expected an executable openroad. Install it with 'see "
        "https://openroad.readthedocs.io (no Debian package)', or set OPENROAD_EXE to its path"
    )
