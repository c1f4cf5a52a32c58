"""Our own simulation of what Bambu wrote, in Verilator, against the reference."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.bambu.harness import harness
from hls.bambu.ports import ports_of, read_ports
from hls.ckernel.kernel import HlsKernel
from hls.errors import StepFailed
from hls.ir.outputs import Outputs
from hls.sim.simulate import Simulation, open_workdir, verilate, without_blanks
from hls.tool import run

LIMIT = 10_000_000
"""Clocks after which a sample counts as hung."""


def simulate_bambu(
    kernel: HlsKernel,
    sources: Sequence[Path],
    memories: Sequence[Path],
    x: npt.NDArray[np.generic],
    proximal: npt.NDArray[np.generic] | None = None,
    *,
    workdir: Path,
    vcd: Path | None = None,
    limit: int = LIMIT,
) -> Simulation:
    """Simulate Bambu's Verilog, or its netlist, with memories at its array ports.

    Clocks are counted from the one in which `start_port` is 1, it included, until `done_port` is:
    one for a combinational design. Input and output memories answer after one clock, those behind
    AXI ports after one to four, by chance.

    Args:
        kernel: the C that it was made from.
        sources: Verilog files; the one with the top module first.
        memories: files that the Verilog reads its memories' contents from.
        x: spike times, uint8 `[B, inputs]`, in time steps or 255.
        proximal: levels or spike times, uint8 `[B, proximal lines]`, or None.
        workdir: directory for test bench, program and log.
        vcd: file for the waveforms of the top module's nets.
        limit: clocks after which a sample counts as hung.

    Raises:
        ToolMissing: if Verilator is not installed.
        Unsupported: for ports that there is no model of.
        StepFailed: if it does not compile or hangs.
    """
    workdir = open_workdir("verilator", workdir)
    ports = ports_of(kernel, read_ports(Path(sources[0]), kernel.top))
    given = kernel.pack(x, proximal)
    rows = np.concatenate([given[a.name] for a in kernel.arguments if a.direction == "in"], axis=1)
    text = harness(kernel.top, ports, limit=limit, vcd=vcd is not None)
    flags = ["--trace", "--trace-underscore"] if vcd is not None else []
    log = workdir / "verilator.log"
    with without_blanks(workdir) as place:
        for path in memories:
            if path.parent != place:
                shutil.copyfile(path, place / path.name)
        found = [Path(source).resolve() for source in sources]
        program = verilate(found, kernel.top, text, place, log, flags)
        words = _run(program, rows, place, log, vcd)
    return _read(kernel, words, len(rows), limit)


def _run(
    program: Path, rows: npt.NDArray[np.uint64], place: Path, log: Path, vcd: Path | None
) -> npt.NDArray[np.uint64]:
    with tempfile.TemporaryDirectory(dir=place) as name:
        stimulus, result = Path(name) / "stimulus.bin", Path(name) / "result.bin"
        stimulus.write_bytes(np.ascontiguousarray(rows, dtype="<u8").tobytes())
        wave = [Path(vcd).resolve()] if vcd is not None else []
        run([program, stimulus, result, *wave], cwd=place, log=log)
        return np.frombuffer(result.read_bytes(), dtype="<u8")


def _read(kernel: HlsKernel, words: npt.NDArray[np.uint64], samples: int, limit: int) -> Simulation:
    answers = [a for a in kernel.arguments if a.direction != "in"]
    row = 1 + sum(a.length for a in answers)
    if len(words) != samples * row:
        raise StepFailed(
            "verilator: the simulation stopped early",
            got=f"{len(words) / row:g} samples",
            expected=f"{samples}",
        )
    table = words.reshape(samples, row)
    cycles = table[:, 0].astype(np.int64)
    if (cycles < 0).any():
        raise StepFailed(
            f"verilator: Bambu's design hangs at sample {int(np.argmax(cycles < 0))}",
            got=f"done_port = 0 {limit} clocks after start_port",
            expected="done_port = 1",
        )
    ends = np.cumsum([1, *(a.length for a in answers)])
    outputs = {
        a.name: table[:, start:end]
        for a, start, end in zip(answers, ends[:-1], ends[1:], strict=True)
    }
    mean = float(cycles.mean()) if samples else 0.0
    return Simulation(Outputs(kernel.unpack(outputs)), mean, cycles)
