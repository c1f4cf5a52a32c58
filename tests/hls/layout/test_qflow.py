"""The embedded layout flow, on a small column."""

from __future__ import annotations

import json
import re

import pytest

from hls.errors import InvalidInput, StepFailed, ToolMissing
from hls.layout.check import check
from hls.layout.floorplan import DBU, legalise, place_pins, write_def
from hls.layout.flow import choose_tool, make_layout
from hls.layout.graywolf import place
from hls.layout.lef import read_lef
from hls.layout.options import QflowOptions
from hls.layout.qflow import place_and_route
from hls.layout.qrouter import route
from hls.layout.routed import capacitance_ff, measure
from hls.layout.sta import OPENSTA
from hls.synth.netlist import read_netlist
from hls.synth.yosys import synthesise
from tests.hls.layout.conftest import needs_qflow


def test_everything_is_placed_routed_and_measured(laid_out, small):
    layout, stages, out = laid_out
    result, _ = small("osu018")
    assert layout.router_violations == 0
    assert "own check of the routed shapes: 0 open nets, 0 shorts" in layout.notes
    assert layout.cells == result.cells
    assert 70 < layout.utilisation_percent <= 80
    assert layout.die_area_um2 == pytest.approx(layout.die_width_um * layout.die_height_um, abs=0.1)
    assert layout.cell_area_um2 < layout.die_area_um2
    assert layout.wire_length_um > 1000
    assert layout.vias > result.cells
    assert stages[0] == f"placing {result.cells} cells (graywolf)"
    assert sorted(p.name for p in out.iterdir()) == [
        "layout.def", "layout.gds", "layout.json", "layout.png", "layout.rc", "layout.sdf",
        "layout.spef", "layout.v", "log.txt",
    ]  # fmt: skip
    assert json.loads((out / "layout.json").read_text())["router_violations"] == 0


def test_what_cannot_be_given_is_said(laid_out):
    layout, _, _ = laid_out
    notes = "\n".join(layout.notes)
    assert "no clock tree: the clock is one routed net, and timing takes it as ideal" in notes
    assert "no independent design rule check" in notes
    assert "cells are their LEF abstracts (pins and obstructions, no transistors)" in notes


def test_the_def_has_the_netlists_names(laid_out, small):
    layout, _, _ = laid_out
    netlist = read_netlist(small("osu018")[0].netlist_json)
    text = layout.files["def"].read_text()
    placed = dict(re.findall(r"^- (\S+) (\S+) \+ PLACED", text, re.M))
    assert {i.name: i.cell for i in netlist.instances}.items() <= placed.items()
    pins = set(re.findall(r"^- (\S+) \+ NET \S+ \+ DIRECTION", text, re.M))
    assert pins == {name for port in netlist.ports for name, _ in port.bits()}
    nets = text[text.index("\nNETS") : text.index("END NETS")]
    assert set(re.findall(r"^- (\S+)", nets, re.M)) <= set(netlist.names.values())
    assert re.search(r"^SPECIALNETS \d+ ;\n- vdd", text, re.M)


def test_wire_loads_agree_with_the_routers_own(laid_out, small):
    """qrouter counts one edge of each wire, the LEF's formula both: the sum is 1 to 2 times it."""
    layout, _, out = laid_out
    ours = theirs = 0.0
    names = {
        f"n{n}": name for n, name in read_netlist(small("osu018")[0].netlist_json).names.items()
    }
    for line in (out / "layout.rc").read_text().splitlines():
        net, rest = line.split(" ", 1)
        pairs = re.findall(r"\( ([\d.e-]+) ([\d.e-]+) ", rest)
        theirs += sum(float(c) for _, c in pairs) * 1000
        ours += layout.wire_caps_ff[names[net]]
    assert 1.2 < ours / theirs < 2.2


def test_timing_and_power(laid_out):
    layout, _, _ = laid_out
    if OPENSTA.find() is None:
        assert any("no timing" in note for note in layout.notes)
    else:
        assert 0 < layout.fastest_clock_ns < layout.clock_ns
        assert layout.slack_ns == pytest.approx(layout.clock_ns - layout.fastest_clock_ns, abs=1e-3)
        assert len(layout.critical_path) > 3
        assert "no wire resistance" in layout.parasitics
    assert layout.power_uw == pytest.approx(sum(layout.power_parts_uw.values()), rel=1e-6)
    assert layout.energy_per_inference_pj > 0
    assert "10 inferences" in layout.power_method
    assert "no glitches" in layout.power_method


@needs_qflow
def test_the_same_seed_gives_the_same_layout(laid_out, small, library, tmp_path):
    layout, _, _ = laid_out
    again = place_and_route(small("osu018")[0].netlist_json, library("osu018"), tmp_path)
    assert again.files["def"].read_bytes() == layout.files["def"].read_bytes()
    other = QflowOptions(seed=2)
    new = place_and_route(
        small("osu018")[0].netlist_json, library("osu018"), tmp_path, options=other
    )
    assert new.router_violations == 0
    assert new.files["def"].read_bytes() != layout.files["def"].read_bytes()


@needs_qflow
def test_opens_and_shorts_are_found(small, library, tmp_path):
    pdk = library("osu018")
    netlist = read_netlist(small("osu018")[0].netlist_json)
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    options, log = QflowOptions(), tmp_path / "log"
    plan = legalise(place(netlist, lef, options, tmp_path, log), netlist, lef, pdk, 0.7)
    place_pins(plan, netlist, lef, pdk)
    assert route(plan, netlist, lef, pdk, options, tmp_path, log) == []
    text = (tmp_path / "routed.def").read_text()
    good = check(text, plan, netlist, lef, DBU)
    assert (good.opens, good.shorts) == ([], [])
    unrouted = check(write_def(plan, netlist, lef, pdk), plan, netlist, lef, DBU)
    assert len(unrouted.opens) > 50
    lines = text.splitlines()
    wire = next(i for i, ln in enumerate(lines) if re.search(r"NEW metal2 \(.*\( \* ", ln))
    end = ";" if lines[wire].endswith(";") else ""
    cut = "\n".join([*lines[:wire], end, *lines[wire + 1 :]])
    assert len(check(cut, plan, netlist, lef, DBU).opens) == 1
    across = f"  NEW metal2 ( 0 {round(plan.height * 50)} ) ( {round(plan.width * 100)} * )"
    crossed = "\n".join([*lines[: wire + 1], across, *lines[wire + 1 :]])
    assert check(crossed, plan, netlist, lef, DBU).shorts


def test_lengths_vias_and_capacitance_by_hand(library):
    pdk = library("osu018")
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    text = """NETS 1 ;
- n1
  ( i0 A ) ( i1 Y )
+ ROUTED metal1 ( 100 200 ) M2_M1
  NEW metal2 ( 100 200 ) ( * 1200 ) M3_M2
  NEW metal3 ( 100 1200 ) ( 700 * ) ;
END NETS
"""
    wires = measure(text, 100)["n1"]
    assert wires.length_um == {"metal2": 10.0, "metal3": 6.0}
    assert wires.vias == 2
    metal2 = 10.0 * (0.3 * 1.9e-5 + 2 * 6e-5)
    metal3 = 6.0 * (0.3 * 1.3e-5 + 2 * 5.4e-5)
    assert capacitance_ff(wires, lef) == pytest.approx(1000 * (metal2 + metal3))


def test_rows_never_overlap_and_stay_on_sites(small, library):
    pdk = library("osu018")
    netlist = read_netlist(small("osu018")[0].netlist_json)
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    cells = list(range(len(netlist.instances)))
    rows = [[(float(k), i, "N") for k, i in enumerate(cells[r::5])] for r in range(5)]
    plan = legalise(rows, netlist, lef, pdk, 0.6)
    taken = set()
    for index, spot in plan.cells.items():
        start = (spot.x - plan.core[0]) / 0.8
        assert start == pytest.approx(round(start), abs=1e-6)
        width = round(lef.macros[netlist.instances[index].cell].width / 0.8)
        sites = {(spot.y, round(start) + k) for k in range(width)}
        assert not sites & taken
        taken |= sites
    filled = {(f.y, round((f.x - plan.core[0]) / 0.8)) for f in plan.fill}
    assert not filled & taken
    columns = round((plan.core[2] - plan.core[0]) / 0.8)
    assert len(filled) + len(taken) == 5 * columns
    place_pins(plan, netlist, lef, pdk)
    assert len(set(plan.pins.values())) == len(plan.pins)


@needs_qflow
def test_osu035_is_laid_out_as_well(small, library, tmp_path):
    pdk = library("osu035")
    layout = make_layout(small("osu035")[0].netlist.parent, pdk, tmp_path, clock_ns=pdk.clock_ns)
    assert layout.router_violations == 0
    assert "own check of the routed shapes: 0 open nets, 0 shorts" in layout.notes
    assert layout.cell_area_um2 > 3 * small("osu018")[0].area_um2  # (0.35 / 0.18)^2


@needs_qflow
def test_another_library_is_refused(small, library, tmp_path):
    with pytest.raises(InvalidInput) as caught:
        place_and_route(small("osu018")[0].netlist_json, library("nangate45"), tmp_path)
    assert str(caught.value) == (
        "layout with qflow: got the library nangate45; expected osu018 or osu035. "
        "Choose --pdk osu018 or --pdk osu035, or install OpenROAD for this library"
    )


def test_a_missing_tool_says_how_to_install_it(small, library, tmp_path, monkeypatch):
    monkeypatch.setenv("QROUTER_EXE", str(tmp_path / "none"))
    monkeypatch.setenv("GRAYWOLF_EXE", "/bin/true")
    with pytest.raises(ToolMissing) as caught:
        place_and_route(small("osu018")[0].netlist_json, library("osu018"), tmp_path / "out")
    assert str(caught.value) == (
        "qrouter is needed (routing of the embedded layout flow): got "
        f"QROUTER_EXE={tmp_path}/none; expected an executable qrouter. Install it with 'sudo apt "
        "install qrouter', or set QROUTER_EXE to its path"
    )


def fake(tmp_path, name, body):
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@needs_qflow
def test_a_failing_tool_shows_its_last_lines(small, library, tmp_path, monkeypatch):
    monkeypatch.setenv("QROUTER_EXE", fake(tmp_path, "broken", "echo no memory left; exit 3"))
    out = tmp_path / "out"
    with pytest.raises(StepFailed) as caught:
        place_and_route(small("osu018")[0].netlist_json, library("osu018"), out)
    assert str(caught.value) == (
        "broken failed: got exit code 3; expected exit code 0. Its last lines:\n"
        f"    no memory left\nThe whole log: {out}/qflow.log"
    )
    assert [path.name for path in out.iterdir()] == ["qflow.log"]


def test_a_placer_that_places_nothing(small, library, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAYWOLF_EXE", "/bin/true")
    monkeypatch.setenv("QROUTER_EXE", "/bin/true")
    with pytest.raises(StepFailed, match="graywolf failed: got 0 cells placed; expected"):
        place_and_route(small("osu018")[0].netlist_json, library("osu018"), tmp_path)


@needs_qflow
def test_unrouted_nets_are_counted_and_named(small, library, tmp_path, monkeypatch):
    """A router that leaves nets open: more space is tried, then they are violations."""
    body = "cp placed.def routed.def; touch routed.rc; echo 'unrouted: n2 n3'"
    monkeypatch.setenv("QROUTER_EXE", fake(tmp_path, "lazy", body))
    said = []
    result = place_and_route(
        small("osu018")[0].netlist_json, library("osu018"), tmp_path / "out", progress=said.append
    )
    assert [line.split(" at ")[1] for line in said[1:]] == [
        "80% (qrouter)", "72% (qrouter)", "65% (qrouter)", "58% (qrouter)",
    ]  # fmt: skip
    assert result.router_violations > 50  # the two, and what our own check found
    assert any(note.startswith("unrouted nets: clk, ") for note in result.notes)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"density": 1.5}, "layout density: got 1.5; expected 0.2 .. 0.95"),
        ({"layers": 2}, "routing layers: got 2; expected 3 .. 6"),
    ],
)
def test_options_are_checked(option, text):
    with pytest.raises(InvalidInput) as caught:
        QflowOptions(**option)
    assert str(caught.value) == text


def test_which_tool(small, library, tmp_path):
    assert choose_tool("auto", "osu018") == "qflow"
    assert choose_tool("auto", "asap7") == "openroad"
    assert choose_tool("openroad", "osu018") == "openroad"
    with pytest.raises(InvalidInput, match="layout tool: got 'innovus'; expected auto, openroad"):
        choose_tool("innovus", "osu018")
    with pytest.raises(InvalidInput, match="clock period: got 0 ns"):
        make_layout(small("osu018")[0].netlist.parent, library("osu018"), tmp_path, clock_ns=0)


@needs_qflow
def test_constants_unused_inputs_and_shared_outputs(library, tmp_path):
    """Constant outputs lie on the supply straps; what nobody uses gets a pin and no wire."""
    pytest.importorskip("pyosys")
    source = tmp_path / "odd.v"
    source.write_text(
        "module odd (input clk, input [2:0] a, input unused, output reg q, output b, output one,"
        " output zero, output [1:0] same); always @(posedge clk) q <= a[0] ^ a[1];"
        " assign b = a[2]; assign one = 1; assign zero = 0; assign same = {q, q}; endmodule"
    )
    result = synthesise([source], "odd", library("osu018"), tmp_path / "synth")
    layout = place_and_route(result.netlist_json, library("osu018"), tmp_path / "out")
    assert layout.router_violations == 0
    text = layout.files["def"].read_text()
    places = dict(re.findall(r"^- (\S+) \+ NET (\S+) \+ DIRECTION", text, re.M))
    assert (places["one"], places["zero"], places["unused"]) == ("vdd", "gnd", "unused")
    assert layout.wire_caps_ff["same[0]"] > 0
    assert "unused" not in layout.wire_caps_ff
