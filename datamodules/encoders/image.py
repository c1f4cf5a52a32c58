"""Encoders of images: from grey pixels to planes of spike times."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from datamodules.encoders.base import Series, Times, quantise
from hls.errors import InvalidInput
from hls.ir import NO_SPIKE

Images = npt.NDArray[np.uint8]
_AT_ONCE = 4096
_WHITE = 255


class ImageEncoder(ABC):
    """Turns grey images into planes of spike times, one line for each pixel of each plane.

    Lines are channel-major, `(plane * height + y) * width + x`, as `receptive_fields(of="image")`
    reads them.

    Args:
        tres: temporal resolution in bits; times are `0 .. 2**tres - 1`.
        planes: number of planes.
        padding: pixels of value 0 added on every side, or (before, after): [0, 1] adds one at the
            right and one at the bottom.
    """

    def __init__(self, tres: int, planes: int, padding: int | Sequence[int] = 0) -> None:
        if isinstance(tres, bool) or not 0 <= tres <= 7:
            raise InvalidInput("encoder: tres", got=tres, expected="0 .. 7 bits")
        around = [padding] * 2 if isinstance(padding, int) else list(padding)
        if len(around) != 2 or min(around) < 0:
            raise InvalidInput(
                "encoder: padding",
                got=padding,
                expected="pixels on every side, or [before, after], >= 0",
            )
        self.tres, self.planes = tres, planes
        self.padding = (around[0], around[1])

    @property
    def horizon(self) -> int:
        """Number of distinct times, `2**tres`."""
        return int(2**self.tres)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return (height, width) of the planes."""
        return height + sum(self.padding), width + sum(self.padding)

    def lines(self, height: int, width: int) -> int:
        """Return the number of input lines for images of this size."""
        return self.planes * math.prod(self.size(height, width))

    def __call__(self, images: Images) -> Times:
        """Return spike times, uint8 `[B, lines]`, of uint8 `[B, height, width]`."""
        times = np.empty((len(images), self.lines(*images.shape[1:])), dtype=np.uint8)
        around = ((0, 0), self.padding, self.padding)
        for start in range(0, len(images), _AT_ONCE):
            part = np.pad(images[start : start + _AT_ONCE], around)
            times[start : start + len(part)] = self._encode(part).reshape(len(part), -1)
        return times

    def config(self) -> dict[str, Any]:
        """Return everything on which the times depend, as plain values."""
        return {"encoder": type(self).__name__, **vars(self)}

    @abstractmethod
    def _encode(self, images: Images) -> Times:
        """Return uint8 `[B, planes, height, width]` of padded images."""


class PosNegImage(ImageEncoder):
    """Every pixel spikes at time 0: on the positive plane if it is bright, else on the negative.

    Args:
        threshold: smallest value of a bright pixel, 1 .. 255.
        padding: see `ImageEncoder`; what is added is dark.
    """

    def __init__(self, threshold: int = 128, padding: int | Sequence[int] = 0) -> None:
        super().__init__(0, 2, padding)
        self.threshold = _level(threshold)

    def _encode(self, images: Images) -> Times:
        bright = images >= self.threshold
        return np.where(np.stack([bright, ~bright], axis=1), 0, NO_SPIKE).astype(np.uint8)


class OnOffImage(ImageEncoder):
    """Bright pixels spike early on the positive plane, dark ones early on the negative plane.

    With pixel `p` and `T = 2**tres`, a pixel spikes on the positive plane at
    `min((255 - p) T // 255, T - 1)` if `p >= threshold`, on the negative plane at
    `min(p T // 255, T - 1)` if `255 - p >= threshold`.

    Args:
        tres: temporal resolution in bits.
        threshold: smallest brightness (darkness) that spikes, 0 .. 255.
        negative: whether there is a negative plane.
        padding: see `ImageEncoder`; what is added is dark.
    """

    def __init__(
        self,
        tres: int = 3,
        threshold: int = 128,
        negative: bool = True,
        padding: int | Sequence[int] = 0,
    ) -> None:
        super().__init__(tres, 1 + negative, padding)
        self.threshold, self.negative = _level(threshold, least=0), negative

    def _encode(self, images: Images) -> Times:
        sides = [images, _WHITE - images][: self.planes]
        return np.stack([self._plane(side) for side in sides], axis=1)

    def _plane(self, level: Images) -> Times:
        # A table of 256 entries: one look-up for each pixel.
        p = np.arange(_WHITE + 1)
        times = np.minimum((_WHITE - p) * self.horizon // _WHITE, self.horizon - 1)
        return np.where(p >= self.threshold, times, NO_SPIKE).astype(np.uint8)[level]


class ContrastImage(ImageEncoder):
    """Difference of two Gaussians: brighter than around on one plane, darker on the other.

    With `d` the image (0 .. 1) blurred by `inner` minus blurred by `outer`, a pixel spikes on the
    positive plane if `d >= threshold`, on the negative one if `-d >= threshold`, at
    `min(floor((1 - min(|d| / limit, 1)) T), T - 1)`. Outside the image it is dark.

    Args:
        tres: temporal resolution in bits.
        inner: standard deviation of the narrow Gaussian, in pixels.
        outer: standard deviation of the wide one.
        threshold: smallest contrast that spikes, above 0.
        limit: contrast that spikes at time 0.
        padding: see `ImageEncoder`; what is added is dark.
    """

    def __init__(
        self,
        tres: int = 0,
        inner: float = 0.7,
        outer: float = 2.0,
        threshold: float = 0.1,
        limit: float = 0.5,
        padding: int | Sequence[int] = 0,
    ) -> None:
        super().__init__(tres, 2, padding)
        for name, value in (("inner", inner), ("threshold", threshold), ("limit", limit)):
            if not value > 0:
                raise InvalidInput(f"encoder: {name}", got=value, expected="> 0")
        if not outer > inner:
            raise InvalidInput("encoder: outer", got=outer, expected=f"> {inner}, the inner one")
        self.inner, self.outer = inner, outer
        self.threshold, self.limit = threshold, limit

    def _encode(self, images: Images) -> Times:
        v = images / float(_WHITE)
        d = _blur(v, self.inner) - _blur(v, self.outer)
        times = quantise(1.0 - np.minimum(np.abs(d) / self.limit, 1.0), self.horizon)
        sides = np.stack([d >= self.threshold, -d >= self.threshold], axis=1)
        return np.where(sides, times[:, None], NO_SPIKE).astype(np.uint8)


def _blur(v: Series, sigma: float) -> Series:
    """Return float64 `[B, height, width]` blurred by a Gaussian cut at three sigma."""
    radius = math.ceil(3 * sigma)
    taps = [math.exp(-(i * i) / (2 * sigma * sigma)) for i in range(-radius, radius + 1)]
    for axis in (1, 2):
        around = [(0, 0)] * 3
        around[axis] = (radius, radius)
        padded, size = np.pad(v, around), v.shape[axis]
        # One tap after the other, so that the sum is the same on every machine.
        v = np.zeros_like(v)
        for i, tap in enumerate(taps):
            v += tap / sum(taps) * padded.take(range(i, i + size), axis=axis)
    return v


def _level(value: int, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _WHITE:
        raise InvalidInput("encoder: threshold", got=value, expected=f"{least} .. {_WHITE}")
    return value
