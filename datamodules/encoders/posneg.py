"""Two lines per value: the sign picks the line, a large magnitude spikes early."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Encoder, Series, Times, quantise
from hls.errors import InvalidInput
from hls.ir import NO_SPIKE


class PosNeg(Encoder):
    """Sign to line, magnitude to time; costs two input lines per value.

    With `v = min(|x| / limit, 1)`, the spike comes at `min(floor((1 - v) T), T - 1)`, on line `i`
    for `x > 0` and on line `frames + i` for `x < 0`. A magnitude below `threshold` gives no spike.

    Args:
        tres: temporal resolution in bits.
        normalise: preparation, see `Encoder`.
        frames: preparation, see `Encoder`.
        limit: magnitude that spikes at time 0, in units of the prepared series.
        threshold: smallest magnitude that spikes, in the same units.
    """

    def __init__(
        self,
        tres: int = 3,
        normalise: str = "series",
        frames: int | None = None,
        limit: float = 2.0,
        threshold: float = 0.0,
    ) -> None:
        super().__init__(tres, normalise, frames)
        if not limit > 0:
            raise InvalidInput("encoder: limit", got=limit, expected="> 0")
        if threshold < 0:
            raise InvalidInput("encoder: threshold", got=threshold, expected=">= 0")
        self.limit, self.threshold = limit, threshold

    def lines(self, length: int) -> int:
        """Return two lines per value."""
        return 2 * (self.frames or length)

    def _fit(self, prepared: Series) -> None:
        """Take nothing: the limit is a setting."""

    def _encode(self, prepared: Series) -> Times:
        magnitude = np.abs(prepared)
        times = quantise(1.0 - np.minimum(magnitude / self.limit, 1.0), self.horizon)
        heard = magnitude >= self.threshold
        positive = np.where(heard & (prepared > 0), times, NO_SPIKE)
        negative = np.where(heard & (prepared < 0), times, NO_SPIKE)
        return np.concatenate([positive, negative], axis=1).astype(np.uint8)
