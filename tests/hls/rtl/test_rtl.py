"""The generated Verilog as text: lint, ports, what vanishes, what is refused."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hls.errors import InvalidInput, StepFailed, Unsupported
from hls.ir import FrozenNetwork, save
from hls.rtl import VERILATOR, RtlStep, generate, lint
from hls.rtl.plan import ramp_width
from hls.rtl.planner import make_plan
from hls.step import execute
from tests.hls.sim.oracle import (
    edge_networks,
    fixed_network,
    random_layer,
    random_network,
    whole_network,
    with_proximal,
)

needs_verilator = pytest.mark.skipif(VERILATOR.find() is None, reason="Verilator is missing")
SHAPES = [(1, 1, 1), (3, 3, 7), (2, 5, 40), (1, 8, 3)]
NETWORKS = edge_networks() | {
    f"{tie}_{response}_{wres}": random_network(
        number,
        inputs=SHAPES[number % 4][2],
        c=SHAPES[number % 4][0],
        n=SHAPES[number % 4][1],
        tres=number % 5,
        tie=tie,
        response=response,
        wres=wres,
        density=(0.8, 0.1)[number % 2],
        shared=number % 3 > 0,
    )
    for number, (tie, response, wres) in enumerate(
        itertools.product(("index", "potential"), ("rnl", "snl"), (1, 3, 4, 7))
    )
}


@needs_verilator
@pytest.mark.parametrize("name", NETWORKS)
def test_lint_is_clean(name: str, tmp_path: Path) -> None:
    design = generate(NETWORKS[name])
    source = tmp_path / f"{design.name}.v"
    source.write_text(design.text)
    lint(source, design.name, tmp_path / "log.txt")
    waivers = re.findall(r"lint_off (\w+)", design.text)
    assert waivers == ["DECLFILENAME"]


@needs_verilator
def test_lint_speaks(tmp_path: Path) -> None:
    source = tmp_path / "net.v"
    text = generate(random_network(0, inputs=3)).text
    source.write_text(text.replace("  reg run;\n", "  reg run;\n  wire dead;\n"))
    with pytest.raises(StepFailed, match="verilator failed: got exit code 1"):
        lint(source, "net", tmp_path / "log.txt")


def test_pruned_synapses_and_unused_lines_vanish() -> None:
    network = fixed_network(
        [[[0, 5, 0, 3], [0, 2, 0, 0]]], [[4, 2]], lines=[[0, 1, 2, 3]], inputs=5
    )
    text = generate(network).text
    assert "line1 (" in text
    assert "line3 (" in text
    for unused in (0, 2, 4):
        assert f"line{unused} (" not in text
    assert "input [1:0] active" in text  # neuron 0 has two synapses


def test_neurons_that_cannot_spike_vanish() -> None:
    text = generate(fixed_network([[[7, 7], [3, 3]]], [[15, 6]])).text
    assert "module corner_neuron_0_1" in text
    assert "module corner_neuron_0_0" not in text
    assert "assign spike[0] = 1'd0;" in text


def test_registers_are_as_many_as_planned() -> None:
    design = generate(fixed_network([[[7, 4, 1]]], [[9]]))
    # ramps 4 + 3 + 1, accumulator 4, spiked and winner 2, step 4, run and done 2
    assert design.flip_flops == 8 + 4 + 2 + 4 + 2
    assert [ramp_width(w) for w in (0, 1, 2, 3, 7, 15, 16, 127)] == [1, 1, 2, 2, 4, 8, 5, 7]


def test_worst_cycles_are_the_horizon_and_one() -> None:
    assert generate(random_network(0, inputs=3)).cycles_worst == 8 + 7 - 1 + 1
    assert generate(random_network(0, inputs=3, response="snl")).cycles_worst == 8 + 1


def test_ports_and_header() -> None:
    network = random_network(0, inputs=6, c=3, n=5)
    design = generate(network)
    assert {p.name: (p.direction, p.width) for p in design.ports} == {
        "clk": ("input", 1),
        "rst": ("input", 1),
        "start": ("input", 1),
        "x": ("input", 6),
        "done": ("output", 1),
        "winner": ("output", 9),
        "spiked": ("output", 3),
        "spike_time": ("output", 12),
    }
    head = design.text[: design.text.index("module")]
    assert f"network sha256 {network.hash}" in head
    for port in design.ports:
        assert f"//   {port.name}: {port.direction}, {port.width}, " in head
        assert port.meaning
        assert port.valid
    assert all(len(line) <= 100 for line in design.text.splitlines())


def test_the_same_network_gives_the_same_text() -> None:
    one, two = (random_network(8, inputs=9, tie="potential") for _ in range(2))
    assert generate(one).text == generate(two).text


def test_many_inputs_do_not_exhaust_the_stack() -> None:
    network = random_network(2, inputs=1500, n=1, density=0.2)
    assert "slope3" in generate(network).text


@needs_verilator
@pytest.mark.parametrize("seed", range(16, 26))
def test_lint_of_whole_networks_is_clean(seed: int, tmp_path: Path) -> None:
    design = generate(whole_network(seed, saturate=False))
    source = tmp_path / "whole.v"
    source.write_text(design.text)
    lint(source, "whole", tmp_path / "log.txt")
    assert all(len(line) <= 100 for line in design.text.splitlines())


def several() -> FrozenNetwork:
    """Return two layers: an inner one of enabled dendrites, a last one with weighted inputs."""
    rng = np.random.default_rng(7)
    first = random_layer(rng, 5, 8, c=2, n=3, d=2, s=2, wta="t-wta", density=1.0, theta=0.2)
    first = with_proximal(rng, first, "enable", 2, 0)
    second = random_layer(rng, 6, first.output_horizon, n=4, wta="k-wta", k=2, theta=0.1)
    second = with_proximal(rng, second, "weighted", 2, 3)
    return FrozenNetwork("several", 5, 3, (first, second), proximal_lines=6)


def test_modules_carry_layer_and_level() -> None:
    text = generate(several()).text
    for name in (
        "several_l0_layer",
        "several_l0_column_1",
        "several_l0_neuron_1_2",
        "several_l0_dendrite_1_2_0",
        "several_l0_segment_1_2_0_1",
        "several_l0_lines",
        "several_l1_layer",
        "several_l1_delay",
        "several_l1_neuron_0_3",
        "several_l1_wta",
    ):
        assert f"module {name} (" in text
    assert "several_l0_wta" not in text  # all that spike first pass


def test_ports_of_the_whole_model() -> None:
    ports = {p.name: p for p in generate(several()).ports}
    assert {name: p.width for name, p in ports.items()} == {
        "clk": 1, "rst": 1, "start": 1, "x": 5, "proximal": 6, "done": 1,
        "passed": 4, "spike_time": 4 * 5,
    }  # fmt: skip
    assert ports["proximal"].meaning == (
        "lines 0 .. 1: level, 1 enables the dendrites that read it; "
        "lines 3 .. 4: 1 for one clock, as x; at most once per sample"
    )
    horizon = several().layers[1].proximal_horizon
    assert ports["proximal"].valid == (
        "levels: stable from the clock after start until done; "
        f"spikes: time steps 0 .. {horizon - 1} at most"
    )
    voted = replace(random_network(0, inputs=3, c=2), votes=np.ones((2, 3, 10), np.int8))
    assert {p.name: p.width for p in generate(voted).ports}["answer"] == 4
    first = random_network(0, inputs=3, c=2, wta="t-wta")
    assert {p.name: p.width for p in generate(first).ports}["spike_time"] == 2 * 4


def test_inputs_that_never_spike_vanish_above() -> None:
    dead = fixed_network([[[7, 7], [3, 3]]], [[15, 6]]).layers[0]
    upper = fixed_network([[[7, 5]]], [[3]]).layers[0]
    network = FrozenNetwork("two", 2, 3, (dead, replace(upper, horizon=14)))
    lines = generate(network).text.split("module two_l1_lines")[1]
    assert "line1 (" in lines
    assert "line0 (" not in lines


def test_what_does_not_stream_is_refused() -> None:
    layer = random_network(0, inputs=3).layers[0]
    stored = replace(layer, retime=4, late="saturate", horizon=4)
    with pytest.raises(Unsupported) as caught:
        make_plan(FrozenNetwork("stored", 3, 3, (stored,)))
    assert str(caught.value) == (
        "RTL: layer 0: got a retimed input, late spikes saturate; expected late spikes dropped. "
        "The C kernel (target 'c') takes every network"
    )
    rng = np.random.default_rng(0)
    late = with_proximal(rng, replace(layer, retime=4, horizon=4), "weighted", 2)
    with pytest.raises(Unsupported) as caught:
        make_plan(FrozenNetwork("late", 3, 3, (late,), proximal_lines=2))
    assert str(caught.value) == (
        "RTL: layer 0: got weighted proximal inputs after a retimed input; expected weighted "
        "proximal inputs below every retimed input only. The C kernel (target 'c') takes every "
        "network"
    )
    one = with_proximal(rng, layer, "weighted", 2)
    lines = np.zeros((1, 3, 1, 1), np.int32)
    two = replace(layer, horizon=14, lines=layer.lines, proximal="enable", proximal_lines=lines)
    with pytest.raises(Unsupported) as caught:
        make_plan(FrozenNetwork("both", 3, 3, (one, two), proximal_lines=2))
    assert str(caught.value) == (
        "RTL: proximal line 0: got a level and spikes; expected one of them (every line is one "
        "wire). Give every kind of proximal input lines of its own"
    )


def test_reserved_names_are_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        generate(random_network(0, inputs=3, name="wire"))
    assert str(caught.value) == (
        "network name: got 'wire'; expected a name that neither Verilog nor the ports use. "
        "Rename the network"
    )


@needs_verilator
def test_step(tmp_path: Path) -> None:
    network = random_network(3, inputs=12, n=3)
    save(network, tmp_path / "frozen")
    record = execute(RtlStep(), tmp_path)
    directory = tmp_path / "steps" / "rtl"
    text = (directory / "net.v").read_text()
    assert record.metrics["lines_of_verilog"] == text.count("\n")
    assert record.metrics["cycles_worst"] == 15
    assert record.metrics["lint_warnings"] == 0
    ports = json.loads((directory / "ports.json").read_text())
    assert ports["network_sha256"] == network.hash
    assert [port["name"] for port in ports["ports"]][:4] == ["clk", "rst", "start", "x"]
