"""Backends of the column kernel: the same signature, the same bits."""

from neutnn_pl.kernels.reference import LayerSpec, infer, learn

__all__ = ["LayerSpec", "infer", "learn"]
