"""Programs made with Verilator compute what the Verilog says."""

from itertools import product

import pytest

from hls.rtl.step import VERILATOR
from hls.sim.programs import build_bench
from hls.sim.simulate import verilate
from hls.tool import run

SUM = "~(~((x[0] & x[1]) ^ x[2]) ^ ~(~(x[2] & x[3]) ^ (x[5] ^ x[4])))"
"""What Verilator 5.006 inverts unless told not to optimise trees of bit operations."""
DESIGN = f"module top(input [5:0] x, output z);\n  assign z = {SUM};\nendmodule\n"
WANTED = "".join(
    str(1 ^ (1 ^ (a & b ^ c)) ^ (1 ^ (1 ^ c & d) ^ e ^ f))
    for f, e, d, c, b, a in product((0, 1), repeat=6)
)
IN_C = """\
#include <cstdio>
#include "Vtop.h"
int main() {
    Vtop dut;
    for (int i = 0; i < 64; ++i) {
        dut.x = i;
        dut.eval();
        std::putchar('0' + dut.z);
    }
}
"""
IN_VERILOG = """\
module testbench;
  reg [6:0] i;
  wire z;
  top dut(.x(i[5:0]), .z(z));
  initial begin
    for (i = 0; i < 64; i = i + 1) begin
      #1 $write("%b", z);
    end
    $finish;
  end
endmodule
"""


@pytest.mark.skipif(VERILATOR.find() is None, reason="Verilator is missing")
@pytest.mark.parametrize("language", ["C++", "Verilog"])
def test_sums_that_verilator_would_invert(language, tmp_path):
    design, log = tmp_path / "top.v", tmp_path / "log"
    design.write_text(DESIGN)
    if language == "C++":
        words = [verilate([design], "top", IN_C, tmp_path, log)]
    else:
        bench = tmp_path / "testbench.v"
        bench.write_text(IN_VERILOG)
        words = build_bench("verilator", [bench, design], tmp_path, log)
    assert run(words, cwd=tmp_path, log=log).startswith(WANTED)
