"""Between bounds: one line per value (`MinMax`) or two (`OnOff`)."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Series, Times, ValueEncoder, View, one_of, quantise
from hls.errors import InvalidInput

SCOPES = ("global", "series", "line", "robust")


class Bounded(ValueEncoder):
    """Brings values to 0 .. 1 between bounds: `v = (x - lo) / (hi - lo)`, clipped.

    `hi = lo` gives 0.

    Args:
        tres: temporal resolution in bits.
        normalise: preparation, see `ValueEncoder`.
        frames: preparation, see `ValueEncoder`.
        view: preparation, see `ValueEncoder`.
        scale: preparation, see `ValueEncoder`.
        scope: whose bounds: of the whole training split (`global`), of each series (`series`), of
            each value over the training split (`line`), or of the whole training split without
            its tails (`robust`).
        tail: share of the values that `robust` leaves out at either end.
    """

    FITTED: tuple[str, ...] = (*ValueEncoder.FITTED, "low", "high")

    def __init__(
        self,
        tres: int = 3,
        normalise: str = "none",
        frames: int | None = None,
        view: View | None = None,
        scale: str = "none",
        scope: str = "global",
        tail: float = 0.05,
    ) -> None:
        super().__init__(tres, normalise, frames, view, scale)
        one_of("scope", scope, SCOPES)
        if not 0 <= tail < 0.5:
            raise InvalidInput("encoder: tail", got=tail, expected="0 .. 0.5, below it")
        self.scope, self.tail = scope, tail
        self.low: Series | None = None
        self.high: Series | None = None

    def _kept(self) -> tuple[str, ...]:
        own = {"low", "high"}
        return tuple(n for n in super()._kept() if self.scope != "series" or n not in own)

    def _fit(self, prepared: Series) -> None:
        axis = 0 if self.scope == "line" else None
        ends = (self.tail, 1.0 - self.tail) if self.scope == "robust" else (0.0, 1.0)
        self.low, self.high = (np.asarray(np.quantile(prepared, end, axis=axis)) for end in ends)

    def unit(self, prepared: Series) -> Series:
        """Return values between the bounds as 0 .. 1, float64 `[B, values]`."""
        if self.scope == "series":
            low, high = prepared.min(axis=1, keepdims=True), prepared.max(axis=1, keepdims=True)
        else:
            low, high = self.fitted("low"), self.fitted("high")
        span = np.broadcast_to(high - low, prepared.shape)
        v = np.divide(prepared - low, span, out=np.zeros_like(prepared), where=span > 0)
        return np.clip(v, 0.0, 1.0)


class MinMax(Bounded):
    """Value to time between bounds: `t = min(floor(v T), T - 1)`, small values early.

    Costs one input line per value.

    Args:
        tres: temporal resolution in bits.
        normalise: preparation, see `ValueEncoder`.
        frames: preparation, see `ValueEncoder`.
        view: preparation, see `ValueEncoder`.
        scale: preparation, see `ValueEncoder`.
        scope: whose bounds, see `Bounded`.
        tail: tails that `robust` leaves out, see `Bounded`.
        invert: large values spike early instead, `T - 1 - t`.
    """

    def __init__(
        self,
        tres: int = 3,
        normalise: str = "none",
        frames: int | None = None,
        view: View | None = None,
        scale: str = "none",
        scope: str = "global",
        tail: float = 0.05,
        invert: bool = False,
    ) -> None:
        super().__init__(tres, normalise, frames, view, scale, scope, tail)
        self.invert = invert

    def lines(self, length: int) -> int:
        """Return one line per value."""
        return self.values(length)

    def _encode(self, prepared: Series) -> Times:
        times = quantise(self.unit(prepared), self.horizon)
        return np.asarray(self.horizon - 1 - times if self.invert else times, dtype=np.uint8)


class OnOff(Bounded):
    """Two complementary times per value: the on line is early if it is large, off if it is small.

    With `t = min(floor(v T), T - 1)`, line `i` (on) spikes at `T - 1 - t` and line `values + i`
    (off) at `t`. Costs two input lines per value.
    """

    def lines(self, length: int) -> int:
        """Return two lines per value."""
        return 2 * self.values(length)

    def _encode(self, prepared: Series) -> Times:
        off = quantise(self.unit(prepared), self.horizon)
        return np.concatenate([self.horizon - 1 - off, off], axis=1).astype(np.uint8)
