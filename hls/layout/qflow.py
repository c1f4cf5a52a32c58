"""The embedded default: place with graywolf, route with qrouter (both from Debian's qflow).

The two programs are called directly; qflow's own shell scripts, which need tcsh and rewrite the
netlist, are not used. Whatever graywolf does not do well is done here: white space is spread over
the rows to a stated density, and the ports go around the die in the order of what they connect to.

Measured on 2 cores, osu018, density 0.8, 4 routing layers (graywolf seconds + qrouter seconds):
784 cells 2.5 + 5.6, all nets routed. The figures of other sizes are in the project's benchmarks.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hls.errors import InvalidInput, StepFailed
from hls.layout.check import check
from hls.layout.floorplan import (
    DBU,
    Floorplan,
    legalise,
    place_pins,
    port_bits,
    supplies,
    write_def,
)
from hls.layout.lef import Lef, read_lef
from hls.layout.result import LayoutResult
from hls.layout.routed import capacitance_ff, measure, rename
from hls.pdk import Pdk
from hls.synth.netlist import Netlist, read_netlist
from hls.synth.yosys import workspace
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
QROUTER = Tool(
    name="qrouter",
    executables=("qrouter",),
    variable="QROUTER_EXE",
    purpose="routing of the embedded layout flow",
    install="sudo apt install qrouter",
    version_args=("-h",),
    version_pattern=r"version (\d+\.\d+\.\d+)",
)

ATTEMPTS = 4
"""How often routing is tried; each new attempt has a tenth more white space."""

_ORIENT = {"0": "N", "1": "FS", "2": "FN", "3": "S"}


@dataclass(frozen=True)
class QflowOptions:
    """Options of the embedded flow.

    Attributes:
        density: cell area over row area, 0.2 .. 0.95.
        layers: routing layers, 3 .. 6.
        seed: of the placement; the same seed gives the same layout.
        timeout_s: limit for each program, in s.
    """

    density: float = 0.8
    layers: int = 4
    seed: int = 12345
    timeout_s: float = 1800.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.2 <= self.density <= 0.95:
            raise InvalidInput("layout density", got=self.density, expected="0.2 .. 0.95")
        if not 3 <= self.layers <= 6:
            raise InvalidInput("routing layers", got=self.layers, expected="3 .. 6")


def place_and_route(
    netlist_json: Path,
    pdk: Pdk,
    out: Path,
    *,
    options: QflowOptions | None = None,
    log: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> LayoutResult:
    """Place and route a netlist of an OSU library.

    Writes `layout.def`, `layout.rc` and `layout.spef` to `out`, all of them or none.

    Args:
        netlist_json: flat netlist from `hls.synth`.
        pdk: the library; only `osu018` fits graywolf and qrouter here.
        out: directory for the results.
        options: density, layers, seed.
        log: file for the programs' output (default `out/qflow.log`).
        progress: called with one line at each stage.

    Raises:
        InvalidInput: for another library or a netlist without cells.
        ToolMissing: if a program is not installed.
        StepFailed: if a program fails.
    """
    options = options or QflowOptions()
    if not pdk.name.startswith("osu"):
        raise InvalidInput(
            "layout with qflow",
            got=f"the library {pdk.name}",
            expected="osu018",
            mend="Choose --pdk osu018, or install OpenROAD for this library",
        )
    for tool in (GRAYWOLF, QROUTER):
        tool.require()
    netlist = read_netlist(netlist_json)
    if not netlist.instances:
        raise InvalidInput("layout", got=f"no cells in {netlist_json}", expected="at least one cell")
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    log = log or out / "qflow.log"
    out.mkdir(parents=True, exist_ok=True)
    with workspace(out) as work:
        seconds = {}
        progress(f"placing {len(netlist.instances)} cells (graywolf)")
        begin = time.monotonic()
        rows = _place(netlist, lef, options, work, log)
        seconds["place"] = round(time.monotonic() - begin, 2)
        begin = time.monotonic()
        plan, failed, attempt = _route_until(rows, netlist, lef, pdk, options, work, log, progress)
        seconds["route"] = round(time.monotonic() - begin, 2)
        result = _result(netlist, lef, pdk, plan, failed, work, out)
        result.seconds = seconds
        if attempt:
            result.notes.append(f"{attempt} earlier attempts at a higher density left nets unrouted")
        for name in ("layout.def", "layout.rc", "layout.spef"):
            (work / name).replace(out / name)
    return result


def _place(
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
    for i, (low, high) in enumerate(zip(layers, layers[1:], strict=False), start=1):
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


def _route_until(
    rows: list[list[tuple[float, int, str]]],
    netlist: Netlist,
    lef: Lef,
    pdk: Pdk,
    options: QflowOptions,
    work: Path,
    log: Path,
    progress: Callable[[str], None],
) -> tuple[Floorplan, list[str], int]:
    """Route with ever more white space until every net is routed; keep the best attempt."""
    best: tuple[Floorplan, list[str], int] | None = None
    for attempt in range(ATTEMPTS):
        density = options.density * 0.9**attempt
        plan = legalise(rows, netlist, lef, pdk, density)
        place_pins(plan, netlist, lef, pdk)
        progress(f"routing {plan.width:.0f} x {plan.height:.0f} um at {density:.0%} (qrouter)")
        failed = _route(plan, netlist, lef, pdk, options, work, log)
        if best is None or len(failed) < len(best[1]):
            best = (plan, failed, attempt)
            shutil.move(work / "routed.def", work / "best.def")
            shutil.move(work / "routed.rc", work / "layout.rc")
        if not failed:
            break
    assert best is not None
    return best


def _route(
    plan: Floorplan,
    netlist: Netlist,
    lef: Lef,
    pdk: Pdk,
    options: QflowOptions,
    work: Path,
    log: Path,
) -> list[str]:
    """Run qrouter; return the nets it could not route."""
    (work / "placed.def").write_text(write_def(plan, netlist, lef, pdk), encoding="utf-8")
    left, bottom, right, top = plan.core
    low = lef.layers[0]
    edge = lef.layers[1].pitch
    fence = [  # the supply comb is in the lowest layer; keep signals out of it
        (0.0, 0.0, plan.width, bottom - edge),
        (0.0, top + edge, plan.width, plan.height),
        (0.0, 0.0, left - edge, plan.height),
        (right + edge, 0.0, plan.width, plan.height),
    ]
    script = [
        "verbose 1",
        f"read_lef {{{pdk.cell_lef}}}",
        f"layers {options.layers}",
        "via stack 2",
        f"vdd {pdk.power_net}",
        f"gnd {pdk.ground_net}",
        *(f"obstruction {a:.3f} {b:.3f} {c:.3f} {d:.3f} {low.name}" for a, b, c, d in fence),
        "read_def placed.def",
        "set left [stage1]",
        "for {set i 1} {$left > 0 && $i <= 6} {incr i} {",
        "  set left [stage2 mask none effort [expr {10 * $i}]]",
        "}",
        "write_def routed.def",
        "write_delays routed.rc",
        'puts "unrouted: [failing]"',
        "quit",
    ]
    (work / "route.tcl").write_text("\n".join(script) + "\n", encoding="utf-8")
    command = [QROUTER.require(), "-nog", "-s", "route.tcl"]
    output = run(command, cwd=work, log=log, timeout=options.timeout_s)
    match = re.search(r"^unrouted: (.*)$", output, re.M)
    if match is None or not (work / "routed.def").is_file():
        raise StepFailed(
            "qrouter failed", got="no routed DEF", expected="one", mend=f"The whole log: {log}"
        )
    return match.group(1).split()


def _result(
    netlist: Netlist, lef: Lef, pdk: Pdk, plan: Floorplan, failed: list[str], work: Path, out: Path
) -> LayoutResult:
    text = (work / "best.def").read_text(encoding="utf-8")
    wires = measure(text, DBU)
    names = {f"n{net}": name for net, name in netlist.names.items()}
    caps = {names[net]: capacitance_ff(w, lef) for net, w in wires.items() if net in names}
    (work / "layout.def").write_text(
        rename(text, netlist, supplies(plan, lef, pdk)), encoding="utf-8"
    )
    (work / "layout.spef").write_text(spef(netlist, caps), encoding="utf-8")
    left, bottom, right, top = plan.core
    area = sum(lef.macros[i.cell].width * lef.macros[i.cell].height for i in netlist.instances)
    notes = [
        "no clock tree: the clock is one routed net, and timing takes it as ideal",
        "supply: a comb in the lowest metal; voltage drop is not analysed",
        "rule check: the router's own (unrouted nets); no independent design rule check",
    ]
    found = check(text, plan, netlist, lef, DBU)
    opens = [name for name in found.opens if name not in failed]
    notes.append(
        f"own check of the routed geometry: {len(found.opens)} open nets, {len(found.shorts)} shorts"
    )
    if failed:
        notes.append(f"unrouted nets: {', '.join(names.get(n, n) for n in failed[:10])}")
    return LayoutResult(
        tool=f"graywolf, qrouter {QROUTER.version()}",
        pdk=pdk.name,
        cells=len(netlist.instances),
        die_width_um=round(plan.width, 3),
        die_height_um=round(plan.height, 3),
        die_area_um2=round(plan.width * plan.height, 3),
        cell_area_um2=round(area, 3),
        utilisation_percent=round(100 * area / ((right - left) * (top - bottom)), 2),
        wire_length_um=round(sum(sum(w.length_um.values()) for w in wires.values()), 2),
        vias=sum(w.vias for w in wires.values()),
        router_violations=len(failed) + len(opens) + len(found.shorts),
        wire_caps_ff=caps,
        files={name: out / f"layout.{name}" for name in ("def", "rc", "spef")},
        parasitics="lumped wire capacitance from the routed lengths and the LEF, no wire resistance",
        notes=notes,
    )


def spef(netlist: Netlist, caps_ff: dict[str, float]) -> str:
    """Return the wire capacitances (fF) as SPEF with one lumped capacitance for each net."""

    def escape(name: str) -> str:
        return re.sub(r"([^\w\[\]])", r"\\\1", name)

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
        lines += [f"*D_NET {escape(name)} {value:.5g}", "*END", ""]
    return "\n".join(lines)
