"""An independent look at a routed layout: does every net hang together, and touch no other one?

The wires, vias and cell pins of the routed DEF are taken as rectangles. Two rectangles of a net
that overlap or abut in a layer are connected; rectangles of two nets that overlap are a short.
Widths and spacings are not checked: that is a design rule checker's work.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from hls.layout.floorplan import Floorplan, port_bits
from hls.layout.lef import Lef, Rect
from hls.layout.routed import entries, segments
from hls.synth.netlist import Netlist

_TILE = 10.0


@dataclass
class Connectivity:
    """What the check found.

    Attributes:
        opens: nets whose pins do not all hang together.
        shorts: pairs of nets that touch.
    """

    opens: list[str] = field(default_factory=list)
    shorts: list[tuple[str, str]] = field(default_factory=list)


def check(text: str, plan: Floorplan, netlist: Netlist, lef: Lef, dbu: int) -> Connectivity:
    """Check a routed DEF with short names (cells `i<index>`, nets `n<net>`).

    Args:
        text: the DEF that qrouter wrote.
        plan: where cells and ports are.
        netlist: the netlist.
        lef: the library's LEF.
        dbu: DEF units per um.
    """
    pins = _pin_shapes(plan, netlist, lef)
    shapes: dict[str, list[list[Rect]]] = defaultdict(list)
    for name, rest in entries(text):
        shapes[name] += _wire_shapes(rest, lef, dbu)
    found = Connectivity()
    for name, groups in pins.items():
        if len(groups) > 1 and not _connected(groups, shapes[name]):
            found.opens.append(name)
    everything = {n: [r for g in [*shapes[n], *pins.get(n, [])] for r in g] for n in pins}
    found.shorts = _shorts(everything)
    return found


def _pin_shapes(plan: Floorplan, netlist: Netlist, lef: Lef) -> dict[str, list[list[Rect]]]:
    """Return, for each net, the shapes of each of its pins."""
    pins: dict[str, list[list[Rect]]] = defaultdict(list)
    width = {layer.name: layer.width / 2 for layer in lef.layers}
    for name, _, net in port_bits(netlist):
        x, y, layer = plan.pins[name]
        half = width[layer]
        if isinstance(net, int):
            pins[f"n{net}"].append([(layer, x - half, y - half, x + half, y + half)])
    for index, instance in enumerate(netlist.instances):
        macro, place = lef.macros[instance.cell], plan.cells[index]
        for pin, net in instance.pins.items():
            rects = macro.pins[pin].rects
            turned = [_turn(r, macro.width, macro.height, place.orient) for r in rects]
            pins[f"n{net}"].append(_move(turned, place.x, place.y))
    return pins


def _move(rects: list[Rect], x: float, y: float) -> list[Rect]:
    return [(layer, a + x, b + y, c + x, d + y) for layer, a, b, c, d in rects]


def _turn(rect: Rect, width: float, height: float, orient: str) -> Rect:
    layer, x0, y0, x1, y1 = rect
    if orient in ("FN", "S"):
        x0, x1 = width - x1, width - x0
    if orient in ("FS", "S"):
        y0, y1 = height - y1, height - y0
    return layer, x0, y0, x1, y1


def _wire_shapes(rest: str, lef: Lef, dbu: int) -> list[list[Rect]]:
    """Return the shapes of a net's wires; a via is one group over its layers."""
    half = {layer.name: layer.width / 2 for layer in lef.layers}
    groups: list[list[Rect]] = []
    for layer, start, end, via in segments(rest):
        (ax, ay), (bx, by) = ((v / dbu for v in point) for point in (start, end))
        if via:
            groups.append(_move(lef.vias[via], ax, ay))
            continue
        h = half[layer]
        groups.append([(layer, min(ax, bx) - h, min(ay, by) - h, max(ax, bx) + h, max(ay, by) + h)])
    return groups


def _touch(a: Rect, b: Rect, gap: float = 1e-6) -> bool:
    return (
        a[0] == b[0]
        and a[1] <= b[3] + gap
        and b[1] <= a[3] + gap
        and a[2] <= b[4] + gap
        and b[2] <= a[4] + gap
    )


def _tiles(rect: Rect) -> list[tuple[str, int, int]]:
    layer, x0, y0, x1, y1 = rect
    return [
        (layer, i, j)
        for i in range(int(x0 // _TILE), int(x1 // _TILE) + 1)
        for j in range(int(y0 // _TILE), int(y1 // _TILE) + 1)
    ]


def _connected(pins: list[list[Rect]], wires: list[list[Rect]]) -> bool:
    """Tell whether all pins are in one piece, by union-find over touching shapes."""
    groups = pins + wires
    root = list(range(len(groups)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    tiles: dict[tuple[str, int, int], list[tuple[int, Rect]]] = defaultdict(list)
    for number, group in enumerate(groups):
        for rect in group:
            for tile in _tiles(rect):
                for other, shape in tiles[tile]:
                    if find(other) != find(number) and _touch(rect, shape):
                        root[find(number)] = find(other)
                tiles[tile].append((number, rect))
    return len({find(i) for i in range(len(pins))}) == 1


def _shorts(nets: dict[str, list[Rect]]) -> list[tuple[str, str]]:
    tiles: dict[tuple[str, int, int], list[tuple[str, Rect]]] = defaultdict(list)
    found = set()
    for name, rects in nets.items():
        for rect in rects:
            for tile in _tiles(rect):
                for other, shape in tiles[tile]:
                    if other != name and _touch(rect, shape, gap=-1e-6):
                        found.add((min(other, name), max(other, name)))
                tiles[tile].append((name, rect))
    return sorted(found)
