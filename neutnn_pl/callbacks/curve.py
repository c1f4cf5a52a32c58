"""The learning curve, whole even where a run was cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint

from hls.files import write_text


class LearningCurve(Checkpoint):
    """Writes one row per epoch with everything that the model logs.

    It is a `Checkpoint` for its place: those are called after the model's own end of an epoch, so
    that what is logged there belongs to the epoch's row.

    The rows are part of the checkpoint: a run that goes on after it was cut ends with the file of
    one that was not.

    Args:
        path: file to write, CSV: `epoch`, then the metrics by name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Add the epoch's row, and write the file: a run that is stopped leaves its curve."""
        row = {"epoch": float(trainer.current_epoch + 1)}
        metrics = trainer.callback_metrics
        self.rows.append(row | {name: float(metrics[name]) for name in sorted(metrics)})
        self._write(trainer)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the file, also of a run that had nothing left to learn."""
        self._write(trainer)

    def _write(self, trainer: L.Trainer) -> None:
        if trainer.is_global_zero:
            write_text(self.path, as_csv(self.rows))

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far, as text: the same rows are the same bytes in a checkpoint."""
        return {"rows": as_csv(self.rows)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after the rows of a checkpoint."""
        rows = csv.DictReader(io.StringIO(state_dict["rows"]))
        self.rows = [{name: float(value) for name, value in row.items() if value} for row in rows]


def as_csv(rows: list[dict[str, float]]) -> str:
    """Return rows as CSV; a metric that some epochs lack is empty there.

    >>> print(as_csv([{"epoch": 1.0, "a": 0.5}, {"epoch": 2.0}]), end="")
    epoch,a
    1,0.5
    2,
    """
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["epoch"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([f"{row[name]:.17g}" if name in row else "" for name in names])
    return text.getvalue()
