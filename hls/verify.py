"""The ladder: every rung answers the same stimulus, and every spike time must be equal."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hls.bambu.rung import BAMBU_RUNGS, bambu_answer, bambu_hash, chosen_file, why_not
from hls.bambu.tool import BAMBU
from hls.ckernel import GCC, build, network_hash
from hls.errors import InvalidInput, NeutnnError
from hls.files import sha256, write_json, write_text
from hls.ir.learning import LEARNING
from hls.ir.network import FrozenNetwork
from hls.ir.stimulus import STIMULUS, Stimulus, read_stimulus
from hls.ir.store import load
from hls.learning import LearningRung, learning_source
from hls.rtl.bus import register_map
from hls.rtl.ports import ports_of
from hls.rung import Answer, Climber, Rung, RungResult, Times
from hls.sim import SIMULATORS, simulate
from hls.sim.bus import simulate_bus
from hls.step import Step, StepContext, StepRecord, execute, step_dir
from hls.tool import Tool

BUS = "bus"
RUNGS = ("c", "icarus", "verilator", "netlist", *BAMBU_RUNGS, BUS, LEARNING)
VCD_SAMPLES = 20


def verify(
    network: FrozenNetwork, stimulus: Stimulus, rungs: Sequence[Climber]
) -> list[RungResult]:
    """Run every rung and compare; a rung that fails does not keep the others from running.

    Args:
        network: whose hash every artefact must carry.
        stimulus: samples and the reference's answers.
        rungs: what to run.

    Returns:
        One row per rung; `raised` holds the error of one that did not pass.
    """
    return [rung.climb(network, stimulus) for rung in rungs]


def run_rungs(
    network: FrozenNetwork, run_dir: Path, names: Sequence[str], workdir: Path, vcd: Path | None
) -> list[Climber]:
    """Return the rungs of a run's artefacts.

    Args:
        network: what they compute.
        run_dir: the run's directory.
        names: which ones, of `RUNGS`.
        workdir: directory for what they build.
        vcd: file for the netlist's waveforms over the first samples.

    Raises:
        InvalidInput: for an unknown name.
    """
    unknown = [name for name in names if name not in RUNGS]
    if unknown or not names:
        raise InvalidInput(
            "rungs of the ladder", got=unknown or "none", expected=f"some of {', '.join(RUNGS)}"
        )
    files = artefacts(run_dir, network.name)
    rungs: list[Climber] = []
    for name in names:
        if name == "c":
            rungs.append(_c_rung(network, files["c"], workdir / name))
            continue
        if name == LEARNING:
            rungs.append(LearningRung(run_dir, workdir / name))
            continue
        if name == BUS:
            rungs.append(_bus_rung(network, files[name], workdir / name))
            continue
        if name in BAMBU_RUNGS:
            rungs.append(_bambu_rung(network, run_dir, name, workdir / name))
            continue
        simulator = "icarus" if name == "netlist" else name
        wave = {"vcd": vcd, "vcd_samples": VCD_SAMPLES, "vcd_depth": 1} if name == "netlist" else {}
        carries = _netlist_hash if name == "netlist" else _text_hash
        rungs.append(
            Rung(
                name,
                SIMULATORS[simulator],
                _simulation(network, files[name], simulator, workdir / name, wave),
                lambda carries=carries, paths=files[name]: carries(paths, run_dir),  # type: ignore[misc]
            )
        )
    return rungs


def artefacts(run_dir: Path, name: str) -> dict[str, list[Path]]:
    """Return the files that each rung runs, the one that carries the hash first."""
    c, rtl, synth = (step_dir(run_dir, step) for step in ("ckernel", "rtl", "synth"))
    verilog = [rtl / f"{name}.v"]
    return {
        "c": [c / f"{name}.c", c / f"{name}_batch.c", c / f"{name}.h"],
        "icarus": verilog,
        "verilator": verilog,
        "netlist": [synth / "netlist.v", synth / "cells.v"],
        BUS: [rtl / f"{name}_bus.v", *verilog],
    }


def _c_rung(network: FrozenNetwork, files: list[Path], workdir: Path) -> Rung:
    def answer(x: Times, proximal: Times | None) -> Answer:
        sources = {path.name: path.read_text(encoding="utf-8") for path in files}
        return build(network, sources, workdir).predict(x, proximal), None

    return Rung("c", (GCC,), answer, lambda: _text_hash(files, workdir))


def _bambu_rung(network: FrozenNetwork, run_dir: Path, name: str, workdir: Path) -> Rung:
    return Rung(
        name,
        _tools_of(name),
        bambu_answer(network, run_dir, name, workdir),
        lambda: bambu_hash(run_dir),
        lambda: why_not(run_dir),
    )


def _bus_rung(network: FrozenNetwork, files: list[Path], workdir: Path) -> Rung:
    def answer(x: Times, proximal: Times | None) -> Answer:
        registers = register_map(network, ports_of(network))
        result = simulate_bus(files, network, registers, x, proximal, workdir=workdir)
        return result.outputs, result.cycles

    def why() -> str | None:
        return None if files[0].is_file() else "the run has no bus (--hardware.bus apb)"

    return Rung(
        BUS, SIMULATORS["icarus"], answer, lambda: _text_hash(files, workdir), why, optional=True
    )


def _simulation(
    network: FrozenNetwork, files: list[Path], simulator: str, workdir: Path, wave: dict[str, Any]
) -> Callable[[Times, Times | None], Answer]:
    def answer(x: Times, proximal: Times | None) -> Answer:
        result = simulate(
            files, network.name, network, x, proximal, simulator=simulator, workdir=workdir, **wave
        )
        return result.outputs, result.cycles

    return answer


def _text_hash(paths: list[Path], _: Path) -> str | None:
    return network_hash(paths[0].read_text(encoding="utf-8"))


def _netlist_hash(paths: list[Path], run_dir: Path) -> str | None:
    """Return the hash in the netlist, or that of the RTL from which its step says it was made."""
    found = network_hash(paths[0].read_text(encoding="utf-8"))
    if found:
        return found
    record = StepRecord.read(paths[0].parent)
    rtl = step_dir(run_dir, "rtl")
    for source in sorted(rtl.glob("*.v")):
        digests = {sha256(source), sha256(rtl)}
        if record is not None and digests & set(record.inputs.values()):
            return network_hash(source.read_text(encoding="utf-8"))
    return None


class VerifyStep(Step):
    """Climb the ladder over the run's stimulus; write `ladder.json` and `netlist.vcd`.

    Args:
        rungs: which rungs, of `RUNGS`.
    """

    id = "verify"

    def __init__(self, rungs: Sequence[str] = RUNGS) -> None:
        self.rungs = tuple(rungs)

    @property
    def options(self) -> dict[str, Any]:
        """Return the rungs and the versions of their tools (null: missing, rung skipped)."""
        tools = {tool.name: tool.version() for rung in self.rungs for tool in _tools_of(rung)}
        return {"rungs": list(self.rungs), "rung_tools": tools}

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return network, stimulus and the artefacts of the rungs."""
        found = {
            "frozen": run_dir / "frozen",
            "stimulus": step_dir(run_dir, "freeze") / STIMULUS,
        }
        files = artefacts(run_dir, _name(run_dir))
        for rung in self.rungs:
            paths = files.get(rung, [])
            found |= {path.name: path for path in paths if rung != BUS or paths[0].is_file()}
        chosen = chosen_file(run_dir)
        if set(self.rungs) & set(BAMBU_RUNGS) and chosen.is_file():
            found["bambu"] = chosen
        freeze = step_dir(run_dir, "freeze") / LEARNING
        if LEARNING in self.rungs and freeze.is_dir():
            found[LEARNING] = freeze
            source = learning_source(run_dir)
            found |= {source.name: source} if source else {}
        return found

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Run all rungs, write the table, then raise the first error if there is one."""
        network = load(context.inputs["frozen"])
        stimulus = read_stimulus(context.inputs["stimulus"], network)
        work, vcd = context.dir / "work", context.dir / "netlist.vcd"
        rungs = run_rungs(network, context.run_dir, self.rungs, work, vcd)
        results, samples = verify(network, stimulus, rungs), len(stimulus.x)
        _undate(vcd)
        table = {"network_sha256": network.hash, "samples": samples}
        write_json(context.dir / "ladder.json", {**table, "rungs": [r.row for r in results]})
        for result in results:
            if result.raised is not None:
                raise result.raised
        shutil.rmtree(work, ignore_errors=True)
        return _metrics(results, samples), _summary(results, samples)


def _undate(vcd: Path) -> None:
    """Drop the date from waveforms, so that the same run leaves the same bytes."""
    if vcd.is_file():
        text = vcd.read_text(encoding="utf-8")
        write_text(vcd, re.sub(r"\A\$date.*?\$end\s*", "", text, count=1, flags=re.DOTALL))


def verify_run(run_dir: Path, rungs: Sequence[str] | None = None) -> Iterator[str]:
    """Climb the ladder of a run again, and yield one line per rung.

    Args:
        run_dir: the run's directory.
        rungs: which ones; those of the last time by default.

    Raises:
        NeutnnError: after the lines, if a rung did not pass.
    """
    run_dir = Path(run_dir)
    if not (run_dir / "frozen").exists():
        raise InvalidInput(
            f"no frozen network in {run_dir}",
            expected="the directory of a run",
            mend="Run 'neutnn flow' first",
        )
    before = StepRecord.read(step_dir(run_dir, VerifyStep.id))
    if rungs is None:
        rungs = before.options.get("rungs", RUNGS) if before else RUNGS
    failed = None
    try:
        execute(VerifyStep(rungs), run_dir)
    except NeutnnError as error:
        failed = error
    table = step_dir(run_dir, VerifyStep.id) / "ladder.json"
    if table.is_file():
        yield from (_line(row) for row in json.loads(table.read_text("utf-8"))["rungs"])
    if failed is not None:
        raise failed


def _line(row: dict[str, Any]) -> str:
    if row["skipped"]:
        return f"{row['rung']:14}skipped: {row['skipped']}"
    if row["mismatches"] is None:
        return f"{row['rung']:14}failed: {row['error'].splitlines()[0]}"
    cycles = f", {row['cycles_mean']:.1f} cycles" if row["cycles_mean"] is not None else ""
    learnt = f" ({row['learnt']} learnt)" if row["learnt"] is not None else ""
    return (
        f"{row['rung']:14}{row['samples']} samples{learnt}, {row['mismatches']} mismatches"
        f"{cycles}, {row['seconds']:.1f} s"
    )


def _tools_of(rung: str) -> tuple[Tool, ...]:
    if rung == "c":
        return (GCC,)
    if rung in BAMBU_RUNGS:
        return (BAMBU, *SIMULATORS["verilator"])
    simulator = {"netlist": "icarus", BUS: "icarus", LEARNING: "verilator"}.get(rung, rung)
    return SIMULATORS.get(simulator, ())


def _name(run_dir: Path) -> str:
    """Return the name of the run's network, a placeholder while there is none."""
    try:
        text = (run_dir / "frozen" / "network.json").read_text(encoding="utf-8")
        return str(json.loads(text)["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return "network"


def _metrics(results: list[RungResult], samples: int) -> dict[str, Any]:
    timed = [r for r in results if r.cycles_mean is not None]
    metrics: dict[str, Any] = {
        "samples": samples,
        "rungs_passed": sum(r.skipped is None for r in results),
        "rungs_skipped": sum(r.skipped is not None and not r.idle for r in results),
        "mismatches": sum(r.mismatches or 0 for r in results),
    }
    learnt = [r.learnt for r in results if r.learnt is not None]
    metrics |= {"samples_learnt_on_chip": learnt[0]} if learnt else {}
    if timed:
        metrics |= {"cycles_mean": timed[0].cycles_mean, "cycles_max": timed[0].cycles_worst}
    return metrics


def _summary(results: list[RungResult], samples: int) -> str:
    ran = [r.rung for r in results if r.skipped is None and r.learnt is None]
    learnt = [r.learnt for r in results if r.learnt is not None]
    skipped = [r.rung for r in results if r.skipped is not None and not r.idle]
    text = f"{samples} samples x {len(ran)} rungs ({', '.join(ran)}), 0 mismatches"
    text += "".join(f"; learns {count} samples on chip, 0 mismatches" for count in learnt)
    return text + (f"; SKIPPED: {', '.join(skipped)}" if skipped else "")
