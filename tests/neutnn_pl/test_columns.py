"""A column cut out of a network answers what it answered in place, down to the netlist."""

import numpy as np
import pytest
import torch

from hls.errors import InvalidInput
from hls.ir import cut_column, save
from hls.ir.stimulus import write_stimulus
from hls.step import StepRecord, step_dir
from neutnn_pl import Classifier, nn
from neutnn_pl.cli import main
from neutnn_pl.columns import column_in_place, flow_of_column
from neutnn_pl.modules import FieldLayer, Votes


def stack(retime=None):
    layers = [
        FieldLayer(3, 5, 3, padding=1, corners=True),
        FieldLayer(4, 6, 2, retime=retime, segments=2, wta="t-wta"),
        FieldLayer(10, 9, None, label=True, response="snl"),
    ]
    return Classifier((4, 4), 2, layers, voter=Votes(), tres=1, seed=3)


def samples(count=60, lines=32, horizon=2):
    x = np.random.default_rng(4).integers(0, horizon + 1, (count, lines))
    return np.where(x == horizon, 255, x).astype(np.uint8)


@pytest.mark.parametrize("retime", [None, 2])
def test_every_layer(retime):
    frozen = stack(retime).freeze("stack")
    x = samples()
    whole = nn.Network.from_frozen(frozen).trace(torch.from_numpy(x))
    spikes = 0
    for layer, column in ((0, 0), (0, 7), (1, 0), (1, 8), (2, 0)):
        alone = cut_column(frozen, layer, column)
        assert alone.name == f"stack_l{layer}_c{column}"
        assert alone.layers[0].shape[0] == 1
        assert alone.votes is None
        read, proximal, expected = column_in_place(frozen, x, layer, column)
        assert proximal is None
        assert read.shape == (60, alone.inputs)
        found = nn.Network.from_frozen(alone)(torch.from_numpy(read))
        assert torch.equal(found, torch.from_numpy(expected.y))
        assert torch.equal(found[:, 0], whole[layer][:, column])
        spikes += int((found != 255).sum())
    assert spikes > 50
    assert cut_column(frozen, 0, 0).inputs == 2  # three of four corners are outside
    assert cut_column(frozen, 2, 0).proximal_lines == 10


def test_a_column_reads_its_own_proximal_lines():
    frozen = stack().freeze("stack")
    x = samples()
    levels = np.random.default_rng(5).integers(0, 2, (60, frozen.proximal_lines)).astype(np.uint8)
    read, proximal, expected = column_in_place(frozen, x, 2, 0, levels)
    assert (proximal == levels).all()
    found = nn.Network.from_frozen(cut_column(frozen, 2, 0))(
        torch.from_numpy(read), torch.from_numpy(proximal)
    )
    assert torch.equal(found, torch.from_numpy(expected.y))
    assert (expected.y[:, 0][levels == 0] == 255).all()
    assert (expected.y != 255).sum() > 10
    assert column_in_place(frozen, x, 0, 0, levels).proximal is None


@pytest.mark.parametrize("late", ["drop", "saturate"])
def test_retiming_is_that_of_the_network(late):
    from hls.ir.cut import _retimed
    from neutnn_pl import functional as F

    x = samples(200, 3, 9)
    expected = F.retime(torch.from_numpy(x), 4, late)
    assert (_retimed(x, 4, late) == expected.numpy()).all()


def test_no_such_column():
    frozen = stack().freeze("stack")
    with pytest.raises(InvalidInput, match=r"layer: got 3; expected 0 \.\. 2, those of the net"):
        cut_column(frozen, 3, 0)
    with pytest.raises(InvalidInput, match=r"column: got 16; expected 0 \.\. 15, those of the la"):
        cut_column(frozen, 0, 16)


def test_a_column_of_a_run_on_the_ladder(tmp_path, capsys):
    run = tmp_path / "run"
    net = Classifier((4, 4), 2, [FieldLayer(3, 5, 2), FieldLayer(4, 6, 2)], voter=Votes(), tres=1)
    frozen = net.freeze("two")
    with pytest.raises(InvalidInput, match="no frozen network with test samples; expected one"):
        flow_of_column(run, 0, 0)
    save(frozen, run / "frozen")
    step_dir(run, "freeze").mkdir(parents=True)
    x = samples()
    answers = net.network(torch.from_numpy(x)).numpy()
    write_stimulus(step_dir(run, "freeze"), frozen, x, answers, answer=np.zeros(60, np.int64))
    code = main(["column", str(run), "--layer", "1", "--column", "3", "--samples", "40",
                 "--to", "verify"])  # fmt: skip
    assert code == 0, capsys.readouterr().err
    record = StepRecord.read(step_dir(run / "columns" / "1-3", "verify"))
    assert record.status == "done"
    assert "0 mismatches" in record.summary
