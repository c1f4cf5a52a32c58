"""What the Verilog of a circuit that learns says about itself."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from hls.ir.network import FrozenNetwork
from hls.rtl.ports import Port

if TYPE_CHECKING:
    from hls.rtl.learning.sizes import Sizes

COMMENTS = {
    "top": """\
// The columns over their lines, and control: `update` is 1 in the last clock of a sample that is
// learnt; the edge that ends it moves all weights and registers.
""",
    "column": """\
// Column {c}: `kept` holds which inputs had come when its winner spiked; in the clock of `update`
// the winner captures these and lowers the others, everything else searches.
""",
    "neuron": """\
// A neuron of {count} synapses, whose weights form a chain in which `scan` moves them on;
// `potential` adds up the responses until the column's spike; after it its value does not matter.
""",
    "segment": """\
// A segment of {count} synapses, whose weights form a chain in which `scan` moves them on;
// `potential` adds up the responses until the column's spike; after it its value does not matter.
""",
    "gate": """\
// It spikes only where `gate`, the level of its dendrite, is 1.
""",
    "synapse": """\
// A synapse: its weight. `first` is its value after rst; f_up and f_down say for every weight
// whether the stabilising function lets it move.
""",
    "line": """\
// An input line: `age` counts from its spike while the longest ramp lasts, then rests at 0; `came`
// stays.
""",
    "lfsr": """\
// The column's shift register, moved by the {bits} bits of a whole gamma cycle in one clock: each
// next bit is a parity of bits of now.
""",
    "draws": """\
// The draws of a gamma cycle, ten bits each as they would leave the register one after the other,
// and which probabilities they stay below.
""",
}


def header(network: FrozenNetwork, s: Sizes, ports: tuple[Port, ...]) -> str:
    """Return the file's comment: what it is, its protocol, its ports."""
    c, n, d, segments, p = s.layer.shape
    inside = "" if s.inside == 1 else f"{d} x {segments} segments of "
    lines = [
        f"{network.name}: {c} x {n} neurons of {inside}{p} synapses that learn, "
        f"{int(s.layer.mask.sum())} synapses in all, {s.layer.response.upper()}, weights 0 .. "
        f"{s.layer.w_max}, 1-wta, ties by {s.layer.tie}.",
        f"network sha256 {network.hash}",
        "Protocol. An edge that samples start = 1 begins a sample. The clock after that edge is "
        "time step 0, the next one step 1, and so on; x carries each line's spike as a pulse of "
        "one clock. With learn = 0 done rises as soon as every column has a winner; with learn = 1 "
        "not before the last input may have come. The edge at which done rises also moves the "
        "weights. The next start may come at once. rst loads weights and registers of the frozen "
        "network. A weight of 0 does not respond: what is to be silent in inference is scanned in "
        "as 0.",
        *([] if s.rule.drawn else ["Every case is certain: there is no register for draws."]),
        "Ports.",
    ]
    text = []
    for line in lines:
        text += textwrap.wrap(line, 96)
    for port in ports:
        entry = f"{port.name}: {port.direction}, {port.width}, {port.meaning}; {port.valid}."
        text += textwrap.wrap(entry, 96, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(f"// {line}".rstrip() for line in text) + "\n"
