"""Choices of the microarchitecture of a circuit that learns."""

from __future__ import annotations

from dataclasses import dataclass

from hls.errors import InvalidInput

DRAWS = ("lfsr", "ports")
UPDATES = ("parallel", "serial")


@dataclass(frozen=True)
class LearningOptions:
    """What a circuit that learns has beside its rule.

    Attributes:
        draws: `lfsr`: a shift register in every column; `ports`: what the draws of a gamma cycle
            hit comes in from outside.
        reset: whether rst loads the weights of the frozen network; without, they must be scanned in
            before the first sample.
        update: `parallel`: every synapse moves its own weight, while the sample still runs;
            `serial`: after a sample that is learnt the weights of every segment go round once past
            the one place that moves them, a clock for each input.
        rest: whether lines and potentials hold still while no sample runs, so that clock gates can
            stop them too: less power, but more area where there are none.

    Raises:
        InvalidInput: for another source of draws, or another update.
    """

    draws: str = "lfsr"
    reset: bool = True
    update: str = "parallel"
    rest: bool = False

    def __post_init__(self) -> None:
        for what, value, known in (("draws", self.draws, DRAWS), ("update", self.update, UPDATES)):
            if value not in known:
                raise InvalidInput(
                    f"{what} of a circuit that learns", got=repr(value), expected=" or ".join(known)
                )
