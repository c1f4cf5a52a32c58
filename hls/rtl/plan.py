"""What the circuit consists of, in numbers: lines, segments, neurons, columns and their widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.rtl.ports import Timing, bits

JOHNSON_MAX = 15
"""Largest ramp, in time steps, that a Johnson counter times; longer ones take a binary counter."""


@dataclass(frozen=True)
class Tap:
    """A bit that lines give to segments: line `line` is still ramping (RNL) or spikes now (SNL).

    Attributes:
        line: input line of the layer; above them its weighted proximal lines.
        weight: length of the ramp in time steps (RNL); 0 for SNL, where every weight shares a bit.
    """

    line: int
    weight: int


@dataclass(frozen=True)
class Segment:
    """One segment's circuit: what adds up and spikes.

    Attributes:
        index: its place in the dendrite.
        taps: the bits it adds up.
        weights: what each tap adds per clock, in weight LSB.
        theta: threshold in weight LSB.
        width: bits of the accumulator, which holds `2**width - theta` plus the potential.
    """

    index: int
    taps: tuple[Tap, ...]
    weights: tuple[int, ...]
    theta: int
    width: int

    @property
    def start(self) -> int:
        """Value of the accumulator at potential 0: a carry out of it is a spike."""
        return 2**self.width - self.theta

    @property
    def sum_width(self) -> int:
        """Bits of the accumulator plus what is added."""
        return bits(2**self.width - 1 + sum(self.weights))


@dataclass(frozen=True)
class Dendrite:
    """One dendrite's circuit.

    Attributes:
        index: its place in the neuron.
        gate: proximal line that enables it, -1 where it always is.
        segments: the segments that can reach their threshold.
    """

    index: int
    gate: int
    segments: tuple[Segment, ...]

    @property
    def taps(self) -> tuple[Tap, ...]:
        """The bits that its segments use."""
        return union(segment.taps for segment in self.segments)


@dataclass(frozen=True)
class Neuron:
    """One neuron's circuit.

    Attributes:
        column: its column.
        index: its place in the column.
        theta: threshold of its segments in weight LSB.
        dendrites: the dendrites with segments that can reach it.
    """

    column: int
    index: int
    theta: int
    dendrites: tuple[Dendrite, ...]

    @property
    def point(self) -> bool:
        """Whether it is one segment that is always enabled."""
        return sum(len(d.segments) for d in self.dendrites) == 1 and self.dendrites[0].gate < 0

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All its segments."""
        return tuple(s for dendrite in self.dendrites for s in dendrite.segments)

    @property
    def taps(self) -> tuple[Tap, ...]:
        """The bits that its segments use; a point neuron may use one twice."""
        if self.point:
            return self.segments[0].taps
        return union(dendrite.taps for dendrite in self.dendrites)

    @property
    def gates(self) -> tuple[int, ...]:
        """The proximal lines that enable its dendrites, in order."""
        return tuple(sorted({d.gate for d in self.dendrites if d.gate >= 0}))


@dataclass(frozen=True)
class Column:
    """One column's circuit.

    Attributes:
        index: its place in the layer.
        neurons: the neurons that can reach their threshold; the others never spike and vanish.
    """

    index: int
    neurons: tuple[Neuron, ...]

    @cached_property
    def taps(self) -> tuple[Tap, ...]:
        """The bits that its neurons use."""
        return union(neuron.taps for neuron in self.neurons)

    @cached_property
    def gates(self) -> tuple[int, ...]:
        """The proximal lines that enable its dendrites, in order."""
        return tuple(sorted({line for neuron in self.neurons for line in neuron.gates}))

    @cached_property
    def theta_max(self) -> int:
        """Largest threshold of these neurons; 1 if there are none."""
        return max((neuron.theta for neuron in self.neurons), default=1)


@dataclass(frozen=True)
class LayerPlan:
    """One layer's circuit.

    Attributes:
        index: its number.
        prefix: what the names of its modules begin with.
        layer: the layer.
        last: whether its results are the network's.
        mode: lateral inhibition.
        sources: number of its input lines.
        delay: clocks by which its time base is late, where it has weighted proximal lines.
        weighted: the proximal lines of its weighted synapses, in order.
        columns: the columns.
    """

    index: int
    prefix: str
    layer: FrozenLayer
    last: bool
    mode: str
    sources: int
    delay: int
    weighted: tuple[int, ...]
    columns: tuple[Column, ...]

    @property
    def neurons(self) -> int:
        """Neurons of a column."""
        return self.layer.shape[1]

    @property
    def outputs(self) -> int:
        """Neurons of the layer."""
        return self.layer.shape[0] * self.layer.shape[1]

    @cached_property
    def taps(self) -> tuple[Tap, ...]:
        """The bits that its lines give, in order."""
        return union(column.taps for column in self.columns)

    @cached_property
    def gates(self) -> tuple[int, ...]:
        """The proximal lines that enable its dendrites, in order."""
        return tuple(sorted({line for column in self.columns for line in column.gates}))

    @cached_property
    def ramps(self) -> dict[int, int]:
        """Longest ramp of every line in use, in time steps (0 for SNL)."""
        longest: dict[int, int] = {}
        for tap in self.taps:
            longest[tap.line] = max(longest.get(tap.line, 0), tap.weight)
        return longest

    @property
    def winner_width(self) -> int:
        """Bits of a winner."""
        return bits(self.neurons - 1)

    @property
    def by_potential(self) -> bool:
        """Whether potentials decide ties."""
        decides = self.mode in ("1-wta", "k-wta")
        return self.layer.tie == "potential" and self.neurons > 1 and decides

    @cached_property
    def key_width(self) -> int:
        """Bits of what potentials are compared by."""
        widths = (s.sum_width for c in self.columns for n in c.neurons for s in n.segments)
        return max(widths, default=1)

    @cached_property
    def gated(self) -> bool:
        """Whether a silent neuron's key may exceed a spiking one's (their thresholds differ)."""
        return any(n.theta != c.theta_max for c in self.columns for n in c.neurons)

    @property
    def single(self) -> bool:
        """Whether all that pass in a column do so in the same step."""
        return self.mode in ("1-wta", "t-wta")

    def flip_flops(self, time_width: int) -> int:
        """Return its registers in bits, before synthesis removes any."""
        lines = sum(ramp_width(longest) for longest in self.ramps.values())
        lines += self.delay * len(self.weighted)
        lines += bits(self.layer.retime) if self.layer.retime else 0
        segments = sum(s.width for c in self.columns for n in c.neurons for s in n.segments)
        result = 1 if self.single else self.neurons
        if self.last:
            result = {"1-wta": 1 + self.winner_width}.get(self.mode, self.neurons)
            if not self.single:
                result += self.neurons * time_width
            elif len(self.columns) > 1:
                result += time_width
        return lines + segments + len(self.columns) * result


@dataclass(frozen=True)
class Plan:
    """The whole circuit.

    Attributes:
        network: what it computes.
        timing: when.
        layers: the layers, first one first.
    """

    network: FrozenNetwork
    timing: Timing
    layers: tuple[LayerPlan, ...]

    @property
    def last(self) -> LayerPlan:
        """The layer whose results are the network's."""
        return self.layers[-1]

    @property
    def retimed(self) -> LayerPlan | None:
        """The last layer whose time base starts at a first spike."""
        return next((layer for layer in self.layers[::-1] if layer.layer.retime), None)

    @property
    def flip_flops(self) -> int:
        """Registers in bits, before synthesis removes any."""
        control = self.timing.step_width + 2
        control += bits(self.timing.deadline) if self.timing.retimed else 0
        return control + sum(n.flip_flops(self.timing.time_width) for n in self.layers)


def ramp_width(longest: int) -> int:
    """Return the bits of state that time a ramp of up to `longest` steps (0: a pulse)."""
    if longest == 0:
        return 1
    return longest // 2 + 1 if longest <= JOHNSON_MAX else bits(longest)


def union(parts: Iterable[Iterable[Tap]]) -> tuple[Tap, ...]:
    """Return all taps of all parts once, in order."""
    taps = {tap for part in parts for tap in part}
    return tuple(sorted(taps, key=lambda tap: (tap.line, tap.weight)))
