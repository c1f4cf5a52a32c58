"""Labelled edges for Lightning: hidden fields, one minicolumn alone, and a chip's questions."""

import pytest
import torch

from datamodules.place_cells import PlaceMaps
from hls.errors import InvalidInput
from neutnn_pl.nn.place_cells import FIELDS

SMALL = {"environments": 3, "objects": 3, "features": 4, "width": 4, "height": 5, "dx": 7, "dy": 9}


def test_hidden_fields_are_not_given_in_questions_and_are_learnt():
    data = PlaceMaps(**SMALL, hidden=("dy", "tail"))
    asked, true = data.questions(), data.edges()
    for column, field in enumerate(FIELDS):
        expected = torch.full_like(true[:, column], -1) if field in data.hidden else true[:, column]
        assert torch.equal(asked[:, column], expected)
    data.setup("fit")
    assert all((batch[3] >= 0).all() for batch in data.train_dataloader())
    assert all((batch[3][:, 4] == -1).all() for batch in data.test_dataloader())


@pytest.mark.parametrize(("column", "inputs", "neurons"), [("dx", 16, 7), ("environment", 20, 3)])
def test_one_minicolumn_alone(column, inputs, neurons):
    data, whole = PlaceMaps(**SMALL, column=column), PlaceMaps(**SMALL)
    data.setup("test")
    whole.setup("test")
    assert (data.inputs, data.classes) == (inputs, neurons)
    (x, label, gates, given, true), (all_x, _, all_gates, *_) = (
        next(iter(d.test_dataloader())) for d in (data, whole)
    )
    assert x.shape == (len(true), inputs)
    assert gates.shape == (len(true), neurons * 4)
    assert torch.equal(label, true[:, FIELDS.index(column)])
    assert torch.equal(x, all_x[:, data.code.lines_of(column)])
    assert torch.equal(gates, all_gates[:, data.code.levels_of(column)])
    assert torch.equal(given, true)
    assert (torch.from_numpy(data.test_spikes()) == x).all()


def test_a_chip_is_asked_for_displacements_and_maps_then_heads_then_tails():
    data = PlaceMaps(**SMALL)
    x, gates = data.stimulus()
    n = len(data.edges())
    assert x.shape == (3 * n, data.inputs)
    assert torch.equal(x[:n], data.code.spikes(data.edges()))
    assert torch.equal(x[n : 2 * n], x[:n])
    assert torch.equal(x[2 * n :], data.code.spikes(data.code.reversed(data.edges())))
    opened = gates.sum(1).reshape(3, n)
    assert (opened[0] == 3 * data.code.neurons).all()  # one dendrite of every neuron
    assert (opened[1:] == 3 * 4).all()  # every dendrite of the three that are named


def test_errors():
    with pytest.raises(InvalidInput, match="data: hidden.*got 'place'.*environment, tail, head"):
        PlaceMaps(**SMALL, hidden=("place",))
    with pytest.raises(InvalidInput, match="minicolumn.*got 'head'.*dx, dy, environment"):
        PlaceMaps(**SMALL, column="head")
