"""The reference kernel: plain PyTorch, samples one after the other, short enough to be read."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from neutnn_pl import functional as F

_DRAWS_AT_ONCE = 1 << 22
_TERMS_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class LayerSpec:
    """Everything but weights and thresholds that a kernel needs to know of a layer.

    Attributes:
        horizon: number of distinct input times.
        w_max: largest weight, in weight LSB.
        response: `rnl` or `snl`.
        wta: `1-wta`, `k-wta`, `t-wta` or `none`.
        k: how many pass `k-wta`.
        tie: `index`, `potential` or `random`.
        seed: key of the draws, 64 bits.
        layer: number of the weight-bearing layer.
        stdp_after: `column` or `dendrite`: whose WTA has silenced the outputs that STDP sees.
        probabilities: constants of STDP.
    """

    horizon: int
    w_max: int
    response: str = "rnl"
    wta: str = "1-wta"
    k: int = 1
    tie: str = "potential"
    seed: int = 0
    layer: int = 0
    stdp_after: str = "column"
    probabilities: F.Probabilities = field(default_factory=F.Probabilities)

    @property
    def steps(self) -> int:
        """Output horizon in time steps."""
        return F.output_horizon(self.horizon, self.w_max, self.response)


def infer(x: Tensor, w: Tensor, theta: Tensor, spec: LayerSpec) -> Tensor:
    """Return output spike times without learning.

    Args:
        x: uint8 `[B, C, P]`, input spike times in time steps or 255.
        w: uint8 `[C, N, D, S, P]`, weights, 0 where masked.
        theta: int32 `[C, N]`.
        spec: the layer.

    Returns:
        uint8 `[B, C, N]`; random ties act as `potential`.
    """
    chunk = max(1, _TERMS_AT_ONCE // (w.numel() * spec.steps))
    return torch.cat([evaluate(part, w, theta, spec).y for part in x.split(chunk)])


def learn(
    x: Tensor, w: Tensor, mask: Tensor, theta: Tensor, spec: LayerSpec, gamma: int
) -> tuple[Tensor, Tensor]:
    """Learn samples one after the other, each with the weights that the one before left.

    Args:
        x: uint8 `[B, C, P]`, input spike times in time steps or 255.
        w: uint8 `[C, N, D, S, P]`, weights, 0 where masked; left as it is.
        mask: bool `[C, N, D, S, P]`.
        theta: int32 `[C, N]`.
        spec: the layer.
        gamma: gamma cycle of the first sample.

    Returns:
        Output spike times, uint8 `[B, C, N]`, and the new weights, uint8 `[C, N, D, S, P]`.
    """
    chunk = max(1, _DRAWS_AT_ONCE // w.numel())
    outputs = []
    for start in range(0, len(x), chunk):
        part = x[start : start + chunk]
        y, w = _learn_chunk(part, w, mask, theta, spec, gamma + start)
        outputs.append(y)
    return torch.cat(outputs), w


def _learn_chunk(
    x: Tensor, w: Tensor, mask: Tensor, theta: Tensor, spec: LayerSpec, gamma: int
) -> tuple[Tensor, Tensor]:
    c, n, d, s, p = w.shape
    g = n * d * s
    cycles = torch.arange(gamma, gamma + len(x), device=x.device)
    at = (spec.layer, torch.arange(c, device=x.device))
    draws = F.Draws.from_words(
        F.synapse_words(cycles, 0, *at, g, p, spec.seed),
        F.search_draws(cycles, 1, *at, g, p, spec.seed),
    )
    ties = _tie_draws(cycles, at, (c, n, d, s), spec.seed) if spec.tie == "random" else None
    outputs = []
    for b, sample in enumerate(x):
        state = evaluate(sample, w, theta, spec, ties and (ties[0][b], ties[1][b], ties[2][b]))
        seen = state.segments if spec.stdp_after == "column" else state.dendrites
        flat = F.stdp(
            w.reshape(c, g, p),
            mask.reshape(c, g, p),
            sample,
            seen.reshape(c, g),
            draws[b],
            spec.probabilities,
            w_max=spec.w_max,
        )
        w = flat.reshape(w.shape)
        outputs.append(state.y)
    return torch.stack(outputs), w


def _tie_draws(
    cycles: Tensor, at: tuple[int, Tensor], shape: tuple[int, int, int, int], seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    c, n, d, s = shape
    words = [
        F.tie_words(cycles, stream, *at, units, seed)
        for stream, units in ((4, n * d * s), (5, n * d), (6, n))
    ]
    b = len(cycles)
    return words[0].reshape(b, c, n, d, s), words[1].reshape(b, c, n, d), words[2]


def evaluate(
    x: Tensor,
    w: Tensor,
    theta: Tensor,
    spec: LayerSpec,
    draws: tuple[Tensor, Tensor, Tensor] | None = None,
) -> F.ColumnState:
    """Return spike times at every level; arguments as in `infer`, random ties by `draws`."""
    return F.evaluate(
        x,
        w,
        theta,
        horizon=spec.horizon,
        w_max=spec.w_max,
        response=spec.response,
        wta=spec.wta,
        k=spec.k,
        tie=spec.tie,
        draws=draws,
    )
