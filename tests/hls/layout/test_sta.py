"""Timing with OpenSTA."""

from __future__ import annotations

import pytest

from hls.errors import StepFailed, ToolMissing
from hls.layout.lef import read_lef
from hls.layout.routed import spef
from hls.layout.sta import OPENSTA, _path, _slack, timing
from hls.pdk import PDKS
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist

needs_sta = pytest.mark.skipif(not OPENSTA.find(), reason="OpenSTA is not installed")


def design(small, library, name):
    result, _ = small(name)
    return result.netlist, read_netlist(result.netlist_json), read_liberty(library(name).liberty)


@needs_sta
@pytest.mark.parametrize("name", sorted(PDKS))
def test_slack_follows_the_clock(small, library, name, tmp_path):
    parts = design(small, library, name)
    period = PDKS[name].clock_ns
    one, two = (timing(*parts, tmp_path, clock_ns=n * period) for n in (1, 2))
    assert two.slack_ns == pytest.approx(one.slack_ns + period, rel=1e-3)
    assert two.fastest_clock_ns == pytest.approx(one.fastest_clock_ns, rel=1e-2)
    assert 0 < one.fastest_clock_ns < 20
    assert one.critical_path[-1]
    assert one.parasitics == "none (wires have no capacitance)"
    assert one.hold_slack_ns is not None


@needs_sta
def test_wire_loads_slow_it_down(small, library, tmp_path):
    parts = design(small, library, "osu018")
    heavy = tmp_path / "heavy.spef"
    pdk = library("osu018")
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    heavy.write_text(spef(parts[1], lef, dict.fromkeys(parts[1].names.values(), 500.0)))
    light = timing(*parts, tmp_path, clock_ns=10.0)
    slow = timing(
        *parts, tmp_path, clock_ns=10.0, spef=heavy, parasitics="heavy", sdf=tmp_path / "d.sdf"
    )
    assert slow.notes == []  # every net of the SPEF is known
    assert slow.slack_ns < light.slack_ns - 1
    assert slow.parasitics == "heavy"
    assert '(DATE "-")' in (tmp_path / "d.sdf").read_text()
    assert not list(tmp_path.glob(".work-*"))


@needs_sta
def test_an_error_stops_although_opensta_exits_with_0(small, library, tmp_path):
    _, netlist, cells = design(small, library, "osu018")
    broken = tmp_path / "broken.v"
    broken.write_text("module col8x2 (clk; endmodule\n")
    with pytest.raises(StepFailed, match=r"OpenSTA failed: got Error: .*expected no error"):
        timing(broken, netlist, cells, tmp_path, clock_ns=1.0)


def test_missing(small, library, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENSTA_EXE", "/nowhere")
    with pytest.raises(ToolMissing, match="Install it with 'sudo apt install opensta'"):
        timing(*design(small, library, "osu018"), tmp_path, clock_ns=1.0)


def test_the_worst_of_several_path_groups_counts():
    """Flip-flops with an asynchronous reset have a group of their own, which comes first."""
    path = "Startpoint: {}\nEndpoint: {}\n   0.1 0.1 ^ {}/ZN (INV_X1)\n  {}   slack ({})\n\n"
    text = path.format("reset", "_1_", "_7_", "2.05371", "MET")
    text += path.format("_2_", "_3_", "_8_", "-0.30000", "VIOLATED")
    assert _slack(text, 1.0) == -0.3
    assert _path(text) == ["_2_", "_8_ (INV_X1)", "_3_"]
    assert _slack("No paths found.", 1.0) is None
    assert _path("No paths found.") == []
