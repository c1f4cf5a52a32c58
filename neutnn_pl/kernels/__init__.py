"""Backends of the column kernel: the same signature, the same bits."""

from neutnn_pl.kernels.reference import LayerSpec, evaluate, infer, learn

__all__ = ["LayerSpec", "evaluate", "infer", "learn"]
