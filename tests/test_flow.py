"""The main job: `make demo`, what it leaves behind, how it goes on, and how it fails."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hls
from hls.bambu import BAMBU
from hls.ir import load
from hls.step import StepRecord, step_dir
from hls.verify import RUNGS
from neutnn_pl.cli import main
from tests.conftest import ROOT

STEPS = ["fit", "prune", "freeze", "ckernel", "bambu", "rtl", "synth", "verify", "layout"]
PROGRAM = [sys.executable, "-m", "neutnn_pl.cli"]
TOOLS = ("iverilog", "verilator", "graywolf", "qrouter")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """`make demo`, run once."""
    run = tmp_path_factory.mktemp("demo") / "run"
    if not (ROOT / ".venv" / "bin" / "neutnn").exists():
        pytest.skip("no .venv: type make test")
    done = subprocess.run(
        ["make", "demo", f"RUN={run}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return run, done.stdout


def record(run, step):
    return StepRecord.read(step_dir(run, step))


def test_every_step_is_done_in_order(demo):
    run, out = demo
    flow = json.loads((run / "flow.json").read_text())
    assert [step["id"] for step in flow["steps"]] == STEPS
    for number, step in enumerate(STEPS, start=1):
        assert f"  {number}/9 {step}" in out
        assert record(run, step).status == "done"


def test_the_ladder_has_no_mismatch_and_no_skipped_rung(demo):
    run, _ = demo
    ladder = json.loads((run / "steps/verify/ladder.json").read_text())
    assert [row["rung"] for row in ladder["rungs"]] == list(RUNGS)
    rows = {row["rung"]: row for row in ladder["rungs"]}
    assert "--hardware.bus apb" in rows.pop("bus")["skipped"]
    assert "source: lfsr" in rows.pop("learning")["skipped"]
    for row in rows.values():
        if row["rung"].startswith("bambu") and BAMBU.find() is None:
            assert row["skipped"].startswith("Bambu is not installed (")
            continue
        assert (row["samples"], row["mismatches"], row["skipped"]) == (175, 0, None)


def test_quality_stands_beside_kmeans(demo):
    figures = json.loads((demo[0] / "report.json").read_text())["figures"]
    assert figures["ari"] > figures["kmeans_ari"] + 0.1
    assert figures["coverage"] == 1.0
    assert figures["synapses"] < 0.7 * figures["synapses_before"]


def test_every_figure_of_the_report_is_there_with_its_unit(demo):
    run, out = demo
    report = json.loads((run / "report.json").read_text())
    for name in (
        "rand", "nmi", "purity", "kmeans_rand", "input_spikes_per_sample", "cycles_mean", "cells",
        "flip_flops", "cell_area_um2", "die_area_um2", "utilisation_percent", "wire_length_um",
        "router_violations", "clock_ns", "slack_ns", "power_uw", "energy_per_inference_pj",
    ):  # fmt: skip
        assert isinstance(report["figures"][name], int | float), name
    assert report["figures"]["router_violations"] == 0
    assert report["figures"]["slack_ns"] > 0
    assert "zero-delay" in report["method"]["power_method"]
    assert any("abstracts" in note for note in report["notes"])
    text = (run / "report.md").read_text()
    assert "| netlist | 175 | 0 |" in text
    assert report["network"] in text
    assert "energy / inference, pJ" in out


def test_pictures_show_something(demo):
    for name in ("layout.png", "raster.png", "weights.png"):
        image = Image.open(demo[0] / name).convert("L")
        assert image.width >= 1000
        assert np.asarray(image).std() > 10


def test_every_artifact_carries_the_networks_hash(demo):
    run, _ = demo
    network = load(run / "frozen")
    name = network.name
    for path in (f"ckernel/{name}.c", f"ckernel/{name}.h", f"rtl/{name}.v", "rtl/ports.json"):
        assert network.hash in (run / "steps" / path).read_text()
    assert str(np.load(run / "steps/freeze/stimulus.npz")["hash"]) == network.hash


def test_tools_versions_and_times_are_recorded(demo):
    run, _ = demo
    assert record(run, "ckernel").tools["gcc"]
    assert record(run, "layout").tools["qrouter"]
    assert all(record(run, step).seconds > 0 for step in STEPS)


def test_a_second_call_does_nothing_again(demo, capsys):
    run, _ = demo
    before = {step: record(run, step).started for step in STEPS}
    assert main(["flow", str(run)]) == 0
    assert {step: record(run, step).started for step in STEPS} == before
    assert "9/9 layout" in capsys.readouterr().out


def test_a_damaged_output_runs_its_step_again(demo):
    run, _ = demo
    path = run / "steps" / "ckernel" / f"{load(run / 'frozen').name}.c"
    text = path.read_text()
    path.write_text(text + "\n")
    assert main(["flow", str(run), "--to", "ckernel"]) == 0
    assert path.read_text() == text


def test_a_failing_tool_stops_with_its_last_lines_and_loses_nothing(demo, monkeypatch, capsys):
    run, _ = demo
    fake = run.parent / "qrouter"
    fake.write_text("#!/bin/sh\necho 'qrouter version 9.9.9'\necho out of tracks\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("QROUTER_EXE", str(fake))
    assert main(["flow", str(run)]) == 1
    err = capsys.readouterr().err
    assert "out of tracks" in err
    assert "log.txt" in err
    assert "Traceback" not in err
    assert record(run, "layout").status == "failed"
    assert record(run, "verify").status == "done"
    monkeypatch.delenv("QROUTER_EXE")
    assert main(["flow", str(run)]) == 0
    assert record(run, "layout").status == "done"


def test_a_missing_tool_is_named_before_anything_runs(demo, monkeypatch, capsys):
    monkeypatch.setenv("GRAYWOLF_EXE", "/nowhere/graywolf")
    assert main(["flow", str(demo[0])]) == 2
    err = capsys.readouterr().err
    assert "graywolf is needed" in err
    assert "GRAYWOLF_EXE" in err
    monkeypatch.delenv("GRAYWOLF_EXE")
    assert main(["flow", str(demo[0])]) == 0


def test_a_mismatch_stops_the_flow(demo, capsys):
    """The stimulus' expected answers are edited: every rung must now disagree."""
    run, _ = demo
    path = run / "steps" / "freeze" / "stimulus.npz"
    whole = path.read_bytes()
    with np.load(path) as arrays:
        parts = dict(arrays)
    parts["y"][7, 0, 1] ^= 1
    np.savez_compressed(path, **parts)
    assert main(["verify", str(run)]) == 1
    out, err = capsys.readouterr()
    assert "rung c does not compute what the reference computes: 1 of 525 spike times" in err
    assert "sample 7, column 0, neuron 1: expected" in err
    assert out.count("1 mismatches") == 4
    path.write_bytes(whole)
    assert main(["verify", str(run)]) == 0


def test_interrupted_layout_goes_on(demo):
    """Kill a flow during the layout: children die with it, and the next call finishes."""
    run, _ = demo
    process = subprocess.Popen(
        [*PROGRAM, "flow", str(run), "--from", "layout"], cwd=ROOT, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    # A step that begins empties its directory, so for a moment there is no record.
    while getattr(record(run, "layout"), "status", None) != "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "interrupted; the same command goes on from here" in err
    assert record(run, "layout").status == "failed"
    assert main(["flow", str(run)]) == 0
    assert record(run, "layout").status == "done"


def test_from_python_without_torch(demo, tmp_path):
    """`hls` alone brings a frozen network to a netlist, and never imports torch."""
    code = (
        "import sys, hls\n"
        f"network = hls.load({str(demo[0] / 'frozen')!r})\n"
        f"report = hls.Flow(network, run_dir={str(tmp_path / 'run')!r}).run(stop='verify')\n"
        "assert all(r['mismatches'] == 0 for r in report['ladder'] if not r['skipped'])\n"
        "assert 'torch' not in sys.modules and 'neutnn_pl' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=300)
    assert (tmp_path / "run" / "report.md").is_file()


def test_the_lazy_names_exist():
    for name in hls.__all__:
        assert getattr(hls, name) is not None
    assert os.path.isdir(ROOT / "recipes")
    assert Path(ROOT / "LICENSE").read_text().lstrip().startswith("Apache License")


def test_clusters_against_classes_are_drawn(demo):
    image = Image.open(demo[0] / "confusion.png").convert("L")
    assert np.asarray(image).std() > 10
    assert np.load(demo[0] / "steps" / "freeze" / "labels.npy").shape == (175,)
