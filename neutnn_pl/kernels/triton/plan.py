"""What the kernel is compiled for: the shape of a column and the settings of its layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.functional.stdp import stabiliser_fractions
from neutnn_pl.kernels.spec import LayerSpec, LayerState

RESIDENT = 1 << 15
"""Synapses of a column, padded, that fit in the registers of one program (16 warps)."""

TILE = 1 << 13
"""Synapses that a program handles at once where a column does not fit."""

MAX_SEGMENTS = 1 << 14
MAX_INPUTS = 1 << 12
PER_WARP = 1 << 9
PARAMETERS = 19


@dataclass(frozen=True)
class Side:
    """Distal or proximal synapses; all compile-time constants.

    Attributes:
        inputs: inputs of a segment, P or R.
        words: inputs per word of a block, `ceil(inputs / 4)`.
        words_pad: the same, padded to a power of two.
        w_max: largest weight, in weight LSB.
        stabiliser: as in `Probabilities`; `off` also where the rule is deterministic.
        search: whether search can happen at all.
        stream: stream of the cases; that of search is the next.
        at: where the side's constants start in the parameters.
    """

    inputs: int
    words: int
    words_pad: int
    w_max: int
    stabiliser: str
    search: bool
    stream: int
    at: int


@dataclass(frozen=True)
class Plan:
    """A layer as the kernel is compiled for it; sizes with `_pad` are powers of two.

    Attributes:
        neurons: N; `dendrites` D and `segments` S count inside one neuron, one dendrite.
        point: whether all neurons are point neurons, `D = S = 1`.
        units_pad: padded segments of a column.
        tile: padded segments that are handled at once; all where weights stay in registers.
        steps: output horizon, in time steps.
        halvings: evaluations that find the spike time by bisection.
        tie: `index`, `potential` or `random` (only where learning draws).
        proximal: `none`, `enable` or `weighted`; `none` too where no proximal input is given.
        learn: `no`, `stochastic` or `deterministic`.
        single: whether at most one segment of a column spikes in the eyes of STDP.
        fraction: bits of a weight below its integer part.
        shift: of homeostasis; -1 without it.
        strength_bits: bits of a strength (a potential or a draw) in the key of winner-take-all.
        index_bits: bits of an index in it.
    """

    neurons: int
    dendrites: int
    segments: int
    neurons_pad: int
    dendrites_pad: int
    segments_pad: int
    units_pad: int
    tile: int
    point: bool
    steps: int
    halvings: int
    response: str
    wta: str
    k: int
    tie: str
    proximal: str
    learn: str
    after: str
    scope: str
    single: bool
    fraction: int
    shift: int
    strength_bits: int
    index_bits: int
    distal: Side
    near: Side

    @property
    def places(self) -> int:
        """Segments with neurons, dendrites and segments padded each."""
        return self.neurons_pad * self.dendrites_pad * self.segments_pad

    @property
    def tiles(self) -> int:
        """Parts in which a column is handled; 1 where weights stay in registers."""
        return self.units_pad // self.tile

    @property
    def synapses_pad(self) -> int:
        """Padded synapses of a column, proximal ones included."""
        near = self.near.words_pad if self.proximal == "weighted" else 0
        return 4 * (self.distal.words_pad + near) * self.units_pad

    @property
    def warps(self) -> int:
        """Warps of one program: the fewer, the cheaper its sums."""
        return min(16, power_of_two(-(-self.synapses_pad // self.tiles // PER_WARP)))


def power_of_two(size: int) -> int:
    """Return the smallest power of two that is at least `size`, and at least 1."""
    return 1 << (max(1, size) - 1).bit_length()


def plan_of(state: LayerState, spec: LayerSpec, learn: bool, given: bool) -> Plan:
    """Return the plan of a layer.

    Args:
        state: weights and thresholds.
        spec: the layer.
        learn: whether it learns.
        given: whether it is given proximal inputs.
    """
    _, n, d, s, p = state.w.shape
    n_pad, d_pad, s_pad = (power_of_two(size) for size in (n, d, s))
    rule = spec.rule
    tie = spec.tie if learn or spec.tie == "index" else "potential"
    most = p * spec.w_max + state.wp.shape[-1] * spec.w_max_proximal
    near = _side(spec, state.wp.shape[-1], learn, True)
    distal = _side(spec, p, learn, False)
    units = power_of_two(n * d * s)
    each = 4 * (distal.words_pad + (near.words_pad if spec.proximal == "weighted" and given else 0))
    one = spec.wta == "1-wta" or (spec.wta == "k-wta" and spec.k == 1) or n == 1
    return Plan(
        neurons=n,
        dendrites=d,
        segments=s,
        neurons_pad=n_pad,
        dendrites_pad=d_pad,
        segments_pad=s_pad,
        units_pad=units,
        tile=units if each * units <= RESIDENT else min(units, max(1, TILE // each)),
        point=d * s == 1,
        steps=spec.steps,
        halvings=spec.steps.bit_length(),
        response=spec.response,
        wta=spec.wta,
        k=spec.k,
        tie=tie,
        proximal=spec.proximal if given else "none",
        learn="no" if not learn else "stochastic" if isinstance(rule, STDP) else "deterministic",
        after=rule.after,
        scope=rule.search_scope,
        single=one and (rule.after == "column" or n * d == 1),
        fraction=rule.fraction_bits if learn and isinstance(rule, DeterministicSTDP) else 0,
        shift=-1 if spec.homeostasis is None else spec.homeostasis.shift,
        strength_bits={"index": 0, "potential": most.bit_length(), "random": 32}[tie],
        index_bits=max(n_pad, d_pad, s_pad).bit_length() - 1,
        distal=distal,
        near=near,
    )


def _side(spec: LayerSpec, inputs: int, learn: bool, proximal: bool) -> Side:
    rule, words = spec.rule, -(-inputs // 4)
    u = None
    if isinstance(rule, STDP) and learn:
        u = rule.proximal if proximal and rule.proximal is not None else rule
    return Side(
        inputs,
        words,
        power_of_two(words),
        w_max=spec.w_max_proximal if proximal else spec.w_max,
        stabiliser="off" if u is None else u.stabiliser,
        search=u is not None and u.search > 0,
        stream=2 if proximal else 0,
        at=10 if proximal else 4,
    )


def parameters(spec: LayerSpec, gamma: int) -> list[int]:
    """Return what may change from launch to launch: `PARAMETERS` integers.

    0 gamma cycle of the first sample, 1 and 2 the key, 3 the layer; from 4 (distal) and 10
    (proximal) capture, minus, search, backoff, minimum and the largest weight of search; 16 and 17
    rise and fall of homeostasis; 18 the number of the first column.
    """
    values = [gamma, spec.seed & 0xFFFFFFFF, (spec.seed >> 32) & 0xFFFFFFFF, spec.layer]
    for proximal in (False, True):
        w_max, u = spec.w_max_proximal if proximal else spec.w_max, None
        if isinstance(spec.rule, STDP):
            u = spec.rule.proximal if proximal and spec.rule.proximal is not None else spec.rule
        if u is None:
            values += [0] * 6
        else:
            cap = w_max if u.search_max is None else u.search_max
            values += [u.capture, u.minus, u.search, u.backoff, u.minimum, cap]
    home = spec.homeostasis
    values += [0, 0] if home is None else [home.rise, home.fall]
    return [*values, spec.first_column]


def moves(rule: DeterministicSTDP, w_max: int, device: torch.device) -> Tensor:
    """Return by how much deterministic STDP moves a weight.

    Returns:
        int32 `[4, w_max + 1]`: capture, minus, search, backoff, by the integer part of the weight;
        cut where it leaves the range of weights anyway.
    """
    up, down = stabiliser_fractions(w_max, rule.stabiliser)
    rows = ((1, rule.capture, up), (-1, rule.minus, down), (1, rule.search, [(1, 1)] * (w_max + 1)),
            (-1, rule.backoff, down))  # fmt: skip
    most = w_max << rule.fraction_bits
    table = [[sign * min(most, (2 * k * num + den) // (2 * den)) for num, den in side]
             for sign, k, side in rows]  # fmt: skip
    return torch.tensor(table, dtype=torch.int32, device=device)
