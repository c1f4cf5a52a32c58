"""Synapses that no question about the edges needs."""

import pytest
import torch

from datamodules.place_cells import Maps
from neutnn_pl.nn.place_cells import COLUMNS, EdgeCode, PlaceMemory, redundant

CODE = EdgeCode(6, 4, 9, 9, size=(5, 5))
EDGES = torch.from_numpy(Maps.random(6, 4, 4, (5, 5), seed=1).edges())


def sealed(segments):
    memory = PlaceMemory(CODE, segments)
    memory.learn(EDGES)
    memory.layer.prune(memory.fresh()[..., None].expand_as(memory.layer.mask))
    memory.layer.prune(memory.layer.weights == 0)
    return memory


@pytest.mark.parametrize("segments", [1, 8])
def test_what_goes_changes_no_answer(segments):
    memory = sealed(segments)
    before = [memory.infer(EDGES, field) for field in COLUMNS]
    for _ in range(3):
        gone = redundant(memory, EDGES)
        assert not (gone & ~memory.layer.mask).any()
        assert gone.sum(-1).max() <= 1
        memory.layer.prune(gone)
        assert all(
            torch.equal(memory.infer(EDGES, field), was)
            for field, was in zip(COLUMNS, before, strict=True)
        )


def test_a_synapse_of_every_edge_goes_in_x_and_y():
    memory = sealed(8)
    held = memory.synapses
    gone = redundant(memory, EDGES)
    assert held == 9 * len(EDGES)
    # Without collisions two of three fields name an edge there.
    assert gone.flatten(1).sum(1)[:2].tolist() == [len(EDGES)] * 2
    assert 0 < int(gone[2].sum()) <= len(EDGES)


def test_what_an_ambiguous_edge_needs_stays():
    # Two maps differ in dy alone: with (tail, dx) both would answer.
    memory = PlaceMemory(CODE, 2)
    edges = torch.tensor([[0, 0, 1, 3, 4], [1, 0, 1, 3, 5]])
    memory.learn(edges)
    memory.layer.prune(memory.fresh()[..., None].expand_as(memory.layer.mask))
    memory.layer.prune(memory.layer.weights == 0)
    gone = redundant(memory, edges)
    memory.layer.prune(gone)
    assert memory.infer(edges, "environment").tolist() == [0, 1]
    dy = CODE.features + CODE.dx
    assert bool(memory.layer.mask[2, 0, 1, 0, dy + 4])
    assert bool(memory.layer.mask[2, 1, 1, 0, dy + 5])


def test_without_edges_nothing_goes():
    assert not redundant(sealed(1), EDGES[:0]).any()
