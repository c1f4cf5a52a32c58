"""A LEF reader: sizes, pins and obstructions of cells, and the routing layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hls.errors import InvalidInput

Rect = tuple[str, float, float, float, float]
"""Layer, left, bottom, right, top, in um."""


@dataclass
class LefPin:
    """A pin of a cell.

    Attributes:
        name: its name.
        direction: `INPUT`, `OUTPUT` or `INOUT`.
        use: `SIGNAL`, `CLOCK`, `POWER` or `GROUND`.
        rects: its shapes.
    """

    name: str
    direction: str = "INPUT"
    use: str = "SIGNAL"
    rects: list[Rect] = field(default_factory=list)


@dataclass
class Macro:
    """A cell.

    Attributes:
        name: its name.
        width: in um.
        height: in um.
        pins: pins by name.
        obstructions: shapes that routing must not touch.
    """

    name: str
    width: float = 0.0
    height: float = 0.0
    pins: dict[str, LefPin] = field(default_factory=dict)
    obstructions: list[Rect] = field(default_factory=list)


@dataclass
class RoutingLayer:
    """A routing layer.

    Attributes:
        name: its name.
        direction: `HORIZONTAL` or `VERTICAL`.
        pitch: in um.
        offset: of the first track, in um.
        width: of a wire, in um.
        resistance: in ohm per square.
        area_cap: in pF per um^2.
        edge_cap: in pF per um of edge.
    """

    name: str
    direction: str = ""
    pitch: float = 0.0
    offset: float = 0.0
    width: float = 0.0
    resistance: float = 0.0
    area_cap: float = 0.0
    edge_cap: float = 0.0


@dataclass
class Lef:
    """What the LEF files of a library hold.

    Attributes:
        layers: routing layers, lowest first.
        macros: cells by name.
        vias: shapes of the fixed vias by name, around (0, 0).
        site: width and height of the placement site, in um.
    """

    layers: list[RoutingLayer] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    vias: dict[str, list[Rect]] = field(default_factory=dict)
    site: tuple[float, float] = (0.0, 0.0)


def read_lef(*paths: Path, site: str) -> Lef:
    """Read technology and cells.

    Args:
        paths: LEF files, technology first.
        site: name of the placement site.

    Raises:
        InvalidInput: if there are no cells or no such site.
    """
    lef = Lef()
    for path in dict.fromkeys(paths):
        text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8", errors="replace"))
        lines = iter([words for line in text.splitlines() if (words := line.split())])
        for words in lines:
            if words[0] == "LAYER" and len(words) == 2:
                _layer(lines, words[1], lef)
            elif words[0] == "SITE" and len(words) == 2:
                size = _site(lines, words[1])
                lef.site = size if words[1] == site else lef.site
            elif words[0] == "MACRO":
                lef.macros[words[1]] = _macro(lines, words[1])
            elif words[0] == "VIA":
                lef.vias[words[1]] = _rects(lines)
            elif words[0] in ("VIARULE", "PROPERTYDEFINITIONS", "SPACING", "UNITS"):
                _skip(lines, words[1] if words[0] == "VIARULE" else words[0])
    if not lef.macros or not lef.site[0]:
        raise InvalidInput(
            f"LEF {', '.join(str(p) for p in paths)}",
            got=f"{len(lef.macros)} cells" + ("" if lef.site[0] else f", no site {site}"),
            expected="cells and a placement site",
        )
    return lef


def _skip(lines: Iterator[list[str]], name: str) -> None:
    for words in lines:
        if words[0] == "END" and (len(words) == 1 or words[1] == name):
            return


def _layer(lines: Iterator[list[str]], name: str, lef: Lef) -> None:
    layer, routing = RoutingLayer(name), False
    targets = {
        "PITCH": "pitch",
        "OFFSET": "offset",
        "WIDTH": "width",
        "EDGECAPACITANCE": "edge_cap",
    }
    for words in lines:
        if words[0] == "END" and words[-1] == name:
            break
        if words[0] == "TYPE":
            routing = words[1] == "ROUTING"
        elif words[0] == "DIRECTION":
            layer.direction = words[1]
        elif words[0] in targets:
            setattr(layer, targets[words[0]], float(words[1]))
        elif words[0] == "RESISTANCE" and words[1] == "RPERSQ":
            layer.resistance = float(words[2])
        elif words[0] == "CAPACITANCE" and words[1] == "CPERSQDIST":
            layer.area_cap = float(words[2])
    if routing:
        lef.layers.append(layer)


def _site(lines: Iterator[list[str]], name: str) -> tuple[float, float]:
    size = (0.0, 0.0)
    for words in lines:
        if words[0] == "SIZE":
            size = float(words[1]), float(words[3])
        elif words[0] == "END" and words[-1] == name:
            break
    return size


def _macro(lines: Iterator[list[str]], name: str) -> Macro:
    macro = Macro(name)
    for words in lines:
        if words[0] == "SIZE":
            macro.width, macro.height = float(words[1]), float(words[3])
        elif words[0] == "PIN":
            macro.pins[words[1]] = _pin(lines, words[1])
        elif words[0] == "OBS":
            macro.obstructions = _rects(lines)
        elif words[0] == "END" and words[-1] == name:
            break
    return macro


def _pin(lines: Iterator[list[str]], name: str) -> LefPin:
    pin = LefPin(name)
    for words in lines:
        if words[0] == "DIRECTION":
            pin.direction = words[1]
        elif words[0] == "USE":
            pin.use = words[1]
        elif words[0] == "PORT":
            pin.rects += _rects(lines)
        elif words[0] == "END" and words[-1] == name:
            break
    return pin


def _rects(lines: Iterator[list[str]]) -> list[Rect]:
    rects: list[Rect] = []
    layer = ""
    for words in lines:
        if words[0] == "LAYER":
            layer = words[1]
        elif words[0] == "RECT":
            a, b, c, d = (float(w) for w in words[1:5])
            rects.append((layer, min(a, c), min(b, d), max(a, c), max(b, d)))
        elif words[0] == "END":
            break
    return rects
