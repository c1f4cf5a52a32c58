"""graywolf: placement in rows, by simulated annealing with a fixed seed."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from hls.errors import StepFailed
from hls.layout.floorplan import DBU, port_bits
from hls.layout.lef import Lef
from hls.layout.options import QflowOptions
from hls.synth.netlist import Netlist
from hls.tool import Tool, run

GRAYWOLF = Tool(
    name="graywolf",
    executables=("graywolf",),
    variable="GRAYWOLF_EXE",
    purpose="placement of the embedded layout flow",
    install="sudo apt install graywolf",
    version_args=("-h",),
    version_pattern=r"version:v?(\d\S*)",
)

_ORIENT = {"0": "N", "1": "FS", "2": "FN", "3": "S"}


def place(
    netlist: Netlist, lef: Lef, options: QflowOptions, work: Path, log: Path
) -> list[list[tuple[float, int, str]]]:
    """Run graywolf; return for each row, from the bottom, left edge in um, index, orientation."""
    (work / "design.cel").write_text(_cel(netlist, lef), encoding="utf-8")
    (work / "design.par").write_text(_par(lef, options), encoding="utf-8")
    run([GRAYWOLF.require(), "-n", "design"], cwd=work, log=log, timeout=options.timeout_s)
    placed = work / "design.pl1"
    rows: dict[int, list[tuple[float, int, str]]] = {}
    for line in placed.read_text(encoding="utf-8").splitlines() if placed.is_file() else []:
        words = line.split()
        if re.fullmatch(r"i\d+", words[0]):
            entry = (int(words[1]) / DBU, int(words[0][1:]), _ORIENT[words[5]])
            rows.setdefault(int(words[6]), []).append(entry)
    if sum(map(len, rows.values())) != len(netlist.instances):
        raise StepFailed(
            "graywolf failed",
            got=f"{sum(map(len, rows.values()))} cells placed",
            expected=f"{len(netlist.instances)}",
            mend=f"The whole log: {log}",
        )
    return [sorted(rows[number]) for number in sorted(rows)]


def _cel(netlist: Netlist, lef: Lef) -> str:
    """Return graywolf's netlist: cells with pin offsets from their centre, then the ports."""
    lines = []
    for index, instance in enumerate(netlist.instances):
        macro = lef.macros[instance.cell]
        half_w, half_h = round(macro.width * DBU / 2), round(macro.height * DBU / 2)
        lines.append(f"cell {index} i{index}")
        lines.append(f"left -{half_w} right {half_w} bottom -{half_h} top {half_h}")
        for pin, net in instance.pins.items():
            _, x0, y0, x1, y1 = macro.pins[pin].rects[0]
            x, y = round((x0 + x1) / 2 * DBU) - half_w, round((y0 + y1) / 2 * DBU) - half_h
            if isinstance(net, int):
                lines.append(f"pin name {pin} signal n{net} layer 1 {x} {y}")
    for number, (_, _, net) in enumerate(port_bits(netlist)):
        if isinstance(net, int):
            lines.append(f"pad {number + 1} name twpin_p{number}")
            lines.append("corners 4 -40 -50 -40 50 40 50 40 -50")
            lines.append(f"pin name p{number} signal n{net} layer 1 0 0")
    return "\n".join(lines) + "\n"


def _par(lef: Lef, options: QflowOptions) -> str:
    """Return graywolf's parameters; the die is square after the rows have been spread."""
    rules, overhangs = [], []
    layers = lef.layers[: options.layers]
    for layer in layers:
        direction = layer.direction.lower()
        rules.append(f"layer {layer.name} {layer.resistance} {layer.area_cap * 1000} {direction}")
    for i, (low, high) in enumerate(pairwise(layers), start=1):
        rules.append(f"via via{i}{i + 1} {low.name} {high.name}")
        overhangs += [f"overhang via{i}{i + 1} {name} 8" for name in (low.name, high.name)]
    for layer in layers:
        width, pitch = round(layer.width * DBU), round(layer.pitch * DBU)
        rules.append(f"width {layer.name} {width}")
        overhangs.insert(0, f"spacing {layer.name} {layer.name} {pitch - width}")
    rules += [f"width via{i}{i + 1} 60" for i in range(1, len(layers))]
    pitch_x, pitch_y = round(layers[1].pitch * DBU), round(layers[0].pitch * DBU)
    return "\n".join(
        [
            "RULES",
            *(f"    {rule}" for rule in rules + overhangs),
            "ENDRULES",
            "*vertical_wire_weight : 1.0",
            "*vertical_path_weight : 1.0",
            "*padspacing : variable",
            "*rowSep : 0.0 0",
            f"*track.pitch : {pitch_x}",
            "*minimum_pad_space : 120",
            f"*gridX : {pitch_x}",
            f"*gridY : {pitch_y}",
            "*gridOffsetX : 0",
            "*gridOffsetY : 0",
            "*graphics.wait : off",
            "*last_chance.wait : off",
            f"*random.seed : {options.seed}",
            f"TWMC*chip.aspect.ratio : {1 / options.density:.3f}",
            f"TWSC*feedThruWidth : {pitch_x} layer 1",
            "TWSC*do.global.route : on",
            "TWSC*ignore_feeds : true",
            "TWSC*call_row_evener : true",
            "TWSC*even_rows_maximally : true",
            "GENR*row_to_tile_spacing : 1",
            "GENR*flip_alternate_rows : 1",
            "",
        ]
    )
