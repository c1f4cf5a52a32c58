"""The exact command line, and the test bench."""

import re
import subprocess
from pathlib import Path

import pytest

from hls.bambu import BambuOptions, bambu_command, write_sources
from hls.bambu.bench import c_bench, xml_bench
from hls.bambu.options import plan_for
from hls.bambu.tool import Bambu
from hls.ckernel import ARCHITECTURES, hls_kernel
from hls.errors import InvalidInput, Unsupported
from hls.ir import Outputs, Stimulus

NEW = Bambu(Path("/opt/bambu"), "2024.10", ("I386_CLANG12", "I386_CLANG16"), ("VERILATOR",),
            ("nangate45", "asap7-TC"))  # fmt: skip
OLD = Bambu(Path("/opt/bambu"), "2023.1", ("I386_CLANG12",), ("MODELSIM", "VERILATOR"), ())


def test_the_exact_command_line(network):
    kernel = hls_kernel(network, "bitplane")
    options = BambuOptions(clock_ns=2.5, extra=("--no-chaining",))
    assert bambu_command(kernel, options, NEW) == [
        "/opt/bambu", "smoke.c", "--top-fname=smoke", "--generate-interface=INFER", "-v2",
        "--compiler=I386_CLANG16", "--device-name=nangate45", "--clock-period=2.5",
        "--generate-tb=testbench.c", "--simulate", "--simulator=VERILATOR", *kernel.options,
        "--no-chaining",
    ]  # fmt: skip


def test_an_older_one_is_given_values_in_xml(network, samples, tmp_path):
    kernel = hls_kernel(network)
    command = bambu_command(kernel, BambuOptions(cosimulate=False), OLD)
    assert "--generate-tb=testbench.xml" in command
    assert not any(word.startswith("--simul") for word in command)
    write_sources(kernel, BambuOptions(samples=3), tmp_path, samples, OLD)
    text = (tmp_path / "testbench.xml").read_text()
    assert text.count("<testbench ") == 3
    given = kernel.pack(samples.x[:3])
    first = kernel.arguments[0]
    assert f'{first.name}="{int(given[first.name][0, 0])}"' in text or f'{first.name}="{{' in text


@pytest.mark.parametrize(
    ("options", "bambu", "told"),
    [
        (BambuOptions(device="xc7"), NEW,
         "bambu: device: got 'xc7'; expected one of nangate45, asap7-TC"),
        (BambuOptions(interface="axi"), OLD,
         "AXI ports by pragma: got Bambu 2023.1; expected 2023.10 or newer. "
         "Use interface 'ports'"),
        (BambuOptions(interface="axi"), NEW,
         "AXI ports: got architecture rolled of smoke, whose arguments are all words; expected "
         "arrays. Use interface 'ports', or architecture stream"),
        (BambuOptions(), Bambu(Path("b"), "2024.10", ("I386_CLANG16",), ("XSIM",), ()),
         "co-simulation: got a Bambu with XSIM; expected VERILATOR. Set cosimulate to false: the "
         "ladder simulates with its own Verilator"),
    ],
)  # fmt: skip
def test_what_the_installed_one_cannot_do(network, options, bambu, told):
    with pytest.raises((InvalidInput, Unsupported)) as caught:
        bambu_command(hls_kernel(network), options, bambu)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"interface": "pci"}, "bambu: interface: got 'pci'; expected ports or axi"),
        ({"clock_ns": 0}, "bambu: clock_ns: got 0; expected more than 0 ns"),
        ({"memory_limit_gb": -1}, "bambu: memory_limit_gb: got -1; expected more than 0 GB"),
        ({"samples": 0}, "bambu: samples: got 0; expected 1 or more"),
    ],
)
def test_options_are_checked(wrong, told):
    with pytest.raises(InvalidInput) as caught:
        BambuOptions(**wrong)
    assert str(caught.value) == told


def test_the_clock_to_plan_with():
    assert plan_for("nangate45", 2.0) == ("nangate45", 10.0)
    assert plan_for("asap7", 1.0, "unrolled") == ("asap7-TC", 50.0)
    assert plan_for("osu018", 10.0, "bitplane") == ("nangate45", 10.0)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_test_bench_tells_right_answers_from_wrong_ones(network, samples, tmp_path, arch):
    kernel = hls_kernel(network, arch)
    for name, text in kernel.files.items():
        (tmp_path / name).write_text(text)
    wrong = samples.expected.y.copy()
    wrong[2] = 255 if (wrong[2] != 255).any() else 1
    for y, code, told in ((samples.expected.y, 0, "0 of 40"), (wrong, 1, "1 of 40")):
        (tmp_path / "tb.c").write_text(c_bench(kernel, Stimulus(samples.x, None, Outputs(y))))
        sources = [name for name in kernel.files if name.endswith(".c")]
        command = ["gcc", "-std=gnu11", "-Wall", "-Werror", "-Wno-unknown-pragmas", "-o", "tb"]
        subprocess.run([*command, "tb.c", *sources], cwd=tmp_path, check=True)
        done = subprocess.run(
            [tmp_path / "tb"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert f"{told} samples differ from the reference" in done.stdout
    assert "sample 2: not what the reference answers" in done.stdout


def test_axi_ports_are_asked_for_by_pragma(network, samples, tmp_path):
    kernel = hls_kernel(network, "stream")
    arrays = [a.name for a in kernel.arguments if a.kind == "array"]
    write_sources(kernel, BambuOptions(interface="axi"), tmp_path, samples)
    text = "".join((tmp_path / n).read_text() for n in kernel.files if n.endswith(".c"))
    assert arrays
    assert re.findall(r"^#pragma HLS interface port=(\w+) mode=m_axi", text, re.M) == arrays
    assert "</function>" in xml_bench(kernel, samples)
    assert (tmp_path / "command.txt").read_text().startswith("bambu smoke.c --top-fname=smoke ")
