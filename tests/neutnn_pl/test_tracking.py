"""Weights & Biases, offline: no account, no network."""

import json
import time
from pathlib import Path

import pytest

from neutnn_pl.cli import main
from neutnn_pl.tracking import log_scores

wandb = pytest.importorskip("wandb", reason="wandb is not installed (pip install neutnn-pl[wandb])")


BLOCK, HEADER = 32768, 7


def payloads(data: bytes):
    """Yield the records of wandb's log: blocks of parts with checksum, length and kind."""
    place, whole = HEADER, b""
    while place + HEADER <= len(data):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        length = int.from_bytes(data[place + 4 : place + 6], "little")
        kind = data[place + 6]
        whole += data[place + HEADER : place + HEADER + length]
        place += HEADER + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield whole
            whole = b""


def records(folder: Path) -> list:
    """Return what an offline run has stored for the server."""
    from wandb.proto import wandb_internal_pb2

    (file,) = folder.glob("offline-run-*/*.wandb")
    return [wandb_internal_pb2.Record.FromString(data) for data in payloads(file.read_bytes())]


def finished(folder: Path) -> list:
    """Return the records of the one run in a folder, once wandb's own process has ended it."""
    deadline = time.monotonic() + 60
    found = records(folder)
    while not any(record.HasField("exit") for record in found):
        assert time.monotonic() < deadline, "wandb has not finished its file"
        time.sleep(0.2)
        found = records(folder)
    return found


def names(items) -> set[str]:
    return {item.key or ".".join(item.nested_key) for item in items}


def summary(found: list) -> dict[str, str]:
    """Return the summary of a run, values as JSON."""
    return {
        item.key or ".".join(item.nested_key): item.value_json
        for record in found
        if record.HasField("summary")
        for item in record.summary.update
    }


@pytest.fixture
def offline(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sweep_is_a_run_for_each_value(offline):
    for theta in (30, 80):
        code = main(
            ["fit", "-c", "ucr/ecg200", "--model.theta", str(theta), "--run_dir", f"ecg200-{theta}",
             "--wandb", "--trainer.max_epochs", "1", "--model.restarts", "2",
             "--trainer.enable_progress_bar", "false"]
        )  # fmt: skip
        assert code == 0
    for theta in (30, 80):
        found = finished(offline / f"ecg200-{theta}" / "wandb")
        (run,) = [record.run for record in found if record.HasField("run")][:1]
        assert run.display_name == f"ecg200-{theta}"
        config = {item.key: json.loads(item.value_json) for item in run.config.update}
        assert config["model"]["init_args"]["theta"] == theta
        history = {
            name for record in found if record.HasField("history")
            for name in names(record.history.item)
        }  # fmt: skip
        assert {"train/coverage", "test/ari", "test/rand", "test/kmeans_ari"} <= history


def test_scores_of_a_study_are_a_run_for_each_set(offline):
    scores = {"column": [{"ari": 0.25}, {"ari": 0.75}], "k-shape": [{"ari": 0.5}]}
    log_scores("Beef", scores, offline, {"seeds": 2})
    found = finished(offline / "wandb")
    values = [
        json.loads(item.value_json) for record in found if record.HasField("history")
        for item in record.history.item if "column/ari" in (item.key, *item.nested_key)
    ]  # fmt: skip
    assert values == [0.25, 0.75]
    means = summary(found)
    assert json.loads(means["mean/column/ari"]) == 0.5
    assert json.loads(means["mean/k-shape/ari"]) == 0.5


def test_an_offline_run_has_metrics_and_three_artifacts(offline):
    code = main(
        ["flow", "-c", "ucr/arrowhead", "--to", "ckernel", "--wandb", "--run_dir", "run",
         "--trainer.max_epochs", "3", "--trainer.enable_progress_bar", "false"]
    )  # fmt: skip
    assert code == 0
    found = finished(offline / "run" / "wandb")
    keys = {
        name
        for record in found
        if record.HasField("history")
        for name in names(record.history.item)
    }
    assert {"train/coverage", "test/ari", "test/kmeans_ari"} <= keys
    for picture in ("raster", "weights"):
        assert any(key.split(".")[0] == picture for key in keys)
        (file,) = offline.glob(f"run/wandb/offline-run-*/files/media/images/{picture}_*.png")
        assert file.read_bytes() == (offline / "run" / f"{picture}.png").read_bytes()
    assert {"ari", "kmeans_ari", "synapses", "lines_of_c"} <= set(summary(found))
    artifacts = {
        record.request.log_artifact.artifact.type or record.artifact.type
        for record in found
        if record.HasField("artifact") or record.request.HasField("log_artifact")
    }
    assert {"checkpoint", "frozen", "report"} <= artifacts
