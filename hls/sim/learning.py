"""Watch a circuit learn: its answers and all of its weights after every sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, StepFailed
from hls.files import write_text
from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs
from hls.ir.stimulus import check_proximal, check_stimulus
from hls.rtl.learning.options import LearningOptions
from hls.rtl.ports import bits, timing_of
from hls.sim.drawn import NOTHING, Drawn, drawn
from hls.sim.programs import build_bench
from hls.sim.simulate import (
    check_simulator,
    open_workdir,
    without_blanks,
)
from hls.tool import run


class Learnt(NamedTuple):
    """What a circuit did.

    Attributes:
        outputs: its answers, each with the weights before its own update.
        weights: uint8 `[B, C, N, D, S, P]`, after every sample; 0 where pruned. With
            `every=False` those after the last sample, `[1, C, N, D, S, P]`.
        cycles: clocks of every sample, int64 `[B]`.
    """

    outputs: Outputs
    weights: npt.NDArray[np.uint8]
    cycles: npt.NDArray[np.int64]


def simulate_learning(
    sources: Sequence[Path],
    network: FrozenNetwork,
    x: npt.NDArray[np.generic],
    proximal: npt.NDArray[np.generic] | None = None,
    *,
    learn: bool | npt.NDArray[np.bool_] = True,
    simulator: str = "verilator",
    workdir: Path,
    load: npt.NDArray[np.generic] | None = None,
    load_at: int = 0,
    options: LearningOptions | None = None,
    every: bool = True,
    vcd: Path | None = None,
) -> Learnt:
    """Simulate a circuit of `generate_learning`, or its netlist with cell models.

    After every sample the chain of weights goes round once, so that what is read is what the next
    sample learns from; with `every=False` only after the last one. RTL starts from X in Icarus; all
    else starts at random values.

    Args:
        sources: Verilog files.
        network: the frozen network; its name is the top module's.
        x: spike times, uint8 `[B, inputs]`, in the order of learning.
        proximal: levels, uint8 `[B, proximal lines]`; None enables all dendrites.
        learn: whether samples are learnt, all of them or bool `[B]`.
        simulator: `icarus` or `verilator`.
        workdir: directory for test bench, program, stimulus, result and log.
        load: weights `[C, N, D, S, P]` to shift in; None keeps those of the network. A
            weight of 0 does not respond, so that what is to be sealed for inference is loaded as 0.
        load_at: the sample before which they are.
        options: how the circuit was generated. Draws that are ports are played to it, those that
            the frozen registers would give; weights that rst does not load are shifted in first.
        every: whether weights are read after every sample, not only after the last one.
        vcd: file for the waveforms of the samples, one after the other (`every=False`).

    Raises:
        InvalidInput: on times, levels or weights out of range, or an unknown simulator.
        ToolMissing: if the simulator is not installed.
        StepFailed: if the design does not compile, hangs, or gives an X.
    """
    x = check_stimulus(network, x)
    check_simulator(simulator)
    if vcd is not None and (simulator != "icarus" or every):
        raise InvalidInput(
            "waveforms of learning",
            got=f"{simulator}, every={every}",
            expected="icarus, every=False: no reading of weights in between",
        )
    workdir = open_workdir(simulator, workdir)
    flags = np.broadcast_to(np.asarray(learn, dtype=np.uint8), (len(x),))
    rows = np.concatenate([x, check_proximal(network, proximal, len(x)), flags[:, None]], axis=1)
    layer = network.layers[0]
    first = layer.effective if load is None else _check_weights(load, layer)
    chain = first[layer.mask][::-1].astype(np.uint8)  # the last synapse enters first
    options = options or LearningOptions()
    draws = drawn(network, options, flags)
    if load is None and not options.reset:
        load, load_at = first, 0
    log = workdir / f"{simulator}.log"
    with without_blanks(workdir) as place:
        write_text(place / "testbench.v", bench(network, len(chain), draws, vcd))
        files = [place / "testbench.v", *(Path(source).resolve() for source in sources)]
        program = build_bench(simulator, files, place, log)
        for name, content in (
            ("stimulus", rows.tobytes()),
            ("load", chain.tobytes()),
            ("draws", draws.content),
        ):
            (place / name).write_bytes(content)
            program.append(f"+{name}={place / name}")
        program += [f"+load_at={load_at}"] if load is not None else []
        program += [] if every else [f"+read_at={len(x)}"]
        run([*program, f"+result={place / 'result'}"], cwd=place, log=log)
        lines = (place / "result").read_text(encoding="ascii").splitlines()
    return _parse(lines, network, len(x), every)


def _check_weights(load: npt.NDArray[np.generic], layer: FrozenLayer) -> npt.NDArray[np.generic]:
    """Return weights to load after checking shape and values."""
    load = np.asarray(load)
    fits = load.shape == layer.shape and bool((load.min() >= 0) & (load.max() <= layer.w_max))
    if not fits:
        got = f"shape {list(load.shape)}, {load.min()} .. {load.max()}" if load.size else "none"
        expected = f"[C, N, D, S, P] = {list(layer.shape)}, 0 .. {layer.w_max}"
        raise InvalidInput("weights to load", got=got, expected=expected)
    return load


def _parse(lines: list[str], network: FrozenNetwork, samples: int, every: bool) -> Learnt:
    """Return what the lines of the result hold: one for each sample."""
    layer = network.layers[0]
    c, n = layer.shape[:2]
    width, time, who = layer.wres, timing_of(network).time_width, bits(n - 1)
    places = np.argwhere(layer.mask)[::-1]  # the last synapse leaves first
    if len(lines) != samples:
        got = lines[-1] if lines else "nothing"
        raise StepFailed(f"simulation of learning: {got}", got=len(lines), expected=samples)
    weights = np.zeros((samples, *layer.shape), dtype=np.uint8)
    winner, times = np.full((samples, c), -1), np.zeros((samples, c), dtype=np.int64)
    cycles = np.zeros(samples, dtype=np.int64)
    for sample, line in enumerate(lines):
        clocks, *words = line.split()
        if set("".join(words)) - {"0", "1"}:
            raise StepFailed(
                f"simulation of learning: sample {sample}", got=line[:200], expected="0 and 1 only"
            )
        spiked, best, when, *chain = words
        cycles[sample] = int(clocks)
        for column in range(c):
            if spiked[c - 1 - column] == "1":
                winner[sample, column] = int(_field(best, column, who), 2)
                times[sample, column] = int(_field(when, column, time), 2)
        values = [int(word, 2) for word in chain]
        assert all(len(word) == width for word in chain)
        if values:
            weights[sample][tuple(places.T)] = values
    if not every:
        weights = weights[-1:]
    return Learnt(Outputs.from_winners(winner, times, n), weights, cycles)


def _field(digits: str, index: int, width: int) -> str:
    end = len(digits) - index * width
    return digits[end - width : end]


def bench(
    network: FrozenNetwork, places: int, draws: Drawn = NOTHING, vcd: Path | None = None
) -> str:
    """Return the test bench; `places` is the number of weights in the chain."""
    layer, timing = network.layers[0], timing_of(network)
    c, n, p = layer.shape[0], layer.shape[1], layer.shape[4]
    levels = network.proximal_lines
    return BENCH.format(
        top=network.name, inputs=network.inputs, row=network.inputs + levels, wres=layer.wres,
        places=places, columns=c,
        who=c * bits(n - 1), time=c * timing.time_width, limit=timing.cycles_worst + p + 9,
        declared=(f"  reg [{levels}-1:0] proximal;\n" if levels else "") + draws.declared,
        port=(".proximal(proximal), " if levels else "") + draws.pins, drawn=draws.read,
        opened=OPEN_DRAWS if draws.read else "",
        dump="" if vcd is None else DUMP.format(vcd=vcd.resolve()),
        dump_on="" if vcd is None else "        $dumpon;\n",
        dump_off="" if vcd is None else "        $dumpoff;\n",
        levels=LEVELS.format(levels=levels, inputs=network.inputs) if levels else "",
    )  # fmt: skip


DUMP = """\
    $dumpfile("{vcd}");
    $dumpvars(1, dut);
    if (load_at == 0) $dumpoff;
"""

OPEN_DRAWS = """\
    got = $value$plusargs("draws=%s", path); drawn = $fopen(path, "rb");
"""

LEVELS = """\
      for (line = 0; line < {levels}; line = line + 1)
        proximal[line] = row[{inputs} + line] != 0;
"""

BENCH = """\
// Test bench of {top}: +stimulus=FILE +result=FILE +load=FILE [+load_at=SAMPLE] [+read_at=SAMPLE]
`timescale 1ns/1ps
module testbench;
  reg clk, rst, start, learn, scan;
  reg [{inputs}-1:0] x;
  reg [{wres}-1:0] scan_in;
  wire done;
  wire [{wres}-1:0] scan_out;
  wire [{columns}-1:0] spiked;
  wire [{who}-1:0] winner;
  wire [{time}-1:0] spike_time;
{declared}  reg [7:0] row [0:{row}];
  reg [7:0] weight [0:{places}-1];
  reg [8*1024-1:0] path;
  integer stimulus, result, loaded, got, cycles, line, place, sample, load_at, read_at;

  {top} dut (.clk(clk), .rst(rst), .start(start), .x(x), .learn(learn), .scan(scan),
      {port}.scan_in(scan_in), .done(done), .winner(winner), .spiked(spiked),
      .spike_time(spike_time), .scan_out(scan_out));

  always #5 clk = ~clk;

  // Signals change at the falling edge, half a clock away from where they are sampled.
  initial begin
    clk = 1'b0; rst = 1'b1; start = 1'b0; learn = 1'b0; scan = 1'b0;
    x = {{{inputs}{{1'b0}}}}; scan_in = {{{wres}{{1'b0}}}};
    got = $value$plusargs("stimulus=%s", path); stimulus = $fopen(path, "rb");
    got = $value$plusargs("load=%s", path); loaded = $fopen(path, "rb");
    got = $value$plusargs("result=%s", path); result = $fopen(path, "w");
{opened}    got = $fread(weight, loaded);
    @(negedge clk); @(negedge clk);
    rst = 1'b0;
    if (!$value$plusargs("load_at=%d", load_at)) load_at = -1;
    if (!$value$plusargs("read_at=%d", read_at)) read_at = 0;
{dump}    sample = 0;
    got = $fread(row, stimulus);
    while (got == {row} + 1) begin
      if (sample == load_at) begin
        scan = 1'b1;
        for (place = 0; place < {places}; place = place + 1) begin
          scan_in = weight[place][{wres}-1:0];
          @(negedge clk);
        end
        scan = 1'b0;
{dump_on}      end
      sample = sample + 1;
      start = 1'b1;
      learn = row[{row}][0];
{levels}{drawn}      @(negedge clk);
      start = 1'b0;
      cycles = 0;
      for (line = 0; line < {inputs}; line = line + 1) x[line] = row[line] == 0;
      while (done !== 1'b1 && cycles < {limit}) begin
        @(negedge clk);
        cycles = cycles + 1;
        for (line = 0; line < {inputs}; line = line + 1) x[line] = row[line] == cycles;
      end
      x = {{{inputs}{{1'b0}}}};
      if (done !== 1'b1) begin
        $fwrite(result, "hangs\\n");
        $finish;
      end
      $fwrite(result, "%0d %b %b %b", cycles, spiked, winner, spike_time);
      if (sample >= read_at) begin
{dump_off}        scan = 1'b1;
        for (place = 0; place < {places}; place = place + 1) begin
          scan_in = scan_out;
          $fwrite(result, " %b", scan_out);
          @(negedge clk);
        end
        scan = 1'b0;
      end
      $fwrite(result, "\\n");
      got = $fread(row, stimulus);
    end
    $fclose(result);
    $finish;
  end
endmodule
"""
