"""Floorplans: rows, cells on sites, filler, pins around the die, a power comb; and their DEF."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hls.errors import InvalidInput, StepFailed
from hls.layout.lef import Lef, RoutingLayer
from hls.pdk import Pdk
from hls.synth.netlist import Net, Netlist

DBU = 100
"""DEF units per um; the OSU libraries lie on a grid of 0.05 um."""

STRAP_UM = 4.0
"""Width of the supply straps at the left (power) and right (ground) edge, in um."""

_MARGIN_TRACKS = 10


@dataclass(frozen=True)
class Placed:
    """A cell on the die.

    Attributes:
        x: left edge, in um.
        y: lower edge, in um.
        orient: DEF orientation: `N`, `FN`, `S` or `FS`.
    """

    x: float
    y: float
    orient: str


@dataclass
class Floorplan:
    """Where everything is.

    Attributes:
        width: of the die, in um.
        height: of the die, in um.
        core: left, bottom, right and top of the rows, in um.
        cells: placed cells, by index in the netlist.
        fill: placed filler cells.
        pins: x, y in um and layer, by port bit name.
    """

    width: float
    height: float
    core: tuple[float, float, float, float]
    cells: dict[int, Placed]
    fill: list[Placed]
    pins: dict[str, tuple[float, float, str]] = field(default_factory=dict)


def legalise(
    rows: list[list[tuple[float, int, str]]], netlist: Netlist, lef: Lef, pdk: Pdk, density: float
) -> Floorplan:
    """Put rows of cells on sites, spread to a density, with filler in the gaps.

    Args:
        rows: for each row from the bottom, the cells as (left edge in um, index, orientation).
        netlist: the netlist.
        lef: the library's LEF.
        pdk: the library.
        density: cell area over row area, 0.2 .. 1.
    """
    site, height = lef.site
    tracks = {layer.direction: layer for layer in lef.layers[1:3]}
    pitch_x, pitch_y = tracks["VERTICAL"].pitch, tracks["HORIZONTAL"].pitch
    sizes = [round(lef.macros[i.cell].width / site) for i in netlist.instances]
    longest = max(sum(sizes[i] for _, i, _ in row) for row in rows)
    total = sum(sizes[i] for row in rows for _, i, _ in row)
    columns = max(longest, math.ceil(total / (len(rows) * density)))
    left = _MARGIN_TRACKS * pitch_x + tracks["VERTICAL"].offset
    bottom = _MARGIN_TRACKS * pitch_y + tracks["HORIZONTAL"].offset
    core = (left, bottom, left + columns * site, bottom + len(rows) * height)
    plan = Floorplan(
        width=_snap(core[2] + left, pitch_x),
        height=_snap(core[3] + bottom, pitch_y),
        core=core,
        cells={},
        fill=[],
    )
    for number, row in enumerate(rows):
        y = bottom + number * height
        flipped = number % 2 == 0
        starts = _spread([(x / site, sizes[i]) for x, i, _ in row], columns)
        free = set(range(columns))
        for start, (_, index, orient) in zip(starts, row, strict=True):
            mirrored = orient in ("FN", "S")
            turned = ("S" if mirrored else "FS") if flipped else ("FN" if mirrored else "N")
            plan.cells[index] = Placed(left + start * site, y, turned)
            free -= set(range(start, start + sizes[index]))
        orient = "FS" if flipped else "N"
        plan.fill += [Placed(left + column * site, y, orient) for column in sorted(free)]
    return plan


def _spread(cells: list[tuple[float, int]], columns: int) -> list[int]:
    """Return start sites near the wanted ones (scaled to the row) without overlap, in order."""
    if not cells:
        return []
    origin = min(x for x, _ in cells)
    used = max(x + size for x, size in cells) - origin
    scale = columns / used if used > 0 else 1.0
    starts: list[int] = []
    end = 0
    for x, size in cells:
        wanted = round((x - origin + size / 2) * scale - size / 2)
        starts.append(max(end, wanted))
        end = starts[-1] + size
    limit = columns
    for i in reversed(range(len(cells))):
        starts[i] = min(starts[i], limit - cells[i][1])
        limit = starts[i]
    if starts[0] < 0:
        raise StepFailed("placement", got="a row longer than the die", expected="rows that fit")
    return starts


def _snap(value: float, pitch: float) -> float:
    return round(value / pitch) * pitch


def place_pins(plan: Floorplan, netlist: Netlist, lef: Lef, pdk: Pdk) -> None:
    """Put the ports around the die, in the order of what they connect to; constants on a strap."""
    centre = (plan.width / 2, plan.height / 2)
    where: dict[Net, list[tuple[float, float]]] = {}
    for index, instance in enumerate(netlist.instances):
        for net in instance.pins.values():
            where.setdefault(net, []).append((plan.cells[index].x, plan.cells[index].y))
    wanted, fixed = [], {"0": 0, "1": 0}
    for port in netlist.ports:
        for name, net in port.bits():
            if isinstance(net, str):
                fixed[net] = fixed.get(net, 0) + 1
                plan.pins[name] = _on_strap(plan, net, fixed[net], lef)
                continue
            points = where.get(net, [centre])
            x = sum(p[0] for p in points) / len(points)
            y = sum(p[1] for p in points) / len(points)
            wanted.append((math.atan2(y - centre[1], x - centre[0]), name, (x, y)))
    wanted.sort()
    slots = _slots(plan, len(wanted), lef, pdk)
    slots.sort(key=lambda s: math.atan2(s[1] - centre[1], s[0] - centre[0]))
    best = min(range(len(slots) or 1), key=lambda shift: _detour(wanted, slots, shift))
    for i, (_, name, _) in enumerate(wanted):
        plan.pins[name] = slots[(i + best) % len(slots)]


def _detour(
    wanted: list[tuple[float, str, tuple[float, float]]],
    slots: list[tuple[float, float, str]],
    shift: int,
) -> float:
    pairs = ((p, slots[(i + shift) % len(slots)]) for i, (_, _, p) in enumerate(wanted))
    return sum(abs(p[0] - s[0]) + abs(p[1] - s[1]) for p, s in pairs)


def _slots(plan: Floorplan, count: int, lef: Lef, pdk: Pdk) -> list[tuple[float, float, str]]:
    """Return `count` places on tracks, evenly spaced along the edges of the die."""
    layers = {layer.name: layer for layer in lef.layers}
    pitch_x = layers[pdk.vertical_pin_layer].pitch
    pitch_y = layers[pdk.horizontal_pin_layer].pitch
    left, bottom, right, top = plan.core
    across, up = right - left, top - bottom
    found: list[tuple[float, float, str]] = []
    for i in range(count):
        at = (i + 0.5) / count * 2 * (across + up)
        if at < across:
            spot = (_snap(left + at, pitch_x), pitch_y, pdk.vertical_pin_layer)
        elif at < across + up:
            y = _snap(bottom + at - across, pitch_y)
            spot = (plan.width - pitch_x, y, pdk.horizontal_pin_layer)
        elif at < 2 * across + up:
            x = _snap(right - (at - across - up), pitch_x)
            spot = (x, plan.height - pitch_y, pdk.vertical_pin_layer)
        else:
            y = _snap(top - (at - 2 * across - up), pitch_y)
            spot = (pitch_x, y, pdk.horizontal_pin_layer)
        found.append(spot)
    if len(set(found)) < count:
        raise InvalidInput(
            "layout",
            got=f"{count} ports around a die of {plan.width:.0f} x {plan.height:.0f} um",
            expected="at most one port on each routing track of the edge",
            mend="Lower the density, so that the die grows",
        )
    return found


def _on_strap(plan: Floorplan, net: str, number: int, lef: Lef) -> tuple[float, float, str]:
    """Return a place on the power (1) or ground (0) strap for a constant output."""
    x = strap_x(plan)[0 if net == "1" else 1]
    return x, plan.core[1] + number * lef.site[1] / 2, lef.layers[0].name


def strap_x(plan: Floorplan) -> tuple[float, float]:
    """Return the centres of the power strap (left) and the ground strap (right), in um."""
    left, _, right, _ = plan.core
    return left / 2, right + (plan.width - right) / 2


def write_def(plan: Floorplan, netlist: Netlist, lef: Lef, pdk: Pdk) -> str:
    """Return the placed design as DEF without supplies, with short names that every tool takes.

    Cells are `i<index>` and nets `n<net>`. A port has the name of its net, as qrouter wants it; a
    constant one, which has no net, is `p<number>` in the order of the ports' bits.
    """
    lines = [
        "VERSION 5.6 ;",
        "NAMESCASESENSITIVE ON ;",
        'DIVIDERCHAR "/" ;',
        'BUSBITCHARS "[]" ;',
        f"DESIGN {netlist.top} ;",
        f"UNITS DISTANCE MICRONS {DBU} ;",
        f"DIEAREA ( 0 0 ) ( {_dbu(plan.width)} {_dbu(plan.height)} ) ;",
        *_rows(plan, lef, pdk),
        *(_tracks(plan, layer) for layer in lef.layers),
        *_components(plan, netlist, pdk),
        *_pins(plan, netlist, lef, pdk),
        *_nets(netlist),
        "END DESIGN",
    ]
    return "\n".join(lines) + "\n"


def _dbu(um: float) -> int:
    return round(um * DBU)


def _rows(plan: Floorplan, lef: Lef, pdk: Pdk) -> list[str]:
    left, bottom, right, top = plan.core
    site, height = lef.site
    count = round((right - left) / site)
    steps = f"DO {count} BY 1 STEP {_dbu(site)} 0 ;"
    lines = []
    for row in range(round((top - bottom) / height)):
        orient = "FS" if row % 2 == 0 else "N"
        at = f"{_dbu(left)} {_dbu(bottom + row * height)}"
        lines.append(f"ROW row{row} {pdk.site} {at} {orient} {steps}")
    return lines


def _tracks(plan: Floorplan, layer: RoutingLayer) -> str:
    axis, length = ("X", plan.width) if layer.direction == "VERTICAL" else ("Y", plan.height)
    count = int(length / layer.pitch) + 1
    return f"TRACKS {axis} 0 DO {count} STEP {_dbu(layer.pitch)} LAYER {layer.name} ;"


def _components(plan: Floorplan, netlist: Netlist, pdk: Pdk) -> list[str]:
    lines = [f"COMPONENTS {len(plan.cells) + len(plan.fill)} ;"]
    for index, place in sorted(plan.cells.items()):
        cell = netlist.instances[index].cell
        at = f"( {_dbu(place.x)} {_dbu(place.y)} ) {place.orient}"
        lines.append(f"- i{index} {cell} + PLACED {at} ;")
    for number, place in enumerate(plan.fill):
        at = f"( {_dbu(place.x)} {_dbu(place.y)} ) {place.orient}"
        lines.append(f"- fill{number} {pdk.fill[0]} + PLACED {at} ;")
    return [*lines, "END COMPONENTS"]


def port_bits(netlist: Netlist) -> list[tuple[str, str, Net]]:
    """Return name, direction and net of every port bit; its index is the number in `p<number>`."""
    return [(n, port.direction, net) for port in netlist.ports for n, net in port.bits()]


def _pins(plan: Floorplan, netlist: Netlist, lef: Lef, pdk: Pdk) -> list[str]:
    width = {layer.name: _dbu(layer.width / 2) for layer in lef.layers}
    bits = port_bits(netlist)
    lines = [f"PINS {len(bits)} ;"]
    supply = {"0": pdk.ground_net, "1": pdk.power_net}
    for number, (name, direction, net) in enumerate(bits):
        x, y, layer = plan.pins[name]
        half = width[layer]
        pin, wired = (f"p{number}", supply[net]) if isinstance(net, str) else (f"n{net}",) * 2
        lines += [
            f"- {pin} + NET {wired} + DIRECTION {direction.upper()} + USE SIGNAL",
            f"  + LAYER {layer} ( -{half} -{half} ) ( {half} {half} )",
            f"  + PLACED ( {_dbu(x)} {_dbu(y)} ) N ;",
        ]
    return [*lines, "END PINS"]


def supplies(plan: Floorplan, lef: Lef, pdk: Pdk) -> list[str]:
    """Return the two special nets of the power comb, as lines of DEF.

    Every rail reaches the strap of its own net in the lowest metal layer, without a via. qrouter
    1.4 loses the second signal net of a DEF that has special nets, so they go in after routing.
    """
    left, bottom, right, top = plan.core
    layer, height = lef.layers[0].name, lef.site[1]
    rail = _dbu(_rail_width(lef, pdk))
    straps = strap_x(plan)
    lines = []
    for net, parity, strap in ((pdk.power_net, 0, straps[0]), (pdk.ground_net, 1, straps[1])):
        ends = (_dbu(min(strap, left)), _dbu(max(strap, right)))
        rails = range(parity, round((top - bottom) / height) + 1, 2)
        ys = [_dbu(bottom + r * height) for r in rails]
        parts = [f"{layer} {_dbu(STRAP_UM)} ( {_dbu(strap)} {ys[0]} ) ( * {ys[-1] + rail} )"]
        parts += [f"{layer} {rail} ( {ends[0]} {y} ) ( {ends[1]} * )" for y in ys]
        use = "POWER" if parity == 0 else "GROUND"
        lines.append(f"- {net} ( * {net} )")
        lines += [f"  {'+ ROUTED' if i == 0 else 'NEW'} {part}" for i, part in enumerate(parts)]
        lines.append(f"  + USE {use} ;")
    return lines


def _rail_width(lef: Lef, pdk: Pdk) -> float:
    pin = next(m.pins[pdk.power_net] for m in lef.macros.values() if pdk.power_net in m.pins)
    return min(rect[4] - rect[2] for rect in pin.rects)


def _nets(netlist: Netlist) -> list[str]:
    ends: dict[Net, list[str]] = {}
    for _, _, net in port_bits(netlist):
        ends.setdefault(net, []).append(f"( PIN n{net} )")
    for index, instance in enumerate(netlist.instances):
        for pin, net in instance.pins.items():
            ends.setdefault(net, []).append(f"( i{index} {pin} )")
    wired = {net: pins for net, pins in ends.items() if isinstance(net, int) and len(pins) > 1}
    lines = [f"NETS {len(wired)} ;"]
    for net, pins in sorted(wired.items()):  # qrouter wants one pin to a line
        lines += [f"- n{net}", *(f"  {pin}" for pin in pins[:-1]), f"  {pins[-1]} ;"]
    return [*lines, "END NETS"]
