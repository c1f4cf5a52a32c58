"""A training run, watched: the same weights, and every gamma cycle kept."""

import pytest
import torch

from datamodules.place_cells import PlaceMaps
from hls.errors import Mismatch
from neutnn_pl import nn
from neutnn_pl.config import RecipeCLI
from neutnn_pl.modules import NeuTNN
from neutnn_pl.modules.place_cells import PlaceCells, PlaceColumn
from neutnn_pl.nn import Homeostasis
from neutnn_pl.replay import Watched, asks_for_a_chip, learner_name, refusal, replay

LFSR = nn.STDP(capture=600, search=100, source="lfsr")
WORDS = ["-c", "ucr/sony2_chip", "--data.name", "ItalyPowerDemand", "--model.theta", "21",
         "--trainer.max_epochs", "2", "--trainer.enable_progress_bar", "false"]  # fmt: skip


def network():
    layer = nn.Layer(6, 2, theta=9, dendrites=2, proximal="enable")
    net = nn.Network(layer, tres=3)
    net.reset(4)
    return net


def test_a_watched_network_learns_the_same():
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 8, (12, 6), generator=generator, dtype=torch.uint8)
    levels = torch.randint(0, 2, (12, 2), generator=generator, dtype=torch.uint8)
    plain, seen = network(), network()
    watched = Watched(seen, 7)
    for part in (slice(0, 5), slice(5, 12)):
        y = plain.learn(x[part], LFSR, 4, proximal=levels[part])
        assert torch.equal(seen.learn(x[part], LFSR, 4, proximal=levels[part]), y)
    assert torch.equal(plain.columns[0].weights, seen.columns[0].weights)
    assert watched.samples == 12
    kept = watched.arrays()
    assert (kept["x"] == x[:7].numpy()).all()
    assert (kept["proximal"] == levels[:7].numpy()).all()
    again = network()
    for b in range(7):
        y = again.learn(x[b : b + 1], LFSR, 4, proximal=levels[b : b + 1])
        assert (kept["y"][b] == y[0].numpy()).all()
        assert (kept["weights"][b] == again.columns[0].weights.numpy()).all()


def test_without_proximal_inputs_there_are_none():
    net = nn.Network(nn.Layer(3, 2, theta=4), tres=3)
    watched = Watched(net, 5)
    net.learn(torch.zeros(2, 3, dtype=torch.uint8), LFSR, 0)
    assert watched.arrays()["proximal"] is None
    assert len(watched.arrays()["x"]) == 2


def test_who_asks_for_a_chip():
    def model(rule):
        return NeuTNN(nn.Network(nn.Layer(3, 2, theta=4), tres=3), rule)

    assert asks_for_a_chip(model(LFSR))
    assert not asks_for_a_chip(model(nn.STDP()))
    assert not asks_for_a_chip(model({0: LFSR, 2: nn.STDP()}))
    assert not asks_for_a_chip(model(nn.DeterministicSTDP()))
    assert learner_name("a" * 63) == "a" * 54 + "_learning"


def test_a_run_that_does_not_start_from_fresh_weights_is_refused(tmp_path):
    cli = RecipeCLI(WORDS)
    model = NeuTNN(network(), LFSR, 4, proximal="batch")
    assert refusal(cli, model) is None
    staged = NeuTNN(network(), LFSR, stages=[3])
    assert refusal(cli, staged) == "training with stages is not repeated on a chip"
    changing = NeuTNN(network(), {0: LFSR, 3: nn.STDP(source="lfsr")})
    assert refusal(cli, changing) == "training with a schedule of rules is not repeated on a chip"
    home = nn.Layer(6, 2, theta=9, homeostasis=Homeostasis(rise=4, fall=1))
    tired = NeuTNN(nn.Network(home, tres=3), LFSR)
    assert refusal(cli, tired) == "training with homeostasis is not repeated on a chip"
    two = NeuTNN(nn.Network(nn.Layer(4, 3, theta=4), nn.Layer(3, 2, theta=2), tres=2), LFSR)
    assert refusal(cli, two) == "circuit that learns: layers: got 2; expected 1"
    pruned = RecipeCLI([*WORDS, "--pruning.schedule", "iterative", "--pruning.target", "0.3"])
    assert (
        refusal(pruned, model) == "training with pruning while it learns is not repeated on a chip"
    )
    cli.config.ckpt_path = str(tmp_path / "some.ckpt")
    assert (
        refusal(cli, model) == "training with a checkpoint to start from is not repeated on a chip"
    )


def test_a_run_that_was_learnt_otherwise_is_a_mismatch():
    cli = RecipeCLI(WORDS)
    trained = cli.model
    trained.network.columns[0].weights.fill_(3)
    with pytest.raises(Mismatch, match="does not end with the weights of the run: [0-9]+ of 96 di"):
        replay(cli, trained, "chip", 10)


def test_fresh_models_are_as_they_were_made():
    chip = {"features": 3, "width": 4, "height": 4, "torus": True, "dx": 4, "dy": 4}
    data = PlaceMaps(environments=13, objects=2, column="dx", **chip)
    data.setup("fit")
    x, labels, levels, *_ = data._sets["train"].tensors
    column = PlaceColumn(inputs=20, environments=13, segments=4, **chip)
    cells = PlaceCells(inputs=24, environments=13, segments=2, **chip)
    plain = NeuTNN(network(), LFSR, 4, proximal="batch")
    assert isinstance(column.fresh(), PlaceColumn)
    assert isinstance(cells.fresh(), PlaceCells)
    for model, weight in ((column, 5), (cells, 5)):
        before = {k: v.clone() for k, v in model.network.state_dict().items()}
        model.network.columns[0].weights.fill_(weight + 1)
        again = model.fresh().network.state_dict()
        assert all(torch.equal(again[name], value) for name, value in before.items())
    before = plain.network.columns[0].weights.clone()
    plain.network.learn(x[:9, :6], LFSR, 4, proximal=levels[:9, :2])
    assert torch.equal(plain.fresh().network.columns[0].weights, before)
    assert plain.fresh().proximal == "batch"
    assert len(labels) == 26
