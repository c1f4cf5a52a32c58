"""Architectures of one network measured alike: the direct RTL, and Bambu's of each C kernel.

Every design is synthesised for the same library and clock, timed by OpenSTA without wires, proved
over the same samples as gates, and its power computed from the activity of these gates at its own
shortest clock period.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hls.bambu.interval import initiation_interval
from hls.bambu.measure import LARGE_SUMS, SYNTH, closing_clock
from hls.bambu.options import BambuOptions
from hls.bambu.run import BambuResult, c_to_verilog
from hls.bambu.simulate import simulate_bambu
from hls.ckernel.kernel import HlsKernel, hls_kernel
from hls.errors import NeutnnError, Unsupported
from hls.files import write_json, write_text
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs
from hls.ir.stimulus import Stimulus
from hls.layout.power import power
from hls.pdk import Pdk
from hls.rtl import generate as generate_rtl
from hls.sim.simulate import simulate
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import SynthResult, synthesise, workspace
from hls.tool import time_limit

RTL = "direct RTL"
RECORD = "measured.json"
POWER_SAMPLES = 8


@dataclass
class Rival:
    """A design of the network, measured.

    Attributes:
        name: `direct RTL`, or an architecture of the C.
        plan_ns: clock period that Bambu planned with, in ns; None for the RTL.
        cells: cells after synthesis.
        flip_flops: flip-flops among them.
        area_um2: their area, in um^2: datapath, controller and constant tables, which are gates.
        memory_bits: of them, contents of Bambu's memories, in bits.
        input_bits: spike times that are held outside the design until `done`, in bits: a memory for
            arrays, registers for scalars. The RTL takes spikes as pulses.
        clocks: mean clocks from start, its own included, to the answer.
        interval: clocks from a sample to the next, measured where samples overlap (`pipelined`);
            None elsewhere: the next one comes after the answer.
        clock_ns: shortest clock period, in ns.
        latency_ns: `clocks` times `clock_ns`.
        power_uw: power at `clock_ns`, in uW, an inference at a time.
        energy_pj: energy of an inference, in pJ.
        samples: samples compared with the reference.
        mismatches: spike times that differ.
        seconds: time that the making took, in s.
        reason: why there is nothing of all this, None if there is.
    """

    name: str
    plan_ns: float | None = None
    cells: int | None = None
    flip_flops: int | None = None
    area_um2: float | None = None
    memory_bits: int = 0
    input_bits: int = 0
    clocks: float | None = None
    interval: int | None = None
    clock_ns: float | None = None
    latency_ns: float | None = None
    power_uw: float | None = None
    energy_pj: float | None = None
    samples: int = 0
    mismatches: int | None = None
    seconds: float = 0.0
    reason: str | None = None


@dataclass(frozen=True)
class Bench:
    """What all rivals share.

    Attributes:
        network: the network.
        stimulus: samples and the reference's answers.
        pdk: library.
        clock_ns: clock period that mapping aims at, in ns.
        synth_tool: `auto`, `pyosys` or `yosys`.
        limit_s: limit of a rival, in s: all its tools together; None is none.
    """

    network: FrozenNetwork
    stimulus: Stimulus
    pdk: Pdk
    clock_ns: float
    synth_tool: str = "auto"
    limit_s: float | None = None

    @property
    def key(self) -> dict[str, Any]:
        """What decides whether a measurement is still good."""
        from hls.synth.yosys import find_yosys

        return {
            "network_sha256": self.network.hash,
            "samples": len(self.stimulus.x),
            "pdk": self.pdk.name,
            "clock_ns": self.clock_ns,
            "yosys": find_yosys(self.synth_tool)[1],
        }


def measure_rtl(bench: Bench, out: Path) -> Rival:
    """Measure the direct RTL; what was measured before is read.

    Args:
        bench: network, samples, library and clock.
        out: directory of this rival.
    """
    key = {**bench.key, "rival": RTL, "source_sha256": _digest(generate_rtl(bench.network).text)}
    return _once(out, key, RTL, lambda: _rtl(bench, out), bench.limit_s)


def measure_c(bench: Bench, arch: str, options: BambuOptions, out: Path) -> Rival:
    """Measure an architecture of the C; what was measured before is read.

    Args:
        bench: network, samples, library and clock.
        arch: architecture.
        options: what Bambu is asked for.
        out: directory of this rival.
    """
    from hls.bambu.tool import BAMBU

    try:
        kernel = hls_kernel(bench.network, arch)
    except Unsupported as error:
        return Rival(arch, reason=_reason(error))
    key = {**bench.key, "rival": arch, "bambu": BAMBU.version(), **asdict(options)}
    key["source_sha256"] = _digest("".join(kernel.files.values()))
    return _once(out, key, arch, lambda: _c(bench, kernel, options, out), bench.limit_s)


def _reason(error: NeutnnError) -> str:
    """Return an error's first line, without what leads over to the next one."""
    return str(error).splitlines()[0].removesuffix(" Its last lines:")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _once(
    out: Path,
    key: dict[str, Any],
    name: str,
    make: Callable[[], Rival],
    limit_s: float | None = None,
) -> Rival:
    """Return what is recorded under the same key, else make and record it."""
    key = json.loads(json.dumps(key))
    path = out / RECORD
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        rival = Rival(**found["rival"])
        if found["key"] == key and (rival.reason is None or found["limit_s"] == limit_s):
            return rival
    except (OSError, ValueError, KeyError, TypeError):
        pass
    begin = time.monotonic()
    try:
        with time_limit(limit_s):
            rival = make()
    except NeutnnError as error:
        rival = Rival(name, reason=_reason(error))
    rival.seconds = round(time.monotonic() - begin, 1)
    out.mkdir(parents=True, exist_ok=True)
    write_json(path, {"key": key, "limit_s": limit_s, "rival": asdict(rival)})
    return rival


def _rtl(bench: Bench, out: Path) -> Rival:
    network, (x, proximal, expected) = bench.network, bench.stimulus
    source = out / f"{network.name}.v"
    write_text(source, generate_rtl(network).text)
    netlist = _synthesise(bench, source, (), out)
    files = [netlist.netlist, netlist.models]
    run = simulate(
        files, network.name, network, x, proximal, simulator="verilator", workdir=out / "simulation"
    )
    few = None if proximal is None else proximal[:POWER_SAMPLES]
    vcd = out / "activity.vcd"
    simulate(
        files,
        network.name,
        network,
        x[:POWER_SAMPLES],
        few,
        workdir=out / "activity",
        vcd=vcd,
        vcd_samples=POWER_SAMPLES,
        vcd_depth=1,
    )
    rival = Rival(RTL, clocks=run.mean_cycles + 1)  # and that of start
    return _figures(bench, rival, netlist, run.outputs, expected, vcd, "clk")


def _c(bench: Bench, kernel: HlsKernel, options: BambuOptions, out: Path) -> Rival:
    arch = kernel.arch
    made: BambuResult = c_to_verilog(kernel, options, out, bench.stimulus)
    netlist = _synthesise(bench, made.verilog, made.memories, out, arch in LARGE_SUMS, True)
    x, proximal, expected = bench.stimulus
    files = [netlist.netlist, netlist.models]
    run = simulate_bambu(kernel, files, (), x, proximal, workdir=out / "simulation")
    vcd = out / "activity.vcd"
    few = None if proximal is None else proximal[:POWER_SAMPLES]
    simulate_bambu(kernel, files, (), x[:POWER_SAMPLES], few, workdir=out / "activity", vcd=vcd)
    given = [a for a in kernel.arguments if a.direction == "in"]
    rival = Rival(
        arch,
        plan_ns=options.clock_ns,
        memory_bits=int(made.metrics.get("memory_bits", 0)),
        input_bits=sum(
            a.bits * a.length if a.kind == "array" else a.count * a.width for a in given
        ),
        clocks=run.mean_cycles,
    )
    if arch == "pipelined":
        rival.interval = initiation_interval(
            kernel, files, bench.stimulus, workdir=out / "interval", most=int(run.cycles.max()) + 1
        )
    return _figures(bench, rival, netlist, run.outputs, expected, vcd, "clock")


def _synthesise(
    bench: Bench,
    source: Path,
    memories: tuple[Path, ...],
    out: Path,
    sums: bool = False,
    bits: bool = False,
) -> SynthResult:
    return synthesise(
        [source], bench.network.name, bench.pdk, out / SYNTH, clock_ns=bench.clock_ns,
        tool=bench.synth_tool, memories=memories, adders_first=sums, scalar_nets=bits,
    )  # fmt: skip


def _figures(
    bench: Bench,
    rival: Rival,
    netlist: SynthResult,
    outputs: Outputs,
    expected: Outputs,
    vcd: Path,
    clock: str,
) -> Rival:
    """Fill in what all designs are asked alike; the waveforms are removed, they are large."""
    out = netlist.netlist.parent
    period = closing_clock(out, netlist.top, bench.pdk, bench.clock_ns, clock) or bench.clock_ns
    with workspace(out) as work:
        found = power(
            read_netlist(netlist.netlist_json, netlist.top), bench.pdk,
            read_liberty(bench.pdk.unpacked(work)), vcd, clock_ns=period, clock=clock,
            inferences=min(POWER_SAMPLES, len(expected.y)),
        )  # fmt: skip
    vcd.unlink()
    rival.cells, rival.flip_flops = netlist.cells, netlist.flip_flops
    rival.area_um2, rival.clock_ns = netlist.area_um2, period
    rival.clocks = round(rival.clocks or 0.0, 3)
    rival.latency_ns = round(rival.clocks * period, 3)
    rival.power_uw = round(found.power_uw, 3)
    rival.energy_pj = found.energy_per_inference_pj and round(found.energy_per_inference_pj, 3)
    rival.samples = len(expected.y)
    rival.mismatches = int((outputs.y != expected.y).sum())
    return rival
