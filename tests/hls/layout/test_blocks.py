"""Hierarchy: a column hardened once, placed several times in a layer, routed and simulated."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from hls.ir import FrozenLayer, FrozenNetwork
from hls.layout.openroad import OPENROAD, place_and_route
from hls.layout.openroad_tcl import Block
from hls.rtl import generate
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import find_yosys, synthesise, write_models
from tests.hls.synth.conftest import library  # noqa: F401 - a fixture

COLUMNS = 3
SHARED = ("clk", "rst", "start")
BENCH = """module testbench;
  reg clk, rst, start;
  reg [6*3-1:0] x;
  wire [{bits}-1:0] a, b;
  layer routed (.clk(clk), .rst(rst), .start(start){routed});
  {rtl}
  integer step, seen;
  always #5 clk = ~clk;
  initial begin
    clk = 0; rst = 1; start = 0; x = 0; seen = 0;
    repeat (2) @(negedge clk);
    rst = 0;
    for (step = 0; step < 4000; step = step + 1) begin
      start = step % 20 == 0;
      x = step % 20 > 0 && step % 20 < 9 ? $random & $random & $random : 0;
      #1 if (step > 1 && a !== b) begin $display("differs at %0d", step); $finish; end
      if (a[0]) seen = seen + 1;
      @(negedge clk);
    end
    $display("same, done %0d", seen);
    $finish;
  end
endmodule
"""


def column():
    w = np.random.default_rng(3).integers(0, 8, (1, 2, 1, 1, 6)).astype(np.uint8)
    lines, theta = np.arange(6, dtype=np.int32)[None], np.full((1, 2), 9, np.int32)
    return FrozenNetwork("col6x2", 6, 3, (FrozenLayer(w, w > 0, theta, lines, horizon=8),))


def layer_of(ports):
    """A layer of equal columns with ports of their own but for clock, reset and start."""
    own = {n: p for n, p in ports.items() if n not in SHARED}
    declared, made = [f"  input {name};" for name in SHARED], []
    for k in range(COLUMNS):
        for name, port in own.items():
            declared.append(f"  {port['direction']} [{len(port['bits']) - 1}:0] {name}{k};")
        pins = [f".{n}({n})" for n in SHARED] + [f".{n}({n}{k})" for n in own]
        made.append(f"  col6x2 c{k} ({', '.join(pins)});")
    names = ", ".join([*SHARED, *(f"{n}{k}" for k in range(COLUMNS) for n in own)])
    return f"module layer({names});\n" + "\n".join([*declared, *made]) + "\nendmodule\n"


def bench(ports):
    outputs = {n: len(p["bits"]) for n, p in ports.items() if p["direction"] == "output"}
    routed, rtl, at = "", [], 0
    for k in range(COLUMNS):
        routed += f", .x{k}(x[{6 * k}+:6])"
        pins = f".clk(clk), .rst(rst), .start(start), .x(x[{6 * k}+:6])"
        for name, width in sorted(outputs.items(), key=lambda item: item[0] != "done"):
            routed += f", .{name}{k}(a[{at}+:{width}])"
            pins += f", .{name}(b[{at}+:{width}])"
            at += width
        rtl.append(f"rtl_col6x2 r{k} ({pins});")
    return BENCH.format(bits=at, routed=routed, rtl="\n  ".join(rtl))


@pytest.mark.skipif(not OPENROAD.find(), reason="OpenROAD is not installed")
@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog is not installed")
def test_a_layer_of_hardened_columns(library, tmp_path):  # noqa: F811
    pdk, rtl = library("nangate45"), generate(column()).text
    (tmp_path / "column.v").write_text(rtl)
    made = synthesise([tmp_path / "column.v"], "col6x2", pdk, tmp_path / "synth")
    block = place_and_route(
        made.netlist, "col6x2", pdk, tmp_path / "block", clock_ns=2.0, harden=True
    )
    assert (block.router_violations, block.slack_ns > 0, block.hold_slack_ns > 0) == (0, True, True)
    width, height = block.die_width_um, block.die_height_um
    places = tuple((f"c{k}", 20 + k * (width + 20), 20.0) for k in range(COLUMNS))
    hard = Block(
        "col6x2", block.files["lef"], block.files["lib"], tmp_path / "none.gds", width, height,
        places,
    )  # fmt: skip
    ports = json.loads(made.netlist_json.read_text())["modules"]["col6x2"]["ports"]
    (tmp_path / "layer.v").write_text(layer_of(ports))
    die = (20 + COLUMNS * (width + 20), height + 40)
    layer = place_and_route(
        tmp_path / "layer.v", "layer", pdk, tmp_path / "layer", clock_ns=2.0, blocks=[hard],
        die_um=die,
    )  # fmt: skip
    assert (layer.router_violations, layer.notes) == (0, [])
    assert layer.slack_ns > 0
    log = (tmp_path / "layer" / "4_route" / "log.txt").read_text()
    assert log.count("are connected") == 2  # the supply reaches the blocks
    (tmp_path / "testbench.v").write_text(bench(ports))
    _rename(rtl, tmp_path / "rtl.v")
    both = [read_netlist(r.files["netlist_json"]) for r in (block, layer)]
    cells = [i for n in both for i in n.instances if i.cell != "col6x2"]
    every = replace(both[0], instances=tuple(sorted(cells, key=lambda i: i.cell)))
    library_ = read_liberty(pdk.liberty)
    write_models(
        every, library_, tmp_path / "cells.v", find_yosys()[0], tmp_path, tmp_path / "log.txt"
    )
    files = ["testbench.v", "rtl.v", "cells.v", block.files["netlist"], layer.files["netlist"]]
    command = ["iverilog", "-g2005", "-s", "testbench", "-o", "t.vvp", *map(str, files)]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "t.vvp"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("same, done ")
    assert int(done.stdout.split()[-1]) > 100


def _rename(rtl, path):
    """Write the RTL with `rtl_` before the name of each module."""
    for name in re.findall(r"^module (\w+)", rtl, re.M):
        rtl = re.sub(rf"\b{name}\b", f"rtl_{name}", rtl)
    path.write_text(rtl)
