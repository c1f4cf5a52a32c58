"""Networks in PyTorch, usable without Lightning: layers of columns that learn online by STDP."""

from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis
from neutnn_pl.functional.stdp import Probabilities
from neutnn_pl.nn.fields import Fields, receptive_fields
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network
from neutnn_pl.nn.parts import Column, Dendrite, Neuron, Segment
from neutnn_pl.nn.voter import Retime, Voter

__all__ = [
    "STDP",
    "Column",
    "Dendrite",
    "DeterministicSTDP",
    "Fields",
    "Homeostasis",
    "Layer",
    "Network",
    "Neuron",
    "Probabilities",
    "Retime",
    "Segment",
    "Voter",
    "receptive_fields",
]
