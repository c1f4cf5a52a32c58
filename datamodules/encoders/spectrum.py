"""Autocorrelation and Fourier amplitudes: what a series is like wherever it starts."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Series, Statistics, Times, ValueEncoder, positive, quantise
from datamodules.encoders.views import Autocorrelation, Fourier
from hls.errors import InvalidInput
from hls.ir import NO_SPIKE


class Spectrum(ValueEncoder):
    """One line per feature; a feature above its mean spikes, the further above the earlier.

    Half of the features are those of `Autocorrelation`, the others those of `Fourier`. Each is
    brought to mean 0 and standard deviation 1 with the statistics of the training split, `f`; with
    `v = min(f / limit, 1)` it spikes at `T - 1 - min(floor(v T), T - 1)` if `f > 0`, else never.

    Costs as many input lines as there are features.

    Args:
        features: number of features and input lines, at least 2.
        tres: temporal resolution in bits.
        normalise: preparation, see `ValueEncoder`.
        frames: preparation, see `ValueEncoder`.
        limit: standard deviations above the mean that spike at time 0.
    """

    FITTED: tuple[str, ...] = (*ValueEncoder.FITTED, "centre", "deviation")

    def __init__(
        self,
        features: int = 24,
        tres: int = 3,
        normalise: str = "series",
        frames: int | None = None,
        limit: float = 2.5,
    ) -> None:
        super().__init__(tres, normalise, frames)
        if features < 2:
            raise InvalidInput("encoder: features", got=features, expected=">= 2")
        positive("limit", limit)
        self.features, self.limit = features, limit
        self.centre: Series | None = None
        self.deviation: Series | None = None

    def _kept(self) -> tuple[str, ...]:
        return (*super()._kept(), "centre", "deviation")

    def lines(self, length: int) -> int:
        """Return one line per feature."""
        length = self.frames or length
        if self.features // 2 > length // 2:
            raise InvalidInput(
                "encoder: features",
                got=self.features,
                expected=f"at most {2 * (length // 2)} for series of {length} values",
                mend="Lower --data.encoder.features",
            )
        return self.features

    def describe(self, prepared: Series) -> Series:
        """Return the features, float64 `[B, features]`, of a prepared series `[B, L]`."""
        self.lines(prepared.shape[1])
        half = self.features // 2
        parts = Autocorrelation(half), Fourier(self.features - half)
        return np.concatenate([part(prepared) for part in parts], axis=1)

    def _fit(self, prepared: Series) -> None:
        found = Statistics.of(self.describe(prepared))
        self.centre = found.mean
        self.deviation = np.where(found.spread < 1e-9, 1.0, found.spread)

    def _encode(self, prepared: Series) -> Times:
        f = (self.describe(prepared) - self.fitted("centre")) / self.fitted("deviation")
        times = self.horizon - 1 - quantise(f / self.limit, self.horizon).astype(int)
        return np.where(f > 0, times, NO_SPIKE).astype(np.uint8)
