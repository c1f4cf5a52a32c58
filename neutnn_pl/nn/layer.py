"""A layer of columns."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from neutnn_pl import functional as F
from neutnn_pl.functional.column import RESPONSES, TIES, WTA_MODES
from neutnn_pl.kernels import LayerSpec, evaluate, infer, learn
from neutnn_pl.nn.learning import STDP


class Layer(nn.Module):
    """`C` columns of `N` neurons over `P` inputs each, with winner-take-all in every column.

    Args:
        inputs: inputs of a column, `P`.
        neurons: neurons of a column, `N`.
        theta: threshold in weight LSB, one for all, or int `[C, N]`.
        columns: number of columns, `C`.
        dendrites: dendrites of a neuron, `D`.
        segments: segments of a dendrite, `S`.
        wres: weight resolution in bits; the largest weight is `2**wres - 1`.
        response: `rnl` (ramp, no leak) or `snl` (step, no leak).
        wta: lateral inhibition: `1-wta`, `k-wta`, `t-wta` or `none`.
        k: how many pass `k-wta`.
        tie: tie rule of every WTA: `potential`, `index` or `random`.
        horizon: number of distinct input times; a `Network` sets it.
        lines: int `[C, P]`, input line of each input, -1 for always silent; default `0 .. P - 1`
            for every column.

    Attributes:
        weights: uint8 `[C, N, D, S, P]`, in weight LSB.
        mask: bool `[C, N, D, S, P]`, False where the synapse has been pruned.
        theta: int32 `[C, N]`, in weight LSB.
        lines: int32 `[C, P]`.
        gamma: int64, samples learnt since the layer was made.

    Raises:
        ValueError: for settings that make no layer.
    """

    weights: Tensor
    mask: Tensor
    theta: Tensor
    lines: Tensor
    gamma: Tensor

    def __init__(
        self,
        inputs: int,
        neurons: int,
        theta: int | Tensor,
        *,
        columns: int = 1,
        dendrites: int = 1,
        segments: int = 1,
        wres: int = 3,
        response: str = "rnl",
        wta: str = "1-wta",
        k: int = 1,
        tie: str = "potential",
        horizon: int = 8,
        lines: Tensor | None = None,
    ) -> None:
        super().__init__()
        sizes = {
            "inputs": inputs,
            "neurons": neurons,
            "columns": columns,
            "dendrites": dendrites,
            "segments": segments,
        }
        for name, size in sizes.items():
            _check(f"{name}", size, size >= 1, "an integer >= 1")
        _check("wres", wres, 1 <= wres <= 7, "1 .. 7 bits")
        _check("response", response, response in RESPONSES, f"one of {RESPONSES}")
        _check("wta", wta, wta in WTA_MODES, f"one of {WTA_MODES}")
        _check("tie", tie, tie in TIES, f"one of {TIES}")
        _check("k", k, 1 <= k <= neurons, f"1 .. {neurons} (the neurons of a column)")
        self.wres, self.response, self.wta, self.k, self.tie = wres, response, wta, k, tie
        self.horizon = horizon
        shape = (columns, neurons, dendrites, segments, inputs)
        _check(
            "horizon",
            horizon,
            horizon >= 1 and self.output_horizon <= 255,
            f"at least 1, and an output horizon of at most 255 (here {self.output_horizon})",
        )
        self.register_buffer("weights", torch.zeros(shape, dtype=torch.uint8))
        self.register_buffer("mask", torch.ones(shape, dtype=torch.bool))
        self.register_buffer("theta", _threshold(theta, columns, neurons))
        self.register_buffer("lines", _lines(lines, columns, inputs))
        self.register_buffer("gamma", torch.zeros((), dtype=torch.int64))
        self.reset(seed=0, index=0)
        self._warn_thresholds()

    @property
    def w_max(self) -> int:
        """Largest weight, `2**wres - 1`."""
        return int(2**self.wres - 1)

    @property
    def output_horizon(self) -> int:
        """Number of distinct output times."""
        return F.output_horizon(self.horizon, self.w_max, self.response)

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 included."""
        return int(self.mask.sum())

    def reset(self, seed: int, index: int) -> None:
        """Draw fresh weights, take the masks off, and start the gamma count again.

        Args:
            seed: key of the draws.
            index: number of the layer among the weight-bearing ones, `0 .. 255`.
        """
        c, n, d, s, p = self.weights.shape
        columns = torch.arange(c, device=self.weights.device)
        fresh = F.initial_weights(index, columns, n * d * s, p, self.w_max, seed)
        self.weights.copy_(fresh.reshape(self.weights.shape))
        self.mask.fill_(True)
        self.gamma.zero_()

    def spec(self, stdp: STDP | None = None, seed: int = 0, index: int = 0) -> LayerSpec:
        """Return what a kernel needs to know."""
        stdp = stdp or STDP()
        return LayerSpec(
            horizon=self.horizon,
            w_max=self.w_max,
            response=self.response,
            wta=self.wta,
            k=self.k,
            tie=self.tie,
            seed=seed,
            layer=index,
            stdp_after=stdp.after,
            probabilities=stdp,
        )

    def receptive(self, x: Tensor) -> Tensor:
        """Return the inputs of every column, uint8 `[B, C, P]`, from lines `[B, lines]`."""
        silent = torch.full((len(x), 1), F.NO_SPIKE, dtype=torch.uint8, device=x.device)
        return torch.cat([x, silent], dim=1)[:, self.lines.long()]

    def forward(self, x: Tensor) -> Tensor:
        """Return output spike times without learning.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps, `0 .. horizon - 1` or 255.

        Returns:
            uint8 `[B, C, N]`, in time steps or 255, after WTA.
        """
        self.check_times(x)
        return infer(self.receptive(x), self.weights, self.theta, self.spec())

    def evaluate(self, x: Tensor) -> F.ColumnState:
        """Return spike times at every level, without learning, from uint8 `[B, lines]`."""
        self.check_times(x)
        return evaluate(self.receptive(x), self.weights, self.theta, self.spec())

    def learn(self, x: Tensor, stdp: STDP, *, seed: int = 0, index: int = 0) -> Tensor:
        """Learn samples one after the other and return their output spike times.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps; the samples in the order to learn.
            stdp: the learning rule.
            seed: key of the draws.
            index: number of the layer among the weight-bearing ones.

        Returns:
            uint8 `[B, C, N]`, each with the weights before its own update.
        """
        self.check_times(x)
        y, weights = learn(
            self.receptive(x),
            self.weights,
            self.mask,
            self.theta,
            self.spec(stdp, seed, index),
            int(self.gamma),
        )
        self.weights.copy_(weights)
        self.gamma += len(x)
        return y

    @torch.no_grad()
    def prune(self, drop: Tensor) -> None:
        """Take synapses away: masked for good, weight stored as 0.

        Args:
            drop: bool `[C, N, D, S, P]`.
        """
        if drop.shape != self.mask.shape or drop.dtype != torch.bool:
            raise ValueError(
                f"mask to prune: got {drop.dtype} {list(drop.shape)}; "
                f"expected torch.bool {list(self.mask.shape)}"
            )
        self.mask &= ~drop
        self.weights.masked_fill_(~self.mask, 0)

    def check_times(self, x: Tensor) -> None:
        """Check spike times once per chunk.

        Raises:
            ValueError: for another dtype or shape, or a time in `horizon .. 254`.
        """
        if x.dtype != torch.uint8 or x.ndim != 2:
            raise ValueError(
                f"spike times: got {x.dtype} {list(x.shape)}; expected torch.uint8 [B, lines]"
            )
        bad = (x >= self.horizon) & (x != F.NO_SPIKE)
        if bool(bad.any()):
            b, line = (int(i) for i in bad.nonzero()[0])
            raise ValueError(
                f"spike time of sample {b}, line {line}: got {int(x[b, line])}; expected "
                f"0 .. {self.horizon - 1}, or {F.NO_SPIKE} for no spike. "
                "Encode with the network's temporal resolution"
            )

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        *args: Any,  # noqa: ANN401 - torch's own arguments
    ) -> None:
        """Check weights before they are taken."""
        weights, mask = state_dict.get(f"{prefix}weights"), state_dict.get(f"{prefix}mask")
        if weights is not None and int(weights.max()) > self.w_max:
            raise ValueError(
                f"{prefix}weights: got up to {int(weights.max())}; expected 0 .. {self.w_max} "
                f"({self.wres} bits)"
            )
        if weights is not None and mask is not None and bool(weights[~mask].any()):
            raise ValueError(f"{prefix}weights: got some of pruned synapses that are not 0")
        super()._load_from_state_dict(state_dict, prefix, *args)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal layer, as plain values."""
        c, n, d, s, p = self.weights.shape
        return {
            "inputs": p,
            "neurons": n,
            "theta": self.theta.tolist(),
            "columns": c,
            "dendrites": d,
            "segments": s,
            "wres": self.wres,
            "response": self.response,
            "wta": self.wta,
            "k": self.k,
            "tie": self.tie,
            "horizon": self.horizon,
            "lines": self.lines.tolist(),
        }

    def extra_repr(self) -> str:
        """Return the line that `print(layer)` shows."""
        c, n, d, s, p = self.weights.shape
        size = f"columns={c}, neurons={n}, "
        if d * s > 1:
            size += f"dendrites={d}, segments={s}, "
        theta = self.theta.unique().tolist()
        return (
            f"{size}inputs={p}, theta={theta[0] if len(theta) == 1 else theta}, "
            f"wres={self.wres}, response={self.response}, wta={self.wta}, tie={self.tie}, "
            f"synapses={self.synapses}"
        )

    def _warn_thresholds(self) -> None:
        limit = self.weights.shape[-1] * self.w_max
        for column, thetas in enumerate(self.theta.tolist()):
            if max(thetas) > limit:
                warnings.warn(
                    f"column {column}: theta {max(thetas)} can never be reached: {limit} is the "
                    f"largest potential of {self.weights.shape[-1]} inputs. Lower theta",
                    stacklevel=4,
                )
            elif self.response == "rnl" and min(thetas) <= 1:
                warnings.warn(
                    f"column {column}: theta {min(thetas)} is always reached: by the first spike "
                    "on any synapse that is not 0. Raise theta",
                    stacklevel=4,
                )


def _threshold(theta: int | Tensor, columns: int, neurons: int) -> Tensor:
    value = torch.as_tensor(theta)
    if value.is_floating_point() or value.dtype == torch.bool:
        raise ValueError(f"theta: got {value.dtype}; expected integers (weight LSB)")
    if value.ndim and value.shape != (columns, neurons):
        raise ValueError(
            f"theta: got shape {list(value.shape)}; expected one number or [{columns}, {neurons}]"
        )
    _check("theta", int(value.min()), int(value.min()) >= 1, "integers >= 1")
    return value.to(torch.int32).expand(columns, neurons).clone()


def _lines(lines: Tensor | None, columns: int, inputs: int) -> Tensor:
    if lines is None:
        return torch.arange(inputs, dtype=torch.int32).repeat(columns, 1)
    lines = torch.as_tensor(lines)
    if lines.shape != (columns, inputs) or lines.is_floating_point():
        raise ValueError(
            f"lines: got {lines.dtype} {list(lines.shape)}; expected integers [{columns}, {inputs}]"
        )
    return lines.to(torch.int32).clone()


def _check(name: str, got: object, fine: bool, expected: str) -> None:
    if not fine:
        raise ValueError(f"Layer: {name}: got {got!r}; expected {expected}")
