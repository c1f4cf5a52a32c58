"""The flow's step `bambu`: C to Verilog to a netlist, in one architecture or the best of all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from hls.bambu.measure import SYNTH, Budget, Measured, build_architecture
from hls.bambu.run import COMMAND, RECORD, write_sources
from hls.bambu.tool import BAMBU
from hls.ckernel.generate import generate
from hls.ckernel.kernel import ARCHITECTURES, HlsKernel, hls_kernel
from hls.ckernel.step import stimulus_of
from hls.errors import NeutnnError, StepFailed, Unsupported
from hls.files import sha256, write_json
from hls.flow import HlsOptions
from hls.ir.network import FrozenNetwork
from hls.ir.stimulus import STIMULUS, Stimulus
from hls.ir.store import load
from hls.pdk import find_pdk
from hls.step import Step, StepContext, step_dir
from hls.synth.yosys import find_yosys

CHOSEN = "chosen.json"
"""What the rungs read: architecture, its directory, and digests of what it left there."""


class BambuStep(Step):
    """Make Verilog with Bambu, and a netlist of it with Yosys; without Bambu, all up to its call.

    Args:
        hls: options of high-level synthesis.
        pdk: library.
        pdk_root: where to look for it, instead of the usual places.
        clock_ns: clock period, in ns (default: the library's).
        synth_tool: `auto`, `pyosys` or `yosys`.
    """

    id = "bambu"

    def __init__(
        self,
        hls: HlsOptions | None = None,
        *,
        pdk: str = "osu018",
        pdk_root: Path | None = None,
        clock_ns: float | None = None,
        synth_tool: str = "auto",
    ) -> None:
        self.hls = hls or HlsOptions()
        self.pdk, self.pdk_root, self.clock_ns = pdk, pdk_root, clock_ns
        self.synth_tool = synth_tool

    @property
    def options(self) -> dict[str, Any]:
        """Return the resolved options, with the versions of Bambu (null: missing) and Yosys."""
        version = BAMBU.version()
        found: dict[str, Any] = {**asdict(self.hls), "bambu": version}
        if version is not None:
            found |= {"pdk": self.pdk, "pdk_clock_ns": self._clock()}
            found |= {"yosys": find_yosys(self.synth_tool)[1]}
        return found

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the frozen network, and the stimulus if there is one."""
        stimulus = step_dir(run_dir, "freeze") / STIMULUS
        found = {"stimulus": stimulus} if stimulus.exists() else {}
        return {"frozen": run_dir / "frozen", **found}

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Make what can be made; return the metrics and one line."""
        network = load(context.inputs["frozen"])
        stimulus = stimulus_of(context, network, generate(network))
        if BAMBU.find() is None:
            return self._without(context, network, stimulus)
        auto = self.hls.arch == "auto"
        names = ARCHITECTURES if auto else (self.hls.arch,)
        rows = {name: self._build(context, network, name, stimulus, auto) for name in names}
        budget = Budget(self.hls.max_area_um2, self.hls.max_latency_ns, self.hls.objective)
        for row in rows.values():
            row.reason = row.reason or (budget.refuses(row) if auto else None)
        write_json(context.dir / "architectures.json", [row.row for row in rows.values()])
        best = budget.choose(rows)
        self._choose(context.dir, best, network)
        return _metrics(rows, best), _summary(rows, best, self.pdk)

    def _build(
        self,
        context: StepContext,
        network: FrozenNetwork,
        arch: str,
        stimulus: Stimulus,
        auto: bool,
    ) -> Measured:
        """Build one architecture; one of many that cannot be built is a row with the reason."""
        options = self.hls.bambu(self.pdk, self._clock(), arch)
        try:
            return build_architecture(
                hls_kernel(network, arch),
                options,
                find_pdk(self.pdk, self.pdk_root),
                context.dir / arch,
                stimulus,
                clock_ns=self._clock(),
                synth_tool=self.synth_tool,
                log=context.log,
                tell=context.tell,
            )
        except (StepFailed, Unsupported) as error:
            if not auto:
                raise
            return Measured(arch, options.clock_ns, reason=str(error).splitlines()[0])

    def _without(
        self, context: StepContext, network: FrozenNetwork, stimulus: Stimulus
    ) -> tuple[dict[str, Any], str]:
        kernel = self._first_kernel(network)
        options = self.hls.bambu(self.pdk, self._clock(), kernel.arch)
        write_sources(kernel, options, context.dir / kernel.arch, stimulus)
        command = context.dir / kernel.arch / COMMAND
        write_json(context.dir / CHOSEN, {"network_sha256": network.hash, "arch": None})
        summary = (
            f"not installed ({BAMBU.install}, or set {BAMBU.variable}); "
            f"what it would be given: {kernel.arch}/{command.name}"
        )
        return {"installed": False, "arch": kernel.arch}, summary

    def _first_kernel(self, network: FrozenNetwork) -> HlsKernel:
        return hls_kernel(network, "rolled" if self.hls.arch == "auto" else self.hls.arch)

    def _choose(self, directory: Path, arch: str, network: FrozenNetwork) -> None:
        files = [RECORD, f"{network.name}.v", f"{SYNTH}/netlist.v", f"{SYNTH}/cells.v"]
        digests = {name: sha256(directory / arch / name) for name in files}
        document = {"network_sha256": network.hash, "arch": arch, "sha256": digests}
        write_json(directory / CHOSEN, document)

    def _clock(self) -> float:
        if self.clock_ns is not None:
            return self.clock_ns
        try:
            return find_pdk(self.pdk, self.pdk_root).clock_ns
        except NeutnnError:  # without the library there is still C, test bench and command line
            if BAMBU.find() is not None:
                raise
            return 10.0


def _metrics(rows: dict[str, Measured], best: str) -> dict[str, Any]:
    chosen = rows[best].row
    said = chosen.pop("bambu")
    return {"installed": True, **chosen, **{f"bambu_{key}": value for key, value in said.items()}}


def _summary(rows: dict[str, Measured], best: str, pdk: str) -> str:
    row = rows[best]
    cycles = "" if row.cycles_mean is None else f"{row.cycles_mean:g} clocks, "
    slow = "" if row.latency_ns is None else f" x {row.clock_ns:.2f} ns, "
    text = f"{best}, {cycles.removesuffix(', ') + slow}{row.cells} cells, {row.area_um2:,.0f} um^2"
    others = f" (best of {len(rows)})" if len(rows) > 1 else ""
    return f"{pdk} {text}{others}"
