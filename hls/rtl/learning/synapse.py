"""What all neurons share, a line; and what each has of its own, a synapse with its weight."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning.rule import Rule, fixed, widths
from hls.rtl.learning.sizes import Sizes

WHEN = {"early": "capturing", "late": "lowering", "absent": "closing", "seek": "closing"}
"""The column's signal in whose clock a case happens."""


def line_inputs(s: Sizes) -> list[str]:
    """Return the signals of the column that a line reads, one bit each."""
    used = [WHEN[case] for case in s.rule.cases]
    rest = ["run"] if s.options.rest else []
    return rest + list(dict.fromkeys(used)) + (["any"] if s.shared and s.ramp else [])


def line_outputs(s: Sizes) -> dict[str, int]:
    """Return what a line tells all synapses on it, with widths."""
    return dict.fromkeys(s.rule.cases, 1) | ({"limit": s.wres} if s.ramp else {})


def line_module(s: Sizes) -> str:
    """Return a line: how long ago it spiked, and which cases its synapses are in."""
    items: list[v.Node] = []
    x, width = v.name("x"), s.wres
    registered: dict[str, tuple[int, v.Node]] = {}
    if s.timed:
        age = v.name("age")
        came: v.Node = ast.Uor(age)
        fresh: v.Node = ast.Eq(age, v.number(1, width))
        waits: v.Node = ast.Unot(ast.Or(came, x))
        runs = ast.And(ast.Or(came, x), ast.Unot(ast.Uand(age)))
        registered["age"] = (width, ast.Plus(age, v.extend(runs, 1, width)))
        limit: v.Node = ast.Or(age, v.repeat(waits, width))
    else:
        came, fresh = v.name("came"), v.name("fresh")
        if s.came:
            registered["came"] = (1, ast.Or(came, x))
        if s.fresh:
            registered["fresh"] = (1, x)
        limit = ast.Unot(x)
    for name, (size, _) in registered.items():
        items.append(v.reg(name, size))
    facts = {"early": came, "late": fresh, "absent": ast.Unot(came), "seek": came}
    for case in s.rule.cases:
        items.append(v.assign(case, ast.And(v.name(WHEN[case]), facts[case])))
    inputs = {"clk": 1, "clear": 1, "x": 1} | dict.fromkeys(line_inputs(s), 1)
    if s.shared and s.ramp:
        inputs["bound"] = width
        limit = ast.Cond(v.name("any"), v.name("bound"), limit)
    if s.ramp:
        items.append(v.assign("limit", limit))
    zero = [v.load(name, v.number(0, size)) for name, (size, _) in registered.items()]
    step = [v.load(name, value) for name, (_, value) in registered.items()]
    if registered:
        items.append(v.clocked(clears(s, zero, step)))
    items += v.unused([v.name(port) for port in inputs if port not in v.names(items)])
    return v.module(f"{s.name}_line", inputs, line_outputs(s), items)


def clears(s: Sizes, zero: list[v.Node], step: list[v.Node]) -> v.Node:
    """Return what registers of a sample do: begin again, go on, and rest if they are to."""
    if not s.options.rest:
        return v.when(v.name("clear"), zero, step)
    on = v.when(v.name("clear"), zero, step)
    return v.when(ast.Or(v.name("clear"), v.name("run")), [on])


def synapse_inputs(s: Sizes) -> dict[str, int]:
    """Return the inputs of a synapse beside those of its segment's chain, with widths."""
    found = {"won": 1} | ({"down": 1} if s.falls else {}) | line_outputs(s)
    found |= {"bound": s.wres} if s.own or (s.shared and not s.ramp) else {}
    found |= {"any": 1} if s.own and s.ramp else {}
    return found | {p: each for p, each in widths(s.rule).items() if p != "bound"}


def synapse_module(s: Sizes) -> str:
    """Return a synapse: its weight, which moves by at most one, and what it adds to a potential."""
    inputs = {"clk": 1} | s.access | synapse_inputs(s)
    limit: v.Node = v.name("limit") if s.ramp else v.name("bound")
    if s.own and s.ramp:
        limit = ast.Cond(v.name("any"), v.name("bound"), v.name("limit"))
    items, after = moved(s, limit if s.ramp or s.bounded else None)
    items.append(v.clocked(_next(s, after)))
    outputs = {"weight": s.wres} | ({"rises": 1} if s.ramp else {})
    if s.ramp:
        items.append(v.assign("rises", v.name("above")))
    items += v.unused([v.name(port) for port in inputs if port not in v.names(items)])
    return v.module(f"{s.name}_synapse", inputs, outputs, items, registered=["weight"])


def moved(s: Sizes, limit: v.Node | None) -> tuple[list[v.Node], v.Node]:
    """Return what moves `weight` by at most one, and the weight after it.

    Args:
        s: the layer.
        limit: what `above` compares with, None where nothing is compared.
    """
    width, weight = s.wres, v.name("weight")
    items: list[v.Node] = []
    seen: v.Node = weight
    if s.falls:
        # Seen from above where the weight falls, so that it always rises: w_max - w.
        seen = v.name("level")
        items += v.wire("level", width, ast.Xor(weight, v.repeat(v.name("down"), width)))
    if limit is not None:
        items += v.wire("above", 1, ast.GreaterThan(seen if s.bounded else weight, limit))
    move = _move(s)
    if move is False:
        return items, weight
    items += v.wire("move", 1, v.both(move, ast.Unot(ast.Uand(seen))))
    flips = [v.name("move")]
    for place in range(width - 1):
        name = "level" if s.falls else "weight"
        flips.append(v.both(v.name("move"), *(v.bit(name, i, width) for i in range(place + 1))))
    return items, ast.Xor(weight, v.concat(flips[::-1]))


def _next(s: Sizes, after: v.Node) -> v.Node:
    """Return what the weight becomes: the network's, its neighbour's, or what it learnt."""
    scan = [v.load("weight", v.name("scan_in"))]
    step = v.when(v.name("scan"), scan, [v.load("weight", after)])
    if s.options.reset:
        step = v.when(v.name("rst"), [v.load("weight", v.name("first"))], [step])
    return step


def _move(s: Sizes) -> v.Node | bool:
    """Return when a weight moves: the winner's in its cases, all others by search."""
    rule = s.rule

    def case(name: str) -> v.Node | bool:
        draw = rule.cases.get(name)
        return False if draw is None else v.both(v.name(name), _hit(rule, draw))

    moves = v.either(case("early"), case("late"), case("absent"))
    if rule.bracket == "table":
        free = ast.Pointer(v.name("f"), v.name("weight"))
        moves = v.both(moves, v.either(_hit(rule, "floor"), free))
    elif rule.bracket != "none":
        moves = v.both(moves, v.either(_hit(rule, "floor"), v.name("above")))
    below = ast.LessThan(v.name("weight"), v.number(rule.cap, s.wres))
    searches = v.both(case("seek"), True if rule.cap == s.layer.w_max else below)
    if moves is False and searches is False:
        return False
    return ast.Cond(v.name("won"), v.constant(moves), v.constant(searches))


def _hit(rule: Rule, port: str) -> v.Node | bool:
    """Return what a port of the draws is where that is fixed, else a node that reads it."""
    known = fixed(rule, port)
    return v.name(port) if known is None else known
