"""A run of Bambu: set up the sources, run, take what is worth keeping and measure it."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hls.bambu.bench import c_bench, xml_bench
from hls.bambu.command import C_BENCH_FILE, XML_BENCH_FILE, bambu_command
from hls.bambu.options import BambuOptions
from hls.bambu.results import check_cosimulation, read_metrics
from hls.bambu.tool import Bambu, installed
from hls.ckernel.kernel import HlsKernel
from hls.errors import InvalidInput, StepFailed
from hls.files import unwritable, write_json, write_text
from hls.ir.outputs import Outputs
from hls.ir.stimulus import Stimulus
from hls.tool import run, tail

COMMAND = "command.txt"
RECORD = "bambu.json"


@dataclass(frozen=True)
class BambuResult:
    """What a high-level synthesis gave.

    Attributes:
        top: top module.
        arch: architecture of the C.
        verilog: `<top>.v`.
        memories: files that the Verilog reads its memories' contents from, beside it.
        metrics: see `read_metrics`; with `memory_bits` (those of the memory files).
        tool: what ran, with its version.
        command: command line.
    """

    top: str
    arch: str
    verilog: Path
    memories: tuple[Path, ...]
    metrics: dict[str, Any] = field(default_factory=dict)
    tool: str = "bambu"
    command: tuple[str, ...] = ()


def write_sources(
    kernel: HlsKernel,
    options: BambuOptions,
    out: Path,
    stimulus: Stimulus,
    bambu: Bambu | None = None,
) -> list[str]:
    """Write the C, the test bench and the command line; return the command line.

    Args:
        kernel: the C.
        options: what is asked for.
        out: directory.
        stimulus: samples and the reference's answers; the first `options.samples` are used.
        bambu: the installed one; None: write for the newest release.

    Raises:
        InvalidInput: for an option that the installed one does not know, or without samples.
    """
    command = bambu_command(kernel, options, bambu)
    few = _first(stimulus, options.samples)
    if not len(few.x):
        raise InvalidInput("stimulus of Bambu's test bench", got="no samples", expected="some")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(out, error) from error
    for name, text in kernel.files.items():
        write_text(out / name, _with_ports(text, kernel, options))
    if bambu is None or bambu.c_bench:
        write_text(out / C_BENCH_FILE, c_bench(kernel, few))
    else:
        write_text(out / XML_BENCH_FILE, xml_bench(kernel, few))
    shown = ["bambu", *command[1:]]
    write_text(out / COMMAND, shlex.join(shown) + "\n")
    return command


def c_to_verilog(
    kernel: HlsKernel,
    options: BambuOptions,
    out: Path,
    stimulus: Stimulus,
    log: Path | None = None,
) -> BambuResult:
    """Make Verilog of a kernel with the installed Bambu.

    Leaves in `out` the C, the test bench, `command.txt`, `<top>.v`, its memory files, its SDC and
    `bambu.json`; everything else that Bambu writes is removed again.

    Args:
        kernel: the C.
        options: what is asked for.
        out: directory, emptied first.
        stimulus: samples and the reference's answers.
        log: file for Bambu's output (default `out/bambu.log`).

    Raises:
        ToolMissing: without Bambu.
        InvalidInput: for an option that it does not know.
        StepFailed: if it fails, takes too long or needs too much memory, or writes no Verilog.
        Mismatch: if its co-simulation does not give the reference's answers.
    """
    bambu = installed()
    log = log or out / "bambu.log"
    if out.is_dir():
        _empty(out, log)
    command = write_sources(kernel, options, out, stimulus, bambu)
    output = run(
        command, cwd=out, log=log, timeout=options.time_limit_s, name="Bambu",
        memory_gb=options.memory_limit_gb,
    )  # fmt: skip
    verilog = out / f"{kernel.top}.v"
    if not verilog.is_file():
        raise StepFailed(
            "Bambu failed",
            got=f"exit code 0, but no {verilog.name}",
            expected="Verilog",
            mend=f"Its last lines:\n{tail(output)}\nThe whole log: {log}",
        )
    if options.cosimulate:
        check_cosimulation(output, out, log)
    xml = sorted(out.glob("bambu_results_*.xml"))
    metrics = read_metrics(output, xml[0].read_text("utf-8", "replace") if xml else "")
    write_text(verilog, _carrying(verilog.read_text("utf-8", "replace"), kernel.network.hash))
    memories = tuple(sorted(out.glob("*.mem")))
    metrics["memory_bits"] = sum(memory_bits(path) for path in memories)
    result = BambuResult(
        kernel.top, kernel.arch, verilog, memories, metrics, f"bambu {bambu.version}",
        ("bambu", *command[1:]),
    )  # fmt: skip
    _tidy(kernel, out, log)
    _record(result, options)
    return result


def read_result(directory: Path) -> BambuResult:
    """Read what `c_to_verilog` left in a directory.

    Raises:
        InvalidInput: if there is nothing.
    """
    import json

    try:
        found = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        return BambuResult(
            found["top"], found["arch"], directory / found["verilog"],
            tuple(directory / name for name in found["memories"]), found["metrics"],
            found["tool"], tuple(found["command"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"result of Bambu in {directory}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a readable {RECORD}",
            mend="Run the step bambu again",
        ) from error


def memory_bits(path: Path) -> int:
    """Return the bits of a memory file: one word of `0` and `1` on each line."""
    words = path.read_text(encoding="ascii").split()
    return sum(len(word) for word in words)


def _first(stimulus: Stimulus, samples: int) -> Stimulus:
    x, proximal, expected = stimulus
    few = Outputs(expected.y[:samples])
    return Stimulus(x[:samples], None if proximal is None else proximal[:samples], few)


def _with_ports(text: str, kernel: HlsKernel, options: BambuOptions) -> str:
    """Put pragmas before the top function's definition where arrays are to be AXI masters."""
    if options.interface != "axi":
        return text
    head = re.search(rf"^\w[\w ]*\b{kernel.top}\([^;{{]*\{{", text, re.M)
    if head is None:
        return text
    pragmas = "".join(
        f"#pragma HLS interface port={a.name} mode=m_axi offset=direct bundle={a.name}\n"
        for a in kernel.arguments
        if a.kind == "array"
    )
    return text[: head.start()] + pragmas + text[head.start() :]


def _carrying(text: str, network_hash: str) -> str:
    """Return Verilog that names its network and neither date nor place of its making."""
    text = re.sub(r"^(// Code created using PandA - .*?) - Date .*$", r"\1", text, flags=re.M)
    text = re.sub(r"^(// Bambu executed with: )\S*?(bambu\S*) ", r"\1bambu ", text, flags=re.M)
    return f"// network sha256 {network_hash}\n{text}"


def _empty(out: Path, log: Path) -> None:
    for child in out.iterdir():
        if child in (log, out / "step.json"):
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def _tidy(kernel: HlsKernel, out: Path, log: Path) -> None:
    """Remove what is not worth keeping: objects, simulators, scripts that name this machine."""
    for sdc in out.glob("HLS_output/Synthesis/**/*.sdc"):
        shutil.copyfile(sdc, out / f"{kernel.top}.sdc")
    kept = {*kernel.files, C_BENCH_FILE, XML_BENCH_FILE, COMMAND, log.name, "step.json"}
    kept |= {f"{kernel.top}.v", f"{kernel.top}.sdc"}
    for child in out.iterdir():
        if child.name in kept or child.suffix == ".mem":
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def _record(result: BambuResult, options: BambuOptions) -> None:
    write_json(
        result.verilog.parent / RECORD,
        {
            "top": result.top,
            "arch": result.arch,
            "verilog": result.verilog.name,
            "memories": [path.name for path in result.memories],
            "metrics": result.metrics,
            "tool": result.tool,
            "command": list(result.command),
            "device": options.device,
            "clock_ns": options.clock_ns,
            "interface": options.interface,
        },
    )
