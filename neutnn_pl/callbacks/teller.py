"""Tells how far training is."""

from __future__ import annotations

from typing import Any

import lightning as L

from hls.step import Tell


class Teller(L.Callback):
    """Tells the epoch and the share of all epochs done.

    Args:
        tell: takes a text and a share, 0 .. 1, or None where the number of epochs is open.
            Processes started later stay silent.
    """

    def __init__(self, tell: Tell | None) -> None:
        self.tell = tell

    def __getstate__(self) -> dict[str, Any]:
        """Stay silent in other processes."""
        return {"tell": None}

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell which epoch begins."""
        if self.tell is None:
            return
        last, epoch = trainer.max_epochs, trainer.current_epoch
        if last is None or last < 1:
            self.tell(f"epoch {epoch + 1}")
        else:
            self.tell(f"epoch {epoch + 1} of {last}", epoch / last)
