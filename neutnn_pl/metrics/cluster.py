"""Scores of a clustering."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.clustering import (
    adjusted_rand_score,
    normalized_mutual_info_score,
    rand_score,
)

from neutnn_pl.functional import NO_SPIKE


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
    _, cluster = clusters.unique(return_inverse=True)
    _, label = labels.unique(return_inverse=True)
    table = torch.zeros(int(cluster.max()) + 1, int(label.max()) + 1, dtype=torch.int64)
    table.index_put_((cluster.cpu(), label.cpu()), torch.tensor(1), accumulate=True)
    return table.amax(dim=1).sum() / len(labels)


def coverage(y: Tensor) -> Tensor:
    """Return the share of samples with a spike, from spike times uint8 `[B, C, N]`."""
    return (y != NO_SPIKE).flatten(1).any(dim=1).float().mean()


def cluster_scores(clusters: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return Rand index, adjusted Rand index, NMI and purity of a clustering.

    Args:
        clusters: int64 `[B]`; a sample without a spike has a label of its own.
        labels: int64 `[B]`.
    """
    return {
        "rand": rand_score(clusters, labels),
        "ari": adjusted_rand_score(clusters, labels),
        "nmi": normalized_mutual_info_score(clusters, labels),
        "purity": purity(clusters, labels),
    }


class ClusterMetrics(Metric):
    """Rand, adjusted Rand, NMI, purity, coverage and spikes per sample of all samples seen.

    Args:
        prefix: put before every name.
    """

    full_state_update = False
    y: list[Tensor]
    clusters: list[Tensor]
    labels: list[Tensor]

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.prefix = prefix
        for name in ("y", "clusters", "labels"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, y: Tensor, clusters: Tensor, labels: Tensor) -> None:
        """Add samples.

        Args:
            y: uint8 `[B, C, N]`, output spike times in time steps or 255.
            clusters: int64 `[B]`.
            labels: int64 `[B]`.
        """
        self.y.append(y)
        self.clusters.append(clusters)
        self.labels.append(labels)

    def compute(self) -> dict[str, Tensor]:
        """Return the scores by name."""
        y, clusters, labels = (torch.cat(list(v)) for v in (self.y, self.clusters, self.labels))
        scores = cluster_scores(clusters, labels)
        scores["coverage"] = coverage(y)
        scores["spikes"] = (y != NO_SPIKE).flatten(1).sum(dim=1).float().mean()
        return {f"{self.prefix}{name}": value for name, value in scores.items()}
