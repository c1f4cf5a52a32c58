"""Weights & Biases, offline: no account, no network."""

import time
from pathlib import Path

import pytest

from neutnn_pl.cli import main

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


def test_an_offline_run_has_metrics_pictures_and_three_artifacts(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)
    code = main(
        ["flow", "-c", "ucr/arrowhead", "--to", "ckernel", "--wandb", "--run_dir", "run",
         "--trainer.max_epochs", "3", "--trainer.enable_progress_bar", "false"]
    )  # fmt: skip
    assert code == 0
    deadline = time.monotonic() + 60  # wandb's own process writes the file's end
    found = records(tmp_path / "run" / "wandb")
    while not any(record.HasField("exit") for record in found):
        assert time.monotonic() < deadline, "wandb has not finished its file"
        time.sleep(0.2)
        found = records(tmp_path / "run" / "wandb")
    keys = {
        item.key or ".".join(item.nested_key)
        for record in found
        if record.HasField("history")
        for item in record.history.item
    }
    assert {"train/coverage", "test/ari", "test/kmeans_ari"} <= keys
    for picture in ("raster", "weights"):
        assert any(key.split(".")[0] == picture for key in keys)
        (file,) = tmp_path.glob(f"run/wandb/offline-run-*/files/media/images/{picture}_*.png")
        assert file.read_bytes() == (tmp_path / "run" / f"{picture}.png").read_bytes()
    summary = {
        item.key or ".".join(item.nested_key)
        for record in found
        if record.HasField("summary")
        for item in record.summary.update
    }
    assert {"ari", "kmeans_ari", "synapses", "lines_of_c"} <= summary
    artifacts = {
        record.request.log_artifact.artifact.type or record.artifact.type
        for record in found
        if record.HasField("artifact") or record.request.HasField("log_artifact")
    }
    assert {"checkpoint", "frozen", "report"} <= artifacts
