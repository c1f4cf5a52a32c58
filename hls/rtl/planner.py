"""Plans the circuit of a network: what is live, what vanishes, what is refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.ir.stimulus import proximal_lines
from hls.rtl.plan import Column, Dendrite, LayerPlan, Neuron, Plan, Segment, Tap
from hls.rtl.ports import bits, inhibition, timing_of

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


def make_plan(network: FrozenNetwork) -> Plan:
    """Return the circuit of a network.

    Raises:
        Unsupported: for a volley that is stored (`saturate`), or proximal inputs without a wire.
        InvalidInput: for a name that Verilog or the ports use.
    """
    check_name(network.name)
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


def check_name(name: str, ports: frozenset[str] = frozenset()) -> None:
    """Check that a top module may have a name.

    Args:
        name: the network's.
        ports: names that its circuit uses beyond those of inference.

    Raises:
        InvalidInput: if Verilog or the ports use it.
    """
    if name in KEYWORDS | ports:
        raise InvalidInput(
            "network name",
            got=repr(name),
            expected="a name that neither Verilog nor the ports use",
            mend="Rename the network",
        )


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
        alive: npt.NDArray[np.bool_],
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
