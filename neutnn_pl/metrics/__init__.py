"""Quality of clusters: metrics and the baseline beside them."""

from neutnn_pl.metrics.cluster import ClusterMetrics, coverage, purity, scatter

__all__ = ["ClusterMetrics", "coverage", "purity", "scatter"]
