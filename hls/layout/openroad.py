"""OpenROAD: floorplan to routed layout, timing and extraction, for every library with its LEF.

The Tcl script asks which form of a command the installed version has (2023 onwards differ), and
guards what some builds lack, such as extraction; what was skipped comes back in the notes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from hls.errors import InvalidInput, StepFailed
from hls.layout.lef import Lef, read_lef
from hls.layout.openroad_grid import power_grid
from hls.layout.openroad_run import StageRunner
from hls.layout.openroad_tcl import STAGES, Block, Job, directory, script
from hls.layout.result import LayoutResult
from hls.layout.routed import capacitance_ff, measure
from hls.pdk import Pdk
from hls.synth.liberty import read_liberty
from hls.synth.yosys import netlist_to_json, workspace
from hls.tool import Tool

OPENROAD = Tool(
    name="OpenROAD",
    executables=("openroad",),
    variable="OPENROAD_EXE",
    purpose="placement and routing in advanced libraries",
    install="see https://openroad.readthedocs.io (no Debian package)",
    version_args=("-version",),
    version_pattern=r"(\S+)",
)


def place_and_route(
    netlist_v: Path,
    top: str,
    pdk: Pdk,
    out: Path,
    *,
    clock_ns: float,
    clock: str = "clk",
    density: float | None = None,
    threads: int = 1,
    blocks: Sequence[Block] = (),
    die_um: tuple[float, float] | None = None,
    harden: bool = False,
    log: Path | None = None,
    timeout_s: float = 7200.0,
    progress: Callable[[str], None] = lambda _: None,
) -> LayoutResult:
    """Lay out a netlist with OpenROAD, stage by stage.

    Each stage has a directory in `out` with its script, log, `metrics.json` and database; one that
    ran before with the same script on the same input is not run again. Writes `layout.def`,
    `layout.v`, `layout_netlist.json`, `layout.sdf` and, where the build can, `layout.spef`.

    Args:
        netlist_v: flat Verilog netlist of library cells (and blocks).
        top: its module.
        pdk: library.
        out: directory for the results.
        clock_ns: clock period, in ns.
        clock: clock port.
        density: cell area over core area, 0.1 .. 0.9 (default: that of `Job`).
        threads: threads of the router.
        blocks: hardened blocks in the netlist, with their places.
        die_um: width and height of the die, in um (default: from the density).
        harden: make a block of it: `layout.lef` and `layout.lib` too.
        log: file for OpenROAD's output, all stages (default `out/openroad.log`).
        timeout_s: limit for each stage, in s.
        progress: called with one line at each stage.

    Raises:
        ToolMissing: if OpenROAD is not installed.
        InvalidInput: if the density is out of range.
        Unsupported: for a library whose supply grid is not known.
        StepFailed: if OpenROAD fails, with its last lines.
    """
    density = Job.density if density is None else density
    if not 0.1 <= density <= 0.9:
        raise InvalidInput("layout density", got=density, expected="0.1 .. 0.9")
    power_grid(pdk)  # before anything is run
    exe = OPENROAD.require()
    log = log or out / "openroad.log"
    out.mkdir(parents=True, exist_ok=True)
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, *(b.lef for b in blocks), site=pdk.site)
    library = read_liberty(pdk.liberty)
    job = Job(
        netlist_v.resolve(), top, clock_ns, clock, density, threads, tuple(blocks), die_um, harden
    )
    runner = StageRunner(exe, out, log, timeout_s, progress)
    with workspace(out) as work:
        liberty = pdk.unpacked(work)
        names = {str(path): path.name for path in liberty}
        for stage in STAGES:
            text = script(stage, job, pdk, lef, library, liberty)
            runner.run(stage, text, names, [netlist_v, *(b.lef for b in blocks)])
        result = _result(runner, work, lef, pdk, job, out, library.time_ns)
    result.seconds |= runner.seconds
    return result


def _result(
    runner: StageRunner, work: Path, lef: Lef, pdk: Pdk, job: Job, out: Path, time_ns: float
) -> LayoutResult:
    found, log = runner.found, runner.log
    folder = out / directory(STAGES[-1])
    files = _files(folder, out, job.harden)
    text = files["def"].read_text(encoding="utf-8")
    units = int(_search(r"UNITS DISTANCE MICRONS (\d+)", text) or 1000)
    corners = re.search(r"DIEAREA \( (\d+) (\d+) \) \( (\d+) (\d+) \)", text)
    if corners is None:
        raise StepFailed("OpenROAD failed", got="a DEF without DIEAREA", mend=f"The log: {log}")
    x0, y0, x1, y1 = (int(v) / units for v in corners.groups())
    cells, area, core = _areas(text, lef, pdk, units)
    wires = measure(text, units, sections=("NETS",))
    netlist_to_json(
        files["netlist"], job.top, pdk, work / "layout_netlist.json", work, log,
        blocks=[block.liberty for block in job.blocks],
    )  # fmt: skip
    files["netlist_json"] = out / "layout_netlist.json"
    (work / "layout_netlist.json").replace(files["netlist_json"])
    if "spef" in files:
        caps, parasitics = spef_caps_ff(files["spef"]), "extracted by OpenROAD"
    else:
        caps = {_plain(name): capacitance_ff(w, lef) for name, w in wires.items()}
        parasitics = "timing: estimate from global routing; power: routed lengths and LEF"
    slack, hold = (_scaled(found.get(name), time_ns) for name in ("slack", "hold_slack"))
    return LayoutResult(
        tool=f"openroad {OPENROAD.version()}",
        pdk=pdk.name,
        cells=cells,
        die_width_um=round(x1 - x0, 4),
        die_height_um=round(y1 - y0, 4),
        die_area_um2=round((x1 - x0) * (y1 - y0), 4),
        cell_area_um2=round(area, 4),
        utilisation_percent=round(100 * area / core, 2) if core else 0.0,
        wire_length_um=round(sum(sum(w.length_um.values()) for w in wires.values()), 2),
        vias=sum(w.vias for w in wires.values()),
        router_violations=_violations(found, out / directory("route"), log),
        antenna_violations=_antennas(runner.output),
        wire_caps_ff=caps,
        files=files,
        slack_ns=slack,
        hold_slack_ns=hold,
        clock_ns=job.clock_ns,
        fastest_clock_ns=None if slack is None else round(job.clock_ns - slack, 5),
        critical_path=re.findall(r"[v^] (\S+/\S+ \(\S+\))", runner.output)[:200],
        parasitics=parasitics,
        notes=runner.notes,
    )


def _files(folder: Path, out: Path, harden: bool) -> dict[str, Path]:
    """Copy what the last stage wrote to `out`; return the copies."""
    names = {"def": "layout.def", "netlist": "layout.v"}
    names |= {"lef": "layout.lef", "lib": "layout.lib"} if harden else {}
    names |= {n: f"layout.{n}" for n in ("spef", "sdf") if (folder / f"layout.{n}").is_file()}
    files = {}
    for kind, name in names.items():
        files[kind] = out / name
        shutil.copyfile(folder / name, files[kind])
    return files


def _antennas(output: str) -> int | None:
    """Return the nets whose wires could harm a gate in manufacture, None where nothing is said."""
    found = re.findall(r"Found (\d+) net violations", output)
    return int(found[-1]) if found else None


def _scaled(text: str | None, unit_ns: float) -> float | None:
    number = _number(text)
    return None if number is None else round(number * unit_ns, 5)


def _violations(found: dict[str, str], work: Path, log: Path) -> int:
    """Return the detailed router's violations, from the command or from its report."""
    number = _number(found.get("violations"))
    if number is not None:
        return int(number)
    report = work / "drc.rpt"
    if not report.is_file():
        raise StepFailed(
            "OpenROAD failed", got="no report of violations", mend=f"The whole log: {log}"
        )
    return report.read_text(encoding="utf-8").count("violation type:")


def _areas(text: str, lef: Lef, pdk: Pdk, units: int) -> tuple[int, float, float]:
    """Return the number of cells and their area without filler and taps, and the rows' area."""
    fill = tuple(pattern.rstrip("*") for pattern in pdk.fill)
    placed = re.findall(r"^\s*- \S+ (\S+) \+", text.partition("COMPONENTS")[2], re.M)
    used = [m for m in placed if m in lef.macros and not m.startswith(fill) and m != pdk.tap]
    area = sum(lef.macros[m].width * lef.macros[m].height for m in used)
    core = 0.0
    for count, step in re.findall(r"^ROW .* DO (\d+) BY 1 STEP (\d+) 0", text, re.M):
        core += int(count) * int(step) / units * lef.site[1]
    return len(used), area, core


def spef_caps_ff(path: Path) -> dict[str, float]:
    """Return the total capacitance of each net in a SPEF, in fF, by plain name."""
    text = path.read_text(encoding="utf-8")
    scale, unit = (_search(r"^\*C_UNIT (.*)$", text) or "1 PF").split()
    factor = float(scale) * {"FF": 1.0, "PF": 1000.0}[unit.upper()]
    names = dict(re.findall(r"^(\*\d+) (\S+)$", text, re.M))
    nets = re.findall(r"^\*D_NET (\S+) (\S+)", text, re.M)
    return {_plain(names.get(name, name)): float(value) * factor for name, value in nets}


def _plain(name: str) -> str:
    return name.replace("\\", "")


def _search(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.M)
    return match.group(1) if match else None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
