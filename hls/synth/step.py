"""The synthesis step of a flow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hls.pdk import find_pdk
from hls.step import Step, StepContext, step_dir
from hls.synth.yosys import YOSYS, find_yosys, synthesise
from hls.tool import Tool


class SynthStep(Step):
    """Synthesise the RTL of the `rtl` step.

    Args:
        name: the network's name: file `<name>.v` and top module.
        pdk: library.
        pdk_root: where to look for it, instead of the usual places.
        clock_ns: clock period, in ns (default: the library's).
        tool: `auto`, `pyosys` or `yosys`.
    """

    id = "synth"

    def __init__(
        self,
        name: str,
        *,
        pdk: str = "osu018",
        pdk_root: Path | None = None,
        clock_ns: float | None = None,
        tool: str = "auto",
    ) -> None:
        self.name, self.pdk, self.pdk_root = name, pdk, pdk_root
        self.clock_ns, self.tool = clock_ns, tool

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Yosys where an installed one is used; pyosys is a Python package."""
        return (YOSYS,) if "-s" in find_yosys(self.tool)[0] else ()

    @property
    def options(self) -> dict[str, Any]:
        """Resolved options, with the version of Yosys."""
        pdk = find_pdk(self.pdk, self.pdk_root)
        return {
            "name": self.name,
            "pdk": self.pdk,
            "clock_ns": pdk.clock_ns if self.clock_ns is None else self.clock_ns,
            "yosys": find_yosys(self.tool)[1],
        }

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the RTL."""
        return {"rtl": step_dir(run_dir, "rtl") / f"{self.name}.v"}

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Synthesise; return the metrics and one line."""
        result = synthesise(
            [context.inputs["rtl"]],
            self.name,
            find_pdk(self.pdk, self.pdk_root),
            context.dir,
            clock_ns=self.clock_ns,
            tool=self.tool,
            log=context.log,
        )
        metrics = {
            "cells": result.cells,
            "flip_flops": result.flip_flops,
            "area_um2": result.area_um2,
            "counts": result.counts,
            "notes": result.notes,
        }
        summary = f"{self.pdk}, {result.cells} cells, {result.area_um2:,.0f} um^2"
        return metrics, summary
