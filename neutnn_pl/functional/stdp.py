"""Spike-timing-dependent plasticity: local, online, in integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from neutnn_pl.functional.column import NO_SPIKE

ONE = 1024
"""A probability of one: probabilities are integers out of 1024."""

STABILISERS = ("paper", "symmetric", "up", "off")


@dataclass(frozen=True)
class Probabilities:
    """Constants of stochastic STDP, integers out of 1024, and its options.

    Attributes:
        capture: input before or with the output: potentiate.
        minus: input after the output: depress.
        search: input without output: potentiate slowly.
        backoff: output without input: depress.
        minimum: floor of the stabilising function.
        stabiliser: `paper` (`F_up` and `F_down`), `symmetric` (`w/w_max (1 - w/w_max)` for both),
            `up` (`F_up` in both directions, as the published RTL does) or `off`.
        search_max: largest weight that search makes; None is `w_max`.
    """

    capture: int = 600
    minus: int = 400
    search: int = 1
    backoff: int = 600
    minimum: int = 128
    stabiliser: str = "paper"
    search_max: int | None = None

    def __post_init__(self) -> None:
        """Check that every probability is an integer out of 1024."""
        for name in ("capture", "minus", "search", "backoff", "minimum"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ONE:
                raise ValueError(
                    f"STDP: {name}: got {value!r}; expected an integer 0 .. {ONE} (out of {ONE})"
                )
        if self.stabiliser not in STABILISERS:
            raise ValueError(
                f"STDP: stabiliser: got {self.stabiliser!r}; expected one of {STABILISERS}"
            )


@dataclass(frozen=True)
class Draws:
    """10-bit draws of one gamma cycle, int64 `[..., C, G, P]` each, `0 .. 1023`."""

    case: Tensor
    minimum: Tensor
    stabiliser: Tensor
    search: Tensor

    @classmethod
    def from_words(cls, words: Tensor, search: Tensor) -> Draws:
        """Split one 32-bit word per synapse: bits 0-9 case, 10-19 minimum, 20-29 stabiliser."""
        return cls(words & 1023, (words >> 10) & 1023, (words >> 20) & 1023, search)

    def __getitem__(self, part: Any) -> Draws:  # noqa: ANN401 - any index
        """Return the draws of one sample, or of some synapses."""
        return Draws(self.case[part], self.minimum[part], self.stabiliser[part], self.search[part])


def fraction(num: int, den: int) -> int:
    """Return `num / den` as an integer out of 1024, rounded half up."""
    return (2 * ONE * num + den) // (2 * den)


def stabiliser_fractions(w_max: int, stabiliser: str) -> tuple[list[tuple[int, int]], ...]:
    """Return `F_up(w)` and `F_down(w)` for `w = 0 .. w_max` as (numerator, denominator).

    `F_up = (w/w_max)(2 - w/w_max)`, `F_down = (1 - w/w_max)(1 + w/w_max)`.
    """
    m, weights = w_max, range(w_max + 1)
    up = [(w * (2 * m - w), m * m) for w in weights]
    if stabiliser == "paper":
        return up, [(m * m - w * w, m * m) for w in weights]
    if stabiliser == "symmetric":
        both = [(w * (m - w), m * m) for w in weights]
        return both, both
    if stabiliser == "up":
        return up, up
    one = [(1, 1)] * (m + 1)
    return one, one


@lru_cache
def stabiliser_table(w_max: int, stabiliser: str) -> Tensor:
    """Return `u_F(w)` for up (row 0) and down (row 1), int64 `[2, w_max + 1]`, out of 1024.

    >>> stabiliser_table(7, "paper").tolist()[0]
    [0, 272, 502, 690, 836, 940, 1003, 1024]
    """
    return torch.tensor(
        [[fraction(*f) for f in side] for side in stabiliser_fractions(w_max, stabiliser)]
    )


@dataclass(frozen=True)
class Cases:
    """Which case each synapse is in, bool `[..., C, G, P]` each; at most one is true."""

    capture: Tensor
    minus: Tensor
    search: Tensor
    backoff: Tensor


def stdp_cases(x: Tensor, y: Tensor) -> Cases:
    """Return the case of each synapse.

    Args:
        x: uint8 `[..., C, G, P]` (G may be 1), input spike times in time steps or 255.
        y: uint8 `[..., C, G]`, output spike times of the segments after WTA.
    """
    y = y[..., None]
    sx, sy = x != NO_SPIKE, y != NO_SPIKE
    both = sx & sy
    return Cases(both & (x <= y), both & (x > y), sx & ~sy, sy & ~sx)


def stdp(
    w: Tensor,
    mask: Tensor,
    x: Tensor,
    y: Tensor,
    draws: Draws,
    u: Probabilities,
    *,
    w_max: int,
    reward: int | None = None,
) -> Tensor:
    """Return the weights after one gamma cycle of stochastic STDP (or R-STDP with a reward).

    Args:
        w: uint8 `[C, G, P]`, weights in weight LSB.
        mask: bool `[C, G, P]`; synapses where it is False do not learn.
        x: uint8 `[C, G, P]` (G may be 1), input spike times in time steps or 255.
        y: uint8 `[C, G]`, output spike times of the segments after WTA.
        draws: the draws of this gamma cycle.
        u: probabilities.
        w_max: largest weight.
        reward: None is plain STDP; +1 learns as usual without search, 0 searches only, -1 reverses
            capture and searches.

    Returns:
        uint8 `[C, G, P]`; each weight has moved by at most one.
    """
    cases, level = stdp_cases(x, y), w.to(torch.int64)
    f_up, f_down = stabiliser_table(w_max, u.stabiliser).to(w.device)
    floor = draws.minimum < u.minimum
    up = floor | (draws.stabiliser < f_up[level])
    down = floor | (draws.stabiliser < f_down[level])
    captured = cases.capture & (draws.case < u.capture)
    cap = w_max if u.search_max is None else u.search_max
    searched = cases.search & (draws.search < u.search) & (level < cap)
    depressed = (cases.minus & (draws.case < u.minus)) | (cases.backoff & (draws.case < u.backoff))
    nothing = torch.zeros_like(captured)
    if reward is None:
        rise, fall = (captured & up) | searched, depressed & down
    elif reward > 0:
        rise, fall = captured & up, depressed & down
    else:
        rise, fall = searched, captured & down if reward < 0 else nothing
    moved = (level + (rise & mask).to(torch.int64) - (fall & mask).to(torch.int64)).clamp(0, w_max)
    return moved.to(torch.uint8)


def stdp_deterministic(
    w: Tensor,
    mask: Tensor,
    x: Tensor,
    y: Tensor,
    steps: dict[str, int],
    *,
    w_max: int,
    fraction_bits: int = 0,
    stabiliser: str = "off",
) -> Tensor:
    """Return fixed-point weights after one gamma cycle of deterministic STDP.

    A case with constant `k` moves `W` by `(2 k num + den) // (2 den)` with `F = num/den` at the
    integer part; search has no `F`.

    Args:
        w: int32 `[C, G, P]`, weights in `2**-fraction_bits` weight LSB.
        mask: bool `[C, G, P]`; synapses where it is False do not learn.
        x: uint8 `[C, G, P]` (G may be 1), input spike times in time steps or 255.
        y: uint8 `[C, G]`, output spike times of the segments after WTA.
        steps: constant `k >= 0` of `capture`, `minus`, `search`, `backoff`; a missing one is 0.
        w_max: largest weight.
        fraction_bits: bits below the integer part.
        stabiliser: as in `Probabilities`.

    Returns:
        int32 `[C, G, P]`, `0 .. w_max 2**fraction_bits`.
    """
    cases, level = stdp_cases(x, y), (w >> fraction_bits).to(torch.int64)
    up, down = stabiliser_fractions(w_max, stabiliser)

    def move(case: Tensor, name: str, table: list[tuple[int, int]]) -> Tensor:
        k = steps.get(name, 0)
        amount = torch.tensor([(2 * k * num + den) // (2 * den) for num, den in table])
        return torch.where(case & mask, amount.to(w.device)[level], 0)

    flat = [(1, 1)] * (w_max + 1)
    change = (
        move(cases.capture, "capture", up)
        - move(cases.minus, "minus", down)
        + move(cases.search, "search", flat)
        - move(cases.backoff, "backoff", down)
    )
    return (w + change).clamp(0, w_max << fraction_bits).to(torch.int32)
