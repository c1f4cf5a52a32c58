"""Synthesis: the netlist computes what the RTL computes, and bad RTL is refused by name."""

from __future__ import annotations

import json
import shutil

import pytest

from hls.errors import InvalidInput, StepFailed, ToolMissing
from hls.pdk import PDKS
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import find_yosys, synthesise
from tests.hls.synth.column import bench, simulate

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")


@needs_icarus
@pytest.mark.parametrize("name", sorted(PDKS))
def test_netlist_equals_rtl(small, name, tmp_path):
    result, source = small(name)
    text = bench("col8x2", 8, 2, 30)
    rtl = simulate(text, [source], tmp_path / "rtl")
    gates = simulate(text, [result.netlist, result.models], tmp_path / "gates")
    assert len(rtl) == 30
    assert len(set(rtl)) > 3
    assert not any("x" in line for line in gates)
    assert gates == rtl


@pytest.mark.parametrize("name", sorted(PDKS))
def test_figures_are_those_of_the_netlist(small, library, name):
    result, _ = small(name)
    netlist = read_netlist(result.netlist_json)
    cells = read_liberty(library(name).liberty)
    assert result.cells == len(netlist.instances) == sum(result.counts.values())
    assert result.flip_flops == sum(cells[i.cell].sequential == "ff" for i in netlist.instances)
    area = sum(cells[i.cell].area for i in netlist.instances)
    assert result.area_um2 == pytest.approx(area, abs=1e-3)
    stat = json.loads(result.stat.read_text())
    assert (stat["cells"], stat["flip_flops"], stat["pdk"]) == (
        result.cells,
        result.flip_flops,
        name,
    )


def test_ports_are_kept_as_vectors(small):
    result, _ = small("osu018")
    assert "input [7:0] x;" in result.netlist.read_text()
    ports = {port.name: port for port in read_netlist(result.netlist_json).ports}
    assert ports["x"].bits()[3][0] == "x[3]"
    assert ports["clk"].bits()[0][0] == "clk"


@needs_icarus
def test_adders_first_computes_the_same(small, library, tmp_path):
    result, source = small("osu018")
    first = synthesise([source], "col8x2", library("osu018"), tmp_path, adders_first=True)
    assert first.counts != result.counts
    assert first.counts["FAX1"] >= result.counts.get("FAX1", 0)
    text = bench("col8x2", 8, 2, 30)
    gates = simulate(text, [first.netlist, first.models], tmp_path / "gates")
    assert gates == simulate(text, [source], tmp_path / "rtl")


@needs_icarus
@pytest.mark.parametrize("name", ["osu018", "nangate45", "asap7"])
def test_mapping_for_area_computes_the_same_in_less(small, library, name, tmp_path):
    result, source = small(name)
    least = synthesise([source], "col8x2", library(name), tmp_path, for_area=True)
    assert least.area_um2 < result.area_um2
    assert least.flip_flops == result.flip_flops
    if name == "asap7":
        assert {c for c in least.counts if c.startswith("DFF")} == {"DFFHQNx1_ASAP7_75t_R"}
        assert least.counts["FAx1_ASAP7_75t_R"] > 0
    text = bench("col8x2", 8, 2, 30)
    gates = simulate(text, [least.netlist, least.models], tmp_path / "gates")
    assert gates == simulate(text, [source], tmp_path / "rtl")


HELD = """\
module held (input clk, input rst, input load, input [11:0] d, output reg [11:0] q);
  always @(posedge clk)
    if (load | rst) q <= rst ? 12'd5 : d;
endmodule
"""
HELD_BENCH = """\
module testbench;
  reg clk = 0, rst = 1, load = 0;
  reg [11:0] d = 0;
  wire [11:0] q;
  integer step;
  held dut (.clk(clk), .rst(rst), .load(load), .d(d), .q(q));
  always #5 clk = ~clk;
  initial begin
    repeat (2) @(negedge clk);
    for (step = 0; step < 40; step = step + 1) begin
      rst = step % 13 == 12; load = step % 3 == 1; d = step * 97;
      @(negedge clk) $display("%b", q);
    end
    $finish;
  end
endmodule
"""


@needs_icarus
@pytest.mark.parametrize(
    ("name", "gate"),
    [("nangate45", "CLKGATE_X1"), ("asap7", "ICGx1_ASAP7_75t_R"),
     ("sky130hd", "sky130_fd_sc_hd__dlclkp_1"), ("osu018", None)],
)  # fmt: skip
def test_clock_gates_take_the_place_of_a_shared_enable(library, name, gate, tmp_path):
    pytest.importorskip("pyosys")
    (source := tmp_path / "held.v").write_text(HELD)
    made = synthesise([source], "held", library(name), tmp_path / "o", clock_gates=True)
    if gate is None:
        assert "CLK" not in "".join(made.counts)  # a library without any keeps its enables
    else:
        assert made.counts[gate] == 1
    assert made.flip_flops == 12
    rtl = simulate(HELD_BENCH, [source], tmp_path / "rtl")
    assert len(set(rtl)) > 10
    assert simulate(HELD_BENCH, [made.netlist, made.models], tmp_path / "gates") == rtl


def test_the_same_again(small, library, tmp_path):
    result, source = small("osu018")
    again = synthesise([source], "col8x2", library("osu018"), tmp_path)
    assert again.netlist.read_bytes() == result.netlist.read_bytes()


def refuse(library, tmp_path, text):
    source = tmp_path / "bad.v"
    source.write_text(text)
    with pytest.raises(StepFailed) as caught:
        synthesise([source], "bad", library("osu018"), tmp_path / "out")
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"yosys.log"}  # no half-written netlist
    return str(caught.value)


def test_latches_are_refused(library, tmp_path):
    text = refuse(
        library,
        tmp_path,
        "module bad (input g, input d, output reg q); always @* if (g) q = d; endmodule",
    )
    assert text.startswith(
        "synthesis of bad: got latches inferred for bad/q; expected flip-flops and gates only. "
        "Assign the signal in every branch. The whole log: "
    )


def test_undriven_nets_are_refused(library, tmp_path):
    text = refuse(
        library, tmp_path, "module bad (input a, output q); wire b; assign q = a & b; endmodule"
    )
    assert "b is used but has no driver" in text
    assert "expected exactly one driver for every net that is used, and no loops" in text


def test_multiple_drivers_are_refused(library, tmp_path):
    text = refuse(
        library,
        tmp_path,
        "module bad (input a, input b, output q); assign q = a; assign q = b; endmodule",
    )
    assert "multiple conflicting drivers for bad" in text


def test_syntax_errors_show_the_last_lines_and_the_log(library, tmp_path):
    text = refuse(library, tmp_path, "module bad (input a; endmodule")
    assert text.startswith("Yosys failed: ")
    assert "got exit code 1; expected exit code 0. Its last lines:" in text
    assert "syntax error" in text
    assert text.endswith(f"The whole log: {tmp_path}/out/yosys.log")


def test_constants_and_wires_between_ports(library, tmp_path):
    source = tmp_path / "thin.v"
    source.write_text(
        "module thin (input a, output b, output one, output zero, output [0:0] v);"
        " assign b = a; assign one = 1; assign zero = 0; assign v = a; endmodule"
    )
    osu = synthesise([source], "thin", library("osu018"), tmp_path / "osu")
    assert osu.counts == {"BUFX2": 2}
    assert osu.notes[1] == "2 output bits are constant, and osu018 has no tie cells"
    tied = synthesise([source], "thin", library("nangate45"), tmp_path / "nangate")
    assert tied.counts == {"BUF_X1": 2, "LOGIC0_X1": 1, "LOGIC1_X1": 1}


def test_bad_arguments(library, tmp_path):
    pdk = library("osu018")
    with pytest.raises(InvalidInput, match="Verilog sources: got none; expected at least one file"):
        synthesise([], "x", pdk, tmp_path)
    with pytest.raises(InvalidInput, match="Verilog source: got no file none.v"):
        synthesise([tmp_path.__class__("none.v")], "x", pdk, tmp_path)
    source = tmp_path / "x.v"
    source.write_text("module x (); endmodule")
    with pytest.raises(InvalidInput, match="clock period: got -1 ns; expected more than 0 ns"):
        synthesise([source], "x", pdk, tmp_path, clock_ns=-1)
    with pytest.raises(InvalidInput, match="expected auto, pyosys or yosys"):
        synthesise([source], "x", pdk, tmp_path, tool="vivado")


def test_an_old_yosys_is_refused(tmp_path, monkeypatch):
    fake = tmp_path / "yosys"
    fake.write_text("#!/bin/sh\necho 'Yosys 0.23 (git sha1 7ce5011c24b)'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("YOSYS_EXE", str(fake))
    with pytest.raises(ToolMissing) as caught:
        find_yosys("yosys")
    assert str(caught.value) == (
        "Yosys is needed (synthesis to gates): got version 0.23 at "
        f"{fake}; expected 0.30 or newer. Use pyosys (pip install pyosys), or set YOSYS_EXE to a "
        "newer one"
    )


def test_an_installed_yosys_by_option(tmp_path, monkeypatch):
    fake = tmp_path / "yosys"
    fake.write_text("#!/bin/sh\necho 'Yosys 0.45 (git sha1 0)'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("YOSYS_EXE", str(fake))
    assert find_yosys("yosys") == ([str(fake), "-s"], "yosys 0.45")
    assert find_yosys("auto")[1] == "yosys 0.45"
    monkeypatch.setenv("YOSYS_EXE", str(tmp_path / "gone"))
    with pytest.raises(ToolMissing, match="set YOSYS_EXE to its path"):
        find_yosys("yosys")
