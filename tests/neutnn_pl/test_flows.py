"""Many flows: planned, retried, copied from one that learnt, and told in one table."""

import json

import pytest

from hls.errors import InvalidInput
from neutnn_pl import flows
from neutnn_pl.cli import main
from neutnn_pl.flows import Done, Job, plan_jobs, run_job, write_table


def test_a_job_for_each_recipe_and_library(tmp_path):
    run = tmp_path / "mine"
    run.mkdir()
    (run / "config.yaml").write_text("")
    plan = plan_jobs(["ucr/sony2", str(run)], ["osu018", "asap7"], tmp_path / "all", (), "synth")
    (shared, (first, second)), (none, (third, _)) = plan
    assert none is None
    base = str(tmp_path / "all" / "ucr_sony2" / "learnt")
    assert shared.words == ("-c", "ucr/sony2", "--run_dir", base, "--to", "rtl")
    assert (first.source, second.source, third.source) == (base, base, str(run))
    assert second.run_dir == str(tmp_path / "all" / "ucr_sony2" / "asap7")
    assert second.words == (second.run_dir, "--pdk", "asap7", "--to", "synth")


def test_what_cannot_be_planned(tmp_path):
    with pytest.raises(InvalidInput, match="library: got 'asap8'; expected one of osu018"):
        plan_jobs(["ucr/sony2"], ["asap8"], tmp_path)
    with pytest.raises(InvalidInput, match="two called sony2; expected a name of its own each"):
        plan_jobs(["sony2", "x/sony2.yaml"], ["osu018"], tmp_path)


@pytest.fixture
def calls(monkeypatch):
    """Let each call of a flow return the next of these codes."""
    codes, seen = [], []

    def call(job, log):
        seen.append(job.words)
        code = codes.pop(0)
        return code, "step one\nneutnn: error: no luck\nits mend\n" if code else "fine\n"

    monkeypatch.setattr(flows, "_call", call)
    return codes, seen


@pytest.mark.parametrize(
    ("codes", "attempts", "error"),
    [
        ([0], 1, None),
        ([1, 0], 2, None),
        ([1, 1, 1], 3, "no luck\nits mend"),
        ([2, 0], 1, "no luck\nits mend"),  # bad input: trying again cannot help
    ],
)
def test_failed_flows_are_started_again(calls, tmp_path, codes, attempts, error):
    calls[0].extend(codes)
    done = run_job(Job("a", "osu018", ("words",), str(tmp_path / "run")), retries=2)
    assert (done.attempts, done.error, len(calls[1])) == (attempts, error, attempts)


def test_a_run_is_copied_without_what_depends_on_the_library(calls, tmp_path):
    source = tmp_path / "learnt"
    for step in ("fit", "rtl", "synth", "layout"):
        (source / "steps" / step).mkdir(parents=True)
        (source / "steps" / step / "step.json").write_text("{}")
    (source / "report.json").write_text(json.dumps({"figures": {"cells": 7}}))
    calls[0].extend([0, 0])
    job = Job("a", "asap7", ("words",), str(tmp_path / "asap7"), str(source))
    assert run_job(job, retries=0).figures == {"cells": 7}
    assert sorted(p.name for p in (tmp_path / "asap7" / "steps").iterdir()) == ["fit", "rtl"]
    (tmp_path / "asap7" / "mark").touch()
    run_job(job, retries=0)
    assert (tmp_path / "asap7" / "mark").exists()  # goes on; not copied again
    assert sorted(p.name for p in tmp_path.iterdir()) == ["asap7", "learnt"]


def test_what_follows_a_failed_run_does_not_start(calls, tmp_path):
    before = Done("a", "", "somewhere", error="no luck")
    done = run_job(Job("a", "osu018", (), str(tmp_path / "run")), 1, before)
    assert done.error == "not started, as somewhere failed: no luck"
    assert not calls[1]


def test_a_source_that_is_gone_is_told(tmp_path):
    job = Job("a", "osu018", (), str(tmp_path / "run"), str(tmp_path / "gone"))
    assert "gone" in run_job(job, 0).error


def test_the_table_shows_what_there_is(tmp_path):
    good = Done("a", "osu018", "x", 1, 2.5, None, {"cells": 1234, "slack_ns": 0.25})
    bad = Done("b", "osu018", "y", 2, 1.0, "step | broke\nits mend")
    text = write_table(tmp_path, [good, bad]).read_text()
    assert "| flow | library | cells | slack, ns | attempts | s | state |" in text
    assert "| a | osu018 | 1,234 | 0.250 | 1 | 2.5 | done |" in text
    assert "| b | osu018 | - | - | 2 | 1.0 | step / broke |" in text
    assert json.loads((tmp_path / "flows.json").read_text())[0]["figures"]["cells"] == 1234
    rows = (tmp_path / "flows.csv").read_text().splitlines()
    assert rows[0] == "name,library,attempts,seconds,error,cells,slack_ns"
    assert rows[1] == "a,osu018,1,2.5,,1234,0.25"


def test_two_libraries_and_one_failure_on_ray(tmp_path, capsys):
    pytest.importorskip("ray", reason="ray is not installed (pip install neutnn-pl[sweep])")
    bad = tmp_path / "bad.yaml"
    bad.write_text("model: {class_path: Nothing}\n")
    command = ["flows", "ucr/arrowhead", str(bad), "--pdk", "osu018,nangate45", "--to", "fit"]
    assert main([*command, "--dir", str(tmp_path / "all"), "--trainer.max_epochs", "1"]) == 1
    printed = capsys.readouterr().out
    assert "4/4" in printed
    results = json.loads((tmp_path / "all" / "flows.json").read_text())
    assert [(d["name"], d["library"]) for d in results] == [
        ("ucr_arrowhead", "osu018"),
        ("ucr_arrowhead", "nangate45"),
        ("bad", "osu018"),
        ("bad", "nangate45"),
    ]
    assert [d["error"] is None for d in results] == [True, True, False, False]
    assert "not started" in results[2]["error"]
    log = (tmp_path / "all" / "ucr_arrowhead" / "nangate45.log").read_text()
    assert "--pdk nangate45" in log


def test_no_cluster_at_the_address(tmp_path):
    pytest.importorskip("ray", reason="ray is not installed (pip install neutnn-pl[sweep])")
    (job,) = plan_jobs(["ucr/arrowhead"], ["osu018"], tmp_path)
    with pytest.raises(InvalidInput, match="127.0.0.1:1, where no cluster answers"):  # at once
        flows.run_jobs([job], address="127.0.0.1:1")
