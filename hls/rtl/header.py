"""What the generated Verilog says about itself: the protocol, the ports, every module."""

from __future__ import annotations

import textwrap

from hls.rtl.plan import LayerPlan, Plan
from hls.rtl.ports import Port

COMMENTS = {
    "johnson": """\
// Times one line's ramps, of up to {longest} steps. A pulse on x sends a wave of ones and then of
// zeros through q (a Johnson counter), so every ramp's end is one gate away; after it q rests at 0.
""",
    "binary": """\
// Times one line's ramps, of up to {longest} steps: q counts 1 .. {longest} from a pulse on x, then
// rests at 0.
""",
    "rnl": """\
// What all neurons share: per line in use a timer, and per line and weight a bit of `active`, which
// is 1 in the steps in which that ramp still rises.
""",
    "snl": """\
// What all neurons share: per line in use its registered pulse.
""",
    "neuron": """\
// Neuron {n} of column {c}, threshold {theta}. `potential` holds the potential plus {start}, so
// that reaching the threshold is a carry out of it. After the spike its value does not matter.
""",
    "neuron of dendrites": """\
// Neuron {n} of column {c}, threshold {theta}: the first of its dendrites to spike speaks for it.
""",
    "dendrite": """\
// Dendrite {d} of neuron {n}, column {c}: the first of its segments to spike speaks for it.
""",
    "enabled dendrite": """\
// Dendrite {d} of neuron {n}, column {c}: the first of its segments to spike speaks for it, where
// `gate` (proximal line {gate}) is 1.
""",
    "segment": """\
// Segment {s} of dendrite {d}, neuron {n}, column {c}, threshold {theta}. `potential` holds the
// potential plus {start}, so that reaching the threshold is a carry out of it. After the spike its
// value does not matter.
""",
    "1-wta index": """\
// Lateral inhibition: of the neurons that spike in this step the one of lowest index wins.
""",
    "1-wta potential": """\
// Lateral inhibition: of the neurons that spike in this step the one of largest potential wins,
// then the one of lowest index. `keys` are the potentials, all shifted by the same constant.
""",
    "k-wta index": """\
// Lateral inhibition: {k} neurons pass, in the order in which they spike, then of their index.
// `ahead` counts who is before a neuron: those that passed earlier, and those of this step.
""",
    "k-wta potential": """\
// Lateral inhibition: {k} neurons pass, in the order in which they spike, then of their potential,
// then of their index. `ahead` counts who is before a neuron: those that passed earlier, and those
// of this step. `keys` are the potentials, all shifted by the same constant.
""",
    "column": """\
// Column {c}: neurons, lateral inhibition ({mode}), and the result, registered as they spike.
""",
    "inner column": """\
// Column {c} of layer {l}: neurons and lateral inhibition ({mode}). `pulse` is 1 for the one clock
// in which a neuron spikes and passes; the next layer's lines register it.
""",
    "layer": """\
// Layer {l}: the lines that its neurons share, and its columns.
""",
    "retime": """\
// Starts layer {l}'s time at the first spike of its volley; spikes {horizon} or more steps later
// are dropped.
""",
    "delay": """\
// Layer {l} counts time {clocks} clocks late: so are its proximal spikes.
""",
    "voter": """\
// The voter: the class with the largest sum of votes, the lowest on ties. Every neuron's votes are
// raised so that the smallest is 0, which changes no comparison.
""",
    "top": """\
// The network: `step` is the time step that the last layer evaluates in this clock; it starts below
// 0 by the number of layers that a spike passes.
""",
}


ONE_FILE = """\
// The only lint rule switched off: one module per file. This file holds the whole design.
// verilator lint_off DECLFILENAME
"""


def header(plan: Plan, ports: tuple[Port, ...]) -> str:
    """Return the comment at the top of the file."""
    network, text = plan.network, []
    for line in (
        f"{network.name}: temporal neural network, hard-wired weights, written by NeuTNNGen.",
        f"network sha256 {network.hash}",
        "",
        *(_about(layer) for layer in plan.layers),
        *([f"Voter: {network.votes.shape[2]} classes."] if network.votes is not None else []),
        "",
        _protocol(plan),
        "",
        "Ports (direction, width in bits, meaning; when valid):",
    ):
        text += textwrap.wrap(line, 96) or [""]
    for port in ports:
        entry = f"{port.name}: {port.direction}, {port.width}, {port.meaning}; {port.valid}."
        text += textwrap.wrap(entry, 96, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(f"// {line}".rstrip() for line in text) + "\n"


def _about(plan: LayerPlan) -> str:
    layer = plan.layer
    c, n, d, s, _ = layer.shape
    proximal = 0 if layer.proximal_mask is None else layer.proximal_mask.size
    used = sum(len(x.taps) for column in plan.columns for u in column.neurons for x in u.segments)
    lines = sum(line < plan.sources for line in plan.ramps)
    k = f" (k = {layer.k})" if layer.wta == "k-wta" else ""
    return (
        f"Layer {plan.index}: {c} x {n} neurons"
        + (f" of {d} dendrites of {s} segments" if d * s > 1 else "")
        + f", {layer.synapses} of {layer.mask.size + proximal} synapses left ({used} in use), "
        f"{lines} of {plan.sources} input lines in use, {layer.response.upper()}, "
        f"weights 0 .. {layer.w_max}, {layer.wta}{k}, ties by {layer.tie}"
        + (f", proximal inputs: {layer.proximal}" if layer.proximal != "none" else "")
        + (
            f", time starts at the volley's first spike (0 .. {layer.retime - 1})"
            * bool(layer.retime)
        )
        + "."
    )


def _protocol(plan: Plan) -> str:
    timing, several = plan.timing, len(plan.layers) > 1
    settled = {
        "1-wta": "every column has a winner",
        "t-wta": "a neuron of every column has spiked",
        "k-wta": "as many neurons of every column have spiked as may pass",
        "none": "every neuron that can has spiked",
    }[plan.last.mode]
    return (
        "Protocol. An edge that samples start = 1 begins a sample. The clock after that edge is "
        "time step 0, the next one step 1, and so on; x carries each line's spike as a pulse of "
        "one clock. Inputs are registered: step t is evaluated in the clock after it"
        + (", and one clock later in every further layer" if several else "")
        + f". done rises as soon as {settled}, at the latest {timing.cycles_worst} clocks after "
        "the edge that sampled start, and stays until the next start, which may come at once. rst "
        "or start alone leads out of any state, also out of power-up; with both, rst wins."
    )
