"""The parts of a layer by their biological names: the same `Layer` with some sizes fixed to 1."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from neutnn_pl.nn.layer import Layer


class Column(Layer):
    """One column of `neurons` neurons with lateral inhibition; arguments as in `Layer`."""

    def __init__(self, inputs: int, neurons: int, theta: int | Tensor, **settings: Any) -> None:  # noqa: ANN401 - Layer's
        super().__init__(inputs, neurons, theta, columns=1, **settings)


class Neuron(Column):
    """One neuron of `dendrites` dendrites, of which the first to spike gives the output."""

    def __init__(self, inputs: int, theta: int | Tensor, **settings: Any) -> None:  # noqa: ANN401 - Layer's
        super().__init__(inputs, 1, theta, **settings)


class Dendrite(Neuron):
    """One active dendrite of `segments` segments, of which one wins and the others are silenced."""

    def __init__(self, inputs: int, theta: int | Tensor, **settings: Any) -> None:  # noqa: ANN401 - Layer's
        super().__init__(inputs, theta, dendrites=1, **settings)


class Segment(Dendrite):
    """One segment: synapses, their sum, a threshold."""

    def __init__(self, inputs: int, theta: int | Tensor, **settings: Any) -> None:  # noqa: ANN401 - Layer's
        super().__init__(inputs, theta, segments=1, **settings)
