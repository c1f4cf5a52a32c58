"""Learning rules as settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from neutnn_pl.functional import Probabilities


@dataclass(frozen=True)
class STDP(Probabilities):
    """Stochastic STDP; every probability is an integer out of 1024.

    Attributes:
        capture: input before or with the output: the weight grows.
        minus: input after the output: the weight shrinks.
        search: input without an output: the weight grows.
        backoff: output without an input: the weight shrinks.
        minimum: floor under the stabilising function.
        stabiliser: `paper`, `symmetric`, `up` or `off`.
        search_max: largest weight that search makes; null is the largest weight.
        after: `column` (STDP sees outputs after all WTA) or `dendrite` (after its dendrite's only).
    """

    after: str = "column"

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        if self.after not in ("column", "dendrite"):
            raise ValueError(f"STDP: after: got {self.after!r}; expected 'column' or 'dendrite'")

    def config(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
