"""Columns that learn side by side, of which one is kept."""

import lightning as L
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lightning.pytorch.callbacks import ModelCheckpoint
from sklearn.metrics import adjusted_rand_score

from hls.errors import InvalidInput, Unsupported
from neutnn_pl import Clusterer, NeuTNN, nn
from neutnn_pl.callbacks import Pruning
from neutnn_pl.functional import sample_order
from neutnn_pl.metrics import scatter
from neutnn_pl.nn.restarts import agreement, best_column, one_column, restarted, threshold

STDP = nn.STDP(capture=700, minus=500, search=40, backoff=600, minimum=100)


def clusterer(restarts, **options):
    return Clusterer(9, 2, theta=18, learning=STDP, seed=5, restarts=restarts, **options)


def trainer(epochs, **options):
    return L.Trainer(max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False,
                     enable_model_summary=False, limit_val_batches=0,
                     **{"enable_checkpointing": False, **options})  # fmt: skip


def test_each_column_learns_with_draws_of_its_own(blobs):
    x = blobs().set.tensors[0]
    layer = restarted({"inputs": 9, "neurons": 2, "theta": 18}, 3)
    network = nn.Network(layer)
    network.reset(5)
    single = nn.Network(nn.Layer(9, 2, 18))
    single.reset(5)
    for epoch in range(2):
        part = x[sample_order(epoch, len(x), 5)]
        network.learn(part, STDP, 5)
        single.learn(part, STDP, 5)
    w = layer.weights
    assert torch.equal(w[:1], single.columns[0].weights)
    assert not torch.equal(w[0], w[1])


@pytest.mark.parametrize("choose", ["scatter", "agreement"])
def test_the_best_column_is_kept(blobs, choose):
    data, model = blobs(), clusterer(4, choose=choose)
    trainer(2).fit(model, data)
    network = nn.Network(restarted({"inputs": 9, "neurons": 2, "theta": 18}, 4))
    network.reset(5)
    x = data.set.tensors[0]
    for epoch in range(2):
        network.learn(x[sample_order(epoch, len(x), 5)], STDP, 5)
    y = network(x)
    found = [network.answer(y[:, c : c + 1]) for c in range(4)]
    score = [-scatter(x, mine, 8) for mine in found]
    if choose == "agreement":
        score = [np.mean([adjusted_rand_score(mine, other) for other in found]) for mine in found]
    best = int(np.argmax(score))
    kept = model.network.columns[0]
    assert torch.equal(kept.weights[0], network.columns[0].weights[best])
    assert kept.weights.shape == (1, 2, 1, 1, 9)
    assert torch.equal(model(x)[:, 0], y[:, best])
    assert best_column(network, x, choose) == best


def test_a_checkpoint_holds_what_was_kept(blobs, tmp_path):
    data, model = blobs(), clusterer(3)
    runs = trainer(1)
    runs.fit(model, data)
    runs.save_checkpoint(tmp_path / "a.ckpt")
    again = NeuTNN.from_checkpoint(tmp_path / "a.ckpt")
    assert torch.equal(again.network.columns[0].weights, model.network.columns[0].weights)
    assert again.freeze("tiny").layers[0].shape == (1, 2, 1, 1, 9)
    # A run that goes on from it takes its form.
    longer = clusterer(3)
    trainer(1).fit(longer, data, ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert torch.equal(longer.network.columns[0].weights, model.network.columns[0].weights)


def test_a_run_cut_before_the_choice_goes_on(blobs, tmp_path):
    whole = clusterer(3)
    trainer(2).fit(whole, blobs())
    # Cut after the first epoch: three chunks of eight samples.
    keep = ModelCheckpoint(tmp_path, filename="cut", save_on_train_epoch_end=True, save_top_k=-1)
    part = trainer(2, max_steps=3, enable_checkpointing=True, callbacks=[keep])
    part.fit(clusterer(3), blobs())
    rest = clusterer(3)
    trainer(2).fit(rest, blobs(), ckpt_path=tmp_path / "cut.ckpt", weights_only=True)
    assert torch.equal(rest.network.columns[0].weights, whole.network.columns[0].weights)


def test_scatter_by_hand():
    x = torch.tensor([[0, 255], [2, 255], [4, 0]], dtype=torch.uint8)
    assert scatter(x, torch.tensor([0, 0, 1]), 8) == pytest.approx(2 / 3)
    assert scatter(x, torch.tensor([0, 1, 2]), 8) == 0.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_agreement_is_the_adjusted_rand_index(pairs):
    a, b = torch.tensor(pairs).T
    assert agreement(a, b) == pytest.approx(adjusted_rand_score(a, b))


def test_threshold_is_a_share_of_what_a_mean_sample_can_reach():
    x = torch.tensor([[0, 1, 2, 255], [0, 255, 255, 255]], dtype=torch.uint8)
    assert threshold(x, 0.5, 7) == 7
    assert threshold(x, 0.01, 7) == 1


def test_what_is_refused(blobs):
    with pytest.raises(InvalidInput, match="restarts: got 0; expected >= 1"):
        clusterer(0)
    runs = trainer(2, callbacks=[Pruning(0.5, schedule="iterative")])
    with pytest.raises(
        Unsupported, match="pruning while several columns learn: got restarts 2, schedule iterat"
    ):
        runs.fit(clusterer(2), blobs())
    with pytest.raises(InvalidInput, match="choose: got 'luck'; expected one of agreement, scat"):
        clusterer(2, choose="luck")
    two = nn.Network(nn.Layer(9, 2, 18), nn.Layer(2, 2, 5))
    with pytest.raises(ValueError, match="one_column: got more than a layer"):
        one_column(two, 0)
