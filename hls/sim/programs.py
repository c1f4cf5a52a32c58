"""Test benches in Verilog that both simulators run."""

from __future__ import annotations

import re
from pathlib import Path

from hls.files import write_text
from hls.rtl.step import VERILATOR
from hls.sim.separate import MARK
from hls.sim.simulate import IVERILOG, VERILATED, VVP, make_verilated
from hls.tool import run


def build_bench(simulator: str, files: list[Path], workdir: Path, log: Path) -> list[str | Path]:
    """Compile a test bench whose module is `testbench`, and return the words that run it.

    Args:
        simulator: `icarus` or `verilator`.
        files: the test bench and the design.
        workdir: directory for the program.
        log: file that takes what the compilers say.

    Raises:
        StepFailed: if it does not compile.
    """
    if simulator == "icarus":
        out = workdir / "testbench.vvp"
        words: list[str | Path] = [IVERILOG.require(), "-g2005", "-s", "testbench", "-o", out]
        run([*words, *powered(files, workdir)], cwd=workdir, log=log)
        return [VVP.require(), "-n", out]
    objects = workdir / "obj"
    words = [VERILATOR.require(), *VERILATED, "--main", "--timing"]
    words += ["--top-module", "testbench", "-Mdir", objects]
    run([*words, *files], cwd=workdir, log=log)
    return [make_verilated("Vtestbench", objects, log, timing=True)]


def powered(files: list[Path], workdir: Path) -> list[Path]:
    """Return the files with cell models whose registers start at random values, as silicon does.

    A netlist may keep an X for ever where gates add up to `q ^ q`, which is 0 whatever q was.
    """
    found = []
    for number, path in enumerate(files):
        text = path.read_text(encoding="utf-8")
        powered = text
        if text.startswith(MARK):
            powered = re.sub(
                r"^\s*reg (\w+);", r"  reg \1; initial \1 = $random;", text, flags=re.M
            )
        if powered == text:
            found.append(path)
            continue
        found.append(workdir / f"cells{number}.v")
        write_text(found[-1], powered)
    return found
