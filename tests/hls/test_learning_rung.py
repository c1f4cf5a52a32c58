"""The ladder's rung that learns: a training run again in a circuit, all weights compared."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hls.errors import InvalidInput, Mismatch, StepFailed
from hls.files import write_text
from hls.flow import HardwareOptions
from hls.ir.learning import LEARNING, read_lesson, write_lesson, write_refusal
from hls.sim.simulate import SIMULATORS
from hls.step import StepRecord, execute, step_dir
from hls.verify import VerifyStep, verify_run
from neutnn_pl.cli import main

pytestmark = pytest.mark.skipif(
    any(tool.find() is None for tool in SIMULATORS["verilator"]),
    reason="verilator, g++ or make is not installed",
)
SHORT = ["-c", "ucr/sony2_chip", "--data.name", "ItalyPowerDemand", "--model.theta", "21",
         "--trainer.max_epochs", "2", "--trainer.enable_progress_bar", "false",
         "--hardware.rungs", "[learning]", "--skip", "ckernel,synth"]  # fmt: skip
TRAIN, TEST = 67, 1029


def flow(folder: Path, *more: str, to: str = "verify") -> Path:
    """Return a run of the recipe on a set that comes with sktime."""
    assert main(["flow", *SHORT, "--run_dir", str(folder), "--to", to, *more]) == 0
    return folder


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return flow(tmp_path_factory.mktemp("learning") / "run")


@pytest.fixture
def run(whole_run: Path, tmp_path: Path) -> Path:
    """Return a copy of the run that a test may damage."""
    return Path(shutil.copytree(whole_run, tmp_path / "run"))


def row(run: Path) -> dict:
    """Return the only row of the ladder."""
    (found,) = json.loads((step_dir(run, "verify") / "ladder.json").read_text())["rungs"]
    return found


def test_a_training_run_is_learnt_on_the_chip_and_asked(whole_run: Path) -> None:
    found = row(whole_run)
    assert (found["learnt"], found["samples"]) == (2 * TRAIN, 2 * TRAIN + TEST)
    assert (found["mismatches"], found["skipped"], found["error"]) == (0, None, None)
    record = StepRecord.read(step_dir(whole_run, "verify"))
    assert record.summary.endswith("; learns 134 samples on chip, 0 mismatches")
    assert record.metrics["samples_learnt_on_chip"] == 2 * TRAIN
    lesson = read_lesson(step_dir(whole_run, "freeze"))
    assert lesson.whole
    assert (np.diff(lesson.weights.astype(int), axis=0) != 0).sum() > 300
    summary = StepRecord.read(step_dir(whole_run, "rtl")).summary
    assert re.search(r"; one that learns, \d+ flip-flops$", summary)


def test_weights_in_turn_learn_the_same_on_the_ladder(tmp_path: Path) -> None:
    found = flow(tmp_path / "run", "--hardware.learning_update", "serial")
    assert (row(found)["learnt"], row(found)["mismatches"]) == (2 * TRAIN, 0)
    (source,) = step_dir(found, "rtl").glob("*_learning.v")
    assert "After a sample that is learnt the weights go round once" in " ".join(
        source.read_text().replace("//", "").split()
    )
    with pytest.raises(InvalidInput, match="learning_update: got 'twice'; expected"):
        HardwareOptions(learning_update="twice")


def test_a_fault_of_the_circuit_is_a_mismatch(run: Path) -> None:
    (source,) = step_dir(run, "rtl").glob("*_learning.v")
    text = source.read_text()
    assert "age == 3'd1" in text
    write_text(source, text.replace("age == 3'd1", "age == 3'd2"))
    with pytest.raises(
        Mismatch, match="rung learning does not learn what the reference learns: [0-9]+ of "
    ):
        execute(VerifyStep([LEARNING]), run)
    assert row(run)["mismatches"] > 300


def test_one_wrong_bit_of_one_weight_is_a_mismatch(run: Path) -> None:
    freeze = step_dir(run, "freeze")
    lesson = read_lesson(freeze)
    weights = lesson.weights.copy()
    weights[70, 0, 1, 0, 0, 9] ^= 1
    write_lesson(freeze, lesson._replace(weights=weights))
    with pytest.raises(Mismatch) as caught:
        execute(VerifyStep([LEARNING]), run)
    size = weights.size + TEST * weights[0].size
    assert str(caught.value).splitlines() == [
        f"rung learning does not learn what the reference learns: 1 of {size} weights differ, "
        f"after 1 of {2 * TRAIN + TEST} samples",
        "  after sample 70, column 0, neuron 1, dendrite 0, segment 0, input 9: "
        f"expected {weights[70, 0, 1, 0, 0, 9]}, got {lesson.weights[70, 0, 1, 0, 0, 9]}",
    ]


def test_a_circuit_of_another_network_is_refused(run: Path) -> None:
    (source,) = step_dir(run, "rtl").glob("*_learning.v")
    write_text(source, re.sub("sha256 [0-9a-f]{12}", "sha256 0123456789ab", source.read_text()))
    with pytest.raises(
        InvalidInput, match="rung learning was made from another network: got hash 0123456789ab"
    ):
        execute(VerifyStep([LEARNING]), run)


def test_samples_of_another_network_or_damaged_are_refused(run: Path) -> None:
    path = step_dir(run, "freeze") / LEARNING / "samples.npz"
    with np.load(path) as archive:
        np.savez(path, **{**archive, "hash": "f" * 64})
    with pytest.raises(InvalidInput, match="the samples to learn belong to another network: got"):
        read_lesson(step_dir(run, "freeze"))
    path.write_bytes(b"no archive")
    with pytest.raises(InvalidInput, match="expected arrays x, y, weights, whole and hash. Freeze"):
        read_lesson(step_dir(run, "freeze"))


def test_what_is_refused_says_why(run: Path) -> None:
    freeze = step_dir(run, "freeze")
    shutil.rmtree(freeze / LEARNING)
    write_refusal(freeze, "training with restarts is not repeated on a chip")
    record = execute(VerifyStep([LEARNING]), run)
    assert record.summary.endswith("0 mismatches; SKIPPED: learning")
    assert record.metrics["rungs_skipped"] == 1
    assert list(verify_run(run)) == [
        "learning      skipped: training with restarts is not repeated on a chip"
    ]


def test_the_first_samples_are_enough_and_none_makes_no_circuit(tmp_path: Path) -> None:
    few = flow(tmp_path / "few", "--hardware.learning_samples", "70", to="freeze")
    lesson = read_lesson(step_dir(few, "freeze"))
    assert (len(lesson.x), lesson.whole) == (70, False)
    none = flow(tmp_path / "none", "--hardware.learning_samples", "0", to="freeze")
    assert not (step_dir(none, "freeze") / LEARNING).exists()


def test_what_no_circuit_is_made_for_is_said(tmp_path: Path) -> None:
    for name, options, reason in (
        ("wta", ["--model.wta", "t-wta"], "circuit that learns: WTA: got t-wta; expected 1-wta"),
        ("restarts", ["--model.restarts", "2"], "training with restarts is not repeated on a chip"),
    ):
        found = flow(tmp_path / name, *options, to="freeze")
        told = (step_dir(found, "freeze") / LEARNING / "skipped.json").read_text()
        assert json.loads(told) == {"skipped": reason}


def test_a_run_whose_circuit_is_gone_says_which_file(run: Path) -> None:
    (source,) = step_dir(run, "rtl").glob("*_learning.v")
    source.unlink()
    with pytest.raises((InvalidInput, StepFailed), match="_learning.v"):
        execute(VerifyStep([LEARNING]), run)
