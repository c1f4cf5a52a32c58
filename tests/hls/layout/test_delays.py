"""Delays of the SDF in simulation: glitches appear, answers stay."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from hls.errors import InvalidInput
from hls.layout.delays import read_sdf, with_delays
from hls.layout.vcd import read_activity

SDF = """(DELAYFILE
 (SDFVERSION "3.0")
 (TIMESCALE 1ns)
 (CELL
  (CELLTYPE "top")
  (INSTANCE)
  (DELAY (ABSOLUTE (INTERCONNECT a _1_/A (0.000::0.000))))
 )
 (CELL
  (CELLTYPE "INV")
  (INSTANCE _1_)
  (DELAY
   (ABSOLUTE
    (IOPATH A Z (0.018::0.020) (0.010::0.011))
   )
  )
 )
 (CELL
  (CELLTYPE "XOR")
  (INSTANCE _2_)
  (DELAY
   (ABSOLUTE
    (COND (B == 1'b1)
     (IOPATH A Z (0.003::0.004) (0.005::0.005)))
    (COND (B == 1'b0)
     (IOPATH A Z (0.002::0.002) (0.006::0.007)))
    (IOPATH (posedge B) Z (0.004::0.004) (0.004::0.004))
   )
  )
 )
)
"""
NETLIST = """module top(a, y);
  input a;
  output y;
  wire b;
  INV _1_ (.A(a), .Z(b));
  XOR _2_ (.A(a), .B(b), .Z(y));
endmodule
"""
CELLS = """module INV(A, Z);
  input A;
  output Z;
  assign Z = ~A;
endmodule

module XOR(A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule
"""
BENCH = """`timescale 1ns/1ps
module testbench;
  reg a;
  wire y;
  top dut (a, y);
  initial begin
    $dumpfile("out.vcd");
    $dumpvars(1, dut);
    a = 0;
    #1 a = 1;
    #1 a = 0;
    #1 $finish;
  end
endmodule
"""


def test_conditions_are_folded_into_the_longest(tmp_path):
    (tmp_path / "a.sdf").write_text(SDF)
    found, unit = read_sdf(tmp_path / "a.sdf")
    assert unit == "1ns"
    assert found["_1_"] == ("INV", {("A", "Z"): (0.020, 0.011)})
    assert found["_2_"] == ("XOR", {("A", "Z"): (0.004, 0.007), ("B", "Z"): (0.004, 0.004)})
    (tmp_path / "b.sdf").write_text("(DELAYFILE)")
    with pytest.raises(InvalidInput, match="got no delays of cells; expected what OpenROAD writes"):
        read_sdf(tmp_path / "b.sdf")


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog is not installed")
def test_glitches_are_counted(tmp_path):
    """`a ^ ~a` is 1 at all times without delays, and falls twice with them."""
    for name, text in (("a.sdf", SDF), ("n.v", NETLIST), ("c.v", CELLS), ("t.v", BENCH)):
        (tmp_path / name).write_text(text)
    delayed = with_delays(tmp_path / "n.v", tmp_path / "c.v", tmp_path / "a.sdf", tmp_path)
    toggles = []
    for sources in ([tmp_path / "n.v", tmp_path / "c.v"], delayed):
        command = ["iverilog", "-g2005", "-gspecify", "-Tmax", "-s", "testbench", "-o", "t.vvp"]
        files = [tmp_path / "t.v", *sources]
        subprocess.run([*command, *files], cwd=tmp_path, check=True)
        subprocess.run(["vvp", "-n", "t.vvp"], cwd=tmp_path, check=True, capture_output=True)
        toggles.append(read_activity(tmp_path / "out.vcd", {"a", "y"}).toggles["y", 0])
    assert toggles == [0, 4]
