"""Reports."""

import json

import pytest

from hls.errors import InvalidInput
from hls.report import collect, write_report
from hls.report.table import as_text, number


def record(run, name, **metrics):
    folder = run / "steps" / name
    folder.mkdir(parents=True)
    values = {"id": name, "status": "done", "started": "", "metrics": metrics}
    (folder / "step.json").write_text(json.dumps(values))


def test_figures_come_from_the_records(tmp_path):
    record(tmp_path, "synth", cells=12, area_um2=3.25, flip_flops=None)
    record(tmp_path, "freeze", synapses=7, hash="ab" * 32)
    report = collect(tmp_path)
    assert report["figures"] == {"synapses": 7, "cells": 12, "cell_area_um2": 3.25}
    assert report["network"] == "ab" * 32
    assert list(report["steps"]) == ["freeze", "synth"]


def test_steps_stand_in_the_order_of_the_flow(tmp_path):
    for name in ("b", "a", "c"):
        record(tmp_path, name)
    (tmp_path / "flow.json").write_text(json.dumps({"steps": [{"id": "c"}, {"id": "a"}]}))
    assert list(collect(tmp_path)["steps"]) == ["c", "a", "b"]


def test_a_failed_step_gives_no_figures(tmp_path):
    record(tmp_path, "synth", cells=12)
    path = tmp_path / "steps" / "synth" / "step.json"
    path.write_text(path.read_text().replace("done", "failed"))
    assert collect(tmp_path)["figures"] == {}


def test_skipped_rungs_and_notes_are_said(tmp_path):
    record(tmp_path, "layout", die_area_um2=5.0, notes=["no clock tree"], tool="qflow")
    record(tmp_path, "verify")
    rungs = [
        {"rung": "c", "samples": 5, "mismatches": 0, "seconds": 0.1, "skipped": None},
        {"rung": "icarus", "skipped": "Icarus Verilog is not installed"},
        {"rung": "netlist", "skipped": "there is none", "idle": True},
        {"rung": "learning", "samples": 9, "learnt": 4, "mismatches": 0, "seconds": 0.1},
    ]
    path = tmp_path / "steps" / "verify" / "ladder.json"
    path.write_text(json.dumps({"rungs": rungs}))
    report = write_report(tmp_path)
    text = as_text(report)
    assert "c: 5 samples, 0 mismatches, 0.1 s" in text
    assert "icarus: skipped (Icarus Verilog is not installed)" in text
    assert "netlist" not in text
    assert "learning: 9 samples (4 learnt), 0 mismatches, 0.1 s" in text
    assert "no clock tree" in text
    markdown = (tmp_path / "report.md").read_text()
    assert "| icarus | skipped | Icarus Verilog is not installed | |" in markdown
    assert "| learning | 9 (4 learnt) | 0 | 0.1 |" in markdown
    assert "- tool: qflow" in markdown


def test_the_routed_netlist_is_the_last_rung(tmp_path):
    record(tmp_path, "verify")
    rungs = [{"rung": "c", "samples": 5, "mismatches": 0, "seconds": 0.1, "skipped": None}]
    (tmp_path / "steps" / "verify" / "ladder.json").write_text(json.dumps({"rungs": rungs}))
    record(tmp_path, "layout", samples_compared=5, seconds={"replay": 0.25})
    assert as_text(write_report(tmp_path)).endswith("routed: 5 samples, 0 mismatches, 0.2 s")
    assert "| routed | 5 | 0 | 0.2 |" in (tmp_path / "report.md").read_text()
    record(tmp_path / "other", "layout", samples_compared=0)  # of a run without samples
    assert "routed" not in as_text(write_report(tmp_path / "other"))


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(InvalidInput, match="got no steps in it; expected a run's directory"):
        collect(tmp_path)


def test_numbers_read_well():
    assert [number(v) for v in (3, 12345, 0.5, 12.34, 1234.5, True)] == [
        "3", "12,345", "0.500", "12.3", "1,234", "True",
    ]  # fmt: skip
