"""What the generated Verilog says about itself: the protocol, the ports, every module."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from hls.rtl.plan import Plan


@dataclass(frozen=True)
class Port:
    """A port of the top module.

    Attributes:
        name: its name.
        direction: `input` or `output`.
        width: bits.
        meaning: what it carries.
        valid: when it may be read, or must be stable.
    """

    name: str
    direction: str
    width: int
    meaning: str
    valid: str


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
    "wta index": """\
// Lateral inhibition: of the neurons that spike in this step the one of lowest index wins.
""",
    "wta potential": """\
// Lateral inhibition: of the neurons that spike in this step the one of largest potential wins,
// then the one of lowest index. `keys` are the potentials, all shifted by the same constant.
""",
    "column": """\
// Column {c}: neurons, lateral inhibition, and the result, registered at the first spike.
""",
    "top": """\
// The network: `step` counts time steps from -1, in the clock in which x carries step 0.
""",
}


ONE_FILE = """\
// The only lint rule switched off: one module per file. This file holds the whole design.
// verilator lint_off DECLFILENAME
"""


def ports_of(plan: Plan) -> tuple[Port, ...]:
    """Return the ports of the top module, in order."""
    columns, _, _, _, _ = plan.layer.shape
    steps, last = plan.steps, plan.layer.horizon - 1
    each = "" if columns == 1 else f", {{}} bits per column of {columns}, column 0 lowest"
    done = "while done is 1"
    won = "while done is 1; means something only where spiked is 1"
    return (
        Port("clk", "input", 1, "clock, rising edge; one clock per time step", "always"),
        Port("rst", "input", 1, "synchronous reset, active high; drops a running sample", "always"),
        Port("start", "input", 1, "begin a sample; drops a running one", "one clock"),
        Port(
            "x",
            "input",
            plan.network.inputs,
            "x[i] = 1 for one clock: line i spikes in this time step; at most once per sample",
            f"time steps 0 .. {last}, the first {last + 1} clocks after start",
        ),
        Port(
            "done",
            "output",
            1,
            f"the result is there; at the latest {plan.cycles_worst} clocks after start",
            "always after a first rst or start; falls with the next start",
        ),
        Port(
            "winner",
            "output",
            columns * plan.winner_width,
            "the neuron that spikes first" + each.format(plan.winner_width),
            won,
        ),
        Port("spiked", "output", columns, "1: a neuron of the column spikes", done),
        Port(
            "spike_time",
            "output",
            columns * plan.time_width,
            f"its time step, 0 .. {steps - 1}" + each.format(plan.time_width),
            won,
        ),
    )


def header(plan: Plan, ports: tuple[Port, ...]) -> str:
    """Return the comment at the top of the file."""
    network, layer = plan.network, plan.layer
    c, n, _, _, p = layer.shape
    used = sum(len(neuron.taps) for column in plan.columns for neuron in column.neurons)
    lines = [
        f"{network.name}: temporal neural network, hard-wired weights, written by NeuTNNGen.",
        f"network sha256 {network.hash}",
        "",
        f"{c} x {n} neurons, {layer.synapses} of {c * n * p} synapses left ({used} in use), "
        f"{len(plan.ramps)} of {network.inputs} input lines in use, {layer.response.upper()}, "
        f"weights 0 .. {layer.w_max}, {layer.wta}, ties by {layer.tie}.",
        "",
        "Protocol. An edge that samples start = 1 begins a sample. The clock after that edge is "
        "time step 0, the next one step 1, and so on; x carries each line's spike as a pulse of "
        "one clock. Inputs are registered: step t is evaluated in the clock after it. done rises "
        "as soon as every column has a winner, at the latest "
        f"{plan.cycles_worst} clocks after the edge that sampled start, and stays until the next "
        "start, which may come at once. rst or start alone leads out of any state, also out of "
        "power-up; with both, rst wins.",
        "",
        "Ports (direction, width in bits, meaning; when valid):",
    ]
    text = []
    for line in lines:
        text += textwrap.wrap(line, 96) or [""]
    for port in ports:
        entry = f"{port.name}: {port.direction}, {port.width}, {port.meaning}; {port.valid}."
        text += textwrap.wrap(entry, 96, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(f"// {line}".rstrip() for line in text) + "\n"
