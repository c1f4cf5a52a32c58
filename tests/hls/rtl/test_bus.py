"""Circuits behind an APB port give what they give without, and say what they refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hls.ckernel.build import GCC
from hls.errors import StepFailed
from hls.ir import FrozenNetwork, compare, save
from hls.ir.stimulus import random_stimulus
from hls.rtl import VERILATOR, RtlStep, generate
from hls.rtl.bus import generate_bus, register_map
from hls.rtl.generate import RtlDesign
from hls.rtl.learning import generate_learning
from hls.rtl.ports import ports_of
from hls.rtl.step import lint
from hls.sim import IVERILOG, VVP, simulate
from hls.sim.bus import bench, simulate_bus
from hls.sim.learning import simulate_learning
from hls.step import execute
from hls.tool import run
from tests.hls.ir.networks import plain
from tests.hls.rtl import test_learning as learning
from tests.hls.sim.oracle import oracle, random_network, whole_network

needs_icarus = pytest.mark.skipif(
    IVERILOG.find() is None or VVP.find() is None, reason="Icarus Verilog is missing"
)
needs_verilator = pytest.mark.skipif(VERILATOR.find() is None, reason="Verilator is missing")


def files(network: FrozenNetwork, design: RtlDesign, path: Path):
    """Write circuit and wrapper; return the files, the wrapper's first, and its registers."""
    bus = generate_bus(network, design)
    (path / f"{bus.name}.v").write_text(bus.text)
    (path / f"{design.name}.v").write_text(design.text)
    return [path / f"{bus.name}.v", path / f"{design.name}.v"], bus.registers


@needs_icarus
@pytest.mark.parametrize("seed", range(8))
def test_whole_networks_over_the_bus(seed: int, tmp_path: Path) -> None:
    network = whole_network(seed, saturate=False)
    sources, registers = files(network, generate(network), tmp_path)
    x, proximal = random_stimulus(network, 25)
    found = simulate_bus(sources, network, registers, x, proximal, workdir=tmp_path / "bus")
    assert compare("bus", oracle(network, x, proximal), found.outputs) == 25
    bare = simulate(sources[1:], network.name, network, x, proximal, workdir=tmp_path / "bare")
    assert found.cycles.tolist() == bare.cycles.tolist()


@needs_verilator
@pytest.mark.parametrize("seed", range(4))
def test_lint_finds_nothing(seed: int, tmp_path: Path) -> None:
    network = whole_network(seed, saturate=False)
    (wrapper, _), _ = files(network, generate(network), tmp_path)
    lint(wrapper, f"{network.name}_bus", tmp_path / "log.txt", network.name)
    assert all(len(line) <= 100 for line in wrapper.read_text().splitlines())


@needs_verilator
def test_many_lines_in_verilator(tmp_path: Path) -> None:
    network = random_network(3, inputs=65, n=2, tie="index")
    sources, registers = files(network, generate(network), tmp_path)
    x, _ = random_stimulus(network, 300)
    found = simulate_bus(
        sources, network, registers, x, simulator="verilator", workdir=tmp_path / "bus"
    )
    assert compare("bus", oracle(network, x), found.outputs) == 300


@needs_icarus
def test_learning_over_the_bus(tmp_path: Path) -> None:
    _, frozen = learning.network()
    sources, registers = files(frozen, generate_learning(frozen), tmp_path)
    x = learning.spikes(40, 5)
    places = int(frozen.layers[0].mask.sum())
    found = simulate_bus(
        sources, frozen, registers, x, learn=True, places=places, workdir=tmp_path / "bus"
    )
    bare = simulate_learning(sources[1:], frozen, x, workdir=tmp_path / "bare")
    assert compare("bus", bare.outputs, found.outputs) == 40
    mask = frozen.layers[0].mask[:, :, 0, 0]
    chain = np.stack([w.reshape(mask.shape)[mask][::-1] for w in bare.weights])
    assert (found.weights == chain).all()
    assert (chain[0] != chain[-1]).any()


SPEAK = """\
`timescale 1ns/1ps
module testbench;
  reg pclk = 0, presetn = 0, psel = 0, penable = 0, pwrite = 0;
  reg [{bits}-1:0] paddr = 0;
  reg [31:0] pwdata = 0;
  wire [31:0] prdata;
  wire pready, pslverr, irq;
  {top} dut (.pclk(pclk), .presetn(presetn), .psel(psel), .penable(penable), .pwrite(pwrite),
      .paddr(paddr), .pwdata(pwdata), .prdata(prdata), .pready(pready), .pslverr(pslverr),
      .irq(irq));
  always #5 pclk = ~pclk;
  task transfer(input write, input integer at, input [31:0] value);
    begin
      psel = 1; penable = 0; pwrite = write; paddr = at; pwdata = value;
      @(negedge pclk) penable = 1;
      #1 $display("%s %0d %b %0d %b", write ? "W" : "R", at, pslverr, prdata, irq);
      @(negedge pclk) psel = 0; penable = 0;
    end
  endtask
  initial begin
    @(negedge pclk); @(negedge pclk) presetn = 1;
{body}    $finish;
  end
endmodule
"""


def speak(network: FrozenNetwork, path: Path, body: str) -> list[list[str]]:
    """Return what a few transfers answer: kind, offset, pslverr, prdata, irq."""
    sources, registers = files(network, generate(network), path)
    text = SPEAK.format(top=f"{network.name}_bus", bits=registers.address_bits, body=body)
    (path / "testbench.v").write_text(text)
    log = path / "log.txt"
    command = [IVERILOG.require(), "-g2005", "-s", "testbench", "-o", path / "t.vvp"]
    run([*command, path / "testbench.v", *sources], cwd=path, log=log)
    run([VVP.require(), "-n", path / "t.vvp"], cwd=path, log=log)
    found = re.findall(r"^(R|W) +(\d+) (\S) +(\d+) (\S)$", log.read_text(), re.MULTILINE)
    assert found
    return [list(row) for row in found]


@needs_icarus
def test_transfers_that_are_refused(tmp_path: Path) -> None:
    network = plain()
    registers = register_map(network, ports_of(network))
    at = {r.name: r.offset for r in registers.registers}
    body = f"""\
    transfer(0, {at["ID"]}, 0);
    transfer(1, {at["ID"]}, 5);
    transfer(0, {at["X"]}, 0);
    transfer(0, {2**registers.address_bits - 4}, 0);
    transfer(1, {at["X"]}, 32'hffffff00);
    transfer(1, {at["X"] + 4}, 32'hffffffff);
    transfer(1, {at["CONTROL"]}, 1);
    transfer(1, {at["X"]}, 32'h00000000);
    transfer(0, {at["STATUS"]}, 0);
    repeat (30) @(negedge pclk);
    transfer(0, {at["STATUS"]}, 0);
    transfer(0, {at["CYCLES"]}, 0);
    transfer(0, {at["CONTROL"]}, 0);
    transfer(1, {at["CONTROL"]}, 4);
    transfer(0, {at["CONTROL"]}, 0);
    transfer(1, {at["CONTROL"]}, 1);
    transfer(1, {at["CONTROL"]}, 8);
    transfer(0, {at["STATUS"]}, 0);
"""
    rows = speak(network, tmp_path, body)
    assert "".join(row[2] for row in rows) == "01110001" + 9 * "0"
    assert int(rows[0][3]) == 0x4E544E4E
    assert int(rows[8][3]) == 2  # busy
    assert int(rows[9][3]) == 1  # done
    # The write that came late changed nothing: only line 0 spiked.
    alone = np.full((1, 5), 255, dtype=np.uint8)
    alone[0, 0] = 0
    (source := tmp_path / "bare.v").write_text(generate(network).text)
    bare = simulate([source], network.name, network, alone, workdir=tmp_path / "bare")
    assert int(rows[10][3]) == bare.cycles[0]
    assert [int(rows[i][3]) for i in (11, 13)] == [0, 4]
    assert [rows[i][4] for i in (11, 13)] == ["0", "1"]  # irq, once enabled
    assert int(rows[16][3]) == 0  # dropped


@needs_icarus
def test_a_fault_of_one_line_is_seen(tmp_path: Path) -> None:
    network = random_network(1, inputs=12, n=3, tie="index")
    sources, registers = files(network, generate(network), tmp_path)
    text = sources[0].read_text()
    assert "pwdata[15:8]" in text
    sources[0].write_text(text.replace("pwdata[15:8]", "pwdata[23:16]", 1))
    x, _ = random_stimulus(network, 60)
    found = simulate_bus(sources, network, registers, x, workdir=tmp_path / "bus")
    assert (found.outputs.y != oracle(network, x).y).any()


@needs_icarus
def test_a_wrong_network_is_told(tmp_path: Path) -> None:
    network, other = (random_network(seed, inputs=6, n=2, tie="index") for seed in (1, 2))
    sources, _ = files(network, generate(network), tmp_path)
    registers = register_map(other, ports_of(other))
    x, _ = random_stimulus(other, 3)
    with pytest.raises(StepFailed, match="wrong HASH at"):
        simulate_bus(sources, other, registers, x, workdir=tmp_path / "bus")


def test_registers_follow_each_other() -> None:
    network = whole_network(2, saturate=False)
    registers = register_map(network, ports_of(network))
    at = 0
    for one in registers.registers:
        assert one.offset == at
        at += 4 * one.words
    assert 2**registers.address_bits >= at > 2 ** (registers.address_bits - 1)
    assert "wrong HASH" in bench(network, registers)


@pytest.mark.skipif(GCC.find() is None, reason="gcc is missing")
def test_the_header_compiles(tmp_path: Path) -> None:
    network = plain()
    registers = register_map(network, ports_of(network))
    (tmp_path / "r.h").write_text(registers.header())
    lines = ['#include "r.h"', '_Static_assert(TINY_5X2_ID == 0u, "");']
    for one in registers.registers:
        lines.append(f'_Static_assert(TINY_5X2_{one.name} == {one.offset}u, "");')
    (tmp_path / "r.c").write_text("\n".join([*lines, ""]))
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-c", "r.c"]
    run([GCC.require(), *strict], cwd=tmp_path, log=tmp_path / "log.txt")


@needs_verilator
def test_the_step_writes_the_wrapper(tmp_path: Path) -> None:
    network = plain()
    save(network, tmp_path / "frozen")
    execute(RtlStep(bus="apb"), tmp_path, lambda text, share=None: None)
    made = tmp_path / "steps" / "rtl"
    assert f"module {network.name}_bus" in (made / f"{network.name}_bus.v").read_text()
    document = json.loads((made / "registers.json").read_text())
    assert [r["name"] for r in document["registers"]][:3] == ["ID", "HASH", "CONTROL"]
    assert (made / f"{network.name}_registers.h").read_text().startswith("/* Register map")
