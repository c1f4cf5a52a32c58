"""Columns of neurons with their results, and layers of columns."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.neuron import neuron_name
from hls.rtl.plan import Column, LayerPlan
from hls.rtl.ports import Timing


def column_module(plan: LayerPlan, column: Column, timing: Timing) -> str:
    """Return a column: its neurons, their inhibition, and its registered result or its pulses."""
    count = plan.neurons
    items = v.wire("spike", count)
    items += _neurons(plan, column)
    if plan.last:
        ports, body, registered = _results(plan, column, timing)
    else:
        ports, body, registered = {"pulse": count}, _pulses(plan), []
    inputs = {"clk": 1, "clear": 1}
    if plan.last:
        inputs["run"] = 1
        inputs |= {"step": timing.time_width} if timed(plan) else {}
    inputs |= {"gate": len(column.gates)} if column.gates else {}
    inputs |= {"active": len(column.taps)} if column.taps else {}
    label = f"{plan.prefix}_column_{column.index}"
    return v.module(label, inputs, ports, items + body, registered)


def timed(plan: LayerPlan) -> bool:
    """Whether columns keep spike times; the step counter does for a single one that stops it."""
    return len(plan.columns) > 1 or not plan.single


def _neurons(plan: LayerPlan, column: Column) -> list[v.Node]:
    """Return the neurons' instances; the ones that never spike give constants."""
    count, size = plan.neurons, plan.key_width
    items: list[v.Node] = v.wire("keys", count * size) if plan.by_potential else []
    live = {neuron.index for neuron in column.neurons}
    for n in [n for n in range(count) if n not in live]:
        items.append(v.drive(v.bit("spike", n, count), v.number(0, 1)))
        if plan.by_potential:
            items.append(v.drive(v.field("keys", n, size, count), v.number(0, size)))
    where = {tap: at for at, tap in enumerate(column.taps)}
    for neuron in column.neurons:
        taps = [v.bit("active", where[tap], len(where)) for tap in neuron.taps]
        pins = {"clk": v.name("clk"), "clear": v.name("clear")}
        if neuron.gates:
            places = [column.gates.index(line) for line in neuron.gates]
            gates = [v.bit("gate", at, len(column.gates)) for at in places]
            pins["gate"] = v.concat(gates[::-1])
        pins |= {"active": v.concat(taps[::-1]), "spike": v.bit("spike", neuron.index, count)}
        if plan.by_potential:
            pins["key"] = v.field("keys", neuron.index, size, count)
        items.append(v.instance(neuron_name(plan, neuron), f"neuron{neuron.index}", pins))
    return items


def _inhibit(plan: LayerPlan) -> list[v.Node]:
    """Return what makes `pass` of `spike`, the neurons that spike and may pass now."""
    count = plan.neurons
    if plan.mode == "t-wta":
        return [*v.wire("pass", count, v.name("spike")), *_any()]
    fresh = ast.And(v.name("spike"), ast.Unot(v.name("passed")))
    if plan.mode == "none":
        return v.wire("pass", count, fresh)
    items = v.wire("pass", count)
    pins = {"spike": v.name("spike")}
    if plan.mode == "k-wta":
        items += v.wire("fresh", count, fresh)
        pins = {"spike": v.name("fresh"), "passed": v.name("passed")}
    else:
        items += v.wire("any", 1)
        pins["any"] = v.name("any")
    if plan.by_potential:
        pins["keys"] = v.name("keys")
    pins["pass"] = v.name("pass")
    return [*items, v.instance(f"{plan.prefix}_wta", "wta", pins)]


def _any() -> list[v.Node]:
    return v.wire("any", 1, ast.Uor(v.name("spike")))


def _pulses(plan: LayerPlan) -> list[v.Node]:
    """Return an inner column's output: a pulse of one clock for every neuron that passes."""
    count = plan.neurons
    items: list[v.Node] = []
    if plan.single:
        state, size, value = "spiked", 1, ast.Or(v.name("spiked"), v.name("any"))
        pulse = ast.Cond(v.name("spiked"), v.number(0, count), v.name("pass"))
    else:
        state, size, value = "passed", count, ast.Or(v.name("passed"), v.name("pass"))
        pulse = v.name("pass")
    items = [v.reg(state, size), *_inhibit(plan), v.assign("pulse", pulse)]
    reset = [v.load(state, v.number(0, size))]
    return [*items, v.clocked(v.when(v.name("clear"), reset, [v.load(state, value)]))]


def _results(
    plan: LayerPlan, column: Column, timing: Timing
) -> tuple[dict[str, int], list[v.Node], list[str]]:
    """Return ports, items and registered ports of a column of the last layer."""
    if plan.mode == "1-wta":
        return _winner(plan, timing)
    count, width = plan.neurons, timing.time_width
    ports = {"settled": 1, "passed": count}
    zero = [v.load("passed", v.number(0, count))]
    items = _inhibit(plan)
    if plan.mode == "t-wta":
        spiked = ast.Uor(v.name("passed"))
        items += v.wire("spiked", 1, spiked)
        items.append(v.assign("settled", ast.Or(v.name("spiked"), v.name("any"))))
        keep = [v.load("passed", v.name("pass"))]
        if timed(plan):
            ports["spike_time"] = width
            zero.append(v.load("spike_time", v.number(0, width)))
            keep.append(v.load("spike_time", v.name("step")))
        fires = v.join(ast.And, [v.name("run"), v.name("any"), ast.Unot(v.name("spiked"))])
        store = v.when(fires, keep)
    else:
        ports["spike_time"] = count * width
        items += v.wire("next", count, ast.Or(v.name("passed"), v.name("pass")))
        items.append(v.assign("settled", _all_passed(plan, column)))
        zero.append(v.load("spike_time", v.number(0, count * width)))
        times = []
        for n in range(count):
            held = v.field("spike_time", n, width, count)
            times.append(ast.Cond(v.bit("pass", n, count), v.name("step"), held))
        keep = [v.load("passed", v.name("next")), v.load("spike_time", v.concat(times[::-1]))]
        store = v.when(v.name("run"), keep)
    items.append(v.clocked(v.when(v.name("clear"), zero, store)))
    return ports, items, [port for port in ports if port != "settled"]


def _all_passed(plan: LayerPlan, column: Column) -> v.Node:
    """Return the condition under which no neuron can pass any more."""
    count = plan.neurons
    live = [v.bit("next", neuron.index, count) for neuron in column.neurons]
    if not live:
        return v.number(0, 1)
    if plan.mode == "none" or plan.layer.k >= len(live):
        return ast.Uand(v.concat(live))
    width = count.bit_length()
    total = v.add([v.extend(one, 1, width) for one in live])
    return ast.Eq(total, v.number(plan.layer.k, width))


def _winner(plan: LayerPlan, timing: Timing) -> tuple[dict[str, int], list[v.Node], list[str]]:
    """Return what keeps the winner of a column of the last layer."""
    items = [*v.wire("any", 1), *v.wire("first", plan.winner_width)]
    pins = {"spike": v.name("spike"), "any": v.name("any"), "first": v.name("first")}
    if plan.by_potential:
        pins["keys"] = v.name("keys")
    items.append(v.instance(f"{plan.prefix}_wta", "wta", pins))
    ports = {"settled": 1, "spiked": 1, "winner": plan.winner_width}
    result = {"spiked": v.number(1, 1), "winner": v.name("first")}
    if timed(plan):
        ports["spike_time"] = timing.time_width
        result["spike_time"] = v.name("step")
    items.append(v.assign("settled", ast.Or(v.name("spiked"), v.name("any"))))
    fires = v.join(ast.And, [v.name("run"), v.name("any"), ast.Unot(v.name("spiked"))])
    keep = v.when(fires, [v.load(port, value) for port, value in result.items()])
    reset = [v.load(port, v.number(0, ports[port])) for port in result]
    items.append(v.clocked(v.when(v.name("clear"), reset, keep)))
    return ports, items, list(result)


def column_ports(plan: LayerPlan, timing: Timing) -> dict[str, int]:
    """Return the output ports of one column: their widths by name."""
    if not plan.last:
        return {"pulse": plan.neurons}
    ports = {"settled": 1}
    if plan.mode == "1-wta":
        ports |= {"spiked": 1, "winner": plan.winner_width}
    else:
        ports["passed"] = plan.neurons
    if timed(plan):
        ports["spike_time"] = timing.time_width * (1 if plan.single else plan.neurons)
    return ports


def layer_module(plan: LayerPlan, timing: Timing) -> str:
    """Return a layer: its lines and its columns."""
    count = len(plan.columns)
    ports = column_ports(plan, timing)
    items: list[v.Node] = []
    inputs = {"clk": 1, "clear": 1}
    inputs |= {"run": 1} if plan.last else {}
    inputs |= {"step": timing.time_width} if plan.last and timed(plan) else {}
    inputs["x"] = plan.sources
    inputs |= {"proximal": len(plan.weighted)} if plan.weighted else {}
    inputs |= {"gate": len(plan.gates)} if plan.gates else {}
    if plan.taps:
        items += v.wire("active", len(plan.taps))
        names = ["clk", "clear", "x", *(["proximal"] if plan.weighted else []), "active"]
        pins = {name: v.name(name) for name in names}
        items.append(v.instance(f"{plan.prefix}_lines", "lines", pins))
    else:
        idle = [v.name("x")] + ([v.name("proximal")] if plan.weighted else [])
        items += v.unused(idle)
    where = {tap: at for at, tap in enumerate(plan.taps)}
    for column in plan.columns:
        pins = {name: v.name(name) for name in ("clk", "clear", "run", "step") if name in inputs}
        if column.gates:
            places = [plan.gates.index(line) for line in column.gates]
            gates = [v.bit("gate", at, len(plan.gates)) for at in places]
            pins["gate"] = v.concat(gates[::-1])
        if column.taps and len(column.taps) == len(where):
            pins["active"] = v.name("active")
        elif column.taps:
            taps = [v.bit("active", where[tap], len(where)) for tap in column.taps]
            pins["active"] = v.concat(taps[::-1])
        pins |= {port: v.field(port, column.index, w, count) for port, w in ports.items()}
        label = f"{plan.prefix}_column_{column.index}"
        items.append(v.instance(label, f"column{column.index}", pins))
    outputs = {port: count * width for port, width in ports.items()}
    return v.module(f"{plan.prefix}_layer", inputs, outputs, items)
