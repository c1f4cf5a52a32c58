"""Our power beside OpenROAD's, from the same toggles: `python -m benchmarks.power_check`.

Layouts are those that `benchmarks/layouts.py` left in its cache. OpenROAD is given the rate at
which each cell's output toggled, the parasitics that it extracted, and the clock, and computes
power in its own way: it counts no nets that input ports drive, and takes the states of a cell's
pins for independent of each other, which halves what it finds for the clock pin of a flip-flop
whose Liberty tells states with both Q and QN. Needs OpenROAD; NEUTNN_PDK is a folder of libraries.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hls.errors import StepFailed
from hls.files import write_text
from hls.layout.flow import with_logic
from hls.layout.openroad import OPENROAD, spef_caps_ff
from hls.layout.power import power
from hls.layout.vcd import read_activity
from hls.pdk import Pdk, find_pdk
from hls.synth.liberty import Library, read_liberty
from hls.synth.netlist import Netlist, read_netlist
from hls.tool import run

GROUPS = ("combinational", "clock", "sequential")
HEAD = ("layout", "library", "ours uW", "OpenROAD uW", *(f"{g}: ours over it" for g in GROUPS))


def main() -> None:
    """Print a row for every layout of a library in the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/silicon"))
    parser.add_argument("--pdk", nargs="+", default=["nangate45", "asap7"])
    options = parser.parse_args()
    print("| " + " | ".join(HEAD) + " |\n|---|---|" + "---:|" * (len(HEAD) - 2), flush=True)
    for name in options.pdk:
        for path in sorted(options.cache.glob(f"layouts/*_{name}_*/*ns/layout.json")):
            if (path.parent / "routed.vcd").is_file() and (path.parent / "layout.spef").is_file():
                print(line(path.parent, find_pdk(name)), flush=True)


def line(layout: Path, pdk: Pdk) -> str:
    """Return a layout's row."""
    ours, theirs = both(layout, pdk)
    total = f"{sum(theirs.values()):,.1f}"
    cells = [layout.parent.name, pdk.name, f"{sum(ours.values()):,.1f}", total]
    return "| " + " | ".join([*cells, *(f"{ours[g] / theirs[g]:.2f}" for g in GROUPS)]) + " |"


def both(layout: Path, pdk: Pdk) -> tuple[dict[str, float], dict[str, float]]:
    """Return our power and OpenROAD's, in uW, of each group of cells."""
    clock_ns = json.loads((layout / "layout.json").read_text(encoding="utf-8"))["clock_ns"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        liberties = pdk.unpacked(work)
        library = read_liberty(liberties)
        netlist = with_logic(read_netlist(layout / "layout_netlist.json"), library)
        ours = power(
            netlist, pdk, library, layout / "routed.vcd", clock_ns=clock_ns,
            wire_caps_ff=spef_caps_ff(layout / "layout.spef"),
        )  # fmt: skip
        script = [
            *(f"read_liberty {{{path}}}" for path in liberties),
            f"read_db {{{(layout / '5_finish' / 'layout.odb').resolve()}}}",
            "set unit [expr {[sta::unit_scale time] * 1e9}]",
            f"create_clock -name clk -period [expr {{{clock_ns} / $unit}}] [get_ports clk]",
            "set_propagated_clock [all_clocks]",
            f"read_spef {{{(layout / 'layout.spef').resolve()}}}",
            *rates(netlist, library, layout / "routed.vcd"),
            "report_power -digits 9",
        ]
        write_text(work / "power.tcl", "\n".join(script) + "\n")
        words = [OPENROAD.require(), "-no_splash", "-exit", "power.tcl"]
        said = run(words, cwd=work, log=work / "log.txt")
    found = {
        name.lower(): float(total) * 1e6
        for name, total in re.findall(r"^(\w+)(?: +[\d.e+-]+){3} +([\d.e+-]+)", said, re.M)
    }
    if not {*GROUPS} <= {*found}:
        raise StepFailed(f"power of {layout}", got=said[-400:], expected=f"rows {GROUPS}")
    return ours.groups_uw, {name: found[name] for name in GROUPS}


def rates(netlist: Netlist, library: Library, vcd: Path) -> Iterator[str]:
    """Yield commands that tell how often ports and cells' outputs toggled in a clock cycle."""
    activity = read_activity(vcd, {port.name for port in netlist.ports})
    nets = {net: activity.toggles.get(key, 0) for key, net in netlist.aliases.items()}
    for key, net in netlist.aliases.items():
        nets[net] = max(nets[net], activity.toggles.get(key, 0))
    cycles = activity.rises["clk", 0]
    for port in netlist.ports:
        if port.direction == "input" and port.name != "clk":
            for name, net in port.bits():
                rate = nets.get(net, 0) / cycles
                yield (
                    f"set_power_activity -input_ports [get_ports {escaped(name)}] "
                    f"-activity {rate:.6f} -duty 0.5"
                )
    for instance in netlist.instances:
        pins = library[instance.cell].pins
        for pin, net in instance.pins.items():
            if pin in pins and pins[pin].direction == "output" and net in nets:
                yield (
                    f"set_power_activity -pins [get_pins {escaped(f'{instance.name}/{pin}')}] "
                    f"-activity {nets[net] / cycles:.6f} -duty 0.5"
                )


def escaped(name: str) -> str:
    """Return a name as Tcl takes it for itself, no pattern."""
    return "{" + re.sub(r"([\[\]\\])", r"\\\1", name) + "}"


if __name__ == "__main__":
    main()
