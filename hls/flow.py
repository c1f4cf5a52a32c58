"""The flow from a frozen network to a layout: steps in order, resumed where they were left."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from hls.bambu.options import BambuOptions, BambuSettings, plan_for
from hls.errors import InvalidInput
from hls.files import write_json
from hls.ir import FrozenNetwork, save
from hls.ir.stimulus import Stimulus, random_stimulus, write_stimulus
from hls.lock import locked
from hls.plan import RUN, SKIP, Event, Progress, check_names, chosen, reason
from hls.step import Step, StepRecord, execute, step_dir


@dataclass
class HardwareOptions:
    """Library, clock and tools of the hardware steps.

    Attributes:
        pdk: standard-cell library: `osu018`, `osu035`, `nangate45`, `asap7` or `sky130hd`.
        pdk_root: folder of the libraries; default: NEUTNN_PDK, FLOW_HOME, PDK_ROOT.
        clock_ns: clock period in ns; null is the library's default.
        synth_tool: `auto`, `pyosys` or `yosys`.
        bus: `none`, or `apb`: write an APB3 wrapper with its register map beside the Verilog.
        rungs: rungs of the verification ladder; those whose tools are missing are skipped.
        learning_samples: how many samples of training the circuit that learns repeats, the first
            ones, where the rule draws from LFSRs; 0 makes no such circuit.
        learning_update: `parallel`: that circuit moves all weights while a sample runs; `serial`:
            one after the other behind it, in less than two thirds of the area.
        formal_s: limit in s for the proof that the netlist is the RTL for all inputs; null: no
            such proof.
    """

    pdk: str = "osu018"
    pdk_root: str | None = None
    clock_ns: float | None = None
    synth_tool: str = "auto"
    bus: str = "none"
    rungs: tuple[str, ...] = (
        "c", "icarus", "verilator", "netlist", "bambu", "bambu_netlist", "bus", "learning",
    )  # fmt: skip
    learning_samples: int = 1000
    learning_update: str = "parallel"
    formal_s: float | None = None

    def __post_init__(self) -> None:
        """Check everything that can be checked before a step runs."""
        from hls.pdk import PDKS
        from hls.rtl.learning.options import UPDATES
        from hls.verify import RUNGS

        _one_of("hardware: pdk", self.pdk, PDKS)
        _one_of("hardware: synth_tool", self.synth_tool, ("auto", "pyosys", "yosys"))
        _one_of("hardware: bus", self.bus, ("none", "apb"))
        _one_of("hardware: learning_update", self.learning_update, UPDATES)
        if self.clock_ns is not None and not self.clock_ns > 0:
            raise InvalidInput("hardware: clock_ns", got=self.clock_ns, expected="ns > 0, or null")
        if self.formal_s is not None and not self.formal_s > 0:
            raise InvalidInput("hardware: formal_s", got=self.formal_s, expected="s > 0, or null")
        if self.pdk_root is not None and not Path(self.pdk_root).expanduser().is_dir():
            raise InvalidInput(
                "hardware: pdk_root", got=f"no folder {self.pdk_root}", expected="a folder"
            )
        if self.learning_samples < 0:
            raise InvalidInput(
                "hardware: learning_samples", got=self.learning_samples, expected=">= 0"
            )
        if not self.rungs:
            raise InvalidInput(
                "hardware: rungs", got="none", expected=f"some of {', '.join(RUNGS)}"
            )
        for rung in self.rungs:
            _one_of("hardware: rungs", rung, RUNGS)


@dataclass(frozen=True, kw_only=True)
class HlsOptions(BambuSettings):
    """High-level synthesis with Bambu, where it is installed.

    Attributes:
        arch: `rolled`, `bitplane`, `unrolled`, `pipelined`, `stream`, or `auto`: all of them, and
            the best one within the budget is taken.
        objective: what `auto` looks for: `area`, `latency` or `area_latency` (their product).
        max_area_um2: budget of `auto`, in um^2 of cells; null is no limit.
        max_latency_ns: budget of `auto`, in ns from start to answer; null is no limit.
        device: Bambu's device; null is the one that fits the library.
        clock_ns: clock period that Bambu plans with, in ns; null fits the library's clock.
    """

    arch: str = "rolled"
    objective: str = "area_latency"
    max_area_um2: float | None = None
    max_latency_ns: float | None = None
    device: str | None = None
    clock_ns: float | None = None

    def __post_init__(self) -> None:
        """Check everything that can be checked before a step runs."""
        from hls.ckernel.kernel import ARCHITECTURES

        super().__post_init__()
        _one_of("hls: arch", self.arch, (*ARCHITECTURES, "auto"))
        _one_of("hls: objective", self.objective, ("area", "latency", "area_latency"))
        for name, unit in (("max_area_um2", "um^2"), ("max_latency_ns", "ns"), ("clock_ns", "ns")):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidInput(f"hls: {name}", got=value, expected=f"{unit} > 0, or null")

    def bambu(self, pdk: str, clock_ns: float, arch: str = "rolled") -> BambuOptions:
        """Return what Bambu is asked for, for a library, its clock period in ns, and the C."""
        device, planned = plan_for(pdk, clock_ns, arch)
        same = {each.name: getattr(self, each.name) for each in fields(BambuSettings)}
        return BambuOptions(**same, device=self.device or device, clock_ns=self.clock_ns or planned)


@dataclass
class LayoutOptions:
    """Place and route.

    Attributes:
        tool: `auto` (OpenROAD if it is found, else qflow), `openroad` or `qflow`.
        density: share of the core that cells fill, 0 .. 1; null is the tool's default.
    """

    tool: str = "auto"
    density: float | None = None

    def __post_init__(self) -> None:
        """Check everything that can be checked before a step runs."""
        _one_of("layout: tool", self.tool, ("auto", "openroad", "qflow"))
        if self.density is not None and not 0 < self.density <= 1:
            raise InvalidInput("layout: density", got=self.density, expected="0 .. 1, or null")


def _one_of(name: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        near = difflib.get_close_matches(value, allowed, n=1)
        raise InvalidInput(
            name,
            got=repr(value),
            expected=f"one of {', '.join(allowed)}",
            mend=f"Did you mean '{near[0]}'?" if near else None,
        )


def run_steps(
    steps: Sequence[Step],
    run_dir: Path,
    *,
    start: str | None = None,
    stop: str | None = None,
    skip: Collection[str] = (),
    progress: Progress = lambda event: None,
) -> dict[str, StepRecord]:
    """Run steps in order, leaving out those whose record is still good.

    Args:
        steps: the steps of the flow, in order.
        run_dir: the run's directory.
        start: first step to run even if its record is good; the ones before it must be done.
        stop: last step to run.
        skip: steps to leave out; those after them take what an earlier run left.
        progress: called with every event.

    Returns:
        The records by step, skipped ones left out.

    Raises:
        InvalidInput: for a step name that does not exist.
        NeutnnError: whatever a step raises; the steps after it do not run.
    """
    check_names(steps, [start, stop, *skip])
    write_json(
        run_dir / "flow.json",
        {"steps": [{"id": step.id, "options": step.options} for step in steps]},
    )
    records: dict[str, StepRecord] = {}
    for number, step in enumerate(chosen(steps, stop), start=1):
        event = partial(Event, number=number, total=len(steps), step=step)
        action, why = reason(step, steps, run_dir, start, skip)
        if action == SKIP:
            progress(event("skipped", why=why))
            continue
        record = StepRecord.read(step_dir(run_dir, step.id))
        if record is None or action == RUN:
            record = _run(step, run_dir, event, why, progress)
        else:
            progress(event("kept", record=record))
        records[step.id] = record
    return records


def _run(
    step: Step, run_dir: Path, event: Callable[..., Event], why: str, progress: Progress
) -> StepRecord:
    """Run one step and tell of it."""

    def tell(text: str, share: float | None = None) -> None:
        progress(event("tell", text=text, share=share))

    progress(event("start", why=why))
    try:
        record = execute(step, run_dir, tell)
    except BaseException as error:
        progress(event("failed", why=str(error) or type(error).__name__))
        raise
    progress(event("done", record=record, why=why))
    return record


def hardware_steps(
    name: str,
    hardware: HardwareOptions,
    layout: LayoutOptions,
    hls: HlsOptions | None = None,
) -> list[Step]:
    """Return the steps below the frozen network, in order.

    Args:
        name: name of the network, which is that of the top module.
        hardware: library, clock and tools.
        layout: options of place and route.
        hls: options of high-level synthesis.
    """
    from hls.bambu.step import BambuStep
    from hls.ckernel import CKernelStep
    from hls.formal.step import FormalStep
    from hls.layout.step import LayoutStep
    from hls.rtl import RtlStep
    from hls.synth.step import SynthStep
    from hls.verify import VerifyStep

    common: dict[str, Any] = {
        "pdk": hardware.pdk,
        "pdk_root": Path(hardware.pdk_root) if hardware.pdk_root else None,
        "clock_ns": hardware.clock_ns,
    }
    formal = []
    if hardware.formal_s is not None:
        formal.append(FormalStep(name, limit_s=hardware.formal_s, tool=hardware.synth_tool))
    return [
        CKernelStep(),
        BambuStep(hls, **common, synth_tool=hardware.synth_tool),
        RtlStep(hardware.bus, hardware.learning_update),
        SynthStep(name, **common, tool=hardware.synth_tool),
        VerifyStep(rungs=tuple(hardware.rungs)),
        *formal,
        LayoutStep(**common, **asdict(layout)),
    ]


class Flow:
    """The flow of a frozen network, from Python.

    Args:
        network: the frozen network.
        run_dir: directory of the run.
        pdk: standard-cell library.
        stimulus: samples and the reference's answers; without them the ladder compares all rungs
            with the C kernel on random spikes.
        hardware: all other options of the hardware steps.
        layout: options of place and route.
        hls: options of high-level synthesis.
    """

    def __init__(
        self,
        network: FrozenNetwork,
        *,
        run_dir: str | Path,
        pdk: str = "osu018",
        stimulus: Stimulus | None = None,
        hardware: HardwareOptions | None = None,
        layout: LayoutOptions | None = None,
        hls: HlsOptions | None = None,
    ) -> None:
        self.network = network
        self.run_dir = Path(run_dir)
        self.hardware = hardware or HardwareOptions(pdk=pdk)
        self.layout = layout or LayoutOptions()
        self.hls = hls or HlsOptions()
        self.stimulus = stimulus

    def run(
        self,
        start: str | None = None,
        stop: str | None = None,
        skip: Collection[str] = (),
        progress: Progress = lambda event: None,
    ) -> dict[str, Any]:
        """Run the steps and return the report (see `report.json`)."""
        with locked(self.run_dir):
            return self._run(start=start, stop=stop, skip=skip, progress=progress)

    def _run(self, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - as of run_steps
        from hls.report import write_report

        save(self.network, self.run_dir / "frozen")
        x, proximal, expected = self.stimulus or self._random_stimulus()
        write_stimulus(
            step_dir(self.run_dir, "freeze"), self.network, x, expected.y, proximal, expected.answer
        )
        begin = time.monotonic()
        run_steps(
            hardware_steps(self.network.name, self.hardware, self.layout, self.hls),
            self.run_dir,
            **how,
        )
        return write_report(self.run_dir, seconds=time.monotonic() - begin)

    def _random_stimulus(self) -> Stimulus:
        from hls.targets import compile

        x, proximal = random_stimulus(self.network, 256)
        return Stimulus(x, proximal, compile(self.network, target="c").predict(x, proximal))
