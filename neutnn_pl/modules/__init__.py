"""LightningModules."""

from neutnn_pl.modules.classifier import Classifier, FieldLayer, Votes
from neutnn_pl.modules.clusterer import Clusterer
from neutnn_pl.modules.neutnn import NeuTNN
from neutnn_pl.modules.place_cells import PlaceCells, PlaceColumn

__all__ = [
    "Classifier",
    "Clusterer",
    "FieldLayer",
    "NeuTNN",
    "PlaceCells",
    "PlaceColumn",
    "Votes",
]
