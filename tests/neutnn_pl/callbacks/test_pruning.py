"""The pruning callback."""

import copy
from dataclasses import asdict
from functools import cache

import lightning as L
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from hls.errors import InvalidInput
from neutnn_pl import NeuTNN, nn
from neutnn_pl.callbacks import Pruning, PruningReport
from neutnn_pl.callbacks.synapses import joined, measure, nonzero
from neutnn_pl.functional.pruning import drop_count
from neutnn_pl.nn.fields import receptive_fields
from tests.conftest import Blobs

STDP = nn.STDP(capture=1024, minus=1024, search=10, backoff=1024, minimum=512)
DATA = {"samples": 9, "batch_size": 5}


def model(**options):
    return NeuTNN(nn.Network(nn.Layer(9, 2, theta=9)), STDP, seed=1, **options)


def fit(net, callbacks=(), *, epochs=4, ckpt_path=None, data=None, **options):
    trainer = L.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=list(callbacks), limit_val_batches=0,
        enable_checkpointing=any(isinstance(c, ModelCheckpoint) for c in callbacks), **options,
    )  # fmt: skip
    trainer.fit(net, data or Blobs(**DATA), ckpt_path=ckpt_path, weights_only=True)
    return trainer


def trained(*callbacks, **options):
    net = model()
    return net, fit(net, callbacks, **options)


@cache
def _unpruned():
    return trained()[0]


def unpruned():
    return copy.deepcopy(_unpruned())


def samples():
    return [list(Blobs(**DATA).set.tensors)]


class Watch(Callback):
    """Keeps masks and weights of every layer at the ends of all epochs."""

    def __init__(self):
        self.masks, self.weights = [], []

    def on_train_epoch_end(self, trainer, pl_module):
        self.masks.append([joined(layer, "mask") for layer in pl_module.network.columns])
        self.weights.append([joined(layer, "weights") for layer in pl_module.network.columns])

    def counts(self, layer=0):
        return [int(masks[layer].sum()) for masks in self.masks]


def same(a, b):
    return all(
        torch.equal(joined(x, name), joined(y, name))
        for x, y in zip(a.network.columns, b.network.columns, strict=True)
        for name in ("weights", "mask")
    )


# At the end


def test_zeros_go_and_no_answer_changes():
    callback = Pruning()
    net, _ = trained(callback)
    whole = unpruned()
    ((x, _),) = samples()
    zeros = int((whole.network.layers[0].weights == 0).sum())
    assert zeros > 0
    assert net.network.synapses == 18 - zeros
    assert torch.equal(net(x), whole(x))
    report = callback.report
    assert (report.before, report.after, report.removed_nonzero) == (18, 18 - zeros, 0)
    assert report.quality_before == report.quality_after
    assert str(report).startswith(f"18 -> {18 - zeros} synapses (-")


@pytest.mark.parametrize("by", ["weight", "contribution", "random"])
def test_a_target_removes_exactly_that_many(by):
    callback = Pruning(target=0.4, by=by)
    net, _ = trained(callback)
    assert net.network.synapses == 18 - 7
    kept = net.network.layers[0].mask
    assert int(net.network.layers[0].weights[~kept].sum()) == 0
    whole = unpruned()
    removed = int((whole.network.layers[0].weights[~kept] != 0).sum())
    assert callback.report.removed_nonzero == removed


def test_by_weight_no_kept_weight_is_below_a_dropped_one():
    net, whole = trained(Pruning(target=0.5))[0], unpruned()
    kept, weights = net.network.layers[0].mask, whole.network.layers[0].weights
    assert int(weights[~kept].max()) <= int(weights[kept].min())


def test_zeros_first_takes_the_target_from_what_remains():
    net = unpruned()
    left = nonzero(net.network)
    Pruning(target=0.5, zeros=True).prune(net.network, seed=1)
    assert net.network.synapses == left - left // 2


def test_weights_below_a_threshold_go():
    net = unpruned()
    weights = net.network.layers[0].weights.clone()
    Pruning(below=4).prune(net.network, seed=1)
    assert torch.equal(net.network.layers[0].mask, weights >= 4)
    again = unpruned()
    Pruning(below=4, target=0.5).prune(again.network, seed=1)
    left = int((weights >= 4).sum())
    assert again.network.synapses == left - left // 2


def test_contribution_does_not_depend_on_batches():
    net = unpruned()
    ((x, label),) = samples()
    ((counts, spikes),) = measure(net.network, [(x, label)])
    ((parts, part_spikes),) = measure(net.network, [(x[:5], label[:5]), (x[5:], label[5:])])
    assert torch.equal(counts, parts)
    assert torch.equal(spikes, part_spikes)


def times(shape, horizon, generator):
    t = torch.randint(0, horizon + 2, shape, generator=generator)
    return torch.where(t >= horizon, 255, t).to(torch.uint8)


def random_network(seed, proximal="none", tie="potential", wta="1-wta"):
    """Two layers with all levels of the hierarchy; a voter's answers are not needed."""
    generator = torch.Generator().manual_seed(seed)
    n, d, s = torch.randint(1, 4, (3,), generator=generator).tolist()
    one = receptive_fields(5, kernel=3, padding=(0, 1))
    options = {"proximal": proximal, "tie": tie, "wta": wta, "dendrites": d, "segments": s}
    if proximal == "weighted":
        options["proximal_inputs"] = 2
    first = nn.Layer(one.inputs, n, 9, columns=one.columns, lines=one.lines, **options)
    two = receptive_fields(one.grid, channels=n, kernel=2, of="layer")
    last = nn.Layer(two.inputs, 3, 4, columns=two.columns, lines=two.lines, tie=tie)
    retime = [nn.Retime(2, "drop")] if seed % 3 == 0 else []
    network = nn.Network(first, *retime, last, tres=2)
    network.reset(seed)
    for layer in network.columns:  # some zeros
        layer.weights[torch.rand(layer.weights.shape, generator=generator) < 0.4] = 0
    batch = [times((8, 5), 4, generator), torch.arange(8) % 2]
    if proximal == "enable":
        batch.append(torch.randint(0, 2, (8, d), generator=generator, dtype=torch.uint8))
    if proximal == "weighted":
        batch.append(times((8, 2 * d), 4, generator))
    return network, batch


@settings(deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["none", "enable", "weighted"]),
    st.sampled_from(["index", "potential", "random"]),
    st.sampled_from(["1-wta", "t-wta", "none"]),
    st.fixed_dictionaries({k: st.booleans() for k in ("zeros", "inputs", "segments", "neurons")}),
)
def test_what_is_structured_changes_no_answer_to_the_samples(seed, proximal, tie, wta, options):
    network, batch = random_network(seed, proximal, tie, wta)
    before = network.trace(batch[0], *batch[2:])
    Pruning(**options).prune(network, seed, [batch])
    after = network.trace(batch[0], *batch[2:])
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    for index, (_, spikes) in enumerate(measure(network, [batch])):
        mask = joined(network.columns[index], "mask")
        if options["segments"]:
            assert not bool((mask & (spikes == 0)).any())
        if options["neurons"]:
            neurons = network.columns[index].theta.numel()
            won = (spikes.reshape(neurons, -1) > 0).any(dim=1)
            assert not bool(mask.reshape(neurons, -1)[~won].any())


@settings(deadline=None, max_examples=200)
@given(
    st.integers(0, 10_000),
    st.sampled_from([None, 3]),
    st.fixed_dictionaries({k: st.booleans() for k in ("zeros", "inputs", "segments", "neurons")}),
)
def test_what_a_schedule_leaves_to_the_end_goes_at_once(seed, below, options):
    network, batch = random_network(seed)
    callback = Pruning(target=0.3, schedule="iterative", below=below, **options)
    callback.prune(network, seed, [batch])
    masks = [joined(layer, "mask") for layer in network.columns]
    callback.prune(network, seed, [batch])
    again = [joined(layer, "mask") for layer in network.columns]
    assert all(torch.equal(a, b) for a, b in zip(masks, again, strict=True))


def test_inputs_that_nobody_uses_or_that_never_spike_go():
    lines = torch.tensor([[0, 1, -1]])
    network = nn.Network(nn.Layer(3, 2, theta=4, lines=lines), nn.Layer(2, 1, theta=4), tres=2)
    first, last = network.columns
    first.weights.copy_(
        torch.tensor([[3, 0, 5], [2, 0, 5]], dtype=torch.uint8)[None, :, None, None]
    )
    last.weights.fill_(7)
    Pruning(inputs=True).prune(network, seed=0)
    assert first.mask.flatten().tolist() == [True, False, False, True, False, False]
    assert last.mask.flatten().tolist() == [True, True]
    first.prune(torch.tensor([False, True])[None, :, None, None, None].expand(first.mask.shape))
    report = Pruning(inputs=True).apply(_ready(network), [], [])
    assert last.mask.flatten().tolist() == [True, False]
    assert (report.before, report.after, report.inputs, report.neurons) == (3, 2, 1, 0)


def _ready(network):
    """A model around a network as it is."""
    state = {key: value.clone() for key, value in network.state_dict().items()}
    net = NeuTNN(network)
    network.load_state_dict(state)
    return net


def test_the_report_counts_what_lost_its_last_synapse():
    network = nn.Network(nn.Layer(2, 3, theta=6, segments=2), tres=2)
    net = NeuTNN(network)
    weights = torch.zeros(1, 3, 1, 2, 2, dtype=torch.uint8)
    weights[0, 0, 0, 0], weights[0, 1, 0, 1], weights[0, 2] = 7, 5, 1
    network.columns[0].weights.copy_(weights)
    x = torch.tensor([[0, 0], [0, 1]], dtype=torch.uint8)
    report = Pruning(neurons=True).apply(net, [(x, torch.arange(2))], [])
    assert network.columns[0].mask.flatten(1).tolist() == [[True] * 4 + [False] * 8]
    assert report == PruningReport(12, 4, 6, {}, {}, neurons=2, segments=4, inputs=0)
    assert str(report) == "12 -> 4 synapses (-67 %), 2 neurons gone, 4 segments gone"
    report = Pruning(segments=True).apply(net, [(x, torch.arange(2))], [])
    assert report == PruningReport(4, 2, 0, {}, {}, neurons=0, segments=1, inputs=0)
    assert str(report) == "4 -> 2 synapses (-50 %), 1 segment gone"


@pytest.mark.parametrize("by", ["weight", "contribution", "random"])
def test_proximal_synapses_are_ranked_with_the_distal_ones(by):
    network, batch = random_network(4, "weighted")
    layer = network.columns[0]
    sizes = [layer.synapses for layer in network.columns]
    weights = joined(layer, "weights").clone()
    Pruning(target=0.45, by=by).prune(network, 3, [batch])
    left = [size - drop_count(0.45, size) for size in sizes]
    assert [layer.synapses for layer in network.columns] == left
    assert int(layer.proximal_mask.sum()) not in (0, layer.proximal_mask.numel())
    kept = joined(layer, "mask")
    if by == "weight":
        assert int(weights[~kept].max()) <= int(weights[kept].min())
    assert int(layer.proximal_weights[~layer.proximal_mask].sum()) == 0


def test_a_silent_proximal_input_contributes_nothing():
    network, batch = random_network(4, "weighted")
    p = network.columns[0].weights.shape[-1]
    (with_them, _), _ = measure(network, [batch])
    (without, _), _ = measure(network, [batch[:2]])
    assert int(with_them[..., p:].sum()) > 0
    assert int(without[..., p:].sum()) == 0


# While learning


@pytest.mark.parametrize("by", ["weight", "contribution", "random"])
def test_equal_shares_go_before_their_epochs_while_the_others_learn(by):
    watch = Watch()
    callback = Pruning(target=0.6, by=by, schedule="iterative", start=1, every=2)
    net, _ = trained(callback, watch, epochs=6)  # before epochs 1, 3 and 5
    gone = [18 - count for count in watch.counts()]
    assert gone == [0, 3, 3, 7, 7, 10]
    assert callback.report.after == net.network.synapses == 18 - 10
    for (mask,), (later,), (weights,) in zip(
        watch.masks, watch.masks[1:], watch.weights[1:], strict=False
    ):
        assert not bool((later & ~mask).any())
        assert int(weights[~later].sum()) == 0
    assert any(
        not torch.equal(a[0][m[0]], b[0][m[0]])
        for a, b, m in zip(watch.weights, watch.weights[1:], watch.masks[1:], strict=False)
    )


def test_before_the_first_step_nothing_is_different():
    watch, plain = Watch(), Watch()
    trained(Pruning(target=0.5, schedule="iterative", start=3), watch)
    trained(plain)
    assert all(torch.equal(watch.weights[e][0], plain.weights[e][0]) for e in range(3))
    assert watch.counts() == [18, 18, 18, 9]


def test_the_report_of_a_schedule():
    callback, early = Pruning(target=0.5, schedule="iterative", start=2), Watch()
    net, _ = trained(callback, early, epochs=4)
    report = callback.report
    assert (report.before, report.after) == (18, 9)
    assert 0 <= report.removed_nonzero <= 9
    stop, _ = trained(epochs=2)
    assert report.quality_before == Pruning().apply(stop, [], samples()).quality_before
    assert report.quality_after == Pruning().apply(net, [], samples()).quality_before


@cache
def _whole(by):
    callback = Pruning(target=0.6, by=by, schedule="iterative", zeros=True)
    return trained(callback, epochs=3)[0], callback.report


@pytest.mark.parametrize(
    ("by", "cut"), [*(("contribution", n) for n in range(1, 7)), ("weight", 2), ("random", 4)]
)
def test_a_run_cut_anywhere_goes_on_at_the_right_place(tmp_path, cut, by):
    whole, report = _whole(by)
    options = {"target": 0.6, "by": by, "schedule": "iterative", "zeros": True}
    keep = ModelCheckpoint(tmp_path, filename="cut", every_n_train_steps=1)
    trained(*Pruning(**options).while_learning(), keep, epochs=3, max_steps=cut)
    resumed, again = model(), Pruning(**options)
    fit(resumed, [again], epochs=3, ckpt_path=tmp_path / "cut.ckpt")
    assert same(resumed, whole)
    assert again.report == report


def test_apply_afterwards_finishes_and_then_changes_nothing():
    options = {"target": 0.5, "schedule": "iterative", "start": 1}
    callback = Pruning(**options)
    net, _ = trained(*callback.while_learning(), epochs=4, max_steps=4)  # two epochs of four
    assert net.network.synapses == 18 - 3
    fresh = Pruning(**options)
    first = fresh.apply(net, samples(), samples())
    assert (first.before, first.after, first.quality_before) == (18, 9, {})
    assert str(first).startswith("18 -> 9 synapses (-50 %), Rand 0.")
    weights = net.network.columns[0].weights.clone()
    assert fresh.apply(net, samples(), samples()) == first
    assert Pruning(**options).apply(net, [], []).after == 9
    assert torch.equal(net.network.columns[0].weights, weights)


def test_while_learning_leaves_the_end_to_apply():
    assert Pruning(target=0.5).while_learning() == []
    options = {"target": 0.5, "schedule": "iterative", "zeros": True}
    (part,) = Pruning(**options).while_learning()
    net, _ = trained(part)
    assert part.report is None
    assert net.network.synapses == 9
    fresh = Pruning(**options)
    fresh.load_state_dict(part.state_dict())
    report = fresh.apply(net, [], [])
    assert (report.before, report.after) == (18, nonzero(net.network))
    assert report.removed_nonzero == part.state_dict()["nonzero"]


def test_a_layer_trained_in_a_stage_is_pruned_in_it():
    net = NeuTNN(
        nn.Network(nn.Layer(9, 4, theta=9, wta="none"), nn.Layer(4, 2, theta=4)),
        STDP, seed=1, stages=[3, 2],
    )  # fmt: skip
    watch = Watch()
    callback = Pruning(target=0.5, schedule="iterative", start=1)
    fit(net, [callback, watch], epochs=7)
    assert watch.counts(0) == [36, 27, 18, 18, 18, 18, 18]
    assert watch.counts(1) == [8, 8, 8, 8, 7, 6, 4]  # the last stage goes on to the end


def test_a_network_with_masks_starts_from_what_it_has():
    callback, net = Pruning(target=0.5, schedule="iterative"), model()
    drop = torch.zeros_like(net.network.columns[0].mask)
    drop[..., :2] = True
    net.network.columns[0].prune(drop)
    fit(net, [callback])
    assert (callback.report.before, callback.report.after) == (14, 7)


# Checkpoints and bad settings


def test_the_report_is_in_the_checkpoint(tmp_path):
    callback = Pruning()
    _, trainer = trained(callback, epochs=1)
    trainer.save_checkpoint(tmp_path / "x.ckpt")
    state = torch.load(tmp_path / "x.ckpt", weights_only=True)["callbacks"]["Pruning"]
    fresh = Pruning()
    fresh.load_state_dict(state)
    assert fresh.report == callback.report
    assert asdict(fresh.report) == state["report"]
    fresh.load_state_dict({})
    assert fresh.report is None


def test_options_make_an_equal_callback():
    options = {
        "target": 0.3, "by": "random", "zeros": True, "below": 2, "inputs": True,
        "segments": True, "neurons": True, "schedule": "iterative", "start": 2, "every": 3,
    }  # fmt: skip
    assert Pruning(**options).options() == options
    assert Pruning(**Pruning().options()).options() == Pruning().options()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"target": 40}, "target: got 40; expected 0 .. 1, or null"),
        ({"by": "size"}, "by: got 'size'; expected one of weight, contribution, random"),
        ({"below": 0}, "below: got 0; expected a weight >= 1, or null"),
        ({"schedule": "once"}, "schedule: got 'once'; expected one of end, iterative"),
        ({"start": -1}, "start: got -1; expected an epoch >= 0"),
        ({"every": 0}, "every: got 0; expected epochs >= 1"),
        ({"schedule": "iterative"}, "schedule: got 'iterative' without a target; expected a share "
         "of the synapses to reach. Set --pruning.target"),
    ],
)  # fmt: skip
def test_bad_settings_are_named(options, text):
    with pytest.raises(InvalidInput, match=f"^pruning: {text}$"):
        Pruning(**options)


def test_a_schedule_that_training_never_reaches_is_named():
    with pytest.raises(
        InvalidInput,
        match=r"pruning: start: got epoch 4 of 4; expected one that training reaches, so that the "
        r"others learn after it. Lower --pruning.start, or set --trainer.max_epochs",
    ):
        trained(Pruning(target=0.5, schedule="iterative", start=4))


def test_measuring_without_samples_is_named():
    with pytest.raises(
        InvalidInput,
        match=r"pruning by what the network does: got no training samples; expected at least one "
        r"batch. Give the trainer a data module with val_dataloader\(\)",
    ):
        Pruning(neurons=True).prune(model().network, seed=0)
