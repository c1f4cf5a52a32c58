"""What a column that learns is made of: segments of synapses, each with its potential."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.learning import serial, synapse
from hls.rtl.learning.sizes import Sizes

Live = tuple[int, ...]


def kinds_of(s: Sizes) -> dict[Live, str]:
    """Return the module of every set of unpruned inputs that a segment has; none for no input."""
    c, count = s.layer.shape[0], s.segments
    found = dict.fromkeys(s.live(column, g) for column in range(c) for g in range(count))
    named = [live for live in found if live]
    one = f"{s.name}_segment" if s.inside > 1 else f"{s.name}_neuron"
    if len(named) == 1:
        return {named[0]: one}
    return {live: f"{one}_{number}" for number, live in enumerate(named)}


def segment_module(s: Sizes, live: Live, label: str) -> str:
    """Return a segment: its synapses in a chain to load and read them, and its potential."""
    items: list[v.Node] = []
    chain: v.Node = v.name("scan_in")
    if s.serial:
        items += _round(s)
        chain = v.name("enters")
    elif s.falls:
        items += v.wire("down", 1, ast.And(v.name("spike"), v.name("spiked")))
    terms = [v.extend(v.name("potential"), s.held, s.sum)]
    for i in live:
        items += _synapse(s, i, chain)
        chain = v.name(f"w{i}")
        terms.append(v.extend(*_response(s, i), s.sum))
    if s.serial:
        pins = {name: v.name(name) for name in serial.update_inputs(s)} | {"weight": chain}
        pins["moved"] = v.name("moved")
        items.append(v.instance(f"{s.name}_update", "update", pins))
    items.append(v.reg("potential", s.held))
    items += v.wire("sum", s.sum, v.add(terms))
    reached: v.Node = v.part("sum", s.sum - 1, s.held)
    reached = ast.Uor(reached) if s.sum > s.held + 1 else reached
    reached = ast.And(reached, v.name("gate")) if s.gated else reached
    outputs = {"spike": 1}
    if s.by_potential:
        outputs["key"] = s.held
        items.append(v.assign("key", v.name("potential")))
    outputs["scan_out"] = s.wres
    items.append(v.assign("scan_out", chain))
    # Once somebody has spiked only the winner's flag stays.
    held = [v.load("spike", ast.Cond(v.name("any"), v.name("won"), reached))]
    held.append(v.load("potential", v.part("sum", s.held - 1, 0)))
    reset = [v.load("spike", v.number(0, 1)), v.load("potential", v.name("origin"))]
    items.append(v.clocked(synapse.clears(s, reset, held)))
    inputs = segment_inputs(s)
    gone = [i for i in range(s.inputs) if i not in live]
    buses = _buses(s)
    items += v.unused(
        [v.field(bus, i, w, s.inputs) for i in gone for bus, w in buses.items()]
        + [v.name(port) for port in inputs if port not in v.names(items) and port not in buses]
    )
    return v.module(label, inputs, outputs, items, registered=["spike"])


def _buses(s: Sizes) -> dict[str, int]:
    """Return the inputs that have a field for each input line, with the field's bits."""
    found = {"x": 1} if not s.ramp else {"limit": s.wres} if s.serial else {}
    found |= {} if s.serial else synapse.line_outputs(s)
    found |= {"first": s.wres} if s.options.reset else {}
    return found | {port: each for port, kind, each in s.pins() if s.wide(kind)}


def segment_inputs(s: Sizes) -> dict[str, int]:
    """Return the widths of a segment's inputs by name."""
    found = {"clk": 1, "clear": 1, "any": 1, "won": 1}
    found |= {"run": 1} if s.options.rest else {}
    found |= {"gate": 1} if s.gated else {}
    found |= {"origin": s.held}
    if s.serial:
        found |= {"turn": 1} | dict.fromkeys(s.told, 1)
    else:
        found |= {"spiked": 1} if s.falls else {}
        found |= {"bound": s.wres} if s.shared and not s.ramp else {}
    found |= {name: width for name, width in s.access.items() if name != "first"}
    found |= {port: each for port, kind, each in s.pins() if not s.wide(kind)}
    return found | {bus: each * s.inputs for bus, each in _buses(s).items()}


def _round(s: Sizes) -> list[v.Node]:
    """Return what a segment's chain takes in: its last weight, moved, or what is scanned in."""
    turn = v.name("turn")
    items = v.wire("moved", s.wres)
    items += v.wire("shift", 1, ast.Or(v.name("scan"), turn))
    enters = ast.Cond(turn, v.name("moved"), v.name("scan_in"))
    return [*items, *v.wire("enters", s.wres, enters)]


def _synapse(s: Sizes, i: int, chain: v.Node) -> list[v.Node]:
    """Return the synapse on input `i`, whose weight follows `chain`."""
    buses = _buses(s)
    needed = serial.synapse_inputs(s) if s.serial else s.access | synapse.synapse_inputs(s)
    pins: dict[str, v.Node] = {"clk": v.name("clk")}
    for name in needed:
        pins[name] = v.field(name, i, buses[name], s.inputs) if name in buses else v.name(name)
    pins |= {name: chain for name in ("scan_in", "enters") if name in pins}
    pins["weight"] = v.name(f"w{i}")
    items = v.wire(f"w{i}", s.wres)
    if s.ramp:
        pins["rises"] = v.name(f"rises{i}")
        items += v.wire(f"rises{i}", 1)
    return [*items, v.instance(f"{s.name}_synapse", f"synapse{i}", pins)]


def _response(s: Sizes, i: int) -> tuple[v.Node, int]:
    """Return what the synapse on input `i` adds to the potential in this step, and its bits."""
    if s.ramp:
        return v.name(f"rises{i}"), 1
    spikes = v.repeat(v.field("x", i, 1, s.inputs), s.wres)
    return ast.And(spikes, v.name(f"w{i}")), s.wres
