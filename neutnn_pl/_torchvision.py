"""Lets torchvision be imported beside a torch that its compiled operators were not built for.

Its data sets and transforms need no compiled operator, but `import torchvision`, and through
torchmetrics `import lightning`, stop where the schemas of two of them are unknown. They are made
known here, only where torchvision is installed and its own library does not load.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_NEEDING = ("lightning", "pytorch_lightning", "torchmetrics", "torchvision")
_libraries: list[Any] = []


class _Before(MetaPathFinder):
    """Waits for the first import that needs the operators: torch itself takes its time."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: Any = None,  # noqa: ANN401
    ) -> ModuleSpec | None:
        """Find nothing, but define the operators first where they are needed."""
        if fullname in _NEEDING and self in sys.meta_path:
            sys.meta_path.remove(self)
            define_missing_operators()
        return None


def define_when_needed() -> None:
    """Have `define_missing_operators` called before the first import that needs it."""
    if any(name in sys.modules for name in _NEEDING):
        define_missing_operators()
    else:
        sys.meta_path.insert(0, _Before())


def define_missing_operators() -> bool:
    """Make the schemas known if they are needed; return whether they were."""
    spec = find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations or _libraries:
        return False
    import torch

    try:
        torch.ops.load_library(str(Path(spec.submodule_search_locations[0]) / "_C.so"))
    except (OSError, RuntimeError):
        library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            library.define(schema)
        _libraries.append(library)  # the schemas live as long as the library object
        return True
    return False
