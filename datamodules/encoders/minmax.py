"""One line per value: small values spike early."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Encoder, Series, Times, quantise
from hls.errors import InvalidInput


class MinMax(Encoder):
    """Value to time between bounds: `v = (x - lo) / (hi - lo)`, `t = min(floor(v T), T - 1)`.

    Costs one input line per value. `hi = lo` gives 0.

    Args:
        tres: temporal resolution in bits.
        normalise: preparation, see `Encoder`.
        frames: preparation, see `Encoder`.
        scope: bounds of the whole training split (`global`) or of each series (`series`).
        invert: large values spike early instead, `T - 1 - t`.
    """

    def __init__(
        self,
        tres: int = 3,
        normalise: str = "none",
        frames: int | None = None,
        scope: str = "global",
        invert: bool = False,
    ) -> None:
        super().__init__(tres, normalise, frames)
        if scope not in ("global", "series"):
            raise InvalidInput("encoder: scope", got=repr(scope), expected="'global' or 'series'")
        self.scope, self.invert = scope, invert
        self._bounds = (0.0, 1.0)

    def lines(self, length: int) -> int:
        """Return one line per value."""
        return self.frames or length

    def _fit(self, prepared: Series) -> None:
        self._bounds = (float(prepared.min()), float(prepared.max()))

    def _encode(self, prepared: Series) -> Times:
        low: float | Series
        high: float | Series
        if self.scope == "global":
            low, high = self._bounds
        else:
            low, high = prepared.min(axis=1, keepdims=True), prepared.max(axis=1, keepdims=True)
        span = np.broadcast_to(np.asarray(high) - low, prepared.shape)
        v = np.divide(prepared - low, span, out=np.zeros_like(prepared), where=span > 0)
        times = quantise(v, self.horizon)
        return np.asarray(self.horizon - 1 - times if self.invert else times, dtype=np.uint8)
