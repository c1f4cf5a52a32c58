"""Run a circuit through its APB port: write spike times, start, wait, read the result."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hls.errors import StepFailed
from hls.files import write_text
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs
from hls.ir.stimulus import check_proximal, check_stimulus
from hls.rtl.bus import RegisterMap
from hls.rtl.bus import registers as r
from hls.rtl.ports import timing_of
from hls.sim.programs import build_bench
from hls.sim.simulate import check_simulator, open_workdir, outputs_of, without_blanks
from hls.tool import run


class BusRun(NamedTuple):
    """What a circuit gave over its bus.

    Attributes:
        outputs: answers to every sample.
        cycles: what `CYCLES` said after every sample, int64 `[B]`.
        weights: what `WEIGHT` gave after every sample, last synapse first, uint8 `[B, places]`;
            None where weights were not read.
    """

    outputs: Outputs
    cycles: npt.NDArray[np.int64]
    weights: npt.NDArray[np.uint8] | None


def simulate_bus(
    sources: list[Path],
    network: FrozenNetwork,
    registers: RegisterMap,
    x: npt.NDArray[np.generic],
    proximal: npt.NDArray[np.generic] | None = None,
    *,
    learn: bool = False,
    places: int = 0,
    simulator: str = "icarus",
    workdir: Path,
) -> BusRun:
    """Simulate a circuit behind its APB port.

    The test bench is a bus master: it checks `ID` and `HASH`, and then for every sample writes all
    lines, starts, waits for `irq`, reads `STATUS`, `CYCLES` and `RESULT`. Any `pslverr` ends it.

    Args:
        sources: Verilog files: wrapper and circuit.
        network: what the circuit computes.
        registers: its register map.
        x: spike times, uint8 `[B, inputs]`, in time steps.
        proximal: levels or spike times, uint8 `[B, proximal lines]`; as in `simulate`.
        learn: whether samples are learnt (circuits that learn only).
        places: weights to read after every sample.
        simulator: `icarus` or `verilator`.
        workdir: directory for test bench, program, stimulus, result and log.

    Raises:
        InvalidInput: on times out of range or an unknown simulator.
        ToolMissing: if the simulator is not installed.
        StepFailed: if the design does not compile, hangs, gives an X, or the bus answers an error.
    """
    x = check_stimulus(network, x)
    check_simulator(simulator)
    workdir = open_workdir(simulator, workdir)
    rows = np.concatenate([x, check_proximal(network, proximal, len(x))], axis=1)
    log = workdir / f"{simulator}.log"
    with without_blanks(workdir) as place:
        (place / "stimulus").write_bytes(rows.tobytes())
        text = bench(network, registers, learn=learn, places=places)
        write_text(place / "testbench.v", text)
        files = [place / "testbench.v", *(Path(source).resolve() for source in sources)]
        program = build_bench(simulator, files, place, log)
        given = [f"+{name}={place / name}" for name in ("stimulus", "result")]
        run([*program, *given], cwd=place, log=log)
        lines = (place / "result").read_text(encoding="ascii").splitlines()
    return _parse(lines, simulator, network, registers, len(x), places)


def _parse(
    lines: list[str],
    simulator: str,
    network: FrozenNetwork,
    registers: RegisterMap,
    samples: int,
    places: int,
) -> BusRun:
    if len(lines) != samples:
        got = lines[-1] if lines else "nothing"
        raise StepFailed(f"{simulator}: bus: {got}", got=f"{len(lines)} samples", expected=samples)
    found = r.result_words(registers.results)
    digits: dict[str, list[str]] = {name: [] for name in found}
    cycles = np.zeros(samples, dtype=np.int64)
    weights = np.zeros((samples, places), dtype=np.uint8)
    size = registers.at("RESULT").words
    for sample, line in enumerate(lines):
        words = line.split()
        if set("".join(words)) - set("0123456789abcdef"):
            raise StepFailed(f"{simulator}: bus: sample {sample}", got=line, expected="no x or z")
        cycles[sample] = int(words[0], 16)
        for name, (first, width) in found.items():
            last = first + -(-width // 32)
            value = int("".join(words[1 + first : 1 + last][::-1]), 16)
            digits[name].append(f"{value:0{width}b}")
        weights[sample] = [int(word, 16) for word in words[1 + size :]]
    outputs = outputs_of(digits, simulator, network)
    return BusRun(outputs, cycles, weights if places else None)


def bench(
    network: FrozenNetwork, registers: RegisterMap, *, learn: bool = False, places: int = 0
) -> str:
    """Return the test bench."""
    groups = (("X", 0, network.inputs), ("PROXIMAL", network.inputs, network.proximal_lines))
    writes = []
    for name, first, count in groups:
        one = registers.find(name)
        if one is not None:
            facts = {"at": one.offset, "words": one.words, "first": first, "after": first + count}
            writes.append(WRITES.format(**facts))
    weight = registers.find("WEIGHT")
    return BENCH.format(
        top=f"{network.name}_bus",
        bits=registers.address_bits,
        bytes=network.inputs + network.proximal_lines,
        identity=r.IDENTITY,
        hash=registers.hash[:8],
        at={one.name: one.offset for one in registers.registers},
        start=1 << r.START | 1 << r.INTERRUPT | learn << r.LEARN,
        done=1 << r.DONE,
        limit=timing_of(network).cycles_worst + 9,
        writes="".join(writes),
        results=registers.at("RESULT").words,
        word=r.WORD,
        weights="" if weight is None else WEIGHTS.format(places=places, at=weight.offset),
    )


WRITES = """\
      for (i = 0; i < {words}; i = i + 1) begin
        data = 32'hffffffff;
        for (j = 0; j < 4; j = j + 1)
          if ({first} + 4 * i + j < {after}) data[8*j +: 8] = row[{first} + 4 * i + j];
        transfer(1'b1, {at} + 4 * i, data);
      end
"""

WEIGHTS = """\
      for (i = 0; i < {places}; i = i + 1) begin
        transfer(1'b0, {at}, 0);
        $fwrite(result, " %h", prdata_kept);
        transfer(1'b1, {at}, prdata_kept);
      end
"""

BENCH = """\
// Bus master of {top}: +stimulus=FILE +result=FILE
`timescale 1ns/1ps
module testbench;
  reg pclk, presetn, psel, penable, pwrite;
  reg [{bits}-1:0] paddr;
  reg [31:0] pwdata, prdata_kept, data;
  wire [31:0] prdata;
  wire pready, pslverr, irq;
  reg [7:0] row [0:{bytes}-1];
  reg [8*1024-1:0] path;
  integer stimulus, result, got, waited, i, j;

  {top} dut (.pclk(pclk), .presetn(presetn), .psel(psel), .penable(penable), .pwrite(pwrite),
      .paddr(paddr), .pwdata(pwdata), .prdata(prdata), .pready(pready), .pslverr(pslverr),
      .irq(irq));

  always #5 pclk = ~pclk;

  task give_up(input [8*16-1:0] why);
    begin
      $fdisplay(result, "%0s at %h", why, paddr);
      $fclose(result);
      $finish;
    end
  endtask

  // Setup phase, access phase; signals change at the falling edge.
  task transfer(input write, input integer at, input [31:0] value);
    begin
      psel = 1'b1; penable = 1'b0; pwrite = write; paddr = at[{bits}-1:0]; pwdata = value;
      @(negedge pclk) penable = 1'b1;
      #1;
      if (pready !== 1'b1) give_up("not ready");
      if (pslverr !== 1'b0) give_up("pslverr");
      prdata_kept = prdata;
      @(negedge pclk);
      psel = 1'b0; penable = 1'b0;
    end
  endtask

  initial begin
    pclk = 1'b0; presetn = 1'b0; psel = 1'b0; penable = 1'b0; pwrite = 1'b0; paddr = 0; pwdata = 0;
    got = $value$plusargs("stimulus=%s", path); stimulus = $fopen(path, "rb");
    got = $value$plusargs("result=%s", path); result = $fopen(path, "w");
    @(negedge pclk); @(negedge pclk);
    presetn = 1'b1;
    transfer(1'b0, {at[ID]}, 0);
    if (prdata_kept !== 32'h{identity:08x}) give_up("wrong ID");
    transfer(1'b0, {at[HASH]}, 0);
    if (prdata_kept !== 32'h{hash}) give_up("wrong HASH");
    got = $fread(row, stimulus);
    while (got == {bytes}) begin
{writes}      transfer(1'b1, {at[CONTROL]}, {start});
      waited = 0;
      while (irq !== 1'b1 && waited < {limit}) @(negedge pclk) waited = waited + 1;
      transfer(1'b0, {at[STATUS]}, 0);
      if (prdata_kept !== 32'd{done}) give_up("hang");
      transfer(1'b0, {at[CYCLES]}, 0);
      $fwrite(result, "%h", prdata_kept);
      for (i = 0; i < {results}; i = i + 1) begin
        transfer(1'b0, {at[RESULT]} + {word} * i, 0);
        $fwrite(result, " %h", prdata_kept);
      end
{weights}      $fwrite(result, "\\n");
      got = $fread(row, stimulus);
    end
    $fclose(result);
    $finish;
  end
endmodule
"""
