"""What the circuit consists of, in numbers: lines, segments, neurons, columns and their widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.ir.stimulus import proximal_lines
from hls.rtl.ports import Timing, bits, inhibition, timing_of

JOHNSON_MAX = 15
"""Largest ramp, in time steps, that a Johnson counter times; longer ones take a binary counter."""

RESERVED = frozenset(
    (
        "always and answer assign begin buf case cell clk config deassign default defparam design",
        "disable done edge else end endcase event for force forever fork function generate genvar",
        "if ifnone include initial inout input instance integer join large liblist library",
        "localparam macromodule medium module nand negedge nor not or output parameter passed",
        "posedge primitive proximal pull0 pull1 real realtime reg release repeat rst scalared",
        "signed small specify specparam spiked spike_time start strong0 strong1 supply0 supply1",
        "table task testbench time tran tri triand trior trireg unsigned use vectored wait wand",
        "weak0 weak1 while winner wire wor x xnor xor",
    )
)
KEYWORDS = frozenset(word for row in RESERVED for word in row.split())


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
        return _union(segment.taps for segment in self.segments)


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
        return _union(dendrite.taps for dendrite in self.dendrites)

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
        return _union(neuron.taps for neuron in self.neurons)

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
        return _union(column.taps for column in self.columns)

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


def make_plan(network: FrozenNetwork) -> Plan:
    """Return the circuit of a network.

    Raises:
        Unsupported: for a volley that is stored (`saturate`), or proximal inputs without a wire.
        InvalidInput: for a name that Verilog or the ports use.
    """
    if network.name in KEYWORDS:
        raise InvalidInput(
            "network name",
            got=repr(network.name),
            expected="a name that neither Verilog nor the ports use",
            mend="Rename the network",
        )
    _check_supported(network)
    count = len(network.layers)
    layers: list[LayerPlan] = []
    alive, sources = np.ones(network.inputs, dtype=bool), network.inputs
    for index, layer in enumerate(network.layers):
        mode = inhibition(network, index)
        weighted = proximal_lines(layer) if layer.proximal == "weighted" else np.zeros(0, int)
        keys = layer.tie == "potential" and layer.shape[1] > 1 and mode in ("1-wta", "k-wta")
        build = _Builder(layer, alive, sources, [int(i) for i in weighted], keys)
        columns = tuple(build.column(c) for c in range(layer.shape[0]))
        layers.append(
            LayerPlan(
                index=index,
                prefix=network.name if count == 1 else f"{network.name}_l{index}",
                layer=layer,
                last=index == count - 1,
                mode=mode,
                sources=sources,
                delay=index if len(weighted) else 0,
                weighted=tuple(build.weighted),
                columns=columns,
            )
        )
        sources = layers[-1].outputs
        alive = np.zeros(sources, dtype=bool)
        alive[[n.column * layer.shape[1] + n.index for c in columns for n in c.neurons]] = True
    return Plan(network, timing_of(network), tuple(layers))


def _check_supported(network: FrozenNetwork) -> None:
    levels: set[int] = set()
    spikes: set[int] = set()
    retimed = False
    for index, layer in enumerate(network.layers):
        retimed |= layer.retime > 0
        if layer.retime and layer.late == "saturate":
            _refuse(index, "a retimed input, late spikes saturate", "late spikes dropped")
        if layer.proximal == "weighted" and retimed:
            expected = "weighted proximal inputs below every retimed input only"
            _refuse(index, "weighted proximal inputs after a retimed input", expected)
        lines = {int(line) for line in proximal_lines(layer)}
        (levels if layer.proximal == "enable" else spikes).update(lines)
    if levels & spikes:
        lines_ = ", ".join(map(str, sorted(levels & spikes)))
        raise Unsupported(
            f"RTL: proximal line {lines_}",
            got="a level and spikes",
            expected="one of them (every line is one wire)",
            mend="Give every kind of proximal input lines of its own",
        )


def _refuse(index: int, got: str, expected: str) -> None:
    raise Unsupported(
        f"RTL: layer {index}",
        got=got,
        expected=expected,
        mend="The C kernel (target 'c') takes every network",
    )


def _union(parts: Iterable[Iterable[Tap]]) -> tuple[Tap, ...]:
    taps = {tap for part in parts for tap in part}
    return tuple(sorted(taps, key=lambda tap: (tap.line, tap.weight)))


class _Builder:
    """Makes the columns of a layer.

    Args:
        layer: the layer.
        alive: bool `[sources]`, which input lines ever spike.
        sources: number of input lines.
        weighted: the layer's proximal lines with weights.
        keys: whether potentials are compared.
    """

    def __init__(
        self,
        layer: FrozenLayer,
        alive: np.ndarray,
        sources: int,
        weighted: list[int],
        keys: bool,
    ) -> None:
        self.layer, self.alive, self.sources, self.keys = layer, alive, sources, keys
        self.weighted = weighted
        self.place = {line: sources + at for at, line in enumerate(weighted)}
        self.effective = layer.effective

    def column(self, c: int) -> Column:
        """Return a column."""
        _, n_all, d_all, s_all, _ = self.layer.shape
        live: dict[int, dict[int, dict[int, list[tuple[int, int]]]]] = {}
        for n in range(n_all):
            for d in range(d_all):
                for s in range(s_all):
                    synapses = self._synapses(c, n, d, s)
                    if sum(w for _, w in synapses) >= self.layer.theta[c, n]:
                        live.setdefault(n, {}).setdefault(d, {})[s] = synapses
        theta_max = max((int(self.layer.theta[c, n]) for n in live), default=1)
        neurons = []
        for n, dendrites in live.items():
            theta = int(self.layer.theta[c, n])
            width = bits((theta_max if self.keys else theta) - 1)
            made = []
            for d, segments in dendrites.items():
                parts = [self._segment(s, found, theta, width) for s, found in segments.items()]
                made.append(Dendrite(d, self._gate(c, n, d), tuple(parts)))
            neurons.append(Neuron(c, n, theta, tuple(made)))
        return Column(c, tuple(neurons))

    def _synapses(self, c: int, n: int, d: int, s: int) -> list[tuple[int, int]]:
        """Return (line, weight) of the synapses that can act."""
        layer, weights = self.layer, self.effective[c, n, d, s]
        found = [
            (int(layer.lines[c, p]), int(weights[p]))
            for p in np.flatnonzero(weights)
            if layer.lines[c, p] >= 0 and self.alive[layer.lines[c, p]]
        ]
        if layer.proximal_weights is not None and layer.proximal_lines is not None:
            lines = layer.proximal_lines[c, n, d]
            for r in np.flatnonzero(layer.proximal_weights[c, n, d, s]):
                if lines[r] >= 0:
                    at = self.place[int(lines[r])]
                    found.append((at, int(layer.proximal_weights[c, n, d, s, r])))
        return found

    def _segment(
        self, index: int, synapses: list[tuple[int, int]], theta: int, width: int
    ) -> Segment:
        rnl = self.layer.response == "rnl"
        taps = tuple(Tap(line, w if rnl else 0) for line, w in synapses)
        weights = tuple(1 if rnl else w for _, w in synapses)
        return Segment(index, taps, weights, theta, width)

    def _gate(self, c: int, n: int, d: int) -> int:
        if self.layer.proximal != "enable" or self.layer.proximal_lines is None:
            return -1
        return int(self.layer.proximal_lines[c, n, d, 0])
