"""Where draws come from: a register for each column, and what its bits hit; both as numbers too."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning.rule import Rule, moves, ports, widths
from hls.stabiliser import ONE


def masks(rule: Rule) -> tuple[list[int], list[int]]:
    """Return of which bits of the register those that leave it, and the next ones, are parities.

    Everything that a shift register does is linear, so that a whole gamma cycle's bits are parities
    of its state, and so is the state after them.
    """
    state = [1 << place for place in range(rule.width)]
    leaving = []
    for _ in range(rule.bits):
        entering = 0
        for place in range(rule.width):
            if rule.taps >> place & 1:
                entering ^= state[place]
        leaving.append(state[0])
        state = [*state[1:], entering]
    return leaving, state


def parity(mask: int, width: int) -> v.Node:
    """Return the parity of the bits of `state` in a mask."""
    places = [place for place in range(width) if mask >> place & 1]
    if len(places) == 1:
        return v.bit("state", places[0], width)
    return ast.Uxor(ast.And(v.name("state"), v.number(mask, width)))


def lfsr_module(name: str, rule: Rule) -> str:
    """Return the register: `step` moves it by all bits of a gamma cycle at once."""
    _, after = masks(rule)
    moved = v.concat([parity(mask, rule.width) for mask in after[::-1]])
    start, step = [v.load("state", v.name("seed"))], [v.load("state", moved)]
    body = v.clocked(v.when(v.name("rst"), start, v.when(v.name("step"), step)))
    inputs = {"clk": 1, "rst": 1, "step": 1, "seed": rule.width}
    return v.module(f"{name}_lfsr", inputs, {"state": rule.width}, [body], registered=["state"])


def draws_module(name: str, rule: Rule) -> str:
    """Return what compares the draws of a gamma cycle with the probabilities."""
    leaving, _ = masks(rule)
    items: list[v.Node] = []
    for j in _compared(rule):
        word = [parity(mask, rule.width) for mask in leaving[10 * j : 10 * j + 10]]
        items += v.wire(f"draw{j}", 10, v.concat(word[::-1]))
    for port, kind, limits in moves(rule):
        units, size = rule.units(kind), widths(rule)[port]
        hits = [below(j, limit) for j in units for limit in limits]
        if port == "bound":
            missed = [v.extend(ast.Unot(hit), 1, size) for hit in hits]
            count = len(limits)
            hits = [v.add(missed[at : at + count]) for at in range(0, len(missed), count)]
            for number, hit in enumerate(hits):
                items += v.wire(f"{port}{number}", size, hit)
            hits = [v.name(f"{port}{number}") for number in range(len(hits))]
        items.append(v.assign(port, v.concat(hits[::-1])))
    outputs = {port: each * len(rule.units(kind)) for port, kind, each in ports(rule)}
    inputs = {"state": rule.width} if rule.drawn else {}
    return v.module(f"{name}_draws", inputs, outputs, items)


def _compared(rule: Rule) -> list[int]:
    """Return the numbers of the draws that decide something, ascending."""
    found = {
        j
        for _, kind, limits in moves(rule)
        for j in rule.units(kind)
        if any(0 < limit < ONE for limit in limits)
    }
    return sorted(found)


def below(j: int, limit: int) -> v.Node:
    """Return `draw < limit`."""
    if limit in (0, ONE):
        return v.number(limit // ONE, 1)
    return ast.LessThan(v.name(f"draw{j}"), v.number(limit, 10))


def hits(rule: Rule, state: int) -> tuple[dict[str, int], int]:
    """Return what the draws of a gamma cycle hit, port by port, and the register after them.

    The same as `draws_module` and `lfsr_module` give, to play them to a circuit whose draws are
    ports.
    """
    leaving, after = masks(rule)
    found: dict[str, int] = {}
    for port, kind, limits in moves(rule):
        value, size = 0, widths(rule)[port]
        for place, j in enumerate(rule.units(kind)):
            draw = _read(leaving[10 * j : 10 * j + 10], state)
            one = sum((draw < limit) << at for at, limit in enumerate(limits))
            if port == "bound":
                one = sum(draw >= limit for limit in limits)
            value |= one << place * size
        found[port] = value
    return found, _read(after, state)


def _read(rows: list[int], state: int) -> int:
    """Return the parities of a register's bits in each mask, the first one lowest."""
    return sum(((state & mask).bit_count() & 1) << place for place, mask in enumerate(rows))
