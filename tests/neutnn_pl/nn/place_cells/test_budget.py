"""Segments by load and from a pool."""

import pytest
import torch

from datamodules.place_cells import Maps
from neutnn_pl.nn.place_cells import EdgeCode, PlaceMemory, make_memory
from neutnn_pl.nn.place_cells.budget import occurrence, segments_by_load

CODE = EdgeCode(4, 4, 9, 9, size=(5, 5))


def edges(seed=0):
    found = torch.from_numpy(Maps.random(4, 4, 4, (5, 5), seed=seed).edges())
    return found[torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))]


def test_every_budget_has_the_same_number_of_synapses():
    fixed = make_memory(CODE, 2)
    for budget in ("load", "pool"):
        memory = make_memory(CODE, 2, budget, edges=48)
        assert memory.synapses == fixed.synapses
        memory.learn(edges())
        assert memory.synapses == fixed.synapses


def test_load_gives_more_segments_where_displacements_are_frequent():
    counts = segments_by_load(CODE, 2, 48)
    assert counts.sum(1).tolist() == [18, 18, 8]
    few, middle, many = counts[0, :5].tolist(), counts[0, 4], counts[0, 4:].tolist()
    assert few == sorted(few)
    assert many == sorted(many, reverse=True)
    assert middle == counts[0].max() > counts[0].min()
    assert counts[2].tolist() == [2, 2, 2, 2, 0, 0, 0, 0, 0]
    for torus in (False, True):
        code = EdgeCode(4, 4, 9, 9, size=(5, 5), torus=torus)
        assert sum(occurrence(code, "dx")) == pytest.approx(1)


def test_a_pool_stores_everything_while_it_lasts():
    memory, plain = make_memory(CODE, 1, "pool"), PlaceMemory(CODE, 1)
    some = edges()
    kept, fixed = memory.learn(some), plain.learn(some)
    assert kept[:, 0].sum() > fixed[:, 0].sum()
    used = memory.layer.mask.any(-1) & ~memory.fresh()
    for column in range(3):
        assert 0 < int(used[column].sum()) <= memory.pool[column]


def test_an_empty_pool_overwrites_or_refuses_and_chunks_do_not_matter():
    code = EdgeCode(2, 2, 5, 5, size=(3, 3))
    whole, parts = (make_memory(code, 1, "pool") for _ in range(2))
    generator = torch.Generator().manual_seed(1)
    many = torch.stack(
        [torch.randint(0, code.values(f), (90,), generator=generator)
         for f in ("environment", "tail", "head", "dx", "dy")], dim=1,
    )  # fmt: skip
    stored = whole.learn(many)
    for part in many.split(11):
        parts.learn(part)
    assert torch.equal(whole.layer.weights, parts.layer.weights)
    assert not whole.fresh().any()
    assert whole.layer.mask.any(-1).sum((1, 2, 3)).tolist() == whole.pool == [10, 10, 4]
    assert not stored.all()
