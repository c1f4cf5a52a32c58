"""The routed DEF: wire lengths, vias, capacitances, SPEF, and the netlist's names put back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hls.layout.floorplan import port_bits
from hls.layout.lef import Lef
from hls.synth.netlist import Netlist


@dataclass
class Wires:
    """Routed wires of one net.

    Attributes:
        length_um: wire length on each layer, in um.
        vias: number of vias.
    """

    length_um: dict[str, float] = field(default_factory=dict)
    vias: int = 0


Point = tuple[float, float]


def entries(
    text: str, sections: tuple[str, ...] = ("NETS", "SPECIALNETS")
) -> Iterator[tuple[str, str]]:
    """Yield name and routing of every net in a routed DEF.

    qrouter writes short stubs of another width to SPECIALNETS; they come as further entries.
    """
    for section in sections:
        match = re.search(rf"^{section} \d+ ;(.*?)^END {section}", text, re.M | re.S)
        for entry in re.split(r"^\s*- ", match.group(1), flags=re.M)[1:] if match else []:
            name, _, rest = entry.partition("\n")
            yield name.split()[0], rest


def segments(rest: str) -> Iterator[tuple[str, Point, Point, str]]:
    """Yield layer, start, end and via of each piece of a net's routing; a via has no length."""
    layer, last = "", None
    words = iter(rest[rest.find("+ ROUTED") :].split() if "+ ROUTED" in rest else ())
    for word in words:
        if word == "+":
            layer = ""
        elif word in ("ROUTED", "NEW"):
            layer, last = next(words), None
        elif word == "(":
            x, y = next(words), next(words)
            while next(words) != ")":
                pass  # an extension of the wire's end
            here = (
                last[0] if x == "*" and last else float(x),
                last[1] if y == "*" and last else float(y),
            )
            if last is not None:
                yield layer, last, here, ""
            last = here
        elif word == "RECT":
            while next(words) != ")":
                pass
        elif word in ("MASK", "STYLE"):
            next(words)
        elif re.match(r"[A-Za-z]", word) and word not in ("TAPER", "VIRTUAL") and last is not None:
            yield layer, last, last, word


def measure(
    text: str, dbu: int, sections: tuple[str, ...] = ("NETS", "SPECIALNETS")
) -> dict[str, Wires]:
    """Return the wires of every net of a routed DEF, given its units per um."""
    wires: dict[str, Wires] = {}
    for name, rest in entries(text, sections):
        net = wires.setdefault(name, Wires())
        for layer, start, end, via in segments(rest):
            if via:
                net.vias += 1
                continue
            length = (abs(end[0] - start[0]) + abs(end[1] - start[1])) / dbu
            net.length_um[layer] = net.length_um.get(layer, 0.0) + length
    return wires


def capacitance_ff(wires: Wires, lef: Lef) -> float:
    """Return the capacitance of a net's wires, in fF.

    `C = sum over layers of L (w C_area + 2 C_edge)`, with length `L`, width `w` and the LEF's
    capacitance of area and edge.
    """
    layers = {layer.name: layer for layer in lef.layers}
    total = 0.0
    for name, length in wires.length_um.items():
        layer = layers[name]
        total += length * (layer.width * layer.area_cap + 2 * layer.edge_cap)
    return total * 1000.0


def rename(text: str, netlist: Netlist, extra: list[str]) -> str:
    """Return a DEF with the netlist's names, and with the lines `extra` as further special nets."""
    nets = {f"n{net}": name for net, name in netlist.names.items()}
    cells = {f"i{i}": instance.name for i, instance in enumerate(netlist.instances)}
    bits = enumerate(port_bits(netlist))
    ports = {f"n{net}" if isinstance(net, int) else f"p{i}": name for i, (name, _, net) in bits}
    count = sum(line.startswith("- ") for line in extra)
    lines, section = [], ""
    for line in text.splitlines():
        if match := re.match(r"(END )?(COMPONENTS|PINS|SPECIALNETS|NETS)\b", line):
            section = "" if match.group(1) else match.group(2)
        if section == "NETS" and line.startswith("- "):
            line = _sub(r"^- (n\d+)", nets, line)
        if section == "NETS":
            line = _sub(r"\( PIN (n\d+)", ports, _sub(r"\( (i\d+) ", cells, line))
        elif section == "COMPONENTS":
            line = _sub(r"^- (i\d+) ", cells, line)
        elif section == "PINS":
            line = _sub(r"\+ NET (n\d+)", nets, _sub(r"^- ([np]\d+) ", ports, line))
        elif section == "SPECIALNETS":
            line = _sub(r"^- (n\d+)", nets, line)
            if start := re.match(r"SPECIALNETS (\d+) ;", line):
                lines += [f"SPECIALNETS {int(start.group(1)) + count} ;", *extra]
                continue
        if line == "END DESIGN" and not any(ln.startswith("SPECIALNETS") for ln in lines):
            lines += [f"SPECIALNETS {count} ;", *extra, "END SPECIALNETS"]
        lines.append(line)
    return "\n".join(lines) + "\n"


def _sub(pattern: str, names: dict[str, str], line: str) -> str:
    def swap(match: re.Match[str]) -> str:
        start, end = match.start(1) - match.start(), match.end(1) - match.start()
        whole = match.group(0)
        return whole[:start] + names.get(match.group(1), match.group(1)) + whole[end:]

    return re.sub(pattern, swap, line)


def spef(netlist: Netlist, lef: Lef, caps_ff: dict[str, float]) -> str:
    """Return the wire capacitances (fF) as SPEF.

    Each net is a star: its capacitance in the middle, and a milliohm to every pin, for OpenSTA
    ignores a capacitance that is not part of a network.
    """
    pins = _spef_pins(netlist, lef)
    lines = [
        '*SPEF "IEEE 1481-1998"',
        f'*DESIGN "{netlist.top}"',
        '*DATE "-"',
        '*VENDOR "neutnn"',
        '*PROGRAM "neutnn"',
        '*VERSION "1"',
        '*DESIGN_FLOW "NETLIST_TYPE_VERILOG"',
        "*DIVIDER /",
        "*DELIMITER :",
        "*BUS_DELIMITER [ ]",
        "*T_UNIT 1 NS",
        "*C_UNIT 1 FF",
        "*R_UNIT 1 OHM",
        "*L_UNIT 1 HENRY",
        "",
    ]
    for name, value in sorted(caps_ff.items()):
        net = _escape(name)
        lines += [f"*D_NET {net} {value:.5g}", "*CONN"]
        lines += [f"{kind} {pin} {way}" for kind, pin, way in pins.get(name, [])]
        lines += ["*CAP", f"1 {net}:0 {value:.5g}", "*RES"]
        ends = enumerate(pins.get(name, []), start=1)
        lines += [f"{i} {net}:0 {pin} 0.001" for i, (_, pin, _) in ends]
        lines += ["*END", ""]
    return "\n".join(lines)


def _escape(name: str) -> str:
    return re.sub(r"([^\w\[\]])", r"\\\1", name)


def _spef_pins(netlist: Netlist, lef: Lef) -> dict[str, list[tuple[str, str, str]]]:
    """Return, for each net, kind, name and direction of its pins."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    names = netlist.names
    for name, direction, net in port_bits(netlist):
        if isinstance(net, int):
            way = "I" if direction == "input" else "O"
            found.setdefault(names[net], []).append(("*P", _escape(name), way))
    for instance in netlist.instances:
        for pin, net in instance.pins.items():
            if isinstance(net, int):
                way = "O" if lef.macros[instance.cell].pins[pin].direction == "OUTPUT" else "I"
                end = f"{_escape(instance.name)}:{pin}"
                found.setdefault(names[net], []).append(("*I", end, way))
    return found
