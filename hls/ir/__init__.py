"""The frozen network: integers only, versioned, hashed; all that hardware generation knows."""

from hls.ir.cut import column_inputs, column_proximal, cut_column
from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs, compare
from hls.ir.stimulus import Stimulus, check_proximal, check_stimulus
from hls.ir.store import load, save

__all__ = [
    "NO_SPIKE",
    "FrozenLayer",
    "FrozenNetwork",
    "Outputs",
    "Stimulus",
    "check_proximal",
    "check_stimulus",
    "column_inputs",
    "column_proximal",
    "compare",
    "cut_column",
    "load",
    "save",
]
