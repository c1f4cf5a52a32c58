"""Lets torchvision be imported beside a torch that its compiled operators were not built for.

Its data sets and transforms need no compiled operator, but `import torchvision`, and through
torchmetrics `import lightning`, stop where the schemas of two of them are unknown. They are made
known here, only where torchvision is installed and its own library does not load.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[Any] = []


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
