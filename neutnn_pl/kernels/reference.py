"""The reference kernel: plain PyTorch, samples one after the other, short enough to be read."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl import functional as F
from neutnn_pl.functional.rules import STDP
from neutnn_pl.kernels.spec import LayerSpec, LayerState, reward_of, thresholds

_DRAWS_AT_ONCE = 1 << 22
_TERMS_AT_ONCE = 1 << 24


def refuses(state: LayerState, spec: LayerSpec) -> str | None:
    """Return None: it runs every layer."""
    return None


def infer(x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None = None) -> Tensor:
    """Return output spike times without learning.

    Args:
        x: uint8 `[B, C, P]`, distal input spike times in time steps or 255.
        state: weights and thresholds.
        spec: the layer.
        xp: proximal inputs: bool `[B, C, N, D, 1]` (`enable`), or spike times, uint8
            `[B, C, N, D, R]` (`weighted`); None is all enabled, or all silent.

    Returns:
        uint8 `[B, C, N]`; random ties act as `potential`.
    """
    chunk = max(1, _TERMS_AT_ONCE // ((state.w.numel() + state.wp.numel()) * spec.steps))
    parts = range(0, len(x), chunk)
    return torch.cat(
        [
            evaluate(x[i : i + chunk], state, spec, xp=None if xp is None else xp[i : i + chunk]).y
            for i in parts
        ]
        or [torch.zeros(0, *state.theta.shape, dtype=torch.uint8, device=x.device)]
    )


def learn(
    x: Tensor,
    state: LayerState,
    spec: LayerSpec,
    gamma: int,
    xp: Tensor | None = None,
    labels: Tensor | None = None,
) -> tuple[Tensor, LayerState]:
    """Learn samples one after the other, each with the weights that the one before left.

    Args:
        x: uint8 `[B, C, P]`, distal input spike times in time steps or 255.
        state: weights, masks, thresholds; left as it is.
        spec: the layer.
        gamma: gamma cycle of the first sample.
        xp: proximal inputs, as in `infer`.
        labels: int64 `[B]`, for a rule with reward.

    Returns:
        Output spike times, uint8 `[B, C, N]`, and the new state.
    """
    chunk = max(1, _DRAWS_AT_ONCE // (state.w.numel() + state.wp.numel()))
    outputs = []
    for start in range(0, len(x), chunk):
        part = slice(start, start + chunk)
        draws = _PhiloxDraws(state, spec, gamma + start, len(x[part]))
        for b in range(len(x[part])):
            one = start + b
            y, state = _learn_one(
                x[one],
                None if xp is None else xp[one],
                state,
                spec,
                draws,
                b,
                None if labels is None else int(labels[one]),
            )
            outputs.append(y)
    none = torch.zeros(0, *state.theta.shape, dtype=torch.uint8, device=x.device)
    return torch.stack(outputs) if outputs else none, state


def evaluate(
    x: Tensor,
    state: LayerState,
    spec: LayerSpec,
    draws: tuple[Tensor, Tensor, Tensor] | None = None,
    xp: Tensor | None = None,
) -> F.ColumnState:
    """Return spike times at every level; arguments as in `infer`, random ties by `draws`."""
    return F.evaluate(
        x,
        state.w,
        thresholds(state, spec),
        steps=spec.steps,
        response=spec.response,
        wta=spec.wta,
        k=spec.k,
        tie=spec.tie,
        draws=draws,
        gate=xp[..., 0].bool() if spec.proximal == "enable" and xp is not None else None,
        x_proximal=xp if spec.proximal == "weighted" else None,
        w_proximal=state.wp if spec.proximal == "weighted" else None,
    )


def _learn_one(
    x: Tensor,
    xp: Tensor | None,
    state: LayerState,
    spec: LayerSpec,
    draws: _PhiloxDraws,
    b: int,
    label: int | None,
) -> tuple[Tensor, LayerState]:
    found = evaluate(x, state, spec, draws.ties(b), xp)
    seen = found.segments if spec.rule.after == "column" else found.dendrites
    c, n, d, s, _ = state.w.shape
    y = seen.reshape(c, n * d * s)
    learns = torch.ones_like(y, dtype=torch.bool)
    if spec.proximal == "enable" and xp is not None and spec.rule.search_scope == "enabled":
        learns = xp.bool().expand(c, n, d, s).reshape(c, n * d * s)
    reward = None
    if isinstance(spec.rule, STDP):
        lfsr_draws, lfsr = draws.lfsr(state)
        state = state.changed(lfsr=lfsr)
        if spec.rule.reward and label is not None:
            reward = reward_of(found.y, label)
    else:
        lfsr_draws = None
    distal = (x[:, None, :], y, learns, reward, lfsr_draws)
    w, fraction = _update(state.w, state.fraction, state.mask, distal, spec, draws, b, False)
    state = state.changed(w=w, fraction=fraction)
    if spec.proximal == "weighted" and xp is not None:
        r = state.wp.shape[-1]
        inputs = xp[:, :, :, None].expand(c, n, d, s, r).reshape(c, n * d * s, r)
        side = (inputs, y, learns, reward, lfsr_draws)
        w, fraction = _update(state.wp, state.fraction_p, state.mask_p, side, spec, draws, b, True)
        state = state.changed(wp=w, fraction_p=fraction)
    if spec.homeostasis is not None:
        won = (found.y != F.NO_SPIKE).to(torch.int32)
        rest = (state.fatigue - spec.homeostasis.fall).clamp(min=0)
        state = state.changed(fatigue=rest + won * spec.homeostasis.rise)
    return found.y, state


def _update(
    w: Tensor,
    fraction: Tensor,
    mask: Tensor,
    side: tuple[Tensor, Tensor, Tensor, int | None, F.Draws | None],
    spec: LayerSpec,
    draws: _PhiloxDraws,
    b: int,
    proximal: bool,
) -> tuple[Tensor, Tensor]:
    """Return weights and their fractions after one gamma cycle of one side's synapses."""
    x, y, learns, reward, lfsr = side
    rule, w_max = spec.rule, spec.w_max_proximal if proximal else spec.w_max
    c, p = w.shape[0], w.shape[-1]
    flat, may = w.reshape(c, -1, p), mask.reshape(c, -1, p) & learns[..., None]
    if isinstance(rule, STDP):
        constants = rule.proximal if proximal and rule.proximal is not None else rule
        if lfsr is None:
            drawn = draws.synapses(b, proximal)
        else:
            first = draws.distal
            drawn = lfsr[..., first : first + p] if proximal else lfsr[..., :p]
        new = F.stdp(flat, may, x, y, drawn, constants, w_max=w_max, reward=reward)
        return new.reshape(w.shape), fraction
    bits = rule.fraction_bits
    whole = (flat.to(torch.int32) << bits) | fraction.reshape(c, -1, p)
    moved = F.stdp_deterministic(
        whole,
        may,
        x,
        y,
        rule.steps(),
        w_max=w_max,
        fraction_bits=bits,
        stabiliser=rule.stabiliser,
    ).reshape(w.shape)
    return (moved >> bits).to(torch.uint8), moved & ((1 << bits) - 1)


class _PhiloxDraws:
    """The draws of a chunk of gamma cycles, made once; and those of an LFSR, cycle by cycle."""

    def __init__(self, state: LayerState, spec: LayerSpec, gamma: int, samples: int) -> None:
        c, n, d, s, p = state.w.shape
        device, rule = state.w.device, spec.rule
        self.shape, self.spec = (c, n, d, s), spec
        self.distal, inputs = p, p + state.wp.shape[-1]
        cycles = torch.arange(gamma, gamma + samples, device=device)
        columns = torch.arange(spec.first_column, spec.first_column + c, device=device)
        at = (spec.layer, columns)
        self.sides: list[F.Draws] = []
        if isinstance(rule, STDP) and rule.source == "philox":
            for stream, size in ((0, p), (2, inputs - p)):
                if size:
                    words = F.synapse_words(cycles, stream, *at, n * d * s, size, spec.seed)
                    search = F.search_draws(cycles, stream + 1, *at, n * d * s, size, spec.seed)
                    self.sides.append(F.Draws.from_words(words, search))
        self.table = None
        if isinstance(rule, STDP) and rule.source == "lfsr":
            self.table = F.draw_table(n * d * s, d * s, inputs, rule.share, rule.share_f)
        self.words = None
        if spec.tie == "random":
            self.words = [
                F.tie_words(cycles, stream, *at, units, spec.seed)
                for stream, units in ((4, n * d * s), (5, n * d), (6, n))
            ]

    def ties(self, b: int) -> tuple[Tensor, Tensor, Tensor] | None:
        """Return the words for random ties of one sample."""
        if self.words is None:
            return None
        c, n, d, s = self.shape
        one = [words[b] for words in self.words]
        return one[0].reshape(c, n, d, s), one[1].reshape(c, n, d), one[2]

    def synapses(self, b: int, proximal: bool) -> F.Draws:
        """Return the draws of one sample's synapses."""
        return self.sides[int(proximal)][b]

    def lfsr(self, state: LayerState) -> tuple[F.Draws | None, Tensor]:
        """Return the draws of one gamma cycle from the registers, and their next states."""
        rule = self.spec.rule
        if self.table is None or not isinstance(rule, STDP):
            return None, state.lfsr
        taps, width = F.taps_of(rule.lfsr_width), rule.lfsr_width
        rows, after = [], []
        for register in state.lfsr.tolist():
            values, register = F.lfsr_draws(register, taps, width, int(self.table.max()) + 1)
            rows.append(torch.tensor(values, device=state.w.device))
            after.append(register)
        case, minimum, stabiliser, search = (
            torch.stack([row[part] for row in rows]) for part in self.table
        )
        return F.Draws(case, minimum, stabiliser, search), torch.tensor(after).to(state.lfsr)
