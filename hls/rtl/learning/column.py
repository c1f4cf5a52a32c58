"""A column that learns: lines, segments, the one that wins, and when they learn."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning import serial, synapse
from hls.rtl.learning.rule import ports
from hls.rtl.learning.segment import Live, segment_inputs
from hls.rtl.learning.sizes import Sizes
from hls.rtl.ports import bits


def column_module(s: Sizes, c: int, kinds: dict[Live, str]) -> str:
    """Return a column: lines, segments, its register, the winner, and the moments of learning."""
    count, p, width = s.segments, s.inputs, s.wres
    items: list[v.Node] = []
    lines = serial if s.serial else synapse
    told = lines.line_outputs(s)
    buses = {_bus(s, name): p * each for name, each in told.items()}
    for bus, size in (buses | {"spike": count, "wins": count}).items():
        items += v.wire(bus, size)
    items += _moments(s)
    items += _draws(s, c)
    live = [g for g in range(count) if s.live(c, g)]
    items += _bound(s, live)
    items += _turn(s, c, live) if s.serial else []
    for i in range(p):
        pins: dict[str, v.Node] = {k: v.name(k) for k in ("clk", "clear", *lines.line_inputs(s))}
        pins["x"] = v.bit("x", i, p)
        pins |= {"bound": v.name("chosen")} if s.shared and s.ramp else {}
        pins |= {name: v.field(_bus(s, name), i, each, p) for name, each in told.items()}
        items.append(v.instance(f"{s.name}_line", f"line{i}", pins))
    items += _inhibition(s, c, live)
    chain: v.Node = v.name("scan_in")
    for g in range(count):
        if g not in live:
            items.append(v.drive(v.bit("spike", g, count), v.number(0, 1)))
            continue
        pins = _pins(s, c, g, chain)
        items += v.wire(f"chain{g}", width)
        chain = pins["scan_out"] = v.name(f"chain{g}")
        items.append(v.instance(kinds[s.live(c, g)], f"segment{g}", pins))
    items.append(v.assign("scan_out", chain))
    items += _result(s, live)
    inputs = {"clk": 1, "rst": 1, "clear": 1, "run": 1, "step": s.time, "update": 1}
    inputs |= {"moving": 1, "index": bits(p - 1)} if s.serial else {"learning": 1}
    inputs |= {"x": p} | ({"gate": count // s.layer.shape[3]} if s.gated else {})
    inputs |= {"scan": 1, "scan_in": width}
    inputs |= ports_of_draws(s)
    outputs = {"settled": 1, "spiked": 1, "winner": s.who, "spike_time": s.time}
    outputs["scan_out"] = width
    items += v.unused([v.name(port) for port in inputs if port not in v.names(items)])
    return v.module(
        f"{s.name}_column_{c}", inputs, outputs, items, registered=["spiked", "spike_time"]
    )


def ports_of_draws(s: Sizes) -> dict[str, int]:
    """Return the ports by which a column is given what its draws hit, with widths."""
    if s.options.draws == "lfsr":
        return {}
    return {port: each * s.units(kind) for port, kind, each in ports(s.rule)}


def _bus(s: Sizes, name: str) -> str:
    """Return the name of what all lines tell: in turn, that of one line has the plain name."""
    return f"all_{name}" if s.serial and name in s.told else name


def _turn(s: Sizes, c: int, live: list[int]) -> list[v.Node]:
    """Return what the line in turn tells, and which segments have a synapse on it that moves."""
    p, items = s.inputs, []
    for name in s.told:
        bus = _bus(s, name)
        chosen = v.name(bus) if p == 1 else ast.Pointer(v.name(bus), v.name("index"))
        items += v.wire(name, 1, chosen)
    for g in live:
        turn: v.Node = v.name("moving")
        if len(s.live(c, g)) < p:
            mask = sum(1 << i for i in s.live(c, g))
            items += v.wire(f"live{g}", p, v.number(mask, p))
            turn = ast.And(turn, ast.Pointer(v.name(f"live{g}"), v.name("index")))
        items += v.wire(f"turn{g}", 1, turn)
    return items


def _moments(s: Sizes) -> list[v.Node]:
    """Return when its synapses learn: at its first spike, after it, and in the sample's end."""
    items = v.wire("any", 1, ast.Uor(v.name("spike")))
    items += v.wire("first", 1, ast.And(v.name("any"), ast.Unot(v.name("spiked"))))
    if s.serial:
        return [*items, v.assign("settled", ast.Or(v.name("spiked"), v.name("any")))]
    moments = {
        "capturing": ast.And(v.name("learning"), v.name("first")),
        "lowering": ast.And(v.name("learning"), v.name("spiked")),
        "closing": v.name("update"),
    }
    for moment in dict.fromkeys(synapse.WHEN[case] for case in s.rule.cases):
        items += v.wire(moment, 1, moments[moment])
    # What is learnt ends only after every column has captured.
    now = ast.And(v.name("any"), ast.Unot(v.name("learning")))
    items.append(v.assign("settled", ast.Or(v.name("spiked"), now)))
    return items


def _result(s: Sizes, live: list[int]) -> list[v.Node]:
    """Return what keeps the first spike of a sample: that it came, when; and whose it is."""
    won = [[g for g in live if g // s.inside == n] for n in range(s.layer.shape[1])]
    places: list[v.Node] = []
    for place in range(s.who):
        flags = [
            v.bit("spike", g, s.segments) for n, some in enumerate(won) if n >> place & 1
            for g in some
        ]  # fmt: skip
        places.append(v.join(ast.Or, flags) if flags else v.number(0, 1))
    reset = [v.load("spiked", v.number(0, 1)), v.load("spike_time", v.number(0, s.time))]
    keep = [v.load("spiked", v.number(1, 1)), v.load("spike_time", v.name("step"))]
    store = v.when(ast.And(v.name("run"), v.name("first")), keep)
    items = [v.assign("winner", v.concat(places[::-1]))]
    return [*items, v.clocked(v.when(v.name("clear"), reset, store))]


def _draws(s: Sizes, c: int) -> list[v.Node]:
    """Return the column's register and what its draws hit; nothing where no draw matters."""
    assert s.layer.lfsr is not None
    items: list[v.Node] = []
    if s.options.draws == "ports":
        return items
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


def _bound(s: Sizes, live: list[int]) -> list[v.Node]:
    """Return `chosen`, the bound of the stabilising function: that of the segment that wins."""
    if not s.shared:
        return []
    of = {port: (kind, each) for port, kind, each in ports(s.rule)}
    if "bound" not in of:
        return v.wire("chosen", s.wres, v.number(0, s.wres))
    kind, each = of["bound"]
    units = len(s.rule.units(kind))
    if units == 1:
        return v.wire("chosen", s.wres, v.extend(v.name("bound"), each, s.wres))
    found: list[v.Node] = []
    for unit in range(units):
        wins = [v.bit("wins", g, s.segments) for g in live if s.numbers(g, kind) == [unit]]
        if wins:
            mine = v.repeat(v.join(ast.Or, wins), s.wres)
            found.append(ast.And(mine, v.extend(v.field("bound", unit, each, units), each, s.wres)))
    value = v.join(ast.Or, found) if found else v.number(0, s.wres)
    return v.wire("chosen", s.wres, value)


def _pins(s: Sizes, c: int, g: int, chain: v.Node) -> dict[str, v.Node]:
    """Return the pins of a segment."""
    layer, count = s.layer, s.segments
    pins: dict[str, v.Node] = {name: v.name(name) for name in segment_inputs(s)}
    pins["scan_in"] = chain
    pins["won"] = v.bit("wins", g, count)
    if s.serial:
        pins["turn"] = v.name(f"turn{g}")
    if s.shared and not s.ramp:
        pins["bound"] = v.name("chosen")
    if s.gated:
        pins["gate"] = v.bit("gate", g // layer.shape[3], count // layer.shape[3])
    pins["origin"] = v.number(2**s.held - s.threshold(c, g), s.held)
    if s.options.reset:
        first = layer.effective[c].reshape(count, s.inputs)[g]
        pins["first"] = v.concat([v.number(int(w), s.wres) for w in first[::-1]])
    for port, kind, each in s.pins():
        units = s.units(kind)
        found = [v.field(port, place, each, units) for place in s.numbers(g, kind)]
        pins[port] = v.concat(found[::-1])
        if port == "search" and s.rule.gated:
            pins[port] = ast.And(pins[port], v.repeat(pins["gate"], len(found)))
    pins["spike"] = v.bit("spike", g, count)
    if s.by_potential:
        pins["key"] = v.name(f"key{g}")
    return pins


def _inhibition(s: Sizes, c: int, live: list[int]) -> list[v.Node]:
    """Return `wins`: which segment wins, of those that spike.

    Winners of dendrites, of neurons and of the column are first by time, then by tie rule, then by
    index: the first of all segments is the column's.
    """
    count = s.segments
    flags = {g: v.bit("spike", g, count) for g in live}
    wins: dict[int, v.Node] = {}
    items: list[v.Node] = []
    if s.by_potential:
        items, wins = _by_potential(s, c, live)
    else:
        for place, g in enumerate(live):
            before = [flags[h] for h in live[:place]]
            wins[g] = ast.And(flags[g], ast.Unot(v.join(ast.Or, before))) if before else flags[g]
    found = [wins.get(g, v.number(0, 1)) for g in range(count)]
    return [*items, v.assign("wins", v.concat(found[::-1]))]


def _by_potential(s: Sizes, c: int, live: list[int]) -> tuple[list[v.Node], dict[int, v.Node]]:
    """Return a tournament of potentials, and for each segment whether it wins all its matches."""
    items: list[v.Node] = []
    conditions: dict[int, list[v.Node]] = {}
    level: list[tuple[v.Node, v.Node, list[int]]] = []
    for g in live:
        items += v.wire(f"key{g}", s.held)
        key: v.Node = v.extend(v.name(f"key{g}"), s.held, s.key)
        if s.key > s.held:
            items += v.wire(f"height{g}", s.key, ast.Plus(key, v.number(s.threshold(c, g), s.key)))
            key = v.name(f"height{g}")
        conditions[g] = [v.bit("spike", g, s.segments)]
        level.append((conditions[g][0], key, [g]))
    match = 0
    while len(level) > 1:
        above, pairs = level[len(level) & ~1 :], []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            larger = ast.GreaterThan(right[1], left[1])
            wins = ast.And(right[0], ast.Or(ast.Unot(left[0]), larger))
            items += v.wire(f"right{match}", 1, wins)
            chosen = v.name(f"right{match}")
            for g in left[2]:
                conditions[g].append(ast.Unot(chosen))
            for g in right[2]:
                conditions[g].append(chosen)
            if len(level) > 2:
                items += v.wire(f"best{match}", s.key, ast.Cond(chosen, right[1], left[1]))
            pairs.append((ast.Or(left[0], right[0]), v.name(f"best{match}"), left[2] + right[2]))
            match += 1
        level = pairs + above
    return items, {g: v.join(ast.And, some) for g, some in conditions.items()}
