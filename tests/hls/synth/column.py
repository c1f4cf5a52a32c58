"""A column by hand, of the kind that the generator writes, and a test bench for it.

Each input's level is held and delayed; a synapse of weight w counts the level until it is w clocks
old; the sum goes to an accumulator and a comparator; the first neuron of the earliest wins.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path


def column(name: str, inputs: int, neurons: int, theta: int, seed: int = 1) -> str:
    """Return Verilog-2005 of a column with random weights 0 .. 7."""
    draw = random.Random(seed)
    weights = [[draw.choice((0, 0, 1, 3, 5, 7)) for _ in range(inputs)] for _ in range(neurons)]
    bits, win = (inputs * 7).bit_length(), max(1, (neurons - 1).bit_length())
    lines = [
        f"module {name} (input clk, input rst, input start, input [{inputs - 1}:0] x,",
        f"  output reg done, output reg [{win - 1}:0] winner, output reg [7:0] spike_time);",
        "  reg [3:0] t;",
        "  reg busy, fired;",
    ]
    for i in range(inputs):
        depth = max(row[i] for row in weights)
        if depth:
            shift = f"{{l{i}[{depth - 1}:0], x[{i}] | l{i}[0]}}"
            lines += [
                f"  reg [{depth}:0] l{i};",
                f"  always @(posedge clk) if (rst | start) l{i} <= 0; else l{i} <= {shift};",
            ]
    for n, row in enumerate(weights):
        terms = [f"{{{bits - 1}'d0, l{i}[0] & ~l{i}[{w}]}}" for i, w in enumerate(row) if w]
        lines += [
            f"  wire [{bits - 1}:0] s{n} = {' + '.join(terms) or '0'};",
            f"  reg [{bits - 1}:0] v{n};",
            f"  wire [{bits - 1}:0] n{n} = v{n} + s{n};",
            f"  wire f{n} = n{n} >= {bits}'d{theta};",
            f"  always @(posedge clk) if (rst | start) v{n} <= 0; else if (busy) v{n} <= n{n};",
        ]
    fires = " | ".join(f"f{n}" for n in range(neurons))
    first = "".join(f"f{n} ? {win}'d{n} : " for n in range(neurons - 1)) + f"{win}'d{neurons - 1}"
    clear = "t <= 0; fired <= 0; done <= 0; winner <= 0; spike_time <= 255;"
    lines += [
        "  always @(posedge clk)",
        f"    if (rst) begin busy <= 0; {clear} end",
        f"    else if (start) begin busy <= 1; {clear} end",
        "    else if (busy) begin",
        "      t <= t + 1;",
        f"      if (!fired & ({fires})) begin",
        f"        fired <= 1; winner <= {first}; spike_time <= {{4'd0, t}};",
        "      end",
        "      if (t == 4'd14) begin busy <= 0; done <= 1; end",
        "    end",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def bench(name: str, inputs: int, neurons: int, samples: int) -> str:
    """Return a test bench with random spike times 0 .. 7 that prints results and dumps them."""
    win = max(1, (neurons - 1).bit_length())
    return f"""`timescale 1ns/1ps
module tb;
  reg clk = 0, rst = 1, start = 0;
  reg [{inputs - 1}:0] x = 0;
  wire done; wire [{win - 1}:0] winner; wire [7:0] spike_time;
  {name} dut (.clk(clk), .rst(rst), .start(start), .x(x), .done(done), .winner(winner),
    .spike_time(spike_time));
  always #5 clk = ~clk;
  integer s, t, i, seed;
  reg [31:0] drawn;
  reg [2:0] at [0:{inputs - 1}];
  initial begin
    $dumpfile("netlist.vcd"); $dumpvars(1, tb.dut);
    seed = 7;
    repeat (3) @(negedge clk);
    rst = 0;
    for (s = 0; s < {samples}; s = s + 1) begin
      for (i = 0; i < {inputs}; i = i + 1) begin drawn = $random(seed); at[i] = drawn[2:0]; end
      start = 1; x = 0; @(negedge clk); start = 0;
      for (t = 0; t < 16; t = t + 1) begin
        for (i = 0; i < {inputs}; i = i + 1) x[i] = (at[i] == t);
        @(negedge clk);
      end
      $display("%b %b %b", done, winner, spike_time);
    end
    $finish;
  end
endmodule
"""


def simulate(bench_text: str, sources: list[Path], work: Path) -> list[str]:
    """Run a test bench in Icarus; return what it printed."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "tb.v").write_text(bench_text)
    subprocess.run(
        ["iverilog", "-g2005", "-o", "sim", "tb.v", *map(str, sources)], cwd=work, check=True
    )
    done = subprocess.run(["vvp", "sim"], cwd=work, check=True, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if set(line) <= set("01x ")]
