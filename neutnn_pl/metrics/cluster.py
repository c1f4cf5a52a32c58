"""Scores of a clustering, from integer counts."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from hls.errors import InvalidInput
from neutnn_pl.functional import NO_SPIKE


def contingency(clusters: Tensor, labels: Tensor) -> Tensor:
    """Return how many samples of each cluster have each label, int64 `[clusters, labels]`.

    Args:
        clusters: int64 `[B]`, any numbers.
        labels: int64 `[B]`, any numbers.

    >>> contingency(torch.tensor([7, 7, 2]), torch.tensor([0, 1, 1])).tolist()
    [[0, 1], [1, 1]]
    """
    _, cluster = clusters.unique(return_inverse=True)
    _, label = labels.unique(return_inverse=True)
    rows, columns = int(cluster.max()) + 1, int(label.max()) + 1
    return _counts(cluster, label, rows, columns)


def purity(clusters: Tensor, labels: Tensor) -> Tensor:
    """Return the share of samples whose label is the most frequent one of their cluster.

    Args:
        clusters: int64 `[B]`.
        labels: int64 `[B]`.

    Returns:
        float32 scalar, 0 .. 1.

    >>> purity(torch.tensor([0, 0, 0, 1]), torch.tensor([5, 5, 6, 6])).item()
    0.75
    """
    return table_scores(contingency(clusters, labels))["purity"]


def coverage(y: Tensor) -> Tensor:
    """Return the share of samples with a spike, from spike times uint8 `[B, C, N]`."""
    return (y != NO_SPIKE).flatten(1).any(dim=1).float().mean()


def scatter(x: Tensor, clusters: Tensor, silent: int) -> float:
    """Return the scatter within clusters: the mean squared distance to the mean of the cluster.

    It uses no label, so that it may choose among clusterings.

    Args:
        x: uint8 `[B, lines]`, spike times in time steps or 255.
        clusters: int64 `[B]`.
        silent: what stands for no spike, in time steps.
    """
    values = torch.where(x == NO_SPIKE, silent, x).to(torch.float64)
    total = 0.0
    for cluster in clusters.unique():
        part = values[clusters == cluster]
        total += float(((part - part.mean(dim=0)) ** 2).sum())
    return total / max(len(x), 1)


def cluster_scores(clusters: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return Rand index, adjusted Rand index, NMI and purity of a clustering.

    Args:
        clusters: int64 `[B]`; a sample without a spike has a label of its own.
        labels: int64 `[B]`.
    """
    return table_scores(contingency(clusters, labels))


def table_scores(table: Tensor) -> dict[str, Tensor]:
    """Return Rand index, adjusted Rand index, NMI and purity, float32 scalars.

    NMI is divided by the arithmetic mean of the entropies, and is 0 where nothing is shared.

    Args:
        table: int64 `[clusters, labels]`, samples of each cluster with each label.
    """
    table = table.cpu()
    rows, columns = table.sum(dim=1), table.sum(dim=0)
    n = int(table.sum())
    # Pairs of samples, in Python's integers: together by both, by the clusters, by the labels.
    both, ours, theirs = (_pairs(part) for part in (table, rows, columns))
    pairs = n * (n - 1) // 2
    apart = pairs - ours - theirs + both
    rand = (both + apart) / pairs if pairs else 1.0
    one, other = theirs - both, ours - both
    spread = (both + one) * (one + apart) + (both + other) * (other + apart)
    ari = 2 * (both * apart - one * other) / spread if spread else 1.0
    scores = {"rand": rand, "ari": ari, "nmi": _nmi(table, rows, columns, n)}
    scores["purity"] = int(table.amax(dim=1).sum()) / max(n, 1)
    return {name: torch.tensor(value) for name, value in scores.items()}


def _pairs(counts: Tensor) -> int:
    return sum(c * (c - 1) // 2 for c in counts[counts > 1].tolist())


def _nmi(table: Tensor, rows: Tensor, columns: Tensor, n: int) -> float:
    mutual = sum(
        c / n * math.log(c * n / (int(rows[i]) * int(columns[j])))
        for (i, j), c in zip(table.nonzero().tolist(), table[table > 0].tolist(), strict=True)
    )
    if mutual < 1e-12:
        return 0.0
    entropies = [
        -sum(c / n * math.log(c / n) for c in side[side > 0].tolist()) for side in (rows, columns)
    ]
    return 2 * mutual / sum(entropies)


def _counts(clusters: Tensor, labels: Tensor, rows: int, columns: int) -> Tensor:
    flat = torch.bincount(clusters * columns + labels, minlength=rows * columns)
    return flat.reshape(rows, columns)


class ClusterMetrics(Metric):
    """Rand, adjusted Rand, NMI, purity, accuracy, coverage and spikes per sample.

    The states are sums of integer counts, so the scores do not depend on how the samples were
    divided over batches and processes. Accuracy takes a cluster's number for a label's.

    Args:
        prefix: put before every name.
        clusters: clusters are `0 .. clusters - 1`, a sample without a spike included.
        labels: labels are `0 .. labels - 1`.
        settings: settings of every torchmetrics metric.
    """

    full_state_update = False
    table: Tensor
    spiking: Tensor
    spikes: Tensor

    def __init__(
        self,
        prefix: str = "",
        clusters: int = 256,
        labels: int = 256,
        **settings: Any,  # noqa: ANN401 - torchmetrics' own
    ) -> None:
        super().__init__(**settings)
        self.prefix = prefix
        table = torch.zeros(clusters, labels, dtype=torch.int64)
        self.add_state("table", default=table, dist_reduce_fx="sum")
        for name in ("spiking", "spikes"):
            zero = torch.zeros((), dtype=torch.int64)
            self.add_state(name, default=zero, dist_reduce_fx="sum")

    def update(self, y: Tensor, clusters: Tensor, labels: Tensor) -> None:
        """Add samples.

        Args:
            y: uint8 `[B, C, N]`, output spike times in time steps or 255.
            clusters: int64 `[B]`.
            labels: int64 `[B]`.

        Raises:
            InvalidInput: for a cluster or a label outside the table.
        """
        rows, columns = self.table.shape
        for name, found, size in (("cluster", clusters, rows), ("label", labels, columns)):
            bad = found[(found < 0) | (found >= size)]
            if len(bad):
                raise InvalidInput(
                    f"scores: {name}",
                    got=int(bad[0]),
                    expected=f"0 .. {size - 1}",
                    mend="Number the labels from 0" if name == "label" else None,
                )
        self.table += _counts(clusters, labels, rows, columns)
        spikes = (y != NO_SPIKE).flatten(1).sum(dim=1)
        self.spiking += (spikes > 0).sum()
        self.spikes += spikes.sum()

    def compute(self) -> dict[str, Tensor]:
        """Return the scores by name, float32 scalars."""
        samples = max(int(self.table.sum()), 1)
        square = min(self.table.shape)
        scores = table_scores(self.table)
        for name, count in (
            ("accuracy", self.table[:square, :square].trace()),
            ("coverage", self.spiking),
            ("spikes", self.spikes),
        ):
            scores[name] = torch.tensor(int(count) / samples)
        return {f"{self.prefix}{name}": value for name, value in scores.items()}
