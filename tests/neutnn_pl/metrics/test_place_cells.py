"""Baselines and scores of memories of edges."""

import pytest
import torch

from datamodules.place_cells import Maps
from hls.errors import InvalidInput
from neutnn_pl.metrics.associative import ExactDictionary, Willshaw, nearest
from neutnn_pl.metrics.place_cells import accuracy, accuracy_of, losses
from neutnn_pl.nn.place_cells import COLUMNS, FIELDS, EdgeCode, PlaceMemory

CODE = EdgeCode(4, 4, 9, 9, size=(5, 5))
VALUES = tuple(CODE.values(field) for field in FIELDS)
EDGES = torch.from_numpy(Maps.random(4, 4, 4, (5, 5), seed=2).edges())


def naive(stored, edge, field):
    """The lowest value among the edges that agree most."""
    agree = [sum(a == b for i, (a, b) in enumerate(zip(s, edge, strict=True)) if i != field)
             for s in stored]  # fmt: skip
    return min(s[field] for s, n in zip(stored, agree, strict=True) if n == max(agree))


@pytest.mark.parametrize("field", range(5))
def test_the_dictionary_takes_the_lowest_of_the_best(field):
    asked = EDGES.clone()
    asked[::3, 1], asked[::4, 4] = -1, 0
    stored = EDGES.tolist()
    expected = [naive(stored, edge, field) for edge in asked.tolist()]
    assert ExactDictionary(EDGES).infer(asked, field).tolist() == expected


def test_nearest_neighbours():
    stored = torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 1, 1], [1, 1, 1, 2, 1], [0, 1, 1, 2, 1]])
    asked = torch.tensor([[0, 0, 0, -1, 1]])
    assert nearest(stored, asked, 3, 1).tolist() == [1]
    assert nearest(stored, asked, 3, 4).tolist() == [2]
    assert nearest(stored, torch.tensor([[5, 5, 5, 5, 5]]), 3, 1).tolist() == [0]


@pytest.mark.parametrize("order", [2, 3])
def test_a_large_willshaw_memory_remembers_everything(order):
    memory = Willshaw(VALUES, 1_000_000, order)
    memory.learn(EDGES)
    dictionary = accuracy_of(ExactDictionary(EDGES), EDGES, EDGES)
    found = accuracy_of(memory, EDGES, EDGES)
    assert found["dx"] > 0.95
    assert found["head"] > 0.95
    assert dictionary["dx"] == 1
    assert sum(w.numel() for f, w in enumerate(memory.weights) if f != 1) <= 1_000_000


def test_a_small_willshaw_memory_forgets_and_too_few_synapses_are_refused():
    memory = Willshaw(VALUES, 300)
    memory.learn(EDGES)
    assert accuracy_of(memory, EDGES, EDGES)["dx"] < 0.6
    with pytest.raises(InvalidInput, match="Willshaw memory: synapses.*got 5.*>= 26"):
        Willshaw(VALUES, 5)


@pytest.mark.parametrize("segments", [1, 2, 8])
def test_losses_add_up(segments):
    memory = PlaceMemory(CODE, segments)
    stored = memory.learn(EDGES)
    right, causes = accuracy(memory, EDGES, EDGES), losses(memory, EDGES, stored)
    for field in COLUMNS:
        one = causes[field]
        total = one.unstored + one.overwritten + one.ambiguous
        assert total == pytest.approx(1 - right[field])
        column = COLUMNS.index(field)
        held = int(memory.holds(EDGES)[:, column].sum())
        assert one.refused + one.lost == len(EDGES) - held
        assert one.refused <= int((~stored[:, column]).sum())
    if segments == 8:
        assert stored.all()
        assert causes["dx"].unstored == causes["dx"].overwritten == 0
    if segments == 1:
        assert causes["dx"].unstored + causes["dx"].overwritten > 0
