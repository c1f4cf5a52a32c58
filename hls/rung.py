"""A rung of the ladder, and a row of its table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, NeutnnError
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs, compare
from hls.ir.stimulus import Stimulus
from hls.tool import Tool

Answer = tuple[Outputs, npt.NDArray[np.int64] | None]
Times = npt.NDArray[np.uint8]


@dataclass
class RungResult:
    """One row of the ladder's table.

    Attributes:
        rung: its name.
        samples: samples compared; 0 if it did not get that far.
        learnt: how many of them were learnt, None where nothing learns.
        mismatches: spike times that differ, and weights after samples that were learnt; None if
            none could be compared.
        seconds: run time, building included, in s.
        skipped: why it did not run, None if it did.
        cycles_mean: mean clocks per sample, None for C.
        cycles_worst: most clocks of a sample, None for C.
        error: why it does not count as passed, None if it passed or was skipped.
        idle: whether it was skipped because the run has nothing for it.
    """

    rung: str
    samples: int = 0
    learnt: int | None = None
    mismatches: int | None = None
    seconds: float = 0.0
    skipped: str | None = None
    cycles_mean: float | None = None
    cycles_worst: int | None = None
    error: str | None = None
    idle: bool = field(default=False, repr=False)
    raised: NeutnnError | None = field(default=None, repr=False)

    @property
    def row(self) -> dict[str, Any]:
        """The row for `ladder.json`."""
        return {key: value for key, value in vars(self).items() if key != "raised"}

    def count(self, cycles: npt.NDArray[np.int64] | None) -> None:
        """Note the clocks of every sample, `[B]`."""
        if cycles is not None and len(cycles):
            self.cycles_mean = round(float(cycles.mean()), 3)
            self.cycles_worst = int(cycles.max())


class Climber(Protocol):
    """What climbs: a rung that answers, or the one that learns."""

    def climb(self, network: FrozenNetwork, stimulus: Stimulus) -> RungResult:
        """Return the row of a network's answers to a stimulus, compared with the reference's."""


@dataclass(frozen=True)
class Rung:
    """One way to compute the answers.

    Attributes:
        name: what the table and the messages call it.
        tools: programs it needs; without one of them it is skipped.
        answer: from spike times, uint8 `[B, inputs]`, and proximal inputs, uint8 `[B, proximal
            lines]` or None, to outputs and clocks per sample, `[B]`.
        carries: the hash of the network that the artefact was made from, None if it has none.
        why_not: says why there is no artefact, and the rung is skipped; None if there is one.
        optional: whether the run has it only if asked: then nobody is told that it is skipped.
    """

    name: str
    tools: tuple[Tool, ...]
    answer: Callable[[Times, Times | None], Answer]
    carries: Callable[[], str | None]
    why_not: Callable[[], str | None] = lambda: None
    optional: bool = False

    def climb(self, network: FrozenNetwork, stimulus: Stimulus) -> RungResult:
        """Return the row of a network's answers to a stimulus, compared with the reference's."""

        def work(result: RungResult) -> None:
            same_network(f"rung {self.name}", self.carries(), network)
            outputs, cycles = self.answer(stimulus.x, stimulus.proximal)
            result.count(cycles)
            if outputs.y.shape == stimulus.expected.y.shape:
                result.samples = len(stimulus.x)
                result.mismatches = int((outputs.y != stimulus.expected.y).sum())
            compare(self.name, stimulus.expected, outputs)

        reason = self.why_not()
        if reason is not None and (self.optional or not missing(self.tools)):
            return RungResult(self.name, skipped=reason, idle=self.optional)
        return attempt(self.name, self.tools, work)


def missing(tools: tuple[Tool, ...]) -> list[Tool]:
    """Return the tools that are not installed."""
    return [tool for tool in tools if tool.find() is None]


def attempt(name: str, tools: tuple[Tool, ...], work: Callable[[RungResult], None]) -> RungResult:
    """Return the row of a rung that does `work`: skipped without its tools, with what it raised."""
    result, begin = RungResult(name), time.monotonic()
    gone = [f"{t.name} is not installed ({t.install}, or set {t.variable})" for t in missing(tools)]
    if gone:
        result.skipped = ", ".join(gone)
        return result
    try:
        work(result)
    except NeutnnError as error:
        result.raised, result.error = error, str(error)
    result.seconds = round(time.monotonic() - begin, 3)
    return result


def same_network(what: str, found: str | None, network: FrozenNetwork) -> None:
    """Check the hash that an artefact carries.

    Raises:
        InvalidInput: if it was made from another network.
    """
    if found != network.hash:
        raise InvalidInput(
            f"{what} was made from another network",
            got=f"hash {found[:12]}..." if found else "no hash",
            expected=f"hash {network.hash[:12]}...",
            mend="Run the steps that make it again",
        )
