"""The forecast: its features, its model, and what it says."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.forecast_fit import FOLDER, models, read_measured, validation
from hls.errors import InvalidInput, Unsupported
from hls.forecast import Forecast, features, forecast
from hls.forecast.activity import activity
from hls.forecast.forecast import libraries
from hls.forecast.heap import adders
from hls.forecast.model import fit, nonnegative, predict
from hls.forecast.voter import GLITCHES, raised, voter_busy, voter_depth, voter_parts
from hls.ir import save
from hls.ir.network import FrozenNetwork
from hls.ir.stimulus import random_stimulus
from hls.rtl import generate
from hls.rtl.plan import Segment, Tap
from hls.rtl.planner import make_plan
from hls.sim import simulate
from neutnn_pl.cli import main
from tests.conftest import ROOT
from tests.hls.ir.networks import plain
from tests.hls.sim.oracle import random_layer, random_network, whole_network


def test_cycles_are_those_of_the_circuit(tmp_path: Path) -> None:
    network = random_network(5, inputs=12, n=3, tie="potential")
    x, _ = random_stimulus(network, 40, 1)
    source = tmp_path / "net.v"
    source.write_text(generate(network).text)
    found = simulate([source], "net", network, x, workdir=tmp_path)
    assert activity(make_plan(network), x, None).cycles == pytest.approx(found.mean_cycles)


def test_adders_by_hand() -> None:
    """Three taps and the potential's lowest bit: one full adder, then one half adder; a carry."""
    taps = tuple(Tap(line, 1) for line in range(3))
    assert adders(Segment(0, taps, (1, 1, 1), 2, 1)) == (1, 2)


def test_a_voter_by_hand() -> None:
    """Two classes with votes 3, 2 and 1, 0: of the first, one half adder and one bit that stays."""
    votes = np.array([[3, 1], [2, 0]])
    assert voter_parts(votes) == {"full_adders_snl": 0.0, "half_adders": 1.0, "key_bits": 3.0}
    depth = {"log_taps": math.log2(6), "width": 3.0, "key_levels": math.log2(4)}
    assert voter_depth(votes) == pytest.approx(depth)
    # The first neuron passes at step 4 in one of two samples: 4 of 6 votes come, and go again.
    times = np.array([[4, 255], [255, 255]])
    edges, busy = voter_busy(votes, times)
    assert edges == 2 * 2 / 2
    assert busy == pytest.approx(GLITCHES * 1 * (2 * 4 * (4 / 6) * (2 / 6)) / 2)


def test_a_voter_costs_and_neurons_that_cannot_spike_have_no_votes() -> None:
    network = random_network(5, inputs=12, n=4, tie="potential")
    votes = np.random.default_rng(0).integers(-128, 128, (1, 4, 10)).astype(np.int8)
    voting = replace(network, votes=votes)
    without, with_votes = features(network), features(voting)
    assert with_votes["full_adders_snl"] > without.get("full_adders_snl", 0)
    assert with_votes["busy_adders"] > without["busy_adders"]
    plain_cost, cost = forecast(network), forecast(voting)
    for name in ("area_um2", "leakage_uw", "energy_pj", "clock_ns"):
        assert getattr(cost, name).value > getattr(plain_cost, name).value
    assert any("votes" in note for note in cost.notes)
    assert not any("votes" in note for note in plain_cost.notes)
    layer = network.layers[0]
    weights = layer.weights.copy()
    weights[0, 2] = 0
    silent = voting.with_layer(0, weights=weights)
    assert (raised(voting).min(axis=1) == 0).all()
    assert raised(voting)[2].any()
    assert not raised(silent)[2].any()


def test_synthesis_leaves_one_of_equal_segments() -> None:
    rng = np.random.default_rng(0)
    layer = random_layer(rng, 6, 8, n=1, theta=0.3)
    twice = random_layer(rng, 6, 8, n=2, theta=0.3)
    twice.weights[:], twice.mask[:], twice.theta[:] = layer.weights, layer.mask, layer.theta
    one, two = (features(FrozenNetwork("net", 6, 3, (each,))) for each in (layer, twice))
    assert two["full_adders"] == one["full_adders"]
    assert two["synapses"] == 2 * one["synapses"]


def test_more_synapses_cost_more() -> None:
    small, large = (forecast(random_network(1, inputs=p, n=3)) for p in (10, 80))
    for name in ("area_um2", "leakage_uw", "energy_pj"):
        assert getattr(large, name).value > 2 * getattr(small, name).value
    for name in ("area_um2", "leakage_uw", "energy_pj", "clock_ns", "latency_ns", "power_uw"):
        found = getattr(small, name)
        assert 0 < found.low <= found.value <= found.high


@pytest.mark.parametrize("pdk", ["nangate45", "asap7", "sky130hd"])
def test_latency_is_exact_in_clocks(pdk: str) -> None:
    network = whole_network(4, saturate=False)
    found = forecast(network, pdk)
    assert found.cycles_worst == generate(network).cycles_worst
    assert found.cycles_mean <= found.cycles_worst
    assert found.latency_ns.value == pytest.approx(found.cycles_worst * found.clock_ns.value)


def test_it_takes_less_than_a_second() -> None:
    network = random_network(1, inputs=256, n=5)
    begin = time.perf_counter()
    assert isinstance(forecast(network), Forecast)
    assert time.perf_counter() - begin < 1


def test_what_it_refuses() -> None:
    with pytest.raises(InvalidInput) as caught:
        forecast(plain(), "asap")
    assert str(caught.value) == (
        "forecast: library (pdk): got 'asap'; expected one that was measured: "
        f"{', '.join(libraries())}. Did you mean 'asap7'?"
    )
    with pytest.raises(Unsupported, match="expected hard-wired weights. Measure it: python"):
        forecast(plain(), learning=True)


def test_least_relative_error_without_negative_weights() -> None:
    rows = [
        {"features": {"a": float(a), "b": float(b), "c": 1.0}, "y": 3.0 * a + 0.5 * b}
        for a, b in [(1, 8), (2, 3), (5, 1), (9, 30)]
    ]
    assert fit(rows, "y", ("a", "b", "c")) == pytest.approx([3.0, 0.5, 0.0], abs=1e-9)
    assert predict(np.array([3.0, 0.5]), rows[:1], ("a", "b")) == pytest.approx([7.0])
    assert (nonnegative(np.eye(2), np.array([1.0, -1.0])) == [1.0, 0.0]).all()


def test_the_model_and_the_table_of_the_guide_are_those_of_the_measured_runs() -> None:
    rows = read_measured(FOLDER / "measured.json")
    assert json.loads((FOLDER / "model.json").read_text()) == json.loads(json.dumps(models(rows)))
    guide = (ROOT / "docs" / "hardware.md").read_text()
    table = [line for line in validation(rows).splitlines() if line.startswith("| ")]
    assert len(table) == 25
    assert [line for line in table if line not in guide] == []


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(plain(), tmp_path / "frozen")
    assert main(["forecast", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["pdk"] == "nangate45"
    assert set(document["area_um2"]) == {"value", "low", "high"}
    assert main(["forecast", str(tmp_path / "frozen"), "--pdk", "sky130hd"]) == 0
    assert "after synthesis, typical corner" in capsys.readouterr().out
    assert main(["forecast", str(tmp_path / "gone")]) == 2
    assert "no frozen network at" in capsys.readouterr().err


def test_samples_of_another_network_are_refused() -> None:
    network = random_network(5, inputs=12, n=4)
    with pytest.raises(InvalidInput, match=r"spike times: got shape \(2, 13\); expected \[samples"):
        forecast(network, "nangate45", np.zeros((2, 13), dtype=np.uint8))


def voting(votes: bool) -> FrozenNetwork:
    """Four columns of six neurons, 24 lines, with votes for ten classes or without."""
    rng = np.random.default_rng(7)
    layer = random_layer(rng, 24, 1, c=4, n=6, p=8, theta=0.3)
    table = rng.integers(-20, 21, (4, 6, 10)).astype(np.int8)
    return FrozenNetwork("voting", 24, 0, (layer,), votes=table if votes else None)


@pytest.mark.parametrize(
    ("votes", "measured"),
    [
        (False, {"area_um2": 1585.6, "energy_pj": 14.520, "clock_ns": 1.318, "leakage_uw": 31.95}),
        (True, {"area_um2": 4039.5, "energy_pj": 20.330, "clock_ns": 2.801, "leakage_uw": 82.72}),
    ],
)
def test_a_voter_as_it_was_measured(votes: bool, measured: dict[str, float]) -> None:
    """Yosys 0.23, OpenSTA and Icarus on nangate45 (`hls.forecast.measure`), 2026-11-26."""
    x = np.where(np.random.default_rng(0).random((32, 24)) < 0.4, 0, 255).astype(np.uint8)
    found = forecast(voting(votes), "nangate45", x)
    for name, value in measured.items():
        made = getattr(found, name)
        assert made.low < value < made.high, name
        assert made.value == pytest.approx(value, rel=0.15), name
    assert found.cycles_mean == 4.875
