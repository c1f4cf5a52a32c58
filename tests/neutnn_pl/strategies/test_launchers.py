"""Processes that are spawned, and processes of torchrun: the bits of one, from the command line."""

import os
import subprocess
import sys

import pytest
import torch

from hls.errors import InvalidInput, StepFailed
from neutnn_pl.cli import main
from neutnn_pl.strategies import torchrun
from neutnn_pl.strategies.launcher import error_of
from tests.conftest import ROOT
from tests.datamodules.test_mnist import write

RECIPE = """\
# A few columns over a few images
data:
  class_path: MNIST
  init_args: {fraction: 0.01}
model:
  class_path: Classifier
  init_args:
    layers:
      - {neurons: 4, theta: 14, stride: 7, corners: true, tie: random}
      - {neurons: 3, theta: 9, kernel: null}
    voter: {margin: 20}
    learning: {search: 40}
    kernel: reference
trainer: {max_epochs: 2, accelerator: cpu, enable_progress_bar: false}
"""


TWO = ["--trainer.strategy", "column_parallel", "--trainer.devices", "2"]
WARNING = "neutnn: warning: column_parallel: layer 1 has 1 column for 2 processes"


def fitted(run):
    path = run / "steps" / "fit" / "checkpoints" / "last.ckpt"
    return torch.load(path, weights_only=True)["state_dict"]


def test_two_processes_from_the_command_line(tmp_path, monkeypatch, capfd):
    recipe = tmp_path / "small.yaml"
    recipe.write_text(RECIPE)
    monkeypatch.setenv("NEUTNN_DATA", write(tmp_path / "data", train=11_000, test=1_000))
    monkeypatch.setenv("NEUTNN_CACHE", str(tmp_path / "cache"))

    def command(run, *options):
        return ["fit", "-c", str(recipe), "--run_dir", str(tmp_path / run), *options]

    assert main(command("alone")) == 0
    alone = fitted(tmp_path / "alone")
    capfd.readouterr()
    assert main(command("spawn", *TWO)) == 0
    assert capfd.readouterr().err.count(WARNING) == 1
    words = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*words, "-m", "neutnn_pl.cli", *command("torchrun", *TWO)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(WARNING) == 1
    assert done.stdout.count("1/2 fit") == 1
    for run in ("spawn", "torchrun"):
        found = fitted(tmp_path / run)
        assert list(found) == list(alone)
        assert all(torch.equal(found[name], alone[name]) for name in alone)


def test_errors_of_tracebacks():
    text = "Traceback ...\n  File x\nhls.errors.InvalidInput: a: got b; expected c\n"
    assert isinstance(error_of(text), InvalidInput)
    assert str(error_of(text)) == "a: got b; expected c"
    assert error_of("Traceback ...\nRuntimeError: out of luck\n") is None
    assert error_of("Traceback ...\nhls.errors.NoSuchError: x\n") is None


def test_without_torchrun_nobody_waits(monkeypatch, tmp_path):
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
    assert not torchrun.follows()
    with torchrun.leading():
        torchrun.announce(tmp_path, None)
    torchrun.part()


def test_followers_do_not_wait_for_ever(monkeypatch):
    class Silent:
        def wait(self, keys, patience):
            raise RuntimeError("timeout")

    monkeypatch.setattr(torchrun, "_store", Silent)
    with pytest.raises(
        StepFailed, match="torchrun: the first process: got no word in 600 s; expect"
    ):
        torchrun.awaited()
