"""What a kernel is given: settings and state of one layer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from neutnn_pl import functional as F
from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis


@dataclass(frozen=True)
class LayerSpec:
    """Everything but its state that a kernel needs to know of a layer.

    Attributes:
        steps: output horizon, in time steps.
        w_max: largest distal weight, in weight LSB.
        response: `rnl` or `snl`.
        wta: `1-wta`, `k-wta`, `t-wta` or `none`.
        k: how many pass `k-wta`.
        tie: `index`, `potential` or `random`.
        proximal: `none`, `enable` or `weighted`.
        w_max_proximal: largest proximal weight.
        rule: the learning rule.
        homeostasis: winner fatigue, or None.
        seed: key of the draws, 64 bits.
        layer: number of the weight-bearing layer.
        first_column: number, in the undivided layer, of the first column given: draws go by it.
    """

    steps: int
    w_max: int
    response: str = "rnl"
    wta: str = "1-wta"
    k: int = 1
    tie: str = "potential"
    proximal: str = "none"
    w_max_proximal: int = 7
    rule: STDP | DeterministicSTDP = field(default_factory=STDP)
    homeostasis: Homeostasis | None = None
    seed: int = 0
    layer: int = 0
    first_column: int = 0


@dataclass(frozen=True)
class LayerState:
    """What learning changes, and the masks and thresholds beside it.

    Attributes:
        w: uint8 `[C, N, D, S, P]`, distal weights, 0 where masked.
        mask: bool of the same shape.
        theta: int32 `[C, N]`.
        wp: uint8 `[C, N, D, S, R]`, proximal weights; R is 0 without them.
        mask_p: bool of the same shape.
        fraction: int32 like `w`, bits of the weights below their integer part.
        fraction_p: int32 like `wp`.
        fatigue: int32 `[C, N]`.
        lfsr: int64 `[C]`, state of each column's register.
    """

    w: Tensor
    mask: Tensor
    theta: Tensor
    wp: Tensor
    mask_p: Tensor
    fraction: Tensor
    fraction_p: Tensor
    fatigue: Tensor
    lfsr: Tensor

    @classmethod
    def of(cls, w: Tensor, theta: Tensor, mask: Tensor | None = None) -> LayerState:
        """Return the state of a layer without proximal synapses."""
        c, n, d, s, _ = w.shape
        none = torch.zeros(c, n, d, s, 0, dtype=torch.uint8, device=w.device)
        return cls(
            w=w,
            mask=torch.ones_like(w, dtype=torch.bool) if mask is None else mask,
            theta=theta,
            wp=none,
            mask_p=none.bool(),
            fraction=torch.zeros_like(w, dtype=torch.int32),
            fraction_p=none.int(),
            fatigue=torch.zeros_like(theta),
            lfsr=torch.ones(c, dtype=torch.int64, device=w.device),
        )

    def changed(self, **parts: Tensor) -> LayerState:
        """Return a copy with some parts replaced."""
        return replace(self, **parts)


def thresholds(state: LayerState, spec: LayerSpec) -> Tensor:
    """Return the thresholds in force, int32 `[C, N]`: with fatigue where there is homeostasis."""
    if spec.homeostasis is None:
        return state.theta
    return state.theta + (state.fatigue >> spec.homeostasis.shift)


def reward_of(y: Tensor, label: int) -> int:
    """Return the reward of an answer: +1 right, -1 wrong, 0 none; from uint8 `[C, N]`."""
    counts = F.tally(y[None])
    found = int(F.answer(counts)[0])
    return 0 if found == y.shape[-1] else 1 if found == label else -1
