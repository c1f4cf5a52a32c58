"""Segments, dendrites, neurons, voters, retiming, and the way to integers and back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hls.errors import InvalidNetwork, Unsupported
from hls.ir import load, save
from hls.targets import compile
from neutnn_pl import nn
from tests import oracle


def spikes(samples, lines, horizon=8, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(0, horizon + 1, (samples, lines), generator=generator)
    return torch.where(x == horizon, 255, x).to(torch.uint8)


def test_parts_compose_as_in_biology():
    x = spikes(20, 5)
    neuron = nn.Neuron(5, theta=9, dendrites=2, segments=3)
    pieces = []
    for d in range(2):
        for s in range(3):
            segment = nn.Segment(5, theta=9)
            segment.weights[:] = neuron.weights[:, :, d : d + 1, s : s + 1]
            pieces.append(segment(x))
    assert torch.equal(neuron(x)[:, 0, 0], torch.stack(pieces).amin(dim=0)[:, 0, 0])
    assert nn.Dendrite(5, theta=9, segments=4).weights.shape == (1, 1, 1, 4, 5)
    assert nn.Column(5, 3, theta=9).weights.shape == (1, 3, 1, 1, 5)


def test_a_module_moves_and_copies_like_any_other():
    layer = nn.Column(5, 3, theta=9)
    twin = nn.Column(5, 3, theta=9)
    twin.load_state_dict(layer.to("cpu").state_dict())
    assert torch.equal(twin(spikes(4, 5)), layer(spikes(4, 5)))
    assert list(layer.parameters()) == []


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["none", "enable", "weighted"]), st.booleans())
def test_frozen_and_thawed_networks_answer_alike(seed, proximal, retime):
    first = nn.Layer(
        5, 3, theta=8, columns=2, segments=2, proximal=proximal, tie="index",
        proximal_inputs=2 if proximal == "weighted" else 1, wta="t-wta",
    )  # fmt: skip
    second = nn.Layer(6, 2, theta=6)
    middle = [nn.Retime(9, "saturate")] if retime else []
    net = nn.Network(first, *middle, second, voter=nn.Voter(1, 2, 3))
    net.reset(seed)
    generator = torch.Generator().manual_seed(seed)
    net.voter.votes.copy_(torch.randint(-300, 300, (1, 2, 3), generator=generator))
    first.prune(first.weights < 2)
    x, p = spikes(12, 5, seed=seed), None
    if proximal == "enable":
        p = spikes(12, net.proximal_lines, seed=seed + 1) % 2
    elif proximal == "weighted":
        p = spikes(12, net.proximal_lines, seed=seed + 1)
    frozen = net.freeze("both")
    again = nn.Network.from_frozen(frozen)
    for a, b in zip(net.trace(x, p), again.trace(x, p), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(net.answer(net(x, p)), again.answer(again(x, p)))
    assert again.freeze("both").hash == frozen.hash
    assert nn.Network.from_config(net.config()).config() == net.config()


def test_votes_that_were_scaled_are_not_scaled_again():
    net = nn.Network(nn.Layer(5, 2, theta=8), voter=nn.Voter(1, 2, 2))
    net.voter.votes.copy_(torch.tensor([[[-258, 3], [5, 7]]]))
    frozen = net.freeze("x")
    assert frozen.votes.min() == -64
    assert nn.Network.from_frozen(frozen).freeze("x").hash == frozen.hash


def test_frozen_networks_of_every_kind_are_stored(tmp_path):
    layer = nn.Layer(5, 3, theta=8, dendrites=2, proximal="weighted", proximal_inputs=2)
    net = nn.Network(layer, nn.Retime(8), nn.Layer(3, 2, theta=4), voter=nn.Voter(1, 2, 2))
    frozen = net.freeze("kinds")
    loaded = load(save(frozen, tmp_path / "f"))
    assert loaded.hash == frozen.hash
    assert loaded.layers[1].retime == 8
    assert loaded.votes.shape == (1, 2, 2)


def test_backends_refuse_what_they_cannot_build_by_name():
    net = nn.Network(nn.Layer(5, 3, theta=8), nn.Retime(8, "saturate"), nn.Layer(3, 2, theta=4))
    with pytest.raises(Unsupported, match=r"RTL: layer 1: got .*saturate"):
        compile(net.freeze("late"), target="verilator")


def test_fatigue_is_in_the_frozen_thresholds():
    layer = nn.Layer(5, 2, theta=8, homeostasis=nn.Homeostasis(rise=8, fall=1, shift=1))
    layer.learn(spikes(30, 5), nn.STDP(), seed=1)
    assert bool((layer.fatigue > 0).any())
    frozen = nn.Network(layer).freeze("x")
    assert frozen.layers[0].theta.tolist() == (8 + (layer.fatigue >> 1)).tolist()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Retime(0), "Retime: horizon: got 0; expected 1 .. 255"),
        (lambda: nn.Retime(8, "late"), "Retime: late: got 'late'; expected 'drop' or 'saturate'"),
        (lambda: nn.Voter(1, 2, 1), "Voter: classes: got 1; expected at least 2"),
        (lambda: nn.Voter(1, 2, 2, kind="bayes"), "Voter: kind: got 'bayes'; expected one of"),
        (lambda: nn.Voter(1, 2, 2, v_max=200), "Voter: v_max: got 200; expected 1 .. 127"),
        (lambda: nn.Layer(2, 2, 3, proximal="on"), "Layer: proximal: got 'on'; expected one of"),
        (
            lambda: nn.Layer(2, 2, 3, proximal="enable", proximal_inputs=2),
            r"Layer: proximal_inputs: got 2; expected 1 \(the level that enables a dendrite\)",
        ),
        (
            lambda: nn.Network(nn.Layer(2, 2, 3), nn.Layer(3, 2, 3)),
            "Network: layer 1: got an input from line 2; expected 0 .. 1, the neurons of the layer",
        ),
        (
            lambda: nn.Network(nn.Layer(2, 2, 3), voter=nn.Voter(1, 3, 2)),
            r"Network: voter: got \(1, 3\) columns and neurons; expected \(1, 2\)",
        ),
        (lambda: nn.Network(nn.Layer(2, 2, 3), nn.Retime()), "got a Retime at the end"),
        (lambda: nn.STDP(source="dice"), "STDP: source: got 'dice'; expected one of"),
        (lambda: nn.STDP(source="lfsr", lfsr_width=16), "STDP: lfsr_width: got 16; expected one"),
        (lambda: nn.DeterministicSTDP(capture=-1), "STDP: capture: got -1; expected an integer >="),
        (lambda: nn.Homeostasis(rise=-1, fall=0), "Homeostasis: rise: got -1; expected 0 .."),
    ],
)
def test_impossible_settings_are_named(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_inputs_that_do_not_fit_are_named():
    layer = nn.Layer(3, 1, theta=5, proximal="weighted", proximal_horizon=4)
    with pytest.raises(ValueError, match="spike times: got 2 lines; expected at least 3"):
        layer(spikes(1, 2))
    with pytest.raises(ValueError, match=r"proximal spike time of sample 0, line 0: got 5; exp"):
        layer(spikes(1, 3), torch.full((1, 1), 5, dtype=torch.uint8))
    gated = nn.Layer(3, 1, theta=5, proximal="enable")
    with pytest.raises(ValueError, match=r"proximal levels: got \[1, 1\], up to 3; expected 0 or"):
        gated(spikes(1, 3), torch.full((1, 1), 3, dtype=torch.uint8))
    voter = nn.Voter(1, 2, 2)
    with pytest.raises(ValueError, match="Voter: label of sample 0: got 2; expected 0 .. 1"):
        voter.learn(torch.zeros(1, 1, 2, dtype=torch.uint8), torch.tensor([2]))


@pytest.mark.parametrize("share", ["column", "neuron", "synapse"])
def test_registers_in_the_frozen_network_replay_training(tmp_path, share):
    """Freeze with learning on, learn on, and learn again from the frozen file alone."""
    rule = nn.STDP(source="lfsr", share=share, lfsr_width=24, search=100)
    net = nn.Network(nn.Layer(5, 2, theta=8, tie="index", columns=2))
    net.reset(6)
    net.learn(spikes(7, 5), rule, seed=6)
    part = load(save(net.freeze("chip", rule), tmp_path / "f")).layers[0]
    x = spikes(9, 5, seed=2)
    net.learn(x, rule, seed=6)
    weights = part.weights.astype(int)
    taps, width = part.learning["taps"], part.learning["lfsr_width"]
    for sample in x.tolist():
        for c in range(2):
            state, draws = int(part.lfsr[c]), []
            for _ in range(int(part.lfsr_draws.max()) + 1):
                value = 0
                for place in range(10):
                    value |= (state & 1) << place
                    state = state >> 1 | ((state & taps).bit_count() & 1) << (width - 1)
                draws.append(value)
            part.lfsr[c] = state
            now = weights[c].tolist()
            _, silenced = oracle.column(sample, now, [8, 8], 14, "rnl", tie="index")
            for n in range(2):
                for i in range(5):
                    case, floor, stab, search = (draws[k] for k in part.lfsr_draws[:, n, i])
                    weights[c, n, 0, 0, i] = oracle.stdp_synapse(
                        now[n][0][0][i], sample[i], silenced[n][0][0], case, floor, stab, search,
                        rule, 7,
                    )  # fmt: skip
    assert weights.tolist() == net.columns[0].weights.tolist()


def test_a_register_of_zero_is_refused():
    rule = nn.STDP(source="lfsr", lfsr_width=24)
    frozen = nn.Network(nn.Layer(5, 2, theta=8)).freeze("chip", rule)
    with pytest.raises(InvalidNetwork, match=r"lfsr: got 0; expected states 1 .. 2\*\*24 - 1"):
        frozen.with_layer(0, lfsr=frozen.layers[0].lfsr * 0)
