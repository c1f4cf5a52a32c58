"""k-means on the same split, so that no score stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sklearn.cluster import KMeans


def kmeans(
    train: npt.NDArray[np.float64], clusters: int, *, seed: int = 0, restarts: int = 10
) -> KMeans:
    """Return scikit-learn's k-means fitted on series, each to mean 0 and standard deviation 1.

    Args:
        train: float64 `[B, L]`.
        clusters: number of clusters.
        seed: seed of the initial centres.
        restarts: runs with other centres, of which the one with the least scatter is kept.
    """
    from sklearn.cluster import KMeans

    from datamodules.encoders import standardise

    return KMeans(clusters, n_init=restarts, random_state=seed).fit(standardise(train))


def kmeans_scores(
    train: npt.NDArray[np.float64],
    test: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    clusters: int,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Fit k-means on the training series and return its scores on the test series.

    Args:
        train: float64 `[B, L]`.
        test: float64 `[B, L]`.
        labels: int64 `[B]`, of the test series.
        clusters: number of clusters.
        seed: seed of the initial centres.
    """
    import torch

    from datamodules.encoders import standardise
    from neutnn_pl.metrics.cluster import cluster_scores

    found = kmeans(train, clusters, seed=seed).predict(standardise(test)).astype(np.int64)
    scores = cluster_scores(torch.from_numpy(found), torch.from_numpy(labels))
    return {name: float(value) for name, value in scores.items()}
