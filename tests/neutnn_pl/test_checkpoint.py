"""Checkpoints: equal state, equal bytes, wherever it was read from."""

import json
import shutil
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from hls.step import StepRecord, step_dir
from neutnn_pl import flow
from neutnn_pl.checkpoint import CheckpointFiles, LastCheckpoint, canonical, write_checkpoint
from neutnn_pl.cli import main


def other(text):
    """Return an equal string that is another object."""
    return "".join(list(text))


def test_equal_states_are_equal_bytes_whichever_objects_they_are(tmp_path):
    word = "inputs"
    one = {"a": {word: 1}, "b": [word, (word, 2)]}
    two = {"a": {other(word): 1}, "b": [other(word), (other(word), 2)]}
    for name, state in (("one", one), ("two", two)):
        write_checkpoint(state, tmp_path / name)
        torch.save(state, tmp_path / f"{name}.torch")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    plain = [(tmp_path / f"{name}.torch").read_bytes() for name in ("one", "two")]
    assert len(plain[0]) != len(plain[1])  # what this is for


def test_what_comes_back_is_what_was_given(tmp_path):
    state = OrderedDict(w=torch.arange(6).reshape(2, 3))
    state._metadata = OrderedDict({"": {"version": 1}})
    given = {"state_dict": state, "n": 3, "none": None, "yes": True, "f": 0.1, "t": (1, "x")}
    found = canonical(given)
    assert found["state_dict"]._metadata == state._metadata
    assert type(found["state_dict"]) is OrderedDict
    assert found["state_dict"]["w"] is state["w"]
    CheckpointFiles().save_checkpoint(given, tmp_path / "c.ckpt")
    back = torch.load(tmp_path / "c.ckpt", weights_only=True)
    assert torch.equal(back.pop("state_dict")["w"], state["w"])
    assert back == {key: value for key, value in given.items() if key != "state_dict"}
    assert [p.name for p in tmp_path.iterdir()] == ["c.ckpt"]


def test_a_checkpoint_does_not_say_where_it_was_written(tmp_path):
    assert LastCheckpoint(tmp_path).state_dict() == {}


FIT = ["fit", "-c", "ucr/arrowhead", "--trainer.max_epochs", "4", "--pruning.schedule", "iterative",
       "--pruning.target", "0.5"]  # fmt: skip


class Keeping(LastCheckpoint):
    """Leaves a copy of every epoch's checkpoint at the top of the run's folder."""

    def on_train_epoch_end(self, trainer, pl_module):
        super().on_train_epoch_end(trainer, pl_module)
        aside = Path(self.dirpath).parents[3] / f"after{trainer.current_epoch + 1}.ckpt"
        shutil.copy(Path(self.dirpath) / "last.ckpt", aside)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Two folders, each with a run whose synapses go while it learns."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "LastCheckpoint", Keeping)
        for name in ("a", "b"):
            assert main([*FIT, "--run_dir", str(folder / name / "run")]) == 0
    return folder


def files(run):
    return {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*")
            if p.is_file() and p.name != "step.json"}  # fmt: skip


def test_two_runs_in_two_places_are_the_same_bytes(undisturbed):
    a, b = files(undisturbed / "a" / "run"), files(undisturbed / "b" / "run")
    assert a == b
    assert "steps/fit/checkpoints/last.ckpt" in a


@pytest.mark.parametrize("epoch", [2, 4])
def test_a_run_that_was_cut_after_an_epoch_ends_with_the_same_bytes(undisturbed, tmp_path, epoch):
    """After the last one too: its checkpoint is there, the step's record and curve are not."""
    run = tmp_path / "run"
    shutil.copytree(undisturbed / "a" / "run", run)
    shutil.rmtree(run / "steps" / "prune")
    fit = step_dir(run, "fit")
    shutil.copy(undisturbed / "a" / f"after{epoch}.ckpt", fit / "checkpoints" / "last.ckpt")
    record = vars(StepRecord.read(fit)) | {"status": "running", "outputs": {}}
    (fit / "step.json").write_text(json.dumps(record))
    (fit / "curve.csv").unlink()
    (fit / "checkpoints" / ".last.ckpt.abcdefgh.ckpt").write_text("half of one")
    assert main([*FIT, "--run_dir", str(run)]) == 0
    assert files(run) == files(undisturbed / "a" / "run")
