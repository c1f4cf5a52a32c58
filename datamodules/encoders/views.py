"""Views of a series that do not depend on chance: derivative, Fourier, autocorrelation."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Series, View, at_least
from hls.errors import InvalidInput

_FLOOR = 0.01


class Derivative(View):
    """Differences of neighbours, `x[i + 1] - x[i]`, `order` times over.

    Costs `order` features less than there are values.

    Args:
        order: how often to differentiate.
    """

    def __init__(self, order: int = 1) -> None:
        at_least("order", order, 1)
        self.order = order

    def size(self, length: int) -> int:
        """Return `length - order`."""
        if self.order >= length:
            raise InvalidInput(
                "encoder: order", got=self.order, expected=f"below {length}, the number of values"
            )
        return length - self.order

    def __call__(self, prepared: Series) -> Series:
        """Return the differences, float64 `[B, L - order]`."""
        self.size(prepared.shape[1])
        return np.diff(prepared, n=self.order, axis=1)


class Fourier(View):
    """Amplitudes of the lowest Fourier frequencies `k = 1, 2, ...`.

    Args:
        features: number of frequencies, at most half the values.
        log: `log(|Z[k]| / L + 0.01)` in place of `|Z[k]| / L`.
    """

    def __init__(self, features: int = 32, log: bool = True) -> None:
        at_least("features", features, 1)
        self.features, self.log = features, log

    def size(self, length: int) -> int:
        """Return the number of frequencies."""
        return _fits(self.features, length // 2, length)

    def __call__(self, prepared: Series) -> Series:
        """Return the amplitudes, float64 `[B, features]`."""
        length = prepared.shape[1]
        size = self.size(length)
        amplitude = np.abs(np.fft.rfft(prepared, axis=1)[:, 1 : size + 1]) / length
        return np.log(amplitude + _FLOOR) if self.log else amplitude


class Autocorrelation(View):
    """Autocorrelations `sum_i x[i] x[i + lag] / L` at lags spread evenly over `1 .. L / 2`.

    Args:
        features: number of lags, at most half the values.
    """

    def __init__(self, features: int = 32) -> None:
        at_least("features", features, 1)
        self.features = features

    def size(self, length: int) -> int:
        """Return the number of lags."""
        return _fits(self.features, length // 2, length)

    def __call__(self, prepared: Series) -> Series:
        """Return the autocorrelations, float64 `[B, features]`."""
        length = prepared.shape[1]
        lags = np.round(np.linspace(1, length // 2, self.size(length))).astype(int)
        products = [(prepared[:, : length - g] * prepared[:, g:]).sum(axis=1) for g in lags]
        return np.stack(products, axis=1) / length


class Quantiles(View):
    """Quantiles of the differences of a series, evenly spread from the least to the largest.

    Linear between order statistics; how fast a series moves, wherever it does.

    Args:
        features: number of quantiles, at least 2.
        order: how often to differentiate; 0 takes the values themselves.
    """

    def __init__(self, features: int = 16, order: int = 1) -> None:
        at_least("features", features, 2)
        at_least("order", order, 0)
        self.features, self.order = features, order

    def size(self, length: int) -> int:
        """Return the number of quantiles."""
        if self.order:
            Derivative(self.order).size(length)
        return self.features

    def __call__(self, prepared: Series) -> Series:
        """Return the quantiles, float64 `[B, features]`."""
        self.size(prepared.shape[1])
        differences = np.diff(prepared, n=self.order, axis=1)
        return np.quantile(differences, np.linspace(0, 1, self.features), axis=1).T


def _fits(features: int, most: int, length: int) -> int:
    if features > most:
        raise InvalidInput(
            "encoder: features",
            got=features,
            expected=f"at most {most} for series of {length} values",
            mend="Lower the encoder's features",
        )
    return features
