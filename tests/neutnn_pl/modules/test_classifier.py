"""Stacks of receptive fields with flat options."""

import pytest
import torch

from hls.errors import InvalidInput
from neutnn_pl import Classifier, nn
from neutnn_pl.modules import FieldLayer, Votes


def test_the_published_stack():
    layers = [
        FieldLayer(12, 14, corners=True),
        FieldLayer(20, 40, corners=True, retime=8),
        FieldLayer(32, 60, corners=True, retime=8),
    ]
    net = Classifier((28, 28), 2, layers, voter=Votes(), stages=[1, 1, 1, 10])
    sizes = [tuple(layer.weights.shape) for layer in net.network.columns]
    assert sizes == [(676, 12, 1, 1, 8), (576, 20, 1, 1, 48), (484, 32, 1, 1, 80)]
    assert net.network.voter.votes.shape == (484, 32, 10)
    # 2.01 M synapses, the voter's included.
    assert net.network.synapses + net.network.voter.votes.numel() == 2_011_776


def test_fields_are_those_of_the_image_and_of_the_layer_below():
    net = Classifier((5, 5), 2, [FieldLayer(3, 9, stride=2), FieldLayer(4, 5, kernel=None)], 4)
    first, second = net.network.columns
    assert torch.equal(first.lines, nn.receptive_fields((5, 5), 2, 3, 2).lines)
    assert second.lines.tolist() == [list(range(12))]
    assert net.network.voter is None
    assert net.proximal == "none"


def test_the_label_enables_its_neuron():
    settings = {"dilation": 2, "segments": 2, "wta": "t-wta", "label": True}
    net = Classifier((28, 28), 2, [FieldLayer(10, 40, **settings)])
    (layer,) = net.network.columns
    assert tuple(layer.weights.shape) == (576, 10, 1, 2, 18)
    assert (layer.proximal, net.proximal) == ("enable", "label")
    assert layer.proximal_lines[7, :, 0, 0].tolist() == list(range(10))
    x = torch.zeros(1, 1568, dtype=torch.uint8)
    before = layer.weights.clone()
    label = torch.nn.functional.one_hot(torch.tensor([3]), 10).to(torch.uint8)
    net.network.learn(x, net.learning, 0, proximal=label)
    moved = (layer.weights != before).flatten(2).any(dim=2).any(dim=0)
    assert moved.nonzero().flatten().tolist() == [3]


def test_without_layers():
    with pytest.raises(InvalidInput, match="layers: got none; expected at least one"):
        Classifier((28, 28), 2, [])
