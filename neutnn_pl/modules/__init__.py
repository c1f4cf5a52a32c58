"""LightningModules."""

from neutnn_pl.modules.classifier import Classifier, FieldLayer, Votes
from neutnn_pl.modules.clusterer import Clusterer
from neutnn_pl.modules.neutnn import NeuTNN

__all__ = ["Classifier", "Clusterer", "FieldLayer", "NeuTNN", "Votes"]
