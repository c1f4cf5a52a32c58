"""Area, leakage, energy, latency and clock of a network after synthesis, in under a second."""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, Unsupported
from hls.forecast.features import features
from hls.ir.network import FrozenNetwork

MODEL = Path(__file__).with_name("model.json")
"""Weights and margins; `benchmarks/forecast_fit.py` makes it from measured.json."""
SLOW_KHZ = 100
"""Gamma rate, in kHz, at which power is given beside that at the fastest clock."""


@dataclass(frozen=True)
class Range:
    """A figure, and where 90 % of networks like this one would have it.

    Attributes:
        value: the forecast.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float

    def __mul__(self, factor: float) -> Range:
        """Return all three times a positive number."""
        return Range(self.value * factor, self.low * factor, self.high * factor)

    def __add__(self, other: Range) -> Range:
        """Return the sum, its ends at the ends of both."""
        return Range(self.value + other.value, self.low + other.low, self.high + other.high)


@dataclass(frozen=True)
class Forecast:
    """What a network will cost on a library, after synthesis (no wires, typical corner).

    Attributes:
        pdk: library.
        area_um2: sum of the cells' areas, in um^2.
        leakage_uw: leakage, in uW.
        energy_pj: energy of all toggles of an inference, in pJ; leakage comes on top.
        clock_ns: shortest clock period, in ns.
        cycles_worst: clocks from `start` until `done`, at most: exact.
        cycles_mean: the same, mean over the samples.
        latency_ns: `cycles_worst` at the shortest clock, in ns.
        power_uw: inferences one after the other at the shortest clock, in uW, leakage included.
        power_slow_uw: at a gamma rate of 100 kHz, in uW, leakage included.
        flip_flops: registers in bits.
        synapses: synapses that are in the circuit.
        notes: what the reader should know.
    """

    pdk: str
    area_um2: Range
    leakage_uw: Range
    energy_pj: Range
    clock_ns: Range
    cycles_worst: int
    cycles_mean: float
    latency_ns: Range
    power_uw: Range
    power_slow_uw: Range
    flip_flops: int
    synapses: int
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values; a range is `value`, `low` and `high`."""
        return asdict(self)


def forecast(
    network: FrozenNetwork,
    pdk: str = "nangate45",
    x: npt.NDArray[np.generic] | None = None,
    proximal: npt.NDArray[np.generic] | None = None,
    *,
    learning: bool = False,
) -> Forecast:
    """Forecast what a network will cost as hard-wired RTL, synthesised on a library.

    Args:
        network: the frozen network.
        pdk: one of `libraries()`.
        x: spike times, uint8 `[B, inputs]`, that say how busy it will be; None: random ones.
        proximal: proximal inputs that belong to them, uint8 `[B, proximal lines]`.
        learning: whether the circuit that learns is meant: there is no model of it.

    Raises:
        InvalidInput: for a library without a model, or samples that the network cannot take.
        Unsupported: for the circuit that learns, or a network that the RTL cannot build.
    """
    models = _models()
    if pdk not in models:
        near = difflib.get_close_matches(pdk, models, n=1, cutoff=0.4)
        raise InvalidInput(
            "forecast: library (pdk)",
            got=repr(pdk),
            expected=f"one that was measured: {', '.join(models)}",
            mend=f"Did you mean '{near[0]}'?" if near else None,
        )
    if learning:
        raise Unsupported(
            "forecast of a circuit that learns",
            got="learning=True",
            expected="hard-wired weights",
            mend="Measure it: python benchmarks/on_chip.py --pdk " + pdk,
        )
    found = features(network, x, proximal)
    ranges = {name: _range(model, found) for name, model in models[pdk].items()}
    notes = _notes(models[pdk], found, x is None)
    if network.votes is not None:
        notes.append("votes are priced as adders of a segment; no voter is among the fitted runs")
    return _made(pdk, found, ranges, notes)


def libraries() -> list[str]:
    """Return the libraries that have a model."""
    return list(_models())


def _made(
    pdk: str, found: dict[str, float], ranges: dict[str, Range], notes: list[str]
) -> Forecast:
    clock, energy, leakage = (ranges[k] for k in ("clock_ns", "energy_pj", "leakage_uw"))
    clocks = found["cycles"] + 1
    busy = Range(
        energy.value / (clocks * clock.value),
        energy.low / (clocks * clock.high),
        energy.high / (clocks * clock.low),
    )
    return Forecast(
        pdk=pdk,
        area_um2=ranges["area_um2"],
        leakage_uw=leakage,
        energy_pj=energy,
        clock_ns=clock,
        cycles_worst=int(found["worst"]),
        cycles_mean=found["cycles"],
        latency_ns=clock * found["worst"],
        power_uw=busy * 1000 + leakage,
        power_slow_uw=energy * (SLOW_KHZ * 1e-3) + leakage,
        flip_flops=int(found["flip_flops"]),
        synapses=int(found["synapses"]),
        notes=notes,
    )


@cache
def _models() -> dict[str, dict[str, dict[str, Any]]]:
    models: dict[str, dict[str, dict[str, Any]]] = json.loads(MODEL.read_text(encoding="utf-8"))
    return models


def _range(model: dict[str, Any], found: dict[str, float]) -> Range:
    value = sum(weight * found.get(name, 0.0) for name, weight in model["weights"].items())
    low, high = (value * math.exp(model[end]) for end in ("low", "high"))
    return Range(value, low, high)


def _notes(models: dict[str, Any], found: dict[str, float], random: bool) -> list[str]:
    notes = ["after synthesis, typical corner: no clock tree, no wires"]
    if random:
        notes.append("activity of random spikes: two thirds of the lines, at random times")
    largest = models["area_um2"]["synapses"]
    if found["synapses"] > largest:
        notes.append(f"larger than any network measured ({largest} synapses that are not 0)")
    return notes


def as_text(found: Forecast) -> str:
    """Return a forecast for a terminal."""
    rows = [
        ("area", "um2", found.area_um2),
        ("leakage", "uW", found.leakage_uw),
        ("energy of an inference, without leakage", "pJ", found.energy_pj),
        ("shortest clock", "ns", found.clock_ns),
        (f"latency, {found.cycles_worst} clocks at most", "ns", found.latency_ns),
        ("power at the shortest clock", "uW", found.power_uw),
        (f"power at {SLOW_KHZ} kHz gamma rate", "uW", found.power_slow_uw),
    ]
    width = max(len(label) for label, _, _ in rows)
    head = (
        f"{found.pdk}: {found.synapses} synapses that are not 0, {found.flip_flops} flip-flops, "
        f"{found.cycles_mean:.1f} clocks in the mean"
    )
    lines = [head, *(f"  {label:{width}}  {_text(r)} {unit}" for label, unit, r in rows)]
    return "\n".join([*lines, *(f"  ({note})" for note in found.notes)])


def _text(found: Range) -> str:
    return f"{found.value:10.4g}   {found.low:.4g} .. {found.high:.4g}"
