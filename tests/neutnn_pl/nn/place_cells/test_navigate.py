"""Localisation and path integration."""

import numpy as np
import pytest
import torch

from datamodules.place_cells import Maps
from neutnn_pl.nn.place_cells import EdgeCode, PlaceMemory, integrate, localise, localise_walks
from neutnn_pl.nn.place_cells.navigate import positions


def learnt(torus):
    maps = Maps.random(6, 5, 5, (9, 9), torus=torus, seed=3)
    memory = PlaceMemory(EdgeCode(6, 5, 17, 17, size=(9, 9), torus=torus), segments=8)
    assert memory.learn(torch.from_numpy(maps.edges())).all()
    return maps, memory


def test_candidates_are_those_with_most_votes():
    known = torch.tensor([[[1, 1, 0], [1, 0, 1], [0, 1, 0]], [[0, 1, 1]] * 3]).bool()
    found = localise(known)
    assert found.candidates[0].tolist() == [
        [True, True, False],
        [True, False, False],
        [True, True, False],
    ]
    assert found.steps.tolist() == [2, 4]
    assert found.answer.tolist() == [0, -1]
    assert localise(known, lead=2).answer.tolist() == [-1, -1]


@pytest.mark.parametrize("torus", [False, True])
def test_walks_are_localised_and_integrated(torus):
    maps, memory = learnt(torus)
    walks = torch.from_numpy(np.stack([maps.walked(e % 6, 6, seed=e) for e in range(60)]))
    found = localise_walks(memory, walks)
    assert torch.equal(found.answer, walks[:, 0, 0])
    assert 1 <= float(found.steps.double().mean()) < 2
    where, known = integrate(memory, walks)
    assert known.all()
    assert torch.equal(where, positions(memory.code, walks))
    for e in range(6):
        path = maps.places[e, maps.walk(e, 6, seed=e)]
        moved = path[1:] - path[0]
        assert (where[e].numpy() == (moved % 9 if torus else moved)).all()


def test_an_unknown_edge_ends_integration():
    maps, memory = learnt(False)
    memory.reset()
    walks = torch.from_numpy(maps.walked(0, 3)[None])
    _, known = integrate(memory, walks)
    assert not known.any()
