"""qrouter: detailed routing by a maze search, with rip-up and re-route."""

from __future__ import annotations

import re
from pathlib import Path

from hls.errors import StepFailed
from hls.layout.floorplan import Floorplan, write_def
from hls.layout.lef import Lef
from hls.layout.options import QflowOptions
from hls.pdk import Pdk
from hls.synth.netlist import Netlist
from hls.tool import Tool, run

QROUTER = Tool(
    name="qrouter",
    executables=("qrouter",),
    variable="QROUTER_EXE",
    purpose="routing of the embedded layout flow",
    install="sudo apt install qrouter",
    version_args=("-h",),
    version_pattern=r"version (\d+\.\d+\.\d+)",
)


def route(
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
    command: list[str | Path] = [QROUTER.require(), "-nog", "-s", "route.tcl"]
    output = run(command, cwd=work, log=log, timeout=options.timeout_s)
    match = re.search(r"^unrouted: (.*)$", output, re.M)
    if match is None or not (work / "routed.def").is_file():
        raise StepFailed(
            "qrouter failed", got="no routed DEF", expected="one", mend=f"The whole log: {log}"
        )
    return match.group(1).split()
