"""Scores of clusterings, by hand and against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn import metrics

from neutnn_pl.metrics import ClusterMetrics, coverage, purity
from neutnn_pl.metrics.baseline import kmeans_scores
from neutnn_pl.metrics.cluster import cluster_scores


def test_scores_equal_scikit_learns():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
    scores = cluster_scores(torch.from_numpy(a), torch.from_numpy(b))
    assert float(scores["rand"]) == pytest.approx(metrics.rand_score(b, a), abs=1e-6)
    assert float(scores["ari"]) == pytest.approx(metrics.adjusted_rand_score(b, a), abs=1e-6)
    assert float(scores["nmi"]) == pytest.approx(
        metrics.normalized_mutual_info_score(b, a), abs=1e-6
    )


def test_purity_and_coverage_by_hand():
    assert purity(torch.tensor([1, 1, 1, 9]), torch.tensor([0, 0, 2, 2])).item() == 0.75
    y = torch.tensor([[[255, 255]], [[3, 255]]], dtype=torch.uint8)
    assert coverage(y).item() == 0.5


def test_a_silent_sample_is_in_a_cluster_of_its_own():
    y = torch.tensor([[[1, 255]], [[255, 2]], [[255, 255]]], dtype=torch.uint8)
    metric = ClusterMetrics("test/")
    metric.update(y, torch.tensor([0, 1, 2]), torch.tensor([0, 1, 1]))
    scores = metric.compute()
    assert scores["test/coverage"] == pytest.approx(2 / 3)
    assert scores["test/spikes"] == pytest.approx(2 / 3)
    assert scores["test/rand"] == pytest.approx(2 / 3)


def test_kmeans_finds_two_shapes_of_any_level():
    t = np.linspace(0, 6, 40)
    rng = np.random.default_rng(1)
    labels = np.arange(30) % 2
    shape = np.where(labels[:, None] == 0, np.sin(t), np.cos(t))
    series = shape * rng.uniform(1, 5, (30, 1)) + rng.uniform(-9, 9, (30, 1))
    assert kmeans_scores(series[:10], series, labels, 2)["ari"] == pytest.approx(1.0)
