"""The flow's step `formal`: the netlist is its RTL, for all inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hls.files import write_json
from hls.formal.equivalence import prove
from hls.step import Step, StepContext, step_dir
from hls.synth.yosys import find_yosys


class FormalStep(Step):
    """Prove that the netlist of `synth` is the RTL of `rtl`; write `proof.json`.

    Args:
        name: the network's name: top module.
        limit_s: limit in s; a proof that is not found by then is reported, and no error.
        tool: `auto`, `pyosys` or `yosys`.
    """

    id = "formal"

    def __init__(self, name: str, *, limit_s: float, tool: str = "auto") -> None:
        self.name, self.limit_s, self.tool = name, limit_s, tool

    @property
    def options(self) -> dict[str, Any]:
        """Resolved options, with the version of Yosys."""
        return {"limit_s": self.limit_s, "yosys": find_yosys(self.tool)[1]}

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return RTL, netlist and cell models."""
        synth = step_dir(run_dir, "synth")
        return {
            "rtl": step_dir(run_dir, "rtl") / f"{self.name}.v",
            "netlist": synth / "netlist.v",
            "models": synth / "cells.v",
        }

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Prove; return what was proved and one line."""
        rtl, netlist, models = (context.inputs[name] for name in ("rtl", "netlist", "models"))
        found = prove(
            rtl,
            netlist,
            models,
            self.name,
            context.dir,
            limit_s=self.limit_s,
            log=context.log,
            tool=self.tool,
        )
        write_json(context.dir / "proof.json", vars(found))
        metrics = {"formal_proved": found.proved, "formal_points": found.points}
        if not found.proved:
            return metrics, f"NOT PROVED: {found.why}"
        return metrics, f"netlist = RTL for all inputs: {found.points} pairs of bits proved"
