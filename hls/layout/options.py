"""Options of the embedded layout flow."""

from __future__ import annotations

from dataclasses import dataclass

from hls.errors import InvalidInput


@dataclass(frozen=True)
class QflowOptions:
    """Options of the embedded flow.

    Attributes:
        density: cell area over row area, 0.2 .. 0.95.
        layers: routing layers, 3 .. 6.
        seed: of the placement; the same seed gives the same layout.
        timeout_s: limit for each program, in s.
    """

    density: float = 0.8
    layers: int = 4
    seed: int = 12345
    timeout_s: float = 1800.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.2 <= self.density <= 0.95:
            raise InvalidInput("layout density", got=self.density, expected="0.2 .. 0.95")
        if not 3 <= self.layers <= 6:
            raise InvalidInput("routing layers", got=self.layers, expected="3 .. 6")
