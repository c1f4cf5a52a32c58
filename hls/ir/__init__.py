"""The frozen network: integers only, versioned, hashed; all that hardware generation knows."""

from hls.ir.cut import column_inputs, cut_column
from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork, check_stimulus
from hls.ir.outputs import Outputs, compare
from hls.ir.store import load, save

__all__ = [
    "NO_SPIKE",
    "FrozenLayer",
    "FrozenNetwork",
    "Outputs",
    "check_stimulus",
    "column_inputs",
    "compare",
    "cut_column",
    "load",
    "save",
]
