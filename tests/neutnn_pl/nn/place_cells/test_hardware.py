"""The memory of edges as a chip learns it."""

import pytest
import torch

from datamodules.place_cells import Maps
from hls.errors import InvalidInput, Unsupported
from neutnn_pl.nn import Network
from neutnn_pl.nn.place_cells import COLUMNS, FIELDS, EdgeCode, PlaceMemory
from neutnn_pl.nn.place_cells.hardware import ChipMemory, gates_of, minicolumn

CODE = EdgeCode(6, 5, 17, 17, size=(9, 9))
EDGES = torch.from_numpy(Maps.random(6, 5, 5, (9, 9), seed=3).edges())


def test_three_cycles_store_what_one_shot_stores():
    chip, other = ChipMemory(CODE, 4), PlaceMemory(CODE, 4)
    assert torch.equal(chip.learn(EDGES), other.learn(EDGES))
    assert torch.equal(chip.fresh(), other.fresh())
    assert chip.layer.weights.max() == 7
    held = other.holds(EDGES).all(1)
    sealed = chip.sealed()
    for field in COLUMNS:
        ours, theirs = sealed.infer(EDGES[held], field), other.infer(EDGES[held], field)
        true = EDGES[held, FIELDS.index(field)]
        assert (ours == true).sum() >= (theirs == true).sum()


def test_a_minicolumn_computes_what_it_computed_and_can_be_frozen():
    chip = ChipMemory(CODE, 4)
    chip.learn(EDGES)
    sealed = chip.sealed()
    for column, field in enumerate(COLUMNS):
        one = minicolumn(sealed, field)
        x, gates = CODE.spikes(EDGES), CODE.gates(EDGES)
        y = one(x, gates_of(sealed, gates, field))
        assert torch.equal(y[:, 0], sealed.network(x, gates)[:, column, : CODE.values(field)])
        again = Network.from_frozen(one.freeze("minicolumn"))
        assert torch.equal(again(x, gates_of(sealed, gates, field)), y)


def test_the_size_of_the_ladder():
    code = EdgeCode(13, 3, 4, 4, size=(4, 4), torus=True)
    x = minicolumn(ChipMemory(code, 4), "dx").columns[0]
    assert tuple(x.weights.shape) == (1, 4, 3, 4, 20)


def test_errors():
    with pytest.raises(Unsupported, match="field to infer.*got 'head'.*dx, dy, environment"):
        ChipMemory(CODE, 1).infer(EDGES, "head")
    with pytest.raises(InvalidInput, match="minicolumn.*got 'head'.*one of dx, dy, environment"):
        minicolumn(ChipMemory(CODE, 1), "head")
