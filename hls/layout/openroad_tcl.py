"""The Tcl script for OpenROAD."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hls.layout.lef import Lef
from hls.pdk import Pdk
from hls.synth.liberty import Library


@dataclass(frozen=True)
class PowerGrid:
    """Supply rails along the rows, and stripes above them.

    Attributes:
        rails: layer and width of the rails, in um.
        stripes: layer, width and pitch of the stripes, in um.
        connect: pairs of layers joined by vias.
    """

    rails: tuple[tuple[str, float], ...]
    stripes: tuple[tuple[str, float, float], ...]
    connect: tuple[tuple[str, str], ...]


POWER_GRIDS = {
    "nangate45": PowerGrid(
        (("metal1", 0.17),),
        (("metal4", 0.48, 14.0), ("metal5", 0.48, 14.0)),
        (("metal1", "metal4"), ("metal4", "metal5")),
    ),
    "asap7": PowerGrid(
        (("M1", 0.018), ("M2", 0.018)),
        (("M5", 0.12, 5.4), ("M6", 0.288, 5.4)),
        (("M1", "M2"), ("M2", "M5"), ("M5", "M6")),
    ),
    "sky130hd": PowerGrid(
        (("met1", 0.48),),
        (("met4", 1.6, 27.2), ("met5", 1.6, 27.2)),
        (("met1", "met4"), ("met4", "met5")),
    ),
}
"""Supply grids, sized for blocks of 50 um to a few hundred um."""

_WIRE_RC = {"asap7": (7.0e-2, 1.7e-1)}
"""Resistance (kohm/um) and capacitance (fF/um) of wires before routing, where the LEF has none."""

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


def script(
    pdk: Pdk,
    lef: Lef,
    library: Library,
    liberty: Sequence[Path],
    netlist_v: Path,
    top: str,
    *,
    clock_ns: float,
    clock: str,
    density: float,
) -> str:
    """Return the whole script; it writes `layout.def`, `layout.v`, `layout.spef` and `drc.rpt`.

    What it prints with `neutnn:` in front are results, with `neutnn-note:` what was skipped.
    """
    parts = [
        _HELPERS,
        *_read(pdk, library, liberty, netlist_v, top, clock_ns, clock),
        *_floorplan(pdk, lef, library, density),
        *_supply(pdk),
        *_place(pdk, density),
        *_clock_tree(pdk),
        *_route(pdk),
        *_finish(pdk),
    ]
    return "\n".join(parts) + "\n"


def _read(
    pdk: Pdk,
    library: Library,
    liberty: Sequence[Path],
    netlist_v: Path,
    top: str,
    clock_ns: float,
    clock: str,
) -> list[str]:
    unused = [n for n in library.names if any(fnmatch.fnmatch(n, p) for p in pdk.dont_use)]
    return [
        "stage read",
        *(f"read_lef {{{path}}}" for path in dict.fromkeys((pdk.tech_lef, pdk.cell_lef))),
        *(f"read_liberty {{{path}}}" for path in liberty),
        f"read_verilog {{{netlist_v}}}",
        f"link_design {top}",
        *(f"if_possible dont_use {{set_dont_use {{{name}}}}}" for name in unused),
        f"if {{[llength [get_ports -quiet {clock}]]}} {{",
        f"  create_clock -name clock -period {clock_ns / library.time_ns:g} [get_ports {clock}]",
        "} else {",
        f"  create_clock -name clock -period {clock_ns / library.time_ns:g}",
        "}",
        "foreach port [all_inputs] {",
        f'  if {{[get_property $port full_name] ne "{clock}"}} {{',
        "    set_input_delay 0 -clock clock $port",
        "  }",
        "}",
        "set_output_delay 0 -clock clock [all_outputs]",
    ]


def _floorplan(pdk: Pdk, lef: Lef, library: Library, density: float) -> list[str]:
    common = f"-utilization {density * 100:g} -aspect_ratio 1 -core_space {4 * lef.site[1]:g}"
    lines = [
        "stage floorplan",
        f"one_of {{initialize_floorplan {common} -site {pdk.site}}} "
        f"{{initialize_floorplan {common} -sites {pdk.site}}}",
        "make_tracks",
    ]
    if pdk.tap:
        lines.append(
            f"if_possible {{well taps}} {{tapcell -distance 14 -tapcell_master {pdk.tap}}}"
        )
    for layer in lef.layers:
        if layer.name not in pdk.layers or not layer.width:
            continue
        resistance = layer.resistance / layer.width / 1000.0
        cap = (layer.area_cap * layer.width + 2 * layer.edge_cap) * 1000.0
        if not resistance or not cap:
            if pdk.name not in _WIRE_RC:
                continue
            resistance, cap = _WIRE_RC[pdk.name]
        lines.append(
            f"set_layer_rc -layer {layer.name} -resistance {resistance:.4g} "
            f"-capacitance {cap / library.cap_ff:.4g}"
        )
    return [
        *lines,
        f"one_of {{set_wire_rc -signal -layer {pdk.wire_rc_layer}}} "
        f"{{set_wire_rc -layer {pdk.wire_rc_layer}}}",
        f"if_possible {{clock wire}} {{set_wire_rc -clock -layer {pdk.wire_rc_layer}}}",
        f"set_routing_layers -signal {pdk.signal_layers[0]}-{pdk.signal_layers[1]} "
        f"-clock {pdk.signal_layers[0]}-{pdk.signal_layers[1]}",
    ]


def _supply(pdk: Pdk) -> list[str]:
    grid = POWER_GRIDS[pdk.name]
    rails = [
        f"add_pdn_stripe -grid grid -layer {layer} -width {width:g} -followpins"
        for layer, width in grid.rails
    ]
    stripes = [
        f"  add_pdn_stripe -grid grid -layer {layer} -width {width:g} -pitch {pitch:g} "
        f"-offset {pitch / 4:g}"
        for layer, width, pitch in grid.stripes
    ]
    connect = [f"  add_pdn_connect -grid grid -layers {{{a} {b}}}" for a, b in grid.connect]
    power, ground = pdk.power_net, pdk.ground_net
    wells = ((power, "^VPB$", "-power"), (ground, "^VNB$", "-ground"))
    return [
        "stage supply",
        f"add_global_connection -net {power} -inst_pattern .* -pin_pattern ^{power}$ -power",
        f"add_global_connection -net {ground} -inst_pattern .* -pin_pattern ^{ground}$ -ground",
        *(
            f"add_global_connection -net {net} -inst_pattern .* -pin_pattern {pin}"
            for net, pin, _ in (wells if pdk.name == "sky130hd" else ())
        ),
        "global_connect",
        f"set_voltage_domain -name CORE -power {power} -ground {ground}",
        "define_pdn_grid -name grid -voltage_domains CORE",
        *rails,
        *(line.strip() for line in stripes),
        *(line.strip() for line in connect),
        "if_possible {power grid} {pdngen}",
    ]


def _place(pdk: Pdk, density: float) -> list[str]:
    return [
        "stage place",
        f"one_of {{place_pins -hor_layers {pdk.horizontal_pin_layer} "
        f"-ver_layers {pdk.vertical_pin_layer}}} "
        f"{{place_pins -hor_layer {pdk.horizontal_pin_layer} "
        f"-ver_layer {pdk.vertical_pin_layer}}}",
        f"one_of {{global_placement -density {min(0.95, density + 0.12):g}}} "
        "{global_placement -density 0.95} {global_placement -skip_timing_driven}",
        "if_possible {placement estimate} {estimate_parasitics -placement}",
        "if_possible {repair of slews} {repair_design}",
        "detailed_placement",
    ]


def _clock_tree(pdk: Pdk) -> list[str]:
    buffer = pdk.clock_buffer
    return [
        "stage clock_tree",
        "if_possible {clock inverters} {repair_clock_inverters}",
        f"if_possible {{clock tree}} {{clock_tree_synthesis -root_buf {buffer} "
        f"-buf_list {buffer}; set_propagated_clock [all_clocks]}}",
        "if_possible {clock nets} {repair_clock_nets}",
        "detailed_placement",
        "if_possible {placement estimate} {estimate_parasitics -placement}",
        "if_possible {repair of setup} {repair_timing -setup}",
        "if_possible {repair of hold} {repair_timing -hold}",
        "detailed_placement",
        "check_placement",
    ]


def _route(pdk: Pdk) -> list[str]:
    return [
        "stage route",
        "if_possible {pin access} {pin_access}",
        "one_of {global_route -guide_file route.guide -congestion_iterations 50} {global_route}",
        "one_of {detailed_route -output_drc drc.rpt -output_maze maze.log -verbose 0} "
        "{detailed_route -output_drc drc.rpt -output_maze maze.log -guide route.guide}",
        "if {[llength [info commands detailed_route_num_drvs]]} {",
        '  puts "neutnn: violations [detailed_route_num_drvs]"',
        "}",
        f"if_possible filler {{filler_placement {{{' '.join(pdk.fill)}}}}}",
        "global_connect",
    ]


def _finish(pdk: Pdk) -> list[str]:
    lines = ["stage finish"]
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
    lines += [
        "report_checks -path_delay max -digits 5",
        "if {[llength [info commands worst_slack]]} {",
        '  if_possible slack {puts "neutnn: reported_slack [worst_slack -max]"}',
        "}",
        "if_possible {slack of the worst path} {",
        "  foreach path [find_timing_paths -path_delay max] {",
        '    puts "neutnn: slack [get_property $path slack]"',
        "  }",
        "}",
        "if_possible {design area} {report_design_area}",
        "if_possible power {report_power}",
        "write_def layout.def",
        "write_verilog layout.v",
        'puts "neutnn: end 1"',
    ]
    return lines
