"""Lines, gates and reversal of edges."""

import pytest
import torch

from hls.errors import InvalidInput
from neutnn_pl.nn.place_cells import FIELDS, READS, EdgeCode

CODE = EdgeCode(3, 4, 5, 7, size=(3, 4))


def test_active_lines_spike_at_zero_and_unknown_fields_are_silent():
    x = CODE.spikes(torch.tensor([[2, 3, 0, 4, 6], [-1, 0, 1, -1, 1]]))
    assert (x[0] == 0).nonzero().flatten().tolist() == [2, 6, 11, 18]
    assert (x[1] == 0).nonzero().flatten().tolist() == [3, 13]
    assert set(x.unique().tolist()) == {0, 255}


def test_minicolumns_read_the_lines_of_their_fields():
    for row, reads in zip(CODE.table().tolist(), READS, strict=True):
        lines = [CODE.offset(f) + i for f in reads for i in range(CODE.values(f))]
        assert row == lines + [-1] * (CODE.inputs - len(lines))


@pytest.mark.parametrize("field", ["dx", "dy", "environment"])
def test_one_minicolumn_has_lines_and_levels_of_its_own(field):
    edges = torch.tensor([[2, 3, 0, 4, 6], [0, 1, -1, 2, 3]])
    reads = READS[("dx", "dy", "environment").index(field)]
    part = CODE.spikes(edges)[:, CODE.lines_of(field)]
    assert part.shape[1] == sum(CODE.values(f) for f in reads)
    active, first = [], 0
    for read in reads:
        active.append(first + int(edges[0, FIELDS.index(read)]))
        first += CODE.values(read)
    assert (part[0] == 0).nonzero().flatten().tolist() == active
    gates = CODE.gates(edges, neuron=True)[:, CODE.levels_of(field)]
    gates = gates.reshape(2, CODE.values(field), CODE.features)
    assert gates[0].nonzero().tolist() == [[int(edges[0, FIELDS.index(field)]), 0]]
    assert gates[1].sum() == gates[1, int(edges[1, FIELDS.index(field)])].sum() == CODE.features


def test_there_are_three_minicolumns():
    for one in (CODE.lines_of, CODE.levels_of):
        with pytest.raises(InvalidInput, match="minicolumn.*got 'head'.*dx, dy, environment"):
            one("head")


def test_gates():
    edges = torch.tensor([[2, 3, 0, 4, 6], [2, 3, -1, 4, -1]])
    shape = (2, 3, CODE.neurons, CODE.features)
    gates = CODE.gates(edges).reshape(shape)
    assert gates[0, :, :, 0].all()
    assert not gates[0, :, :, 1:].any()
    assert gates[1].all()
    own = CODE.gates(edges, neuron=True).reshape(shape)
    assert own[0].nonzero().tolist() == [[0, 4, 0], [1, 6, 0], [2, 2, 0]]
    assert own[1].sum(2).tolist()[0][4] == 4
    assert not own[1, 1].any()


def test_reversal_on_plane_and_torus():
    edge = torch.tensor([[2, 3, 0, 4, 1]])
    assert CODE.reversed(edge).tolist() == [[2, 0, 3, 0, 5]]
    torus = EdgeCode(3, 4, 5, 7, size=(5, 7), torus=True)
    assert torus.reversed(edge).tolist() == [[2, 0, 3, 1, 6]]
    assert torus.reversed(torch.tensor([[0, 1, 2, 0, -1]])).tolist() == [[0, 2, 1, 0, -1]]
    assert torch.equal(CODE.reversed(CODE.reversed(edge)), edge)


def test_sizes_of_the_paper():
    code = EdgeCode()
    assert (code.lines, code.inputs, code.neurons) == (110, 80, 40)
    assert code.levels == 1200
    assert len(FIELDS) == 5
