"""The LightningModule: the same weights for every batch size, worker count and resume point."""

import lightning as L
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from hls.errors import InvalidInput
from neutnn_pl import NeuTNN, nn
from neutnn_pl.functional import sample_order

STDP = nn.STDP(capture=700, minus=500, search=40, backoff=600, minimum=100)


def model(seed=5, tie="potential", **layer):
    return NeuTNN(
        nn.Network(nn.Layer(inputs=9, neurons=2, theta=18, tie=tie, **layer)), STDP, seed=seed
    )


def fit(net, data, epochs, *, ckpt_path=None, callbacks=(), **options):
    trainer = L.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, limit_val_batches=0, callbacks=list(callbacks),
        **{"enable_checkpointing": bool(callbacks), **options},
    )  # fmt: skip
    trainer.fit(net, data, ckpt_path=ckpt_path, weights_only=True)
    return trainer


def weights(net):
    return net.network.layers[0].weights.clone()


@pytest.fixture
def plain(blobs):
    """Weights of two epochs by a bare loop over the samples: no Lightning, no batches."""
    net, data = model(), blobs().set
    for epoch in range(2):
        for j in sample_order(epoch, len(data), seed=5).tolist():
            net.network.learn(data[j][0][None], STDP, seed=5)
    return weights(net)


@pytest.mark.parametrize("batch_size", [1, 7, 8, 64])
@pytest.mark.parametrize("tie", ["potential", "random"])
def test_batch_size_does_not_matter(blobs, plain, batch_size, tie):
    net = model(tie=tie)
    fit(net, blobs(batch_size=batch_size), 2)
    if tie == "potential":
        assert torch.equal(weights(net), plain)
    other = model(tie=tie)
    fit(other, blobs(batch_size=23), 2)
    assert torch.equal(weights(net), weights(other))


def test_worker_processes_do_not_matter(blobs, plain):
    net = model()
    fit(net, blobs(workers=2), 2)
    assert torch.equal(weights(net), plain)


def test_two_epochs_equal_one_saved_loaded_and_one_more(blobs, plain, tmp_path):
    trainer = fit(model(), blobs(), 1)
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    resumed = NeuTNN.from_checkpoint(tmp_path / "one.ckpt")
    fit(resumed, blobs(batch_size=5), 1)
    assert torch.equal(weights(resumed), plain)
    again = model(seed=5)
    fit(again, blobs(), 2, ckpt_path=tmp_path / "one.ckpt")
    assert torch.equal(weights(again), plain)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_run_cut_inside_an_epoch_goes_on_at_its_sample(blobs, plain, tmp_path, steps):
    keep = ModelCheckpoint(tmp_path, filename="cut", every_n_train_steps=1)
    cut = model()
    fit(cut, blobs(), 2, callbacks=[keep], max_steps=steps)
    resumed = model(seed=5)
    trainer = fit(resumed, blobs(), 2, ckpt_path=tmp_path / "cut.ckpt")
    assert torch.equal(weights(resumed), plain)
    assert int(resumed.network.layers[0].gamma) == 46
    assert int(resumed.epochs) == 2
    assert trainer.global_step == 6


def test_evaluation_changes_nothing(blobs, plain):
    net, data = model(tie="random"), blobs()
    trainer = fit(net, data, 2)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trainer.validate(net, data, verbose=False)
    trainer.test(net, data, verbose=False)
    trainer.predict(net, data)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_two_templates_become_two_clusters(blobs):
    stdp = nn.STDP(capture=1024, minus=1024, search=10, backoff=1024, minimum=512)
    net, data = NeuTNN(nn.Network(nn.Layer(9, 2, theta=9)), stdp, seed=1), blobs()
    trainer = fit(net, data, 10)
    (scores,) = trainer.test(net, data, verbose=False)
    assert scores["test/ari"] > 0.8
    assert scores["test/purity"] > 0.9
    assert scores["test/coverage"] == 1.0
    clusters = torch.cat(trainer.predict(net, data))
    assert clusters.shape == (23,)
    assert set(clusters.tolist()) <= {0, 1, 2}


def test_a_checkpoint_holds_tensors_and_plain_values_only(blobs, tmp_path):
    trainer = fit(model(), blobs(), 1)
    trainer.save_checkpoint(tmp_path / "x.ckpt")
    loaded = NeuTNN.from_checkpoint(tmp_path / "x.ckpt")
    assert torch.equal(weights(loaded), weights(trainer.lightning_module))
    assert loaded.learning == STDP
    assert loaded.seed == 5
    assert loaded.freeze("x").hash == trainer.lightning_module.freeze("x").hash


def test_a_damaged_or_foreign_checkpoint_is_named(tmp_path):
    (tmp_path / "torn.ckpt").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(InvalidInput, match=r"checkpoint .*torn.ckpt: got .*; expected a"):
        NeuTNN.from_checkpoint(tmp_path / "torn.ckpt")
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(InvalidInput, match="got no NeuTNN in it; expected one that NeuTNN wrote"):
        NeuTNN.from_checkpoint(tmp_path / "other.ckpt")
    with pytest.raises(InvalidInput, match="No such file"):
        NeuTNN.from_checkpoint(tmp_path / "none.ckpt")


def test_a_pickle_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"neutnn": Trap()}, tmp_path / "trap.ckpt")
    with pytest.raises(InvalidInput, match="expected a checkpoint of tensors and plain values"):
        NeuTNN.from_checkpoint(tmp_path / "trap.ckpt")
    assert not (tmp_path / "sprung").exists()


def test_more_classes_than_neurons(blobs):
    data = blobs()
    data.classes = 3
    with pytest.raises(
        InvalidInput,
        match=r"more classes than neurons: got 3 classes in the data, 2 neurons in a column; "
        r"expected at least 3 neurons. Set --model.neurons 3",
    ):
        fit(model(), data, 1)


def test_strategies_that_divide_the_samples_are_refused(blobs, monkeypatch):
    monkeypatch.setattr(L.Trainer, "world_size", 2)
    with pytest.raises(
        InvalidInput,
        match="trainer: strategy: got SingleDeviceStrategy with 2 processes; expected "
        "column_parallel, with which they learn the bits of one. Set --trainer.strategy column_par",
    ):
        fit(model(), blobs(), 1)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(InvalidInput, match="kernel: got 'cuda'; expected one of auto, reference"):
        NeuTNN(nn.Network(nn.Layer(2, 1, theta=3)), kernel="cuda")


def test_the_encoder_goes_with_the_checkpoint_into_the_frozen_network(tmp_path):
    from datamodules import UCR
    from datamodules.encoders import OnOff, encoder_from

    series = np.random.default_rng(0).normal(size=(8, 6))
    data = UCR.from_arrays(series, encoder=OnOff())
    model = NeuTNN(nn.Network(nn.Layer(12, 2, theta=30)))
    trainer = L.Trainer(max_epochs=1, logger=False, enable_progress_bar=False, limit_val_batches=0,
                        enable_checkpointing=False, accelerator="cpu")  # fmt: skip
    trainer.fit(model, data)
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    frozen = NeuTNN.from_checkpoint(tmp_path / "model.ckpt").freeze("tiny")
    assert frozen.encoder == data.encoding
    assert np.array_equal(encoder_from(frozen.encoder)(series), data.spikes("train"))
