"""What encoders share: settings as plain values, preparation of a series, value to time."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput

Series = npt.NDArray[np.float64]
Times = npt.NDArray[np.uint8]

NORMALISATIONS = ("none", "series", "time")
SCALES = ("none", "line")


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


class Statistics:
    """Mean and standard deviation of each column of the training split, `[L]` each."""

    def __init__(self, mean: Series, spread: Series) -> None:
        self.mean, self.spread = mean, spread

    @classmethod
    def of(cls, values: Series) -> Statistics:
        """Take them from float64 `[B, L]`."""
        return cls(values.mean(axis=0), values.std(axis=0))

    def standard(self, values: Series) -> Series:
        """Return columns with mean 0 and standard deviation 1; 0 where one was constant."""
        centred = values - self.mean
        # Rounding leaves a constant column a spread of about an ulp of its mean.
        moving = self.spread > 1e-12 * (1.0 + np.abs(self.mean))
        spread = np.broadcast_to(self.spread, centred.shape)
        where = np.broadcast_to(moving, centred.shape)
        return np.divide(centred, spread, out=np.zeros_like(centred), where=where)


class Part(ABC):  # noqa: B024 - its children have the abstract methods
    """Something with settings and, once fitted, statistics: both as plain values.

    A subclass keeps each setting in an attribute of its argument's name, and lists in `FITTED` the
    attributes that `fit` sets (arrays of float64; None before).
    """

    FITTED: tuple[str, ...] = ()

    def config(self) -> dict[str, Any]:
        """Return kind, settings and fitted values as plain values.

        Raises:
            InvalidInput: before `fit`.
        """
        names = [n for n in inspect.signature(type(self).__init__).parameters if n != "self"]
        return {
            "kind": type(self).__name__,
            "settings": {name: _plain(getattr(self, name)) for name in names},
            "fitted": {name: self.fitted(name).tolist() for name in self._kept()},
        }

    def _kept(self) -> tuple[str, ...]:
        return self.FITTED

    def fitted(self, name: str) -> Series:
        """Return a fitted value.

        Raises:
            InvalidInput: before `fit`.
        """
        value = getattr(self, name)
        if value is None:
            raise InvalidInput("encoder", got="no statistics", expected="fit() before use")
        return np.asarray(value, dtype=np.float64)


class View(Part):
    """Real-valued features of a prepared series, encoded in its place."""

    @abstractmethod
    def size(self, length: int) -> int:
        """Return the number of features of series of `length` values."""

    def fit(self, prepared: Series) -> Self:
        """Take statistics from the training split, float64 `[B, L]`."""
        return self

    @abstractmethod
    def __call__(self, prepared: Series) -> Series:
        """Return the features, float64 `[B, size]`, of float64 `[B, L]`."""


class Encoder(Part):
    """Turns series into spike times."""

    tres: int

    @property
    def horizon(self) -> int:
        """Number of distinct times, `2**tres`."""
        return int(2**self.tres)

    @abstractmethod
    def lines(self, length: int) -> int:
        """Return what it costs: the number of input lines for series of `length` values."""

    @abstractmethod
    def fit(self, series: Series) -> Self:
        """Take statistics from the training split, float64 `[B, L]`."""

    @abstractmethod
    def __call__(self, series: Series) -> Times:
        """Return spike times, uint8 `[B, lines]`, of float64 `[B, L]`."""


class ValueEncoder(Encoder):
    """Encodes value by value after normalising, aggregating, describing and scaling a series.

    Args:
        tres: temporal resolution in bits; times are `0 .. 2**tres - 1`.
        normalise: `none`, `series` (each series to mean 0 and standard deviation 1) or `time`
            (each time index so, with the statistics of the training split).
        frames: piecewise aggregate to so many frames before encoding; null keeps every sample.
        view: what to encode in place of the samples; null encodes them as they are.
        scale: `line` brings each value that is encoded to mean 0 and standard deviation 1 with the
            statistics of the training split; `none` leaves it.
    """

    FITTED: tuple[str, ...] = ("mean", "spread", "line_mean", "line_spread")

    def __init__(
        self,
        tres: int = 3,
        normalise: str = "none",
        frames: int | None = None,
        view: View | None = None,
        scale: str = "none",
    ) -> None:
        if not 0 <= tres <= 7:
            raise InvalidInput("encoder: tres", got=tres, expected="0 .. 7 bits")
        one_of("normalise", normalise, NORMALISATIONS)
        one_of("scale", scale, SCALES)
        self.tres, self.normalise, self.frames = tres, normalise, frames
        self.view, self.scale = view, scale
        self.mean: Series | None = None
        self.spread: Series | None = None
        self.line_mean: Series | None = None
        self.line_spread: Series | None = None

    def _kept(self) -> tuple[str, ...]:
        kept = {name: True for name in self.FITTED}
        kept["mean"] = kept["spread"] = self.normalise == "time"
        kept["line_mean"] = kept["line_spread"] = self.scale == "line"
        return tuple(name for name, keep in kept.items() if keep)

    def values(self, length: int) -> int:
        """Return the number of values that are encoded, of series of `length` values."""
        length = self.frames or length
        return length if self.view is None else self.view.size(length)

    def fit(self, series: Series) -> Self:
        """Take statistics from the training split, float64 `[B, L]`."""
        over_time = Statistics.of(series)
        self.mean, self.spread = over_time.mean, over_time.spread
        prepared = self._prepare(series)
        if self.view is not None:
            self.view.fit(prepared)
            prepared = self.view(prepared)
        over_lines = Statistics.of(prepared)
        self.line_mean, self.line_spread = over_lines.mean, over_lines.spread
        self._fit(self._scaled(prepared))
        return self

    def __call__(self, series: Series) -> Times:
        """Return spike times, uint8 `[B, lines]`, of float64 `[B, L]`."""
        return self._encode(self.prepare(series))

    def prepare(self, series: Series) -> Series:
        """Return the values to encode, float64 `[B, values]`."""
        prepared = self._prepare(series)
        return self._scaled(prepared if self.view is None else self.view(prepared))

    def _prepare(self, series: Series) -> Series:
        if self.normalise == "series":
            series = standardise(series)
        elif self.normalise == "time":
            series = Statistics(self.fitted("mean"), self.fitted("spread")).standard(series)
        return series if self.frames is None else aggregate(series, self.frames)

    def _scaled(self, values: Series) -> Series:
        if self.scale == "none":
            return values
        return Statistics(self.fitted("line_mean"), self.fitted("line_spread")).standard(values)

    def _fit(self, prepared: Series) -> None:
        """Take what the encoder itself needs from the prepared training split."""

    @abstractmethod
    def _encode(self, prepared: Series) -> Times: ...


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Check a setting that is one of a few words.

    Raises:
        InvalidInput: naming the setting.
    """
    if value not in allowed:
        raise InvalidInput(
            f"encoder: {name}", got=repr(value), expected=f"one of {', '.join(allowed)}"
        )


def at_least(name: str, value: float, least: float) -> None:
    """Check a setting that has a smallest value.

    Raises:
        InvalidInput: naming the setting.
    """
    if not value >= least:
        raise InvalidInput(f"encoder: {name}", got=value, expected=f">= {least}")


def positive(name: str, value: float) -> None:
    """Check a setting that is above 0.

    Raises:
        InvalidInput: naming the setting.
    """
    if not value > 0:
        raise InvalidInput(f"encoder: {name}", got=value, expected="> 0")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any setting
    if isinstance(value, Part):
        return value.config()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
