"""Data: sets, encoders that turn values into spike times, and the order of online learning."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning: see neutnn_pl._torchvision

__all__ = ["UCR"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
    """Import on first use: a data set's library is loaded only when it is used."""
    if name == "UCR":
        return import_module("datamodules.ucr").UCR
    raise AttributeError(f"module 'datamodules' has no attribute {name!r}")
