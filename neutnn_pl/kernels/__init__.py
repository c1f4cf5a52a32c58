"""Backends of the column kernel: the same signature, the same bits."""

from neutnn_pl.kernels.reference import evaluate, infer, learn
from neutnn_pl.kernels.registry import KERNELS, backend, check_kernel, choose, uses_numba
from neutnn_pl.kernels.spec import LayerSpec, LayerState

__all__ = [
    "KERNELS",
    "LayerSpec",
    "LayerState",
    "backend",
    "check_kernel",
    "choose",
    "evaluate",
    "infer",
    "learn",
    "uses_numba",
]
