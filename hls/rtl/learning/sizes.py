"""Widths of the signals of a layer that learns."""

from __future__ import annotations

from dataclasses import dataclass

from hls.ir.network import FrozenLayer
from hls.rtl import nodes as v
from hls.rtl.learning.rule import KINDS, Rule
from hls.rtl.ports import bits


@dataclass(frozen=True)
class Sizes:
    """Widths of a layer's signals.

    Attributes:
        name: the network's.
        layer: the layer.
        rule: its learning rule.
    """

    name: str
    layer: FrozenLayer
    rule: Rule

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
    def timer(self) -> int:
        """Bits of a line's timer: 1 .. w_max since its spike, or one bit for a step response."""
        return self.wres if self.ramp else 1

    @property
    def top(self) -> int:
        """The largest threshold; one that no potential reaches is the least of these."""
        return min(int(self.layer.theta.max()), self._most + 1)

    @property
    def held(self) -> int:
        """Bits of a potential in its register: below the threshold until the column's spike."""
        return bits(self.top - 1)

    @property
    def sum(self) -> int:
        """Bits of the potential of a time step, up to that of the column's spike."""
        gain = self.inputs if self.ramp else self._most
        return bits(max(min(self._most, self.top - 1 + gain), self.top))

    @property
    def _most(self) -> int:
        return self.inputs * self.layer.w_max

    @property
    def who(self) -> int:
        """Bits of the winning neuron's number."""
        return bits(self.layer.shape[1] - 1)

    @property
    def place(self) -> int:
        """Bits of the winning segment's number in its neuron; 0 where there is only one."""
        return 0 if self.inside == 1 else bits(self.inside - 1)

    @property
    def time(self) -> int:
        """Bits of a spike time."""
        return bits(self.layer.output_horizon - 1)

    def number(self, g: int) -> v.Node:
        """Return the number of a segment: that of its neuron, then its place in it."""
        neuron, place = divmod(g, self.inside)
        return v.number(neuron << self.place | place, self.who + self.place)

    def threshold(self, c: int, g: int) -> int:
        """Return the threshold of a segment, in weight LSB."""
        return min(int(self.layer.theta[c, g // self.inside]), self.top)

    def live(self, c: int, g: int) -> tuple[int, ...]:
        """Return the inputs of a segment whose synapses are not pruned."""
        mask = self.layer.mask[c].reshape(self.segments, self.inputs)
        return tuple(i for i in range(self.inputs) if mask[g, i])

    def each(self, kind: str) -> bool:
        """Return whether every synapse of a segment has a draw of its own for a kind."""
        rows = self.rule.draws[KINDS.index(kind)]
        return bool((rows != rows[:, :1]).any())

    def draws(self, kind: str) -> int:
        """Return how many draws for a kind a segment is given."""
        return self.inputs if self.each(kind) else 1
