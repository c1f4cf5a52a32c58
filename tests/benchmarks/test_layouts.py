"""The table after routing is measured row by row, and goes on from what it has."""

import json
import sys
from types import SimpleNamespace

import pytest

from benchmarks import layouts, power_check
from hls.layout.openroad import OPENROAD
from hls.layout.sta import OPENSTA
from hls.sim import IVERILOG
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from tests.hls.layout.test_power import LIBERTY, MODULE, VCD

FIGURES = {
    "pdk": "osu018", "clock_ns": 2.0, "cells": 1234, "cell_area_um2": 1165.4,
    "die_area_um2": 2469.0, "utilisation_percent": 61.2, "wire_length_um": 5413.0,
    "slack_ns": 0.102, "hold_slack_ns": 0.087, "router_violations": 0, "samples_compared": 24,
    "power_uw": 964.0, "power_parts_uw": {"clock": 482.0}, "energy_per_inference_pj": 13.7,
    "energy_with_glitches_pj": 18.6,
}  # fmt: skip


def table(capsys, monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["layouts.py", *options])
    layouts.main()
    lines = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_a_row_is_kept_and_another_clock_is_another_row(tmp_path, capsys, monkeypatch):
    asked = []

    def stand_in(design, pdk, clock_ns, density, out):
        asked.append((design.name, pdk, clock_ns, density))
        return SimpleNamespace(metrics=lambda: FIGURES | {"clock_ns": clock_ns})

    monkeypatch.setattr(layouts, "laid_out", stand_in)
    common = ("--only", "place_cells", "--pdk", "nangate45", "--cache", str(tmp_path))
    first = table(capsys, monkeypatch, *common)
    assert table(capsys, monkeypatch, *common) == first
    slower = table(capsys, monkeypatch, *common, "--clock-ns", "4")
    name = "place cells 4x3x4x20"
    assert asked == [(name, "nangate45", 2.0, 0.6), (name, "nangate45", 4.0, 0.6)]
    assert len(first) == 1
    figures = dict(zip(layouts.HEAD, first[0], strict=True))
    assert figures["synapses"] == "960"
    assert figures["cells um2"] == "1,165"
    assert figures["samples, mismatches"] == "24, 0"
    assert figures["of it clock"] == "50%"
    assert dict(zip(layouts.HEAD, slower[0], strict=True))["clock ns"] == "4"


@pytest.mark.skipif(
    OPENROAD.find() is None or OPENSTA.find() is None or IVERILOG.find() is None,
    reason="OpenROAD, OpenSTA or Icarus is missing",
)
def test_a_column_for_real(tmp_path, capsys, monkeypatch):
    options = ("--only", "MNIST", "--pdk", "nangate45", "--cache", str(tmp_path))
    (row,) = table(capsys, monkeypatch, *options)
    figures = dict(zip(layouts.HEAD, row, strict=True))
    assert (figures["violations"], figures["samples, mismatches"]) == ("0", "24, 0")
    assert float(figures["slack ns"]) >= 0
    assert float(figures["with glitches"]) > float(figures["pJ / inference"])

    monkeypatch.setattr(sys, "argv", ["power_check.py", "--cache", str(tmp_path)])
    power_check.main()
    (line,) = capsys.readouterr().out.splitlines()[2:]
    ours, theirs, *ratios = line.split("|")[3:-1]
    assert [float(r) for r in ratios[:2]] == pytest.approx([1, 1], abs=0.02)  # not flip-flops
    assert 1 < float(ours) / float(theirs) < 1.3


def test_rates_that_openroad_is_given(tmp_path):
    (tmp_path / "t.lib").write_text(LIBERTY)
    (tmp_path / "n.json").write_text(json.dumps({"modules": {"dut": MODULE}}))
    (tmp_path / "a.vcd").write_text(VCD)
    netlist, library = read_netlist(tmp_path / "n.json"), read_liberty([tmp_path / "t.lib"])
    assert list(power_check.rates(netlist, library, tmp_path / "a.vcd")) == [
        "set_power_activity -pins [get_pins {f/Q}] -activity 1.000000 -duty 0.5",
        "set_power_activity -pins [get_pins {g/Y}] -activity 1.000000 -duty 0.5",
    ]
    assert power_check.escaped(r"a[3].b") == r"{a\[3\].b}"
