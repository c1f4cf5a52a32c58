"""What OpenROAD must be told of each library beyond its LEF: tracks, supply grid, wires, diodes."""

from __future__ import annotations

from dataclasses import dataclass

from hls.errors import Unsupported
from hls.layout.lef import Lef
from hls.pdk import Pdk


@dataclass(frozen=True)
class PowerGrid:
    """Supply rails along the rows, and stripes above them.

    Attributes:
        rails: layer and width of the rails, in um.
        stripes: layer, width and pitch of the stripes, in um; the lower layer runs over macros.
        connect: pairs of layers joined by vias.
    """

    rails: tuple[tuple[str, float], ...]
    stripes: tuple[tuple[str, float, float], ...]
    connect: tuple[tuple[str, str], ...]


POWER_GRIDS = {
    "nangate45": PowerGrid(
        (("metal1", 0.17),),
        (("metal4", 0.48, 14.0), ("metal7", 1.4, 20.0)),
        (("metal1", "metal4"), ("metal4", "metal7")),
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
"""Supply grids, sized for blocks of 20 um (asap7), 40 um or more."""

DIODES = {"sky130hd": "sky130_fd_sc_hd__diode_2"}
"""Cells that take the charge of long wires in manufacture; the others have no antenna rules."""

_WIRE_RC = {"asap7": (7.0e-2, 1.7e-1)}
"""Resistance (kohm/um) and capacitance (fF/um) of wires before routing, where the LEF has none."""

_TRACKS_OF_ROW = {"asap7": {"M2": (0.0, 0.045, 0.081, 0.117, 0.153, 0.189, 0.225)}}
"""Tracks within the height of a row, in um, where their pitch is not even (the rails are wide)."""


def power_grid(pdk: Pdk) -> PowerGrid:
    """Return a library's supply grid.

    Raises:
        Unsupported: if it is not known.
    """
    if pdk.name not in POWER_GRIDS:
        raise Unsupported(
            "layout with OpenROAD",
            got=f"{pdk.name}, whose supply grid is not known",
            expected=", ".join(POWER_GRIDS),
            mend="Lay it out with qflow, or add its grid to POWER_GRIDS "
            "(hls/layout/openroad_grid.py)",
        )
    return POWER_GRIDS[pdk.name]


def tracks(pdk: Pdk, lef: Lef) -> list[str]:
    """Return the commands that lay the routing tracks."""
    uneven = _TRACKS_OF_ROW.get(pdk.name, {})
    if not uneven:
        return ["make_tracks"]
    lines = []
    for layer in lef.layers:
        if layer.name not in uneven:
            lines.append(f"make_tracks {layer.name}")
            continue
        lines += [
            f"make_tracks {layer.name} -x_offset 0 -x_pitch 0.036 "
            f"-y_offset {offset:g} -y_pitch {lef.site[1]:g}"
            for offset in uneven[layer.name]
        ]
    return lines


def wires(pdk: Pdk, lef: Lef, cap_unit_ff: float, hardened: bool = False) -> list[str]:
    """Return the commands for wires: their layers, and what they load before they are routed.

    Args:
        pdk: library.
        lef: its LEF, read.
        cap_unit_ff: capacitance unit of the Liberty, in fF.
        hardened: whether the design is a block: it leaves the upper layers to what is around it.
    """
    lines = []
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
            f"-capacitance {cap / cap_unit_ff:.4g}"
        )
    first, last = pdk.signal_layers
    last = power_grid(pdk).stripes[0][0] if hardened else last
    return [
        *lines,
        f"one_of {{set_wire_rc -signal -layer {pdk.wire_rc_layer}}} "
        f"{{set_wire_rc -layer {pdk.wire_rc_layer}}}",
        f"if_possible {{clock wire}} {{set_wire_rc -clock -layer {pdk.wire_rc_layer}}}",
        f"set_routing_layers -signal {first}-{last} -clock {first}-{last}",
    ]


def supply(pdk: Pdk, macros: bool = False, hardened: bool = False) -> list[str]:
    """Return the commands that connect the supply and draw its grid.

    Args:
        pdk: library.
        macros: whether there are hardened blocks with stripes of their own to connect.
        hardened: whether the design is such a block: only the lower stripes, which become pins.
    """
    grid = power_grid(pdk)
    power, ground = pdk.power_net, pdk.ground_net
    wells = ((power, "^VPB$"), (ground, "^VNB$")) if pdk.name == "sky130hd" else ()
    (low, low_width, low_pitch), (high, high_width, high_pitch) = grid.stripes
    pins = f" -pins {{{low if hardened else high}}}"
    stripe = "add_pdn_stripe -grid grid -layer {} -width {:g} -pitch {:g} -offset {:g}"
    lines = [
        f"add_global_connection -net {power} -inst_pattern .* -pin_pattern ^{power}$ -power",
        f"add_global_connection -net {ground} -inst_pattern .* -pin_pattern ^{ground}$ -ground",
        *(
            f"add_global_connection -net {net} -inst_pattern .* -pin_pattern {pin}"
            for net, pin in wells
        ),
        "global_connect",
        f"set_voltage_domain -name CORE -power {power} -ground {ground}",
        f"define_pdn_grid -name grid -voltage_domains CORE{pins}",
        *(
            f"add_pdn_stripe -grid grid -layer {layer} -width {width:g} -followpins"
            for layer, width in grid.rails
        ),
        stripe.format(low, low_width, low_pitch, low_pitch / 4),
        *([] if hardened else [stripe.format(high, high_width, high_pitch, high_pitch / 4)]),
        *(
            f"add_pdn_connect -grid grid -layers {{{a} {b}}}"
            for a, b in grid.connect
            if not (hardened and b == high)
        ),
    ]
    if macros:
        lines += [
            "define_pdn_grid -name blocks -macro -default -halo {0 0 0 0} -grid_over_boundary",
            f"add_pdn_connect -grid blocks -layers {{{low} {high}}}",
        ]
    return [*lines, "pdngen"]
