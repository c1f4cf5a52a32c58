"""Receptive fields: which input lines the columns of a layer read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hls.errors import InvalidInput

SOURCES = ("image", "layer")
Whole = int | Sequence[int]
Padding = int | Sequence[int] | Sequence[Sequence[int]]


@dataclass(frozen=True)
class Fields:
    """The receptive fields of a layer.

    Attributes:
        lines: int32 `[C, P]`, input line of each input of each column; -1 outside the image.
        grid: positions along each axis, `(C,)` or `(rows, columns)` with `C` their product; the
            `size` of the fields of the layer above.
    """

    lines: Tensor
    grid: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Number of columns, `C`."""
        return len(self.lines)

    @property
    def inputs(self) -> int:
        """Number of inputs of a column, `P`, those outside the image included."""
        return int(self.lines.shape[1])


def receptive_fields(
    size: Whole,
    channels: int = 1,
    kernel: Whole = 3,
    stride: Whole = 1,
    dilation: Whole = 1,
    padding: Padding = 0,
    *,
    corners: bool = False,
    of: str = "image",
) -> Fields:
    """Return the fields of a kernel that slides over a series or an image.

    Along an axis, position `o` reads `o * stride + tap * dilation - before`, and there are
    `(size + before + after - dilation * (kernel - 1) - 1) // stride + 1` positions. Columns are
    row-major over positions, inputs channel-major: (channel, ky, kx). A setting given as one
    integer holds for every axis.

    Args:
        size: length of a series, or (height, width) of an image; a lower layer's `grid`.
        channels: channels at each position; a lower layer's are its neurons.
        kernel: taps of the kernel.
        stride: steps between positions.
        dilation: steps between taps.
        padding: what is added around the image: an integer, (before, after), or one such pair for
            each axis. Nothing spikes there: it has no line (-1).
        corners: read the outermost taps only, two in a series and four in an image; an axis on
            which the kernel is 1 wide has one.
        of: how the input is numbered: `image`, `(channel * h + y) * w + x`, or `layer`,
            `(y * w + x) * channels + channel`, as the outputs of a layer are.

    Raises:
        InvalidInput: a ValueError, for settings that give no fields.

    >>> receptive_fields((2, 3), kernel=2).lines.tolist()
    [[0, 1, 3, 4], [1, 2, 4, 5]]
    >>> receptive_fields(3, channels=2, padding=(1, 0), of="layer").lines.tolist()
    [[-1, 0, 2, -1, 1, 3], [0, 2, 4, 1, 3, 5]]
    """
    sizes = tuple(size) if isinstance(size, Sequence) else (size,)
    axes = len(sizes)
    if axes not in (1, 2):
        raise InvalidInput(
            "receptive fields: size",
            got=repr(size),
            expected="the length of a series, or (height, width)",
        )
    if of not in SOURCES:
        raise InvalidInput(
            "receptive fields: of", got=repr(of), expected=f"one of {', '.join(SOURCES)}"
        )
    _whole("channels", channels, least=1)
    around = _padding(padding, axes)
    taps = [
        _axis(*settings, corners=corners)
        for settings in zip(
            _each("size", sizes, axes),
            _each("kernel", kernel, axes),
            _each("stride", stride, axes),
            _each("dilation", dilation, axes),
            around,
            strict=True,
        )
    ]
    grid = tuple(len(axis) for axis in taps)
    # A series is an image of one row: from here on there are [rows, columns, channel, ky, kx].
    y, x = taps if axes == 2 else (torch.zeros(1, 1, dtype=torch.int64), taps[0])
    h, w = sizes if axes == 2 else (1, sizes[0])
    y, x = y[:, None, None, :, None], x[None, :, None, None, :]
    channel = torch.arange(channels)[:, None, None]
    line = (channel * h + y) * w + x if of == "image" else (y * w + x) * channels + channel
    inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
    lines = torch.where(inside, line, -1).to(torch.int32).reshape(math.prod(grid), -1)
    blind = (lines < 0).all(dim=1).nonzero()
    if len(blind):
        raise InvalidInput(
            "receptive fields",
            got=f"column {int(blind[0])} wholly outside the image",
            expected="at least one line for every column",
            mend="Lower padding",
        )
    return Fields(lines, grid)


def _axis(
    size: int, kernel: int, stride: int, dilation: int, around: tuple[int, int], *, corners: bool
) -> Tensor:
    """Return where each position reads along an axis, int64 `[positions, taps]`."""
    extent, whole = dilation * (kernel - 1) + 1, size + sum(around)
    if extent > whole:
        raise InvalidInput(
            "receptive fields: kernel",
            got=f"{extent} steps wide",
            expected=f"at most {whole}, the size with its padding",
            mend="Lower kernel or dilation, or add padding",
        )
    first = torch.arange((whole - extent) // stride + 1) * stride - around[0]
    tap = torch.tensor(sorted({0, kernel - 1})) if corners else torch.arange(kernel)
    return first[:, None] + tap * dilation


def _each(name: str, value: Whole, axes: int) -> list[int]:
    """Return a setting for each axis, integers >= 1."""
    values = list(value) if isinstance(value, Sequence) else [value] * axes
    if len(values) != axes:
        raise InvalidInput(
            f"receptive fields: {name}",
            got=repr(value),
            expected="an integer" if axes == 1 else f"an integer, or {axes}",
        )
    for one in values:
        _whole(name, one, least=1)
    return values


def _padding(value: Padding, axes: int) -> list[tuple[int, int]]:
    """Return (before, after) for each axis, integers >= 0."""
    if not isinstance(value, Sequence):
        pairs: list[object] = [(value, value)] * axes
    elif len(value) == 2 and all(isinstance(one, int) for one in value):
        pairs = [value] * axes
    else:
        pairs = list(value)
    found = []
    for pair in pairs:
        if not isinstance(pair, Sequence) or len(pair) != 2 or len(pairs) != axes:
            raise InvalidInput(
                "receptive fields: padding",
                got=repr(value),
                expected="an integer, (before, after), or one such pair for each axis",
            )
        found.append((_whole("padding", pair[0], least=0), _whole("padding", pair[1], least=0)))
    return found


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInput(
            f"receptive fields: {name}", got=repr(value), expected=f"integers >= {least}"
        )
    return value
