"""Yosys: RTL to a flat netlist of library cells."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from hls.errors import InvalidInput, StepFailed, ToolMissing
from hls.files import unwritable, write_json
from hls.pdk import Pdk
from hls.synth.checks import check_netlist, check_rtl
from hls.synth.liberty import ClockGate, Library, read_liberty
from hls.synth.netlist import Netlist, read_netlist
from hls.synth.script import synthesis_script
from hls.tool import Tool, run

YOSYS = Tool(
    name="Yosys",
    executables=("yosys",),
    variable="YOSYS_EXE",
    purpose="synthesis to gates",
    install="pip install pyosys",
    version_args=("-V",),
    version_pattern=r"Yosys (\d+\.\d+\S*)",
)
"""An installed Yosys; without one, pyosys from PyPI does the same in a process of its own."""

OLDEST = (0, 30)
"""First version of Yosys whose `abc` and `dfflibmap` take `-dont_use`."""


@dataclass(frozen=True)
class SynthResult:
    """What a synthesis gave.

    Attributes:
        top: top module.
        netlist: flat Verilog netlist with the ports of the RTL.
        netlist_json: the same netlist as Yosys' JSON.
        models: Verilog models of the cells used, for simulation without delays.
        stat: `stat.json`.
        cells: number of cells.
        flip_flops: number of flip-flops among them.
        area_um2: sum of the cells' areas, in um^2.
        counts: number of each cell, by name.
        tool: what ran, with its version.
        notes: what the reader should know.
    """

    top: str
    netlist: Path
    netlist_json: Path
    models: Path
    stat: Path
    cells: int
    flip_flops: int
    area_um2: float
    counts: dict[str, int]
    tool: str
    notes: list[str] = field(default_factory=list)


def synthesise(
    sources: Sequence[Path],
    top: str,
    pdk: Pdk,
    out: Path,
    *,
    clock_ns: float | None = None,
    tool: str = "auto",
    log: Path | None = None,
    memories: Sequence[Path] = (),
    adders_first: bool = False,
    scalar_nets: bool = False,
    clock_gates: bool = False,
    for_area: bool = False,
) -> SynthResult:
    """Synthesise Verilog-2005 to a flat netlist of library cells.

    Writes `netlist.v`, `netlist.json`, `cells.v` and `stat.json` to `out`, all of them or none.

    Args:
        sources: Verilog files.
        top: top module.
        pdk: library.
        out: directory for the results.
        clock_ns: clock period that mapping aims at, in ns (default: the library's).
        tool: `pyosys`, `yosys` (installed one), or `auto` (`YOSYS_EXE` if set, else pyosys).
        log: file for Yosys' output (default `out/yosys.log`).
        memories: files that the Verilog reads its memories' contents from, by name.
        adders_first: map sums to the library's full adders before logic is optimised for the first
            time, which does not end on large sums without registers between them.
        scalar_nets: split nets inside into bits. Where bits of one vector drive each other, some
            Verilators (5.006) give wrong values.
        clock_gates: put the library's integrated clock gates in place of enables that many
            flip-flops share.
        for_area: map for area alone: no buffers, no upsizing, the smallest flip-flops.

    Raises:
        InvalidInput: if a source is missing or the clock period is not positive.
        ToolMissing: if there is no Yosys.
        StepFailed: if Yosys fails, infers latches, or leaves nets without or with several drivers.
    """
    clock = pdk.clock_ns if clock_ns is None else clock_ns
    _check_arguments(sources, clock)
    command, version = find_yosys(tool)
    out.mkdir(parents=True, exist_ok=True)
    log = log or out / "yosys.log"
    with workspace(out) as work:
        for memory in memories:
            shutil.copyfile(memory, work / memory.name)
        paths = pdk.unpacked(work)
        library = read_liberty(paths)
        files = [path.resolve() for path in sources]
        script = synthesis_script(
            files, top, pdk, library, paths, clock, work, adders_first, scalar_nets,
            clock_gates, for_area,
        )  # fmt: skip
        (work / "synth.ys").write_text(script, encoding="utf-8")
        run([*command, "synth.ys"], cwd=work, log=log, name="Yosys")
        check_rtl(work, top, log)
        netlist = read_netlist(work / "netlist.json", top)
        check_netlist(netlist, library, log)
        write_models(netlist, library, work / "cells.v", command, work, log)
        result = _result(netlist, library, pdk, clock, out, version)
        write_json(work / "stat.json", _stat(result, pdk, clock))
        for path in (result.netlist, result.netlist_json, result.models, result.stat):
            (work / path.name).replace(path)
    return result


def find_yosys(tool: str = "auto") -> tuple[list[str], str]:
    """Return the command that runs a Yosys script, and the tool's name and version.

    Raises:
        InvalidInput: for another value of `tool`.
        ToolMissing: if it is not installed or too old.
    """
    if tool not in ("auto", "pyosys", "yosys"):
        raise InvalidInput("synthesis tool", got=repr(tool), expected="auto, pyosys or yosys")
    has_pyosys = importlib.util.find_spec("pyosys") is not None
    if tool == "yosys" or (tool == "auto" and (os.environ.get("YOSYS_EXE") or not has_pyosys)):
        path = YOSYS.require()
        version = YOSYS.version() or "unknown"
        number = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
        if number < OLDEST:
            raise ToolMissing(
                "Yosys is needed (synthesis to gates)",
                got=f"version {version} at {path}",
                expected=f"{OLDEST[0]}.{OLDEST[1]} or newer",
                mend="Use pyosys (pip install pyosys), or set YOSYS_EXE to a newer one",
            )
        return [str(path), "-s"], f"yosys {version}"
    if not has_pyosys:
        raise ToolMissing(
            "pyosys is needed (synthesis to gates)",
            got="no module pyosys",
            expected="the Python package pyosys",
            mend="Install it with 'pip install pyosys', or use an installed yosys",
        )
    runner = str(Path(__file__).with_name("runner.py"))
    return [sys.executable, "-P", runner], f"pyosys {metadata.version('pyosys')}"


@contextmanager
def workspace(out: Path) -> Iterator[Path]:
    """Yield a scratch directory inside `out` that is gone afterwards, whatever happens."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=out)).resolve()
    except OSError as error:
        raise unwritable(out, error) from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_arguments(sources: Sequence[Path], clock_ns: float) -> None:
    if not sources:
        raise InvalidInput("Verilog sources", got="none", expected="at least one file")
    for path in sources:
        if not Path(path).is_file():
            raise InvalidInput("Verilog source", got=f"no file {path}", expected="a Verilog file")
    if not clock_ns > 0:
        raise InvalidInput("clock period", got=f"{clock_ns} ns", expected="more than 0 ns")


def write_models(
    netlist: Netlist, library: Library, path: Path, command: Sequence[str], work: Path, log: Path
) -> None:
    """Write Verilog models of the cells in a netlist, made from their Liberty functions."""
    names = list(netlist.counts)
    reads = []
    for i, text in enumerate(library.subset(names)):
        (work / f"used{i}.lib").write_text(text, encoding="utf-8")
        reads.append(f"read_liberty -ignore_miss_func used{i}.lib")
    picked = [name for name in names if name in library]
    gates = {name: gate for name in picked if (gate := library[name].gate) is not None}
    lines = [*reads, f"write_verilog -noattr {path.name}"]
    (work / "models.ys").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run([*command, "models.ys"], cwd=work, log=log, name="Yosys")
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(gate_model(name, gate) for name, gate in gates.items())
    written = set(re.findall(r"^module \\?(\S+?)\s*\(", path.read_text(encoding="utf-8"), re.M))
    if missing := [name for name in picked if name not in written]:
        raise StepFailed(
            f"simulation models of {netlist.top}",
            got=f"no function in the Liberty for {', '.join(missing)}",
            expected="a function for every cell used",
            mend="Add these cells to the library's dont_use",
        )


GATE = """
module {name}({pins});
  input {inputs};
  output {out};
  reg open;
  always @*
    if (!{clock}) open = {enable};
  assign {out} = {clock} & open;
endmodule
"""


def gate_model(name: str, gate: ClockGate) -> str:
    """Return a Verilog model of an integrated clock gate, which Yosys makes none of."""
    inputs = [gate.clock, gate.enable, *gate.tests]
    enable = " | ".join([gate.enable, *gate.tests])
    return GATE.format(
        name=name, pins=", ".join([*inputs, gate.out]), inputs=", ".join(inputs), out=gate.out,
        clock=gate.clock, enable=enable,
    )  # fmt: skip


def _result(
    netlist: Netlist, library: Library, pdk: Pdk, clock_ns: float, out: Path, tool: str
) -> SynthResult:
    area = sum(n * library[cell].area for cell, n in netlist.counts.items())
    flops = sum(n for cell, n in netlist.counts.items() if library[cell].sequential == "ff")
    notes = [f"mapped for a clock of {clock_ns:g} ns at {pdk.corner}"]
    tied = sum(isinstance(net, str) for port in netlist.ports for net in port.nets)
    if tied:
        notes.append(f"{tied} output bits are constant, and {pdk.name} has no tie cells")
    return SynthResult(
        top=netlist.top,
        netlist=out / "netlist.v",
        netlist_json=out / "netlist.json",
        models=out / "cells.v",
        stat=out / "stat.json",
        cells=len(netlist.instances),
        flip_flops=flops,
        area_um2=round(area, 3),
        counts=netlist.counts,
        tool=tool,
        notes=notes,
    )


def _stat(result: SynthResult, pdk: Pdk, clock_ns: float) -> dict[str, object]:
    return json.loads(
        json.dumps(
            {
                "top": result.top,
                "pdk": pdk.name,
                "clock_ns": clock_ns,
                "tool": result.tool,
                "cells": result.cells,
                "flip_flops": result.flip_flops,
                "area_um2": result.area_um2,
                "counts": result.counts,
                "notes": result.notes,
            }
        )
    )


def netlist_to_json(
    netlist_v: Path,
    top: str,
    pdk: Pdk,
    json_file: Path,
    work: Path,
    log: Path,
    tool: str = "auto",
    blocks: Sequence[Path] = (),
) -> None:
    """Turn a Verilog netlist of library cells into Yosys' JSON (`json_file` inside `work`).

    Args:
        netlist_v: the netlist.
        top: its module.
        pdk: library.
        json_file: file to write.
        work: scratch directory.
        log: file for Yosys' output.
        tool: which Yosys.
        blocks: Liberty files of hardened blocks in it.
    """
    command, _ = find_yosys(tool)
    library = read_liberty(pdk.unpacked(work))
    words = set(re.findall(r"^\s*\\?(\w+) ", netlist_v.read_text(encoding="utf-8"), re.M))
    lines = []
    for i, text in enumerate(library.subset([n for n in library.names if n in words])):
        (work / f"known{i}.lib").write_text(text, encoding="utf-8")
        lines.append(f"read_liberty -lib -ignore_miss_func known{i}.lib")
    lines += [f'read_liberty -lib -ignore_miss_func "{path.resolve()}"' for path in blocks]
    lines += [
        f'read_verilog "{netlist_v.resolve()}"',
        f"hierarchy -top {top}",
        "setattr -unset single_bit_vector w:*",
        f"select {top}",
        f"write_json -selected {json_file.name}",
    ]
    (work / "to_json.ys").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run([*command, "to_json.ys"], cwd=work, log=log, name="Yosys")
