"""Test bench in C++ for what Bambu wrote: memories at the array ports, clocks counted.

It reads samples from a binary file (for every input argument its elements as 64-bit words) and
writes for every sample the clocks as a 64-bit word, -1 if it hangs, then the elements of every
output. Clocks are those from the one in which `start_port` is 1 to the one before `done_port` is.
A read at one clock edge gives its data after that edge, and garbage after any other: what holds on
to it is a fault. Registers without a value start at random.
"""

from __future__ import annotations

from collections.abc import Sequence

from hls.bambu import axi
from hls.bambu.ports import ArgumentPorts

MAIN = """\
// Simulation of {top}: STIMULUS RESULT [VCD]
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "V{top}.h"
#include "verilated.h"
{include}
static V{top} *dut;
static uint64_t garbage = 0x5a5a5a5a5a5a5a5aull;
{trace}{axi}{state}
// A clock edge: memories see what the ports hold before it, and answer after it.
static void tick() {{
    dut->clock = 0;
    dut->eval();
{dump}{before}    dut->clock = 1;
    dut->eval();
{dump}{after}    garbage = garbage * 6364136223846793005ull + 1442695040888963407ull;
}}

static void settle() {{
    dut->clock = 0;
    dut->eval();
}}

int main(int argc, char **argv) {{
    if (argc < 3) return 2;
    VerilatedContext context;
    context.randReset(2);  // registers start at random values, as silicon does
    context.randSeed(1);
{open}    dut = new V{top}{{&context}};
    FILE *stimulus = std::fopen(argv[1], "rb");
    FILE *result = std::fopen(argv[2], "wb");
    if (!stimulus || !result) return 2;
    dut->start_port = 0;
{zero}    dut->reset = 0;
    for (int i = 0; i < 3; ++i) tick();
    dut->reset = 1;
    for (int i = 0; i < 2; ++i) tick();
{attach}    static uint64_t row[{row}];
    while (std::fread(row, 8, {row}, stimulus) == {row}) {{
{load}        dut->start_port = 1;
        settle();
        int64_t cycles = 0;
        while (!dut->done_port && cycles < {limit}) {{
            tick();
            dut->start_port = 0;
            settle();
            ++cycles;
        }}
        if (!dut->done_port) cycles = -1;
        else if (cycles == 0) cycles = 1;  // combinational: it answers before the first edge
{capture}        tick();  // what is written at the edge that ends the run still counts
        dut->start_port = 0;
        std::fwrite(&cycles, 8, 1, result);
{store}    }}
    std::fclose(result);
{close}    delete dut;
    return 0;
}}
"""


def harness(top: str, ports: Sequence[ArgumentPorts], *, limit: int, vcd: bool = False) -> str:
    """Return the test bench.

    Args:
        top: top module.
        ports: how the arguments are connected.
        limit: clocks after which a sample without `done_port` counts as hung.
        vcd: whether it can write waveforms.
    """
    given = [p for p in ports if p.argument.direction == "in"]
    answers = [p for p in ports if p.argument.direction != "in"]
    return MAIN.format(
        top=top,
        row=sum(p.argument.length for p in given),
        limit=limit,
        include='#include "verilated_vcd_c.h"\n' if vcd else "",
        trace="static VerilatedVcdC *wave;\nstatic uint64_t now;\n" if vcd else "",
        dump="    if (wave) wave->dump(now++);\n" if vcd else "",
        open="    context.traceEverOn(true);\n" if vcd else "",
        attach="    wave = new VerilatedVcdC;\n    dut->trace(wave, 2);\n    wave->open(argv[3]);\n"
        if vcd
        else "",
        close="    wave->close();\n" if vcd else "",
        axi=f"{axi.MEMORY}static const char *fault;\n" if any(p.axi for p in ports) else "",
        state="".join(_state(p, number) for number, p in enumerate(ports)),
        before="".join(_before(p) for p in ports),
        after="".join(_after(p) for p in ports),
        zero="".join(_zero(p) for p in ports),
        load=_load(given),
        capture="".join(_capture(p) for p in answers),
        store="".join(
            f"        std::fwrite({_memory(p)}, 8, {p.argument.length}, result);\n" for p in answers
        ),
    )


def _memory(ports: ArgumentPorts) -> str:
    return f"memory_{ports.argument.name}"


def _state(ports: ArgumentPorts, number: int) -> str:
    cells = f"static uint64_t {_memory(ports)}[{ports.argument.length}];\n"
    return cells + (axi.declare(ports.argument, number) if ports.axi else "")


def _before(ports: ArgumentPorts) -> str:
    """Return what a memory does at an edge: reads first, then writes."""
    if ports.axi:
        return axi.before(ports.argument, _memory(ports))
    name, memory, length = ports.argument.name, _memory(ports), ports.argument.length
    reads, writes = "", ""
    for channel in ports.channels:
        i = channel.number
        address = "0" if length == 1 else f"dut->{name}_address{i}"
        inside = f"static_cast<uint64_t>({address}) < {length}"
        if channel.reads:
            reads += f"    uint64_t {name}_q{i} = garbage;\n"
            writing = f" && !dut->{name}_we{i}" if channel.writes else ""
            reads += f"    if (dut->{name}_ce{i}{writing} && {inside})\n"
            reads += f"        {name}_q{i} = {memory}[{address}];\n"
        if channel.writes:
            writes += f"    if (dut->{name}_ce{i} && dut->{name}_we{i} && {inside})\n"
            writes += f"        {memory}[{address}] = dut->{name}_d{i};\n"
    if ports.valid:
        writes += f"    if (dut->{ports.valid}) {memory}[0] = dut->{ports.signal};\n"
    return reads + writes


def _after(ports: ArgumentPorts) -> str:
    if ports.axi:
        return axi.after(ports.argument, _memory(ports))
    name, mask = ports.argument.name, (1 << ports.argument.bits) - 1
    return "".join(
        f"    dut->{name}_q{c.number} = {name}_q{c.number} & 0x{mask:x}ull;\n"
        for c in ports.channels
        if c.reads
    )


def _zero(ports: ArgumentPorts) -> str:
    name = ports.argument.name
    if ports.axi:
        lines = [f"    dut->{axi.prefix(ports.argument)}{each}resp = 0;\n" for each in "rb"]
        base = f"    dut->{ports.signal} = axi_{name}.base;\n" if ports.signal else ""
        return "".join([base, *lines])
    lines = [f"    dut->{name}_q{c.number} = 0;\n" for c in ports.channels if c.reads]
    if ports.argument.direction == "in" and ports.signal:
        lines.append(f"    dut->{ports.signal} = 0;\n")
    return "".join(lines)


def _load(given: Sequence[ArgumentPorts]) -> str:
    lines, at = [], 0
    for ports in given:
        if ports.argument.kind == "array":
            length = ports.argument.length
            copy = f"{_memory(ports)}[i] = row[{at} + i];"
            lines.append(f"        for (int i = 0; i < {length}; ++i) {copy}\n")
        elif ports.signal:
            lines.append(f"        dut->{ports.signal} = row[{at}];\n")
        at += ports.argument.length
    return "".join(lines)


def _capture(ports: ArgumentPorts) -> str:
    """Return how an output without a valid port is taken: while `done_port` is 1."""
    if ports.argument.kind == "array" or ports.valid or not ports.signal:
        return ""
    return f"        {_memory(ports)}[0] = dut->{ports.signal};\n"
