"""Autocorrelation and Fourier amplitudes: what a series is like wherever it starts."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Encoder, Series, Times, quantise
from hls.errors import InvalidInput
from hls.ir import NO_SPIKE

_FLOOR = 0.01


class Spectrum(Encoder):
    """One line per feature; a feature above its mean spikes, the further above the earlier.

    Half of the features are autocorrelations of the prepared series `z` of length `L`,
    `sum_i z[i] z[i + lag] / L`, at lags spread evenly over `1 .. L / 2`; the others are
    `log(|Z[k]| / L + 0.01)` of the lowest Fourier frequencies `k = 1, 2, ...`. Each is brought to
    mean 0 and standard deviation 1 with the statistics of the training split, `f`; with
    `v = min(f / limit, 1)` it spikes at `T - 1 - min(floor(v T), T - 1)` if `f > 0`, else never.

    Costs as many input lines as there are features.

    Args:
        features: number of features and input lines, at least 2.
        tres: temporal resolution in bits.
        normalise: preparation, see `Encoder`.
        frames: preparation, see `Encoder`.
        limit: standard deviations above the mean that spike at time 0.
    """

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
        if not limit > 0:
            raise InvalidInput("encoder: limit", got=limit, expected="> 0")
        self.features, self.limit = features, limit
        self._centre: Series = np.zeros(features)
        self._scale: Series = np.ones(features)

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
        length, half = prepared.shape[1], self.features // 2
        self.lines(length)
        lags = np.round(np.linspace(1, length // 2, half)).astype(int)
        products = [(prepared[:, : length - g] * prepared[:, g:]).sum(axis=1) for g in lags]
        spectrum = np.fft.rfft(prepared, axis=1)[:, 1 : self.features - half + 1]
        return np.concatenate(
            [np.stack(products, axis=1) / length, np.log(np.abs(spectrum) / length + _FLOOR)],
            axis=1,
        )

    def _fit(self, prepared: Series) -> None:
        found = self.describe(prepared)
        self._centre, scale = found.mean(axis=0), found.std(axis=0)
        self._scale = np.where(scale < 1e-9, 1.0, scale)

    def _encode(self, prepared: Series) -> Times:
        f = (self.describe(prepared) - self._centre) / self._scale
        times = self.horizon - 1 - quantise(f / self.limit, self.horizon).astype(int)
        return np.where(f > 0, times, NO_SPIKE).astype(np.uint8)
