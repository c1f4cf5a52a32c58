"""A column that learns: lines, segments, the one that wins, and when they learn."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning.rule import KINDS, ports
from hls.rtl.learning.segment import Live
from hls.rtl.learning.sizes import Sizes


def column_module(s: Sizes, c: int, kinds: dict[Live, str]) -> str:
    """Return a column: lines, segments, its register, the winner, and the moment of learning."""
    count, p, width = s.segments, s.inputs, s.wres
    items: list[v.Node] = []
    buses = {"age": p * s.timer, "came": p, "spike": count, "keys": count * s.sum}
    for bus, size in buses.items():
        items += v.wire(bus, size)
    for i in range(p):
        pins = {k: v.name(k) for k in ("clk", "clear")} | {"x": v.bit("x", i, p)}
        pins |= {"age": v.field("age", i, s.timer, p), "came": v.bit("came", i, p)}
        items.append(v.instance(f"{s.name}_line", f"line{i}", pins))
    items += _draws(s, c)
    items += _inhibition(s, [g for g in range(count) if s.live(c, g)])
    # What learns sees the winner of this very clock too.
    items += [v.reg("kept", p)]
    now = ast.Cond(v.name("spiked"), v.name("kept"), v.name("came"))
    items += v.wire("early", p, now)
    chain: v.Node = v.name("scan_in")
    for g in range(count):
        live = s.live(c, g)
        if not live:
            items += _silent(s, g)
            continue
        items += v.wire(f"chain{g}", width)
        items.append(v.instance(kinds[live], f"segment{g}", _pins(s, c, g, chain)))
        chain = v.name(f"chain{g}")
    items.append(v.assign("scan_out", chain))
    items += _result(s)
    inputs = {"clk": 1, "rst": 1, "clear": 1, "run": 1, "step": s.time, "update": 1, "x": p}
    inputs |= {"gate": count // s.layer.shape[3]} if s.gated else {}
    outputs = {"settled": 1, "spiked": 1, "winner": s.who, "spike_time": s.time, "scan_out": width}
    return v.module(
        f"{s.name}_column_{c}", inputs | {"scan": 1, "scan_in": width}, outputs, items,
        registered=["spiked", "winner", "spike_time"],
    )  # fmt: skip


def _result(s: Sizes) -> list[v.Node]:
    """Return what keeps the first spike of a sample: whose, when, and which inputs had come."""
    items = v.wire("fires", 1, ast.And(v.name("any"), ast.Unot(v.name("spiked"))))
    items.append(v.assign("settled", ast.Or(v.name("spiked"), v.name("any"))))
    sizes = {"spiked": 1, "winner": s.who, "spike_time": s.time, "kept": s.inputs}
    first = {"spiked": v.number(1, 1), "winner": v.name("best")}
    first |= {"spike_time": v.name("step"), "kept": v.name("came")}
    if s.place:
        items.append(v.reg("place", s.place))
        sizes["place"] = s.place
        first["winner"] = v.part("best", s.who + s.place - 1, s.place)
        first["place"] = v.part("best", s.place - 1, 0)
    reset = [v.load(name, v.number(0, size)) for name, size in sizes.items()]
    keep = [v.load(name, value) for name, value in first.items()]
    store = v.when(ast.And(v.name("run"), v.name("fires")), keep)
    return [*items, v.clocked(v.when(v.name("clear"), reset, store))]


def _draws(s: Sizes, c: int) -> list[v.Node]:
    """Return the column's register and what its draws hit; nothing where no draw matters."""
    assert s.layer.lfsr is not None
    items: list[v.Node] = []
    hits: dict[str, v.Node] = {}
    if s.rule.drawn:
        items += v.wire("state", s.rule.width)
        pins = {k: v.name(k) for k in ("clk", "rst", "state")} | {"step": v.name("update")}
        pins["seed"] = v.number(int(s.layer.lfsr[c]), s.rule.width)
        items.append(v.instance(f"{s.name}_lfsr", "lfsr", pins))
        hits["state"] = v.name("state")
    for port, kind, each in ports(s.rule):
        items += v.wire(port, each * len(s.rule.units(kind)))
        hits[port] = v.name(port)
    return [*items, v.instance(f"{s.name}_draws", "draws", hits)] if hits else items


def _silent(s: Sizes, g: int) -> list[v.Node]:
    """Return the constants of a segment that has lost all its synapses."""
    spike = v.drive(v.bit("spike", g, s.segments), v.number(0, 1))
    return [spike, v.drive(v.field("keys", g, s.sum, s.segments), v.number(0, s.sum))]


def _pins(s: Sizes, c: int, g: int, chain: v.Node) -> dict[str, v.Node]:
    """Return the pins of a segment."""
    layer, count = s.layer, s.segments
    names = ("clk", "rst", "clear", "scan", "update", "age", "came", "early")
    pins = {k: v.name(k) for k in names} | {"scan_in": chain}
    pins["won"] = ast.And(v.name("settled"), ast.Eq(v.name("winning"), s.number(g)))
    if s.gated:
        pins["gate"] = v.bit("gate", g // layer.shape[3], count // layer.shape[3])
    pins["theta"] = v.number(s.threshold(c, g), s.sum)
    first = layer.effective[c].reshape(count, s.inputs)[g]
    pins["first"] = v.concat([v.number(int(w), s.wres) for w in first[::-1]])
    for port, kind, each in ports(s.rule):
        units, row = s.rule.units(kind), s.rule.draws[KINDS.index(kind), g]
        used = row if s.each(kind) else row[:1]
        found = [v.field(port, units.index(int(j)), each, len(units)) for j in used]
        pins[port] = v.concat(found[::-1])
        if port == "search" and s.rule.gated:
            pins[port] = ast.And(pins[port], v.repeat(pins["gate"], len(used)))
    pins["spike"] = v.bit("spike", g, count)
    pins["key"] = v.field("keys", g, s.sum, count)
    return pins | {"scan_out": v.name(f"chain{g}")}


def _inhibition(s: Sizes, live: list[int]) -> list[v.Node]:
    """Return `any`, `best`, the winner of this clock, and `winning`, that of the sample so far.

    Winners of dendrites, of neurons and of the column are first by time, then by tie rule, then by
    index: the first of all segments is the column's.
    """
    count, size, width = s.segments, s.sum, s.who + s.place
    potential = s.layer.tie == "potential"
    items = v.wire("any", 1, ast.Uor(v.name("spike")))
    level = [(v.bit("spike", g, count), v.field("keys", g, size, count), s.number(g)) for g in live]
    level = level or [(v.number(0, 1), v.number(0, size), v.number(0, width))]
    match = 0
    while len(level) > 1:
        above, pairs = level[len(level) & ~1 :], []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            wins: v.Node = ast.Unot(left[0])
            if potential:
                larger = ast.GreaterThan(right[1], left[1])
                wins = ast.And(right[0], ast.Or(wins, larger))
            items += v.wire(f"right{match}", 1, wins)
            chosen = v.name(f"right{match}")
            items += v.wire(f"who{match}", width, ast.Cond(chosen, right[2], left[2]))
            if potential and len(level) > 2:
                items += v.wire(f"key{match}", size, ast.Cond(chosen, right[1], left[1]))
            pairs.append((ast.Or(left[0], right[0]), v.name(f"key{match}"), v.name(f"who{match}")))
            match += 1
        level = pairs + above
    items += v.wire("best", width, level[0][2])
    if not potential or count == 1:
        items += v.unused([v.name("keys")])
    kept = v.concat([v.name("winner"), *([v.name("place")] if s.place else [])])
    return [*items, *v.wire("winning", width, ast.Cond(v.name("spiked"), kept, v.name("best")))]
