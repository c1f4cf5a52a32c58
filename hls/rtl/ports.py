"""The top module's ports and timing, from the network alone: what a user of the circuit needs."""

from __future__ import annotations

from dataclasses import dataclass

from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.ir.stimulus import proximal_lines


@dataclass(frozen=True)
class Port:
    """A port of the top module.

    Attributes:
        name: its name.
        direction: `input` or `output`.
        width: bits.
        meaning: what it carries.
        valid: when it may be read, or must be stable.
    """

    name: str
    direction: str
    width: int
    meaning: str
    valid: str


@dataclass(frozen=True)
class Timing:
    """When things happen, in clocks; clock 0 follows the edge that samples `start`.

    Attributes:
        depth: layers that count time from the same base as the last one, that one included.
        deadline: clock in which that base starts at the latest; 0 where nothing is retimed.
        steps: output horizon of the last layer in time steps.
        retimed: whether the base starts with a first spike.
    """

    depth: int
    deadline: int
    steps: int
    retimed: bool

    @property
    def cycles_worst(self) -> int:
        """Clocks from the edge that samples `start` until `done` is high, at most."""
        return self.deadline + self.depth + self.steps

    @property
    def step_width(self) -> int:
        """Bits of the step counter, which starts at `-depth`."""
        return bits(self.steps + self.depth - 1)

    @property
    def time_width(self) -> int:
        """Bits of a spike time on the ports."""
        return bits(self.steps - 1)


def bits(value: int) -> int:
    """Return how many bits hold `0 .. value`, at least one."""
    return max(1, int(value).bit_length())


def timing_of(network: FrozenNetwork) -> Timing:
    """Return when a network's circuit gives its result."""
    depth, deadline, steps, retimed = 0, 0, network.horizon, False
    for layer in network.layers:
        if layer.retime:
            # The last spike that may be the first one: step `steps - 1` of the base before.
            deadline, depth, retimed = deadline + depth + steps - 1, 0, True
        depth, steps = depth + 1, layer.output_horizon
    return Timing(depth, deadline, steps, retimed)


def levels_of(network: FrozenNetwork) -> tuple[bool, ...]:
    """Return for every proximal line whether it is a level, not spikes."""
    levels = [False] * network.proximal_lines
    for layer in _of(network, "enable"):
        for line in proximal_lines(layer):
            levels[int(line)] = True
    return tuple(levels)


def inhibition(network: FrozenNetwork, index: int) -> str:
    """Return a layer's WTA mode; `none` where `k-wta` lets everybody pass."""
    layer = network.layers[index]
    return "none" if layer.wta == "k-wta" and layer.k == layer.shape[1] else layer.wta


def results_of(network: FrozenNetwork) -> dict[str, int]:
    """Return the widths of the result ports by name, in order.

    With 1-WTA these are `winner`, `spiked` and `spike_time` of each column; else `passed` of each
    neuron, and `spike_time` of each column (t-WTA) or each neuron; with a voter also `answer`.
    """
    c, n = network.layers[-1].shape[:2]
    mode, time = inhibition(network, len(network.layers) - 1), timing_of(network).time_width
    found = {"passed": c * n}
    if mode == "1-wta":
        found = {"winner": c * bits(n - 1), "spiked": c}
    found["spike_time"] = c * time * (1 if mode in ("1-wta", "t-wta") else n)
    if network.votes is not None:
        found["answer"] = bits(network.votes.shape[2] - 1)
    return found


def ports_of(network: FrozenNetwork) -> tuple[Port, ...]:
    """Return the ports of the top module, in order."""
    timing, last = timing_of(network), network.horizon - 1
    ports = [
        Port("clk", "input", 1, "clock, rising edge; one clock per time step", "always"),
        Port("rst", "input", 1, "synchronous reset, active high; drops a running sample", "always"),
        Port("start", "input", 1, "begin a sample; drops a running one", "one clock"),
        Port(
            "x",
            "input",
            network.inputs,
            "x[i] = 1 for one clock: line i spikes in this time step; at most once per sample",
            f"time steps 0 .. {last}, the first {last + 1} clocks after start",
        ),
        *_proximal(network),
        Port(
            "done",
            "output",
            1,
            f"the result is there; at the latest {timing.cycles_worst} clocks after start",
            "always after a first rst or start; falls with the next start",
        ),
    ]
    meanings = _meanings(network)
    return (
        *ports,
        *(Port(name, "output", w, *meanings[name]) for name, w in results_of(network).items()),
    )


def _proximal(network: FrozenNetwork) -> list[Port]:
    if not network.proximal_lines:
        return []
    kinds = {layer.proximal for layer in network.layers}
    what, when = [], []
    if "enable" in kinds:
        lines = sorted({int(i) for n in _of(network, "enable") for i in proximal_lines(n)})
        what.append(f"lines {_ranges(lines)}: level, 1 enables the dendrites that read it")
        when.append("levels: stable from the clock after start until done")
    if "weighted" in kinds:
        lines = sorted({int(i) for n in _of(network, "weighted") for i in proximal_lines(n)})
        horizon = max(n.proximal_horizon for n in _of(network, "weighted"))
        what.append(f"lines {_ranges(lines)}: 1 for one clock, as x; at most once per sample")
        when.append(f"spikes: time steps 0 .. {horizon - 1} at most")
    return [
        Port("proximal", "input", network.proximal_lines, "; ".join(what), "; ".join(when)),
    ]


def _of(network: FrozenNetwork, kind: str) -> list[FrozenLayer]:
    return [layer for layer in network.layers if layer.proximal == kind]


def _ranges(lines: list[int]) -> str:
    """Return `0 .. 3, 7` for 0, 1, 2, 3, 7; `none` for nothing."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and parts[-1][1] == line - 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(a) if a == b else f"{a} .. {b}" for a, b in parts) or "none"


def _meanings(network: FrozenNetwork) -> dict[str, tuple[str, str]]:
    """Return meaning and validity of the result ports by name."""
    c, n = network.layers[-1].shape[:2]
    timing = timing_of(network)
    single = inhibition(network, len(network.layers) - 1) in ("1-wta", "t-wta")
    each = "" if c == 1 else f", {{}} bits per column of {c}, column 0 lowest"
    done = "while done is 1"
    time = f"0 .. {timing.steps - 1}"
    if timing.retimed:
        time += ", counted from the first spike of the last retimed volley"
    if single:
        time = f"its time step, {time}" + each.format(timing.time_width)
        flag = "spiked" if inhibition(network, len(network.layers) - 1) == "1-wta" else "passed"
        means = f"{done}; means something only where {flag} is 1"
    else:
        time = f"time step of every neuron, {time}, {timing.time_width} bits each, in that order"
        means = f"{done}; means something only where passed is 1"
    won = f"{done}; means something only where spiked is 1"
    return {
        "winner": ("the neuron that spikes first" + each.format(bits(n - 1)), won),
        "spiked": ("1: a neuron of the column spikes", done),
        "passed": (f"bit {n} c + k is 1: neuron k of column c spikes and passes", done),
        "spike_time": (time, means),
        "answer": ("the class with the largest sum of votes, the lowest on ties", done),
    }
