"""The OpenROAD driver: its script, a stand-in for the program, and the program where it is."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from hls.errors import InvalidInput, StepFailed, ToolMissing, Unsupported
from hls.flow import Flow
from hls.ir import FrozenLayer, FrozenNetwork
from hls.layout.flow import make_layout
from hls.layout.lef import read_lef
from hls.layout.openroad import OPENROAD, place_and_route, spef_caps_ff
from hls.layout.openroad_tcl import STAGES, Job, script
from hls.pdk import PDKS
from hls.synth.liberty import read_liberty

ADVANCED = sorted(set(PDKS) - {"osu018", "osu035"})

DEF = """VERSION 5.8 ;
DESIGN col8x2 ;
UNITS DISTANCE MICRONS 2000 ;
DIEAREA ( 0 0 ) ( 40000 30000 ) ;
ROW ROW_0 {site} 2000 2000 N DO 50 BY 1 STEP 380 0 ;
ROW ROW_1 {site} 2000 4800 FS DO 50 BY 1 STEP 380 0 ;
COMPONENTS 3 ;
    - _1_ INV_X1 + PLACED ( 2000 2000 ) N ;
    - _2_ DFF_X1 + PLACED ( 4000 2000 ) N ;
    - FILLER_0 FILLCELL_X1 + PLACED ( 9000 2000 ) N ;
END COMPONENTS
SPECIALNETS 1 ;
    - VDD ( * VDD ) + USE POWER
      + ROUTED metal1 340 + SHAPE FOLLOWPIN ( 2000 2000 ) ( 21000 2000 ) ;
END SPECIALNETS
NETS 1 ;
    - a ( _1_ ZN ) ( _2_ D ) + USE SIGNAL
      + ROUTED metal2 ( 2000 2000 ) ( * 6000 ) via2_5
      NEW metal3 ( 2000 6000 0 ) ( 12000 * 0 ) RECT ( -70 -70 70 70 ) ;
END NETS
END DESIGN
"""

FAKE = """#!/bin/sh
if [ "$1" = -version ]; then echo "v2.0-99 test"; exit 0; fi
cp {folder}/layout.def {folder}/layout.v .
touch drc.rpt
case "$PWD" in
*_finish) cat <<'END'
{output}
END
;;
*) echo 'neutnn: end 1' ;;
esac
"""

OUTPUT = """   0.10   0.20 ^ _1_/ZN (INV_X1)
neutnn: violations 3
neutnn: slack 0.5
neutnn-note: extraction: skipped (invalid command name)
neutnn: end 1"""


def text_of(name, library, tmp_path, stages=STAGES, **how):
    pdk = library(name)
    lef = read_lef(pdk.tech_lef, pdk.cell_lef, site=pdk.site)
    cells = read_liberty(pdk.liberty)
    job = Job(tmp_path / "n.v", "col8x2", clock_ns=2.0, **how)
    return "".join(script(stage, job, pdk, lef, cells, pdk.liberty) for stage in stages)


@pytest.mark.parametrize("name", ADVANCED)
def test_the_script_has_every_stage_in_order(library, name, tmp_path):
    text = text_of(name, library, tmp_path)
    commands = [
        "read_lef", "read_liberty", "read_verilog", "link_design", "create_clock",
        "initialize_floorplan", "make_tracks", "tapcell", "pdngen", "place_pins",
        "global_placement", "detailed_placement", "clock_tree_synthesis", "repair_timing -setup",
        "check_placement", "global_route", "detailed_route", "filler_placement", "check_power_grid",
        "write_sdf", "write_def", "write_verilog",
    ]  # fmt: skip
    positions = [text.index(command) for command in commands]
    assert positions == sorted(positions)
    pdk = library(name)
    assert text.index(str(pdk.tech_lef)) < text.index(str(pdk.cell_lef))
    assert ("extract_parasitics" in text) == (pdk.rcx_rules is not None)
    assert text.count("{") == text.count("}")
    assert text.count("[") == text.count("]")


def test_antennas_are_repaired_where_the_library_has_diodes(library, tmp_path):
    text = text_of("sky130hd", library, tmp_path, stages=["route"])
    after = text[text.index("detailed_route") :]
    assert after.index("check_antennas") < after.index("repair_antennas sky130_fd_sc_hd__diode_2")
    assert after.index("repair_antennas") < after.index("filler_placement")
    assert "antennas" not in text_of("nangate45", library, tmp_path, stages=["route"])


def test_density_has_one_default(library, tmp_path):
    assert "-utilization 60 " in text_of("nangate45", library, tmp_path)


def test_periods_are_in_the_librarys_unit(library, tmp_path):
    assert "-period 2 " in text_of("nangate45", library, tmp_path)
    assert "-period 2000 " in text_of("asap7", library, tmp_path)


def test_wires_before_routing_have_resistance_and_capacitance(library, tmp_path):
    text = text_of("nangate45", library, tmp_path)
    values = re.search(r"set_layer_rc -layer metal1 -resistance (\S+) -capacitance (\S+)", text)
    assert float(values.group(1)) == pytest.approx(0.38 / 0.07 / 1000, rel=1e-3)
    assert float(values.group(2)) == pytest.approx(
        (0.07 * 7.7161e-05 + 2 * 2.7365e-05) * 1000, rel=1e-3
    )


@pytest.fixture
def stand_in(tmp_path, monkeypatch, small, library):
    """An `openroad` that writes a layout prepared by hand."""
    site = library("nangate45").site
    (tmp_path / "layout.def").write_text(DEF.replace("{site}", site))
    result, _ = small("nangate45")
    (tmp_path / "layout.v").write_text(result.netlist.read_text())

    def make(output):
        path = tmp_path / "openroad"
        path.write_text(FAKE.replace("{folder}", str(tmp_path)).replace("{output}", output))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("OPENROAD_EXE", str(path))
        return result

    return make


def test_results_are_read_from_what_it_writes(stand_in, library, tmp_path):
    result = stand_in(OUTPUT)
    pdk = library("nangate45")
    layout = place_and_route(result.netlist, "col8x2", pdk, tmp_path / "out", clock_ns=2.0)
    assert layout.tool == "openroad v2.0-99"
    assert (layout.die_width_um, layout.die_height_um, layout.die_area_um2) == (20, 15, 300)
    assert layout.cells == 2  # without filler
    assert layout.cell_area_um2 == pytest.approx((0.38 + 3.23) * 1.4)
    assert layout.utilisation_percent == pytest.approx(
        100 * 3.61 * 1.4 / (100 * 0.19 * 1.4), abs=0.01
    )
    assert layout.wire_length_um == 7.0  # 2 + 5, the supply not counted
    assert layout.vias == 1
    assert layout.router_violations == 3
    assert (layout.slack_ns, layout.fastest_clock_ns) == (0.5, 1.5)
    assert layout.critical_path == ["_1_/ZN (INV_X1)"]
    assert layout.notes == ["extraction: skipped (invalid command name)"]
    assert set(p.name for p in (tmp_path / "out").iterdir()) == {
        "layout.def", "layout.v", "layout_netlist.json", "openroad.log",
        "1_floorplan", "2_place", "3_clock_tree", "4_route", "5_finish",
    }  # fmt: skip


def test_an_early_end_is_a_failure(stand_in, library, tmp_path):
    result = stand_in("neutnn: violations 3")
    with pytest.raises(StepFailed, match="OpenROAD failed in stage finish: got an early end"):
        place_and_route(
            result.netlist, "col8x2", library("nangate45"), tmp_path / "out", clock_ns=2.0
        )
    assert not (tmp_path / "out" / "layout.def").exists()


def test_a_stage_that_is_done_is_kept(stand_in, library, tmp_path):
    result, pdk, said = stand_in(OUTPUT), library("nangate45"), []

    def go(clock_ns):
        said.clear()
        place_and_route(
            result.netlist, "col8x2", pdk, tmp_path / "out", clock_ns=clock_ns,
            progress=said.append,
        )  # fmt: skip
        return list(said)

    assert go(2.0) == [f"{stage} (OpenROAD)" for stage in STAGES]
    assert go(2.0) == [f"{stage}: kept (OpenROAD)" for stage in STAGES]
    (tmp_path / "out" / "4_route" / "metrics.json").unlink()
    kept = [f"{stage}: kept (OpenROAD)" for stage in STAGES]
    assert go(2.0) == [*kept[:3], "route (OpenROAD)", kept[4]]
    assert go(1.5) == [f"{stage} (OpenROAD)" for stage in STAGES]


def test_density_and_a_missing_program(small, library, tmp_path, monkeypatch):
    result, pdk = small("nangate45")[0], library("nangate45")
    with pytest.raises(InvalidInput, match=r"layout density: got 0\.95; expected 0\.1 \.\. 0\.9"):
        place_and_route(result.netlist, "col8x2", pdk, tmp_path, clock_ns=1.0, density=0.95)
    monkeypatch.setenv("OPENROAD_EXE", "/nowhere")
    with pytest.raises(ToolMissing, match="or set OPENROAD_EXE to its path"):
        place_and_route(result.netlist, "col8x2", pdk, tmp_path, clock_ns=1.0)


def test_a_library_whose_supply_grid_is_not_known(small, library, tmp_path):
    result, pdk = small("nangate45")[0], replace(library("nangate45"), name="other")
    expected = (
        "layout with OpenROAD: got other, whose supply grid is not known; "
        "expected nangate45, asap7, sky130hd"
    )
    with pytest.raises(Unsupported, match=expected) as caught:
        place_and_route(result.netlist, "col8x2", pdk, tmp_path / "out", clock_ns=1.0)
    assert "Lay it out with qflow, or add its grid to POWER_GRIDS" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_spef_with_a_name_map(tmp_path):
    path = tmp_path / "a.spef"
    path.write_text(
        "*C_UNIT 1 PF\n*NAME_MAP\n*1 clk\n*2 x\\[3\\]\n\n*D_NET *1 0.002\n*END\n*D_NET *2 0.5\n"
    )
    assert spef_caps_ff(path) == {"clk": 2.0, "x[3]": 500.0}


@pytest.mark.skipif(not OPENROAD.find(), reason="OpenROAD is not installed")
@pytest.mark.parametrize("name", ADVANCED)
def test_the_real_program(small, library, name, tmp_path):
    result, _ = small(name)
    layout = make_layout(result.netlist.parent, library(name), tmp_path)
    assert layout.router_violations == 0
    assert layout.slack_ns > 0
    assert layout.hold_slack_ns > 0
    assert layout.antenna_violations in (0, None)
    assert [note for note in layout.notes if "skipped" in note] == []
    assert layout.files["gds"].stat().st_size > 10_000
    assert layout.files["png"].is_file()
    assert "INTERCONNECT" in layout.files["sdf"].read_text()
    assert ("spef" in layout.files) == (library(name).rcx_rules is not None)
    log = (tmp_path / "4_route" / "log.txt").read_text()
    assert log.count("are connected") == 2  # supply and ground reach every cell


@pytest.mark.skipif(not OPENROAD.find(), reason="OpenROAD is not installed")
def test_the_routed_netlist_answers(tmp_path):
    """From a network to its layout: all samples through the routed netlist, and glitches."""
    weights = np.random.default_rng(3).integers(0, 8, (1, 2, 1, 1, 6)).astype(np.uint8)
    layer = FrozenLayer(
        weights, weights > 0, np.full((1, 2), 9, np.int32), np.arange(6, dtype=np.int32)[None],
        horizon=8,
    )  # fmt: skip
    network = FrozenNetwork("col6x2", 6, 3, (layer,))
    flow = Flow(network, run_dir=tmp_path, pdk="nangate45")
    record = flow.run(skip=("bambu", "verify"))["steps"]["layout"]["metrics"]
    assert (record["router_violations"], record["samples_compared"]) == (0, 256)
    assert record["energy_with_glitches_pj"] > record["energy_per_inference_pj"] > 0
    assert "the SDF's cell delays" in record["glitch_method"]


@pytest.mark.skipif(not shutil.which("tclsh"), reason="tclsh is not installed")
@pytest.mark.parametrize("name", ADVANCED)
def test_the_script_is_tcl(library, name, tmp_path):
    """Run through a Tcl shell in which every unknown command succeeds and says nothing."""
    (tmp_path / "run.tcl").write_text(
        "proc unknown args { return {} }\n" + text_of(name, library, tmp_path)
    )
    done = subprocess.run(
        ["tclsh", "run.tcl"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[0] == "neutnn-stage: floorplan"
    assert done.stdout.splitlines()[-1] == "neutnn: end 1"
    assert "skipped" not in done.stdout


@pytest.mark.skipif(not shutil.which("tclsh"), reason="tclsh is not installed")
def test_older_forms_are_tried_and_all_refusals_shown(library, tmp_path):
    text = text_of("nangate45", library, tmp_path)
    old = (
        "proc unknown args { return {} }\n"
        "proc initialize_floorplan args { if {[lsearch $args -site] >= 0} { error {bad -site} } }\n"
        "proc tapcell args { error {no room} }\n"
    )
    (tmp_path / "old.tcl").write_text(old + text)
    done = subprocess.run(["tclsh", "old.tcl"], cwd=tmp_path, capture_output=True, text=True)
    assert "neutnn-note: well taps: skipped (no room)" in done.stdout
    assert "neutnn: end 1" in done.stdout
    (tmp_path / "none.tcl").write_text(
        "proc unknown args { return {} }\nproc initialize_floorplan args { error never }\n" + text
    )
    done = subprocess.run(["tclsh", "none.tcl"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no form of the command works:" in done.stderr
    assert done.stderr.count("-> never") >= 2
