"""Lines, gates and reversal of edges."""

import torch

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
