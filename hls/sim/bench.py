"""Test benches: the same protocol for RTL and netlists, in Verilog (Icarus) and C++ (Verilator).

Both read spike times from a binary file (one byte per line, 255 for none, one row per sample) and
write one line per sample: clocks from the edge that sampled `start` until `done`, then `spiked`,
`winner` and `spike_time` in binary digits.
"""

from __future__ import annotations

from dataclasses import dataclass

from hls.ir.network import FrozenNetwork


@dataclass(frozen=True)
class Shape:
    """Widths of the ports of a design, in bits.

    Attributes:
        inputs: width of `x`.
        columns: width of `spiked`.
        winner: width of one column's `winner`.
        time: width of one column's `spike_time`.
        limit: clocks after which a sample without `done` counts as hung.
    """

    inputs: int
    columns: int
    winner: int
    time: int
    limit: int


def shape_of(network: FrozenNetwork) -> Shape:
    """Return the widths that the generated RTL and its netlist have."""
    layer = network.layers[-1]
    columns, neurons = layer.shape[:2]
    return Shape(
        inputs=network.inputs,
        columns=columns,
        winner=max(1, (neurons - 1).bit_length()),
        time=max(1, (layer.output_horizon - 1).bit_length()),
        limit=layer.output_horizon + 2 * len(network.layers) + 8,
    )


VERILOG = """\
// Test bench of {top}: +stimulus=FILE +result=FILE [+vcd=FILE] [+noreset] [+disturb]
`timescale 1ns/1ps
module testbench;
  reg clk, rst, start;
  reg [{inputs}-1:0] x;
  wire done;
  wire [{columns}-1:0] spiked;
  wire [{columns}*{winner}-1:0] winner;
  wire [{columns}*{time}-1:0] spike_time;

  reg [7:0] row [0:{inputs}-1];
  reg [8*1024-1:0] path;
  integer stimulus, result, got, sample, cycles, line;

  {top} dut (.clk(clk), .rst(rst), .start(start), .x(x), .done(done), .winner(winner),
      .spiked(spiked), .spike_time(spike_time));

  always #5 clk = ~clk;

  // Signals change at the falling edge, half a clock away from where they are sampled.
  task begin_sample;
    begin
      start = 1'b1;
      x = {{{inputs}{{1'b0}}}};
      @(negedge clk) start = 1'b0;
    end
  endtask

  task spikes_of_step(input integer step);
    for (line = 0; line < {inputs}; line = line + 1) x[line] = row[line] == step;
  endtask

  // Leave another sample in the middle: by rst, or by the start of the next one.
  task disturb(input integer clocks, input integer by_reset);
    begin
      begin_sample;
      for (cycles = 0; cycles < clocks; cycles = cycles + 1) begin
        for (line = 0; line < {inputs}; line = line + 1) x[line] = (line + cycles) % 3 == 0;
        @(negedge clk);
      end
      if (by_reset) begin
        rst = 1'b1;
        @(negedge clk) rst = 1'b0;
      end
    end
  endtask

  initial begin
    clk = 1'b0;
    start = 1'b0;
    x = {{{inputs}{{1'b0}}}};
    if (!$value$plusargs("stimulus=%s", path)) $finish;
    stimulus = $fopen(path, "rb");
    if (!$value$plusargs("result=%s", path)) $finish;
    result = $fopen(path, "w");
    if ($value$plusargs("vcd=%s", path)) begin
      $dumpfile(path);
      $dumpvars({depth}, dut);
    end
    rst = $test$plusargs("noreset") ? 1'b0 : 1'b1;
    @(negedge clk);
    @(negedge clk) rst = 1'b0;
    sample = 0;
    got = $fread(row, stimulus);
    while (got == {inputs}) begin
      if ($test$plusargs("disturb")) disturb(sample % {limit}, sample & 1);
      begin_sample;
      cycles = 0;
      while (done !== 1'b1 && cycles < {limit}) begin
        spikes_of_step(cycles);
        @(negedge clk) cycles = cycles + 1;
      end
      if (done !== 1'b1) $fdisplay(result, "hang %b", done);
      else $fdisplay(result, "%0d %b %b %b", cycles, spiked, winner, spike_time);
      sample = sample + 1;
      got = $fread(row, stimulus);
    end
    $fclose(result);
    $finish;
  end
endmodule
"""

CPP = """\
// Test bench of {top}: STIMULUS RESULT
#include <cstdio>
#include <vector>

#include "V{top}.h"
#include "verilated.h"

template <typename Word>
static void set_bit(Word &port, int bit, bool value) {{
    port = static_cast<Word>((port & ~(Word(1) << bit)) | (Word(value) << bit));
}}
template <std::size_t Words>
static void set_bit(VlWide<Words> &port, int bit, bool value) {{
    set_bit(port[bit / 32], bit % 32, value);
}}
template <typename Word>
static bool bit_of(const Word &port, int bit) {{
    return (port >> bit) & 1;
}}
template <std::size_t Words>
static bool bit_of(const VlWide<Words> &port, int bit) {{
    return (port[bit / 32] >> (bit % 32)) & 1;
}}
template <typename Word>
static void print_bits(FILE *file, const Word &port, int width, char end) {{
    for (int bit = width - 1; bit >= 0; --bit) std::fputc(bit_of(port, bit) ? '1' : '0', file);
    std::fputc(end, file);
}}

static V{top} *dut;

static void tick() {{
    dut->clk = 0;
    dut->eval();
    dut->clk = 1;
    dut->eval();
}}

int main(int argc, char **argv) {{
    if (argc != 3) return 2;
    VerilatedContext context;
    context.randReset(2);  // registers start at random values, as silicon does
    context.randSeed(1);
    dut = new V{top}{{&context}};
    FILE *stimulus = std::fopen(argv[1], "rb");
    FILE *result = std::fopen(argv[2], "w");
    if (!stimulus || !result) return 2;
    std::vector<unsigned char> row({inputs});
    for (int line = 0; line < {inputs}; ++line) set_bit(dut->x, line, false);
    dut->start = 0;
    dut->rst = 1;
    tick();
    dut->rst = 0;
    while (std::fread(row.data(), 1, row.size(), stimulus) == row.size()) {{
        dut->start = 1;
        tick();
        dut->start = 0;
        int cycles = 0;
        while (!dut->done && cycles < {limit}) {{
            for (int line = 0; line < {inputs}; ++line) {{
                set_bit(dut->x, line, row[line] == cycles);
            }}
            tick();
            ++cycles;
        }}
        for (int line = 0; line < {inputs}; ++line) set_bit(dut->x, line, false);
        if (!dut->done) {{
            std::fputs("hang 0\\n", result);
            continue;
        }}
        std::fprintf(result, "%d ", cycles);
        print_bits(result, dut->spiked, {columns}, ' ');
        print_bits(result, dut->winner, {columns} * {winner}, ' ');
        print_bits(result, dut->spike_time, {columns} * {time}, '\\n');
    }}
    std::fclose(result);
    delete dut;
    return 0;
}}
"""
