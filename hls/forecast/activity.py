"""How busy a network's circuit is: counts per inference, from samples and no simulator.

Every layer is evaluated step by step, as its circuit does. How ties are decided changes little of
what toggles, so that here the lowest index wins them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.forecast.heap import adders
from hls.forecast.voter import raised, voter_busy
from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork
from hls.rtl.plan import LayerPlan, Plan, Segment

Times = npt.NDArray[np.int64]


@dataclass
class Activity:
    """Counts of one inference, means over the samples.

    Attributes:
        cycles: clocks from `start` to `done`.
        spikes: spikes on input lines in use.
        edges: rises and falls of taps, each counted at every segment that reads it.
        slopes: clocks in which a segment's sum is not 0.
        moves: bits of potentials that change (twice the logarithm of the sum, at most the width).
        adders: adders that are at work, by the share of taps that are up or change.

    Toggles of a voter are in `edges` and `adders`.
    """

    cycles: float = 0.0
    spikes: float = 0.0
    edges: float = 0.0
    slopes: float = 0.0
    moves: float = 0.0
    adders: float = 0.0


def activity(plan: Plan, x: npt.NDArray[np.generic], proximal: Times | None) -> Activity:
    """Return how busy the circuit is.

    Args:
        plan: the circuit.
        x: spike times, uint8 `[B, inputs]`.
        proximal: levels or spike times, `[B, proximal lines]`; None: all enabled, or all silent.
    """
    total, times = Activity(), np.asarray(x, dtype=np.int64)
    depth = len(plan.layers)
    for layer in plan.layers:
        if layer.layer.retime:
            times = _retimed(times, layer.layer.retime)
        times, ends = _layer(layer, times, proximal, total)
    last = np.where(ends < 0, plan.timing.cycles_worst, np.minimum(ends + depth + 1, 10**6))
    total.cycles = float(np.minimum(last, plan.timing.cycles_worst).mean())
    if plan.network.votes is not None:
        edges, at_work = voter_busy(raised(plan.network), times)
        total.edges, total.adders = total.edges + edges, total.adders + at_work
    return total


def _retimed(times: Times, horizon: int) -> Times:
    first = times.min(axis=1, keepdims=True)
    late = times - first
    return np.where((times == NO_SPIKE) | (late >= horizon), NO_SPIKE, late)


def _layer(
    plan: LayerPlan, times: Times, proximal: Times | None, total: Activity
) -> tuple[Times, Times]:
    """Add a layer's counts; return its spike times `[B, C N]` and the last step `[B]`, or -1."""
    layer = plan.layer
    known = {int(line): i for i, line in enumerate(plan.weighted)}
    sides = np.full((len(times), len(known)), NO_SPIKE, dtype=np.int64)
    if proximal is not None:
        for line, i in known.items():
            sides[:, i] = proximal[:, line]
    every = np.concatenate([times, sides], axis=1)
    used = sorted(plan.ramps)
    y = np.full((len(times), layer.shape[0], layer.shape[1]), NO_SPIKE, dtype=np.int64)
    counted: dict[object, tuple[Segment, Times]] = {}  # of the same circuit synthesis leaves one
    for column in plan.columns:
        for neuron in column.neurons:
            for dendrite in neuron.dendrites:
                for segment in dendrite.segments:
                    slope = _slope(segment, every, layer)
                    at = _first(slope, segment.theta)
                    if dendrite.gate >= 0 and proximal is not None:
                        at = np.where(proximal[:, dendrite.gate] > 0, at, NO_SPIKE)
                    y[:, column.index, neuron.index] = np.minimum(
                        y[:, column.index, neuron.index], at
                    )
                    key = (segment.taps, segment.weights, segment.start, segment.width)
                    counted[key] = (segment, slope)
    ends = _ends(plan, y)
    stop = np.where(ends < 0, layer.output_horizon - 1, ends)
    total.spikes += float((every[:, used] <= stop[:, None]).sum(axis=1).mean()) if used else 0.0
    for segment, slope in counted.values():
        _count(segment, slope, every, stop, layer, total)
    return y.reshape(len(times), -1), ends


def _slope(segment: Segment, every: Times, layer: FrozenLayer) -> Times:
    """Return what a segment adds in every step, int64 `[B, steps]`."""
    steps = layer.output_horizon
    change = np.zeros((len(every), steps + 1), dtype=np.int64)
    lines = np.array([tap.line for tap in segment.taps], dtype=np.int64)
    lengths = np.array([tap.weight for tap in segment.taps], dtype=np.int64)
    weights = np.array(segment.weights, dtype=np.int64)
    begin = every[:, lines]
    end = begin + np.where(lengths > 0, lengths, 1)
    rows = np.broadcast_to(np.arange(len(every))[:, None], begin.shape)
    add = np.where(begin == NO_SPIKE, 0, weights)
    np.add.at(change, (rows, np.minimum(begin, steps)), add)
    np.add.at(change, (rows, np.minimum(end, steps)), -add)
    return change.cumsum(axis=1)[:, :steps]


def _first(slope: Times, theta: int) -> Times:
    over = slope.cumsum(axis=1) >= theta
    return np.where(over.any(axis=1), over.argmax(axis=1), NO_SPIKE)


def _ends(plan: LayerPlan, y: Times) -> Times:
    """Silence who does not pass, in place; return the step after which nobody can, -1: the last."""
    if plan.mode == "none":
        late = y.max(axis=(1, 2))
        return np.where(late == NO_SPIKE, -1, late)
    k = plan.layer.k if plan.mode == "k-wta" else 1
    order = y.argsort(axis=2, kind="stable").argsort(axis=2)
    first = y.min(axis=2, keepdims=True)
    passes = y == first if plan.mode == "t-wta" else order < k
    y[~passes] = NO_SPIKE
    need = np.sort(y, axis=2)[:, :, k - 1].max(axis=1)
    return np.where(need == NO_SPIKE, -1, need)


def _count(
    segment: Segment, slope: Times, every: Times, stop: Times, layer: FrozenLayer, total: Activity
) -> None:
    steps = np.arange(layer.output_horizon)[None, :]
    seen = np.where(steps <= stop[:, None], slope, 0)
    lines = [tap.line for tap in segment.taps]
    lengths = np.array([max(1, tap.weight) for tap in segment.taps])
    begin = every[:, lines]
    edges = (begin <= stop[:, None]).sum(axis=1) + (begin + lengths <= stop[:, None]).sum(axis=1)
    total.edges += float(edges.mean())
    total.slopes += float((seen > 0).sum(axis=1).mean())
    bits = np.minimum(2 * np.log2(1 + seen), segment.width)
    total.moves += float(bits.sum(axis=1).mean())
    share = seen / max(1, sum(segment.weights))
    # What adds up changes most where some taps are up and some are not.
    total.adders += sum(adders(segment)) * float((4 * share * (1 - share)).sum(axis=1).mean())


def usual_stimulus(network: FrozenNetwork) -> tuple[npt.NDArray[np.uint8], Times | None]:
    """Return samples for a network without any: two thirds of the lines spike, at random times."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, network.horizon, (16, network.inputs)).astype(np.uint8)
    x[rng.random(x.shape) < 1 / 3] = NO_SPIKE
    if not network.proximal_lines:
        return x, None
    return x, rng.integers(0, 2, (16, network.proximal_lines)).astype(np.int64)
