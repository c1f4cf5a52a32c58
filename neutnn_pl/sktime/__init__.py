"""Citizens of sktime: a clusterer and a transformer, for its pipelines and grid searches."""

from neutnn_pl.sktime.clusterer import NeuTNNClusterer
from neutnn_pl.sktime.encoder import SpikeEncoder

__all__ = ["NeuTNNClusterer", "SpikeEncoder"]
