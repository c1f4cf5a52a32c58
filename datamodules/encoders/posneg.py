"""Two lines per value: the sign picks the line, a large magnitude spikes early."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import (
    Series,
    Times,
    ValueEncoder,
    View,
    at_least,
    positive,
    quantise,
)
from hls.ir import NO_SPIKE


class PosNeg(ValueEncoder):
    """Sign to line, magnitude to time; costs two input lines per value.

    With `v = min(|x| / limit, 1)`, the spike comes at `min(floor((1 - v) T), T - 1)`, on line `i`
    for `x > 0` and on line `values + i` for `x < 0`. A magnitude below `threshold` gives no spike.

    Args:
        tres: temporal resolution in bits.
        normalise: preparation, see `ValueEncoder`.
        frames: preparation, see `ValueEncoder`.
        limit: magnitude that spikes at time 0, in units of the prepared series.
        threshold: smallest magnitude that spikes, in the same units.
        view: preparation, see `ValueEncoder`.
        scale: preparation, see `ValueEncoder`.
    """

    def __init__(
        self,
        tres: int = 3,
        normalise: str = "series",
        frames: int | None = None,
        limit: float = 2.0,
        threshold: float = 0.0,
        view: View | None = None,
        scale: str = "none",
    ) -> None:
        super().__init__(tres, normalise, frames, view, scale)
        positive("limit", limit)
        at_least("threshold", threshold, 0)
        self.limit, self.threshold = limit, threshold

    def lines(self, length: int) -> int:
        """Return two lines per value."""
        return 2 * self.values(length)

    def _encode(self, prepared: Series) -> Times:
        magnitude = np.abs(prepared)
        times = quantise(1.0 - np.minimum(magnitude / self.limit, 1.0), self.horizon)
        heard = magnitude >= self.threshold
        positive = np.where(heard & (prepared > 0), times, NO_SPIKE)
        negative = np.where(heard & (prepared < 0), times, NO_SPIKE)
        return np.concatenate([positive, negative], axis=1).astype(np.uint8)
