"""Stochastic STDP as constants: thresholds of its draws, and what depends on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer
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
        """Whether a draw lets all weights above some bound rise, and their complements fall.

        Then one bound serves both ways, and a synapse compares instead of looking up.
        """
        ascends = list(self.up) == sorted(self.up) and (self.up[0], self.up[-1]) == (0, ONE)
        return ascends and self.down == self.up[::-1]

    @property
    def bracket(self) -> str:
        """Return what the stabilising function and its floor need.

        `none`: they always let a weight move; `shared`: a bound for all synapses of the one segment
        that moves by them; `own`: a bound for each synapse; `table`: a bit for each weight.
        """
        if self.thresholds["minimum"] == ONE or min(self.up) == ONE:
            return "none"
        if not self.ordered:
            return "table"
        drawn = len(self.up) > 2  # of weights of one bit the bound is 0
        return "own" if drawn and self.each("stabiliser") else "shared"

    @property
    def cases(self) -> dict[str, str]:
        """Return the cases of a synapse that can happen, and the draw that each needs."""
        found = {"early": "capture", "late": "minus", "absent": "backoff", "seek": "search"}
        never = {case for case, draw in found.items() if self.thresholds[draw] == 0}
        never |= {"seek"} if self.cap == 0 else set()
        if self.thresholds["minimum"] == 0 and max(self.up) == 0 and max(self.down) == 0:
            never |= {"early", "late", "absent"}
        return {case: draw for case, draw in found.items() if case not in never}

    @property
    def drawn(self) -> bool:
        """Whether any draw decides anything: else there is no register."""
        return any(0 < u < ONE for _, _, limits in moves(self) for u in limits)

    @property
    def bits(self) -> int:
        """Bits that leave the register for each gamma cycle."""
        return 10 * (int(self.draws.max()) + 1)

    def each(self, kind: str) -> bool:
        """Return whether every synapse of a segment has a draw of its own for a kind."""
        rows = self.draws[KINDS.index(kind)]
        return bool((rows != rows[:, :1]).any())


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


def moves(rule: Rule) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return (port, kind of its draws, limits): what the draws of a gamma cycle decide.

    A port has one bit for each draw and limit, `draw < limit`; only `bound` counts, of the limits
    between 0 and 1, those that a draw misses: it lets weights above that rise. What is the same for
    every draw and weight has no port: see `fixed`.
    """
    of, bracket = rule.thresholds, rule.bracket
    found: list[tuple[str, str, tuple[int, ...]]] = [
        (name, "case", (of[name],)) for name in ("capture", "minus", "backoff")
    ]
    found += [("floor", "minimum", (of["minimum"],))] if bracket != "none" else []
    if bracket == "table":
        assert rule.up == rule.down, "a stabilising function of neither kind"
        found += [("f", "stabiliser", rule.up)]
    elif bracket != "none" and len(rule.up) > 2:
        found += [("bound", "stabiliser", rule.up[1:-1])]
    found += [("search", "search", (of["search"],))]
    used = {*rule.cases.values(), "floor", "f", "bound"}
    if not {"early", "late", "absent"} & set(rule.cases):
        used -= {"floor", "f", "bound"}
    return [one for one in found if one[0] in used and fixed(rule, one[0]) is None]


def fixed(rule: Rule, port: str) -> bool | None:
    """Return what a port of the draws always is, None where that depends on draws or weights."""
    if port in ("f", "bound"):
        return None
    if port == "search" and rule.gated and rule.thresholds["search"] == ONE:
        return None  # the gate alone
    limit = rule.thresholds["minimum" if port == "floor" else port]
    return {0: False, ONE: True}.get(limit)


def widths(rule: Rule) -> dict[str, int]:
    """Return the bits of each port for one unit of its draws."""
    return {
        port: len(limits).bit_length() if port == "bound" else len(limits)
        for port, _, limits in moves(rule)
    }


def ports(rule: Rule) -> list[tuple[str, str, int]]:
    """Return (port, kind of its draws, bits for each unit) of what the draws hit."""
    return [(port, kind, widths(rule)[port]) for port, kind, _ in moves(rule)]
