"""Lightning callbacks: pruning, and the baseline beside every score."""

from neutnn_pl.callbacks.baseline import KMeansBaseline
from neutnn_pl.callbacks.pruning import Pruning, PruningReport

__all__ = ["KMeansBaseline", "Pruning", "PruningReport"]
