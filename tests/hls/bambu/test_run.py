"""A run of Bambu: what is kept, what is measured, and how it fails."""

import json
import re
import time

import pytest

from hls.bambu import BambuOptions, c_to_verilog
from hls.bambu.results import read_metrics
from hls.bambu.run import memory_bits, read_result
from hls.ckernel import hls_kernel, network_hash
from hls.errors import InvalidInput, Mismatch, StepFailed

SAID = """\
  Scheduling Information of function smoke:
    Number of control steps: 13
    Minimum slack: 0.25
    Estimated max frequency (MHz): 571.4
  State Transition Graph Information of function smoke:
    Number of states: 12
    Done port is registered
  Register binding information for function smoke:
    Register allocation algorithm obtains a sub-optimal result: 9 registers(LB:7)
  Module binding information for function smoke:
    Total estimated area: 4321
  Register binding information for function smoke:
    Register allocation algorithm obtains an optimal result: 8 registers
  Connection Binding Information for function smoke:
    Number of allocated multiplexers (2-to-1 equivalent): 2
  Total number of flip-flops in function smoke: 241
  Scheduling Information of function helper:
    Number of control steps: 3
    Minimum slack: -1.5e-2
  State Transition Graph Information of function helper:
    Number of states: 2
  Total number of flip-flops in function helper: 9
Run 1 execution time 35 cycles;
Run 2 execution time 38 cycles;
  Total cycles             : 73 cycles
"""
XML = '<bambu_results><CYCLES value="36"/><HLS_execution_time value="2.7799999"/></bambu_results>'
GOOD = f"""
place = Path.cwd()
(place / "smoke.v").write_text(
    "// Code created using PandA - Version: 2024.10 - Date 2026-01-01T00:00:00\\n"
    f"// Bambu executed with: {{sys.argv[0]}} smoke.c --top-fname=smoke\\n"
    "module smoke(); endmodule\\n"
)
(place / "array_ref_1.mem").write_text("0101\\n1100\\n")
(place / "bambu_results_0.xml").write_text('''{XML}''')
(place / "results.txt").write_text("7|77,\\n0\\n")
(place / "simulate_smoke.sh").write_text("#!/bin/sh")
sdc = place / "HLS_output" / "Synthesis" / "smoke.sdc"
sdc.parent.mkdir(parents=True)
sdc.write_text("create_clock clock -period 5")
print('''{SAID}''')
"""


def kernel_of(network):
    return hls_kernel(network, "bitplane")


def test_metrics_of_all_functions():
    found = read_metrics(SAID, XML)
    assert found == {
        "functions": 2, "states": 14, "control_steps": 16, "registers": 8, "flip_flops": 250,
        "area_estimate": 4321, "multiplexers": 2, "slack_ns": -0.015, "cycles_mean": 36.5,
        "cycles_worst": 38, "hls_s": 2.78,
    }  # fmt: skip
    assert read_metrics("", XML) == {"cycles_mean": 36, "hls_s": 2.78}
    assert read_metrics("") == {}


def test_what_is_kept(pretend, network, samples, tmp_path):
    pretend(GOOD)
    out = tmp_path / "out"
    out.mkdir()
    (out / "left_over.v").write_text("")
    result = c_to_verilog(kernel_of(network), BambuOptions(), out, samples)
    assert sorted(path.name for path in out.iterdir()) == [
        "array_ref_1.mem", "bambu.json", "bambu.log", "command.txt", "smoke.c", "smoke.h",
        "smoke.sdc", "smoke.v", "testbench.c",
    ]  # fmt: skip
    text = result.verilog.read_text()
    assert network_hash(text) == network.hash
    assert "Date" not in text
    assert re.search(r"^// Bambu executed with: bambu smoke.c", text, re.M)
    assert [path.name for path in result.memories] == ["array_ref_1.mem"]
    assert result.metrics["memory_bits"] == memory_bits(out / "array_ref_1.mem") == 8
    assert result.tool == "bambu 2024.10"
    assert read_result(out) == result
    assert json.loads((out / "bambu.json").read_text())["device"] == "nangate45"
    with pytest.raises(InvalidInput, match=r"expected a readable bambu.json. Run the step bambu"):
        read_result(tmp_path)


def test_a_failure_shows_the_last_lines_and_the_log(pretend, network, samples, tmp_path):
    pretend("print('error -> no luck')\nsys.exit(11)")
    with pytest.raises(StepFailed) as caught:
        c_to_verilog(kernel_of(network), BambuOptions(), tmp_path / "o", samples)
    assert str(caught.value) == (
        "Bambu failed: got exit code 11; expected exit code 0. Its last lines:\n"
        f"    error -> no luck\nThe whole log: {tmp_path}/o/bambu.log"
    )
    assert "error -> no luck" in (tmp_path / "o" / "bambu.log").read_text()


def test_a_hang_ends_at_the_limit(pretend, network, samples, tmp_path):
    pretend("print('thinking', flush=True)\ntime.sleep(60)")
    begin = time.monotonic()
    options = BambuOptions(time_limit_s=1.0)
    with pytest.raises(StepFailed, match=r"Bambu failed: got no end within 1 s(?s:.)*thinking"):
        c_to_verilog(kernel_of(network), options, tmp_path / "o", samples)
    assert time.monotonic() - begin < 30


def test_memory_ends_at_the_limit(pretend, network, samples, tmp_path):
    pretend("time.sleep(0.5)\nheap = bytearray(2_000_000_000)")
    options = BambuOptions(memory_limit_gb=0.5)
    with pytest.raises(StepFailed, match="MemoryError"):
        c_to_verilog(kernel_of(network), options, tmp_path / "o", samples)


def test_success_without_verilog_is_none(pretend, network, samples, tmp_path):
    pretend("print('all is well')")
    with pytest.raises(StepFailed, match=r"got exit code 0, but no smoke.v(?s:.)*all is well"):
        c_to_verilog(kernel_of(network), BambuOptions(), tmp_path / "o", samples)


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ("print('Warning: Returned error code!')", Mismatch, "got an error code from the test"),
        ("(place / 'HLS_output/simulation').mkdir()\n"
         "(place / 'HLS_output/simulation/testbench.log').write_text("
         "'sample 3: not what the reference answers\\n'"
         "'1 of 8 samples differ from the reference\\n')",
         Mismatch, "got 1 of 8 samples differ from the reference(?s:.)*sample 3: not what"),
        ("(place / 'results.txt').write_text('7|X')", StepFailed, "got no end"),
        ("(place / 'results.txt').write_text('7|77,\\nA\\n')", StepFailed, "got it was aborted"),
    ],
)  # fmt: skip
def test_a_co_simulation_that_does_not_agree(
    pretend, network, samples, tmp_path, more, error, told
):
    pretend(GOOD + more)
    with pytest.raises(error, match=told):
        c_to_verilog(kernel_of(network), BambuOptions(), tmp_path / "o", samples)
    c_to_verilog(kernel_of(network), BambuOptions(cosimulate=False), tmp_path / "o", samples)
