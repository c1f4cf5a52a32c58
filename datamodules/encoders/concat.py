"""Several encoders side by side."""

from __future__ import annotations

from typing import Self

import numpy as np

from datamodules.encoders.base import Encoder, Series, Times
from hls.errors import InvalidInput


class Concat(Encoder):
    """The lines of several encoders, one after the other; costs the sum of theirs.

    Args:
        parts: encoders of the same temporal resolution.

    Raises:
        InvalidInput: without encoders, or if their resolutions differ.
    """

    def __init__(self, parts: list[Encoder]) -> None:
        resolutions = sorted({part.tres for part in parts})
        if len(resolutions) != 1:
            raise InvalidInput(
                "encoder: parts",
                got=f"resolutions of {resolutions} bits" if parts else "none",
                expected="encoders of the same tres",
            )
        self.parts = parts
        self.tres = resolutions[0]

    def lines(self, length: int) -> int:
        """Return the sum of the parts' lines."""
        return sum(part.lines(length) for part in self.parts)

    def fit(self, series: Series) -> Self:
        """Fit every part to the training split, float64 `[B, L]`."""
        for part in self.parts:
            part.fit(series)
        return self

    def __call__(self, series: Series) -> Times:
        """Return spike times, uint8 `[B, lines]`, of float64 `[B, L]`."""
        return np.concatenate([part(series) for part in self.parts], axis=1)
