"""The step `bambu` and the rungs, with and without Bambu."""

import json

import pytest

import hls
from hls.bambu import BAMBU
from hls.bambu.measure import Budget, Measured
from hls.bambu.rung import why_not
from hls.bambu.step import BambuStep
from hls.ckernel import ARCHITECTURES
from hls.errors import InvalidInput, StepFailed
from hls.flow import HlsOptions
from hls.ir import save
from hls.step import execute, stale_reason, step_dir
from hls.verify import VerifyStep


@pytest.fixture
def run(network, samples, tmp_path):
    run = tmp_path / "run"
    save(network, run / "frozen")
    from hls.ir.stimulus import write_stimulus

    write_stimulus(step_dir(run, "freeze"), network, samples.x, samples.expected.y)
    return run


def test_without_bambu_all_up_to_its_call_is_written(run, monkeypatch):
    monkeypatch.setenv("BAMBU_EXE", "/nowhere/bambu")
    step = BambuStep(HlsOptions(arch="bitplane"), pdk="osu018")
    record = execute(step, run)
    assert record.summary == (
        "not installed (get an AppImage from https://release.bambuhls.eu, or set BAMBU_EXE); "
        "what it would be given: bitplane/command.txt"
    )
    assert record.metrics == {"installed": False, "arch": "bitplane"}
    files = {path.name for path in (step_dir(run, "bambu") / "bitplane").iterdir()}
    assert files == {"smoke.c", "smoke.h", "testbench.c", "command.txt"}
    command = (step_dir(run, "bambu") / "bitplane" / "command.txt").read_text()
    assert command.startswith("bambu smoke.c --top-fname=smoke --generate-interface=INFER -v2 ")
    assert "--device-name=nangate45 --clock-period=10" in command
    verified = execute(VerifyStep(["bambu", "bambu_netlist"]), run)
    assert verified.summary.endswith("0 mismatches; SKIPPED: bambu, bambu_netlist")
    rows = json.loads((step_dir(run, "verify") / "ladder.json").read_text())["rungs"]
    assert rows[0]["skipped"] == (
        "Bambu is not installed (get an AppImage from https://release.bambuhls.eu, or set "
        "BAMBU_EXE)"
    )
    assert why_not(run) == "the step bambu ran without Bambu (neutnn flow RUN --from bambu)"
    monkeypatch.delenv("BAMBU_EXE")
    if BAMBU.find() is not None:
        assert "bambu none ->" in str(stale_reason(step, run))


def test_the_rungs_say_when_the_step_has_not_run(run, pretend):
    pretend()
    assert why_not(run) == "the step bambu has not run (neutnn flow RUN --from bambu)"
    execute(VerifyStep(["bambu"]), run)
    rows = json.loads((step_dir(run, "verify") / "ladder.json").read_text())["rungs"]
    assert rows[0]["skipped"] == why_not(run)


def test_one_that_fails_stops_the_step_but_not_the_choice_among_many(run, pretend):
    pretend("print('error -> no luck')\nsys.exit(3)")
    with pytest.raises(StepFailed, match="Bambu failed: got exit code 3"):
        execute(BambuStep(HlsOptions(arch="rolled")), run)
    with pytest.raises(InvalidInput) as caught:
        execute(BambuStep(HlsOptions(arch="auto", max_area_um2=1.0)), run)
    text = str(caught.value)
    assert text.startswith(
        "architectures within the budget: got none; expected at least one. "
        "Raise hls.max_area_um2 or hls.max_latency_ns:"
    )
    assert all(f"\n  {name}: Bambu failed: got exit code 3" in text for name in ARCHITECTURES)
    rows = json.loads((step_dir(run, "bambu") / "architectures.json").read_text())
    assert [row["arch"] for row in rows] == list(ARCHITECTURES)


def test_a_budget_refuses_and_chooses():
    small = Measured("rolled", area_um2=100.0, latency_ns=9000.0)
    fast = Measured("unrolled", area_um2=5000.0, latency_ns=10.0)
    both = {"rolled": small, "unrolled": fast}
    assert Budget(objective="area").choose(both) == "rolled"
    assert Budget(objective="latency").choose(both) == "unrolled"
    assert Budget().choose(both) == "unrolled"
    budget = Budget(max_area_um2=1000.0, max_latency_ns=100.0)
    assert budget.refuses(fast) == "area 5,000 um^2 > 1,000"
    assert budget.refuses(small) == "latency 9,000 ns > 100"
    assert Budget(max_area_um2=1000.0).refuses(small) is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"arch": "roled"}, "Did you mean 'rolled'?"),
        ({"objective": "beauty"}, "hls: objective: got 'beauty'; expected one of area, latency"),
        ({"max_area_um2": 0}, r"hls: max_area_um2: got 0; expected um\^2 > 0, or null"),
        ({"clock_ns": -1.0}, r"hls: clock_ns: got -1.0; expected ns > 0, or null"),
    ],
)
def test_options_of_the_flow_are_checked(wrong, told):
    with pytest.raises(InvalidInput, match=told):
        HlsOptions(**wrong)


@pytest.mark.skipif(BAMBU.find() is None, reason="Bambu is not installed (set BAMBU_EXE)")
def test_the_whole_way_with_bambu(run, network, samples):
    record = execute(BambuStep(HlsOptions(arch="bitplane", samples=2)), run)
    assert record.metrics["installed"]
    assert record.metrics["cells"] > 0
    assert record.metrics["bambu_states"] >= 1
    verified = execute(VerifyStep(["bambu", "bambu_netlist"]), run)
    assert verified.summary == "40 samples x 2 rungs (bambu, bambu_netlist), 0 mismatches"
    rows = json.loads((step_dir(run, "verify") / "ladder.json").read_text())["rungs"]
    assert rows[0]["cycles_mean"] == rows[1]["cycles_mean"] == record.metrics["cycles_mean"]
    assert stale_reason(VerifyStep(["bambu", "bambu_netlist"]), run) is None
    verilog = step_dir(run, "bambu") / "bitplane" / "smoke.v"
    verilog.write_text(verilog.read_text().replace(network.hash, "0" * 64))
    with pytest.raises(InvalidInput, match="rung bambu was made from another network"):
        execute(VerifyStep(["bambu"]), run)


@pytest.mark.skipif(BAMBU.find() is None, reason="Bambu is not installed (set BAMBU_EXE)")
def test_bambu_as_a_target(network, samples, tmp_path):
    compiled = hls.compile(network, target="bambu", arch="stream", workdir=tmp_path)
    assert (compiled.predict(samples.x).y == samples.expected.y).all()
    assert (compiled.cycles > 1).all()


@pytest.mark.skipif(BAMBU.find() is None, reason="Bambu is not installed (set BAMBU_EXE)")
def test_axi_ports_climb_the_ladder(run):
    execute(BambuStep(HlsOptions(arch="stream", interface="axi", samples=2)), run)
    verified = execute(VerifyStep(["bambu", "bambu_netlist"]), run)
    assert verified.summary == "40 samples x 2 rungs (bambu, bambu_netlist), 0 mismatches"
