"""Verilog-2005 of a layer of columns that learn on the chip."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.errors import Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.ir.stimulus import proximal_lines
from hls.rtl import nodes as v
from hls.rtl.generate import RtlDesign
from hls.rtl.header import ONE_FILE
from hls.rtl.learning.column import column_module
from hls.rtl.learning.header import COMMENTS, header
from hls.rtl.learning.rule import draws_module, lfsr_module, moves, rule_of, synapse_module
from hls.rtl.learning.segment import kinds_of, line_module, segment_module
from hls.rtl.learning.sizes import Sizes
from hls.rtl.planner import check_name
from hls.rtl.ports import Port, ports_of, timing_of

PORTS = frozenset(("learn", "scan", "update", "first"))


def generate_learning(network: FrozenNetwork) -> RtlDesign:
    """Return a circuit whose columns learn, as Verilog.

    After `rst` its weights and registers are those of the frozen network; sample after sample with
    `learn` at 1 it then holds the weights of training with `STDP(source="lfsr")` from there on.

    Args:
        network: one layer with 1-WTA, ties by index or potential, frozen with a rule that draws
            from LFSRs; proximal inputs may enable dendrites. No Retime, no voter.

    Raises:
        Unsupported: for any other.
        InvalidInput: for a network frozen without its rule, or a name that Verilog uses.
    """
    layer = _check(network)
    check_name(network.name, PORTS)
    s = Sizes(network.name, layer, rule_of(layer))
    ports = learning_ports(network)
    kinds = kinds_of(s)
    parts = [header(network, s, ports), COMMENTS["top"] + _top(network, s, ports), ONE_FILE]
    for column in range(layer.shape[0]):
        comment = COMMENTS["column"].format(c=column)
        parts.append(comment + column_module(s, column, kinds))
    for live, label in kinds.items():
        what = COMMENTS["segment" if s.inside > 1 else "neuron"].format(count=len(live))
        parts.append(what + (COMMENTS["gate"] if s.gated else "") + segment_module(s, live, label))
    parts.append(COMMENTS["synapse"] + synapse_module(network.name, s.rule, s.wres))
    parts.append(COMMENTS["line"] + line_module(s))
    if s.rule.drawn:
        parts.append(COMMENTS["lfsr"].format(bits=s.rule.bits) + lfsr_module(network.name, s.rule))
    if moves(s.rule):
        parts.append(COMMENTS["draws"] + draws_module(network.name, s.rule))
    worst = timing_of(network).cycles_worst
    return RtlDesign(network.name, "\n".join(parts), ports, flip_flops(network, s), worst)


def learning_ports(network: FrozenNetwork) -> tuple[Port, ...]:
    """Return the ports of the circuit: those of inference, and what learning adds."""
    *before, last = ports_of(network)
    layer = network.layers[0]
    found = [p for p in (*before, last) if p.direction == "input"]
    results = [p for p in (*before, last) if p.direction == "output"]
    w, count = layer.wres, int(layer.mask.sum())
    more = [
        Port("learn", "input", 1, "1: this sample is learnt", "stable from start until done"),
        Port("scan", "input", 1, "1: all weights move on by one place", "while nothing runs"),
        Port("scan_in", "input", w, f"weight that enters; {count} places", "while scan is 1"),
    ]
    out = Port("scan_out", "output", w, "weight that leaves next: the last synapse first", "always")
    return (*found, *more, *results, out)


def flip_flops(network: FrozenNetwork, s: Sizes) -> int:
    """Return the registers in bits, before synthesis."""
    c, p = s.layer.shape[0], s.inputs
    live = sum(bool(s.live(column, g)) for column in range(c) for g in range(s.segments))
    column = p * (s.timer + 1) + p + (s.rule.width if s.rule.drawn else 0)
    column += 1 + s.who + s.place + s.time
    control = 2 + timing_of(network).step_width
    return int(s.layer.mask.sum()) * s.wres + live * s.held + c * column + control


def _check(network: FrozenNetwork) -> FrozenLayer:
    layer = network.layers[0]
    wrong = {
        "layers": (len(network.layers), 1),
        "WTA": (layer.wta, "1-wta"),
        "Retime": (layer.retime, 0),
        "voter": ("none" if network.votes is None else "one", "none"),
    }
    if layer.proximal == "weighted":
        raise Unsupported(
            "circuit that learns: proximal inputs", got="weighted", expected="none or enable"
        )
    for what, (got, expected) in wrong.items():
        if got != expected:
            raise Unsupported(f"circuit that learns: {what}", got=got, expected=expected)
    return layer


def _top(network: FrozenNetwork, s: Sizes, ports: tuple[Port, ...]) -> str:
    """Return the top: control, and the columns over their lines."""
    timing, layer = timing_of(network), s.layer
    c, inputs = layer.shape[0], network.inputs
    items: list[v.Node] = [v.reg("run", 1), v.reg("step", timing.step_width)]
    items += v.wire("clear", 1, ast.Or(v.name("rst"), v.name("start")))
    items += v.wire("settled", c)
    now = v.name("step")
    if timing.time_width < timing.step_width:
        now = v.part("step", timing.time_width - 1, 0)
    items += _control(network)
    chain: v.Node = v.name("scan_in")
    for column in range(c):
        items += v.wire(f"chain{column}", s.wres)
        taps = [
            v.bit("x", int(i), inputs) if i >= 0 else v.number(0, 1) for i in layer.lines[column]
        ]
        pins = {k: v.name(k) for k in ("clk", "rst", "clear", "run", "update", "scan")}
        pins |= {"step": now, "x": v.concat(taps[::-1]), "scan_in": chain}
        if s.gated:
            pins["gate"] = v.concat(_gates(network, column)[::-1])
        for port, width in (
            ("spiked", 1),
            ("winner", s.who),
            ("spike_time", s.time),
            ("settled", 1),
        ):
            pins[port] = v.field(port, column, width, c)
        chain = pins["scan_out"] = v.name(f"chain{column}")
        items.append(v.instance(f"{network.name}_column_{column}", f"column{column}", pins))
    items.append(v.assign("scan_out", chain))
    read = {int(i) for i in layer.lines.ravel()}
    idle = [v.bit("x", i, inputs) for i in range(inputs) if i not in read]
    levels, used = network.proximal_lines, set(proximal_lines(layer))
    idle += [v.bit("proximal", i, levels) for i in range(levels) if i not in used]
    items += v.unused(idle)
    ins = {p.name: p.width for p in ports if p.direction == "input"}
    outs = {p.name: p.width for p in ports if p.direction == "output"}
    return v.module(network.name, ins, outs, items, registered=["done"])


def _gates(network: FrozenNetwork, column: int) -> list[v.Node]:
    """Return the levels that enable a column's dendrites, neuron by neuron."""
    lines = network.layers[0].proximal_lines
    assert lines is not None
    count = network.proximal_lines
    return [
        v.bit("proximal", int(i), count) if i >= 0 else v.number(1, 1)
        for i in lines[column].ravel()
    ]


def _control(network: FrozenNetwork) -> list[v.Node]:
    """Return what counts steps, ends a sample, and says when all synapses learn."""
    timing, size = timing_of(network), timing_of(network).step_width
    step = v.name("step")
    items: list[v.Node] = []
    early = ast.Uand(v.name("settled"))
    if network.horizon > 1:
        # A sample that is learnt goes on until its last input may have come.
        seen = ast.GreaterEq(step, v.number(network.horizon - 1, size))
        items += v.wire("seen", 1, ast.Or(ast.Unot(v.name("learn")), seen))
        early = ast.And(early, v.name("seen"))
    last = ast.Eq(step, v.number(timing.steps - 1, size))
    items += v.wire("finish", 1, ast.And(v.name("run"), ast.Or(early, last)))
    items += v.wire("update", 1, ast.And(v.name("finish"), v.name("learn")))
    begin = [
        v.load("run", ast.And(v.name("start"), ast.Unot(v.name("rst")))),
        v.load("done", v.number(0, 1)),
        v.load("step", v.number(2**size - 1, size)),
    ]
    stop = [v.load("run", v.number(0, 1)), v.load("done", v.number(1, 1))]
    count = [v.load("step", ast.Plus(step, v.number(1, size)))]
    running = v.when(v.name("run"), [v.when(v.name("finish"), stop, count)])
    return [*items, v.clocked(v.when(v.name("clear"), begin, running))]
