"""Weights that move in turn, without a pause between samples, and with clocks that stop."""

import re

import pytest

from hls.errors import ToolMissing
from hls.layout.vcd import read_activity
from hls.pdk import find_pdk
from hls.rtl.learning import LearningOptions, generate_learning
from hls.rtl.step import VERILATOR
from hls.sim.learning import simulate_learning
from hls.sim.simulate import IVERILOG, VVP
from hls.synth.yosys import synthesise
from hls.tool import run
from neutnn_pl import nn
from tests.hls.rtl.learning import circuit, learns, trained
from tests.hls.rtl.test_learning import RULE, network, spikes

needs_icarus = pytest.mark.skipif(IVERILOG.find() is None, reason="iverilog is not installed")
SERIAL = LearningOptions(update="serial")


@needs_icarus
def test_a_fault_of_weights_in_turn_is_seen(tmp_path):
    net, frozen = network()
    x = spikes(60, net.inputs)
    _, weights = trained(net, RULE, x)
    text = circuit(frozen, tmp_path, SERIAL).read_text()
    for old, new in (
        ("index - 3'd1", "index - 3'd1"),
        ("all_came[index]", "all_came[0]"),
        ("index <= 3'd4", "index <= 3'd3"),
        ("came & first", "x & first"),
        ("won & ~early", "won & early"),
        ("turn ? moved", "turn ? scan_in"),
    ):
        assert old in text, old
        (tmp_path / "chip.v").write_text(text.replace(old, new))
        found = simulate_learning(
            [tmp_path / "chip.v"], frozen, x, simulator="icarus", workdir=tmp_path, options=SERIAL
        )
        assert (found.weights == weights).all() == (old == new), old


@needs_icarus
def test_weights_in_turn_take_a_clock_for_each_input(tmp_path):
    net, frozen = network()
    x = spikes(30, net.inputs)
    at_once = learns(frozen, tmp_path / "parallel", x, options=LearningOptions())
    in_turn = learns(frozen, tmp_path / "serial", x, options=SERIAL)
    assert (at_once.weights == in_turn.weights).all()
    # All at once has to wait for a step more where the spike is the last thing to happen.
    assert set((in_turn.cycles - at_once.cycles).tolist()) <= {net.inputs, net.inputs - 1}
    asked = [
        learns(frozen, tmp_path / name, x, options=options, learn=False)
        for name, options in (("parallel", LearningOptions()), ("serial", SERIAL))
    ]
    assert (asked[0].cycles == asked[1].cycles).all()
    for name, options in (("parallel", LearningOptions()), ("serial", SERIAL)):
        design = generate_learning(frozen, options)
        assert {"parallel": at_once, "serial": in_turn}[name].cycles.max() <= design.cycles_worst


@needs_icarus
@pytest.mark.parametrize("update", ["parallel", "serial"])
def test_samples_without_a_pause(update, tmp_path):
    """Nothing is read in between: the next start comes as soon as done is there."""
    net, frozen = network()
    x = spikes(60, net.inputs)
    answers, weights = trained(net, RULE, x)
    vcd = tmp_path / "learning.vcd"
    found = learns(
        frozen, tmp_path, x, options=LearningOptions(update=update, rest=True), every=False, vcd=vcd
    )
    assert (found.outputs.y == answers).all()
    assert (found.weights == weights[-1:]).all()
    activity = read_activity(vcd, {"clk", "done", "winner"})
    assert activity.rises["done", 0] == 60
    assert activity.rises["clk", 0] >= found.cycles.sum()


DROP = """\
`timescale 1ns/1ps
module testbench;
  reg clk = 0, rst = 1, start = 0, learn = 1, scan = 0;
  reg [4:0] x = 0;
  reg [2:0] scan_in = 0;
  wire done;
  wire [2:0] scan_out;
  integer place, round, waited;
  chip dut (.clk(clk), .rst(rst), .start(start), .x(x), .learn(learn), .scan(scan),
      .scan_in(scan_in), .done(done), .winner(), .spiked(), .spike_time(), .scan_out(scan_out));
  always #5 clk = ~clk;
  task read;
    begin
      scan = 1;
      for (place = 0; place < 30; place = place + 1) begin
        scan_in = scan_out;
        $write("%0d ", scan_out);
        @(negedge clk);
      end
      scan = 0;
      $write("\\n");
    end
  endtask
  initial begin
    @(negedge clk); @(negedge clk) rst = 0;
    for (round = 0; round < 2; round = round + 1) begin
      rst = 1; @(negedge clk); rst = 0;
      start = 1; @(negedge clk); start = 0;
      x = 5'b11111; @(negedge clk); x = 0;
      waited = 1;
      while (done !== 1'b1) begin
        start = round == 1 && dut.moving === 1'b1;  // not taken
        @(negedge clk);
        waited = waited + 1;
      end
      start = 0;
      $write("%0d: ", waited);
      read;
    end
    $finish;
  end
endmodule
"""


@needs_icarus
def test_start_is_not_taken_while_weights_go_round(tmp_path):
    _, frozen = network()
    source = circuit(frozen, tmp_path, SERIAL)
    (tmp_path / "testbench.v").write_text(DROP)
    log = tmp_path / "log.txt"
    run([IVERILOG.require(), "-g2005", "-s", "testbench", "-o", tmp_path / "t.vvp", source,
         tmp_path / "testbench.v"], cwd=tmp_path, log=log)  # fmt: skip
    run([VVP.require(), "-n", tmp_path / "t.vvp"], cwd=tmp_path, log=log)
    alone, pushed = re.findall(r"^\d+: .*$", log.read_text(), re.MULTILINE)
    assert alone == pushed
    assert len(alone.split()) == 31


@needs_icarus
@pytest.mark.skipif(VERILATOR.find() is None, reason="verilator is not installed")
@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_netlist_with_clock_gates_learns_the_same(simulator, tmp_path):
    """Gated clocks are stopped, weights loaded through the chain, draws come from outside."""
    pytest.importorskip("pyosys")
    try:
        pdk = find_pdk("nangate45")
    except ToolMissing as error:
        pytest.skip(str(error))
    rule = nn.STDP(**{**vars(RULE), "share": "synapse", "share_f": "neuron"})
    net, frozen = network(rule, columns=1, neurons=2)
    options = LearningOptions(draws="ports", update="serial", reset=False)
    source = circuit(frozen, tmp_path, options)
    gated, plain = (
        synthesise([source], "chip", pdk, tmp_path / name,
                   clock_gates=name == "gated", for_area=True)
        for name in ("gated", "plain")
    )  # fmt: skip
    assert (gated.counts.get("CLKGATE_X1"), plain.counts.get("CLKGATE_X1")) == (1, None)
    assert gated.flip_flops == plain.flip_flops == generate_learning(frozen, options).flip_flops
    assert gated.area_um2 < plain.area_um2
    x = spikes(40, net.inputs)
    found = simulate_learning(
        [gated.netlist, gated.models], frozen, x, simulator=simulator, workdir=tmp_path / "gates",
        options=options,
    )  # fmt: skip
    answers, weights = trained(net, rule, x)
    assert (found.outputs.y == answers).all()
    assert (found.weights == weights).all()
