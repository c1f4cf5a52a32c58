"""From a frozen network to C, Verilog, netlist and layout, with proof at every step."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("neutnn-pl")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"

_LAZY = {
    "FrozenNetwork": "hls.ir",
    "FrozenLayer": "hls.ir",
    "load": "hls.ir",
    "save": "hls.ir",
    "compile": "hls.targets",
    "Flow": "hls.flow",
}
__all__ = ["Flow", "FrozenLayer", "FrozenNetwork", "__version__", "compile", "load", "save"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
    """Import on first use, so that `import hls` stays quick."""
    if name not in _LAZY:
        raise AttributeError(f"module 'hls' has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
