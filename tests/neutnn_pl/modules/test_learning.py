"""Stages, schedules, voters, rewards and proximal inputs in Lightning."""

import lightning as L
import pytest
import torch

from hls.errors import InvalidInput
from hls.ir import load, save
from neutnn_pl import NeuTNN, nn

STDP = nn.STDP(capture=700, minus=500, search=40, backoff=600, minimum=100)


def layers():
    lines = torch.arange(12).reshape(2, 6) % 9
    return (
        nn.Layer(6, 2, theta=9, columns=2, lines=lines),
        nn.Retime(8),
        nn.Layer(4, 2, theta=5, response="snl"),
    )


def model(voter=True, **settings):
    net = nn.Network(*layers(), voter=nn.Voter(1, 2, 2, margin=4) if voter else None)
    return NeuTNN(net, STDP, seed=3, **settings)


def fit(net, data, epochs, ckpt_path=None, **options):
    trainer = L.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, limit_val_batches=0, enable_checkpointing=False, **options,
    )  # fmt: skip
    trainer.fit(net, data, ckpt_path=ckpt_path, weights_only=True)
    return trainer


def parts(net):
    first, second = net.network.columns
    return first.weights.clone(), second.weights.clone(), net.network.voter.votes.clone()


def test_stages_train_one_layer_after_the_other(blobs):
    net = model(stages=[2, 1, 2])
    fresh = parts(net)
    fit(net, blobs(), 2)
    now = parts(net)
    assert [torch.equal(a, b) for a, b in zip(fresh, now, strict=True)] == [False, True, True]
    assert [int(layer.gamma) for layer in net.network.columns] == [46, 0]
    net = model(stages=[2, 1, 2])
    fit(net, blobs(), 5)
    assert [int(layer.gamma) for layer in net.network.columns] == [46, 23]
    assert int(net.network.voter.gamma) == 46
    assert int(net.network.voter.snapshots) == 1


@pytest.mark.parametrize("stages", [None, [1, 1, 2]])
def test_batches_and_resuming_do_not_matter(blobs, tmp_path, stages):
    whole = model(stages=stages)
    fit(whole, blobs(batch_size=23), 4)
    for size in (1, 5):
        net = model(stages=stages)
        fit(net, blobs(batch_size=size), 4)
        assert all(torch.equal(a, b) for a, b in zip(parts(net), parts(whole), strict=True))
    first = model(stages=stages)
    fit(first, blobs(), 4, max_steps=6).save_checkpoint(tmp_path / "half.ckpt")
    resumed = NeuTNN.from_checkpoint(tmp_path / "half.ckpt")
    assert resumed.stages == stages
    fit(resumed, blobs(), 4, ckpt_path=tmp_path / "half.ckpt")
    assert all(torch.equal(a, b) for a, b in zip(parts(resumed), parts(whole), strict=True))
    assert torch.equal(resumed.network.voter.total, whole.network.voter.total)


@pytest.mark.parametrize("steps", [3, 8, 9])
def test_a_cut_at_an_epochs_end_takes_no_snapshot_away(blobs, tmp_path, steps):
    from lightning.pytorch.callbacks import ModelCheckpoint

    whole = model()
    fit(whole, blobs(), 4)
    keep = ModelCheckpoint(tmp_path, filename="cut", every_n_train_steps=1)
    cut = L.Trainer(
        max_epochs=4, max_steps=steps, accelerator="cpu", logger=False, callbacks=[keep],
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
    )  # fmt: skip
    cut.fit(model(), blobs())
    resumed = model()
    fit(resumed, blobs(), 4, ckpt_path=tmp_path / "cut.ckpt")
    assert all(torch.equal(a, b) for a, b in zip(parts(resumed), parts(whole), strict=True))
    assert int(resumed.network.voter.snapshots) == int(whole.network.voter.snapshots) == 2


def test_a_voter_learns_classes_and_is_frozen_as_it_scores(blobs, tmp_path):
    net = NeuTNN(
        nn.Network(nn.Layer(9, 4, theta=9, wta="k-wta", k=2), voter=nn.Voter(1, 4, 2, margin=3)),
        nn.STDP(capture=1024, minus=1024, search=10, backoff=1024, minimum=512), seed=1,
    )  # fmt: skip
    data = blobs()
    trainer = fit(net, data, 10)
    (scores,) = trainer.test(net, data, verbose=False)
    assert scores["test/accuracy"] > 0.9
    frozen = load(save(net.freeze("v"), tmp_path / "v"))
    assert frozen.votes.dtype.name == "int8"
    again = nn.Network.from_frozen(frozen)
    x = data.set.tensors[0]
    assert torch.equal(again.answer(again(x)), net.network.answer(net(x)))


def test_the_schedule_changes_the_rule_by_epoch(blobs):
    still = nn.STDP(capture=0, minus=0, search=0, backoff=0)
    net = NeuTNN(nn.Network(nn.Layer(9, 2, theta=9)), {0: still, 2: STDP}, seed=1)
    fresh = net.network.columns[0].weights.clone()
    fit(net, blobs(), 2)
    assert torch.equal(net.network.columns[0].weights, fresh)
    assert net.learning == STDP
    net = NeuTNN(nn.Network(nn.Layer(9, 2, theta=9)), {0: still, 2: STDP}, seed=1)
    fit(net, blobs(), 3)
    assert not torch.equal(net.network.columns[0].weights, fresh)


def test_a_layer_with_learning_off_stays(blobs):
    net = model(voter=False)
    net.network.columns[0].learning = False
    fresh = net.network.columns[0].weights.clone()
    fit(net, blobs(), 1)
    assert torch.equal(net.network.columns[0].weights, fresh)
    assert [int(layer.gamma) for layer in net.network.columns] == [0, 23]


def test_labels_enable_dendrites_in_training_and_all_are_enabled_in_evaluation(blobs):
    lines = torch.arange(2).reshape(1, 2, 1, 1)
    layer = nn.Layer(9, 2, theta=6, proximal="enable", proximal_lines=lines)
    rule = nn.STDP(capture=1024, minus=1024, search=10, backoff=1024, minimum=512)
    net = NeuTNN(nn.Network(layer), rule, seed=0, proximal="label")
    data = blobs()
    x, labels = data.set.tensors
    y = layer(x, torch.nn.functional.one_hot(labels, 2).to(torch.uint8))
    spiked = (y != 255).flatten(1)
    assert bool((spiked.nonzero()[:, 1] == labels[spiked.any(dim=1)]).all())
    trainer = fit(net, data, 10)
    (scores,) = trainer.test(net, data, verbose=False)
    assert scores["test/accuracy"] > 0.9


def test_proximal_inputs_of_the_batch(blobs):
    class Batches(blobs):
        def __init__(self):
            super().__init__()
            x, labels = self.set.tensors
            self.extra = torch.zeros(len(x), 2, dtype=torch.uint8)
            self.extra[torch.arange(len(x)), labels] = 1
            self.set = torch.utils.data.TensorDataset(x, labels, self.extra)

        def train_dataloader(self):
            return torch.utils.data.DataLoader(self.set, batch_size=4)

    lines = torch.arange(2).reshape(1, 2, 1, 1)
    layer = nn.Layer(9, 2, theta=9, proximal="enable", proximal_lines=lines)
    net = NeuTNN(nn.Network(layer), STDP, seed=1, proximal="batch")
    data = Batches()
    trainer = fit(net, data, 2)
    found = torch.cat(trainer.predict(net, data))
    labels = data.set.tensors[1]
    assert bool(((found == labels) | (found == 2)).all())


def test_homeostasis_lets_more_neurons_win(blobs):
    def winners(homeostasis):
        layer = nn.Layer(9, 6, theta=6, homeostasis=homeostasis)
        net = NeuTNN(nn.Network(layer), STDP, seed=0)
        trainer = fit(net, blobs(), 3)
        return trainer.callback_metrics["train/winners"].item()

    assert winners(nn.Homeostasis(rise=16, fall=2, shift=1)) > winners(None)


def test_bad_settings_are_named():
    with pytest.raises(InvalidInput, match="stages: got 2 of them; expected 3, one for each layer"):
        model(stages=[1, 1])
    with pytest.raises(InvalidInput, match="proximal: got 'labels'; expected one of none, batch"):
        model(proximal="labels")
    with pytest.raises(InvalidInput, match=r"learning: got rules from \[1\]; expected one from"):
        NeuTNN(nn.Network(*layers()), {1: STDP})
