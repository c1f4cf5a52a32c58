"""Static timing with OpenSTA, from 2.0.17 (Debian's) onwards."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from hls.errors import StepFailed
from hls.synth.liberty import Library
from hls.synth.netlist import Netlist
from hls.synth.yosys import workspace
from hls.tool import Tool, run

OPENSTA = Tool(
    name="OpenSTA",
    executables=("sta", "opensta"),
    variable="OPENSTA_EXE",
    purpose="timing of the netlist and the layout",
    install="sudo apt install opensta",
    version_args=("-version",),
    version_pattern=r"(\d+\.\d+\.\d+)",
)


SLACK = re.compile(r"(-?\d+\.\d+)\s+slack \(")
"""A path's slack; OpenSTA shows the worst path of each group (registers, asynchronous resets)."""


@dataclass(frozen=True)
class Timing:
    """Setup and hold of a netlist with ideal clock and inputs that come at the clock edge.

    Attributes:
        clock_ns: clock period, in ns.
        slack_ns: worst setup slack, None if there is no path.
        hold_slack_ns: worst hold slack, None if there is no path.
        fastest_clock_ns: `clock_ns - slack_ns`, in ns.
        critical_path: start, gates (`instance (cell)`) and end of the path with the worst slack.
        parasitics: the wire loads.
        sdf: file with the delays, None if not asked for.
        notes: what the reader should know.
    """

    clock_ns: float
    slack_ns: float | None
    hold_slack_ns: float | None
    fastest_clock_ns: float | None
    critical_path: list[str]
    parasitics: str
    sdf: Path | None = None
    notes: list[str] = field(default_factory=list)


def timing(
    netlist_v: Path,
    netlist: Netlist,
    library: Library,
    out: Path,
    *,
    clock_ns: float,
    clock: str = "clk",
    spef: Path | None = None,
    parasitics: str | None = None,
    sdf: Path | None = None,
    log: Path | None = None,
) -> Timing:
    """Compute the timing of a netlist.

    Args:
        netlist_v: Verilog netlist.
        netlist: the same, read.
        library: the library's Liberty; only the cells in use are given to OpenSTA.
        out: directory for scratch files and the log.
        clock_ns: clock period, in ns.
        clock: clock port; a design without it is timed from input to output.
        spef: wire capacitances; without it wires have none.
        parasitics: what the SPEF holds, for people.
        sdf: file to write the delays to.
        log: file for OpenSTA's output (default `out/sta.log`).

    Raises:
        ToolMissing: if OpenSTA is not installed.
        StepFailed: if it reports an error (it exits with 0 even then).
    """
    exe = OPENSTA.require()
    log = log or out / "sta.log"
    with workspace(out) as work:
        script = _script(netlist_v, netlist, library, work, clock_ns, clock, spef, sdf is not None)
        (work / "sta.tcl").write_text(script, encoding="utf-8")
        output = run([exe, "-no_splash", "-exit", "sta.tcl"], cwd=work, log=log)
        errors = re.findall(r"^Error:.*$", output, re.M)
        if errors or "neutnn: end" not in output:
            raise StepFailed(
                "OpenSTA failed",
                got=errors[0] if errors else "an early end",
                expected="no error",
                mend=f"The whole log: {log}",
            )
        if sdf is not None:
            text = (work / "delays.sdf").read_text(encoding="utf-8")
            (work / "dated.sdf").write_text(re.sub(r"\(DATE .*?\)", '(DATE "-")', text))
            (work / "dated.sdf").replace(sdf)
    notes = [f"OpenSTA: {len(lost)} nets of the SPEF unknown"] if (lost := _unknown(output)) else []
    setup, hold = (_slack(_part(output, kind), library.time_ns) for kind in ("setup", "hold"))
    return Timing(
        clock_ns=clock_ns,
        slack_ns=setup,
        hold_slack_ns=hold,
        fastest_clock_ns=None if setup is None else round(clock_ns - setup, 4),
        critical_path=_path(_part(output, "setup")),
        parasitics=(parasitics or "from SPEF") if spef else "none (wires have no capacitance)",
        sdf=sdf,
        notes=notes,
    )


def _script(
    netlist_v: Path,
    netlist: Netlist,
    library: Library,
    work: Path,
    clock_ns: float,
    clock: str,
    spef: Path | None,
    sdf: bool,
) -> str:
    lines = []
    for i, text in enumerate(library.subset(netlist.counts)):
        (work / f"used{i}.lib").write_text(text, encoding="utf-8")
        lines.append(f"read_liberty used{i}.lib")
    period = clock_ns / library.time_ns
    has_clock = any(port.name == clock for port in netlist.ports)
    target = f" [get_ports {{{clock}}}]" if has_clock else ""
    inputs = [n for port in netlist.ports if port.direction == "input" for n, _ in port.bits()]
    lines += [
        f"read_verilog {{{netlist_v.resolve()}}}",
        f"link_design {netlist.top}",
        f"create_clock -name clock -period {period:g}{target}",
        *(f"set_input_delay 0 -clock clock [get_ports {{{n}}}]" for n in inputs if n != clock),
        "set_output_delay 0 -clock clock [all_outputs]",
        *([f"read_spef {{{spef.resolve()}}}"] if spef else []),
        'puts "neutnn: setup"',
        "report_checks -path_delay max -digits 5",
        'puts "neutnn: hold"',
        "report_checks -path_delay min -digits 5",
        *(["write_sdf delays.sdf"] if sdf else []),
        'puts "neutnn: end"',
    ]
    return "\n".join(lines) + "\n"


def _part(output: str, kind: str) -> str:
    return output.split(f"neutnn: {kind}\n", 1)[1].split("neutnn: ", 1)[0]


def _slack(text: str, unit_ns: float) -> float | None:
    found = [float(number) for number in SLACK.findall(text)]
    return round(min(found) * unit_ns, 5) if found else None


def _path(text: str) -> list[str]:
    paths = re.split(r"^(?=Startpoint: )", text, flags=re.M)[1:]
    text = min(paths, key=lambda path: float(SLACK.findall(path)[0])) if paths else ""
    names = re.findall(r"^(?:Startpoint|Endpoint): (\S+)", text, re.M)
    gates = re.findall(r"[v^] (\S+)/\S+ \((\S+)\)\s*$", text, re.M)
    middle = [f"{name} ({cell})" for name, cell in gates]
    seen = list(dict.fromkeys(middle))
    return [*names[:1], *seen, *names[1:2]]


def _unknown(output: str) -> list[str]:
    return re.findall(r"net (\S+) not found", output)
