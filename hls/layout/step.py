"""The layout step of a flow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hls.ir.stimulus import STIMULUS, read_stimulus
from hls.ir.store import load
from hls.layout.flow import choose_tool, make_layout
from hls.layout.graywolf import GRAYWOLF
from hls.layout.openroad import OPENROAD
from hls.layout.qrouter import QROUTER
from hls.layout.sta import OPENSTA
from hls.pdk import find_pdk
from hls.step import Step, StepContext, step_dir
from hls.tool import Tool


class LayoutStep(Step):
    """Lay out the netlist of the `synth` step.

    Args:
        pdk: library.
        pdk_root: where to look for it, instead of the usual places.
        tool: `auto`, `openroad` or `qflow`.
        clock_ns: clock period, in ns (default: the library's).
        density: cell area over row area, 0 .. 1 (default: the tool's).
        seed: of the placement (qflow).
        inferences: inferences in the activity (default: how often the port `done` rises).
    """

    id = "layout"

    def __init__(
        self,
        *,
        pdk: str = "osu018",
        pdk_root: Path | None = None,
        tool: str = "auto",
        clock_ns: float | None = None,
        density: float | None = None,
        seed: int = 12345,
        inferences: int | None = None,
    ) -> None:
        self.pdk, self.pdk_root, self.tool = pdk, pdk_root, tool
        self.clock_ns, self.density, self.seed = clock_ns, density, seed
        self.inferences = inferences

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The placer and router, and OpenSTA where it is installed."""
        if choose_tool(self.tool, self.pdk) == "openroad":
            return (OPENROAD,)
        return (GRAYWOLF, QROUTER, *([OPENSTA] if OPENSTA.find() else []))

    @property
    def options(self) -> dict[str, Any]:
        """Resolved options."""
        pdk = find_pdk(self.pdk, self.pdk_root)
        return {
            "pdk": self.pdk,
            "tool": choose_tool(self.tool, self.pdk),
            "clock_ns": pdk.clock_ns if self.clock_ns is None else self.clock_ns,
            "density": self.density,
            "seed": self.seed,
            "inferences": self.inferences,
        }

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the netlist, and the samples or the activity that the `verify` step recorded."""
        synth = step_dir(run_dir, "synth")
        found = {"netlist": synth / "netlist.v", "netlist_json": synth / "netlist.json"}
        if choose_tool(self.tool, self.pdk) == "openroad":
            samples = {
                "frozen": run_dir / "frozen",
                "stimulus": step_dir(run_dir, "freeze") / STIMULUS,
            }
            return found | (samples if all(p.exists() for p in samples.values()) else {})
        activity = step_dir(run_dir, "verify") / "netlist.vcd"
        return found | ({"activity": activity} if activity.is_file() else {})

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Lay out; return the metrics and one line."""
        samples = None
        if "stimulus" in context.inputs:
            network = load(context.inputs["frozen"])
            samples = network, read_stimulus(context.inputs["stimulus"], network)
        result = make_layout(
            context.inputs["netlist"].parent,
            find_pdk(self.pdk, self.pdk_root),
            context.dir,
            tool=self.tool,
            clock_ns=self.clock_ns,
            density=self.density,
            seed=self.seed,
            activity=context.inputs.get("activity"),
            inferences=self.inferences,
            samples=samples,
            log=context.log,
            progress=context.tell,
        )
        name = choose_tool(self.tool, self.pdk)
        summary = f"{name} {self.pdk}, {result.cells} cells, {result.router_violations} violations"
        if result.samples_compared:
            summary += f", {result.samples_compared} samples routed, 0 mismatches"
        return result.metrics(), summary
