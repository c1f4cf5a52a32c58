"""Widths of the signals of a layer that learns, and what its circuit has at all."""

from __future__ import annotations

from dataclasses import dataclass

from hls.ir.network import FrozenLayer
from hls.rtl.learning.options import LearningOptions
from hls.rtl.learning.rule import KINDS, Rule, ports
from hls.rtl.ports import bits


@dataclass(frozen=True)
class Sizes:
    """Widths of a layer's signals.

    Attributes:
        name: the network's.
        layer: the layer.
        rule: its learning rule.
        options: choices of the microarchitecture.
    """

    name: str
    layer: FrozenLayer
    rule: Rule
    options: LearningOptions

    @property
    def segments(self) -> int:
        """Segments of a column, neuron by neuron, dendrite by dendrite."""
        _, n, d, s, _ = self.layer.shape
        return n * d * s

    @property
    def inside(self) -> int:
        """Segments of a neuron."""
        return self.layer.shape[2] * self.layer.shape[3]

    @property
    def inputs(self) -> int:
        """Inputs of a segment."""
        return self.layer.shape[4]

    @property
    def wres(self) -> int:
        """Bits of a weight."""
        return self.layer.wres

    @property
    def ramp(self) -> bool:
        """Whether responses ramp up."""
        return self.layer.response == "rnl"

    @property
    def gated(self) -> bool:
        """Whether proximal levels enable dendrites."""
        return self.layer.proximal == "enable"

    @property
    def timed(self) -> bool:
        """Whether a line counts how long ago it spiked: its ramps take several steps."""
        return self.ramp and self.wres > 1

    @property
    def came(self) -> bool:
        """Whether a line without a timer keeps that it has spiked."""
        used = set(self.rule.cases)
        return not self.timed and bool(used if self.serial else used - {"late"})

    @property
    def fresh(self) -> bool:
        """Whether a line without a timer keeps that it spiked in the step before."""
        return not self.timed and "late" in self.rule.cases and not self.serial

    @property
    def early(self) -> bool:
        """Whether a line keeps that it spiked before the column, or with it."""
        return self.serial and bool({"early", "late"} & set(self.rule.cases))

    @property
    def line(self) -> int:
        """Registers of a line, in bits."""
        return self.wres if self.timed else self.came + self.fresh + self.early

    @property
    def told(self) -> list[str]:
        """What a line tells of its spike: `came`, and `early` where that matters; or its cases."""
        cases = self.rule.cases
        if not self.serial:
            return list(cases)
        return (["came"] if cases else []) + (["early"] if self.early else [])

    @property
    def falls(self) -> bool:
        """Whether weights ever fall."""
        return bool({"late", "absent"} & set(self.rule.cases))

    @property
    def serial(self) -> bool:
        """Whether weights move one after the other, in one place of their segment."""
        return self.options.update == "serial"

    @property
    def bounded(self) -> bool:
        """Whether what learns compares weights with a bound of the stabilising function."""
        moves = self.falls or "early" in self.rule.cases
        return self.rule.bracket in ("shared", "own") and moves

    @property
    def shared(self) -> bool:
        """Whether all synapses at once compare with one bound of the column."""
        return self.bounded and self.rule.bracket == "shared" and not self.serial

    @property
    def own(self) -> bool:
        """Whether all synapses at once compare with bounds of their own."""
        return self.bounded and self.rule.bracket == "own" and not self.serial

    @property
    def access(self) -> dict[str, int]:
        """Inputs by which a synapse gets a weight other than by learning, with widths."""
        found = {"rst": 1, "first": self.wres} if self.options.reset else {}
        return found | {"scan": 1, "scan_in": self.wres}

    @property
    def top(self) -> int:
        """The largest threshold; one that no potential reaches is the least of these."""
        return min(int(self.layer.theta.max()), self._most + 1)

    @property
    def held(self) -> int:
        """Bits of a potential, which starts below `2**held` by its threshold.

        Where ties go by potential they hold what a potential may have beyond its threshold too.
        """
        beyond = self._gain - 1 if self.by_potential else 0
        return bits(max(self.top - 1, beyond))

    @property
    def sum(self) -> int:
        """Bits of the potential after a step; from bit `held` on they say that it has spiked."""
        return max(bits(2**self.held - 1 + self._gain), self.held + 1)

    @property
    def by_potential(self) -> bool:
        """Whether ties go to the larger potential."""
        return self.layer.tie == "potential" and self.segments > 1

    @property
    def key(self) -> int:
        """Bits by which ties are decided: a potential, less the threshold where all have one."""
        theta = self.layer.theta
        same = bool((theta == theta[:, :1]).all())
        return self.held if same else bits(self.top + 2**self.held - 1)

    @property
    def _gain(self) -> int:
        return self.inputs if self.ramp else self._most

    @property
    def _most(self) -> int:
        return self.inputs * self.layer.w_max

    @property
    def who(self) -> int:
        """Bits of the winning neuron's number."""
        return bits(self.layer.shape[1] - 1)

    @property
    def time(self) -> int:
        """Bits of a spike time."""
        return bits(self.layer.output_horizon - 1)

    def threshold(self, c: int, g: int) -> int:
        """Return the threshold of a segment, in weight LSB."""
        return min(int(self.layer.theta[c, g // self.inside]), self.top)

    def live(self, c: int, g: int) -> tuple[int, ...]:
        """Return the inputs of a segment whose synapses are not pruned."""
        mask = self.layer.mask[c].reshape(self.segments, self.inputs)
        return tuple(i for i in range(self.inputs) if mask[g, i])

    def wide(self, kind: str) -> bool:
        """Return whether a segment is given draws for a kind for all its synapses at once."""
        return self.rule.each(kind) and not self.serial

    def pins(self) -> list[tuple[str, str, int]]:
        """Return (port, kind of its draws, bits for each draw) of what a segment is given."""
        return [one for one in ports(self.rule) if one[0] != "bound" or not self.shared]

    def units(self, kind: str) -> int:
        """Return how many draws for a kind a column is given."""
        in_turn = self.serial and self.rule.each(kind)
        return self.segments if in_turn else len(self.rule.units(kind))

    def numbers(self, g: int, kind: str) -> list[int]:
        """Return the places, among a kind's draws, of those that a segment is given."""
        units, row = self.rule.units(kind), self.rule.draws[KINDS.index(kind), g]
        if self.serial and self.rule.each(kind):
            return [g]
        used = row if self.rule.each(kind) else row[:1]
        return [units.index(int(j)) for j in used]
