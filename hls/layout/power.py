r"""Power from the activity of a simulation and the library's own tables.

For every net with load `C` (pins and wire) and supply `V`, each change costs `C V^2 / 2`; every
transition of a cell's pin costs the internal energy in the Liberty, looked up at slew and load; and
every cell leaks:

.. math:: E = \sum_n a_n C_n V^2 / 2 + \sum_p a_p e_p(\text{slew}, C) + T \sum_c P_c

where `a` counts toggles and `T` is the number of clock cycles times the period. Which input caused
an output to change is not known from toggle counts, so `e` is the mean over the Liberty's groups
(inputs and states), of rising and falling transitions alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hls.errors import InvalidInput
from hls.layout.vcd import Activity, read_activity
from hls.pdk import Pdk
from hls.synth.liberty import Cell, Library, Pin
from hls.synth.netlist import Instance, Net, Netlist

_SWEEPS = 6
"""Passes that let slews settle along the paths; a slew depends little on the one before it."""


@dataclass(frozen=True)
class Power:
    """Power of a netlist under a workload.

    Attributes:
        power_uw: total, in uW.
        switching_uw: charging of nets other than the clock, in uW.
        internal_uw: inside cells, without what the clock causes, in uW.
        clock_uw: clock nets and clock pins, in uW.
        leakage_uw: leakage, in uW.
        cycles: clock cycles in the workload.
        inferences: inferences in the workload, None if not known.
        energy_per_inference_pj: leakage included, in pJ; None without `inferences`.
        method: how it was computed, with the delay model.
        notes: what is missing.
        groups_uw: the same total by what spends it, leakage included, in uW: `sequential` and
            `combinational` cells, the cells of the `clock` tree, and the nets of the `inputs`.
    """

    power_uw: float
    switching_uw: float
    internal_uw: float
    clock_uw: float
    leakage_uw: float
    cycles: int
    inferences: int | None
    energy_per_inference_pj: float | None
    method: str
    notes: list[str] = field(default_factory=list)
    groups_uw: dict[str, float] = field(default_factory=dict)


def power(
    netlist: Netlist,
    pdk: Pdk,
    library: Library,
    vcd: Path,
    *,
    clock_ns: float,
    wire_caps_ff: dict[str, float] | None = None,
    clock: str = "clk",
    inferences: int | None = None,
    delay_model: str = "zero-delay netlist simulation, so no glitches",
) -> Power:
    """Compute power from a VCD of the netlist.

    Args:
        netlist: the netlist that was simulated.
        pdk: library.
        library: its Liberty.
        vcd: dump of the netlist's own scope; only the order of changes counts, not their times.
        clock_ns: clock period that the power is given for, in ns.
        wire_caps_ff: wire capacitance by net name, in fF; None: wires have none.
        clock: clock port.
        inferences: inferences in the VCD (default: how often the port `done` rises).
        delay_model: what the simulation did about delays, for the method's text.

    Raises:
        InvalidInput: if the VCD does not fit the netlist or its clock never rises.
    """
    activity = read_activity(vcd, {port.name for port in netlist.ports})
    toggles = _by_net(netlist, activity, activity.toggles)
    rises = _by_net(netlist, activity, activity.rises)
    clock_net = next((p.nets[0] for p in netlist.ports if p.name == clock), None)
    clocks = _through_buffers(netlist, library, toggles, clock_net)
    cycles = rises.get(clock_net, 0) if clock_net is not None else 0
    if cycles < 1:
        raise InvalidInput(f"VCD {vcd}", got=f"no rise of {clock}", expected="a running clock")
    if inferences is None:
        done = next((p.nets[0] for p in netlist.ports if p.name == "done"), None)
        inferences = rises.get(done, 0) or None if done is not None else None
    loads = _loads(netlist, library, wire_caps_ff or {})
    slews = _slews(netlist, pdk, library, loads)
    volts = pdk.volts
    switching = {n: a * loads.get(n, 0.0) * volts**2 / 2 * 1e-3 for n, a in toggles.items()}
    spent = _internal(netlist, library, toggles, loads, slews)
    internal, clocked = (sum(pj[kind] for pj in spent.values()) for kind in (0, 1))
    groups = _groups(netlist, library, spent, switching, clocks)
    leaks = [library[i.cell].leakage for i in netlist.instances]
    leakage = sum(v or 0.0 for v in leaks) * library.leakage_uw
    clock_pj = clocked + sum(switching.pop(net, 0.0) for net in clocks)
    to_uw = 1000.0 / (cycles * clock_ns)
    parts = [sum(switching.values()) * to_uw, internal * to_uw, clock_pj * to_uw, leakage]
    total = sum(parts)
    energy = total * cycles * clock_ns * 1e-3 / inferences if inferences else None
    return Power(
        power_uw=round(total, 6),
        switching_uw=round(parts[0], 6),
        internal_uw=round(parts[1], 6),
        clock_uw=round(parts[2], 6),
        leakage_uw=round(parts[3], 9),
        cycles=cycles,
        inferences=inferences,
        energy_per_inference_pj=None if energy is None else round(energy, 6),
        method=_method(pdk, delay_model, cycles, inferences, clock_ns, wire_caps_ff is not None),
        notes=_notes(netlist, library, toggles, leaks),
        groups_uw={
            name: round(pj * to_uw + own_leakage * library.leakage_uw, 6)
            for name, (pj, own_leakage) in groups.items()
        },
    )


def _method(
    pdk: Pdk, delay_model: str, cycles: int, inferences: int | None, clock_ns: float, wires: bool
) -> str:
    count = f"{inferences} inferences, " if inferences else ""
    load = "pins and routed wires" if wires else "pins only (no layout)"
    return (
        f"toggle counts of a {delay_model} ({count}{cycles} cycles at {clock_ns:g} ns); "
        f"C V^2/2 with {load}, internal energy and leakage from the Liberty ({pdk.corner})"
    )


def _by_net(
    netlist: Netlist, activity: Activity, counts: dict[tuple[str, int], int]
) -> dict[Net, int]:
    """Return counts by net; a net with several names has the largest count among them."""
    found: dict[Net, int] = {}
    for key, net in netlist.aliases.items():
        if isinstance(net, int) and key in counts:
            found[net] = max(found.get(net, 0), counts[key])
    return found


def _through_buffers(
    netlist: Netlist, library: Library, toggles: dict[Net, int], clock: Net | None
) -> set[Net]:
    """Give nets behind added buffers and inverters their input's toggles; return the clock's nets.

    Placement and routing add them after the simulation, so the VCD does not have their outputs.
    """
    clocks: set[Net] = set() if clock is None else {clock}
    single = []
    for instance in netlist.instances:
        pins = library[instance.cell].pins
        ends = {pins[p].direction: net for p, net in instance.pins.items() if p in pins}
        if len(instance.pins) == 2 and set(ends) == {"input", "output"}:
            single.append((ends["input"], ends["output"]))
    changed = True
    while changed:
        changed = False
        for source, sink in single:
            if source in toggles and sink not in toggles:
                toggles[sink] = toggles[source]
                changed = True
            if source in clocks and sink not in clocks:
                clocks.add(sink)
                changed = True
    return clocks


def _loads(netlist: Netlist, library: Library, wires: dict[str, float]) -> dict[Net, float]:
    """Return the capacitance of each net, in fF."""
    names = netlist.names
    loads = {net: wires.get(name, 0.0) for net, name in names.items()}
    for instance in netlist.instances:
        cell = library[instance.cell]
        for pin, net in instance.pins.items():
            if isinstance(net, int):
                loads[net] = loads.get(net, 0.0) + cell.pins[pin].capacitance * library.cap_ff
    return loads


def _slews(
    netlist: Netlist, pdk: Pdk, library: Library, loads: dict[Net, float]
) -> dict[Net, float]:
    """Return a mean slew for each net, in library units; ports have that of a driver cell."""
    start = 0.05 / library.time_ns
    if pdk.driver in library:
        driver = library[pdk.driver]
        pin = next(p for p in driver.pins.values() if p.direction == "output")
        load = 4 * max(p.capacitance for p in driver.pins.values())
        start = _mean([t.at(start, load) for t in pin.slews]) or start
    slews = dict.fromkeys(loads, start)
    outputs = [
        (i.pins[pin.name], pin, i, library[i.cell])
        for i in netlist.instances
        for pin in library[i.cell].pins.values()
        if pin.direction == "output" and pin.slews and pin.name in i.pins
    ]
    for _ in range(_SWEEPS):
        for net, pin, instance, cell in outputs:
            before = _input_slew(instance, cell, slews, start)
            load = loads[net] / library.cap_ff
            slews[net] = sum(t.at(before, load) for t in pin.slews) / len(pin.slews)
    return slews


def _input_slew(instance: Instance, cell: Cell, slews: dict[Net, float], start: float) -> float:
    """Return the mean slew at the inputs that can change an output: the clock of a flip-flop."""
    inputs = [p for p in cell.pins.values() if p.direction == "input"]
    if cell.sequential:
        inputs = [p for p in inputs if p.clock] or inputs
    return _mean(
        [slews.get(instance.pins[p.name], start) for p in inputs if p.name in instance.pins]
    )


def _internal(
    netlist: Netlist,
    library: Library,
    toggles: dict[Net, int],
    loads: dict[Net, float],
    slews: dict[Net, float],
) -> dict[str, tuple[float, float]]:
    """Return each cell's internal energy over the workload, in pJ: of data and of clock pins."""
    found = {}
    for instance in netlist.instances:
        data = clocked = 0.0
        for pin in library[instance.cell].pins.values():
            net, load = instance.pins.get(pin.name), 0.0
            if isinstance(net, int):
                load = loads[net] / library.cap_ff
            elif pin.direction == "output":
                net = _only_input(instance, library[instance.cell])
            if not isinstance(net, int) or not toggles.get(net):
                continue
            energy = toggles[net] * _energy(pin, instance, net, load, slews)
            if pin.clock:
                clocked += energy * library.energy_pj
            else:
                data += energy * library.energy_pj
        found[instance.name] = data, clocked
    return found


def _only_input(instance: Instance, cell: Cell) -> Net | None:
    """Return the input's net of a buffer or inverter: clock trees have some that drive nothing."""
    inputs = [pin for pin in cell.pins.values() if pin.direction == "input"]
    return instance.pins.get(inputs[0].name) if len(inputs) == 1 else None


def _groups(
    netlist: Netlist,
    library: Library,
    spent: dict[str, tuple[float, float]],
    switching: dict[Net, float],
    clocks: set[Net],
) -> dict[str, tuple[float, float]]:
    """Return energy over the workload, in pJ, and leakage, in library units, by kind of cell."""
    found = dict.fromkeys(("sequential", "combinational", "clock", "inputs"), (0.0, 0.0))
    left = dict(switching)
    for instance in netlist.instances:
        cell = library[instance.cell]
        driven = [
            net for pin, net in instance.pins.items()
            if pin in cell.pins and cell.pins[pin].direction == "output"
        ]  # fmt: skip
        energy = sum(spent[instance.name]) + sum(left.pop(net, 0.0) for net in driven)
        name = "sequential" if cell.sequential else "combinational"
        if cell.gate or (not cell.sequential and clocks.intersection(instance.pins.values())):
            name = "clock"
        before, leak = found[name]
        found[name] = before + energy, leak + (cell.leakage or 0.0)
    found["inputs"] = sum(left.values()), 0.0
    return found


def _energy(pin: Pin, instance: Instance, net: Net, load: float, slews: dict[Net, float]) -> float:
    """Return the internal energy of one transition of a pin, in library units.

    That is the mean over causes, states and directions, times the number of supply pins.
    """
    found = []
    for cause, rise, fall in pin.power:
        source = instance.pins.get((cause or pin.name).split()[0], net)
        slew = slews.get(source, slews[net])
        found.append(_mean([table.at(slew, load) if table else 0.0 for table in (rise, fall)]))
    return _mean(found) * pin.rails


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _notes(
    netlist: Netlist, library: Library, toggles: dict[Net, int], leaks: list[float | None]
) -> list[str]:
    notes = []
    used = [library[name] for name in netlist.counts]
    if any(leak is None for leak in leaks):
        notes.append(f"power: {sum(v is None for v in leaks)} cells have no leakage in the Liberty")
    bare = [c.name for c in used if not any(pin.power for pin in c.pins.values())]
    if bare:
        notes.append(f"power: no internal energy in the Liberty for {', '.join(bare)}")
    unseen = sum(net not in toggles for net in netlist.names)
    if unseen:
        notes.append(f"power: {unseen} of {len(netlist.names)} nets are not in the VCD")
    return notes
