"""The Tcl scripts for OpenROAD, one for each stage of a layout."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hls.layout.lef import Lef
from hls.layout.openroad_grid import DIODES, supply, tracks, wires
from hls.pdk import Pdk
from hls.synth.liberty import Library

STAGES = ("floorplan", "place", "clock_tree", "route", "finish")
"""Stages in order; each runs in a directory of its own and leaves `layout.odb`."""

_HELPERS = """\
proc note {text} { puts "neutnn-note: $text" }
proc stage {name} { puts "neutnn-stage: $name" }
# Commands have changed over the years: run the first form that this version takes.
proc one_of {args} {
  set said {}
  foreach form $args {
    if {![catch {uplevel #0 $form} message]} { return }
    lappend said "$form -> $message"
  }
  error "no form of the command works:\\n[join $said \\n]"
}
proc if_possible {what form} {
  if {[catch {uplevel #0 $form} message]} { note "$what: skipped ($message)" }
}
"""

_AT_THE_REGISTERS = """\
# What drives the inputs and takes the outputs hangs on the same clock tree: its mean delay counts.
proc ports_at_the_registers {} {
  set sum 0.0
  set count 0
  foreach pin [all_registers -clock_pins] {
    if {[catch {get_property $pin arrival_max_rise} arrival]} { break }
    if {![string is double -strict $arrival]} { continue }
    set sum [expr {$sum + $arrival}]
    incr count
  }
  if {!$count} { note "delay of the clock tree: not known, ports are timed at its root"; return }
  set mean [expr {$sum / $count}]
  puts "neutnn: clock_delay $mean"
  foreach port [all_inputs] {
    if {[lsearch -exact $::clocks [get_property $port full_name]] < 0} {
      set_input_delay $mean -clock clock $port
    }
  }
  set_output_delay [expr {-$mean}] -clock clock [all_outputs]
}
"""

_DETAILED_ROUTE = (
    "one_of {detailed_route -output_drc drc.rpt -output_maze maze.log -verbose 1} "
    "{detailed_route -output_drc drc.rpt -output_maze maze.log -guide route.guide}"
)

_ANTENNAS = """\
# Wires end elsewhere than was planned: diodes are put in once more, and their nets routed again.
if_possible {{antenna check}} {{
  for {{set pass 0}} {{$pass < 3}} {{incr pass}} {{
    set antennas [check_antennas]
    if {{![string is integer -strict $antennas] || !$antennas}} {{ break }}
    repair_antennas {diode}
    {route}
  }}
  check_antennas
}}"""

_REPORT = """\
proc worst {kind name} {
  set worst {}
  foreach path [find_timing_paths -path_delay $kind] {
    set slack [get_property $path slack]
    if {$worst eq {} || $slack < $worst} { set worst $slack }
  }
  if {$worst ne {}} { puts "neutnn: $name $worst" }
}
"""


@dataclass(frozen=True)
class Block:
    """A hardened block placed in a larger design.

    Attributes:
        name: its module.
        lef: abstract.
        liberty: timing model.
        gds: layout.
        width_um: width, in um.
        height_um: height, in um.
        places: instance name, left and bottom, in um, of each.
    """

    name: str
    lef: Path
    liberty: Path
    gds: Path
    width_um: float
    height_um: float
    places: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Job:
    """A design to lay out.

    Attributes:
        netlist_v: Verilog netlist of library cells.
        top: its module.
        clock_ns: clock period, in ns.
        clock: clock port.
        density: cell area over core area.
        threads: threads of the router.
        blocks: hardened blocks in the netlist.
        die_um: width and height of the die, in um; None: from the density.
        harden: leave abstract, timing model, and a supply that ends below the top stripes.
    """

    netlist_v: Path
    top: str
    clock_ns: float
    clock: str = "clk"
    density: float = 0.6
    threads: int = 1
    blocks: Sequence[Block] = field(default=())
    die_um: tuple[float, float] | None = None
    harden: bool = False


def script(
    stage: str, job: Job, pdk: Pdk, lef: Lef, library: Library, liberty: Sequence[Path]
) -> str:
    """Return the script of a stage; it takes up `layout.odb` of the stage before from `..`.

    What it prints with `neutnn:` in front are results, with `neutnn-note:` what was skipped. The
    last stage writes `layout.def`, `layout.v`, `layout.sdf` and `layout.spef`.

    Args:
        stage: one of `STAGES`.
        job: what to lay out.
        pdk: library.
        lef: its LEF, read.
        library: its Liberty, read.
        liberty: its Liberty files, not packed.
    """
    build = {
        "floorplan": _floorplan, "place": _place, "clock_tree": _clock_tree, "route": _route,
        "finish": _finish,
    }[stage]  # fmt: skip
    parts = [
        _HELPERS,
        f"stage {stage}",
        *_open(stage, job, pdk, library, liberty),
        *_constraints(stage, job, pdk, library),
        *(wires(pdk, lef, library.cap_ff, job.harden) if stage != STAGES[0] else ()),
        *build(job, pdk, lef),
        "write_db layout.odb",
        'puts "neutnn: end 1"',
    ]
    return "\n".join(parts) + "\n"


def _open(stage: str, job: Job, pdk: Pdk, library: Library, liberty: Sequence[Path]) -> list[str]:
    libraries = [*liberty, *(block.liberty for block in job.blocks)]
    reads = [f"read_liberty {{{path}}}" for path in libraries]
    if stage != STAGES[0]:
        return [*reads, f"read_db ../{directory(STAGES[STAGES.index(stage) - 1])}/layout.odb"]
    lefs = dict.fromkeys((pdk.tech_lef, pdk.cell_lef, *(block.lef for block in job.blocks)))
    return [
        *(f"read_lef {{{path}}}" for path in lefs),
        *reads,
        f"read_verilog {{{job.netlist_v}}}",
        f"link_design {job.top}",
    ]


def directory(stage: str) -> str:
    """Return the name of a stage's directory."""
    return f"{STAGES.index(stage) + 1}_{stage}"


def _constraints(stage: str, job: Job, pdk: Pdk, library: Library) -> list[str]:
    unused = [n for n in library.names if any(fnmatch.fnmatch(n, p) for p in pdk.dont_use)]
    period = job.clock_ns / library.time_ns
    built = STAGES.index(stage) > STAGES.index("clock_tree")
    return [
        *(f"if_possible dont_use {{set_dont_use {{{name}}}}}" for name in unused),
        f"set clocks {{{job.clock}}}",
        f"if {{[llength [get_ports -quiet {job.clock}]]}} {{",
        f"  create_clock -name clock -period {period:g} [get_ports {job.clock}]",
        "} else {",
        f"  create_clock -name clock -period {period:g}",
        "}",
        "foreach port [all_inputs] {",
        "  if {[lsearch -exact $clocks [get_property $port full_name]] < 0} {",
        "    set_input_delay 0 -clock clock $port",
        "    # Hold of the inputs is up to what drives them.",
        "    set_false_path -hold -from $port",
        "  }",
        "}",
        "set_output_delay 0 -clock clock [all_outputs]",
        *(["set_propagated_clock [all_clocks]"] if built else []),
    ]


def _floorplan(job: Job, pdk: Pdk, lef: Lef) -> list[str]:
    margin = 2 * lef.site[1]
    size = f"-utilization {job.density * 100:g} -aspect_ratio 1 -core_space {margin:g}"
    if job.die_um is not None:
        width, height = job.die_um
        core = f"{margin:g} {margin:g} {width - margin:g} {height - margin:g}"
        size = f"-die_area {{0 0 {width:g} {height:g}}} -core_area {{{core}}}"
    lines = [
        f"one_of {{initialize_floorplan {size} -site {pdk.site}}} "
        f"{{initialize_floorplan {size} -sites {pdk.site}}}",
        *tracks(pdk, lef),
        *wires(pdk, lef, pdk.cap_unit_ff, job.harden),
    ]
    for block in job.blocks:
        for name, left, bottom in block.places:
            lines += [
                f"set instance [[ord::get_db_block] findInst {{{name}}}]",
                '$instance setOrient "R0"',
                f"$instance setLocation [ord::microns_to_dbu {left:g}] "
                f"[ord::microns_to_dbu {bottom:g}]",
                '$instance setPlacementStatus "FIRM"',
            ]
    if job.blocks:
        halo = f"-halo_width_x {margin:g} -halo_width_y {margin:g}"
        lines.append(f"if_possible {{rows around blocks}} {{cut_rows {halo}}}")
    if pdk.tap:
        taps = f"tapcell -distance 14 -tapcell_master {pdk.tap}"
        lines.append(f"if_possible {{well taps}} {{{taps}}}")
    lines += supply(pdk, macros=bool(job.blocks), hardened=job.harden)
    pins = (pdk.horizontal_pin_layer, pdk.vertical_pin_layer)
    return [
        *lines,
        f"one_of {{place_pins -hor_layers {pins[0]} -ver_layers {pins[1]}}} "
        f"{{place_pins -hor_layer {pins[0]} -ver_layer {pins[1]}}}",
    ]


def _place(job: Job, pdk: Pdk, _: Lef) -> list[str]:
    dense = f"-density {min(0.95, job.density + 0.12):g}"
    return [
        f"one_of {{global_placement -timing_driven {dense}}} {{global_placement {dense}}} "
        "{global_placement -density 0.95} {global_placement -skip_timing_driven}",
        "if_possible {placement estimate} {estimate_parasitics -placement}",
        "if_possible {repair of slews} {repair_design}",
        "detailed_placement",
    ]


def _clock_tree(job: Job, pdk: Pdk, _: Lef) -> list[str]:
    buffer = pdk.clock_buffer
    return [
        _AT_THE_REGISTERS,
        "if_possible {clock inverters} {repair_clock_inverters}",
        f"if_possible {{clock tree}} {{clock_tree_synthesis -root_buf {buffer} "
        f"-buf_list {buffer}; set_propagated_clock [all_clocks]}}",
        "if_possible {clock nets} {repair_clock_nets}",
        "detailed_placement",
        "if_possible {placement estimate} {estimate_parasitics -placement}",
        "if_possible {clock of the ports} ports_at_the_registers",
        "if_possible {repair of setup} {repair_timing -setup}",
        "if_possible {repair of hold} {repair_timing -hold}",
        "detailed_placement",
        "check_placement",
    ]


def _route(job: Job, pdk: Pdk, _: Lef) -> list[str]:
    lines = [
        f"catch {{set_thread_count {job.threads}}}",
        "if_possible {pin access} {pin_access}",
        "one_of {global_route -guide_file route.guide -congestion_iterations 50} {global_route}",
    ]
    if pdk.name in DIODES:
        lines.append(f"if_possible {{antennas}} {{repair_antennas {DIODES[pdk.name]}}}")
    return [
        *lines,
        _DETAILED_ROUTE,
        *([_repair_antennas(DIODES[pdk.name])] if pdk.name in DIODES else []),
        "if {[llength [info commands detailed_route_num_drvs]]} {",
        '  puts "neutnn: violations [detailed_route_num_drvs]"',
        "}",
        f"if_possible filler {{filler_placement {{{' '.join(pdk.fill)}}}}}",
        "global_connect",
        f"if_possible {{supply of every cell}} {{check_power_grid -net {pdk.power_net}}}",
        f"if_possible {{ground of every cell}} {{check_power_grid -net {pdk.ground_net}}}",
    ]


def _repair_antennas(diode: str) -> str:
    return _ANTENNAS.format(diode=diode, route=_DETAILED_ROUTE)


def _finish(job: Job, pdk: Pdk, lef: Lef) -> list[str]:
    lines = [_AT_THE_REGISTERS, _REPORT]
    if pdk.rcx_rules is not None:
        lines += [
            "if_possible extraction {",
            "  catch {define_process_corner -ext_model_index 0 X}",
            f"  extract_parasitics -ext_model_file {{{pdk.rcx_rules}}}",
            "  write_spef layout.spef",
            "  read_spef layout.spef",
            "}",
        ]
    else:
        lines += [
            "if_possible {estimate after routing} {estimate_parasitics -global_routing}",
            f'note "no extraction: {pdk.name} has no rules for it here"',
        ]
    bare = " ".join(_no_logic(pdk, lef))
    return [
        *lines,
        "if_possible {clock of the ports} ports_at_the_registers",
        "report_checks -path_delay max -digits 5",
        "if_possible {skew of the clock} {report_clock_skew}",
        "if_possible slack {worst max slack}",
        "if_possible {slack of hold} {worst min hold_slack}",
        "if_possible {design area} {report_design_area}",
        "if_possible {delays for simulation} {write_sdf layout.sdf}",
        "write_def layout.def",
        f"one_of {{write_verilog -remove_cells {{{bare}}} layout.v}} {{write_verilog layout.v}}",
        *(_abstract(job) if job.harden else ()),
    ]


def _no_logic(pdk: Pdk, lef: Lef) -> list[str]:
    """Return fillers and taps of the library: cells that no simulation needs."""
    patterns = (*pdk.fill, *((pdk.tap,) if pdk.tap else ()))
    return [n for n in lef.macros if any(fnmatch.fnmatchcase(n, p) for p in patterns)]


def _abstract(job: Job) -> list[str]:
    return [
        "one_of {write_abstract_lef -bloat_occupied_layers layout.lef} "
        "{write_abstract_lef layout.lef}",
        f"one_of {{write_timing_model -library_name {job.top} layout.lib}} "
        "{write_timing_model layout.lib}",
    ]
