"""The memory of edges in a Lightning trainer."""

import lightning as L
import pytest
import torch

from datamodules import PlaceMaps
from hls.errors import InvalidInput
from neutnn_pl.callbacks import Pruning
from neutnn_pl.functional import sample_order
from neutnn_pl.modules import NeuTNN, PlaceCells, PlaceColumn
from neutnn_pl.nn.place_cells import FIELDS, PooledMemory
from neutnn_pl.nn.place_cells.hardware import ChipMemory, minicolumn

DATA = {"environments": 4, "objects": 4, "features": 4, "width": 5, "height": 5, "dx": 9, "dy": 9}
MODEL = {"inputs": 26, "environments": 4, "features": 4, "width": 5, "height": 5, "dx": 9, "dy": 9}
COLUMN = {**MODEL, "inputs": 17, "column": "dx"}


def trainer(tmp_path, **settings):
    return L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path, limit_val_batches=0, **settings,
    )  # fmt: skip


@pytest.mark.parametrize("batch_size", [5, 64])
def test_one_pass_is_enough_and_the_checkpoint_remembers(tmp_path, batch_size):
    data = PlaceMaps(**DATA, batch_size=batch_size)
    model = PlaceCells(**MODEL, segments=6)
    run = trainer(tmp_path)
    run.fit(model, data)
    (scores,) = run.test(model, data, verbose=False)
    assert scores["test/dx"] == scores["test/head"] == 1
    assert scores["test/environment"] > 0.9
    assert scores["test/synapses"] == model.network.synapses
    other = PlaceCells(**MODEL, segments=6)
    other.memory.learn(data.edges())
    assert torch.equal(model.memory.holds(data.edges()), other.memory.holds(data.edges()))
    run.save_checkpoint(tmp_path / "last.ckpt")
    again = NeuTNN.from_checkpoint(tmp_path / "last.ckpt")
    assert isinstance(again, PlaceCells)
    assert torch.equal(again.network.columns[0].weights, model.network.columns[0].weights)
    answers = torch.cat(run.predict(again, data))
    assert torch.equal(answers[:, 3], data.edges()[:, 3])
    assert answers.shape == (len(data.edges()), len(FIELDS))


def test_pruning_what_holds_nothing_is_exact(tmp_path):
    data, model = PlaceMaps(**DATA), PlaceCells(**MODEL, segments=6)
    run = trainer(tmp_path, callbacks=[Pruning(below=6)])
    run.fit(model, data)
    (scores,) = run.test(model, data, verbose=False)
    assert scores["test/dx"] == scores["test/dy"] == scores["test/tail"] == 1
    assert scores["test/synapses"] == 3 * 3 * len(data.edges())  # three synapses in X, Y and E
    assert model.quality([]) == {}


@pytest.mark.parametrize("batch_size", [5, 64])
def test_a_pool_in_a_trainer_is_a_pool(tmp_path, batch_size):
    data = PlaceMaps(**DATA, batch_size=batch_size)
    model, run = PlaceCells(**MODEL, segments=1, budget="pool"), trainer(tmp_path)
    run.fit(model, data)
    other = PooledMemory(model.code, 1)
    other.learn(data.edges()[sample_order(0, len(data.edges()), 0)])
    assert torch.equal(model.network.columns[0].weights, other.layer.weights)
    assert torch.equal(model.network.columns[0].mask, other.layer.mask)
    (scores,) = run.test(model, data, verbose=False)
    assert scores["test/synapses"] == other.synapses
    run.save_checkpoint(tmp_path / "last.ckpt")
    again = NeuTNN.from_checkpoint(tmp_path / "last.ckpt")
    assert torch.equal(again.memory.infer(data.edges(), "dx"), other.infer(data.edges(), "dx"))


@pytest.mark.parametrize("batch_size", [5, 64])
def test_a_minicolumn_alone_learns_what_it_learns_among_three(tmp_path, batch_size):
    data = PlaceMaps(**DATA, column="dx", batch_size=batch_size)
    model, run = PlaceColumn(**COLUMN, segments=3), trainer(tmp_path)
    run.fit(model, data)
    chip = ChipMemory(model.code, 3)
    chip.learn(data.edges()[sample_order(0, len(data.edges()), 0)])
    expected = minicolumn(chip, "dx").columns[0]
    layer = model.network.columns[0]
    assert torch.equal(layer.weights, expected.weights)
    assert int(layer.gamma) == 3 * len(data.edges())
    Pruning(below=6).apply(model, [], [])
    run.save_checkpoint(tmp_path / "last.ckpt")
    again = NeuTNN.from_checkpoint(tmp_path / "last.ckpt")
    assert isinstance(again, PlaceColumn)
    (scores,) = run.test(again, data, verbose=False)
    right = (chip.sealed().infer(data.edges(), "dx") == data.edges()[:, 3]).double().mean()
    assert scores["test/dx"] == pytest.approx(float(right))
    data.setup("test")
    quality = again.quality(list(data.test_dataloader()))
    assert quality == {"accuracy": pytest.approx(float(right))}
    assert again.quality([]) == {}


def test_errors_say_what_is_wrong(tmp_path):
    with pytest.raises(InvalidInput, match="inputs.*got 10 lines of 0 bits.*expected 26 lines"):
        PlaceCells(**{**MODEL, "inputs": 10})
    with pytest.raises(InvalidInput, match="budget.*got 'all'.*fixed, load, pool"):
        PlaceCells(**MODEL, budget="all")
    with pytest.raises(InvalidInput, match="minicolumn: inputs.*got 26 lines.*expected 17 lines"):
        PlaceColumn(**MODEL)
    with pytest.raises(InvalidInput, match="minicolumn.*got 'dy' in the data.*expected 'dx'"):
        trainer(tmp_path).fit(PlaceColumn(**COLUMN), PlaceMaps(**DATA, column="dy"))
    model = PlaceCells(**{**MODEL, "torus": True})
    with pytest.raises(
        InvalidInput, match="code of the edges.*torus=False.*torus=True.*same sizes"
    ):
        trainer(tmp_path).fit(model, PlaceMaps(**DATA))
