"""Data: sets, encoders that turn values into spike times, and the order of online learning."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning: see neutnn_pl._torchvision

__all__ = ["MNIST", "UCR", "PlaceMaps", "Trajectory"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
    """Import on first use: a data set's library is loaded only when it is used."""
    if name == "MNIST":
        return import_module("datamodules.mnist").MNIST
    if name == "UCR":
        return import_module("datamodules.ucr").UCR
    if name in ("PlaceMaps", "Trajectory"):
        return getattr(import_module("datamodules.place_cells"), name)
    raise AttributeError(f"module 'datamodules' has no attribute {name!r}")
