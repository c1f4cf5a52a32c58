"""What encoders share: preparation of a series, and the step from values to times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput

Series = npt.NDArray[np.float64]
Times = npt.NDArray[np.uint8]

NORMALISATIONS = ("none", "series", "time")


def standardise(series: Series) -> Series:
    """Return each series with mean 0 and standard deviation 1 (0 where it is constant)."""
    centred = series - series.mean(axis=1, keepdims=True)
    spread = series.std(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)


def aggregate(series: Series, frames: int) -> Series:
    """Return the piecewise aggregate approximation: the mean over `frames` equal frames.

    A value on the edge of two frames counts in both by its share (Keogh et al. 2001).

    Args:
        series: float64 `[B, L]`.
        frames: number of frames, `1 .. L`.

    Returns:
        float64 `[B, frames]`.

    >>> aggregate(np.array([[1.0, 2.0, 3.0]]), 2).tolist()
    [[1.3333333333333333, 2.6666666666666665]]
    """
    length = series.shape[1]
    if not 1 <= frames <= length:
        raise InvalidInput(
            "frames of the piecewise aggregate",
            got=frames,
            expected=f"1 .. {length} (the length of the series)",
            mend="Lower --data.encoder.frames",
        )
    # Each value repeated `frames` times, then means of `length` of them: exact shares.
    return series.repeat(frames, axis=1).reshape(len(series), frames, length).mean(axis=2)


def quantise(v: Series, horizon: int) -> Times:
    """Return spike times of values in 0 .. 1: `min(floor(v T), T - 1)`, small values early.

    Args:
        v: float64, clipped to 0 .. 1.
        horizon: number of distinct times, `T`.

    >>> quantise(np.array([0.0, 0.49, 0.5, 1.0]), 8).tolist()
    [0, 3, 4, 7]
    """
    clipped = np.clip(v, 0.0, 1.0)
    return np.minimum(np.floor(clipped * horizon), horizon - 1).astype(np.uint8)


class Encoder(ABC):
    """Turns series into spike times: prepare (normalise, aggregate), then encode.

    Args:
        tres: temporal resolution in bits; times are `0 .. 2**tres - 1`.
        normalise: `none`, `series` (each series to mean 0 and standard deviation 1) or `time`
            (each time index so, with the statistics of the training split).
        frames: piecewise aggregate to so many frames before encoding; null keeps every sample.
    """

    def __init__(self, tres: int = 3, normalise: str = "none", frames: int | None = None) -> None:
        if not 0 <= tres <= 7:
            raise InvalidInput("encoder: tres", got=tres, expected="0 .. 7 bits")
        if normalise not in NORMALISATIONS:
            raise InvalidInput(
                "encoder: normalise",
                got=repr(normalise),
                expected=f"one of {', '.join(NORMALISATIONS)}",
            )
        self.tres, self.normalise, self.frames = tres, normalise, frames
        self._mean: Series | None = None
        self._spread: Series | None = None

    @property
    def horizon(self) -> int:
        """Number of distinct times, `2**tres`."""
        return int(2**self.tres)

    def fit(self, series: Series) -> Self:
        """Take statistics from the training split, float64 `[B, L]`."""
        self._mean = series.mean(axis=0)
        self._spread = series.std(axis=0)
        self._fit(self.prepare(series))
        return self

    def __call__(self, series: Series) -> Times:
        """Return spike times, uint8 `[B, lines]`, of float64 `[B, L]`."""
        return self._encode(self.prepare(series))

    def prepare(self, series: Series) -> Series:
        """Return the normalised and aggregated series, float64 `[B, frames]`."""
        if self.normalise == "series":
            series = standardise(series)
        elif self.normalise == "time":
            if self._mean is None or self._spread is None:
                raise InvalidInput("encoder", got="no statistics", expected="fit() before use")
            centred = series - self._mean
            spread = np.broadcast_to(self._spread, centred.shape)
            series = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
        return series if self.frames is None else aggregate(series, self.frames)

    @abstractmethod
    def lines(self, length: int) -> int:
        """Return the number of input lines for series of `length` values."""

    @abstractmethod
    def _fit(self, prepared: Series) -> None: ...

    @abstractmethod
    def _encode(self, prepared: Series) -> Times: ...
