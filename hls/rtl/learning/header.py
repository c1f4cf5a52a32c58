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
// The columns over their lines, and control: `learning` is 1 while a sample runs that is learnt,
// `update` in its last clock.
""",
    "column": """\
// Column {c}: `any` rises when its first segment spikes and stays. Of what is learnt the winner
// captures in that clock (`first`), lowers what comes later (`spiked`), and in the last clock what
// never came; all others search in the last clock.
""",
    "top in turn": """\
// The columns over their lines, and control: behind a sample that is learnt `moving` is 1 while
// `index` counts down over all lines; `update` is 1 in the last clock of that.
""",
    "column in turn": """\
// Column {c}: `any` rises when its first segment spikes and stays; lines then keep whether they
// came early. `came` and `early` are those of the line in turn.
""",
    "neuron": """\
// A neuron of {count} synapses. `potential` adds up the responses; it starts `theta` below a power
// of two, so that the bits above it say that theta is reached. `spike` keeps that, of the winner.
""",
    "segment": """\
// A segment of {count} synapses. `potential` adds up the responses; it starts `theta` below a power
// of two, so that the bits above it say that theta is reached. `spike` keeps that, of the winner.
""",
    "gate": """\
// It spikes only where `gate`, the level of its dendrite, is 1.
""",
    "synapse": """\
// A synapse: its weight, which moves by one at most. `level` is the weight where it may rise, and
// w_max less the weight where it may fall, so that it always counts up. One comparator serves the
// response and, after the column's spike, the bound of the stabilising function.
""",
    "line": """\
// An input line: its timer counts from its spike and stays at its end. `limit` is what a weight
// must exceed to respond in this step; it is the bound of learning once the column has spiked.
""",
    "update": """\
// Where a segment's weights move, one after the other, by one at most: the one of the line in turn.
// `level` is the weight where it may rise, and w_max less the weight where it may fall, so that it
// always counts up.
""",
    "held": """\
// A synapse: its weight, which moves on to the next synapse when its segment's chain shifts.
""",
    "kept": """\
// An input line: its timer counts from its spike and stays at its end. When the column spikes it
// jumps there where the line has spiked (early), and a line that spikes later leaves it at 1.
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


IN_PLACE = (
    "Weights move from the column's spike on, the last ones at the edge at which done rises; a "
    "sample that start or rst drops has learnt what it had until then. "
)


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
        "not before the last input may have come. "
        + ("" if s.serial else IN_PLACE)
        + "The next start may come at once. "
        + _weights(s),
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


def _weights(s: Sizes) -> str:
    """Return how weights get in and out."""
    register = "the registers" if s.rule.drawn and s.options.draws == "lfsr" else ""
    loads = " and ".join(filter(None, ["weights" if s.options.reset else "", register]))
    text = f"rst loads {loads} of the frozen network. " if loads else ""
    if not s.options.reset:
        text += "Weights are unknown until they are scanned in. "
    if s.serial:
        text += (
            f"After a sample that is learnt the weights go round once, {s.inputs} clocks, before "
            "done rises; start is not taken meanwhile. "
        )
        if not s.options.reset:
            text += "rst meanwhile leaves them where they are: scan them in again. "
    silent = "what is to be silent in inference is scanned in as 0."
    return text + f"A weight of 0 does not respond: {silent}"


MEANINGS = {
    "capture": "1: the draw lets capture move a weight",
    "minus": "1: the draw lets minus move a weight",
    "backoff": "1: the draw lets backoff move a weight",
    "search": "1: the draw lets search move a weight",
    "floor": "1: the draw lets a weight move whatever the stabilising function says",
    "bound": "the weight, or its complement where it falls, above which the stabilising function "
    "lets it move",
    "f": "bit w is 1: the stabilising function lets a weight of w move",
}
"""What the draws hit, by port."""


def meaning_of(port: str, units: int, each: int, columns: int) -> str:
    """Return what a port of draws carries."""
    size = "1 bit" if each == 1 else f"{each} bits"
    who = f"{size} for each of {units} draws" + (f" of {columns} columns" if columns > 1 else "")
    return f"{MEANINGS[port]}; {who}, the first lowest"
