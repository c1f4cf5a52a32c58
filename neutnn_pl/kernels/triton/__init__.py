"""The column kernel for GPUs: a persistent Triton program per column, weights on chip.

The same signature and the same bits as `neutnn_pl.kernels.reference`. `triton` is imported when a
kernel is first launched, not with this module.
"""

from __future__ import annotations

import importlib.util
import os

from torch import Tensor

from hls.errors import Unsupported
from neutnn_pl.functional.rules import STDP
from neutnn_pl.kernels.spec import LayerSpec, LayerState
from neutnn_pl.kernels.triton.plan import MAX_INPUTS, MAX_SEGMENTS, Plan, plan_of

__all__ = ["infer", "learn", "refuses"]

OLDEST = (3, 7)
"""Older versions do not compile the kernel."""


def refuses(state: LayerState, spec: LayerSpec) -> str | None:
    """Return why this kernel cannot run a layer where its tensors are, or None if it can."""
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed (pip install 'neutnn-pl[gpu]')"
    if state.w.device.type != "cuda" and not _interpreted():
        return (
            f"the weights are on {state.w.device.type}, not on a GPU (TRITON_INTERPRET=1, set "
            "before Python starts, runs the kernel in Triton's interpreter)"
        )
    if (version := _version()) < OLDEST:
        got, least = (".".join(map(str, numbers)) for numbers in (version, OLDEST))
        return f"triton {got} is too old; it needs {least} or newer"
    if isinstance(spec.rule, STDP):
        if spec.rule.source != "philox":
            return f"random source {spec.rule.source}; it has philox only"
        if spec.rule.reward:
            return "a rule with reward: the answer needs all columns after every sample"
    segments, inputs = state.w[0, ..., 0].numel(), max(state.w.shape[-1], state.wp.shape[-1])
    if segments > MAX_SEGMENTS or inputs > MAX_INPUTS:
        return (
            f"{segments} segments of {inputs} inputs in a column; at most {MAX_SEGMENTS} of "
            f"{MAX_INPUTS}"
        )
    return None


def infer(x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None = None) -> Tensor:
    """Return output spike times without learning, uint8 `[B, C, N]`.

    Arguments as in `reference.infer`.

    Raises:
        Unsupported: where `refuses` gives a reason.
    """
    plan = _plan(state, spec, False, xp)
    from neutnn_pl.kernels.triton import launch

    return launch.infer(x, state, spec, xp, plan)


def learn(
    x: Tensor,
    state: LayerState,
    spec: LayerSpec,
    gamma: int,
    xp: Tensor | None = None,
    labels: Tensor | None = None,
) -> tuple[Tensor, LayerState]:
    """Learn samples one after the other; return spike times, uint8 `[B, C, N]`, and the new state.

    Arguments as in `reference.learn`; `labels` would be for a rule with reward, which is refused.

    Raises:
        Unsupported: where `refuses` gives a reason.
    """
    plan = _plan(state, spec, True, xp)
    from neutnn_pl.kernels.triton import launch

    return launch.learn(x, state, spec, gamma, xp, plan)


def _plan(state: LayerState, spec: LayerSpec, learning: bool, xp: Tensor | None) -> Plan:
    reason = refuses(state, spec)
    if reason is not None:
        raise Unsupported(
            "kernel triton",
            got=reason,
            mend="Use kernel 'auto', which takes another kernel for such a layer",
        )
    return plan_of(state, spec, learning, xp is not None)


def _version() -> tuple[int, ...]:
    import triton

    return tuple(int(number) for number in triton.__version__.split(".")[:2])


def _interpreted() -> bool:
    """Return whether Triton runs in its interpreter, which it decides when it is imported."""
    if os.environ.get("TRITON_INTERPRET") != "1":
        return False
    import triton

    return not isinstance(triton.language.sum, triton.runtime.JITFunction)
