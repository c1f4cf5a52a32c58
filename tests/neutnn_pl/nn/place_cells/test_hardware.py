"""The memory of edges as a chip learns it."""

import pytest
import torch

from datamodules.place_cells import Maps
from hls.errors import InvalidInput
from neutnn_pl.nn import Network
from neutnn_pl.nn.place_cells import COLUMNS, FIELDS, EdgeCode, PlaceMemory
from neutnn_pl.nn.place_cells.hardware import ChipMemory, minicolumn

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
        own = x[:, CODE.lines_of(field)], gates[:, CODE.levels_of(field)]
        y = one(*own)
        assert torch.equal(y[:, 0], sealed.network(x, gates)[:, column, : CODE.values(field)])
        again = Network.from_frozen(one.freeze("minicolumn"))
        assert torch.equal(again(*own), y)


def test_the_size_of_the_ladder():
    code = EdgeCode(13, 3, 4, 4, size=(4, 4), torus=True)
    x = minicolumn(ChipMemory(code, 4), "dx").columns[0]
    assert tuple(x.weights.shape) == (1, 4, 3, 4, 20)


def test_heads_and_tails_are_found_one_gate_at_a_time():
    chip = ChipMemory(CODE, 9)
    assert chip.learn(EDGES).all()
    sealed = chip.sealed()
    for field in ("head", "tail"):
        assert torch.equal(sealed.infer(EDGES, field), EDGES[:, FIELDS.index(field)])
    scores = sealed.head_scores(EDGES)
    # Three minicolumns, each at time 4 of 0 .. 6.
    assert (scores[torch.arange(len(EDGES)), EDGES[:, 2]] == 3 * (7 - 4)).all()
    asked = EDGES.clone()
    asked[:, FIELDS.index("tail")] = -1
    assert sealed.head_scores(asked).max() < 3 * (7 - 4)


def test_the_reference_learns_the_same():
    chip, other = ChipMemory(CODE, 2), ChipMemory(CODE, 2)
    other.network.use_kernel("reference")
    some = EDGES[:20]
    assert torch.equal(chip.learn(some), other.learn(some))
    assert torch.equal(chip.layer.weights, other.layer.weights)


def test_errors():
    with pytest.raises(InvalidInput, match="field to infer.*got 'place'.*environment, tail"):
        ChipMemory(CODE, 1).infer(EDGES, "place")
    with pytest.raises(InvalidInput, match="minicolumn.*got 'head'.*one of dx, dy, environment"):
        minicolumn(ChipMemory(CODE, 1), "head")
