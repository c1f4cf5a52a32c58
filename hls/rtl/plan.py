"""What the circuit consists of, in numbers: lines, neurons, columns and their widths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork

JOHNSON_MAX = 15
"""Largest ramp, in time steps, that a Johnson counter times; longer ones take a binary counter."""

RESERVED = frozenset(
    (
        "always and assign begin buf case cell clk config deassign default defparam design disable",
        "done edge else end endcase event for force forever fork function generate genvar if",
        "ifnone include initial inout input instance integer join large liblist library",
        "localparam macromodule medium module nand negedge nor not or output parameter posedge",
        "primitive pull0 pull1 real realtime reg release repeat rst scalared signed small specify",
        "specparam spiked spike_time start strong0 strong1 supply0 supply1 table task testbench",
        "time tran tri triand trior trireg unsigned use vectored wait wand weak0 weak1 while",
        "winner wire wor x xnor xor",
    )
)
KEYWORDS = frozenset(word for row in RESERVED for word in row.split())


@dataclass(frozen=True)
class Tap:
    """A bit that lines give to neurons: line `line` is still ramping (RNL) or spikes now (SNL).

    Attributes:
        line: input line of the network.
        weight: length of the ramp in time steps (RNL); 0 for SNL, where every weight shares a bit.
    """

    line: int
    weight: int


@dataclass(frozen=True)
class Neuron:
    """One neuron's circuit.

    Attributes:
        column: its column.
        index: its place in the column.
        taps: the bits it adds up.
        weights: what each tap adds per clock, in weight LSB.
        theta: threshold in weight LSB.
        width: bits of the accumulator, which holds `2**width - theta` plus the potential.
    """

    column: int
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
    def slope_width(self) -> int:
        """Bits of what is added per clock."""
        return bits(sum(self.weights))

    @property
    def sum_width(self) -> int:
        """Bits of the accumulator plus what is added."""
        return bits(2**self.width - 1 + sum(self.weights))


@dataclass(frozen=True)
class Column:
    """One column's circuit.

    Attributes:
        index: its place in the layer.
        neurons: the neurons that can reach their threshold; the others never spike and vanish.
        taps: the bits that its neurons use.
        theta_max: largest threshold of these neurons; 1 if there are none.
    """

    index: int
    neurons: tuple[Neuron, ...]
    taps: tuple[Tap, ...]
    theta_max: int


@dataclass(frozen=True)
class Plan:
    """The whole circuit.

    Attributes:
        network: what it computes.
        layer: its only layer.
        taps: the bits that the lines give, in order.
        columns: the columns.
    """

    network: FrozenNetwork
    layer: FrozenLayer
    taps: tuple[Tap, ...]
    columns: tuple[Column, ...]

    @cached_property
    def ramps(self) -> dict[int, int]:
        """Longest ramp of every line in use, in time steps (0 for SNL)."""
        longest: dict[int, int] = {}
        for tap in self.taps:
            longest[tap.line] = max(longest.get(tap.line, 0), tap.weight)
        return longest

    @property
    def steps(self) -> int:
        """Output horizon `H` in time steps."""
        return self.layer.output_horizon

    @property
    def cycles_worst(self) -> int:
        """Clocks from the edge that samples `start` until `done` is high, at most."""
        return self.steps + 1

    @property
    def step_width(self) -> int:
        """Bits of the step counter, which starts at -1."""
        return bits(self.steps)

    @property
    def time_width(self) -> int:
        """Bits of a spike time on the ports."""
        return bits(self.steps - 1)

    @property
    def winner_width(self) -> int:
        """Bits of a winner on the ports."""
        return bits(self.layer.shape[1] - 1)

    @property
    def by_potential(self) -> bool:
        """Whether potentials decide ties."""
        return self.layer.tie == "potential" and self.layer.shape[1] > 1

    @cached_property
    def key_width(self) -> int:
        """Bits of what potentials are compared by."""
        return max((n.sum_width for c in self.columns for n in c.neurons), default=1)

    @cached_property
    def gated(self) -> bool:
        """Whether a silent neuron's key may exceed a spiking one's (their thresholds differ)."""
        return any(n.theta != c.theta_max for c in self.columns for n in c.neurons)

    @property
    def flip_flops(self) -> int:
        """Registers in bits, before synthesis removes any."""
        lines = sum(ramp_width(longest) for longest in self.ramps.values())
        neurons = sum(n.width for c in self.columns for n in c.neurons)
        result = 1 + self.winner_width
        if len(self.columns) > 1:
            result += self.time_width
        return lines + neurons + len(self.columns) * result + self.step_width + 2


def bits(value: int) -> int:
    """Return how many bits hold `0 .. value`, at least one."""
    return max(1, int(value).bit_length())


def ramp_width(longest: int) -> int:
    """Return the bits of state that time a ramp of up to `longest` steps (0: a pulse)."""
    if longest == 0:
        return 1
    return longest // 2 + 1 if longest <= JOHNSON_MAX else bits(longest)


def make_plan(network: FrozenNetwork) -> Plan:
    """Return the circuit of a network.

    Raises:
        Unsupported: unless it is one layer of point neurons with 1-WTA.
        InvalidInput: for a name that Verilog or the ports use.
    """
    if network.name in KEYWORDS:
        raise InvalidInput(
            "network name",
            got=repr(network.name),
            expected="a name that neither Verilog nor the ports use",
            mend="Rename the network",
        )
    layer = _supported(network)
    columns = tuple(_column(layer, c) for c in range(layer.shape[0]))
    return Plan(network, layer, _union(columns), columns)


def _supported(network: FrozenNetwork) -> FrozenLayer:
    layer = network.layers[0]
    _, _, d, s, _ = layer.shape
    found = []
    if len(network.layers) > 1:
        found.append(f"{len(network.layers)} layers")
    if d > 1 or s > 1:
        found.append(f"{d} dendrites of {s} segments")
    if layer.proximal != "none":
        found.append(f"proximal inputs ({layer.proximal})")
    if layer.retime:
        found.append("a retimed input")
    if layer.wta != "1-wta":
        found.append(f"wta {layer.wta}")
    if found:
        raise Unsupported(
            "RTL",
            got=", ".join(found),
            expected="one layer of point neurons (D = S = 1) with 1-wta (ties: index, potential)",
            mend="The C kernel (target 'c') takes every WTA mode and several layers",
        )
    return layer


def _union(parts: tuple[Column, ...] | tuple[Neuron, ...]) -> tuple[Tap, ...]:
    taps = {tap for part in parts for tap in part.taps}
    return tuple(sorted(taps, key=lambda tap: (tap.line, tap.weight)))


def _column(layer: FrozenLayer, c: int) -> Column:
    lines = layer.lines[c]
    effective = layer.effective[c, :, 0, 0, :].astype(np.int64) * (lines >= 0)
    reach = effective.sum(axis=1) >= layer.theta[c]
    live = [int(n) for n in np.flatnonzero(reach)]
    theta_max = max((int(layer.theta[c, n]) for n in live), default=1)
    neurons = []
    for n in live:
        theta = int(layer.theta[c, n])
        at = np.flatnonzero(effective[n])
        weights = [int(w) for w in effective[n, at]]
        rnl = layer.response == "rnl"
        taps = tuple(
            Tap(int(line), w if rnl else 0) for line, w in zip(lines[at], weights, strict=True)
        )
        scale = theta_max if layer.tie == "potential" and layer.shape[1] > 1 else theta
        neurons.append(
            Neuron(
                column=c,
                index=n,
                taps=taps,
                weights=tuple(1 if rnl else w for w in weights),
                theta=theta,
                width=bits(scale - 1),
            )
        )
    return Column(c, tuple(neurons), _union(tuple(neurons)), theta_max)
