"""The table of columns that learn in silicon, as far as synthesis, in a library from Debian."""

import sys

import pytest

from benchmarks.learning_silicon import line, main
from hls.errors import ToolMissing
from hls.pdk import find_pdk


def test_rows_of_a_small_column(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pyosys")
    try:
        find_pdk("osu018")
    except ToolMissing as error:
        pytest.skip(str(error))
    argv = ["learning_silicon", "--synthesis", "--shape", "16x4", "--pdk", "osu018"]
    monkeypatch.setattr(sys, "argv", [*argv, "--cache", str(tmp_path)])
    main()
    rows = [row.split(" | ") for row in capsys.readouterr().out.splitlines()[2:]]
    area = {row[0].removeprefix("| 16x4 "): float(row[3].replace(",", "")) for row in rows}
    assert len(area) == 4
    in_turn = area["in turn, draws from ports"]
    assert in_turn < min(area["in turn, register"], area["at once, draws from ports"])
    assert {row[2] for row in rows} == {"280", "304", "275"}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("synthesis.json")}
    main()  # rows that are there are not made again
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("synthesis.json")}
    assert len(before) == 4


def test_a_row_beside_its_peer():
    row = {"shape": "65x2", "name": "in turn", "pdk": "nangate45", "flip_flops": 622}
    row |= {"synthesis_um2": 5633.0, "cell_area_um2": 6690.5, "clock_ns": 2.0, "slack_ns": 0.1}
    row |= {"router_violations": 0, "clocks_a_sample": 75.0, "mismatches": 0, "samples": 27}
    row |= {"learning_uw": 3790.0, "clock_uw": 379.0, "learning_pj": 548.0}
    row |= {"answering_pj": 58.3, "gamma_uw": 170.0}
    cells = line(row).split(" | ")
    assert (cells[5], cells[6]) == ("6,690", "50%")
    assert (cells[11], cells[12], cells[13]) == ("0 of 27", "3.79", "50%")
