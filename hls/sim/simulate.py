"""Run RTL or a netlist over spike times in Icarus or Verilator."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hls.ckernel.build import cache_dir
from hls.errors import InvalidInput, StepFailed
from hls.files import atomic_path, unwritable, write_text
from hls.ir.network import NO_SPIKE, FrozenNetwork
from hls.ir.outputs import Outputs
from hls.ir.stimulus import check_proximal, check_stimulus
from hls.rtl.ports import inhibition
from hls.rtl.step import VERILATOR
from hls.sim.bench import Shape, cpp_bench, shape_of, verilog_bench
from hls.sim.separate import separated
from hls.tool import Tool, run

IVERILOG = Tool(
    "Icarus Verilog",
    ("iverilog",),
    "IVERILOG_EXE",
    "simulates RTL and netlists",
    "apt-get install iverilog",
    version_args=("-V",),
    needed=True,
)
VVP = Tool(
    "vvp",
    ("vvp",),
    "VVP_EXE",
    "runs what Icarus Verilog compiled",
    "apt-get install iverilog",
    version_args=("-V",),
    needed=True,
)
GXX = Tool(
    "g++",
    ("g++",),
    "GXX_EXE",
    "compiles what Verilator writes",
    "apt-get install g++",
    version_args=("-dumpfullversion",),
    version_pattern=r"(\d+(?:\.\d+)*)",
    needed=True,
)
MAKE = Tool("make", ("make",), "MAKE_EXE", "builds what Verilator writes", "apt-get install make")
RUNTIME = ("verilated.o", "verilated_threads.o")
"""Verilator's run time: the same for every design, so it is compiled once and kept in the cache."""
VERILATED = (
    *("--cc", "--exe", "-Wno-fatal", "-Wno-lint"),
    *("--x-initial", "unique", "--x-assign", "unique"),
    *("-O3", "-fno-const-bit-op-tree"),
)
"""Options of every program made with Verilator.

Registers start at random values. Trees of bit operations are not optimised: version 5.006 inverts
`~(~((a & b) ^ c) ^ ~(~(c & d) ^ (e ^ f)))`, so that netlists with adders answer wrongly.
"""
OPTIMISE = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0")
SIMULATORS: dict[str, tuple[Tool, ...]] = {
    "icarus": (IVERILOG, VVP),
    "verilator": (VERILATOR, GXX, MAKE),
}


class Simulation(NamedTuple):
    """What a simulation gave.

    Attributes:
        outputs: answers to every sample.
        mean_cycles: mean clocks per sample, from the edge that samples `start` until `done`.
        cycles: clocks of every sample, int64 `[B]`.
    """

    outputs: Outputs
    mean_cycles: float
    cycles: npt.NDArray[np.int64]


def simulate(
    sources: Sequence[Path],
    top: str,
    network: FrozenNetwork,
    x: npt.NDArray[np.generic],
    proximal: npt.NDArray[np.generic] | None = None,
    *,
    simulator: str = "icarus",
    workdir: Path,
    vcd: Path | None = None,
    vcd_samples: int = 20,
    vcd_depth: int = 0,
    reset: bool = True,
    disturb: bool = False,
    delays: bool = False,
    clock_ns: float = 10.0,
) -> Simulation:
    """Simulate a design that follows the protocol of the generated RTL.

    Args:
        sources: Verilog files: the RTL, or a netlist and its cell models.
        top: name of the top module.
        network: gives the widths of the ports.
        x: spike times, uint8 `[B, inputs]`, in time steps.
        proximal: levels or spike times, uint8 `[B, proximal lines]`; None is all enabled, or all
            silent.
        simulator: `icarus` or `verilator`.
        workdir: directory for test bench, program, stimulus, result and log.
        vcd: file for the waveforms of a second run over the first samples (Icarus only).
        vcd_samples: how many samples that run takes.
        vcd_depth: levels of hierarchy in it: 1 for the top's nets only, 0 for all.
        reset: pulse `rst` at power-up (Icarus only; otherwise the first `start` does it).
        disturb: before every sample leave another one in its middle, by `rst` or `start` in turn
            (Icarus only).
        delays: heed the delays in the sources (Icarus only).
        clock_ns: clock period, in ns, which matters with delays alone (Icarus only). Inputs change
            half a period before the clock rises.

    Raises:
        InvalidInput: on times out of range or an unknown simulator.
        ToolMissing: if the simulator is not installed.
        StepFailed: if the design does not compile, hangs, or gives an X.
    """
    x = check_stimulus(network, x)
    check_simulator(simulator)
    if simulator != "icarus" and (vcd is not None or disturb or delays or not reset):
        raise InvalidInput(
            f"options of {simulator}",
            got="vcd, disturb, delays or reset=False",
            expected="none of them",
            mend="Use simulator='icarus'",
        )
    workdir = open_workdir(simulator, workdir)
    sources = [Path(source).resolve() for source in sources]
    rows = np.concatenate([x, check_proximal(network, proximal, len(x))], axis=1)
    shape, log = shape_of(network), workdir / f"{simulator}.log"
    if simulator == "icarus":
        bench = verilog_bench(top, shape, vcd_depth, clock_ns / 2)
        command = _icarus(sources, bench, workdir, log, delays)
        flags = [*([] if reset else ["+noreset"]), *(["+disturb"] if disturb else [])]
        result = _run_icarus(command, rows, workdir, log, flags)
        if vcd is not None:
            wave = [*flags, f"+vcd={Path(vcd).resolve()}"]
            _run_icarus(command, rows[:vcd_samples], workdir, log, wave)
    else:
        with without_blanks(workdir) as place:
            program = verilate(sources, top, cpp_bench(top, shape), place, log)
            result = _run(place, rows, lambda i, o: run([program, i, o], cwd=place, log=log))
    return _parse(result, simulator, network, shape, len(x))


def check_simulator(simulator: str) -> None:
    """Check that there is such a simulator.

    Raises:
        InvalidInput: if not.
    """
    if simulator not in SIMULATORS:
        raise InvalidInput("simulator", got=repr(simulator), expected="icarus or verilator")


def open_workdir(simulator: str, workdir: Path) -> Path:
    """Return a directory to simulate in, made if need be, once the simulator's tools are there.

    Raises:
        InvalidInput: if the directory cannot be written.
        ToolMissing: if a tool is not installed.
    """
    for tool in SIMULATORS[simulator]:
        tool.require()
    workdir = Path(workdir).resolve()
    try:
        workdir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(workdir, error) from error
    return workdir


@contextmanager
def without_blanks(workdir: Path) -> Iterator[Path]:
    """Yield a directory that make can build in: its rules break at blanks in a path."""
    if not re.search(r"\s", str(workdir)):
        yield workdir
        return
    with tempfile.TemporaryDirectory(prefix="neutnn-") as name:
        yield Path(name)


def _icarus(sources: list[Path], text: str, workdir: Path, log: Path, delays: bool) -> list[Path]:
    bench, program = workdir / "testbench.v", workdir / "testbench.vvp"
    write_text(bench, text)
    words: list[str | Path] = [IVERILOG.require(), "-g2005", "-s", "testbench", "-o", program]
    words += ["-gspecify", "-Tmax"] if delays else []
    run([*words, bench, *sources], cwd=workdir, log=log)
    return [VVP.require(), program]


def _run_icarus(
    command: list[Path], x: npt.NDArray[np.uint8], workdir: Path, log: Path, flags: list[str]
) -> list[str]:
    def go(stimulus: Path, result: Path) -> None:
        files = [f"+stimulus={stimulus}", f"+result={result}"]
        run([command[0], "-n", command[1], *files, *flags], cwd=workdir, log=log)

    return _run(workdir, x, go)


def verilate(
    sources: Sequence[Path],
    top: str,
    bench: str,
    workdir: Path,
    log: Path,
    flags: Sequence[str] = (),
) -> Path:
    """Build a program of a design and its test bench with Verilator.

    Args:
        sources: Verilog files.
        top: name of the top module.
        bench: test bench in C++, with `main`.
        workdir: directory to build in, without blanks in its path.
        log: file for what the tools print.
        flags: further options of Verilator.
    """
    harness, objects = workdir / "testbench.cpp", workdir / "obj"
    copies = separated(sources, workdir, top)
    write_text(harness, bench)
    words: list[str | Path] = [VERILATOR.require(), *VERILATED, "--no-timing"]
    words += ["--top-module", top, "-Mdir", objects, *flags]
    run([*words, harness, *copies], cwd=workdir, log=log)
    return make_verilated(f"V{top}", objects, log)


def make_verilated(name: str, objects: Path, log: Path, timing: bool = False) -> Path:
    """Compile what Verilator wrote; return the program.

    Args:
        name: of the program and its makefile.
        objects: directory of what Verilator wrote.
        log: file to append what `make` says to.
        timing: whether it keeps time: then its headers cost most, and are read once for all files.
    """
    more = ("verilated_timing.o",) if timing else ()
    kept = cache_dir() / "verilator" / _runtime_key(more)
    for part in (*RUNTIME, *more):
        if (kept / part).is_file() and not (objects / part).exists():
            shutil.copyfile(kept / part, objects / part)
    make: list[str | Path] = [MAKE.require(), "-C", objects, "-f", f"{name}.mk", *OPTIMISE]
    make += ["VM_PARALLEL_BUILDS=0"] if timing else []
    run([*make, "-j", str(os.cpu_count() or 1)], cwd=objects, log=log)
    for part in (*RUNTIME, *more):
        if (objects / part).is_file() and not (kept / part).exists():
            with atomic_path(kept / part) as temporary:
                shutil.copyfile(objects / part, temporary)
    return objects / name


def _runtime_key(more: tuple[str, ...]) -> str:
    """Return what the compiled run time of Verilator depends on."""
    parts = [VERILATOR.version(), GXX.version(), *OPTIMISE, platform.machine(), *more]
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:16]


def _run(workdir: Path, x: npt.NDArray[np.uint8], go: Callable[[Path, Path], object]) -> list[str]:
    """Write the stimulus, run, and return the lines of the result."""
    with tempfile.TemporaryDirectory(dir=workdir) as name:
        stimulus, result = Path(name) / "stimulus.bin", Path(name) / "result.txt"
        stimulus.write_bytes(x.tobytes())
        go(stimulus, result)
        return result.read_text(encoding="ascii").splitlines()


def _parse(
    lines: list[str], simulator: str, network: FrozenNetwork, shape: Shape, samples: int
) -> Simulation:
    """Return the answers that the lines of the result hold, one sample each."""
    if len(lines) != samples:
        raise StepFailed(
            f"{simulator}: the simulation stopped early",
            got=f"{len(lines)} samples",
            expected=f"{samples}",
        )
    cycles = np.zeros(samples, dtype=np.int64)
    digits: dict[str, list[str]] = {name: [] for name in shape.results}
    for sample, line in enumerate(lines):
        first, *words = line.split()
        if first == "hang":
            raise StepFailed(
                f"{simulator}: the design hangs at sample {sample}",
                got=f"done = {words[0]} {shape.limit} clocks after start",
                expected="done = 1",
            )
        if set("".join(words)) - {"0", "1"}:
            found = zip(shape.results, words, strict=True)
            raise StepFailed(
                f"{simulator}: undefined outputs at sample {sample}",
                got=", ".join(f"{name} {word}" for name, word in found),
                expected="0 and 1 only",
            )
        cycles[sample] = int(first)
        for name, word in zip(shape.results, words, strict=True):
            digits[name].append(word)
    mean = float(cycles.mean()) if samples else 0.0
    return Simulation(outputs_of(digits, simulator, network), mean, cycles)


def outputs_of(digits: dict[str, list[str]], simulator: str, network: FrozenNetwork) -> Outputs:
    """Return the answers that the result ports hold; digits of every sample by port."""
    c, n = network.layers[-1].shape[:2]
    samples = len(digits["spike_time"])

    def fields(name: str, count: int) -> npt.NDArray[np.int64]:
        values = [_fields(word, count) for word in digits[name]]
        return np.array(values, dtype=np.int64).reshape(samples, count)

    answer = fields("answer", 1)[:, 0] if "answer" in digits else None
    if "winner" in digits:
        winner, time = fields("winner", c), fields("spike_time", c)
        winner = np.where(fields("spiked", c) == 1, winner, -1)
        if winner.max(initial=-1) >= n:
            raise StepFailed(
                f"{simulator}: winner", got=int(winner.max()), expected=f"0 .. {n - 1}"
            )
        return Outputs(Outputs.from_winners(winner, time, n).y, answer)
    passed = fields("passed", c * n).reshape(-1, c, n)
    each = c * n if inhibition(network, len(network.layers) - 1) != "t-wta" else c
    time = fields("spike_time", each).reshape(samples, c, -1)
    return Outputs(np.where(passed == 1, time, NO_SPIKE).astype(np.uint8), answer)


def _fields(digits: str, count: int) -> list[int]:
    """Return `count` fields of one width of a string of binary digits, the lowest one first."""
    width = len(digits) // count
    return [int(digits[i : i + width], 2) for i in range(0, len(digits), width)][::-1]
