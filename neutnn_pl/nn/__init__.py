"""Networks in PyTorch, usable without Lightning: layers of columns that learn online by STDP."""

from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.learning import STDP
from neutnn_pl.nn.network import Network

__all__ = ["STDP", "Layer", "Network"]
