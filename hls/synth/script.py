"""The Yosys script of a synthesis."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from hls.pdk import Pdk
from hls.synth.liberty import Library

FULL_ADDERS = {
    "osu018": ("FAX1", "A", "B", "C", "YS", "YC"),
    "osu035": ("FAX1", "A", "B", "C", "YS", "YC"),
    "nangate45": ("FA_X1", "A", "B", "CI", "S", "CO"),
    "sky130hd": ("sky130_fd_sc_hd__fa_1", "A", "B", "CIN", "SUM", "COUT"),
}
"""Full adder of a library: cell, its three inputs, sum, carry."""
INVERTED_ADDERS = {"asap7": ("FAx1_ASAP7_75t_R", "A", "B", "CI", "SN", "CON")}
"""The same with inverted outputs. These pay in large sums only, so for area only."""
OVERSIZED = {"asap7": ("DFFHQx4*", "DFFLQx4*")}
"""Flip-flops that mapping would take for their fewer pins, larger than the least ones."""
AREA = "&get -n; &st; &dch -x; &nf -R 1000 -F 10 -p; &put"
"""ABC's script for area: many rounds of mapping, and no buffers, which place and route adds."""
GATED = 8
"""Flip-flops that must share an enable for a clock gate."""


def synthesis_script(
    sources: Sequence[Path],
    top: str,
    pdk: Pdk,
    library: Library,
    liberty: Sequence[Path],
    clock_ns: float,
    work: Path,
    adders_first: bool = False,
    scalar_nets: bool = False,
    clock_gates: bool = False,
    for_area: bool = False,
) -> str:
    """Return the Yosys script; what it writes goes to its working directory."""
    first = " -noabc" if adders_first else ""
    avoided = pdk.dont_use + (OVERSIZED.get(pdk.name, ()) if for_area else ())
    cells = [n for n in library.names if any(fnmatch.fnmatch(n, p) for p in avoided)]
    libs = " ".join(f'-liberty "{path}"' for path in liberty)
    unused = " ".join(f"-dont_use {name}" for name in cells)
    lines = [f'read_verilog -defer "{path}"' for path in sources]
    lines += [
        f"hierarchy -check -top {top}",
        "proc",
        "flatten",
        "opt_clean",
        "tee -q -o latches.txt select -list t:$dlatch t:$adlatch t:$dlatchsr %u %u %co:+[Q] w:* %i",
        "tee -q -o check.txt check",
        f"synth -flatten{first} -top {top}",
        *_adders(pdk, library, work, for_area),
        *(_clock_gates(libs) if clock_gates else []),
        f"dfflibmap {libs} {unused}",
        "setundef -zero",
        f"abc {libs} {unused} -D {clock_ns * 1000:.0f} -constr abc.constr"
        + (" -script area.abc" if for_area else ""),
        "opt_clean -purge",
        *_port_buffers(pdk, library, work),
        *_ties(pdk),
        "opt_clean -purge",
        *(["splitnets -format __"] if scalar_nets else []),
        "setattr -unset single_bit_vector w:*",  # OpenSTA would call a net `n[0]`
        "rename -enumerate",
        "setattr -unset src w:* c:*",  # where this run stands: the same netlist is the same file
        "setattr -mod -unset src *",
        "write_verilog -noattr -simple-lhs netlist.v",  # OpenSTA reads no other assignments
        "write_json netlist.json",
    ]
    (work / "abc.constr").write_text(
        f"set_driving_cell {pdk.driver}\nset_load {_typical_load(pdk, library):g} [all_outputs]\n",
        encoding="utf-8",
    )
    (work / "area.abc").write_text(AREA.replace("; ", "\n") + "\n", encoding="utf-8")
    return "\n".join(lines) + "\n"


def _clock_gates(libs: str) -> list[str]:
    """Put integrated clock gates in place of enables that many flip-flops share."""
    return [
        "dffunmap -srst-only",
        "dfflegalize -cell $_DFF_P_ x -cell $_DFFE_PP_ x",
        f"clockgate {libs} -min_net_size {GATED}",
    ]


def _typical_load(pdk: Pdk, library: Library) -> float:
    """Return the load of four buffer inputs, in fF."""
    pins = library[pdk.driver].pins.values()
    return 4 * library.cap_ff * max(pin.capacitance for pin in pins)


def _adders(pdk: Pdk, library: Library, work: Path, for_area: bool) -> list[str]:
    """Map sums to the library's full adder: smaller, and far fewer cells to place."""
    inverted = INVERTED_ADDERS.get(pdk.name) if for_area else None
    adder = inverted or FULL_ADDERS.get(pdk.name)
    if adder is None or adder[0] not in library:
        return []
    cell, a, b, c, total, carry = adder
    wires = ("total", "carry") if inverted else ("Y[i]", "X[i]")
    assigns = "    assign Y[i] = ~total;\n    assign X[i] = ~carry;\n" if inverted else ""
    declared = "    wire total, carry;\n" if inverted else ""
    (work / "adder.v").write_text(
        '(* techmap_celltype = "$fa" *)\n'
        "module map_full_adder (A, B, C, X, Y);\n"
        "  parameter WIDTH = 1;\n"
        "  input [WIDTH-1:0] A, B, C;\n"
        "  output [WIDTH-1:0] X, Y;\n"
        "  genvar i;\n"
        "  generate for (i = 0; i < WIDTH; i = i + 1) begin : bits\n"
        f"{declared}    {cell} cell (.{a}(A[i]), .{b}(B[i]), .{c}(C[i]), "
        f".{total}({wires[0]}), .{carry}({wires[1]}));\n{assigns}"
        "  end endgenerate\n"
        "endmodule\n",
        encoding="utf-8",
    )
    return ["extract_fa -fa", "techmap -map adder.v", "techmap"]


def _ties(pdk: Pdk) -> list[str]:
    if pdk.tie_high is None or pdk.tie_low is None:
        return []
    high, low = " ".join(pdk.tie_high), " ".join(pdk.tie_low)
    return [f"hilomap -singleton -hicell {high} -locell {low}"]


def _port_buffers(pdk: Pdk, library: Library, work: Path) -> list[str]:
    """Put a buffer where a port is wired straight to another one, which place and route need.

    Constants are hidden in stand-in cells meanwhile: they need no buffer.
    """
    (work / "constants.v").write_text(
        "module hide_one (output y); assign y = 1'b1; endmodule\n"
        "module hide_zero (output y); assign y = 1'b0; endmodule\n",
        encoding="utf-8",
    )
    pins = library[pdk.driver].pins
    source = next(p.name for p in pins.values() if p.direction == "input")
    sink = next(p.name for p in pins.values() if p.direction == "output")
    return [
        "hilomap -hicell hide_one y -locell hide_zero y",
        "opt_clean",
        f"insbuf -buf {pdk.driver} {source} {sink}",
        "techmap -map constants.v",
        "opt_clean",
    ]
