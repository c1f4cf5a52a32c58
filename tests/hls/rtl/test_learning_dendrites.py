"""Circuits that learn with dendrites behind proximal gates hold the weights of PyTorch."""

import re

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datamodules.place_cells import PlaceMaps
from hls.errors import InvalidInput
from hls.pdk import find_pdk
from hls.rtl.learning import generate_learning
from hls.rtl.step import VERILATOR, lint
from hls.sim.learning import simulate_learning
from hls.sim.simulate import IVERILOG
from hls.synth.yosys import synthesise
from neutnn_pl import functional as F
from neutnn_pl import nn
from neutnn_pl.functional.stdp import STABILISERS
from neutnn_pl.modules.place_cells import PlaceColumn
from neutnn_pl.nn.place_cells.hardware import ON_CHIP
from tests.hls.rtl.learning import choices, circuit, learns, possible, trained

needs_icarus = pytest.mark.skipif(IVERILOG.find() is None, reason="iverilog is not installed")
needs_verilator = pytest.mark.skipif(VERILATOR.find() is None, reason="verilator is not installed")
CHIP = {"features": 3, "width": 4, "height": 4, "torus": True, "dx": 4, "dy": 4}
CERTAIN = st.sampled_from([0, 1024])


def layer(inputs=4, neurons=2, theta=7, lines=None, **settings):
    """Return a layer whose dendrites read proximal lines of their own unless told otherwise."""
    settings = {"dendrites": 2, "segments": 2, "proximal": "enable", **settings}
    if settings["proximal"] == "enable":
        n = neurons * settings["dendrites"]
        own = torch.arange(n) if lines is None else lines
        settings["proximal_lines"] = own.reshape(1, neurons, -1, 1).expand(
            settings.get("columns", 1), -1, -1, -1
        )
    return nn.Layer(inputs, neurons, theta=theta, **settings)


def samples(net, count, seed):
    """Return spike times and levels."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 2**net.tres + 3, (count, net.inputs)).astype(np.uint8)
    x = np.where(x >= 2**net.tres, 255, x).astype(np.uint8)
    levels = random.integers(0, 2, (count, net.proximal_lines)).astype(np.uint8)
    return x, (levels if net.proximal_lines else None)


@st.composite
def cases(draw):
    u = draw(st.sampled_from([st.integers(0, 1024), CERTAIN]))
    rule = nn.STDP(
        capture=draw(u), minus=draw(u), search=draw(u), backoff=draw(u), minimum=draw(u),
        stabiliser=draw(st.sampled_from(STABILISERS)),
        search_max=draw(st.sampled_from([None, 0, 5])), source="lfsr",
        search_scope=draw(st.sampled_from(["enabled", "all"])),
        share=draw(st.sampled_from(F.lfsr.SHARES)), share_f=draw(st.sampled_from(F.lfsr.SHARES)),
        lfsr_width=draw(st.sampled_from([24, 32])),
    )  # fmt: skip
    n, d = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    lines = st.lists(st.integers(-1, 3), min_size=n * d, max_size=n * d)
    shape = {"inputs": draw(st.integers(1, 5)), "neurons": n, "dendrites": d}
    shape |= {"segments": draw(st.integers(1, 3)), "theta": draw(st.integers(1, 16))}
    shape |= {"lines": torch.tensor(draw(lines)), "columns": draw(st.integers(1, 2))}
    shape |= {"proximal": draw(st.sampled_from(["enable", "enable", "none"]))}
    shape |= {"tie": draw(st.sampled_from(["index", "potential"]))}
    shape |= {"response": draw(st.sampled_from(["rnl", "snl"])), "wres": draw(st.integers(1, 3))}
    return rule, shape, draw(choices()), draw(st.sampled_from([0, 2])), draw(st.integers(0, 2**32))


@needs_icarus
@pytest.mark.filterwarnings("ignore:.*can never be reached")
@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(cases())
def test_random_dendrites_learn_as_in_training(tmp_path, case):
    rule, shape, options, tres, seed = case
    net = nn.Network(layer(**shape), tres=tres)
    net.reset(seed)
    generator = torch.Generator().manual_seed(seed)
    net.columns[0].prune(torch.rand(net.columns[0].mask.shape, generator=generator) > 0.8)
    frozen = net.freeze("chip", rule=rule)
    x, levels = samples(net, 40, seed)
    learn = np.random.default_rng(seed).random(40) < 0.8
    options = possible(frozen, options)
    found = learns(frozen, tmp_path, x, levels, options=options, learn=learn)
    answers, weights = trained(net, rule, x, levels, seed, learn)
    assert (found.outputs.y == answers).all()
    assert (found.weights == weights).all()


@pytest.fixture(scope="module")
def stream():
    """Return the recipe's minicolumn, untrained, and its training stream."""
    data = PlaceMaps(environments=13, objects=2, column="dx", **CHIP)
    model = PlaceColumn(inputs=20, environments=13, segments=4, **CHIP)
    data.setup("fit")
    true = data.edges()
    order = F.sample_order(0, len(true), seed=0)
    x = data.code.spikes(true)[:, data.code.lines_of("dx")][order]
    gates = data.code.gates(true, neuron=True)[:, data.code.levels_of("dx")][order]
    held = [part.repeat_interleave(3, dim=0).numpy() for part in (x, gates)]
    return model, data, *held


@needs_verilator
def test_the_place_cells_of_the_recipe_learn_and_then_answer(stream, tmp_path):
    model, data, x, gates = stream
    assert x.shape == (26 * 3, 20)
    net = model.network
    frozen = net.freeze("chip", rule=ON_CHIP)
    source = circuit(frozen, tmp_path)
    lint(source, "chip", tmp_path / "lint.log")
    answers, weights = trained(net, ON_CHIP, x, gates)
    (learnt,) = net.columns
    learnt.prune(learnt.weights < 6)  # seals it: fresh segments and forgotten lines go
    asked, levels = (part.numpy() for part in data.stimulus())
    found = simulate_learning(
        [source], frozen, np.concatenate([x, asked]), np.concatenate([gates, levels]),
        learn=np.arange(2 * 78) < 78, load=learnt.weights.numpy(), load_at=78, workdir=tmp_path,
    )  # fmt: skip
    assert (found.outputs.y[:78] == answers).all()
    assert (found.weights[:78] == weights).all()
    assert (np.diff(weights.astype(int), axis=0) != 0).sum() > 1000
    sealed = net(torch.from_numpy(asked), torch.from_numpy(levels)).numpy()
    assert (found.outputs.y[78:] == sealed).all()
    assert (found.weights[78:] == learnt.weights.numpy()).all()
    right = net.answer(torch.from_numpy(found.outputs.y[78 : 78 + 26])) == data.edges()[:, 3]
    assert right.all()


@needs_icarus
def test_the_place_cells_learn_the_same_in_icarus(stream, tmp_path):
    model, _, x, gates = stream
    net = model.fresh().network
    frozen = net.freeze("chip", rule=ON_CHIP)
    found = simulate_learning(
        [circuit(frozen, tmp_path)], frozen, x[:15], gates[:15], simulator="icarus",
        workdir=tmp_path,
    )  # fmt: skip
    answers, weights = trained(net, ON_CHIP, x[:15], gates[:15])
    assert (found.outputs.y == answers).all()
    assert (found.weights == weights).all()


@needs_icarus
@pytest.mark.parametrize("rule", [nn.STDP(search=300, minimum=300, source="lfsr"), ON_CHIP])
def test_a_netlist_with_dendrites_learns_the_same(rule, tmp_path):
    pytest.importorskip("pyosys")
    net = nn.Network(layer(tie="index"), tres=1)
    net.reset(3)
    frozen = net.freeze("chip", rule=rule)
    source = circuit(frozen, tmp_path)
    made = synthesise([source], "chip", find_pdk("osu018"), tmp_path / "synth")
    x, levels = samples(net, 25, 3)
    found = simulate_learning(
        [made.netlist, made.models], frozen, x, levels, simulator="icarus",
        workdir=tmp_path / "gates",
    )  # fmt: skip
    answers, weights = trained(net, rule, x, levels)
    assert (found.outputs.y == answers).all()
    assert (found.weights == weights).all()
    assert made.flip_flops == generate_learning(frozen).flip_flops


@needs_icarus
def test_faults_of_one_gate_are_seen(tmp_path):
    rule = nn.STDP(capture=700, minus=500, search=400, backoff=600, minimum=300, source="lfsr")
    net = nn.Network(layer(theta=9, inputs=6), tres=2)
    net.reset(1)
    frozen = net.freeze("chip", rule=rule)
    x, levels = samples(net, 80, 1)
    answers, weights = trained(net, rule, x, levels)
    source = circuit(frozen, tmp_path)
    text = source.read_text()
    for old, new in (
        ("& gate;", "& gate;"),
        ("& gate;", "& ~gate;"),
        (".search(search & gate[2])", ".search(search)"),
        (".gate(gate[1])", ".gate(gate[0])"),
        (".won(wins[5])", ".won(wins[4])"),
        ("winner = spike[4]", "winner = spike[3]"),
        ("spike[4] & ~right2", "spike[4] & right2"),
        ("key5 > key4", "key4 > key5"),
        ("spike & spiked", "spike & ~spiked"),
    ):
        assert old in text, old
        source.write_text(text.replace(old, new))
        found = simulate_learning([source], frozen, x, levels, simulator="icarus", workdir=tmp_path)
        same = (found.weights == weights).all() and (found.outputs.y == answers).all()
        assert same == (old == new), old


def test_a_certain_rule_has_no_register_and_draws_nothing():
    net = nn.Network(layer(), tres=0)
    text = generate_learning(net.freeze("chip", rule=ON_CHIP)).text
    assert not re.search(r"module chip_(lfsr|draws)|draw\d", text)
    assert "Every case is certain: there is no register for draws." in text
    chance = generate_learning(net.freeze("chip", rule=nn.STDP(source="lfsr"))).text
    assert re.search(r"module chip_lfsr", chance)
    hunts = nn.STDP(**{**vars(ON_CHIP), "search": 1024})
    text = generate_learning(net.freeze("chip", rule=hunts)).text
    assert not re.search(r"module chip_lfsr", text)
    assert re.search(r"\.search\(.*gate", text)


@needs_verilator
@pytest.mark.parametrize(
    "rule",
    [
        nn.STDP(source="lfsr"), nn.STDP(source="lfsr", share="synapse", search_scope="all"),
        nn.STDP(source="lfsr", search=1024, capture=0, minus=1024, search_max=3),
        nn.STDP(source="lfsr", search=0, capture=0, minus=0, backoff=0), ON_CHIP,
    ],
)  # fmt: skip
def test_lint_finds_nothing(rule, tmp_path):
    net = nn.Network(layer(lines=torch.tensor([0, -1, 2, 2])), tres=0)
    frozen = net.freeze("chip", rule=rule)
    source = circuit(frozen, tmp_path)
    lint(source, "chip", tmp_path / "lint.log")
    text = source.read_text()
    assert re.search(r"^// chip: 1 x 2 neurons of 2 x 2 segments of 4 synapses", text)
    assert f"// network sha256 {frozen.hash}" in text
    assert re.search(r"^//   proximal: input, 3, lines 0, 2: level", text, re.MULTILINE)


def test_weights_to_load_are_checked(tmp_path):
    net = nn.Network(layer(), tres=0)
    frozen = net.freeze("chip", rule=ON_CHIP)
    x, levels = samples(net, 2, 0)
    for load, text in (
        (np.zeros((2, 2)), r"got shape \[2, 2\], 0.0 .. 0.0; expected \[C, N, D, S, P\] = "),
        (np.full((1, 2, 2, 2, 4), 8), r"8 .. 8; expected .* = \[1, 2, 2, 2, 4\], 0 .. 7"),
    ):
        with pytest.raises(InvalidInput, match=text):
            simulate_learning([], frozen, x, levels, load=load, workdir=tmp_path)
