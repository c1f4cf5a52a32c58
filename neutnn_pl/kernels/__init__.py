"""Backends of the column kernel: the same signature, the same bits."""

from neutnn_pl.kernels.reference import evaluate, infer, learn
from neutnn_pl.kernels.spec import LayerSpec, LayerState

__all__ = ["LayerSpec", "LayerState", "evaluate", "infer", "learn"]
