"""The memory of edges against lists of tuples, and against the kernels."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hls.errors import InvalidInput
from neutnn_pl.kernels import evaluate
from neutnn_pl.nn.place_cells import (
    COLUMNS,
    EXACT,
    FIELDS,
    ONE_SHOT,
    EdgeCode,
    PlaceMemory,
    make_memory,
)
from tests.neutnn_pl.nn.place_cells.oracle import Oracle

CODE = EdgeCode(3, 3, 5, 5, size=(3, 3))
VALUES = [CODE.values(field) for field in FIELDS]
EDGES = st.lists(
    st.tuples(*(st.integers(0, v - 1) for v in VALUES)), min_size=1, max_size=40
)  # fmt: skip
UNSURE = st.lists(st.tuples(*(st.integers(-1, v - 1) for v in VALUES)), min_size=1, max_size=12)


def tensor(edges):
    return torch.tensor(edges, dtype=torch.int64)


def both(edges, segments):
    memory = PlaceMemory(CODE, segments)
    oracle = Oracle([CODE.values(field) for field in COLUMNS], CODE.features, segments)
    stored = memory.learn(tensor(edges))
    return memory, oracle, stored, [oracle.learn(edge) for edge in edges]


@settings(max_examples=60, deadline=None)
@given(EDGES, st.integers(1, 3))
def test_learning_stores_recruits_overwrites_and_refuses_as_lists_do(edges, segments):
    memory, oracle, stored, expected = both(edges, segments)
    assert stored.tolist() == expected
    assert memory.holds(tensor(edges)).tolist() == [oracle.holds(edge) for edge in edges]
    fresh = memory.fresh()
    for (column, neuron, head), dendrite in oracle.dendrites.items():
        assert fresh[column, neuron, head].tolist() == [s is None for s in dendrite]


@settings(max_examples=60, deadline=None)
@given(EDGES, UNSURE, st.integers(1, 3))
def test_inference_of_every_field_is_that_of_lists(edges, asked, segments):
    memory, oracle, _, _ = both(edges, segments)
    for column, field in enumerate(COLUMNS):
        hidden = [list(edge) for edge in asked]
        for edge in hidden:
            edge[FIELDS.index(field)] = -1
        expected = [oracle.neuron(column, edge) for edge in hidden]
        assert memory.infer(tensor(asked), field).tolist() == expected
    assert memory.infer(tensor(asked), "head").tolist() == [
        oracle.head([e, t, -1, dx, dy]) for e, t, _, dx, dy in asked
    ]
    back = [[e, h, -1, 4 - dx if dx >= 0 else -1, 4 - dy if dy >= 0 else -1]
            for e, _, h, dx, dy in asked]  # fmt: skip
    assert memory.infer(tensor(asked), "tail").tolist() == [oracle.head(edge) for edge in back]


@settings(max_examples=30, deadline=None)
@given(EDGES, UNSURE, st.integers(1, 3))
def test_looked_up_potentials_are_those_of_the_layer(edges, asked, segments):
    memory, *_ = both(edges, segments)
    x = CODE.spikes(tensor(asked))
    found = evaluate(memory.layer.receptive(x), memory.layer.state, memory.layer.spec())
    for column, field in enumerate(COLUMNS):
        neuron = tensor(asked)[:, FIELDS.index(field)].clamp(min=0)
        looked_up = memory.potentials(tensor(asked), column, neuron)
        at = found.potential[torch.arange(len(asked)), column, neuron]
        assert torch.equal(torch.where(looked_up >= 13, looked_up, 0), at.long())


@settings(max_examples=30, deadline=None)
@given(EDGES, EDGES)
def test_environments_are_what_passes_t_wta(edges, asked):
    memory, *_ = both(edges, 2)
    gates = CODE.gates(tensor(asked))[:, memory.layer.proximal_lines.long()]
    spec = dataclasses.replace(memory.layer.spec(), wta="t-wta")
    state = memory.layer.state
    state = state.changed(theta=torch.full_like(state.theta, EXACT))
    x = memory.layer.receptive(CODE.spikes(tensor(asked)))
    y = evaluate(x, state, spec, xp=gates).y[:, COLUMNS.index("environment")]
    expected = (y != 255)[:, : CODE.environments]
    assert torch.equal(memory.environments(tensor(asked)), expected)


@pytest.mark.parametrize("kernel", ["reference", "numba"])
def test_kernels_store_the_same(kernel):
    edges = tensor([[i % 3, i * 7 % 3, i * 5 % 3, i * 3 % 5, i * 11 % 5] for i in range(40)])
    memory, other = PlaceMemory(CODE, 2), PlaceMemory(CODE, 2)
    memory.network.use_kernel(kernel)
    assert torch.equal(memory.learn(edges), other.learn(edges))
    assert torch.equal(memory.layer.weights, other.layer.weights)
    assert torch.equal(memory.infer(edges, "dx"), other.infer(edges, "dx"))


def test_potentials_by_hand():
    memory = PlaceMemory(EdgeCode(4, 4, 5, 5, size=(3, 3)), segments=1)
    assert memory.learn(tensor([[0, 1, 2, 3, 4]])).all()
    at = tensor([0, 0, 0, 0])
    asked = tensor([[0, 1, 2, 3, 4], [3, 1, 2, 3, 4], [3, 3, 2, 3, 4], [3, 3, 2, 3, 0]])
    x = memory.potentials(asked, 0, at + 3)[:, 2, 0]
    assert x.tolist() == [21, 14, 7, 0]
    assert memory.potentials(asked, 0, at)[:, 0, 0].tolist() == [15, 15, 15, 15]
    # The dendrite is full: two of three fields overwrite, one is refused.
    assert memory.learn(tensor([[3, 3, 2, 3, 4]]))[0].tolist() == [False, False, True]
    assert memory.learn(tensor([[3, 1, 2, 3, 4]]))[0, 0]
    assert memory.holds(tensor([[0, 1, 2, 3, 4], [3, 1, 2, 3, 4]]))[:, 0].tolist() == [False, True]


def test_a_batch_is_only_a_chunk():
    edges = tensor([[i % 3, i * 7 % 3, i * 5 % 3, i * 3 % 5, i * 11 % 5] for i in range(40)])
    whole, parts = PlaceMemory(CODE, 2), PlaceMemory(CODE, 2)
    whole.learn(edges)
    for part in edges.split(7):
        parts.learn(part)
    assert torch.equal(whole.layer.weights, parts.layer.weights)


def test_padding_stores_nothing_and_does_not_count():
    code = EdgeCode(2, 3, 5, 7, size=(3, 4))
    memory = PlaceMemory(code, 2)
    x, y, e = 5 * 3 * 2 * (2 + 3 + 7), 7 * 3 * 2 * (2 + 3 + 5), 2 * 3 * 2 * (3 + 5 + 7)
    assert memory.synapses == x + y + e
    memory.learn(tensor([[1, 2, 0, 4, 6]] * 3))
    assert not memory.layer.weights[~memory.layer.mask].any()
    memory.reset()
    assert int((memory.layer.weights == 5).sum()) == memory.synapses
    assert memory.fresh().sum() == (5 + 7 + 2) * 3 * 2


def test_the_papers_size():
    memory = PlaceMemory(EdgeCode(), 16)
    assert memory.synapses == 16 * 10 * (30 * 80 + 30 * 80 + 40 * 70) == 1_216_000
    assert ONE_SHOT.steps() == {"capture": 7, "minus": 0, "search": 0, "backoff": 7}


def test_forgetting_frees_a_segment_and_revising_replaces_an_edge():
    memory = PlaceMemory(CODE, 1)
    old, new = tensor([[0, 1, 2, 3, 4]]), tensor([[0, 1, 2, 1, 0]])
    memory.learn(old)
    fresh = int(memory.fresh().sum())
    assert memory.revise(new).all()
    assert int(memory.fresh().sum()) == fresh
    assert not memory.holds(old).any()
    assert memory.infer(new, "dx").tolist() == [1]
    assert memory.forget(new).tolist() == [[True] * 3]
    assert int(memory.fresh().sum()) == fresh + 3
    assert not memory.forget(new).any()


def test_pruned_segments_stay_away():
    memory = PlaceMemory(CODE, 2)
    memory.layer.prune(memory.fresh()[..., None].expand_as(memory.layer.mask))
    assert memory.synapses == 0
    assert not memory.learn(tensor([[0, 1, 2, 3, 4]])).any()
    assert memory.infer(tensor([[0, 1, 2, 3, 4]]), "dx").tolist() == [-1]
    assert memory.infer(tensor([[0, 1, 2, 3, 4]]), "tail").tolist() == [-1]


def test_errors_say_what_is_wrong():
    memory = PlaceMemory(CODE, 1)
    with pytest.raises(InvalidInput, match=r"field to infer.*got 'place'.*environment, tail, head"):
        memory.infer(tensor([[0, 0, 0, 0, 0]]), "place")
    with pytest.raises(InvalidInput, match=r"edges: tail.*got 3.*expected 0 \.\. 2, or -1"):
        memory.learn(tensor([[0, 3, 0, 0, 0]]))
    with pytest.raises(InvalidInput, match=r"edges.*got torch.int64 \[1, 4\].*\[B, 5\]"):
        memory.learn(tensor([[0, 0, 0, 0]]))
    with pytest.raises(InvalidInput, match=r"dx.*got 4 values for 3 places.*at least 5 \(plane\)"):
        EdgeCode(3, 3, 4, 5, size=(3, 3))
    with pytest.raises(InvalidInput, match="place memory.*Give the network and the data"):
        PlaceMemory.of(memory.network, EdgeCode(4, 3, 5, 5, size=(3, 3)))
    with pytest.raises(InvalidInput, match="budget.*got 'all'.*fixed, load, pool"):
        make_memory(CODE, 1, "all")
