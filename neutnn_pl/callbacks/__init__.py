"""Lightning callbacks: pruning, and the baseline beside every score."""

from neutnn_pl.callbacks.baseline import KMeansBaseline
from neutnn_pl.callbacks.curve import LearningCurve
from neutnn_pl.callbacks.pruning import Pruning, PruningReport
from neutnn_pl.callbacks.teller import Teller

__all__ = ["KMeansBaseline", "LearningCurve", "Pruning", "PruningReport", "Teller"]
