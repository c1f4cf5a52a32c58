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
        draws: int32 `[4, G, P]`, number of the draw of every synapse of every segment for each of
            `KINDS`.
        gated: whether only segments of enabled dendrites search.
    """

    thresholds: dict[str, int]
    up: tuple[int, ...]
    down: tuple[int, ...]
    cap: int
    width: int
    taps: int
    draws: npt.NDArray[np.int32]
    gated: bool = False

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
    def drawn(self) -> bool:
        """Whether any draw decides anything: else there is no register."""
        return any(0 < u < ONE for _, _, limits in moves(self) for u in limits)

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
    gated = layer.proximal == "enable" and found["search_scope"] == "enabled"
    up, down = stabiliser(layer.w_max, found["stabiliser"])
    cap = layer.w_max if found["search_max"] is None else min(found["search_max"], layer.w_max)
    names = ("capture", "minus", "backoff", "search", "minimum")
    thresholds = {name: int(found[name]) for name in names}
    width, taps = int(found["lfsr_width"]), int(found["taps"])
    return Rule(thresholds, up, down, cap, width, taps, layer.lfsr_draws, gated)


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
    outputs: dict[str, int] = {}
    for port, kind, limits in moves(rule):
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


def widths(rule: Rule) -> dict[str, int]:
    """Return the bits of each port for one unit of its draws."""
    wres = (len(rule.up) - 1).bit_length()
    return {
        port: wres if port in ("least", "most") else len(limits) for port, _, limits in moves(rule)
    }


def ports(rule: Rule) -> list[tuple[str, str, int]]:
    """Return (port, kind of its draws, bits for each unit) of what the draws hit."""
    return [(port, kind, widths(rule)[port]) for port, kind, _ in moves(rule)]


def moves(rule: Rule) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return (port, kind of its draws, limits): one bit for each draw and limit, `draw < limit`.

    Of the ordered stabilisers `least` counts the weights that may not rise, and `most` those above
    0 that may fall. What is the same for every draw and weight has no port: see `fixed`.
    """
    of = rule.thresholds
    if rule.ordered:
        bracket = [("least", rule.up[:-1]), ("most", rule.down[1:])]
    else:
        bracket = [("f_up", rule.up), ("f_down", rule.down)]
    found: list[tuple[str, str, tuple[int, ...]]] = [
        (name, "case", (of[name],)) for name in ("capture", "minus", "backoff")
    ]
    found += [("floor", "minimum", (of["minimum"],))]
    found += [(port, "stabiliser", limits) for port, limits in bracket]
    found += [("search", "search", (of["search"],))]
    return [one for one in found if fixed(rule, one[0]) is None]


def fixed(rule: Rule, port: str) -> bool | None:
    """Return what a port of the draws always is, None where that depends on draws or weights.

    The bracket of the stabilising function counts as 1 where its floor always holds.
    """
    of = rule.thresholds
    if port in ("least", "f_up"):
        return True if of["minimum"] == ONE or min(rule.up) == ONE else None
    if port in ("most", "f_down"):
        return True if of["minimum"] == ONE or min(rule.down) == ONE else None
    if port == "search" and rule.gated and of["search"] == ONE:
        return None  # the gate alone
    limit = of["minimum" if port == "floor" else port]
    return {0: False, ONE: True}.get(limit)


def below(j: int, limit: int) -> v.Node:
    """Return `draw < limit`."""
    if limit in (0, ONE):
        return v.number(limit // ONE, 1)
    return ast.LessThan(v.name(f"draw{j}"), v.number(limit, 10))


def synapse_module(name: str, rule: Rule, wres: int) -> str:
    """Return a synapse: its weight, which moves by at most one when `update` is 1."""
    w_max, weight, one = 2**wres - 1, v.name("weight"), v.number(1, wres)
    up, down = _up(rule, wres), _down(rule)
    steps: list[tuple[v.Node, v.Node]] = []
    items: list[v.Node] = []
    for which, moved, end, to in (("up", up, w_max, ast.Plus), ("down", down, 0, ast.Minus)):
        if moved is False:
            continue
        items += v.wire(which, 1, moved)
        free = ast.NotEq(weight, v.number(end, wres))
        steps.append((ast.And(v.name(which), free), to(weight, one)))
    branch: v.Node = ()
    for condition, value in steps[::-1]:
        branch = v.when(condition, [v.load("weight", value)], branch)
    hold = v.when(v.name("update"), [branch]) if steps else ()
    shift = v.when(v.name("scan"), [v.load("weight", v.name("scan_in"))], hold)
    items.append(v.clocked(v.when(v.name("rst"), [v.load("weight", v.name("first"))], shift)))
    inputs = {"clk": 1, "rst": 1, "first": wres, "scan": 1, "scan_in": wres, "update": 1}
    inputs |= {"won": 1, "early": 1, "came": 1} | widths(rule)
    items += v.unused([v.name(port) for port in inputs if port not in v.names(items)])
    return v.module(f"{name}_synapse", inputs, {"weight": wres}, items, registered=["weight"])


def _up(rule: Rule, wres: int) -> v.Node | bool:
    """Return when a weight rises: the winner captures, all others search."""
    weight = v.name("weight")
    ordered = ast.GreaterEq(weight, v.name("least"))
    rises = ordered if rule.ordered else ast.Pointer(v.name("f_up"), weight)
    bracket = v.either(_hit(rule, "floor"), _hit(rule, "least", rises))
    captured = v.both(v.name("early"), _hit(rule, "capture"), bracket)
    below_cap = rule.cap == 2**wres - 1 or ast.LessThan(weight, v.number(rule.cap, wres))
    searched = v.both(v.name("came"), _hit(rule, "search"), below_cap if rule.cap else False)
    if searched is False:
        return v.both(v.name("won"), captured)
    return ast.Cond(v.name("won"), v.constant(captured), v.constant(searched))


def _down(rule: Rule) -> v.Node | bool:
    """Return when a weight of the winner falls: its input came late, or not at all."""
    came, early = v.name("came"), v.name("early")
    minus, backoff = _hit(rule, "minus"), _hit(rule, "backoff")
    if minus is False:
        late = v.both(ast.Unot(came), backoff)  # what did not come was not early
    elif backoff is False:
        late = v.both(came, ast.Unot(early), minus)
    elif minus is True and backoff is True:
        late = ast.Unot(early)
    else:
        late = ast.And(ast.Unot(early), ast.Cond(came, v.constant(minus), v.constant(backoff)))
    ordered = ast.LessEq(v.name("weight"), v.name("most"))
    falls = ordered if rule.ordered else ast.Pointer(v.name("f_down"), v.name("weight"))
    bracket = v.either(_hit(rule, "floor"), _hit(rule, "most", falls))
    return v.both(v.name("won"), late, bracket)


def _hit(rule: Rule, port: str, node: v.Node = None) -> v.Node | bool:
    """Return what a port is where that is fixed, else a node that reads it."""
    if port in ("least", "most") and not rule.ordered:
        port = {"least": "f_up", "most": "f_down"}[port]
    known = fixed(rule, port)
    if known is not None:
        return known
    return v.name(port) if node is None else node
