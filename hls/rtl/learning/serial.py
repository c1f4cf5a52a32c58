"""Weights that move in turn: lines that keep their case, and one place in a segment that moves."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning.rule import widths
from hls.rtl.learning.sizes import Sizes
from hls.rtl.learning.synapse import clears, moved


def line_module(s: Sizes) -> str:
    """Return a line: how long ago it spiked, and, from the column's spike on, its case."""
    width, x, came = s.wres, v.name("x"), v.name("came")
    items: list[v.Node] = v.wire("came", 1) if s.timed and "came" not in s.told else []
    registered: dict[str, tuple[int, v.Node]] = {}
    now: v.Node = ast.And(came, v.name("first"))
    if s.timed:
        # The timer's last value stands for early, its first one for late.
        age = v.name("age")
        runs = ast.And(ast.Or(came, x), ast.Unot(ast.Uand(age)))
        older = ast.Plus(age, v.extend(runs, 1, width))
        if s.early:
            kept = ast.Or(ast.Or(age, v.repeat(now, width)), v.extend(x, 1, width))
            older = ast.Cond(v.name("any"), kept, older)
            items.append(v.assign("early", v.bit("age", 1, width)))
        registered["age"] = (width, older)
        items.append(v.assign("came", ast.Uor(age)))
        waits = ast.Unot(ast.Or(came, x))
        items.append(v.assign("limit", ast.Or(age, v.repeat(waits, width))))
    else:
        registered |= {"came": (1, ast.Or(came, x))} if s.came else {}
        registered |= {"early": (1, ast.Or(v.name("early"), now))} if s.early else {}
        items += [v.assign("limit", ast.Unot(x))] if s.ramp else []
    items = [*([v.reg("age", width)] if s.timed else []), *items]
    zero = [v.load(name, v.number(0, size)) for name, (size, _) in registered.items()]
    step = [v.load(name, value) for name, (_, value) in registered.items()]
    if registered:
        items.append(v.clocked(clears(s, zero, step)))
    inputs = {"clk": 1, "clear": 1, "x": 1} | dict.fromkeys(line_inputs(s), 1)
    items += v.unused([v.name(port) for port in inputs if port not in v.names(items)])
    return v.module(f"{s.name}_line", inputs, line_outputs(s), items, registered=list(registered))


def line_inputs(s: Sizes) -> list[str]:
    """Return the signals of the column that a line reads, one bit each."""
    rest = ["run"] if s.options.rest else []
    return rest + ((["any", "first"] if s.timed else ["first"]) if s.early else [])


def line_outputs(s: Sizes) -> dict[str, int]:
    """Return what a line tells, with widths."""
    return dict.fromkeys(s.told, 1) | ({"limit": s.wres} if s.ramp else {})


def synapse_module(s: Sizes) -> str:
    """Return a synapse: its weight, which only moves on to the next one."""
    inputs = synapse_inputs(s)
    items: list[v.Node] = []
    if s.ramp:
        items.append(v.assign("rises", ast.GreaterThan(v.name("weight"), v.name("limit"))))
    shift: v.Node = v.name("shift")
    after: v.Node = v.name("enters")
    if s.options.reset:
        # One enable for both, so that one clock gate serves all weights of a segment.
        shift = ast.Or(v.name("rst"), shift)
        after = ast.Cond(v.name("rst"), v.name("first"), after)
    step = v.when(shift, [v.load("weight", after)])
    items.append(v.clocked(step))
    outputs = {"weight": s.wres} | ({"rises": 1} if s.ramp else {})
    return v.module(f"{s.name}_synapse", inputs, outputs, items, registered=["weight"])


def synapse_inputs(s: Sizes) -> dict[str, int]:
    """Return the inputs of a synapse, with widths."""
    found = {"clk": 1} | ({"rst": 1, "first": s.wres} if s.options.reset else {})
    found |= {"shift": 1, "enters": s.wres}
    return found | ({"limit": s.wres} if s.ramp else {})


def update_inputs(s: Sizes) -> dict[str, int]:
    """Return what the place that moves weights reads beside the weight, with widths."""
    sizes = widths(s.rule)
    found = {"won": 1} | dict.fromkeys(s.told, 1)
    return found | {port: sizes[port] for port, _, _ in s.pins()}


def update_module(s: Sizes) -> str:
    """Return the place of a segment that moves a weight, by at most one."""
    inputs = {"weight": s.wres} | update_inputs(s)
    came, early = v.name("came"), v.name("early")
    items: list[v.Node] = []
    cases = {"absent": ast.Unot(came), "seek": came}
    if s.early:
        cases["late"] = ast.And(came, ast.Unot(early))
    for case in s.rule.cases:
        if case in cases:
            items += v.wire(case, 1, cases[case])
    if s.falls:
        falls = ast.And(v.name("won"), ast.Unot(early)) if s.early else v.name("won")
        items += v.wire("down", 1, falls)
    limit: v.Node | None = None
    if s.bounded:
        each = inputs.get("bound")
        limit = v.number(0, s.wres) if each is None else v.extend(v.name("bound"), each, s.wres)
    more, after = moved(s, limit)
    items += [*more, v.assign("moved", after)]
    items += v.unused([v.name(port) for port in inputs if port not in v.names(items)])
    return v.module(f"{s.name}_update", inputs, {"moved": s.wres}, items)
