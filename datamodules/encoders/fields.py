"""Gaussian receptive fields: a population of lines for each value."""

from __future__ import annotations

import numpy as np

from datamodules.encoders.base import Series, Times, View, at_least, positive, quantise
from datamodules.encoders.minmax import Bounded
from hls.errors import InvalidInput
from hls.ir import NO_SPIKE


class GaussianFields(Bounded):
    """Overlapping bell curves over the range of a value: the nearer its centre, the earlier.

    Field `j` of `fields` has its centre at `c = j / (fields - 1)` of the range and the deviation
    `s = width / (fields - 1)`; with `a = exp(-(v - c)^2 / (2 s^2))` it spikes at
    `T - 1 - min(floor(a T), T - 1)`, not at all below `threshold`. Line `i fields + j` is field `j`
    of value `i`. Costs `fields` input lines per value.

    Args:
        fields: receptive fields of a value, at least 2.
        width: deviation of a field, in distances between centres.
        threshold: smallest `a` that spikes.
        tres: temporal resolution in bits.
        normalise: preparation, see `ValueEncoder`.
        frames: preparation, see `ValueEncoder`.
        view: preparation, see `ValueEncoder`.
        scale: preparation, see `ValueEncoder`.
        scope: whose bounds, see `Bounded`.
        tail: tails that `robust` leaves out, see `Bounded`.

    Source: Bohte, La Poutre, Kok, Unsupervised clustering with spiking neurons by sparse temporal
    coding (IEEE Trans. Neural Networks 2002).
    """

    def __init__(
        self,
        fields: int = 5,
        width: float = 0.7,
        threshold: float = 0.1,
        tres: int = 3,
        normalise: str = "none",
        frames: int | None = None,
        view: View | None = None,
        scale: str = "none",
        scope: str = "global",
        tail: float = 0.05,
    ) -> None:
        super().__init__(tres, normalise, frames, view, scale, scope, tail)
        at_least("fields", fields, 2)
        positive("width", width)
        if not 0 <= threshold <= 1:
            raise InvalidInput("encoder: threshold", got=threshold, expected="0 .. 1")
        self.fields, self.width, self.threshold = fields, width, threshold

    def lines(self, length: int) -> int:
        """Return `fields` lines per value."""
        return self.fields * self.values(length)

    def _encode(self, prepared: Series) -> Times:
        steps = self.fields - 1
        # In distances between centres.
        off = self.unit(prepared)[:, :, None] * steps - np.arange(self.fields)
        near = np.exp(-0.5 * (off / self.width) ** 2)
        times = self.horizon - 1 - quantise(near, self.horizon).astype(int)
        times = np.where(near >= self.threshold, times, NO_SPIKE)
        return times.reshape(len(prepared), -1).astype(np.uint8)
