"""The table after routing: `python benchmarks/layouts.py [--only ECG200] [--pdk asap7]`.

The networks of silicon.py (learnt once, kept in `--cache`) through RTL, synthesis for the clock of
the row, OpenROAD, and the routed netlist over 24 test samples: every spike time is compared, its
toggles give the power. `--fastest` bisects the shortest clock with positive slack. Rows go to a
folder first, so that a run that was cut off goes on. Needs OpenROAD; NEUTNN_DATA, NEUTNN_PDK.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import datamodules  # noqa: F401 - before lightning
from benchmarks.designs import SILICON, Design
from benchmarks.measured import designs
from benchmarks.silicon import joined
from hls.files import write_json, write_text
from hls.forecast.measure import nonzero
from hls.ir.stimulus import Stimulus
from hls.layout.fastest import fastest_clock
from hls.layout.flow import make_layout
from hls.layout.openroad import OPENROAD
from hls.layout.openroad_tcl import Job
from hls.layout.result import LayoutResult
from hls.pdk import find_pdk
from hls.rtl import generate
from hls.synth.yosys import synthesise

CLOCKS_NS = {"nangate45": 2.0, "asap7": 0.5, "sky130hd": 5.0}
HEAD = (
    *("design", "library", "synapses", "clock ns", "cells", "cells um2", "die um2", "full %"),
    *("wires um", "slack ns", "hold ns", "violations", "samples, mismatches", "mW"),
    *("of it clock", "pJ / inference", "with glitches"),
)


def main() -> None:
    """Lay out what the folder does not have, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/silicon"))
    parser.add_argument("--only", default="", help="designs whose names begin so")
    parser.add_argument("--pdk", nargs="+", default=list(CLOCKS_NS))
    parser.add_argument("--clock-ns", type=float, help="clock instead of 2, 0.5 and 5 ns")
    parser.add_argument("--fastest", action="store_true", help="bisect the shortest clock")
    parser.add_argument("--pruned", action="store_true", help="the pruned networks too")
    parser.add_argument("--density", type=float, default=Job.density)
    options = parser.parse_args()
    print(joined(HEAD) + "\n|---|---|" + "---:|" * (len(HEAD) - 2))
    for pdk in options.pdk:
        for name, make in SILICON.items():
            if name.startswith(options.only):
                for design in designs(name, make, options.cache)[: 2 if options.pruned else 1]:
                    row = row_of(design, pdk, options)
                    print(line(row), flush=True)


def row_of(design: Design, pdk: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return a design's figures after routing, from the cache where it can."""
    clock = options.clock_ns or CLOCKS_NS[pdk]
    kind = "fastest" if options.fastest else f"{clock:g}"
    out = options.cache / "layouts" / f"{design.network.name}_{pdk}_{kind}"
    path = out / "row.json"
    key = [design.network.hash, OPENROAD.version(), options.density]
    if path.is_file():
        row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if row["key"] == key:
            return row

    def at(clock_ns: float) -> LayoutResult:
        return laid_out(design, pdk, clock_ns, options.density, out / f"{clock_ns:g}ns")

    result = fastest_clock(at, clock) if options.fastest else at(clock)
    row = result.metrics()
    row |= {"key": key, "design": design.name, "synapses": nonzero(design.network)}
    write_json(path, row)
    return row


def laid_out(design: Design, pdk: str, clock_ns: float, density: float, out: Path) -> LayoutResult:
    """Return a design's layout at a clock."""
    library, sample = find_pdk(pdk), design.sample
    assert sample.expected is not None
    source = out / f"{design.network.name}.v"
    out.mkdir(parents=True, exist_ok=True)
    write_text(source, generate(design.network).text)
    synthesise([source], design.network.name, library, out / "synth", clock_ns=clock_ns)
    stimulus = Stimulus(sample.x, sample.proximal, sample.expected)
    return make_layout(
        out / "synth", library, out, tool="openroad", clock_ns=clock_ns, density=density,
        samples=(design.network, stimulus),
    )  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    power = row["power_uw"]
    figures = (
        f"{row['synapses']:,}",
        f"{row['clock_ns']:.3g}",
        f"{row['cells']:,}",
        f"{row['cell_area_um2']:,.0f}",
        f"{row['die_area_um2']:,.0f}",
        f"{row['utilisation_percent']:.0f}",
        f"{row['wire_length_um']:,.0f}",
        f"{row['slack_ns']:.3f}",
        f"{row['hold_slack_ns']:.3f}",
        f"{row['router_violations']}",
        f"{row['samples_compared']}, 0",
        f"{power / 1000:.3g}",
        f"{row['power_parts_uw']['clock'] / power:.0%}",
        f"{row['energy_per_inference_pj']:.3g}",
        f"{row['energy_with_glitches_pj']:.3g}",
    )
    return joined([row["design"], row["pdk"], *figures])


if __name__ == "__main__":
    main()
