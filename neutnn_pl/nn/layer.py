"""A layer of columns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neutnn_pl import functional as F
from neutnn_pl.functional.column import RESPONSES, TIES, WTA_MODES
from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis
from neutnn_pl.kernels import LayerSpec, LayerState, choose, evaluate
from neutnn_pl.nn.checks import check, check_times, line_table, threshold, warn_thresholds
from neutnn_pl.nn.inputs import chunks, gather

PROXIMAL = ("none", "enable", "weighted")
WHOLE = slice(None)


class Layer(nn.Module):
    """`C` columns of `N` neurons over `P` inputs each, with winner-take-all in every column.

    Args:
        inputs: distal inputs of a column, `P`.
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
        proximal: proximal inputs: `none`; `enable` (a level for each dendrite: its distal inputs
            count only where it is 1); `weighted` (synapses of their own, added to the same sum).
        proximal_inputs: proximal inputs of a dendrite, `R`; 1 for `enable`.
        proximal_lines: int `[C, N, D, R]`, proximal line of each; -1 is always enabled, or always
            silent; default: dendrite `d` of every neuron reads lines `d R .. d R + R - 1`.
        proximal_wres: resolution of proximal weights in bits; default `wres`.
        proximal_horizon: number of distinct proximal times; default `horizon`.
        homeostasis: winner fatigue, or None.

    Attributes:
        weights: uint8 `[C, N, D, S, P]`, in weight LSB.
        mask: bool `[C, N, D, S, P]`, False where the synapse has been pruned.
        theta: int32 `[C, N]`, in weight LSB.
        gamma: int64, samples learnt since the layer was made.
        learning: whether `learn` changes anything.
        kernel: what infers and learns: `auto`, `reference`, `numba` or `triton`.

    Raises:
        ValueError: for settings that make no layer.
    """

    weights: Tensor
    mask: Tensor
    theta: Tensor
    lines: Tensor
    gamma: Tensor
    proximal_weights: Tensor
    proximal_mask: Tensor
    proximal_lines: Tensor
    fraction: Tensor
    proximal_fraction: Tensor
    fatigue: Tensor
    lfsr: Tensor

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
        proximal: str = "none",
        proximal_inputs: int = 1,
        proximal_lines: Tensor | None = None,
        proximal_wres: int | None = None,
        proximal_horizon: int | None = None,
        homeostasis: Homeostasis | None = None,
    ) -> None:
        super().__init__()
        sizes = {"inputs": inputs, "neurons": neurons, "columns": columns}
        sizes |= {"dendrites": dendrites, "segments": segments, "proximal_inputs": proximal_inputs}
        for name, size in sizes.items():
            check(name, size, size >= 1, "an integer >= 1")
        check("wres", wres, 1 <= wres <= 7, "1 .. 7 bits")
        check("response", response, response in RESPONSES, f"one of {RESPONSES}")
        check("wta", wta, wta in WTA_MODES, f"one of {WTA_MODES}")
        check("tie", tie, tie in TIES, f"one of {TIES}")
        check("k", k, 1 <= k <= neurons, f"1 .. {neurons} (the neurons of a column)")
        check("proximal", proximal, proximal in PROXIMAL, f"one of {PROXIMAL}")
        fine = proximal != "enable" or proximal_inputs == 1
        check("proximal_inputs", proximal_inputs, fine, "1 (the level that enables a dendrite)")
        self.wres, self.response, self.wta, self.k, self.tie = wres, response, wta, k, tie
        self.proximal, self.homeostasis = proximal, homeostasis
        self.proximal_wres = wres if proximal_wres is None else proximal_wres
        check("proximal_wres", self.proximal_wres, 1 <= self.proximal_wres <= 7, "1 .. 7 bits")
        self.horizon = horizon
        self._proximal_horizon = proximal_horizon
        self.learning = True
        self.kernel = "auto"
        check(
            "horizon",
            horizon,
            horizon >= 1 and self.output_horizon <= 255,
            f"at least 1, and an output horizon of at most 255 (here {self.output_horizon})",
        )
        shape = (columns, neurons, dendrites, segments)
        table = torch.arange(dendrites * proximal_inputs).reshape(dendrites, proximal_inputs)
        self.register_buffer("theta", threshold(theta, columns, neurons))
        self.register_buffer("lines", line_table(lines, (columns, inputs), torch.arange(inputs)))
        self.register_buffer(
            "proximal_lines",
            line_table(proximal_lines, (columns, neurons, dendrites, proximal_inputs), table),
        )
        for side, size in (("", inputs), ("proximal_", self._r(proximal_inputs))):
            zeros = torch.zeros(*shape, size, dtype=torch.uint8)
            self.register_buffer(f"{side}weights", zeros)
            self.register_buffer(f"{side}mask", torch.ones_like(zeros, dtype=torch.bool))
            self.register_buffer(f"{side}fraction", torch.zeros_like(zeros, dtype=torch.int32))
        self.register_buffer("gamma", torch.zeros((), dtype=torch.int64))
        self.register_buffer("fatigue", torch.zeros(columns, neurons, dtype=torch.int32))
        self.register_buffer("lfsr", torch.ones(columns, dtype=torch.int64))
        self.reset(seed=0, index=0)
        limit = inputs * self.w_max + self._r(proximal_inputs) * (2**self.proximal_wres - 1)
        warn_thresholds(self.theta, limit, inputs, response)

    def _r(self, proximal_inputs: int) -> int:
        return proximal_inputs if self.proximal == "weighted" else 0

    @property
    def w_max(self) -> int:
        """Largest weight, `2**wres - 1`."""
        return int(2**self.wres - 1)

    @property
    def proximal_horizon(self) -> int:
        """Number of distinct proximal times."""
        return self._proximal_horizon or self.horizon

    @property
    def output_horizon(self) -> int:
        """Number of distinct output times: the larger of the two sides'."""
        steps = F.output_horizon(self.horizon, self.w_max, self.response)
        if self.proximal == "weighted":
            w_max = 2**self.proximal_wres - 1
            steps = max(steps, F.output_horizon(self.proximal_horizon, w_max, self.response))
        return steps

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 and proximal ones included."""
        return int(self.mask.sum()) + int(self.proximal_mask.sum())

    @property
    def state(self) -> LayerState:
        """What a kernel learns and infers with."""
        return self.state_of(WHOLE)

    def state_of(self, part: slice) -> LayerState:
        """Return the state of some columns: views, not copies."""
        return LayerState(
            w=self.weights[part],
            mask=self.mask[part],
            theta=self.theta[part],
            wp=self.proximal_weights[part],
            mask_p=self.proximal_mask[part],
            fraction=self.fraction[part],
            fraction_p=self.proximal_fraction[part],
            fatigue=self.fatigue[part],
            lfsr=self.lfsr[part],
        )

    @property
    def learnt(self) -> tuple[Tensor, ...]:
        """The buffers that learning changes, columns first."""
        sides = (self.weights, self.proximal_weights, self.fraction, self.proximal_fraction)
        return (*sides, self.fatigue, self.lfsr)

    def reset(self, seed: int, index: int) -> None:
        """Draw fresh weights, take the masks off, and start all counts again.

        Args:
            seed: key of the draws.
            index: number of the layer among the weight-bearing ones, `0 .. 255`.
        """
        c, n, d, s, _ = self.weights.shape
        columns = torch.arange(c, device=self.weights.device)
        w_max_p = 2**self.proximal_wres - 1
        sides = ((self.weights, self.w_max, 8), (self.proximal_weights, w_max_p, 9))
        for weights, w_max, stream in sides:
            if weights.numel():
                at = (index, columns, n * d * s, weights.shape[-1])
                fresh = F.initial_weights(*at, w_max, seed, stream)
                weights.copy_(fresh.reshape(weights.shape))
        self.lfsr.copy_(F.lfsr_seeds(index, columns, seed))
        for mask in (self.mask, self.proximal_mask):
            mask.fill_(True)
        for count in (self.gamma, self.fraction, self.proximal_fraction, self.fatigue):
            count.zero_()

    def spec(
        self,
        rule: STDP | DeterministicSTDP | None = None,
        seed: int = 0,
        index: int = 0,
        part: slice = WHOLE,
    ) -> LayerSpec:
        """Return what a kernel needs to know, of some columns."""
        return LayerSpec(
            steps=self.output_horizon,
            w_max=self.w_max,
            response=self.response,
            wta=self.wta,
            k=self.k,
            tie=self.tie,
            proximal=self.proximal,
            w_max_proximal=2**self.proximal_wres - 1,
            rule=rule or STDP(),
            homeostasis=self.homeostasis,
            seed=seed,
            layer=index,
            first_column=part.start or 0,
        )

    def receptive(self, x: Tensor, part: slice = WHOLE) -> Tensor:
        """Return the distal inputs of every column, uint8 `[B, C, P]`, from lines `[B, lines]`."""
        return gather(x, self.lines[part], F.NO_SPIKE, self.kernel)

    def _proximal(self, x: Tensor, proximal: Tensor | None, part: slice = WHOLE) -> Tensor | None:
        """Check both inputs; return the proximal ones of every dendrite, `[B, C, N, D, R]`."""
        table = self.proximal_lines[part]
        check_times(x, self.horizon, int(self.lines.max()) + 1)
        if self.proximal == "none" or (self.proximal == "enable" and proximal is None):
            return None
        if proximal is None:
            none = torch.full_like(table, -1)
            return gather(x[:, :0], none, F.NO_SPIKE, self.kernel)
        lines = int(self.proximal_lines.max()) + 1
        if self.proximal == "weighted":
            check_times(proximal, self.proximal_horizon, lines, "proximal spike time")
            return gather(proximal, table, F.NO_SPIKE, self.kernel)
        if proximal.ndim != 2 or proximal.shape[1] < lines or bool((proximal > 1).any()):
            raise ValueError(
                f"proximal levels: got {list(proximal.shape)}, up to {int(proximal.max())}; "
                f"expected 0 or 1, [B, {lines}]"
            )
        return gather(proximal.to(torch.uint8), table, 1, self.kernel).bool()

    def forward(self, x: Tensor, proximal: Tensor | None = None, part: slice = WHOLE) -> Tensor:
        """Return output spike times without learning.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps, `0 .. horizon - 1` or 255.
            proximal: uint8 `[B, proximal lines]`, levels 0 or 1 (`enable`), or spike times
                (`weighted`); None is all enabled, or all silent.
            part: which columns, a slice with a start or `WHOLE`.

        Returns:
            uint8 `[B, C, N]`, in time steps or 255, after WTA.
        """
        xp = self._proximal(x, proximal, part)
        state, spec = self.state_of(part), self.spec(part=part)
        kernel = choose(self.kernel, state, spec)
        found = [
            kernel.infer(self.receptive(x[few], part), state, spec, None if xp is None else xp[few])
            for few in chunks(len(x), self.lines.numel())
        ]
        return torch.cat(found) if len(found) > 1 else found[0]

    def evaluate(self, x: Tensor, proximal: Tensor | None = None) -> F.ColumnState:
        """Return spike times at every level, without learning; arguments as in `forward`."""
        xp = self._proximal(x, proximal)
        return evaluate(self.receptive(x), self.state, self.spec(), xp=xp)

    def learn(
        self,
        x: Tensor,
        rule: STDP | DeterministicSTDP,
        *,
        seed: int = 0,
        index: int = 0,
        proximal: Tensor | None = None,
        labels: Tensor | None = None,
        part: slice = WHOLE,
    ) -> Tensor:
        """Learn samples one after the other and return their output spike times.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps; the samples in the order to learn.
            rule: the learning rule.
            seed: key of the draws.
            index: number of the layer among the weight-bearing ones.
            proximal: as in `forward`.
            labels: int64 `[B]`, for a rule with reward, which needs all columns.
            part: which columns learn and answer, a slice with a start or `WHOLE`.

        Returns:
            uint8 `[B, C, N]`, each with the weights before its own update.
        """
        if not self.learning:
            return self(x, proximal, part)
        xp = self._proximal(x, proximal, part)
        spec, state, found = self.spec(rule, seed, index, part), self.state_of(part), []
        kernel = choose(self.kernel, state, spec)
        for few in chunks(len(x), self.lines.numel()):
            gamma = int(self.gamma) + few.start
            side, known = (None if some is None else some[few] for some in (xp, labels))
            y, state = kernel.learn(self.receptive(x[few], part), state, spec, gamma, side, known)
            found.append(y)
        self.weights[part].copy_(state.w)
        self.proximal_weights[part].copy_(state.wp)
        self.fraction[part].copy_(state.fraction)
        self.proximal_fraction[part].copy_(state.fraction_p)
        self.fatigue[part].copy_(state.fatigue)
        self.lfsr[part].copy_(state.lfsr)
        self.gamma += len(x)
        return torch.cat(found) if len(found) > 1 else found[0]

    @torch.no_grad()
    def prune(self, drop: Tensor, *, proximal: bool = False) -> None:
        """Take synapses away: masked for good, weight stored as 0.

        Args:
            drop: bool `[C, N, D, S, P]`, or `[C, N, D, S, R]` for proximal synapses.
            proximal: which side.
        """
        side = "proximal_" if proximal else ""
        mask, weights = getattr(self, f"{side}mask"), getattr(self, f"{side}weights")
        if drop.shape != mask.shape or drop.dtype != torch.bool:
            raise ValueError(
                f"mask to prune: got {drop.dtype} {list(drop.shape)}; "
                f"expected torch.bool {list(mask.shape)}"
            )
        mask &= ~drop
        weights.masked_fill_(~mask, 0)
        getattr(self, f"{side}fraction").masked_fill_(~mask, 0)

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
        home = self.homeostasis
        settings: dict[str, Any] = {
            "inputs": p,
            "neurons": n,
            "columns": c,
            "dendrites": d,
            "segments": s,
            "proximal_inputs": self.proximal_lines.shape[-1],
            "proximal_horizon": self._proximal_horizon,
            "homeostasis": None if home is None else vars(home).copy(),
        }
        for name in ("wres", "response", "wta", "k", "tie", "horizon", "proximal", "proximal_wres"):
            settings[name] = getattr(self, name)
        for name in ("theta", "lines", "proximal_lines"):
            settings[name] = getattr(self, name).tolist()
        return settings

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make the layer that `config` describes."""
        settings = dict(config)
        for name in ("theta", "lines", "proximal_lines"):
            settings[name] = torch.tensor(settings[name])
        if settings["homeostasis"] is not None:
            settings["homeostasis"] = Homeostasis(**settings["homeostasis"])
        return Layer(**settings)

    def extra_repr(self) -> str:
        """Return the line that `print(layer)` shows."""
        c, n, d, s, p = self.weights.shape
        size = f"columns={c}, neurons={n}, "
        if d * s > 1:
            size += f"dendrites={d}, segments={s}, "
        theta = self.theta.unique().tolist()
        proximal = "" if self.proximal == "none" else f"proximal={self.proximal}, "
        return (
            f"{size}inputs={p}, theta={theta[0] if len(theta) == 1 else theta}, "
            f"wres={self.wres}, response={self.response}, wta={self.wta}, tie={self.tie}, "
            f"{proximal}synapses={self.synapses}"
        )
