"""What a forecast knows of a network: counts of its circuit's parts, and how busy they are."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from hls.forecast.activity import activity, usual_stimulus
from hls.forecast.heap import adders
from hls.forecast.voter import raised, voter_depth, voter_parts
from hls.ir.network import FrozenNetwork
from hls.ir.stimulus import check_stimulus
from hls.rtl.plan import LayerPlan, Plan, Segment, ramp_width
from hls.rtl.planner import make_plan
from hls.rtl.ports import bits

Counts = defaultdict[str, float]


def features(
    network: FrozenNetwork,
    x: npt.NDArray[np.generic] | None = None,
    proximal: npt.NDArray[np.generic] | None = None,
) -> dict[str, float]:
    """Return the features of a network by name.

    Args:
        network: the network, hard-wired.
        x: spike times, uint8 `[B, inputs]`, for how busy it is; None: random ones.
        proximal: proximal inputs, uint8 `[B, proximal lines]`.

    Raises:
        InvalidInput: for samples of another shape or with times that the network does not know.
        Unsupported: for a network that the RTL cannot build.
    """
    plan = make_plan(network)
    if x is None:
        x, proximal = usual_stimulus(network)
    x = check_stimulus(network, x)
    levels = None if proximal is None else np.asarray(proximal, dtype=np.int64)
    found: Counts = defaultdict(float, one=1.0, steps=float(plan.timing.step_width))
    deepest: dict[str, float] = {}
    for layer in plan.layers:
        _count(layer, found)
        deepest = max([deepest, _depth(layer)], key=lambda depth: sum(depth.values()))
    if network.votes is not None:
        votes = raised(network)
        for part, count in voter_parts(votes).items():
            found[part] += count
        deepest = max([deepest, voter_depth(votes)], key=lambda depth: sum(depth.values()))
    found.update(deepest)
    twice = sum(s.width for n in plan.layers for s in _all(n))
    twice -= sum(s.width for n in plan.layers for s in unlike(n))
    found["flip_flops"] = float(plan.flip_flops - twice)
    found["worst"] = float(plan.timing.cycles_worst)
    found["synapses"] = float(_synapses(plan))
    busy = activity(plan, x, levels)
    found["cycles"] = busy.cycles
    found["clocked"] = (busy.cycles + 1) * found["flip_flops"]
    found["spikes"], found["edges"] = busy.spikes, busy.edges
    found["slopes"], found["moves"] = busy.slopes, busy.moves
    found["busy_adders"] = busy.adders
    return {name: round(float(value), 4) for name, value in sorted(found.items())}


def _synapses(plan: Plan) -> int:
    """Return the synapses that are not 0 and can act."""
    return sum(len(segment.taps) for layer in plan.layers for segment in _all(layer))


def _all(plan: LayerPlan) -> list[Segment]:
    return [s for column in plan.columns for neuron in column.neurons for s in neuron.segments]


def _count(plan: LayerPlan, found: Counts) -> None:
    segments = unlike(plan)
    for segment in segments:
        full, half = adders(segment)
        kind = "full_adders" if plan.layer.response == "rnl" else "full_adders_snl"
        found[kind] += full
        found["half_adders"] += half
        found["potential_bits"] += segment.width
        found["carry_bits"] += segment.sum_width - segment.width
        if plan.by_potential:
            found["key_bits"] += plan.key_width
    found["segments"] += len(segments)
    found["taps"] += len(plan.taps)
    found["lines"] += len(plan.ramps)
    found["ramp_bits"] += sum(ramp_width(longest) for longest in plan.ramps.values())
    found["columns"] += len(plan.columns)
    neurons = sum(len(column.neurons) for column in plan.columns)
    found["neurons"] += neurons
    if plan.mode == "k-wta":
        found["k_pairs"] += sum(len(column.neurons) ** 2 for column in plan.columns)
        if plan.by_potential:
            key = plan.key_width
            found["k_key_bits"] += key * sum(len(c.neurons) ** 2 for c in plan.columns)
    if plan.last and not plan.single:
        found["kept_times"] += neurons * bits(plan.layer.output_horizon - 1)


def unlike(plan: LayerPlan) -> list[Segment]:
    """Return a layer's segments once: of those with the same circuit synthesis leaves one."""
    found = {
        (segment.taps, segment.weights, segment.start, segment.width): segment
        for column in plan.columns
        for neuron in column.neurons
        for segment in neuron.segments
    }
    return list(found.values())


def _depth(plan: LayerPlan) -> dict[str, float]:
    """Return what the longest path between registers grows with."""
    neurons = [n for column in plan.columns for n in column.neurons]
    segments = [s for n in neurons for s in n.segments]
    rivals = max((len(n.segments) for n in neurons), default=1)
    width = max((len(column.neurons) for column in plan.columns), default=1)
    compared = math.log2(max(1, rivals)) + math.log2(max(1, width)) if plan.by_potential else 0.0
    return {
        "log_taps": max((math.log2(1 + sum(s.weights)) for s in segments), default=0.0),
        "width": float(max((s.width for s in segments), default=0)),
        "log_rivals": math.log2(max(1, rivals)),
        "key_levels": compared * math.log2(1 + plan.key_width),
        "log_neurons": math.log2(max(1, width * len(plan.columns))),
        "k_levels": math.log2(max(1, width)) if plan.mode == "k-wta" else 0.0,
    }
