"""Inference: synapse, segment, dendrite, neuron and column, in integers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NO_SPIKE = 255
RESPONSES = ("rnl", "snl")
WTA_MODES = ("1-wta", "k-wta", "t-wta", "none")
TIES = ("index", "potential", "random")


def output_horizon(horizon: int, w_max: int, response: str) -> int:
    """Return the number of distinct output times: `T + w_max - 1` for RNL, `T` for SNL.

    >>> output_horizon(8, 7, "rnl"), output_horizon(8, 7, "snl")
    (14, 8)
    """
    return horizon + w_max - 1 if response == "rnl" else horizon


def synapse_response(x: Tensor, w: Tensor, t: Tensor, response: str) -> Tensor:
    """Return what a synapse adds to the potential at time `t`.

    RNL (ramp, no leak): `r(t) = clamp(t - x + 1, 0, w)`. SNL (step, no leak): `w` if `t >= x`.

    Args:
        x: int32, spike times in time steps, or 255 for none.
        w: int32, weights in weight LSB.
        t: int32, time in time steps, at most 254.
        response: `rnl` or `snl`.

    Returns:
        int32 of the broadcast shape, in weight LSB.

    >>> t = torch.arange(6)
    >>> synapse_response(torch.tensor(2), torch.tensor(3), t, "rnl").tolist()
    [0, 0, 1, 2, 3, 3]
    >>> synapse_response(torch.tensor(2), torch.tensor(3), t, "snl").tolist()
    [0, 0, 3, 3, 3, 3]
    """
    if response == "rnl":
        return torch.minimum((t - x + 1).clamp(min=0), w)
    return torch.where(t >= x, w, 0)


def potential(x: Tensor, w: Tensor, steps: int, response: str) -> Tensor:
    """Return the potential of every segment over time, `V(t) = sum_i r_i(t)`.

    Args:
        x: uint8, input spike times in time steps; broadcasts with `w`.
        w: uint8 `[..., P]`, weights in weight LSB, 0 where masked.
        steps: output horizon, in time steps.
        response: `rnl` or `snl`.

    Returns:
        int32 `[..., steps]`, in weight LSB.
    """
    t = torch.arange(steps, dtype=torch.int32, device=x.device)[:, None]
    x_, w_ = x.to(torch.int32)[..., None, :], w.to(torch.int32)[..., None, :]
    return synapse_response(x_, w_, t, response).sum(dim=-1, dtype=torch.int32)


def first_crossing(v: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    """Return when the potential first reaches the threshold, and the potential then.

    Without leak `V` never falls, so the number of steps below `theta` is the spike time.

    Args:
        v: int32 `[..., G, steps]`, in weight LSB.
        theta: int32 broadcasting to `[..., G]`, `>= 1`, in weight LSB.

    Returns:
        Spike time, uint8 `[..., G]` in time steps or 255, and potential at it, int32 `[..., G]`
        (0 without a spike).
    """
    steps = v.shape[-1]
    below = (v < theta[..., None]).sum(dim=-1)
    spikes = below < steps
    at = v.gather(-1, below.clamp(max=steps - 1)[..., None])[..., 0]
    time = torch.where(spikes, below, NO_SPIKE).to(torch.uint8)
    return time, torch.where(spikes, at, 0)


def winners(y: Tensor, strength: Tensor, mode: str = "1-wta", k: int = 1) -> Tensor:
    """Return who passes winner-take-all over the last dimension.

    Order: earliest spike, then largest `strength`, then lowest index; what never spiked never
    passes. A tie at the cut of `k-wta` is cut in that order.

    Args:
        y: uint8 `[..., M]`, spike times in time steps or 255.
        strength: int64 `[..., M]`, `0 .. 2**32 - 1`: 0 for tie rule `index`, the potential at the
            spike time for `potential`, the draw for `random`.
        mode: `1-wta`, `k-wta`, `t-wta` (all that spike at the earliest time) or `none`.
        k: how many pass `k-wta`.

    Returns:
        bool `[..., M]`.
    """
    spikes = y != NO_SPIKE
    if mode == "none":
        return spikes
    if mode == "t-wta":
        return spikes & (y == y.amin(dim=-1, keepdim=True))
    index = torch.arange(y.shape[-1], device=y.device)
    key = (y.to(torch.int64) << 48) | ((0xFFFFFFFF - strength) << 16) | index
    cut = key.kthvalue(k if mode == "k-wta" else 1, dim=-1, keepdim=True).values
    return spikes & (key <= cut)


def silence(y: Tensor, passed: Tensor) -> Tensor:
    """Return spike times with those that did not pass set to 255."""
    return torch.where(passed, y, NO_SPIKE).to(torch.uint8)


@dataclass(frozen=True)
class ColumnState:
    """What one evaluation of columns gives.

    Attributes:
        y: uint8 `[..., C, N]`, output spike times after all WTA, in time steps.
        segments: uint8 `[..., C, N, D, S]`, spike times of segments after all WTA.
        dendrites: the same after the WTA of their dendrite only (what STDP may see instead).
        potential: int32 `[..., C, N, D, S]`, potential at the segment's spike time, weight LSB.
    """

    y: Tensor
    segments: Tensor
    dendrites: Tensor
    potential: Tensor


def evaluate(
    x: Tensor,
    w: Tensor,
    theta: Tensor,
    *,
    steps: int,
    response: str = "rnl",
    wta: str = "1-wta",
    k: int = 1,
    tie: str = "potential",
    draws: tuple[Tensor, Tensor, Tensor] | None = None,
    gate: Tensor | None = None,
    x_proximal: Tensor | None = None,
    w_proximal: Tensor | None = None,
) -> ColumnState:
    """Evaluate columns: segments, then WTA in each dendrite, each neuron, each column.

    Args:
        x: uint8 `[..., C, P]`, distal input spike times in time steps or 255.
        w: uint8 `[C, N, D, S, P]`, weights in weight LSB, 0 where masked.
        theta: int32 `[C, N]`, thresholds in weight LSB.
        steps: output horizon in time steps.
        response: `rnl` or `snl`.
        wta: lateral inhibition over neurons.
        k: how many pass `k-wta`.
        tie: tie rule everywhere; `random` without `draws` acts as `potential`.
        draws: int64 words for random ties among segments `[..., C, N, D, S]`, dendrites
            `[..., C, N, D]` and neurons `[..., C, N]`.
        gate: bool `[..., C, N, D]`, proximal mode `enable`: a dendrite's distal inputs count only
            where it is true.
        x_proximal: uint8 `[..., C, N, D, R]`, proximal mode `weighted`: spike times in time steps.
        w_proximal: uint8 `[C, N, D, S, R]`, their weights, 0 where masked.
    """
    v = potential(x[..., None, None, None, :], w, steps, response)
    if gate is not None:
        v = v * gate[..., None, None]
    if x_proximal is not None and w_proximal is not None:
        v = v + potential(x_proximal[..., None, :], w_proximal, steps, response)
    y, at = first_crossing(v, theta[..., None, None])
    strength = at.to(torch.int64) if tie != "index" else torch.zeros_like(at, dtype=torch.int64)
    use = draws if tie == "random" and draws is not None else (strength,) * 3
    # Above the segment, strength is the winning segment's: silenced ones are dropped by amax.
    seg_pass = winners(y, use[0])
    seg_y = silence(y, seg_pass)
    den_y = seg_y.amin(dim=-1)
    den_pass = winners(den_y, use[1] if tie == "random" and draws else _of(strength, seg_pass))
    neu_strength = _of(_of(strength, seg_pass), den_pass)
    neu_y = silence(den_y, den_pass).amin(dim=-1)
    neu_pass = winners(neu_y, use[2] if tie == "random" and draws else neu_strength, wta, k)
    out = silence(neu_y, neu_pass)
    kept = seg_pass & den_pass[..., None] & neu_pass[..., None, None]
    return ColumnState(out, silence(y, kept), seg_y, at)


def retime(x: Tensor, horizon: int, late: str = "drop") -> Tensor:
    """Return a volley on a time base that starts at its first spike.

    Args:
        x: uint8 `[B, lines]`, spike times in time steps or 255: the whole volley of each sample.
        horizon: number of distinct times that remain.
        late: what becomes of a spike beyond them: 255 (`drop`), or the last step (`saturate`).

    Returns:
        uint8 `[B, lines]`; 255 stays 255.

    >>> retime(torch.tensor([[5, 7, 255, 20]], dtype=torch.uint8), 8).tolist()
    [[0, 2, 255, 255]]
    """
    since = x.to(torch.int32) - x.amin(dim=1, keepdim=True)
    rest = NO_SPIKE if late == "drop" else horizon - 1
    moved = torch.where(since < horizon, since, rest)
    return torch.where(x == NO_SPIKE, NO_SPIKE, moved).to(torch.uint8)


def _of(strength: Tensor, passed: Tensor) -> Tensor:
    return torch.where(passed, strength, 0).amax(dim=-1)
