"""A layer's settings as plain integers and tables, which is what compiled code takes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from neutnn_pl import functional as F
from neutnn_pl.functional.column import TIES, WTA_MODES
from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.functional.stdp import stabiliser_fractions
from neutnn_pl.kernels.spec import LayerSpec

ONE_WTA, K_WTA, T_WTA, NONE = range(4)
INDEX, POTENTIAL, RANDOM = range(3)
PLAIN, ENABLE, WEIGHTED = range(3)
NO_REWARD = 2


class Settings(NamedTuple):
    """Integers only; names as in `LayerSpec` and `STDP`, what is a choice by its number above."""

    steps: int
    w_max: int
    ramp: int
    wta: int
    k: int
    tie: int
    proximal: int
    w_max_proximal: int
    homeostasis: int
    rise: int
    fall: int
    shift: int
    key0: int
    key1: int
    layer: int
    first_column: int
    stochastic: int
    after_column: int
    scope_all: int
    reward: int
    lfsr: int
    width: int
    taps: int
    draws: int
    fraction_bits: int


class Side(NamedTuple):
    """Constants of one side's synapses.

    Attributes:
        u: int64 `[6]`, out of 1024: capture, minus, search, backoff, minimum; then the largest
            weight that search makes.
        stabiliser: int64 `[2, 128]`, F out of 1024 by weight: up, down.
        amounts: int64 `[4, 128]`, what deterministic STDP adds by weight: capture, minus, search,
            backoff.
    """

    u: npt.NDArray[np.int64]
    stabiliser: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.int64]


@lru_cache(maxsize=64)
def prepared(
    spec: LayerSpec, segments: int, per_neuron: int, inputs: int
) -> tuple[Settings, Side, Side, npt.NDArray[np.int64]]:
    """Return settings, constants of distal and of proximal synapses, and the table of draws."""
    table = table_of(spec, segments, per_neuron, inputs)
    return settings_of(spec, table), side_of(spec, False), side_of(spec, True), table


def settings_of(spec: LayerSpec, table: npt.NDArray[np.int64]) -> Settings:
    """Return a layer's settings; `table` as `table_of` returns it."""
    rule, home = spec.rule, spec.homeostasis
    stochastic = rule if isinstance(rule, STDP) else None
    lfsr = stochastic is not None and stochastic.source == "lfsr"
    return Settings(
        steps=spec.steps,
        w_max=spec.w_max,
        ramp=int(spec.response == "rnl"),
        wta=WTA_MODES.index(spec.wta),
        k=spec.k,
        tie=TIES.index(spec.tie),
        proximal=("none", "enable", "weighted").index(spec.proximal),
        w_max_proximal=spec.w_max_proximal,
        homeostasis=int(home is not None),
        rise=0 if home is None else home.rise,
        fall=0 if home is None else home.fall,
        shift=0 if home is None else home.shift,
        key0=spec.seed & 0xFFFFFFFF,
        key1=(spec.seed >> 32) & 0xFFFFFFFF,
        layer=spec.layer,
        first_column=spec.first_column,
        stochastic=int(stochastic is not None),
        after_column=int(rule.after == "column"),
        scope_all=int(rule.search_scope == "all"),
        reward=int(stochastic is not None and stochastic.reward),
        lfsr=int(lfsr),
        width=stochastic.lfsr_width if stochastic is not None else 0,
        taps=F.taps_of(stochastic.lfsr_width) if stochastic is not None else 0,
        draws=int(table.max()) + 1 if lfsr else 0,
        fraction_bits=rule.fraction_bits if isinstance(rule, DeterministicSTDP) else 0,
    )


def table_of(spec: LayerSpec, segments: int, per_neuron: int, inputs: int) -> npt.NDArray[np.int64]:
    """Return which draw of an LFSR each synapse uses, int64 `[4, G, P + R]`; else `[4, 0, 0]`.

    Sizes are those of `functional.draw_table`.
    """
    if not isinstance(spec.rule, STDP) or spec.rule.source != "lfsr":
        return np.zeros((4, 0, 0), np.int64)
    table = F.draw_table(segments, per_neuron, inputs, spec.rule.share, spec.rule.share_f)
    return np.ascontiguousarray(table.to(torch.int64).numpy())


def side_of(spec: LayerSpec, proximal: bool) -> Side:
    """Return the constants of distal or of proximal synapses."""
    rule = spec.rule
    w_max = spec.w_max_proximal if proximal else spec.w_max
    u, f, amounts = (
        np.zeros(6, np.int64),
        np.zeros((2, 128), np.int64),
        np.zeros((4, 128), np.int64),
    )
    if isinstance(rule, STDP):
        own = rule.proximal if proximal and rule.proximal is not None else rule
        cap = w_max if own.search_max is None else min(own.search_max, w_max)
        u[:] = (own.capture, own.minus, own.search, own.backoff, own.minimum, cap)
        f[:, : w_max + 1] = F.stabiliser_table(w_max, own.stabiliser).numpy()
        return Side(u, f, amounts)
    up, down = stabiliser_fractions(w_max, rule.stabiliser)
    flat = [(1, 1)] * (w_max + 1)
    steps = ((rule.capture, up), (-rule.minus, down), (rule.search, flat), (-rule.backoff, down))
    for row, (step, table) in zip(amounts, steps, strict=True):
        sign = -1 if step < 0 else 1
        row[: w_max + 1] = [sign * ((2 * abs(step) * num + den) // (2 * den)) for num, den in table]
    return Side(u, f, amounts)
