"""LightningModules."""

from neutnn_pl.modules.clusterer import Clusterer
from neutnn_pl.modules.neutnn import NeuTNN

__all__ = ["Clusterer", "NeuTNN"]
