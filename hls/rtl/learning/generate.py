"""Verilog-2005 of a layer of columns that learn on the chip."""

from __future__ import annotations

from dataclasses import replace

import pyverilog.vparser.ast as ast

from hls.errors import Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.ir.stimulus import proximal_lines
from hls.rtl import nodes as v
from hls.rtl.generate import RtlDesign
from hls.rtl.header import ONE_FILE
from hls.rtl.learning import serial, synapse
from hls.rtl.learning.column import column_module, ports_of_draws
from hls.rtl.learning.draws import draws_module, lfsr_module
from hls.rtl.learning.header import COMMENTS, header, meaning_of
from hls.rtl.learning.options import LearningOptions
from hls.rtl.learning.rule import moves, ports, rule_of
from hls.rtl.learning.segment import kinds_of, segment_module
from hls.rtl.learning.sizes import Sizes
from hls.rtl.planner import check_name
from hls.rtl.ports import Port, Timing, bits, ports_of, timing_of

PORTS = frozenset(("learn", "scan", "update", "first"))


def generate_learning(network: FrozenNetwork, options: LearningOptions | None = None) -> RtlDesign:
    """Return a circuit whose columns learn, as Verilog.

    After `rst` its weights and registers are those of the frozen network; sample after sample with
    `learn` at 1 it then holds the weights of training with `STDP(source="lfsr")` from there on.

    Args:
        network: one layer with 1-WTA, ties by index or potential, frozen with a rule that draws
            from LFSRs; proximal inputs may enable dendrites. No Retime, no voter.
        options: where draws come from, and how weights are loaded and read (default: registers,
            `rst`, and a chain).

    Raises:
        Unsupported: for any other.
        InvalidInput: for a network frozen without its rule, or a name that Verilog uses.
    """
    layer = _check(network)
    s = Sizes(network.name, layer, rule_of(layer), options or LearningOptions())
    _check_draws(s)
    check_name(network.name, PORTS | set(ports_of_draws(s)))
    found = learning_ports(network, s)
    kinds = kinds_of(s)
    how = " in turn" if s.serial else ""
    parts = [header(network, s, found), COMMENTS[f"top{how}"] + _top(network, s, found), ONE_FILE]
    for column in range(layer.shape[0]):
        comment = COMMENTS[f"column{how}"].format(c=column)
        parts.append(comment + column_module(s, column, kinds))
    for live, label in kinds.items():
        what = COMMENTS["segment" if s.inside > 1 else "neuron"].format(count=len(live))
        parts.append(what + (COMMENTS["gate"] if s.gated else "") + segment_module(s, live, label))
    if s.serial:
        parts.append(COMMENTS["update"] + serial.update_module(s))
        parts.append(COMMENTS["held"] + serial.synapse_module(s))
        parts.append(COMMENTS["kept"] + serial.line_module(s))
    else:
        parts.append(COMMENTS["synapse"] + synapse.synapse_module(s))
        parts.append(COMMENTS["line"] + synapse.line_module(s))
    if s.options.draws == "lfsr":
        if s.rule.drawn:
            lfsr = lfsr_module(network.name, s.rule)
            parts.append(COMMENTS["lfsr"].format(bits=s.rule.bits) + lfsr)
        if moves(s.rule):
            parts.append(COMMENTS["draws"] + draws_module(network.name, s.rule))
    worst = cycles_worst(network, s)
    return RtlDesign(network.name, "\n".join(parts), found, flip_flops(network, s), worst)


def _check_draws(s: Sizes) -> None:
    """Check that a register can serve weights that move in turn."""
    each = [port for port, kind, _ in ports(s.rule) if s.rule.each(kind)]
    if s.serial and s.options.draws == "lfsr" and each:
        raise Unsupported(
            "circuit whose weights move in turn",
            got=f"a draw of every synapse for {', '.join(each)}",
            expected="share and share_f of 'column' or 'neuron', or draws from ports",
        )


def cycles_worst(network: FrozenNetwork, s: Sizes) -> int:
    """Return the clocks from the edge that samples `start` until `done` is high, at most."""
    return _timing(network, s).cycles_worst + (s.inputs if s.serial else 0)


def _timing(network: FrozenNetwork, s: Sizes) -> Timing:
    """Return when things happen: to learn from a spike of the last step takes one more."""
    timing = timing_of(network)
    return timing if s.serial else replace(timing, steps=timing.steps + 1)


def learning_ports(network: FrozenNetwork, s: Sizes) -> tuple[Port, ...]:
    """Return the ports of the circuit: those of inference, and what learning adds."""
    layer = network.layers[0]
    found = [p for p in ports_of(network) if p.direction == "input"]
    results = [p for p in ports_of(network) if p.direction == "output"]
    late = f"at the latest {cycles_worst(network, s)} clocks after start"
    results[0] = replace(results[0], meaning=f"the result is there, and learnt; {late}")
    w, c, count = layer.wres, layer.shape[0], int(layer.mask.sum())
    still = "stable from start until done"
    found.append(Port("learn", "input", 1, "1: this sample is learnt", still))
    for port, kind, each in ports(s.rule) if s.options.draws == "ports" else []:
        units = s.units(kind)
        in_turn = s.serial and s.rule.each(kind)
        when = "for the synapses on line index, while moving is 1" if in_turn else still
        meaning = meaning_of(port, units, each, c)
        found.append(Port(port, "input", c * units * each, meaning, when))
    found += [
        Port("scan", "input", 1, "1: all weights move on by one place", "while nothing runs"),
        Port("scan_in", "input", w, f"weight that enters; {count} places", "while scan is 1"),
    ]
    leaves = "weight that leaves next: the last synapse first"
    results.append(Port("scan_out", "output", w, leaves, "always"))
    if in_turn_ports(s):
        width = bits(s.inputs - 1)
        results.append(Port("moving", "output", 1, "1: weights move in turn", "always"))
        line = "line whose synapses move in this clock"
        results.append(Port("index", "output", width, line, "while moving is 1"))
    return (*found, *results)


def in_turn_ports(s: Sizes) -> bool:
    """Return whether draws come from outside one synapse after the other."""
    kinds = {kind for _, kind, _ in ports(s.rule) if s.rule.each(kind)}
    return s.serial and s.options.draws == "ports" and bool(kinds)


def flip_flops(network: FrozenNetwork, s: Sizes) -> int:
    """Return the registers in bits, before synthesis."""
    c = s.layer.shape[0]
    live = sum(bool(s.live(column, g)) for column in range(c) for g in range(s.segments))
    register = s.rule.width if s.rule.drawn and s.options.draws == "lfsr" else 0
    column = s.inputs * s.line + register + 1 + s.time
    control = 2 + _timing(network, s).step_width
    control += 1 + bits(s.inputs - 1) * (s.inputs > 1) if s.serial else 0
    return int(s.layer.mask.sum()) * s.wres + live * (s.held + 1) + c * column + control


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


def _top(network: FrozenNetwork, s: Sizes, found: tuple[Port, ...]) -> str:
    """Return the top: control, and the columns over their lines."""
    layer, size = s.layer, _timing(network, s).step_width
    c, inputs = layer.shape[0], network.inputs
    items: list[v.Node] = [v.reg("run", 1), v.reg("step", size)]
    again: v.Node = v.name("start")
    shown = ["done", "moving", "index"] if in_turn_ports(s) else ["done"]
    if s.serial:
        again = ast.And(again, ast.Unot(v.name("moving")))  # weights half way round stay in order
        if "moving" not in shown:
            items += [v.reg("moving", 1), v.reg("index", bits(s.inputs - 1))]
    items += v.wire("accepted", 1, again) if s.serial else []
    items += v.wire("clear", 1, ast.Or(v.name("rst"), v.name("accepted" if s.serial else "start")))
    items += v.wire("settled", c)
    now = v.part("step", s.time - 1, 0) if s.time < size else v.name("step")
    items += _control(network, s)
    chain: v.Node = v.name("scan_in")
    for column in range(c):
        taps = [
            v.bit("x", int(i), inputs) if i >= 0 else v.number(0, 1) for i in layer.lines[column]
        ]
        more = ("moving", "index") if s.serial else ("learning",)
        pins = {k: v.name(k) for k in ("clk", "rst", "clear", "run", "update", *more)}
        pins |= {"step": now, "x": v.concat(taps[::-1])}
        if s.gated:
            pins["gate"] = v.concat(_gates(network, column)[::-1])
        results = {"spiked": 1, "winner": s.who, "spike_time": s.time, "settled": 1}
        for port, width in (results | ports_of_draws(s)).items():
            pins[port] = v.field(port, column, width, c)
        items += v.wire(f"chain{column}", s.wres)
        pins |= {"scan": v.name("scan"), "scan_in": chain}
        chain = pins["scan_out"] = v.name(f"chain{column}")
        items.append(v.instance(f"{network.name}_column_{column}", f"column{column}", pins))
    items.append(v.assign("scan_out", chain))
    read = {int(i) for i in layer.lines.ravel()}
    idle = [v.bit("x", i, inputs) for i in range(inputs) if i not in read]
    levels, used = network.proximal_lines, set(proximal_lines(layer))
    idle += [v.bit("proximal", i, levels) for i in range(levels) if i not in used]
    items += v.unused(idle)
    ins = {p.name: p.width for p in found if p.direction == "input"}
    outs = {p.name: p.width for p in found if p.direction == "output"}
    return v.module(network.name, ins, outs, items, registered=shown)


def _gates(network: FrozenNetwork, column: int) -> list[v.Node]:
    """Return the levels that enable a column's dendrites, neuron by neuron."""
    lines = network.layers[0].proximal_lines
    assert lines is not None
    count = network.proximal_lines
    return [
        v.bit("proximal", int(i), count) if i >= 0 else v.number(1, 1)
        for i in lines[column].ravel()
    ]


def _control(network: FrozenNetwork, s: Sizes) -> list[v.Node]:
    """Return what counts steps, ends a sample, and says when synapses learn."""
    steps, size = timing_of(network).steps, _timing(network, s).step_width
    step, learn = v.name("step"), v.name("learn")
    items: list[v.Node] = []
    early = ast.Uand(v.name("settled"))
    if network.horizon > 1:
        # A sample that is learnt goes on until its last input may have come.
        seen = ast.GreaterEq(step, v.number(network.horizon - 1, size))
        items += v.wire("seen", 1, ast.Or(ast.Unot(learn), seen))
        early = ast.And(early, v.name("seen"))
    last: v.Node = v.number(steps - 1, size)
    if not s.serial:
        # A spike of the last step is captured in that step, and the sample ends in the next one.
        last = ast.Cond(learn, v.number(steps, size), last)
        items += v.wire("learning", 1, ast.And(v.name("run"), learn))
    over = ast.Or(early, ast.Eq(step, last))
    items += v.wire("finish", 1, ast.And(v.name("run"), over))
    again = v.name("accepted" if s.serial else "start")
    begin = [
        v.load("run", ast.And(again, ast.Unot(v.name("rst")))),
        v.load("done", v.number(0, 1)),
        v.load("step", v.number(2**size - 1, size)),
    ]
    stop = [v.load("run", v.number(0, 1)), v.load("done", v.number(1, 1))]
    rest: v.Node = None
    if s.serial:
        width, index = bits(s.inputs - 1), v.name("index")
        at_end = ast.Eq(index, v.number(0, width))
        items += v.wire("update", 1, ast.And(v.name("moving"), at_end))
        begin.append(v.load("moving", v.number(0, 1)))
        stop = [v.load("run", v.number(0, 1)), v.load("done", ast.Unot(learn))]
        stop += [v.load("moving", learn), v.load("index", v.number(s.inputs - 1, width))]
        over_ = [v.load("moving", v.number(0, 1)), v.load("done", v.number(1, 1))]
        down = [v.load("index", ast.Minus(index, v.number(1, width)))]
        rest = v.when(v.name("moving"), [v.when(v.name("update"), over_, down)])
    else:
        items += v.wire("update", 1, ast.And(v.name("finish"), learn))
    count = [v.load("step", ast.Plus(step, v.number(1, size)))]
    running = v.when(v.name("run"), [v.when(v.name("finish"), stop, count)], rest)
    return [*items, v.clocked(v.when(v.name("clear"), begin, running))]
