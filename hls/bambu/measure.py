"""What an architecture costs and how fast it is: Bambu, then our own synthesis and timing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hls.bambu.options import BambuOptions
from hls.bambu.run import BambuResult, c_to_verilog, read_result
from hls.ckernel.kernel import HlsKernel
from hls.errors import InvalidInput
from hls.ir.stimulus import Stimulus
from hls.layout.sta import OPENSTA, timing
from hls.pdk import Pdk
from hls.step import Tell
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import synthesise, workspace

SYNTH = "synth"
LARGE_SUMS = ("unrolled", "pipelined")
"""Architectures with more additions in one clock than logic optimisation can look through."""


@dataclass
class Measured:
    """An architecture of a network, made and measured.

    Attributes:
        arch: its name.
        plan_ns: clock period that Bambu planned with, in ns.
        cells: cells after synthesis.
        flip_flops: flip-flops among them.
        area_um2: their area, in um^2; read-only memories and the controller are gates in it.
        memory_bits: contents of memories in the Verilog, in bits.
        clock_ns: shortest clock period, in ns (OpenSTA, wires without capacitance); the planned one
            without OpenSTA.
        cycles_mean: mean clocks from start, its own included, to the answer.
        latency_ns: `cycles_mean` times `clock_ns`.
        bambu: what Bambu says of it.
        reason: why there is nothing of all this, or why it does not fit; None if it fits.
    """

    arch: str
    plan_ns: float = 0.0
    cells: int | None = None
    flip_flops: int | None = None
    area_um2: float | None = None
    memory_bits: int | None = None
    clock_ns: float | None = None
    cycles_mean: float | None = None
    latency_ns: float | None = None
    bambu: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The row for a table."""
        return asdict(self)


def build_architecture(
    kernel: HlsKernel,
    options: BambuOptions,
    pdk: Pdk,
    out: Path,
    stimulus: Stimulus,
    *,
    clock_ns: float,
    synth_tool: str = "auto",
    log: Path | None = None,
    tell: Tell = lambda text, share=None: None,
) -> Measured:
    """Make Verilog and a netlist of an architecture, and measure both.

    Args:
        kernel: the C.
        options: what Bambu is asked for.
        pdk: library.
        out: directory for Bambu's results; the netlist goes into `synth` below it.
        stimulus: samples and the reference's answers.
        clock_ns: clock period that mapping aims at, in ns.
        synth_tool: `auto`, `pyosys` or `yosys`.
        log: file for the tools' output.
        tell: takes what is being done.

    Raises:
        NeutnnError: whatever a tool raises.
    """
    tell(f"{kernel.arch}: C to Verilog (Bambu)")
    made = c_to_verilog(kernel, options, out, stimulus, log)
    tell(f"{kernel.arch}: synthesis")
    return measure(made, pdk, clock_ns, options.clock_ns, synth_tool, log)


def measure(
    made: BambuResult,
    pdk: Pdk,
    clock_ns: float,
    plan_ns: float,
    synth_tool: str = "auto",
    log: Path | None = None,
) -> Measured:
    """Synthesise what Bambu made and return its figures.

    Args:
        made: what Bambu made; the netlist goes into `synth` beside it.
        pdk: library.
        clock_ns: clock period that mapping aims at, in ns.
        plan_ns: clock period that Bambu planned with, in ns.
        synth_tool: `auto`, `pyosys` or `yosys`.
        log: file for the tools' output.
    """
    out = made.verilog.parent / SYNTH
    netlist = synthesise(
        [made.verilog], made.top, pdk, out, clock_ns=clock_ns, tool=synth_tool, log=log,
        memories=made.memories, adders_first=made.arch in LARGE_SUMS, scalar_nets=True,
    )  # fmt: skip
    fastest = closing_clock(out, made.top, pdk, clock_ns, "clock", log) or clock_ns
    counted = made.metrics.get("cycles_mean")
    cycles = None if counted is None else counted - 1  # it counts that of the arguments too
    return Measured(
        arch=made.arch,
        plan_ns=plan_ns,
        cells=netlist.cells,
        flip_flops=netlist.flip_flops,
        area_um2=netlist.area_um2,
        memory_bits=made.metrics.get("memory_bits", 0),
        clock_ns=fastest,
        cycles_mean=cycles,
        latency_ns=None if cycles is None else round(cycles * fastest, 3),
        bambu=made.metrics,
    )


def closing_clock(
    out: Path, top: str, pdk: Pdk, clock_ns: float, clock: str, log: Path | None = None
) -> float | None:
    """Return the shortest clock period of a netlist, in ns; None without OpenSTA or a path.

    Args:
        out: directory with `netlist.v` and `netlist.json`.
        top: its module.
        pdk: library.
        clock_ns: clock period to begin with, in ns.
        clock: its clock port.
        log: file for OpenSTA's output.
    """
    if OPENSTA.find() is None:
        return None
    netlist = read_netlist(out / "netlist.json", top)
    with workspace(out) as work:
        library = read_liberty(pdk.unpacked(work))
        found = timing(
            out / "netlist.v", netlist, library, out, clock_ns=clock_ns, clock=clock, log=log
        )
    return found.fastest_clock_ns


@dataclass(frozen=True)
class Budget:
    """What an architecture may cost.

    Attributes:
        max_area_um2: area of cells, in um^2; None is no limit.
        max_latency_ns: time from start to answer, in ns; None is no limit.
        objective: `area`, `latency` or `area_latency`.
    """

    max_area_um2: float | None = None
    max_latency_ns: float | None = None
    objective: str = "area_latency"

    def refuses(self, measured: Measured) -> str | None:
        """Return why an architecture does not fit, or None."""
        limits = (
            ("area", measured.area_um2, self.max_area_um2, "um^2"),
            ("latency", measured.latency_ns, self.max_latency_ns, "ns"),
        )
        over = [
            f"{name} {value:,.0f} {unit} > {limit:,.0f}"
            for name, value, limit, unit in limits
            if value is not None and limit is not None and value > limit
        ]
        return "; ".join(over) or None

    def score(self, measured: Measured) -> float:
        """Return what is to be small."""
        area, latency = measured.area_um2 or 0.0, measured.latency_ns or 0.0
        return {"area": area, "latency": latency, "area_latency": area * latency}[self.objective]

    def choose(self, rows: Mapping[str, Measured]) -> str:
        """Return the best architecture that fits.

        Raises:
            InvalidInput: if none does.
        """
        fitting = {name: row for name, row in rows.items() if row.reason is None}
        if not fitting:
            reasons = [f"  {name}: {row.reason}" for name, row in rows.items()]
            raise InvalidInput(
                "architectures within the budget",
                got="none",
                expected="at least one",
                mend="\n".join(["Raise hls.max_area_um2 or hls.max_latency_ns:", *reasons]),
            )
        return min(fitting, key=lambda name: self.score(fitting[name]))


def netlist_of(directory: Path) -> tuple[BambuResult, list[Path]]:
    """Return what Bambu made in a directory, and its netlist with the models of its cells."""
    return read_result(directory), [directory / SYNTH / name for name in ("netlist.v", "cells.v")]
