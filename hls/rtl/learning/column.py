"""A column that learns: lines, neurons of synapses, winner, and when they learn."""

from __future__ import annotations

from dataclasses import dataclass

import pyverilog.vparser.ast as ast

from hls.ir.network import FrozenLayer
from hls.rtl import nodes as v
from hls.rtl.learning.rule import KINDS, Rule, ports
from hls.rtl.ports import bits


@dataclass(frozen=True)
class Sizes:
    """Widths of a layer's signals.

    Attributes:
        name: the network's.
        layer: the layer.
        rule: its learning rule.
    """

    name: str
    layer: FrozenLayer
    rule: Rule

    @property
    def neurons(self) -> int:
        """Neurons of a column."""
        return self.layer.shape[1]

    @property
    def inputs(self) -> int:
        """Inputs of a neuron."""
        return self.layer.shape[4]

    @property
    def wres(self) -> int:
        """Bits of a weight."""
        return self.layer.wres

    @property
    def ramp(self) -> bool:
        """Whether responses ramp up."""
        return self.layer.response == "rnl"

    @property
    def timer(self) -> int:
        """Bits of a line's timer: 1 .. w_max since its spike, or one bit for a step response."""
        return self.wres if self.ramp else 1

    @property
    def potential(self) -> int:
        """Bits of a potential, and of a threshold that nothing may reach."""
        most = max(self.inputs * self.layer.w_max, int(self.layer.theta.max()))
        return bits(most)

    @property
    def who(self) -> int:
        """Bits of the winner's number."""
        return bits(self.neurons - 1)

    @property
    def time(self) -> int:
        """Bits of a spike time."""
        return bits(self.layer.output_horizon - 1)

    def live(self, c: int, n: int) -> list[int]:
        """Return the inputs of a neuron whose synapses are not pruned."""
        return [i for i in range(self.inputs) if self.layer.mask[c, n, 0, 0, i]]

    def shared(self, kind: str, n: int) -> bool:
        """Return whether all synapses of neuron `n` share their draw for a kind."""
        row = self.rule.draws[KINDS.index(kind), n]
        return bool((row == row[0]).all())


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


def neuron_module(s: Sizes, c: int, n: int) -> str:
    """Return a neuron: its synapses in a chain to load and read them, and its potential."""
    live, width, size = s.live(c, n), s.wres, s.potential
    items: list[v.Node] = []
    terms = [v.name("potential")]  # never above what all weights add up to
    chain = v.name("scan_in")
    for i in live:
        items += v.wire(f"w{i}", width)
        age = v.field("age", i, s.timer, s.inputs)
        pins = {k: v.name(k) for k in ("clk", "rst", "scan", "update", "won")}
        pins |= {"first": v.field("first", i, width, s.inputs), "scan_in": chain}
        pins |= {"early": v.bit("early", i, s.inputs), "came": v.bit("came", i, s.inputs)}
        for port, kind, each in ports(s.rule):
            count = 1 if s.shared(kind, n) else s.inputs
            pins[port] = v.field(port, i if count > 1 else 0, each, count)
        pins["weight"] = v.name(f"w{i}")
        items.append(v.instance(f"{s.name}_synapse", f"synapse{i}", pins))
        chain = v.name(f"w{i}")
        if s.ramp:
            busy = ast.And(ast.Uor(age), ast.LessEq(age, v.name(f"w{i}")))
            items += v.wire(f"rising{i}", 1, busy)
            terms.append(v.extend(v.name(f"rising{i}"), 1, size))
        else:
            none = v.number(0, width)
            items += v.wire(f"step{i}", width, ast.Cond(age, v.name(f"w{i}"), none))
            terms.append(v.extend(v.name(f"step{i}"), width, size))
    items.append(v.reg("potential", size))
    items += v.wire("sum", size, v.add(terms))
    items.append(v.assign("spike", ast.GreaterEq(v.name("sum"), v.name("theta"))))
    items.append(v.assign("key", v.name("sum")))
    items.append(v.assign("scan_out", chain))
    held = [v.load("potential", v.name("sum"))]
    reset = [v.load("potential", v.number(0, size))]
    items.append(v.clocked(v.when(v.name("clear"), reset, held)))
    gone = [i for i in range(s.inputs) if i not in live]
    items += v.unused(
        [v.field(bus, i, w, s.inputs) for i in gone
         for bus, w in (("age", s.timer), ("came", 1), ("early", 1), ("first", width))]
    )  # fmt: skip
    inputs = {"clk": 1, "rst": 1, "clear": 1, "scan": 1, "scan_in": width, "update": 1, "won": 1}
    inputs |= {"theta": size, "first": s.inputs * width, "age": s.inputs * s.timer}
    inputs |= {"came": s.inputs, "early": s.inputs}
    for port, kind, each in ports(s.rule):
        inputs[port] = each * (1 if s.shared(kind, n) else s.inputs)
    outputs = {"spike": 1, "key": size, "scan_out": width}
    return v.module(neuron_name(s, c, n), inputs, outputs, items)


def neuron_name(s: Sizes, c: int, n: int) -> str:
    """Return the name of a neuron's module."""
    return f"{s.name}_neuron_{c}_{n}"


def column_module(s: Sizes, c: int) -> str:
    """Return a column: lines, neurons, its register, the winner, and the moment of learning."""
    count, p, width = s.neurons, s.inputs, s.wres
    items: list[v.Node] = []
    for bus, size in (("age", p * s.timer), ("came", p), ("spike", count)):
        items += v.wire(bus, size)
    for bus, size in (("keys", count * s.potential), ("state", s.rule.width)):
        items += v.wire(bus, size)
    for i in range(p):
        pins = {k: v.name(k) for k in ("clk", "clear")} | {"x": v.bit("x", i, p)}
        pins |= {"age": v.field("age", i, s.timer, p), "came": v.bit("came", i, p)}
        items.append(v.instance(f"{s.name}_line", f"line{i}", pins))
    items += _draws(s, c)
    items += _inhibition(s)
    # What learns sees the winner of this very clock too.
    items += [v.reg("kept", p)]
    now = ast.Cond(v.name("spiked"), v.name("kept"), v.name("came"))
    items += v.wire("early", p, now)
    chain: v.Node = v.name("scan_in")
    for n in range(count):
        items += v.wire(f"chain{n}", width)
        items.append(v.instance(neuron_name(s, c, n), f"neuron{n}", _pins(s, c, n, chain)))
        chain = v.name(f"chain{n}")
    items.append(v.assign("scan_out", chain))
    items += v.wire("fires", 1, ast.And(v.name("any"), ast.Unot(v.name("spiked"))))
    items.append(v.assign("settled", ast.Or(v.name("spiked"), v.name("any"))))
    reset = [v.load("spiked", v.number(0, 1)), v.load("winner", v.number(0, s.who))]
    reset += [v.load("spike_time", v.number(0, s.time)), v.load("kept", v.number(0, p))]
    keep = [v.load("spiked", v.number(1, 1)), v.load("winner", v.name("best"))]
    keep += [v.load("spike_time", v.name("step")), v.load("kept", v.name("came"))]
    store = v.when(ast.And(v.name("run"), v.name("fires")), keep)
    items.append(v.clocked(v.when(v.name("clear"), reset, store)))
    inputs = {"clk": 1, "rst": 1, "clear": 1, "run": 1, "step": s.time, "update": 1, "x": p}
    outputs = {"settled": 1, "spiked": 1, "winner": s.who, "spike_time": s.time, "scan_out": width}
    return v.module(
        f"{s.name}_column_{c}", inputs | {"scan": 1, "scan_in": width}, outputs, items,
        registered=["spiked", "winner", "spike_time"],
    )  # fmt: skip


def _draws(s: Sizes, c: int) -> list[v.Node]:
    """Return the column's register and what its draws hit."""
    assert s.layer.lfsr is not None
    pins = {k: v.name(k) for k in ("clk", "rst", "state")} | {"step": v.name("update")}
    pins["seed"] = v.number(int(s.layer.lfsr[c]), s.rule.width)
    items = [v.instance(f"{s.name}_lfsr", "lfsr", pins)]
    hits = {"state": v.name("state")}
    for port, kind, each in ports(s.rule):
        items += v.wire(port, each * len(s.rule.units(kind)))
        hits[port] = v.name(port)
    return [*items, v.instance(f"{s.name}_draws", "draws", hits)]


def _pins(s: Sizes, c: int, n: int, chain: v.Node) -> dict[str, v.Node]:
    """Return the pins of a neuron."""
    layer = s.layer
    names = ("clk", "rst", "clear", "scan", "update", "age", "came", "early")
    pins = {k: v.name(k) for k in names} | {"scan_in": chain}
    won = ast.Eq(v.name("winning"), v.number(n, s.who))
    pins["won"] = ast.And(v.name("settled"), won)
    pins["theta"] = v.number(min(int(layer.theta[c, n]), 2**s.potential - 1), s.potential)
    weights = [v.number(int(w), s.wres) for w in layer.effective[c, n, 0, 0]]
    pins["first"] = v.concat(weights[::-1])
    for port, kind, each in ports(s.rule):
        units, row = s.rule.units(kind), s.rule.draws[KINDS.index(kind), n]
        used = row[:1] if s.shared(kind, n) else row
        found = [v.field(port, units.index(int(j)), each, len(units)) for j in used]
        pins[port] = v.concat(found[::-1])
    pins["spike"] = v.bit("spike", n, s.neurons)
    pins["key"] = v.field("keys", n, s.potential, s.neurons)
    return pins | {"scan_out": v.name(f"chain{n}")}


def _inhibition(s: Sizes) -> list[v.Node]:
    """Return `any`, `best`, the winner of this clock, and `winning`, that of the sample so far."""
    count = s.neurons
    items = v.wire("any", 1, ast.Uor(v.name("spike")))
    level = [
        (v.bit("spike", n, count), v.field("keys", n, s.potential, count), v.number(n, s.who))
        for n in range(count)
    ]
    match = 0
    while len(level) > 1:
        above, pairs = level[len(level) & ~1 :], []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            wins: v.Node = ast.Unot(left[0])
            if s.layer.tie == "potential":
                larger = ast.GreaterThan(right[1], left[1])
                wins = ast.And(right[0], ast.Or(wins, larger))
            items += v.wire(f"right{match}", 1, wins)
            chosen = v.name(f"right{match}")
            items += v.wire(f"who{match}", s.who, ast.Cond(chosen, right[2], left[2]))
            if s.layer.tie == "potential" and len(level) > 2:
                items += v.wire(f"key{match}", s.potential, ast.Cond(chosen, right[1], left[1]))
            pairs.append((ast.Or(left[0], right[0]), v.name(f"key{match}"), v.name(f"who{match}")))
            match += 1
        level = pairs + above
    items += v.wire("best", s.who, level[0][2])
    if s.layer.tie == "index" or count == 1:
        items += v.unused([v.name("keys")])
    winning = ast.Cond(v.name("spiked"), v.name("winner"), v.name("best"))
    return [*items, *v.wire("winning", s.who, winning)]
