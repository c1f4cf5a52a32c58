"""What a column that learns is made of: its lines, and segments of synapses."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning.rule import ports
from hls.rtl.learning.sizes import Sizes

Live = tuple[int, ...]


def line_module(s: Sizes) -> str:
    """Return a line: how long ago it spiked, while a ramp lasts, and that it did."""
    width, name = s.timer, v.name("age")
    zero = [v.load("age", v.number(0, width)), v.load("came", v.number(0, 1))]
    mark = v.when(v.name("x"), [v.load("came", v.number(1, 1))])
    if s.ramp:
        last = ast.Eq(name, v.number(s.layer.w_max, width))
        older = v.when(last, [v.load("age", v.number(0, width))],
                       [v.load("age", ast.Plus(name, v.number(1, width)))])  # fmt: skip
        first = [v.load("age", v.extend(v.name("x"), 1, width))]
        step = v.when(ast.Eq(name, v.number(0, width)), first, older)
    else:
        step = ast.Block((v.load("age", v.name("x")),))
    body = v.clocked(v.when(v.name("clear"), zero, [step, mark]))
    return v.module(
        f"{s.name}_line", {"clk": 1, "clear": 1, "x": 1}, {"age": width, "came": 1}, [body],
        registered=["age", "came"],
    )  # fmt: skip


def kinds_of(s: Sizes) -> dict[Live, str]:
    """Return the module of every set of unpruned inputs that a segment has; none for no input."""
    c, count = s.layer.shape[0], s.segments
    found = dict.fromkeys(s.live(column, g) for column in range(c) for g in range(count))
    named = [live for live in found if live]
    one = f"{s.name}_segment" if s.inside > 1 else f"{s.name}_neuron"
    if len(named) == 1:
        return {named[0]: one}
    return {live: f"{one}_{number}" for number, live in enumerate(named)}


def segment_module(s: Sizes, live: Live, label: str) -> str:
    """Return a segment: its synapses in a chain to load and read them, and its potential."""
    items: list[v.Node] = []
    terms = [v.extend(v.name("potential"), s.held, s.sum)]
    chain = v.name("scan_in")
    for i in live:
        items += _synapse(s, i, chain)
        items += _response(s, i)
        chain = v.name(f"w{i}")
        wide = 1 if s.ramp else s.wres
        terms.append(v.extend(v.name(f"response{i}"), wide, s.sum))
    items.append(v.reg("potential", s.held))
    items += v.wire("sum", s.sum, v.add(terms))
    reached = ast.GreaterEq(v.name("sum"), v.name("theta"))
    items.append(v.assign("spike", ast.And(reached, v.name("gate")) if s.gated else reached))
    items.append(v.assign("key", v.name("sum")))
    items.append(v.assign("scan_out", chain))
    held = [v.load("potential", v.part("sum", s.held - 1, 0) if s.held < s.sum else v.name("sum"))]
    reset = [v.load("potential", v.number(0, s.held))]
    items.append(v.clocked(v.when(v.name("clear"), reset, held)))
    buses = {"first": s.wres, "age": s.timer, "came": 1, "early": 1}
    buses |= {port: each for port, kind, each in ports(s.rule) if s.each(kind)}
    gone = [i for i in range(s.inputs) if i not in live]
    items += v.unused([v.field(bus, i, w, s.inputs) for i in gone for bus, w in buses.items()])
    return v.module(label, segment_inputs(s), {"spike": 1, "key": s.sum, "scan_out": s.wres}, items)


def segment_inputs(s: Sizes) -> dict[str, int]:
    """Return the widths of a segment's inputs by name."""
    found = {"clk": 1, "rst": 1, "clear": 1, "scan": 1, "scan_in": s.wres, "update": 1, "won": 1}
    found |= {"gate": 1} if s.gated else {}
    found |= {"theta": s.sum, "first": s.inputs * s.wres, "age": s.inputs * s.timer}
    found |= {"came": s.inputs, "early": s.inputs}
    return found | {port: each * s.draws(kind) for port, kind, each in ports(s.rule)}


def _synapse(s: Sizes, i: int, chain: v.Node) -> list[v.Node]:
    """Return the synapse on input `i`, whose weight follows `chain`."""
    pins = {name: v.name(name) for name in ("clk", "rst", "scan", "update", "won")}
    pins |= {"first": v.field("first", i, s.wres, s.inputs), "scan_in": chain}
    pins |= {"early": v.bit("early", i, s.inputs), "came": v.bit("came", i, s.inputs)}
    for port, kind, each in ports(s.rule):
        pins[port] = v.field(port, i if s.each(kind) else 0, each, s.draws(kind))
    pins["weight"] = v.name(f"w{i}")
    return [*v.wire(f"w{i}", s.wres), v.instance(f"{s.name}_synapse", f"synapse{i}", pins)]


def _response(s: Sizes, i: int) -> list[v.Node]:
    """Return what the synapse on input `i` adds to the potential in this time step."""
    age, weight = v.field("age", i, s.timer, s.inputs), v.name(f"w{i}")
    if s.ramp:
        rises = ast.And(ast.Uor(age), ast.LessEq(age, weight))
        return v.wire(f"response{i}", 1, rises)
    return v.wire(f"response{i}", s.wres, ast.Cond(age, weight, v.number(0, s.wres)))
