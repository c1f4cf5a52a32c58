"""How soon after a sample the next one may come: measured by simulation, not believed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.bambu.ports import ArgumentPorts, ports_of, read_ports
from hls.ckernel.kernel import HlsKernel
from hls.errors import Unsupported
from hls.ir.stimulus import Stimulus
from hls.sim.simulate import open_workdir, verilate, without_blanks
from hls.tool import run

MAIN = """\
// {top} with a sample in every INTERVAL clocks: STIMULUS RESULT INTERVAL CLOCKS
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "V{top}.h"
#include "verilated.h"

int main(int argc, char **argv) {{
    if (argc < 5) return 2;
    VerilatedContext context;
    context.randReset(2);  // registers start at random values, as silicon does
    context.randSeed(1);
    V{top} *const dut = new V{top}{{&context}};
    FILE *stimulus = std::fopen(argv[1], "rb");
    FILE *result = std::fopen(argv[2], "wb");
    if (!stimulus || !result) return 2;
    const int64_t interval = std::atoll(argv[3]), clocks = std::atoll(argv[4]);
    static uint64_t row[{row}];
    std::vector<uint64_t> answers[{outputs}];  // of every output, sample by sample
    dut->start_port = 0;
    for (int64_t clock = -5; clock < clocks; ++clock) {{
        dut->reset = clock >= -2;
        dut->start_port = 0;
        if (clock >= 0 && clock % interval == 0 &&
            std::fread(row, 8, {row}, stimulus) == {row}) {{
            dut->start_port = 1;
{load}        }}
        dut->clock = 0;
        dut->eval();
        if (clock >= 0) {{
{take}        }}
        dut->clock = 1;
        dut->eval();
    }}
    for (const auto &each : answers) {{
        const uint64_t count = each.size();
        std::fwrite(&count, 8, 1, result);
        std::fwrite(each.data(), 8, count, result);
    }}
    std::fclose(result);
    delete dut;
    return 0;
}}
"""


def initiation_interval(
    kernel: HlsKernel,
    sources: Sequence[Path],
    stimulus: Stimulus,
    *,
    workdir: Path,
    most: int,
) -> int | None:
    """Return the least clocks from a sample to the next with which every answer is right.

    A sample is at the ports from its own `start_port` until the next one's.

    Args:
        kernel: the C that the Verilog was made from; its arguments are scalars.
        sources: Verilog files; the one with the top module first.
        stimulus: samples and the reference's answers.
        workdir: directory for test bench, program and log.
        most: clocks to try at most; the latency of a sample is enough.

    Returns:
        The interval, in clocks; None if even `most` is too few.

    Raises:
        ToolMissing: if Verilator is not installed.
        Unsupported: for array ports or AXI ports.
        StepFailed: if it does not compile.
    """
    workdir = open_workdir("verilator", workdir)
    ports = ports_of(kernel, read_ports(Path(sources[0]), kernel.top))
    if arrays := [p.argument.name for p in ports if p.argument.kind == "array"]:
        raise Unsupported(
            "initiation interval",
            got=f"array {arrays[0]}",
            expected="scalar ports: an array is read all the time",
        )
    given = kernel.pack(stimulus.x, stimulus.proximal)
    rows = np.concatenate([given[p.argument.name] for p in ports if _given(p)], axis=1)
    wanted = kernel.expected(stimulus.expected.y)
    answers = [wanted[p.argument.name].reshape(-1) for p in ports if not _given(p)]
    log = workdir / "verilator.log"
    with without_blanks(workdir) as place:
        found = [Path(source).resolve() for source in sources]
        program = verilate(found, kernel.top, _bench(kernel.top, ports), place, log)
        for interval in range(1, most + 1):
            clocks = len(rows) * interval + most + 2
            if _right(_run(program, rows, (interval, clocks), place, log), answers):
                return interval
    return None


def _given(ports: ArgumentPorts) -> bool:
    return ports.argument.direction == "in"


def _bench(top: str, ports: Sequence[ArgumentPorts]) -> str:
    """Return the test bench: an answer is taken whenever its port says that it is one."""
    given, answers = [p for p in ports if _given(p)], [p for p in ports if not _given(p)]
    return MAIN.format(
        top=top,
        row=len(given),
        outputs=len(answers),
        load="".join(
            f"            dut->{p.signal} = row[{i}];\n" for i, p in enumerate(given) if p.signal
        ),
        take="".join(
            f"            if (dut->{p.valid or 'done_port'}) "
            f"answers[{i}].push_back(dut->{p.signal});\n"
            for i, p in enumerate(answers)
        ),
    )


def _run(
    program: Path, rows: npt.NDArray[np.uint64], counts: tuple[int, int], place: Path, log: Path
) -> npt.NDArray[np.uint64]:
    with tempfile.TemporaryDirectory(dir=place) as name:
        stimulus, result = Path(name) / "stimulus.bin", Path(name) / "result.bin"
        stimulus.write_bytes(np.ascontiguousarray(rows, dtype="<u8").tobytes())
        run([program, stimulus, result, *map(str, counts)], cwd=place, log=log)
        return np.frombuffer(result.read_bytes(), dtype="<u8")


def _right(words: npt.NDArray[np.uint64], answers: Sequence[npt.NDArray[np.uint64]]) -> bool:
    """Return whether the program gave just these answers: of each output their count, then they."""
    parts = [part for each in answers for part in (np.array([len(each)], dtype=np.uint64), each)]
    return bool(np.array_equal(words, np.concatenate(parts)))
