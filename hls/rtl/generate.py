"""Verilog-2005 from a frozen network: a temporal datapath, one clock per time step."""

from __future__ import annotations

from dataclasses import dataclass

import pyverilog.vparser.ast as ast

from hls.ir.network import FrozenNetwork
from hls.rtl import nodes as v
from hls.rtl.column import column_module, column_ports, layer_module, timed
from hls.rtl.header import COMMENTS, ONE_FILE, header
from hls.rtl.lines import delay_module, lines_module, ramp_module, retime_module
from hls.rtl.neuron import neuron_modules
from hls.rtl.plan import JOHNSON_MAX, LayerPlan, Plan
from hls.rtl.planner import make_plan
from hls.rtl.ports import Port, bits, ports_of
from hls.rtl.voter import voter_module
from hls.rtl.wta import wta_module


@dataclass(frozen=True)
class RtlDesign:
    """A circuit as text.

    Attributes:
        name: top module and network.
        text: Verilog-2005.
        ports: the top module's ports, in order.
        flip_flops: registers in bits, before synthesis.
        cycles_worst: clocks from the edge that samples `start` until `done` is high, at most.
    """

    name: str
    text: str
    ports: tuple[Port, ...]
    flip_flops: int
    cycles_worst: int


def generate(network: FrozenNetwork) -> RtlDesign:
    """Return the circuit of a network, hard-wired weights, as Verilog.

    Args:
        network: any but those with a stored volley (a Retime that saturates), with weighted
            proximal inputs after a Retime, or with a proximal line that is a level and spikes.

    Raises:
        Unsupported: for these.
        InvalidInput: for a name that Verilog or the ports use.
    """
    plan, ports = make_plan(network), ports_of(network)
    parts = [header(plan, ports), COMMENTS["top"] + _top(plan, ports), ONE_FILE]
    if network.votes is not None:
        parts.append(COMMENTS["voter"] + voter_module(network))
    for layer in plan.layers:
        parts += _layer(plan, layer)
    for longest in sorted({r for layer in plan.layers for r in layer.ramps.values() if r}):
        kind = "johnson" if longest <= JOHNSON_MAX else "binary"
        parts.append(COMMENTS[kind].format(longest=longest) + ramp_module(network.name, longest))
    worst = plan.timing.cycles_worst
    return RtlDesign(network.name, "\n".join(parts), ports, plan.flip_flops, worst)


def _layer(plan: Plan, layer: LayerPlan) -> list[str]:
    """Return a layer's modules with their comments."""
    at = {"l": layer.index, "mode": layer.mode, "horizon": layer.layer.retime, "k": layer.layer.k}
    found = []
    if layer.layer.retime:
        found.append(COMMENTS["retime"].format(**at) + retime_module(layer, layer is plan.retimed))
    if layer.delay and layer.weighted:
        found.append(COMMENTS["delay"].format(clocks=layer.delay, **at) + delay_module(layer))
    found.append(COMMENTS["layer"].format(**at) + layer_module(layer, plan.timing))
    kind = "column" if layer.last else "inner column"
    for column in layer.columns:
        comment = COMMENTS[kind].format(c=column.index, **at)
        found.append(comment + column_module(layer, column, plan.timing))
    inhibition = wta_module(layer)
    if inhibition is not None:
        rule = "potential" if layer.by_potential else "index"
        found.append(COMMENTS[f"{layer.mode} {rule}"].format(**at) + inhibition)
    for column in layer.columns:
        for neuron in column.neurons:
            for kind, text, facts in neuron_modules(layer, neuron, column):
                found.append(COMMENTS[kind].format(**at, **facts) + text)
    if layer.taps:
        found.append(COMMENTS[layer.layer.response] + lines_module(plan.network.name, layer))
    return found


def _top(plan: Plan, ports: tuple[Port, ...]) -> str:
    """Return the top: control and the layers, each fed by the pulses of the one below."""
    items: list[v.Node] = [v.reg("run", 1), v.reg("step", plan.timing.step_width)]
    items += v.wire("clear", 1, ast.Or(v.name("rst"), v.name("start")))
    used: set[int] = set()
    pulses = "x"
    for layer in plan.layers:
        made, pulses = _place(plan, layer, pulses)
        items += made
        used |= {*layer.weighted, *layer.gates}
    items += _control(plan)
    items += _answer(plan)
    lines = plan.network.proximal_lines
    items += v.unused([v.bit("proximal", i, lines) for i in range(lines) if i not in used])
    inputs = {p.name: p.width for p in ports if p.direction == "input"}
    outputs = {p.name: p.width for p in ports if p.direction == "output"}
    return v.module(plan.network.name, inputs, outputs, items, registered=["done"])


def _place(plan: Plan, layer: LayerPlan, pulses: str) -> tuple[list[v.Node], str]:
    """Return the instances of one layer, and the name of the pulses that it gives."""
    at, clock = layer.index, {"clk": v.name("clk"), "clear": v.name("clear")}
    lines = plan.network.proximal_lines
    items: list[v.Node] = []
    if layer.layer.retime:
        items += v.wire(f"volley{at}", layer.sources)
        pins = {**clock, "x": v.name(pulses), "y": v.name(f"volley{at}")}
        if layer is plan.retimed:
            items += v.wire("started", 1)
            pins["started"] = v.name("started")
        items.append(v.instance(f"{layer.prefix}_retime", f"retime{at}", pins))
        pulses = f"volley{at}"
    pins = dict(clock)
    if layer.last:
        pins["run"] = v.name("run")
        pins |= {"step": _now(plan)} if timed(layer) else {}
    pins["x"] = v.name(pulses)
    if layer.weighted:
        given = v.concat([v.bit("proximal", i, lines) for i in layer.weighted][::-1])
        if layer.delay:
            items += v.wire(f"proximal{at}", len(layer.weighted))
            late = {**clock, "proximal": given, "late": v.name(f"proximal{at}")}
            items.append(v.instance(f"{layer.prefix}_delay", f"delay{at}", late))
            given = v.name(f"proximal{at}")
        pins["proximal"] = given
    if layer.gates:
        pins["gate"] = v.concat([v.bit("proximal", i, lines) for i in layer.gates][::-1])
    ports = column_ports(layer, plan.timing)
    if layer.last:
        items += v.wire("settled", len(layer.columns))
        pins |= {port: v.name(port) for port in ports}
    else:
        items += v.wire(f"pulse{at}", layer.outputs)
        pins["pulse"] = v.name(f"pulse{at}")
    items.append(v.instance(f"{layer.prefix}_layer", f"layer{at}", pins))
    return items, f"pulse{at}"


def _now(plan: Plan) -> v.Node:
    """Return the time step that the last layer evaluates in this clock."""
    timing = plan.timing
    if timing.time_width < timing.step_width:
        return v.part("step", timing.time_width - 1, 0)
    return v.name("step")


def _control(plan: Plan) -> list[v.Node]:
    """Return what counts steps and ends a sample."""
    timing, steps = plan.timing, plan.timing.step_width
    items: list[v.Node] = []
    last = ast.Eq(v.name("step"), v.number(timing.steps - 1, steps))
    ends = [ast.Uand(v.name("settled")), last]
    count = [v.load("step", v.add([v.name("step"), v.number(1, steps)]))]
    begin = [
        v.load("run", ast.And(v.name("start"), ast.Unot(v.name("rst")))),
        v.load("done", v.number(0, 1)),
        v.load("step", v.number(2**steps - timing.depth, steps)),
    ]
    if timing.retimed:
        width = bits(timing.deadline)
        started = v.name("started")
        items.append(v.reg("waited", width))
        late = ast.Eq(v.name("waited"), v.number(timing.deadline, width))
        ends.append(ast.And(late, ast.Unot(started)))
        wait = v.load("waited", v.add([v.name("waited"), v.number(1, width)]))
        count = [v.when(started, count, [wait])]
        begin.append(v.load("waited", v.number(0, width)))
    items += v.wire("finish", 1, v.join(ast.Or, ends))
    if not timed(plan.last):
        items.append(v.assign("spike_time", _now(plan)))
    stop = [v.load("run", v.number(0, 1)), v.load("done", v.number(1, 1))]
    running = v.when(v.name("run"), [v.when(v.name("finish"), stop, count)])
    return [*items, v.clocked(v.when(v.name("clear"), begin, running))]


def _answer(plan: Plan) -> list[v.Node]:
    """Return the voter, fed by the neurons that pass."""
    if plan.network.votes is None:
        return []
    layer, items = plan.last, []
    if layer.mode == "1-wta":
        flags = []
        for c in range(len(layer.columns)):
            who = v.field("winner", c, layer.winner_width, len(layer.columns))
            spiked = v.bit("spiked", c, len(layer.columns))
            for n in range(layer.neurons):
                flags.append(ast.And(spiked, ast.Eq(who, v.number(n, layer.winner_width))))
        items += v.wire("passed", layer.outputs, v.concat(flags[::-1]))
    pins = {"passed": v.name("passed"), "answer": v.name("answer")}
    return [*items, v.instance(f"{plan.network.name}_voter", "voter", pins)]
