"""What a user sees of a flow while it runs, and the smoke test."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hls.lock import locked
from hls.step import StepRecord, step_dir
from neutnn_pl.cli import COMMANDS, USAGE, main
from neutnn_pl.progress import _bars, _Live, display, duration
from tests.hls.test_step import Copy, Last

FLOW = ["flow", "-c", "ucr/arrowhead", "--trainer.max_epochs", "2", "--to", "rtl"]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder in which a flow has been run down to RTL."""
    folder = tmp_path_factory.mktemp("shell")
    assert main([*FLOW, "--run_dir", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def run(capsys):
    def call(*args):
        code = main([str(arg) for arg in args])
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return call


def test_a_dry_run_says_what_would_run_and_why_and_writes_nothing(run, done):
    run_dir = done / "run"
    before = {p: p.stat().st_mtime_ns for p in run_dir.rglob("*")}
    code, out, _ = run("flow", run_dir, "--dry-run")
    assert code == 0
    assert re.findall(r"^  (\w+) +(\w+) ", out, re.M)[:5] == [
        (step, "kept") for step in ("fit", "prune", "freeze", "ckernel", "bambu")
    ]
    code, out, _ = run(*FLOW, "--run_dir", run_dir, "--dry-run", "--overwrite", "--model.theta", 26)
    assert code == 0
    assert f"{run_dir} (emptied first): nothing is run" in out
    code, out, _ = run("flow", run_dir, "--dry-run", "--json", "--from", "ckernel", "--to", "rtl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(r["step"], r["action"]) for r in rows] == [
        ("fit", "kept"), ("prune", "kept"), ("freeze", "kept"), ("ckernel", "runs"),
        ("bambu", "runs"), ("rtl", "runs"),
    ]  # fmt: skip
    assert before == {p: p.stat().st_mtime_ns for p in run_dir.rglob("*")}


def test_json_lines_for_programs(run, done):
    code, out, _ = run("flow", done / "run", "--to", "rtl", "--from", "rtl", "--json")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(r["event"], r.get("step")) for r in rows] == [
        ("kept", "fit"), ("kept", "prune"), ("kept", "freeze"), ("kept", "ckernel"),
        ("kept", "bambu"), ("start", "rtl"), ("done", "rtl"), ("report", None),
    ]  # fmt: skip
    assert rows[5]["why"] == "asked for (--from rtl)"
    assert rows[6]["metrics"]["flip_flops"] > 10
    assert rows[-1]["figures"]["synapses"] > 0


def test_hardware_of_a_run_may_change_in_place_and_learning_may_not(run, done):
    run_dir = done / "run"
    code, *_ = run("flow", run_dir, "--to", "rtl", "--hardware.clock_ns", 20)
    assert code == 0
    assert "clock_ns: 20" in (run_dir / "config.yaml").read_text()
    code, _, err = run("flow", run_dir, "--to", "rtl", "--model.theta", 30)
    assert code == 2
    assert "another configuration in it (model.init_args.theta 25 -> 30)" in err


def test_a_run_at_work_is_left_alone(run, done):
    with locked(done / "run"):
        code, _, err = run("flow", done / "run", "--to", "rtl")
        assert code == 2
        assert "another run at work in it (process" in err
        assert run("verify", done / "run")[0] == 2
    assert not (done / "run" / ".lock").exists()


def test_a_skipped_step(run, done):
    code, out, _ = run("flow", done / "run", "--to", "rtl", "--skip", "ckernel,rtl")
    assert code == 0
    assert "4/9 ckernel   skipped" in out
    assert StepRecord.read(step_dir(done / "run", "rtl")).status == "done"


def test_report_compare_and_pack(run, done):
    assert "report.html" in run("report", done / "run")[1]
    code, out, _ = run("compare", done / "run", done / "run", "--html", done / "c.html")
    assert code == 0
    assert "no difference" in out
    assert (done / "c.html").read_text().startswith("<!doctype html>")
    code, out, _ = run("pack", done / "run")
    assert code == 0
    assert re.search(r"run.tar.gz  \d+ files, 0\.\d MB", out)


def test_bars_on_a_terminal(tmp_path, monkeypatch):
    """On a terminal the step that runs is shown with its share; a line stays when it is done."""
    from io import StringIO

    from rich.console import Console

    from hls.flow import run_steps

    class Telling(Copy):
        def run(self, context):
            context.tell("half way", 0.5)
            shown.append([(task.description, task.completed) for task in bars.tasks])
            return super().run(context)

    shown, text = [], StringIO()
    (tmp_path / "input.txt").write_text("abc")
    bars = _bars()
    bars.live.console = Console(file=text, force_terminal=True, width=100)
    with bars:
        run_steps([Telling(), Last()], tmp_path, skip=["last"], progress=_Live(bars))
    assert shown == [[("  1/2 copy      half way", 0.5)]]
    assert not bars.tasks
    assert "1/2 copy      4 letters" in text.getvalue()
    assert "2/2 last      skipped" in text.getvalue()
    with display() as plain:
        assert plain.__name__ == "line"
    assert (duration(59.94), duration(61)) == ("59.9 s", "1 min 01 s")


def test_every_command_stands_in_the_usage():
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", USAGE), command
    assert max(len(line) for line in USAGE.splitlines()) <= 100


def test_the_learning_curve_has_a_row_for_every_epoch(done):
    rows = (done / "run" / "steps" / "fit" / "curve.csv").read_text().splitlines()
    assert rows[0] == "epoch,train/coverage,train/winners"
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "2"]
    assert all(row.split(",")[2] for row in rows[1:])


def test_the_smoke_test(run, monkeypatch):
    code, out, _ = run("doctor", "--smoke-test")
    assert code == 0
    assert "0 mismatches" in out
    assert out.endswith("Paste all of this into an issue.\n")
    monkeypatch.setenv("QROUTER_EXE", "/nowhere/qrouter")
    from neutnn_pl.smoke import smoke_test

    *_, (line, passed) = smoke_test()
    assert passed
    assert "layout      skipped  not installed: qrouter" in line


def test_recipes_are_listed_with_their_results(run):
    code, out, _ = run("ls")
    assert code == 0
    assert re.search(r"ucr/arrowhead +ArrowHead", out)


def test_series_of_ones_own(run, tmp_path, monkeypatch):
    """No labels, no scores; the clusters by `predict`; another content, and the steps run again."""
    monkeypatch.chdir(tmp_path)
    time = np.linspace(0, 6.28, 60)
    shapes = (np.sin(2 * time), np.sin(5 * time), np.sign(np.sin(3 * time)))
    series = np.array([shapes[number % 3] for number in range(30)])
    series += 0.3 * np.random.default_rng(0).normal(size=series.shape)
    np.savetxt("series.csv", series, delimiter=",")
    own = ["--data.files", "series.csv", "--data.protocol", "train"]
    code, out, _ = run("fit", "-c", "ucr/arrowhead", "--name", "mine", *own)
    assert code == 0
    assert "no labels to score against: 'neutnn predict runs/mine' prints the clusters" in out
    assert "rand_after" not in StepRecord.read(step_dir(Path("runs/mine"), "prune")).metrics
    code, out, _ = run("predict", "runs/mine")
    assert len(set(out.split())) == 3
    assert out.split() == out.split()[:3] * 10
    assert run("flow", "runs/mine", "--to", "rtl")[0] == 0
    run("pack", "runs/mine")
    code, out, err = run("verify", "runs/mine.tar.gz")
    assert (code, err) == (0, "")
    np.savetxt("series.csv", series[::-1], delimiter=",")
    _, out, _ = run("flow", "runs/mine", "--to", "rtl", "--dry-run")
    assert re.search(r"fit +runs +inputs changed: file 1", out)
    code, _, err = run("predict", "runs/other")
    assert code == 2
    assert "run runs/other: got no config.yaml in it; expected a run's directory" in err
