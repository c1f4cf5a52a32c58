"""Whether a layer takes the fast path, and what that needs to know of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from neutnn_pl.functional.column import WTA_MODES
from neutnn_pl.functional.rules import STDP
from neutnn_pl.kernels.numba.fast import Tables
from neutnn_pl.kernels.numba.forward import Plan
from neutnn_pl.kernels.numba.settings import side_of
from neutnn_pl.kernels.numba.simd import philox_keys
from neutnn_pl.kernels.spec import LayerSpec

Shape = tuple[int, int, int, int, int]


def infers(shape: Shape, spec: LayerSpec, theta_min: int) -> bool:
    """Return whether the fast path can infer with a layer.

    Args:
        shape: `C, N, D, S, P`.
        spec: the layer.
        theta_min: its lowest threshold.
    """
    lead = spec.w_max - 1 if spec.response == "rnl" else 0
    fits = spec.w_max <= 15 and shape[-1] < 2**16 - 32 and spec.steps > lead
    return fits and spec.homeostasis is None and theta_min >= 1


def learns(shape: Shape, spec: LayerSpec, theta_min: int, labels: bool) -> bool:
    """Return whether the fast path can learn a layer; `labels` says whether there are any."""
    rule = spec.rule
    if not isinstance(rule, STDP) or rule.source != "philox" or (rule.reward and labels):
        return False
    seen = rule.after == "column" and spec.tie != "random" and spec.proximal != "weighted"
    return seen and infers(shape, spec, theta_min)


@lru_cache(maxsize=64)
def plan_of(shape: Shape, spec: LayerSpec, theta_min: int) -> Plan:
    """Return a layer's sizes and choices; arguments as in `infers`."""
    _, n, d, s, p = shape
    lead = spec.w_max - 1 if spec.response == "rnl" else 0
    groups = -(-n * d * s // 12)
    return Plan(
        inputs=p,
        words=-(-p // 32),
        segments=n * d * s,
        neurons=n,
        dendrites=n * d,
        groups=groups,
        lanes=16 * groups,
        w_max=spec.w_max,
        ramp=int(spec.response == "rnl"),
        steps=spec.steps,
        horizon=spec.steps - lead,
        width=spec.steps + lead,
        wta=WTA_MODES.index(spec.wta),
        k=spec.k,
        by_potential=int(spec.tie != "index"),
        theta_min=theta_min,
        scope_all=int(spec.rule.search_scope == "all"),
        layer=spec.layer,
        first_column=spec.first_column,
    )


@lru_cache(maxsize=64)
def tables_of(segments: int, neurons: int, spec: LayerSpec) -> Tables:
    """Return what the fast path looks up."""
    side = side_of(spec, proximal=False)
    lane = np.arange(16 * -(-segments // 12))
    segment = np.minimum(lane // 16 * 12 + lane % 16, segments - 1)
    r = np.arange(16)
    place = (10 * (r // 4)).clip(max=20)
    used = r < 12
    return Tables(
        u=side.u,
        rises=side.stabiliser[0].copy(),
        falls=side.stabiliser[1].copy(),
        keys=philox_keys(spec.seed & 0xFFFFFFFF, (spec.seed >> 32) & 0xFFFFFFFF),
        bytes_of=_bytes_of(),
        neuron_of=segment // (segments // neurons),
        fields=np.where(used, 1023 << place, 0).astype(np.uint32),
        limits=np.where(used, side.u[2] << place, 0).astype(np.uint32),
    )


def _bytes_of() -> npt.NDArray[np.uint16]:
    rows = [[bit for bit in range(8) if value >> bit & 1] for value in range(256)]
    return np.array([row + [0] * (8 - len(row)) for row in rows], np.uint16).reshape(-1)
