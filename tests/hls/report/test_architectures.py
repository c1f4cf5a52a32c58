"""One network in several architectures: measured once, shown as a table and a plot."""

import json

import pytest

from hls.ir import save
from hls.ir.stimulus import write_stimulus
from hls.report.architectures import as_markdown, as_text, compare_architectures, draw
from hls.report.rivals import RTL, Rival
from hls.step import step_dir
from neutnn_pl.cli import main
from neutnn_pl.smoke import tiny

ROWS = [
    Rival(RTL, cells=431, flip_flops=99, area_um2=852.3, clocks=11.6, clock_ns=1.47,
          latency_ns=17.1, power_uw=600.0, energy_pj=10.2, samples=175, mismatches=0),
    Rival("rolled", 2.0, 7732, 1929, 18668.1, 1120, 192, 867.4, 2.93, 2543.0, 5000.0, 12715.0, 175,
          0),
    Rival("stream", reason="Bambu failed: got exit code 3"),
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = tmp_path_factory.mktemp("rivals") / "run"
    network, x, y = tiny()
    save(network, run / "frozen")
    write_stimulus(step_dir(run, "freeze"), network, x, y)
    return run


def test_without_bambu_the_rtl_is_measured_and_the_others_say_why(run, monkeypatch, capsys):
    monkeypatch.setenv("BAMBU_EXE", "/nowhere/bambu")
    words = ["compare", str(run), "--architectures", "rolled,stream", "--pdk", "osu018"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "rolled : Bambu is not installed (get an AppImage from" in out
    place = run / "architectures" / "osu018"
    found = json.loads((place / "architectures.json").read_text())
    rtl = found["rows"][0]
    assert (rtl["name"], rtl["samples"], rtl["mismatches"]) == (RTL, 40, 0)
    assert rtl["latency_ns"] == pytest.approx(rtl["clocks"] * rtl["clock_ns"], abs=1e-3)
    assert rtl["energy_pj"] > 0
    assert (place / "architectures.png").stat().st_size > 1000
    assert (place / "architectures.md").read_text() == as_markdown(found)
    before = (place / "rtl" / "measured.json").stat().st_mtime_ns
    again = compare_architectures(run, [], pdk="osu018")
    assert again["rows"] == [rtl]
    assert (place / "rtl" / "measured.json").stat().st_mtime_ns == before
    fewer = compare_architectures(run, [], pdk="osu018", samples=5)
    assert fewer["rows"][0]["samples"] == 5


def test_the_table_has_an_architecture_a_column_and_failures_below(tmp_path):
    document = {"pdk": "nangate45", "clock_ns": 2.0, "network_sha256": "0" * 64,
                "rows": [vars(row) for row in ROWS]}  # fmt: skip
    lines = as_text(document).splitlines()
    assert lines[0].split() == ["architecture", "direct", "RTL", "rolled", "(planned", "for", "2",
                                "ns)"]  # fmt: skip
    assert lines[-1] == "  stream : Bambu failed: got exit code 3"
    assert "0 in 175 samples" in lines[-2]
    assert "| stream | Bambu failed: got exit code 3 |" in as_markdown(document)
    draw(ROWS, "net", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"


def test_wrong_words(run, tmp_path, capsys):
    assert main(["compare", str(run), str(run), "--architectures"]) == 2
    assert "compare --architectures: got 2 runs; expected one" in capsys.readouterr().err
    assert main(["compare", str(run), "--architectures", "roled"]) == 2
    assert "architecture: got 'roled'; expected rolled, bitplane" in capsys.readouterr().err
    assert main(["compare", str(tmp_path), "--architectures"]) == 2
    assert "Run 'neutnn flow' first" in capsys.readouterr().err
