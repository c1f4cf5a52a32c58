"""What a network answers, and the exact comparison of two answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, Mismatch
from hls.ir.network import NO_SPIKE


@dataclass(frozen=True, eq=False)
class Outputs:
    """Answers of the last layer.

    Attributes:
        y: uint8 `[B, C, N]`, spike time of each neuron after WTA, in time steps, or `NO_SPIKE`.
        answer: int64 `[B]`, class that the votes elect; None without a voter.
    """

    y: npt.NDArray[np.uint8]
    answer: npt.NDArray[np.int64] | None = None

    @property
    def time(self) -> npt.NDArray[np.uint8]:
        """Earliest spike time of each column, uint8 `[B, C]`, or `NO_SPIKE`."""
        return np.asarray(self.y.min(axis=2), dtype=np.uint8)

    @property
    def winner(self) -> npt.NDArray[np.int32]:
        """Neuron that spikes first (lowest index of those that pass), int32 `[B, C]`, or -1."""
        first = self.y.argmin(axis=2).astype(np.int32)
        return np.where(self.time == NO_SPIKE, np.int32(-1), first)

    @classmethod
    def from_winners(
        cls, winner: npt.NDArray[np.integer], time: npt.NDArray[np.integer], neurons: int
    ) -> Outputs:
        """Build answers of a 1-WTA layer from winner and time, both `[B, C]` (-1: nobody).

        Raises:
            Mismatch: if a winner is no neuron of the layer.
        """
        wrong = np.argwhere(winner >= neurons)
        if len(wrong):
            b, c = wrong[0]
            raise Mismatch(
                f"the circuit answers sample {b}, column {c}, with a neuron that it does not have: "
                f"got {winner[b, c]}, expected 0 .. {neurons - 1}"
            )
        y = np.full((*winner.shape, neurons), NO_SPIKE, dtype=np.uint8)
        sample, column = np.nonzero(winner >= 0)
        y[sample, column, winner[sample, column]] = time[sample, column]
        return cls(y)


def compare(rung: str, expected: Outputs, got: Outputs) -> int:
    """Compare the spike time of every sample, column and neuron, and every answer, exactly.

    Args:
        rung: name of what produced `got`.
        expected: the reference's answers.
        got: the answers to prove.

    Returns:
        Number of samples compared.

    Raises:
        Mismatch: with rung, sample, column, neuron, expected, got of the first five, and how many.
    """
    if expected.y.shape != got.y.shape:
        raise InvalidInput(
            f"rung {rung}: answers", got=f"shape {got.y.shape}", expected=f"{expected.y.shape}"
        )
    wrong = np.argwhere(expected.y != got.y)
    if len(wrong) == 0:
        _compare_answers(rung, expected, got)
        return int(expected.y.shape[0])
    lines = [
        f"  sample {b}, column {c}, neuron {n}: expected {_time(expected.y[b, c, n])}, "
        f"got {_time(got.y[b, c, n])}"
        for b, c, n in wrong[:5]
    ]
    samples = len(np.unique(wrong[:, 0]))
    raise Mismatch(
        f"rung {rung} does not compute what the reference computes: {len(wrong)} of "
        f"{expected.y.size} spike times differ, in {samples} of {len(expected.y)} samples\n"
        + "\n".join(lines)
    )


def _compare_answers(rung: str, expected: Outputs, got: Outputs) -> None:
    if expected.answer is None or got.answer is None:
        return
    wrong = np.flatnonzero(expected.answer != got.answer)
    if len(wrong):
        lines = [
            f"  sample {b}: expected class {expected.answer[b]}, got {got.answer[b]}"
            for b in wrong[:5]
        ]
        raise Mismatch(
            f"rung {rung} does not compute what the reference computes: {len(wrong)} of "
            f"{len(expected.answer)} answers differ\n" + "\n".join(lines)
        )


def _time(value: np.uint8) -> str:
    return "no spike" if value == NO_SPIKE else f"t={value}"
