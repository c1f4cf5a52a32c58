"""Power against a sum by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hls.errors import InvalidInput
from hls.layout.power import power
from hls.pdk import PDKS
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist

LIBERTY = """
library (tiny) {
  time_unit : "1ns"; capacitive_load_unit (1, pf); leakage_power_unit : "1nW";
  voltage_unit : "1V";
  power_lut_template (e) { variable_1 : total_output_net_capacitance; index_1 ("0, 1"); }
  cell (INV) { area : 1; cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 0.004; }
    pin (Y) { direction : output; function : "!A";
      internal_power () { related_pin : "A";
        rise_power (e) { values ("0.010, 0.030"); }
        fall_power (e) { values ("0.020, 0.040"); } } } }
  cell (DFF) { area : 4; cell_leakage_power : 3;
    ff (I, N) { next_state : "D"; clocked_on : "C"; }
    pin (C) { direction : input; clock : true; capacitance : 0.002;
      internal_power () { rise_power (scalar) { values ("0.003"); }
                          fall_power (scalar) { values ("0.001"); } } }
    pin (D) { direction : input; capacitance : 0.001; }
    pin (Q) { direction : output; function : "I"; } }
}
"""

MODULE = {
    "ports": {
        "clk": {"direction": "input", "bits": [2]},
        "done": {"direction": "output", "bits": [3]},
    },
    "cells": {
        "f": {"type": "DFF", "connections": {"C": [2], "D": [4], "Q": [3]}},
        "g": {"type": "INV", "connections": {"A": [3], "Y": [4]}},
    },
    "netnames": {"clk": {"bits": [2]}, "done": {"bits": [3]}, "next": {"bits": [4]}},
}

VCD = """$scope module dut $end
$var wire 1 ! clk $end
$var wire 1 " done $end
$var wire 1 # next $end
$upscope $end
$enddefinitions $end
#0 0! 0" 1#
#5 1! 1" 0#
#10 0!
#15 1! 0" 1#
#20 0!
#25 1! 1" 0#
#30 0!
#35 1! 0" 1#
#40 0!
"""


@pytest.fixture
def design(tmp_path):
    (tmp_path / "t.lib").write_text(LIBERTY)
    (tmp_path / "n.json").write_text(json.dumps({"modules": {"dut": MODULE}}))
    (tmp_path / "a.vcd").write_text(VCD)
    pdk = replace(PDKS["osu018"], volts=2.0, corner="by hand")
    library, netlist = read_liberty([tmp_path / "t.lib"]), read_netlist(tmp_path / "n.json")
    return netlist, pdk, library, tmp_path / "a.vcd"


def test_by_hand(design):
    found = power(*design, clock_ns=10.0, wire_caps_ff={"done": 6.0, "next": 9.0, "clk": 8.0})
    # clk: 8 toggles, 2 + 8 fF; done: 4 toggles, 4 + 6 fF; next: 4 toggles, 1 + 9 fF; V = 2
    half_cv2 = 0.010 * 2.0**2 / 2  # pJ, each of the three nets has 10 fF
    switching = (4 + 4) * half_cv2
    inverter = 4 * ((0.010 + 0.020 * 0.010) + (0.020 + 0.020 * 0.010)) / 2  # at 0.010 pF
    clock = 8 * half_cv2 + 8 * (0.003 + 0.001) / 2
    leakage_uw = (2 + 3) * 1e-3
    to_uw = 1000 / 40.0  # 4 cycles of 10 ns
    assert found.cycles == 4
    assert found.inferences == 2
    assert found.switching_uw == pytest.approx(switching * to_uw)
    assert found.internal_uw == pytest.approx(inverter * to_uw)
    assert found.clock_uw == pytest.approx(clock * to_uw)
    assert found.leakage_uw == pytest.approx(leakage_uw)
    assert found.groups_uw == pytest.approx(
        {
            "sequential": (4 * half_cv2 + clock - 8 * half_cv2) * to_uw + 3e-3,
            "combinational": (4 * half_cv2 + inverter) * to_uw + 2e-3,
            "clock": 0.0,
            "inputs": 8 * half_cv2 * to_uw,
        }
    )
    total = (switching + inverter + clock) * to_uw + leakage_uw
    assert found.power_uw == pytest.approx(total)
    assert found.energy_per_inference_pj == pytest.approx(total * 40.0 / 1000 / 2)
    assert found.method == (
        "toggle counts of a zero-delay netlist simulation, so no glitches (2 inferences, 4 cycles "
        "at 10 ns); C V^2/2 with pins and routed wires, internal energy and leakage from the "
        "Liberty (by hand)"
    )
    assert found.notes == []


def test_energy_at_every_supply_pin_counts(design):
    """A Liberty may split a transition's energy: some at VDD, some, even less than 0, at VSS."""
    netlist, pdk, _, vcd = design
    whole = power(*design, clock_ns=10.0)
    up = 'rise_power (e) { values ("0.012, 0.032"); }\n fall_power (e) { values ("0.015, 0.035"); }'
    down = 'rise_power (scalar) { values ("-0.002"); }\n fall_power (scalar) { values ("0.005"); }'
    begin, end = LIBERTY.index("internal_power"), LIBERTY.index(" } }\n  cell (DFF)")
    groups = [
        f'internal_power () {{ related_pin : "A"; related_pg_pin : {pin}; {tables} }}'
        for pin, tables in (("VDD", up), ("VSS", down))
    ]
    text = LIBERTY[:begin] + "\n".join(groups) + LIBERTY[end:]
    (vcd.parent / "rails.lib").write_text(text)
    split = power(netlist, pdk, read_liberty([vcd.parent / "rails.lib"]), vcd, clock_ns=10.0)
    assert split.internal_uw == pytest.approx(whole.internal_uw)
    assert split.power_uw == pytest.approx(whole.power_uw)


def test_twice_the_clock_is_twice_the_dynamic_power(design):
    slow, fast = (power(*design, clock_ns=ns) for ns in (10.0, 5.0))
    dynamic = slow.power_uw - slow.leakage_uw
    assert fast.power_uw - fast.leakage_uw == pytest.approx(2 * dynamic)
    assert "pins only (no layout)" in slow.method


def test_what_is_missing_is_said(design, tmp_path):
    _, pdk, _, vcd = design
    module = json.loads(json.dumps(MODULE))
    module["cells"]["h"] = {"type": "DFF", "connections": {"C": [2], "D": [4], "Q": [6]}}
    module["netnames"]["unseen"] = {"bits": [6]}
    (tmp_path / "n.json").write_text(json.dumps({"modules": {"dut": module}}))
    netlist = read_netlist(tmp_path / "n.json")
    text = LIBERTY.replace("cell_leakage_power : 3;", "")
    (tmp_path / "t.lib").write_text(text.replace("internal_power", "other_power"))
    found = power(netlist, pdk, read_liberty([tmp_path / "t.lib"]), vcd, clock_ns=10.0)
    assert found.internal_uw == 0
    assert found.notes == [
        "power: 2 cells have no leakage in the Liberty",
        "power: no internal energy in the Liberty for DFF, INV",
        "power: 1 of 4 nets are not in the VCD",
    ]


def test_buffers_added_by_the_layout_toggle_as_their_input(design, tmp_path):
    """The VCD comes from before the layout; a clock buffer added since counts as clock."""
    _, pdk, library, vcd = design
    module = json.loads(json.dumps(MODULE))
    module["cells"]["b"] = {"type": "INV", "connections": {"A": [2], "Y": [5]}}
    module["cells"]["f"]["connections"]["C"] = [5]
    module["netnames"]["late"] = {"bits": [5]}
    (tmp_path / "late.json").write_text(json.dumps({"modules": {"dut": module}}))
    before = power(*design, clock_ns=10.0)
    after = power(read_netlist(tmp_path / "late.json"), pdk, library, vcd, clock_ns=10.0)
    half_v2 = 2.0**2 / 2 * 1000 / 40.0
    added = 8 * half_v2 * (0.004 + 0.002) - 8 * half_v2 * 0.002  # clk drives the buffer now
    assert after.clock_uw - before.clock_uw == pytest.approx(added)
    assert after.switching_uw == pytest.approx(before.switching_uw)
    assert after.notes == []


def test_a_clock_that_stands_still(design):
    design[3].write_text(VCD.split("#5")[0])
    with pytest.raises(InvalidInput, match="got no rise of clk; expected a running clock"):
        power(*design, clock_ns=10.0)
