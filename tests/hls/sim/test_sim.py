"""The generated RTL in both simulators against the naive model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hls.errors import InvalidInput, StepFailed, ToolMissing
from hls.ir import FrozenNetwork, compare
from hls.ir.stimulus import random_stimulus
from hls.rtl import VERILATOR, generate
from hls.sim import IVERILOG, VVP, Simulation, simulate
from hls.sim.bench import shape_of
from tests.hls.sim.oracle import (
    edge_networks,
    oracle,
    random_layer,
    random_network,
    stimulus,
    whole_network,
    with_proximal,
)

needs_icarus = pytest.mark.skipif(
    IVERILOG.find() is None or VVP.find() is None, reason="Icarus Verilog is missing"
)
needs_verilator = pytest.mark.skipif(VERILATOR.find() is None, reason="Verilator is missing")
RANDOM = [
    {"inputs": 24, "n": 3, "tie": "index"},
    {"inputs": 24, "n": 3, "tie": "potential"},
    {"inputs": 9, "n": 5, "c": 3, "tie": "potential", "shared": False},
    {"inputs": 9, "n": 2, "c": 2, "tie": "index", "shared": False, "wres": 2, "tres": 4},
    {"inputs": 30, "n": 3, "tie": "potential", "wres": 5, "tres": 2},
    {"inputs": 70, "n": 2, "tie": "index", "wres": 1, "tres": 0, "theta": 0.6},
    {"inputs": 12, "n": 4, "c": 2, "tie": "potential", "response": "snl"},
    {"inputs": 20, "n": 3, "tie": "index", "response": "snl", "wres": 6, "tres": 7},
    {"inputs": 20, "n": 9, "tie": "potential", "density": 0.2, "theta": 0.5},
    {"inputs": 15, "n": 3, "tie": "index", "theta": 0.95, "wres": 7, "tres": 5},
]


def run(network: FrozenNetwork, x: np.ndarray, path: Path, **options: object) -> Simulation:
    """Generate, simulate and compare with the oracle."""
    design = generate(network)
    source = path / f"{design.name}.v"
    source.write_text(design.text)
    result = simulate([source], design.name, network, x, workdir=path / "sim", **options)
    assert compare("rtl", oracle(network, x), result.outputs) == len(x)
    assert (result.cycles <= design.cycles_worst).all()
    silent = (result.outputs.winner < 0).any(axis=1)
    assert (result.cycles[silent] == design.cycles_worst).all()
    last = result.outputs.time[~silent].max(axis=1)
    assert (result.cycles[~silent] == last.astype(int) + 2).all()
    return result


@needs_icarus
@pytest.mark.parametrize("number", range(len(RANDOM)))
def test_random_networks_in_icarus(number: int, tmp_path: Path) -> None:
    network = random_network(number, **RANDOM[number])
    run(network, stimulus(network, 60, number), tmp_path, disturb=bool(number % 2))


@needs_icarus
@pytest.mark.parametrize("name", edge_networks())
def test_edge_cases_in_icarus(name: str, tmp_path: Path) -> None:
    network = edge_networks()[name]
    run(network, stimulus(network, 25, 1), tmp_path, disturb=name != "never")


def check_whole(
    network: FrozenNetwork, samples: int, seed: int, path: Path, **options: object
) -> Simulation:
    """Simulate a network of any kind, with proximal inputs where it has any, and compare."""
    design = generate(network)
    source = path / f"{design.name}.v"
    source.write_text(design.text)
    x, side = random_stimulus(network, samples, seed)
    result = simulate([source], design.name, network, x, side, workdir=path / "sim", **options)
    assert compare("rtl", oracle(network, x, side), result.outputs) == samples
    assert (result.cycles <= design.cycles_worst).all()
    if network.votes is not None:
        assert result.outputs.answer is not None
    return result


@needs_icarus
@pytest.mark.parametrize("seed", range(16))
def test_whole_networks_in_icarus(seed: int, tmp_path: Path) -> None:
    network = whole_network(seed, saturate=False)
    check_whole(network, 40, seed, tmp_path, disturb=bool(seed % 2), reset=seed % 3 > 0)


MODES = {
    f"{wta}-{tie}": {"wta": wta, "tie": tie, "k": 2 if wta == "k-wta" else 1}
    for wta in ("1-wta", "k-wta", "t-wta", "none")
    for tie in ("index", "potential")
}


@needs_icarus
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", ["last", "inner"])
def test_every_wta_mode_in_every_place(mode: str, place: str, tmp_path: Path) -> None:
    """Many ties: two input times, and thresholds that several neurons reach at once."""
    rng = np.random.default_rng(3)
    layer = random_layer(rng, 9, 2, c=2, n=5, d=1, s=2, theta=0.2, **MODES[mode])
    layers = (layer,)
    if place == "inner":
        upper = random_layer(rng, 10, layer.output_horizon, n=6, density=0.4, wta="none", theta=0.1)
        layers = (layer, upper)
    network = FrozenNetwork("modes", 9, 1, layers)
    result = check_whole(network, 60, 1, tmp_path, disturb=True)
    assert (result.outputs.y != 255).any(axis=(1, 2)).mean() > 0.5


@needs_icarus
def test_a_layer_counts_time_one_clock_later(tmp_path: Path) -> None:
    """Two layers: done rises one clock later than with one, two after the last winner's step."""
    rng = np.random.default_rng(1)
    first = random_layer(rng, 6, 8, n=6, wta="none", theta=0.1)
    network = FrozenNetwork("deep", 6, 3, (first, random_layer(rng, 6, 14, n=2, theta=0.1)))
    result = check_whole(network, 40, 1, tmp_path)
    won = result.outputs.winner[:, 0] >= 0
    assert won.any()
    assert (result.cycles[won] == result.outputs.time[won, 0].astype(int) + 3).all()
    assert (result.cycles[~won] == generate(network).cycles_worst).all()
    assert generate(network).cycles_worst == (14 + 7 - 1) + 2


@needs_icarus
def test_a_retimed_layer_ends_when_nothing_came(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    first = random_layer(rng, 6, 8, n=3, wta="none", theta=0.9)
    second = random_layer(rng, 3, 4, n=2, theta=0.9, retime=4)
    network = FrozenNetwork("anew", 6, 3, (first, second))
    x = np.full((3, 6), 255, np.uint8)
    x[1] = 7
    x[2] = 0
    source = tmp_path / "anew.v"
    source.write_text(generate(network).text)
    result = simulate([source], "anew", network, x, workdir=tmp_path)
    compare("rtl", oracle(network, x), result.outputs)
    # The base starts at the latest with the first layer's step 13, in clock 14.
    assert result.cycles[0] == 14 + 1
    assert generate(network).cycles_worst == 14 + 1 + (4 + 7 - 1)


@needs_verilator
def test_proximal_inputs_layers_and_votes_in_verilator(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    first = random_layer(rng, 7, 8, c=2, n=4, d=2, s=2, wta="k-wta", k=2, tie="potential")
    first = with_proximal(rng, first, "enable", 40, 0)
    second = with_proximal(rng, random_layer(rng, 8, 14, n=3, theta=0.1), "weighted", 3, 40)
    votes = rng.integers(-128, 128, (1, 3, 5)).astype(np.int8)
    network = FrozenNetwork("all", 7, 3, (first, second), votes=votes, proximal_lines=43)
    result = check_whole(network, 100, 2, tmp_path, simulator="verilator")
    assert len(set(result.outputs.answer.tolist())) > 1


@needs_icarus
def test_start_alone_leads_out_of_power_up(tmp_path: Path) -> None:
    for tie in ("index", "potential"):
        network = random_network(5, inputs=8, c=2, tie=tie)
        run(network, stimulus(network, 10), tmp_path, reset=False)


@needs_icarus
def test_ties_are_decided(tmp_path: Path) -> None:
    """A stimulus with many simultaneous spikes separates the two tie rules."""
    answers = []
    for tie in ("index", "potential"):
        network = random_network(11, inputs=8, n=4, tres=1, tie=tie, theta=0.2)
        network = network.with_layer(0, theta=np.full((1, 4), 5, np.int32))
        answers.append(run(network, stimulus(network, 60, 3), tmp_path).outputs.winner)
    assert (answers[0] != answers[1]).any()


@needs_verilator
@pytest.mark.parametrize("number", [2, 5])
def test_random_networks_in_verilator(number: int, tmp_path: Path) -> None:
    network = random_network(number, **RANDOM[number])
    result = run(network, stimulus(network, 100, number), tmp_path, simulator="verilator")
    assert result.mean_cycles == pytest.approx(result.cycles.mean())


@needs_icarus
def test_inputs_have_half_a_clock_to_arrive(tmp_path: Path) -> None:
    network = random_network(0, **RANDOM[0])
    design, x = generate(network), stimulus(network, 20, 0)
    results = shape_of(network).results
    outputs = "".join(f", output [{width}-1:0] {name}" for name, width in results.items())
    wires = "".join(f", .{name}({name})" for name in results)
    inner = design.text.replace(f"module {design.name} ", f"module {design.name}_inner ")
    inner = inner.replace(f"module {design.name}(", f"module {design.name}_inner(")
    slow = f"""`timescale 1ns/1ps
module {design.name}(input clk, input rst, input start, input [{x.shape[1]}-1:0] x, output done
    {outputs});
  wire [{x.shape[1]}-1:0] late;
  assign #6 late = x;
  {design.name}_inner inner (.clk(clk), .rst(rst), .start(start), .x(late), .done(done){wires});
endmodule
"""
    source = tmp_path / "slow.v"
    source.write_text(slow + inner)
    found = {
        clock_ns: simulate(
            [source], design.name, network, x, workdir=tmp_path, delays=True, clock_ns=clock_ns
        ).outputs
        for clock_ns in (10.0, 14.0)
    }
    assert (found[14.0].y == oracle(network, x).y).all()
    assert (found[10.0].y != oracle(network, x).y).any()


@needs_icarus
def test_waveforms_of_the_first_samples(tmp_path: Path) -> None:
    network = random_network(1, inputs=8)
    wave = tmp_path / "wave.vcd"
    run(network, stimulus(network, 40), tmp_path, vcd=wave, vcd_samples=5)
    text = wave.read_text()
    assert "$var reg" in text
    assert "potential" in text  # inside a neuron
    end = int(text[text.rindex("\n#") + 2 :].split()[0])
    assert end <= 1000 * 10 * (3 + 5 * 17)  # picoseconds


@needs_icarus
@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (
            "done <= 1'd1;",
            "done <= 1'd0;",
            "icarus: the design hangs at sample 0: got done = 0 24 clocks after start; "
            "expected done = 1",
        ),
        (
            "spiked <= 1'd0;",
            "",
            "icarus: undefined outputs at sample 0: got winner 00, spiked x, spike_time 1101; "
            "expected 0 and 1 only",
        ),
    ],
)
def test_hangs_and_undefined_outputs_are_errors(
    good: str, bad: str, message: str, tmp_path: Path
) -> None:
    network = random_network(1, inputs=8)
    source = tmp_path / "net.v"
    text = generate(network).text
    assert good in text
    source.write_text(text.replace(good, bad))
    with pytest.raises(StepFailed) as caught:
        simulate([source], "net", network, stimulus(network, 3), workdir=tmp_path)
    assert str(caught.value) == message


@needs_icarus
def test_a_simulation_that_stops_early_is_an_error(tmp_path: Path) -> None:
    network = random_network(1, inputs=8)
    source = tmp_path / "net.v"
    text = generate(network).text
    head = text.index("endmodule")
    source.write_text(text[:head] + "initial #200 $finish;\n" + text[head:])
    with pytest.raises(StepFailed, match="the simulation stopped early: got 1 samples; expected 9"):
        simulate([source], "net", network, stimulus(network, 9), workdir=tmp_path)


def test_bad_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = random_network(1, inputs=8)
    x = stimulus(network, 3)
    with pytest.raises(InvalidInput) as caught:
        simulate([], "net", network, x, simulator="spice", workdir=tmp_path)
    assert str(caught.value) == "simulator: got 'spice'; expected icarus or verilator"
    monkeypatch.setenv("IVERILOG_EXE", str(tmp_path / "nothing"))
    with pytest.raises(ToolMissing, match="Icarus Verilog is needed"):
        simulate([], "net", network, x, workdir=tmp_path)
    with pytest.raises(
        InvalidInput, match="options of verilator: got vcd, disturb, delays or reset=False"
    ):
        simulate([], "net", network, x, simulator="verilator", workdir=tmp_path, disturb=True)


@needs_icarus
@needs_verilator
def test_blanks_in_paths(tmp_path: Path) -> None:
    place = tmp_path / "my runs"
    place.mkdir()
    network = random_network(1, inputs=4, n=2)
    x = stimulus(network, 5)
    run(network, x, place, vcd=place / "a wave.vcd")
    run(network, x, place, simulator="verilator")
    assert (place / "a wave.vcd").is_file()
