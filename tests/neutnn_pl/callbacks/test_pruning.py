"""The pruning callback."""

import lightning as L
import pytest
import torch

from hls.errors import InvalidInput
from neutnn_pl import NeuTNN, nn
from neutnn_pl.callbacks import Pruning


def trained(blobs, callback=None):
    net = NeuTNN(
        nn.Network(nn.Layer(9, 2, theta=9)),
        nn.STDP(capture=1024, minus=1024, search=10, backoff=1024, minimum=512),
        seed=1,
    )
    trainer = L.Trainer(
        max_epochs=4, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False,
        callbacks=[callback] if callback else [],
    )  # fmt: skip
    trainer.fit(net, blobs())
    return net, trainer


def test_zeros_go_and_no_answer_changes(blobs):
    callback = Pruning()
    net, trainer = trained(blobs, callback)
    whole, _ = trained(blobs)
    x = blobs().set.tensors[0]
    zeros = int((whole.network.layers[0].weights == 0).sum())
    assert zeros > 0
    assert net.network.synapses == 18 - zeros
    assert torch.equal(net(x), whole(x))
    report = callback.report
    assert (report.before, report.after, report.removed_nonzero) == (18, 18 - zeros, 0)
    assert report.quality_before == report.quality_after
    assert str(report).startswith(f"18 -> {18 - zeros} synapses (-")


@pytest.mark.parametrize("by", ["weight", "contribution", "random"])
def test_a_target_removes_exactly_that_many(blobs, by):
    callback = Pruning(target=0.4, by=by)
    net, _ = trained(blobs, callback)
    assert net.network.synapses == 18 - 7
    kept = net.network.layers[0].mask
    assert int(net.network.layers[0].weights[~kept].sum()) == 0


def test_zeros_first_takes_the_target_from_what_remains(blobs):
    net, _ = trained(blobs)
    left = int((net.network.layers[0].weights != 0).sum())
    Pruning(target=0.5, zeros=True).prune(net.network, seed=1)
    assert net.network.synapses == left - left // 2


def test_the_report_is_in_the_checkpoint(blobs, tmp_path):
    callback = Pruning()
    _, trainer = trained(blobs, callback)
    trainer.save_checkpoint(tmp_path / "x.ckpt")
    state = torch.load(tmp_path / "x.ckpt", weights_only=True)["callbacks"]["Pruning"]
    fresh = Pruning()
    fresh.load_state_dict(state)
    assert fresh.report == callback.report


def test_bad_settings_are_named():
    with pytest.raises(InvalidInput, match=r"pruning: target: got 40; expected 0 .. 1, or null"):
        Pruning(target=40)
    with pytest.raises(InvalidInput, match="pruning: by: got 'size'; expected one of weight"):
        Pruning(by="size")
