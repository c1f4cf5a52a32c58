"""Faults in RTL: what they are, and that the ladder's rung catches them."""

from __future__ import annotations

from collections import Counter

import pytest

from hls.formal.columns import answers, column, volleys
from hls.formal.mutate import faults, write
from hls.rtl import generate
from hls.sim.check import caught

SMALL = """
module small(input clk, input clear, input [1:0] x, output reg q, output y);
  wire z = x[0] & ~x[1];
  assign y = z ? x[0] : 1'd0;
  always @(posedge clk) begin
    if (clear) q <= 1'd0;
    else q <= q | z;
  end
endmodule
"""


def test_every_operator_constant_and_register_once():
    every = faults(SMALL)
    found = [fault.what.split(": ")[1] for fault in every]
    assert sorted(found) == sorted(
        [
            "And -> Or",
            "no Unot",
            "Cond swapped",
            "1'd0 -> 1'd1",
            "q is not written",
            "1'd0 -> 1'd1",
            "q is not written",
            "Or -> And",
        ]
    )
    assert len({fault.text for fault in every}) == 8
    assert Counter(f.kind for f in every) == {"operator": 4, "constant": 2, "register": 2}


@pytest.fixture(scope="module")
def design():
    network = column("1-wta", "potential")
    x = volleys(network, 120)
    return network, x, answers(network, x), faults(generate(network).text)


def test_the_design_itself_passes(design, tmp_path):
    network, x, expected, _ = design
    source = tmp_path / "tiny.v"
    source.write_text(generate(network).text)
    assert not caught(source, network, x, expected)


@pytest.mark.parametrize("number", [0, 24, 36, 48])
def test_a_fault_is_caught(number, design, tmp_path):
    network, x, expected, every = design
    assert len(every) > 60
    assert caught(write(every[number], tmp_path / "tiny.v"), network, x, expected)
