"""The flow's step `rtl`: write the Verilog and its list of ports, and lint it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hls.files import write_json, write_text
from hls.ir.learning import learner_of
from hls.ir.network import FrozenNetwork
from hls.ir.store import load
from hls.rtl.bus import generate_bus
from hls.rtl.generate import RtlDesign, generate
from hls.step import Step, StepContext, step_dir
from hls.tool import Tool, run

VERILATOR = Tool(
    "Verilator",
    ("verilator",),
    "VERILATOR_EXE",
    "lints and simulates the RTL",
    "apt-get install verilator",
    needed=True,
)


class RtlStep(Step):
    """Write `<name>.v` and `ports.json`, and lint with every warning on.

    Where the run has learnt with draws from LFSRs, the same for a circuit that learns.

    Args:
        bus: `none`, or `apb`: write the wrapper `<name>_bus.v` too, its register map
            `registers.json`, and `<name>_registers.h`.
        update: `parallel` or `serial`, of the circuit that learns.
    """

    id = "rtl"

    def __init__(self, bus: str = "none", update: str = "parallel") -> None:
        self.bus, self.update = bus, update

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Return the linter."""
        return (VERILATOR,)

    @property
    def options(self) -> dict[str, Any]:
        """Return what differs from the usual: the bus, and how a circuit that learns does."""
        found = {} if self.bus == "none" else {"bus": self.bus}
        return found | ({} if self.update == "parallel" else {"update": self.update})

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the frozen network, and the one that learns, if there is one."""
        learner = learner_of(step_dir(run_dir, "freeze"))
        return {"frozen": run_dir / "frozen"} | ({"learner": learner} if learner else {})

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Write and lint; return lines of Verilog, registers and clocks."""
        network = load(context.inputs["frozen"])
        design = generate(network)
        source = context.dir / f"{design.name}.v"
        write_text(source, design.text)
        document = {
            "top": design.name,
            "network_sha256": network.hash,
            "cycles_worst": design.cycles_worst,
            "ports": [vars(port) for port in design.ports],
        }
        write_json(context.dir / "ports.json", document)
        lint(source, design.name, context.log)
        if self.bus == "apb":
            _write_bus(network, design, context)
        lines = design.text.count("\n")
        metrics = {
            "lines_of_verilog": lines,
            "flip_flops": design.flip_flops,
            "cycles_worst": design.cycles_worst,
            "lint_warnings": 0,
        }
        summary = (
            f"{lines} lines of Verilog, {design.flip_flops} flip-flops, "
            f"at most {design.cycles_worst} clocks, lint clean"
        )
        if "learner" in context.inputs:
            learner = self._learner(load(context.inputs["learner"]), context)
            metrics["learning_flip_flops"] = learner.flip_flops
            summary += f"; one that learns, {learner.flip_flops} flip-flops"
        return metrics, summary

    def _learner(self, network: FrozenNetwork, context: StepContext) -> RtlDesign:
        """Write and lint the circuit that learns, `<name>.v` of its own network."""
        from hls.rtl.learning import LearningOptions, generate_learning

        design = generate_learning(network, LearningOptions(update=self.update))
        source = context.dir / f"{design.name}.v"
        write_text(source, design.text)
        lint(source, design.name, context.log)
        return design


def _write_bus(network: FrozenNetwork, design: RtlDesign, context: StepContext) -> None:
    """Write and lint the wrapper around a circuit that stands in the same directory."""
    bus = generate_bus(network, design)
    write_text(context.dir / f"{bus.name}.v", bus.text)
    write_json(context.dir / "registers.json", bus.registers.document())
    write_text(context.dir / f"{network.name}_registers.h", bus.registers.header())
    lint(context.dir / f"{bus.name}.v", bus.name, context.log, design.name)


def lint(source: Path, top: str, log: Path, *others: str) -> None:
    """Lint a file with every warning of Verilator on.

    Args:
        source: the file.
        top: its top module.
        log: what Verilator says.
        others: modules that it uses and that stand in files of their names beside it.

    Raises:
        StepFailed: with the warnings.
    """
    verilator = VERILATOR.require()
    command: list[str | Path] = [verilator, "--lint-only", "-Wall", "--language", "1364-2005"]
    command += ["--top-module", top]
    run([*command, source.name, *(f"{name}.v" for name in others)], cwd=source.parent, log=log)
