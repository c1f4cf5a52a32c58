"""The embedded default: place with graywolf, route with qrouter (both from Debian's qflow).

The two programs are called directly; qflow's own shell scripts, which need tcsh and rewrite the
netlist, are not used. Whatever graywolf does not do well is done here: white space is spread over
the rows to a stated density, and the ports go around the die in the order of what they connect to.

Measured on 2 cores (one busy), osu018, density 0.8, 4 routing layers, all nets routed:

=======================  =====  ===========  =========  ==============
hard-wired column        cells  graywolf, s  qrouter, s  die, um
=======================  =====  ===========  =========  ==============
24 x 2,  33 synapses       384          1.3        0.6  181 x 171
24 x 3,  60 synapses       546          1.7        1.6  210 x 201
65 x 2,  91 synapses       790          3.3        1.7  250 x 251
96 x 2, 121 synapses      1068          5.3        6.1  286 x 291
=======================  =====  ===========  =========  ==============

What makes it quick: no filler cells in the placement (white space comes afterwards), stacked vias
in the router, no special nets in its DEF, and only as many repair passes as there are open nets.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from hls.errors import InvalidInput
from hls.layout.check import check
from hls.layout.floorplan import DBU, Floorplan, legalise, place_pins, supplies
from hls.layout.graywolf import GRAYWOLF, place
from hls.layout.lef import Lef, read_lef
from hls.layout.options import QflowOptions
from hls.layout.qrouter import QROUTER, route
from hls.layout.result import LayoutResult
from hls.layout.routed import capacitance_ff, measure, rename, spef
from hls.pdk import Pdk
from hls.synth.netlist import Netlist, read_netlist
from hls.synth.yosys import workspace

ATTEMPTS = 4
"""How often routing is tried; each new attempt has a tenth more white space."""


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
        pdk: the library; only `osu018` and `osu035` fit graywolf and qrouter here.
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
            expected="osu018 or osu035",
            mend="Choose --pdk osu018 or --pdk osu035, or install OpenROAD for this library",
        )
    for tool in (GRAYWOLF, QROUTER):
        tool.require()
    netlist = read_netlist(netlist_json)
    if not netlist.instances:
        raise InvalidInput(
            "layout", got=f"no cells in {netlist_json}", expected="at least one cell"
        )
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    log = log or out / "qflow.log"
    out.mkdir(parents=True, exist_ok=True)
    with workspace(out) as work:
        seconds = {}
        progress(f"placing {len(netlist.instances)} cells (graywolf)")
        begin = time.monotonic()
        rows = place(netlist, lef, options, work, log)
        seconds["place"] = round(time.monotonic() - begin, 2)
        begin = time.monotonic()
        plan, failed, attempt = _route_until(rows, netlist, lef, pdk, options, work, log, progress)
        seconds["route"] = round(time.monotonic() - begin, 2)
        result = _result(netlist, lef, pdk, plan, failed, work, out)
        result.seconds = seconds
        if attempt:
            result.notes.append(f"{attempt} attempts at a higher density left nets unrouted")
        for name in ("layout.def", "layout.rc", "layout.spef"):
            (work / name).replace(out / name)
    return result


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
        failed = route(plan, netlist, lef, pdk, options, work, log)
        if best is None or len(failed) < len(best[1]):
            best = (plan, failed, attempt)
            shutil.move(work / "routed.def", work / "best.def")
            shutil.move(work / "routed.rc", work / "layout.rc")
        if not failed:
            break
    assert best is not None
    return best


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
    (work / "layout.spef").write_text(spef(netlist, lef, caps), encoding="utf-8")
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
        f"own check of the routed shapes: {len(found.opens)} open nets, {len(found.shorts)} shorts"
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
        parasitics="wire capacitance from the routed lengths and the LEF, no wire resistance",
        notes=notes,
    )
