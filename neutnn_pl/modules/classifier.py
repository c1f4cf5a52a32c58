"""Layers of receptive fields over an image, with flat options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from hls.errors import InvalidInput
from neutnn_pl.modules.neutnn import NeuTNN, Rule
from neutnn_pl.nn import Homeostasis, Layer, Network, Retime, Voter, receptive_fields


@dataclass
class FieldLayer:
    """One layer of columns, each over a receptive field of what is below.

    Attributes:
        neurons: neurons of a column.
        theta: threshold in weight LSB.
        kernel: width of a field in positions; null for one column over everything.
        stride: positions between fields.
        dilation: positions between taps of a field.
        padding: positions around the image, in which nothing spikes.
        corners: read only the corners of a field.
        dendrites: dendrites of a neuron.
        segments: segments of a dendrite.
        wres: weight resolution in bits.
        response: `rnl` (ramp, no leak) or `snl` (step, no leak).
        wta: lateral inhibition: `1-wta`, `k-wta`, `t-wta` or `none`.
        k: how many pass `k-wta`.
        tie: tie rule: `potential`, `index` or `random`.
        label: each neuron is a class, which the label enables in training; in evaluation all are.
        homeostasis: winner fatigue, or null.
        retime: start time anew before this layer, with so many distinct times; null does not.
    """

    neurons: int
    theta: int
    kernel: int | None = 3
    stride: int = 1
    dilation: int = 1
    padding: int = 0
    corners: bool = False
    dendrites: int = 1
    segments: int = 1
    wres: int = 3
    response: str = "rnl"
    wta: str = "1-wta"
    k: int = 1
    tie: str = "potential"
    label: bool = False
    homeostasis: Homeostasis | None = None
    retime: int | None = None


@dataclass
class Votes:
    """A voter on top of the last layer.

    Attributes:
        kind: `margin` or `local`, see `nn.Voter`.
        margin: of the `margin` voter: lead of the label below which it learns.
        up: of the `local` voter, out of 1024.
        down: of the `local` voter, out of 1024.
        v_max: of the `local` voter: largest vote.
    """

    kind: str = "margin"
    margin: int = 2000
    up: int = 512
    down: int = 64
    v_max: int = 127


class Classifier(NeuTNN):
    """A stack of layers of receptive fields over images, with an optional voter.

    Without a voter the class is the neuron that passes in most columns.

    Args:
        size: (height, width) of the planes of spike times; linked to the data.
        channels: planes; linked to the data.
        classes: classes of the voter; linked to the data.
        tres: temporal resolution of the input in bits; linked to the data.
        layers: the layers, first one first.
        voter: supervised votes of the last layer's neurons, or null.
        learning: the learning rule, or a schedule of them by epoch.
        seed: key of every draw.
        kernel: what learns and infers.
        stages: epochs of each layer in turn and of the voter; null trains all of them all the time.

    Raises:
        InvalidInput: without layers, or if fields do not fit.
    """

    def __init__(
        self,
        size: Sequence[int],
        channels: int,
        layers: list[FieldLayer],
        classes: int = 10,
        tres: int = 0,
        voter: Votes | None = None,
        learning: Rule | dict[int, Rule] | None = None,
        seed: int = 0,
        kernel: str = "auto",
        stages: list[int] | None = None,
    ) -> None:
        if not layers:
            raise InvalidInput("layers", got="none", expected="at least one")
        stack: list[Layer | Retime] = []
        grid, planes, of = tuple(size), channels, "image"
        for settings in layers:
            if settings.retime is not None:
                stack.append(Retime(settings.retime))
            layer, grid = field_layer(settings, grid, planes, of)
            stack.append(layer)
            planes, of = settings.neurons, "layer"
        votes = None
        if voter is not None:
            votes = Voter(len(layer.theta), planes, classes, **vars(voter))
        proximal = "label" if any(settings.label for settings in layers) else "none"
        network = Network(*stack, tres=tres, voter=votes)
        super().__init__(network, learning, seed, kernel, stages, proximal)


def field_layer(
    settings: FieldLayer, grid: tuple[int, ...], channels: int, of: str
) -> tuple[Layer, tuple[int, ...]]:
    """Return a layer over `channels` of a grid, and the grid of its columns.

    Args:
        settings: the layer.
        grid: (height, width) of what is below.
        channels: planes of the image, or neurons of the layer below.
        of: what is below: `image` or `layer`, see `receptive_fields`.
    """
    s = settings
    if s.kernel is None:
        lines = torch.arange(channels * grid[0] * grid[1])[None]
        grid = (1, 1)
    else:
        geometry = (s.kernel, s.stride, s.dilation, s.padding)
        fields = receptive_fields(grid, channels, *geometry, corners=s.corners, of=of)
        lines, grid = fields.lines, fields.grid
    columns, inputs = lines.shape
    neuron = torch.arange(s.neurons)[None, :, None, None]
    layer = Layer(
        inputs,
        s.neurons,
        s.theta,
        columns=columns,
        lines=lines,
        proximal="enable" if s.label else "none",
        # One line for each neuron, its class: all its dendrites read it.
        proximal_lines=neuron.expand(columns, -1, s.dendrites, 1) if s.label else None,
        dendrites=s.dendrites,
        segments=s.segments,
        wres=s.wres,
        response=s.response,
        wta=s.wta,
        k=s.k,
        tie=s.tie,
        homeostasis=s.homeostasis,
    )
    return layer, grid
