"""Checks of the settings and inputs of layers; every error says got, expected, mend."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from neutnn_pl.functional import NO_SPIKE


def check(name: str, got: object, fine: bool, expected: str) -> None:
    """Raise ValueError unless `fine`."""
    if not fine:
        raise ValueError(f"Layer: {name}: got {got!r}; expected {expected}")


def threshold(theta: int | Tensor, columns: int, neurons: int) -> Tensor:
    """Return thresholds as int32 `[C, N]`, from one number or a tensor of that shape."""
    value = torch.as_tensor(theta)
    if value.is_floating_point() or value.dtype == torch.bool:
        raise ValueError(f"theta: got {value.dtype}; expected integers (weight LSB)")
    if value.ndim and value.shape != (columns, neurons):
        raise ValueError(
            f"theta: got shape {list(value.shape)}; expected one number or [{columns}, {neurons}]"
        )
    check("theta", int(value.min()), int(value.min()) >= 1, "integers >= 1")
    return value.to(torch.int32).expand(columns, neurons).clone()


def line_table(lines: Tensor | None, shape: tuple[int, ...], default: Tensor) -> Tensor:
    """Return input lines as int32 of `shape`; -1 is a line that is always silent (or enabled)."""
    if lines is None:
        return default.to(torch.int32).expand(shape).clone()
    lines = torch.as_tensor(lines)
    if lines.shape != shape or lines.is_floating_point():
        raise ValueError(
            f"lines: got {lines.dtype} {list(lines.shape)}; expected integers {list(shape)}"
        )
    if lines.numel() and int(lines.min()) < -1:
        raise ValueError(f"lines: got {int(lines.min())}; expected -1 (silent) or a line's number")
    return lines.to(torch.int32).clone()


def check_times(x: Tensor, horizon: int, lines: int, what: str = "spike time") -> None:
    """Check spike times `[B, lines]` once per chunk.

    Raises:
        ValueError: for another dtype or shape, or a time in `horizon .. 254`.
    """
    if x.dtype != torch.uint8 or x.ndim != 2:
        raise ValueError(f"{what}s: got {x.dtype} {list(x.shape)}; expected torch.uint8 [B, lines]")
    if x.shape[1] < lines:
        raise ValueError(f"{what}s: got {x.shape[1]} lines; expected at least {lines}")
    bad = (x >= horizon) & (x != NO_SPIKE)
    if bool(bad.any()):
        b, line = (int(i) for i in bad.nonzero()[0])
        raise ValueError(
            f"{what} of sample {b}, line {line}: got {int(x[b, line])}; expected "
            f"0 .. {horizon - 1}, or {NO_SPIKE} for no spike. "
            "Encode with the network's temporal resolution"
        )


def warn_thresholds(theta: Tensor, limit: int, inputs: int, response: str) -> None:
    """Warn, column by column, of thresholds that are never or always reached.

    Args:
        theta: int32 `[C, N]`.
        limit: largest potential of a segment.
        inputs: inputs of a segment.
        response: `rnl` or `snl`.
    """
    for column, thetas in enumerate(theta.tolist()):
        if max(thetas) > limit:
            warnings.warn(
                f"column {column}: theta {max(thetas)} can never be reached: {limit} is the "
                f"largest potential of {inputs} inputs. Lower theta",
                stacklevel=4,
            )
        elif response == "rnl" and min(thetas) <= 1:
            warnings.warn(
                f"column {column}: theta {min(thetas)} is always reached: by the first spike "
                "on any synapse that is not 0. Raise theta",
                stacklevel=4,
            )
