"""NeuroAI temporal neural networks in PyTorch Lightning."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hls import __version__
from neutnn_pl._torchvision import define_when_needed

define_when_needed()

_LAZY = {name: "neutnn_pl.modules" for name in ("Classifier", "Clusterer", "NeuTNN")}
_PACKAGES = ("callbacks", "functional", "kernels", "metrics", "modules", "nn", "strategies")
__all__ = ["Classifier", "Clusterer", "NeuTNN", "__version__", *_PACKAGES]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
    """Import on first use, so that `import neutnn_pl` stays quick."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _PACKAGES:
        return import_module(f"neutnn_pl.{name}")
    raise AttributeError(f"module 'neutnn_pl' has no attribute {name!r}")
