"""Quality of clusters: metrics and the baseline beside them."""

from neutnn_pl.metrics.cluster import ClusterMetrics, coverage, purity

__all__ = ["ClusterMetrics", "coverage", "purity"]
