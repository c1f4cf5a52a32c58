"""Test benches: the same protocol for RTL and netlists, in Verilog (Icarus) and C++ (Verilator).

Both read samples from a binary file (per sample one byte per input line, its spike time or 255,
and one per proximal line) and write one line per sample: clocks from the edge that sampled `start`
until `done`, then every result port in binary digits.
"""

from __future__ import annotations

from dataclasses import dataclass

from hls.ir.network import FrozenNetwork
from hls.rtl.ports import levels_of, results_of, timing_of


@dataclass(frozen=True)
class Shape:
    """What a test bench needs to know of a design.

    Attributes:
        inputs: width of `x`.
        levels: for every proximal line whether it is a level, not spikes.
        results: widths of the result ports by name.
        limit: clocks after which a sample without `done` counts as hung.
    """

    inputs: int
    levels: tuple[bool, ...]
    results: dict[str, int]
    limit: int


def shape_of(network: FrozenNetwork) -> Shape:
    """Return what the generated RTL and its netlist have in common."""
    limit = timing_of(network).cycles_worst + 9
    return Shape(network.inputs, levels_of(network), results_of(network), limit)


def verilog_bench(top: str, shape: Shape, depth: int, half: float) -> str:
    """Return the test bench for Icarus.

    Args:
        top: name of the top module.
        shape: its ports.
        depth: levels of hierarchy that go into a VCD.
        half: half a clock period, in ns.
    """
    results, lines = shape.results, len(shape.levels)
    mask = "".join("1" if level else "0" for level in shape.levels[::-1])
    ports = "".join(f", .{name}({name})" for name in results)
    ports = (", .proximal(proximal)" if lines else "") + ports
    return VERILOG.format(
        top=top,
        depth=depth,
        half=half,
        inputs=shape.inputs,
        row=shape.inputs + lines,
        limit=shape.limit,
        ports=ports,
        wires="".join(f"  wire [{width}-1:0] {name};\n" for name, width in results.items()),
        proximal=PROXIMAL.format(lines=lines, mask=mask) if lines else "",
        levels=LEVELS.format(lines=lines, inputs=shape.inputs) if lines else "",
        spikes=SPIKES.format(lines=lines, inputs=shape.inputs) if lines else "",
        digits="".join(" %b" for _ in results),
        names="".join(f", {name}" for name in results),
    )


def cpp_bench(top: str, shape: Shape) -> str:
    """Return the test bench for Verilator."""
    results, lines = shape.results, len(shape.levels)
    printed = [
        f"        print_bits(result, dut->{name}, {width}, "
        + ("'\\n');\n" if at == len(results) - 1 else "' ');\n")
        for at, (name, width) in enumerate(results.items())
    ]
    mask = ", ".join("true" if level else "false" for level in shape.levels)
    where = {"lines": lines, "inputs": shape.inputs, "mask": mask}
    return CPP.format(
        top=top,
        inputs=shape.inputs,
        row=shape.inputs + lines,
        limit=shape.limit,
        mask=CPP_MASK.format(**where) if lines else "",
        clear=CPP_CLEAR.format(**where) if lines else "",
        levels=CPP_LEVELS.format(**where) if lines else "",
        spikes=CPP_SPIKES.format(**where) if lines else "",
        quiet=CPP_QUIET.format(**where) if lines else "",
        printed="".join(printed),
    )


PROXIMAL = """\
  reg [{lines}-1:0] proximal;
  localparam [{lines}-1:0] level = {lines}'b{mask};
"""

LEVELS = """\
      for (line = 0; line < {lines}; line = line + 1)
        proximal[line] = level[line] && row[{inputs} + line] != 0;
"""

SPIKES = """\
      for (line = 0; line < {lines}; line = line + 1)
        if (!level[line]) proximal[line] = row[{inputs} + line] == step;
"""

VERILOG = """\
// Test bench of {top}: +stimulus=FILE +result=FILE [+vcd=FILE] [+noreset] [+disturb]
`timescale 1ns/1ps
module testbench;
  reg clk, rst, start;
  reg [{inputs}-1:0] x;
  wire done;
{proximal}{wires}
  reg [7:0] row [0:{row}-1];
  reg [8*1024-1:0] path;
  integer stimulus, result, got, sample, cycles, line;

  {top} dut (.clk(clk), .rst(rst), .start(start), .x(x), .done(done){ports});

  always #{half:g} clk = ~clk;

  // Signals change at the falling edge, half a clock away from where they are sampled.
  task begin_sample;
    begin
      start = 1'b1;
      x = {{{inputs}{{1'b0}}}};
{levels}      @(negedge clk) start = 1'b0;
    end
  endtask

  task spikes_of_step(input integer step);
    begin
      for (line = 0; line < {inputs}; line = line + 1) x[line] = row[line] == step;
{spikes}    end
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
    while (got == {row}) begin
      if ($test$plusargs("disturb")) disturb(sample % {limit}, sample & 1);
      begin_sample;
      cycles = 0;
      while (done !== 1'b1 && cycles < {limit}) begin
        spikes_of_step(cycles);
        @(negedge clk) cycles = cycles + 1;
      end
      if (done !== 1'b1) $fdisplay(result, "hang %b", done);
      else $fdisplay(result, "%0d{digits}", cycles{names});
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
{mask}
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
    std::vector<unsigned char> row({row});
    for (int line = 0; line < {inputs}; ++line) set_bit(dut->x, line, false);
{clear}    dut->start = 0;
    dut->rst = 1;
    tick();
    dut->rst = 0;
    while (std::fread(row.data(), 1, row.size(), stimulus) == row.size()) {{
{levels}        dut->start = 1;
        tick();
        dut->start = 0;
        int cycles = 0;
        while (!dut->done && cycles < {limit}) {{
            for (int line = 0; line < {inputs}; ++line) {{
                set_bit(dut->x, line, row[line] == cycles);
            }}
{spikes}            tick();
            ++cycles;
        }}
        for (int line = 0; line < {inputs}; ++line) set_bit(dut->x, line, false);
{quiet}        if (!dut->done) {{
            std::fputs("hang 0\\n", result);
            continue;
        }}
        std::fprintf(result, "%d ", cycles);
{printed}    }}
    std::fclose(result);
    delete dut;
    return 0;
}}
"""

CPP_MASK = """\
static const bool level[{lines}] = {{{mask}}};
"""

CPP_CLEAR = """\
    for (int line = 0; line < {lines}; ++line) set_bit(dut->proximal, line, false);
"""

CPP_LEVELS = """\
        for (int line = 0; line < {lines}; ++line) {{
            set_bit(dut->proximal, line, level[line] && row[{inputs} + line] != 0);
        }}
"""

CPP_SPIKES = """\
            for (int line = 0; line < {lines}; ++line) {{
                if (!level[line]) set_bit(dut->proximal, line, row[{inputs} + line] == cycles);
            }}
"""

CPP_QUIET = """\
        for (int line = 0; line < {lines}; ++line) {{
            if (!level[line]) set_bit(dut->proximal, line, false);
        }}
"""
