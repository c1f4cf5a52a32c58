"""From plain values back to an encoder."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from datamodules.encoders.base import Encoder, Part
from hls.errors import InvalidInput


def encoder_from(config: dict[str, Any]) -> Encoder:
    """Return the fitted encoder that `config()` described, as a frozen network holds it.

    Raises:
        InvalidInput: if it describes none.
    """
    made = _make(config)
    if not isinstance(made, Encoder):
        raise InvalidInput("encoder", got=type(made).__name__, expected="an encoder")
    return made


def _make(config: dict[str, Any]) -> Part:
    kinds = _kinds(Part)
    kind = config.get("kind")
    if kind not in kinds:
        raise InvalidInput(
            "encoder: kind", got=repr(kind), expected=f"one of {', '.join(sorted(kinds))}"
        )
    made: Part = kinds[kind](**{k: _value(v) for k, v in config["settings"].items()})
    for name, value in config["fitted"].items():
        setattr(made, name, np.asarray(value, dtype=np.float64))
    return made


def _value(value: Any) -> Any:  # noqa: ANN401 - any setting
    if isinstance(value, dict) and "kind" in value:
        return _make(value)
    return [_value(one) for one in value] if isinstance(value, list) else value


def _kinds(base: type[Any]) -> dict[str, type[Any]]:
    found = {} if inspect.isabstract(base) else {base.__name__: base}
    for child in base.__subclasses__():
        found |= _kinds(child)
    return found
