"""From a netlist to a layout with its figures: place and route, GDS, picture, timing, power."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hls.errors import InvalidInput, StepFailed
from hls.files import write_json
from hls.ir.network import FrozenNetwork
from hls.ir.stimulus import Stimulus
from hls.layout import openroad, qflow
from hls.layout.delays import DELAY_MODEL
from hls.layout.gds import write_gds
from hls.layout.options import QflowOptions
from hls.layout.power import power
from hls.layout.replay import VCD_SAMPLES, replay, routed_models
from hls.layout.result import LayoutResult
from hls.layout.sta import OPENSTA, timing
from hls.pdk import Pdk
from hls.synth.liberty import Library, read_liberty
from hls.synth.netlist import Netlist, read_netlist

TOOLS = ("auto", "openroad", "qflow")


def choose_tool(tool: str, pdk_name: str) -> str:
    """Return `openroad` or `qflow`.

    `auto` takes OpenROAD if it is found and has the library, else the embedded qflow.

    Raises:
        InvalidInput: for another name.
    """
    if tool not in TOOLS:
        raise InvalidInput("layout tool", got=repr(tool), expected=", ".join(TOOLS))
    if tool != "auto":
        return tool
    if pdk_name.startswith("osu"):
        return "qflow"
    return "openroad"


def make_layout(
    netlist_dir: Path,
    pdk: Pdk,
    out: Path,
    *,
    tool: str = "auto",
    clock_ns: float | None = None,
    density: float | None = None,
    seed: int = 12345,
    activity: Path | None = None,
    inferences: int | None = None,
    samples: tuple[FrozenNetwork, Stimulus] | None = None,
    threads: int = 1,
    log: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> LayoutResult:
    """Lay out a synthesised netlist and measure it.

    Args:
        netlist_dir: directory with `netlist.v` and `netlist.json` from `hls.synth`.
        pdk: library.
        out: directory for `layout.def`, `.gds`, `.png`, `.v`, `.spef`, `.sdf` and `layout.json`.
        tool: `auto`, `openroad` or `qflow`.
        clock_ns: clock period, in ns (default: the library's).
        density: cell area over row area, 0 .. 1 (default: the tool's).
        seed: of the placement (qflow).
        activity: VCD of the netlist under real samples; power needs it, or `samples`.
        inferences: inferences in it (default: how often the port `done` rises).
        samples: network and samples; the routed netlist of OpenROAD answers them, every spike time
            is compared, and its own activity takes the place of `activity`.
        threads: threads of OpenROAD's router.
        log: file for the tools' output (default `out/log.txt`).
        progress: called with one line at each stage.

    Raises:
        InvalidInput, ToolMissing, StepFailed: see the drivers.
        Mismatch: if the routed netlist answers a sample wrongly.
    """
    out.mkdir(parents=True, exist_ok=True)
    log = log or out / "log.txt"
    clock = pdk.clock_ns if clock_ns is None else clock_ns
    if not clock > 0:
        raise InvalidInput("clock period", got=f"{clock} ns", expected="more than 0 ns")
    netlist = read_netlist(netlist_dir / "netlist.json")
    library = read_liberty(pdk.liberty)
    if choose_tool(tool, pdk.name) == "qflow":
        options = QflowOptions(seed=seed)
        if density is not None:
            options = replace(options, density=density)
        result = qflow.place_and_route(
            netlist_dir / "netlist.json", pdk, out, options=options, log=log, progress=progress
        )
        shutil.copyfile(netlist_dir / "netlist.v", out / "layout.v")
        result.files["netlist"] = out / "layout.v"
        _timing(result, netlist, library, out, clock, log, progress)
    else:
        result = openroad.place_and_route(
            netlist_dir / "netlist.v", netlist.top, pdk, out,
            clock_ns=clock, density=density, threads=threads, log=log, progress=progress,
        )  # fmt: skip
        netlist = with_logic(read_netlist(result.files["netlist_json"]), library)
        if samples is not None:
            progress("samples through the routed netlist (Icarus)")
            begin = time.monotonic()
            models = routed_models(result, pdk, out, log)
            activity = replay(result, *samples, models, out)
            count = len(samples[1].x)
            result.samples_compared, inferences = count, min(VCD_SAMPLES, count)
            result.seconds["replay"] = round(time.monotonic() - begin, 2)
    _power(result, netlist, pdk, library, activity, inferences, clock, progress)
    if samples is not None and "sdf" in result.files and result.samples_compared:
        progress("power with delays (Icarus)")
        try:
            vcd = replay(result, *samples, models, out, delays=True)
            found = power(
                netlist, pdk, library, vcd, clock_ns=clock,
                wire_caps_ff=result.wire_caps_ff or None,
                inferences=inferences, delay_model=DELAY_MODEL,
            )  # fmt: skip
            result.power_with_glitches_uw = found.power_uw
            result.energy_with_glitches_pj = found.energy_per_inference_pj
            result.glitch_method = found.method
        except StepFailed as error:
            result.notes.append(f"no power with delays: {error}")
    _draw(result, pdk, library, out, progress)
    write_json(out / "layout.json", result.metrics())
    return result


def with_logic(netlist: Netlist, library: Library) -> Netlist:
    """Return a netlist without the cells that the Liberty does not have: fillers and taps."""
    kept = tuple(i for i in netlist.instances if i.cell in library)
    return replace(netlist, instances=kept)


def _timing(
    result: LayoutResult,
    netlist: Netlist,
    library: Library,
    out: Path,
    clock_ns: float,
    log: Path,
    progress: Callable[[str], None],
) -> None:
    result.clock_ns = clock_ns
    if OPENSTA.find() is None:
        result.notes.append(f"no timing: OpenSTA is not installed ({OPENSTA.install})")
        return
    progress("timing (OpenSTA)")
    begin = time.monotonic()
    found = timing(
        out / "layout.v", netlist, library, out, clock_ns=clock_ns, spef=result.files["spef"],
        parasitics=result.parasitics, sdf=out / "layout.sdf", log=log,
    )  # fmt: skip
    result.slack_ns, result.fastest_clock_ns = found.slack_ns, found.fastest_clock_ns
    result.critical_path, result.parasitics = found.critical_path, found.parasitics
    result.files["sdf"] = out / "layout.sdf"
    result.notes += found.notes
    if found.hold_slack_ns is not None and found.hold_slack_ns < 0:
        result.notes.append(f"hold slack is {found.hold_slack_ns} ns")
    if found.slack_ns is None:
        result.notes.append("no slack: no path between the clock, the inputs and the outputs")
    result.seconds["timing"] = round(time.monotonic() - begin, 2)


def _power(
    result: LayoutResult,
    netlist: Netlist,
    pdk: Pdk,
    library: Library,
    activity: Path | None,
    inferences: int | None,
    clock_ns: float,
    progress: Callable[[str], None],
) -> None:
    if activity is None or not activity.is_file():
        result.notes.append("no power: no activity of the netlist (the verify step records it)")
        leaks = [library[i.cell].leakage for i in netlist.instances]
        if all(leak is not None for leak in leaks):
            result.leakage_uw = round(sum(v or 0.0 for v in leaks) * library.leakage_uw, 6)
        return
    progress("power")
    begin = time.monotonic()
    found = power(
        netlist, pdk, library, activity, clock_ns=clock_ns,
        wire_caps_ff=result.wire_caps_ff or None, inferences=inferences,
    )  # fmt: skip
    result.power_uw, result.leakage_uw = found.power_uw, found.leakage_uw
    result.energy_per_inference_pj = found.energy_per_inference_pj
    result.power_parts_uw = {
        "switching": found.switching_uw,
        "internal": found.internal_uw,
        "clock": found.clock_uw,
        "leakage": found.leakage_uw,
    }
    result.power_method = found.method
    result.notes += found.notes
    if found.inferences is None:
        result.notes.append("no energy per inference: the number of inferences is not known")
    result.seconds["power"] = round(time.monotonic() - begin, 2)


def _draw(
    result: LayoutResult, pdk: Pdk, library: Library, out: Path, progress: Callable[[str], None]
) -> None:
    progress("GDS and picture (klayout)")
    begin = time.monotonic()
    drawn = write_gds(result.files["def"], pdk, library, out / "layout.gds", out / "layout.png")
    result.files |= {"gds": drawn.gds, "png": drawn.png}
    if drawn.abstract:
        result.notes.append(
            f"GDS: {pdk.name} has no cell layouts here, so cells are their LEF abstracts "
            "(pins and obstructions, no transistors)"
        )
    result.seconds["draw"] = round(time.monotonic() - begin, 2)
