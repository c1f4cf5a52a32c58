"""Logs k-means beside the network's scores."""

from __future__ import annotations

import lightning as L

from neutnn_pl.metrics.baseline import kmeans_scores


class KMeansBaseline(L.Callback):
    """Logs `test/kmeans_*`: k-means with as many clusters as classes, on the same split.

    Needs a data module with `series(split)` and `classes`; does nothing with another one.
    """

    def on_test_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Fit k-means on the training split and log its scores on the test split."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        if not hasattr(data, "series"):
            return
        test, labels = data.series("test")
        scores = kmeans_scores(data.series("train")[0], test, labels, data.classes)
        pl_module.log_dict({f"test/kmeans_{name}": value for name, value in scores.items()})
