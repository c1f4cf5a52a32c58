"""Stochastic STDP in gates: draws from a register, thresholds, and the rule of one synapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyverilog.vparser.ast as ast

from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer
from hls.rtl import nodes as v
from hls.stabiliser import ONE, stabiliser

KINDS = ("case", "minimum", "stabiliser", "search")
"""What draws are for, in the order of a frozen layer's `lfsr_draws`."""


@dataclass(frozen=True)
class Rule:
    """The learning rule of a layer.

    Attributes:
        thresholds: `capture`, `minus`, `backoff`, `search` and `minimum`, out of 1024.
        up: `F_up` of every weight, out of 1024.
        down: `F_down` of every weight.
        cap: largest weight that search makes.
        width: bits of the register.
        taps: bits of the register whose parity enters at the top.
        draws: int32 `[4, N, P]`, number of the draw of every synapse for each of `KINDS`.
    """

    thresholds: dict[str, int]
    up: tuple[int, ...]
    down: tuple[int, ...]
    cap: int
    width: int
    taps: int
    draws: npt.NDArray[np.int32]

    def units(self, kind: str) -> list[int]:
        """Return the numbers of the draws that serve a kind, ascending."""
        return [int(j) for j in np.unique(self.draws[KINDS.index(kind)])]

    @property
    def ordered(self) -> bool:
        """Whether a draw lets a weight rise from some least one on, and fall up to some most one.

        Then a synapse compares its weight once instead of looking it up.
        """
        ascends = list(self.up) == sorted(self.up) and self.up[-1] == ONE
        descends = list(self.down) == sorted(self.down, reverse=True) and self.down[0] == ONE
        return ascends and descends

    @property
    def bits(self) -> int:
        """Bits that leave the register for each gamma cycle."""
        return 10 * (int(self.draws.max()) + 1)


def rule_of(layer: FrozenLayer) -> Rule:
    """Return the rule that a layer was frozen with.

    Raises:
        InvalidInput: if it was frozen without one.
        Unsupported: for one that no circuit is made for yet.
    """
    found = layer.learning
    if found is None:
        raise InvalidInput(
            "circuit that learns",
            got="a network frozen without its learning rule",
            expected="one frozen with it",
            mend="Freeze with rule=STDP(source='lfsr', ...)",
        )
    wanted = {"kind": "stdp", "source": "lfsr", "after": "column", "reward": False}
    for name, value in wanted.items():
        if found.get(name) != value:
            raise Unsupported(
                f"circuit that learns: {name}", got=repr(found.get(name)), expected=repr(value)
            )
    assert layer.lfsr_draws is not None
    up, down = stabiliser(layer.w_max, found["stabiliser"])
    cap = layer.w_max if found["search_max"] is None else min(found["search_max"], layer.w_max)
    names = ("capture", "minus", "backoff", "search", "minimum")
    thresholds = {name: int(found[name]) for name in names}
    width, taps = int(found["lfsr_width"]), int(found["taps"])
    return Rule(thresholds, up, down, cap, width, taps, layer.lfsr_draws)


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
    numbers = sorted({j for kind in KINDS for j in rule.units(kind)})
    for j in numbers:
        word = [parity(mask, rule.width) for mask in leaving[10 * j : 10 * j + 10]]
        items += v.wire(f"draw{j}", 10, v.concat(word[::-1]))
    outputs: dict[str, int] = {}
    for port, kind, limits in _limits(rule):
        units = rule.units(kind)
        hits = [below(j, limit) for j in units for limit in limits]
        if port in ("least", "most"):
            width = len(limits).bit_length()
            # Limits in order: how many a draw reaches, or stays below, says where it lies.
            if port == "least":
                hits = [ast.Unot(hit) for hit in hits]
            bits = [v.extend(hit, 1, width) for hit in hits]
            size = len(limits)
            hits = [v.add(bits[at : at + size]) for at in range(0, len(bits), size)]
            for number, hit in enumerate(hits):
                items += v.wire(f"{port}{number}", width, hit)
            hits = [v.name(f"{port}{number}") for number in range(len(hits))]
        outputs[port] = len(units) * widths(rule)[port]
        items.append(v.assign(port, v.concat(hits[::-1])))
    compared = {
        j
        for _, kind, limits in _limits(rule)
        for j in rule.units(kind)
        if any(0 < limit < ONE for limit in limits)
    }
    items += v.unused([v.name(f"draw{j}") for j in numbers if j not in compared])
    return v.module(f"{name}_draws", {"state": rule.width}, outputs, items)


def widths(rule: Rule) -> dict[str, int]:
    """Return the bits of each port for one unit of its draws."""
    wres = (len(rule.up) - 1).bit_length()
    return {
        port: wres if port in ("least", "most") else len(limits)
        for port, _, limits in _limits(rule)
    }


def ports(rule: Rule) -> list[tuple[str, str, int]]:
    """Return (port, kind of its draws, bits for each unit) of what the draws hit."""
    return [(port, kind, widths(rule)[port]) for port, kind, _ in _limits(rule)]


def _limits(rule: Rule) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return (port, kind of its draws, limits): one bit for each draw and limit, `draw < limit`.

    Of the ordered stabilisers `least` counts the weights that may not rise, and `most` those above
    0 that may fall.
    """
    of = rule.thresholds
    if rule.ordered:
        moves = [("least", "stabiliser", rule.up[:-1]), ("most", "stabiliser", rule.down[1:])]
    else:
        moves = [("f_up", "stabiliser", rule.up), ("f_down", "stabiliser", rule.down)]
    return [
        ("capture", "case", (of["capture"],)),
        ("minus", "case", (of["minus"],)),
        ("backoff", "case", (of["backoff"],)),
        ("floor", "minimum", (of["minimum"],)),
        *moves,
        ("search", "search", (of["search"],)),
    ]


def below(j: int, limit: int) -> v.Node:
    """Return `draw < limit`."""
    if limit in (0, ONE):
        return v.number(limit // ONE, 1)
    return ast.LessThan(v.name(f"draw{j}"), v.number(limit, 10))


def synapse_module(name: str, rule: Rule, wres: int) -> str:
    """Return a synapse: its weight, which moves by at most one when `update` is 1."""
    w_max, weight = 2**wres - 1, v.name("weight")
    items: list[v.Node] = []
    if rule.ordered:
        may_rise = ast.GreaterEq(weight, v.name("least"))
        may_fall = ast.LessEq(weight, v.name("most"))
    else:
        may_rise, may_fall = (ast.Pointer(v.name(of), weight) for of in ("f_up", "f_down"))
    captured = v.join(ast.And, [v.name("early"), v.name("capture"),
                                ast.Or(v.name("floor"), may_rise)])  # fmt: skip
    searched = ast.And(v.name("came"), v.name("search"))
    if rule.cap < w_max:
        searched = ast.And(searched, ast.LessThan(weight, v.number(rule.cap, wres)))
    late = ast.Cond(v.name("came"), v.name("minus"), v.name("backoff"))
    dropped = v.join(ast.And, [v.name("won"), ast.Unot(v.name("early")), late,
                               ast.Or(v.name("floor"), may_fall)])  # fmt: skip
    items += v.wire("up", 1, ast.Cond(v.name("won"), captured, searched))
    items += v.wire("down", 1, dropped)
    one = v.number(1, wres)
    rise = ast.And(v.name("up"), ast.NotEq(weight, v.number(w_max, wres)))
    fall = ast.And(v.name("down"), ast.NotEq(weight, v.number(0, wres)))
    more, less = (
        [v.load("weight", ast.Plus(weight, one))],
        [v.load("weight", ast.Minus(weight, one))],
    )
    move = v.when(v.name("update"), [v.when(rise, more, v.when(fall, less))])
    shift = v.when(v.name("scan"), [v.load("weight", v.name("scan_in"))], move)
    items.append(v.clocked(v.when(v.name("rst"), [v.load("weight", v.name("first"))], shift)))
    inputs = {"clk": 1, "rst": 1, "first": wres, "scan": 1, "scan_in": wres, "update": 1}
    inputs |= {"won": 1, "early": 1, "came": 1} | widths(rule)
    return v.module(f"{name}_synapse", inputs, {"weight": wres}, items, registered=["weight"])
