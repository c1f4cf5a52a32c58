"""The command line: exit codes, one clear message, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from hls.step import StepRecord, step_dir
from neutnn_pl.cli import main

FAST = ["--trainer.max_epochs", "2", "--trainer.enable_progress_bar", "false"]
RECIPE = "ucr/arrowhead"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    def call(*args):
        code = main([str(arg) for arg in args])
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return call


def test_fit_scores_beside_kmeans_and_is_not_done_twice(run):
    code, out, _ = run("fit", "-c", RECIPE, *FAST)
    assert code == 0
    assert "1/2 fit" in out
    assert "k-means" in out
    assert "runs/arrowhead" in out
    record = StepRecord.read(step_dir(Path("runs/arrowhead"), "fit"))
    assert record.metrics["samples_learnt"] == 72
    code, *_ = run("fit", "-c", RECIPE, *FAST)
    assert code == 0
    assert StepRecord.read(step_dir(Path("runs/arrowhead"), "fit")).started == record.started
    assert {p.name for p in Path("runs/arrowhead").iterdir()} == {
        "config.yaml",
        "flow.json",
        "steps",
    }


def test_validate_test_predict_and_export(run):
    run("fit", "-c", RECIPE, *FAST)
    code, out, _ = run("test", "-c", RECIPE, *FAST)
    assert code == 0
    assert "test/kmeans_rand         0.5662" in out
    code, out, _ = run("validate", "-c", RECIPE, *FAST, "--trainer.limit_val_batches", "1.0")
    assert "val/ari" in out
    code, out, _ = run("predict", "-c", RECIPE, *FAST)
    clusters = [int(line) for line in out.split() if line.isdigit()]
    assert len(clusters) == 175
    code, out, _ = run("export", "runs/arrowhead")
    assert code == 0
    assert (Path("runs/arrowhead/frozen/network.json")).is_file()
    np.save("x.npy", np.full((3, 24), 255, np.uint8))
    for target in ("reference", "c"):
        code, *_ = run("run", "runs/arrowhead", "--input", "x.npy", "--output", "y.npz",
                       "--target", target)  # fmt: skip
        assert code == 0
        with np.load("y.npz") as answers:
            assert answers["winner"].tolist() == [[-1]] * 3


def test_another_configuration_is_refused_then_overwritten_or_put_beside(run):
    run("fit", "-c", RECIPE, *FAST)
    code, _, err = run("fit", "-c", RECIPE, *FAST, "--model.theta", "26")
    assert code == 2
    assert "got a run of another configuration in it" in err
    assert "add --overwrite or --new" in err
    assert run("fit", "-c", RECIPE, *FAST, "--model.theta", "26", "--new")[0] == 0
    assert Path("runs/arrowhead-2/steps/prune/step.json").is_file()
    assert run("fit", "-c", RECIPE, *FAST, "--model.theta", "27", "--overwrite")[0] == 0
    config = yaml.safe_load(Path("runs/arrowhead/config.yaml").read_text())
    assert config["model"]["init_args"]["theta"] == 27


def test_a_folder_that_is_no_run_is_never_emptied(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    code, _, err = run("fit", "-c", RECIPE, "--run_dir", "mine", "--overwrite")
    assert code == 2
    assert "got files, but no config.yaml" in err
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--model.thetaa", "3"], "Option 'thetaa' is not accepted. Did you mean 'theta'?"),
        (["--trainer.max_epoch", "3"], "Did you mean 'trainer.max_epochs'?"),
        (["--data.encoder.feature", "3"], "Did you mean 'features'?"),
        (["--modle.theta", "3"], "Did you mean 'model.theta'?"),
        (["--pruning.tarrget", "0.3"], "Did you mean 'pruning.target'?"),
        (["--model.theta", "many"], "theta"),
        (["--pruning.target", "40"], "pruning: target: got 40.0; expected 0 .. 1, or null"),
        (["--model.neurons", "2"], "more classes than neurons: got 3 classes in the data, 2"),
        (["--data.name", "NoSuchSet"], "data set 'NoSuchSet', train split: got"),
        (["--model.learning.capture", "2000"], "capture: got 2000; expected an integer 0 .. 1024"),
        (["--hardware.pdk", "osu18"], "Did you mean 'osu018'?"),
        (["--layout.density", "1.2"], "layout: density: got 1.2; expected 0 .. 1, or null"),
        (["--run_dir", "/proc/none"], "cannot write to /proc/none"),
    ],
)
def test_bad_options_are_named(run, args, text):
    code, _, err = run("fit", "-c", RECIPE, *FAST, *args)
    assert code == 2
    assert text in err
    assert err.count("neutnn: error:") == 1


def test_a_misspelt_key_in_a_recipe(run, tmp_path):
    run("cp", RECIPE, "my.yaml")
    text = Path("my.yaml").read_text().replace("backoff:", "backof:")
    Path("my.yaml").write_text(text)
    code, _, err = run("fit", "-c", "my.yaml")
    assert code == 2
    assert "Did you mean" in err
    assert "backoff" in err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["flwo"], "command 'flwo': got no such command; expected one of fit"),
        (["fit", "-c", "ucr/arowhead"], "Did you mean 'ucr/arrowhead'?"),
        (["flow", "nowhere"], "run nowhere: got no config.yaml in it; expected a run's directory"),
        (["export", "nowhere"], "run nowhere: got no checkpoint"),
        (["report", "nowhere"], "run nowhere: got no steps in it"),
        (["flow", "-c", RECIPE, "--to", "lay"], "step: got 'lay'; expected one of fit, prune"),
        (["cp", RECIPE, "taken.yaml"], "file taken.yaml: got one that exists"),
        (["run", "nowhere", "--input", "x.npy", "--output", "y.npz"], "no frozen network"),
    ],
)
def test_bad_commands_are_named(run, args, text):
    Path("taken.yaml").write_text("")
    code, _, err = run(*args)
    assert code == 2
    assert text in err
    assert ("Did you mean 'flow'?" in err) == (args == ["flwo"])


def test_theta_out_of_reach_is_warned_of(run):
    code, _, err = run("fit", "-c", RECIPE, *FAST, "--model.theta", "500")
    assert code == 0
    assert "column 0: theta 500 can never be reached: 168 is the largest potential" in err


def test_print_config_and_help(run):
    code, out, _ = run("fit", "-c", RECIPE, "--print_config")
    assert code == 0
    assert yaml.safe_load(out)["model"]["init_args"]["theta"] == 25
    code, out, _ = run("--help")
    assert code == 0
    assert "neutnn COMMAND" in out
    assert run("--version")[1].startswith("neutnn ")


def test_ls_and_cp(run):
    assert "ucr/arrowhead" in run("ls")[1]
    run("cp", RECIPE, "my.yaml")
    assert Path("my.yaml").read_text().startswith("# ArrowHead")


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(run):
    """Stop a fit in the middle; the same command then ends with the file of an undisturbed one."""
    args = ["fit", "-c", RECIPE, "--trainer.max_epochs", "30",
            "--trainer.enable_progress_bar", "false", "--data.batch_size", "4"]  # fmt: skip
    assert run(*args, "--run_dir", "whole")[0] == 0
    for how, code, status in (
        (signal.SIGKILL, -9, "running"), (signal.SIGINT, 130, "failed"),
        (signal.SIGTERM, 130, "failed"),
    ):  # fmt: skip
        name = f"cut{how}"
        process = subprocess.Popen(
            [sys.executable, "-m", "neutnn_pl.cli", *args, "--run_dir", name],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        last = Path(name) / "steps/fit/checkpoints/last.ckpt"
        deadline = time.monotonic() + 60
        while not last.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert json.loads((last.parents[1] / "step.json").read_text())["status"] == status
        assert ("the same command goes on from here" in err) == (code == 130)
        assert run(*args, "--run_dir", name)[0] == 0
        whole = Path("whole") / last.relative_to(name)
        assert last.read_bytes() == whole.read_bytes()


def test_pruning_while_learning(run):
    code, out, _ = run(
        "fit", "-c", RECIPE, "--trainer.max_epochs", "6", "--pruning.schedule", "iterative",
        "--pruning.target", "0.5", "--pruning.by", "weight", "--pruning.zeros", "false",
    )  # fmt: skip
    assert code == 0
    record = StepRecord.read(step_dir(Path("runs/arrowhead"), "prune"))
    assert (record.metrics["synapses_before"], record.metrics["synapses_after"]) == (72, 36)
    assert "72 -> 36 synapses (-50 %)" in out
    settings = ("--pruning.schedule", "iterative", "--pruning.target", "0.4")
    settings += ("--pruning.zeros", "false", "--overwrite")
    code, *_ = run("fit", "-c", RECIPE, "--trainer.max_epochs", "6", *settings)
    assert code == 0
    fitted = StepRecord.read(step_dir(Path("runs/arrowhead"), "fit"))
    assert fitted.options["pruning"]["target"] == 0.4
