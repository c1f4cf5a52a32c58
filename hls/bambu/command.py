"""The command line of a high-level synthesis."""

from __future__ import annotations

from hls.bambu.options import BambuOptions
from hls.bambu.tool import Bambu, choose_compiler
from hls.ckernel.kernel import HlsKernel
from hls.errors import InvalidInput, Unsupported

C_BENCH_FILE = "testbench.c"
XML_BENCH_FILE = "testbench.xml"


def bambu_command(
    kernel: HlsKernel, options: BambuOptions, bambu: Bambu | None = None
) -> list[str]:
    """Return the exact command line, to be run in the directory of the sources.

    Args:
        kernel: the C.
        options: what is asked for.
        bambu: the installed one; None: that of the newest release, whose front end is its default.

    Raises:
        InvalidInput: for a device or a front end that the installed one does not have.
        Unsupported: for an interface that it, or the kernel, cannot make.
    """
    if bambu is not None:
        _check(options, bambu)
    if options.interface == "axi" and not any(a.kind == "array" for a in kernel.arguments):
        raise Unsupported(
            "AXI ports",
            got=f"architecture {kernel.arch} of {kernel.top}, whose arguments are all words",
            expected="arrays",
            mend="Use interface 'ports', or architecture stream",
        )
    words = [str(bambu.path) if bambu else "bambu"]
    words += [name for name in kernel.files if name.endswith(".c")]
    words += [f"--top-fname={kernel.top}", "--generate-interface=INFER", "-v2"]
    if bambu is not None:
        words.append(f"--compiler={choose_compiler(bambu.compilers, options.compiler)}")
    words += [f"--device-name={options.device}", f"--clock-period={options.clock_ns:g}"]
    bench = C_BENCH_FILE if bambu is None or bambu.c_bench else XML_BENCH_FILE
    words.append(f"--generate-tb={bench}")
    if options.cosimulate:
        words += ["--simulate", "--simulator=VERILATOR"]
    return [*words, *kernel.options, *options.extra]


def _check(options: BambuOptions, bambu: Bambu) -> None:
    if bambu.devices and options.device not in bambu.devices:
        raise InvalidInput(
            "bambu: device", got=repr(options.device), expected=f"one of {', '.join(bambu.devices)}"
        )
    if options.interface == "axi" and not bambu.c_bench:
        raise Unsupported(
            "AXI ports by pragma",
            got=f"Bambu {bambu.version}",
            expected="2023.10 or newer",
            mend="Use interface 'ports'",
        )
    if options.cosimulate and bambu.simulators and "VERILATOR" not in bambu.simulators:
        raise Unsupported(
            "co-simulation",
            got=f"a Bambu with {', '.join(bambu.simulators)}",
            expected="VERILATOR",
            mend="Set cosimulate to false: the ladder simulates with its own Verilator",
        )
