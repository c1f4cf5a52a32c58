"""A single layer of columns as a clusterer, with flat options."""

from __future__ import annotations

from neutnn_pl.modules.neutnn import NeuTNN
from neutnn_pl.nn import STDP, Layer, Network


class Clusterer(NeuTNN):
    """One column of point neurons that clusters what it sees: the winning neuron is the cluster.

    Args:
        inputs: input lines; linked to the data.
        neurons: neurons, one for each cluster.
        theta: threshold in weight LSB.
        tres: temporal resolution of the input in bits; linked to the data.
        wres: weight resolution in bits.
        response: `rnl` (ramp, no leak) or `snl` (step, no leak).
        wta: lateral inhibition: `1-wta`, `k-wta`, `t-wta` or `none`.
        tie: tie rule: `potential`, `index` or `random`.
        learning: the learning rule.
        seed: key of every draw.
        kernel: what learns and infers: `auto` or `reference`.
    """

    def __init__(
        self,
        inputs: int,
        neurons: int,
        theta: int,
        tres: int = 3,
        wres: int = 3,
        response: str = "rnl",
        wta: str = "1-wta",
        tie: str = "potential",
        learning: STDP | None = None,
        seed: int = 0,
        kernel: str = "auto",
    ) -> None:
        layer = Layer(inputs, neurons, theta, wres=wres, response=response, wta=wta, tie=tie)
        super().__init__(Network(layer, tres=tres), learning, seed, kernel)
