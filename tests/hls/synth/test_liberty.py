"""The Liberty reader."""

from __future__ import annotations

import gzip

import pytest

from hls.errors import InvalidInput
from hls.pdk import PDKS
from hls.synth.liberty import ClockGate, Table, read_liberty
from hls.synth.yosys import gate_model

TEXT = """
/* a comment with cell (NOT_ME) { in it */
library (tiny) {
  time_unit : "1ps"; capacitive_load_unit (1, ff); leakage_power_unit : "1nW";
  voltage_unit : "1V"; nom_voltage : 2.0;
  power_lut_template (e2) { variable_1 : total_output_net_capacitance;
    variable_2 : input_transition_time; index_1 ("0, 10"); index_2 ("0, 100"); }
  cell (INV) {
    area : 2.5;
    leakage_power () { when : "A"; value : 1; }
    leakage_power () { when : "!A"; value : 3; }
    pin (A) { direction : input; capacitance : 4; }
    pin (Y) { direction : output; function : "(!A)";
      internal_power () { related_pin : "A";
        rise_power (e2) { values ("1, 2", \\
                                  "3, 4"); }
        fall_power (scalar) { values ("5"); } } }
  }
  cell ("DFF") { area : 9; ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; }
    pin ("C") { direction : input; clock : true; capacitance : 1; }
    pin ("D") { direction : input; capacitance : 1; }
    pin ("Q") { direction : output; function : "IQ"; } }
}
"""


GATE = """
library (gates) {
  cell (ICG) { area : 3; clock_gating_integrated_cell : latch_posedge_precontrol;
    pin (M) { direction : internal; }
    pin (CK) { direction : input; clock_gate_clock_pin : true; }
    pin (EN) { direction : input; clock_gate_enable_pin : true; }
    pin (SE) { direction : input; clock_gate_test_pin : true; }
    pin (GCK) { direction : output; clock_gate_out_pin : true; } }
  cell (LOW) { area : 3; clock_gating_integrated_cell : "latch_negedge";
    pin (CK) { direction : input; clock_gate_clock_pin : true; }
    pin (EN) { direction : input; clock_gate_enable_pin : true; }
    pin (GCK) { direction : output; clock_gate_out_pin : true; } }
}
"""


def test_clock_gates_and_their_models(tmp_path):
    (tmp_path / "gates.lib").write_text(GATE)
    cells = read_liberty([tmp_path / "gates.lib"])
    gate = cells["ICG"].gate
    assert gate == ClockGate("CK", "EN", ("SE",), "GCK")
    assert cells["LOW"].gate is None  # for flip-flops of the falling edge
    model = gate_model("ICG", gate)
    assert "module ICG(CK, EN, SE, GCK);" in model
    assert "if (!CK) open = EN | SE;" in model
    assert "assign GCK = CK & open;" in model


@pytest.fixture
def tiny(tmp_path):
    (tmp_path / "tiny.lib").write_text(TEXT)
    return read_liberty([tmp_path / "tiny.lib"])


def test_units_and_cells(tiny):
    assert tiny.names == ("INV", "DFF")
    assert (tiny.time_ns, tiny.cap_ff, tiny.energy_pj, tiny.leakage_uw) == (1e-3, 1.0, 1e-3, 1e-3)
    assert tiny.volts == 2.0
    inverter = tiny["INV"]
    assert (inverter.area, inverter.leakage, inverter.sequential) == (2.5, 2.0, None)
    assert inverter.pins["A"].capacitance == 4
    assert inverter.pins["Y"].function == "(!A)"
    assert tiny["DFF"].sequential == "ff"
    assert tiny["DFF"].pins["C"].clock
    assert tiny["DFF"].leakage is None


def test_tables_interpolate_and_hold_their_edges(tiny):
    ((cause, rise, fall),) = tiny["INV"].pins["Y"].power
    assert cause == "A"
    assert rise.at(slew=0, load=0) == 1
    assert rise.at(slew=100, load=10) == 4
    assert rise.at(slew=50, load=0) == 1.5
    assert rise.at(slew=0, load=5) == 2
    assert rise.at(slew=1e9, load=1e9) == 4
    assert rise.at(slew=-1, load=-1) == 1
    assert fall.at(slew=7, load=7) == 5


def test_one_point_per_axis():
    assert Table(("load",), ((1.0,),), (3.0,)).at(0, 5) == 3.0


def test_subset_reads_back(tiny, tmp_path):
    (text,) = tiny.subset(["DFF"])
    (tmp_path / "sub.lib").write_text(text)
    again = read_liberty([tmp_path / "sub.lib"])
    assert again.names == ("DFF",)
    assert again["DFF"] == tiny["DFF"]
    assert again.cap_ff == tiny.cap_ff


def test_packed_and_several_files(tmp_path):
    with gzip.open(tmp_path / "a.lib.gz", "wt") as handle:
        handle.write(TEXT)
    (tmp_path / "b.lib").write_text(TEXT.replace("INV", "INV2").replace("DFF", "DFF2"))
    both = read_liberty([tmp_path / "a.lib.gz", tmp_path / "b.lib"])
    assert both.names == ("INV", "DFF", "INV2", "DFF2")


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "x.lib").write_text("hello")
    with pytest.raises(InvalidInput, match=r"x\.lib: got no cells; expected a library with cells"):
        read_liberty([tmp_path / "x.lib"])
    with pytest.raises(InvalidInput, match="No such file"):
        read_liberty([tmp_path / "none.lib"])


@pytest.mark.parametrize("name", sorted(PDKS))
def test_real_libraries_are_read(library, name):
    pdk = library(name)
    cells = read_liberty(pdk.liberty)
    driver = cells[pdk.driver]
    assert cells.volts == pytest.approx(pdk.volts)
    assert (cells.time_ns, cells.cap_ff) == (pdk.time_unit_ns, pdk.cap_unit_ff)
    assert pdk.clock_buffer in cells
    assert driver.area > 0
    assert any(pin.slews for pin in driver.pins.values())
    for tie in (pdk.tie_high, pdk.tie_low):
        assert tie is None or tie[1] in cells[tie[0]].pins
