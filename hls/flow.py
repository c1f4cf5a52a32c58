"""The flow from a frozen network to a layout: steps in order, resumed where they were left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput
from hls.files import write_json
from hls.ir import FrozenNetwork, save
from hls.ir.stimulus import Stimulus, random_stimulus, write_stimulus
from hls.step import Step, StepRecord, execute, stale_reason, step_dir


@dataclass
class HardwareOptions:
    """Library, clock and tools of the hardware steps.

    Attributes:
        pdk: standard-cell library: `osu018`, `nangate45`, `asap7` or `sky130hd`.
        pdk_root: folder of the libraries; default: NEUTNN_PDK, FLOW_HOME, PDK_ROOT.
        clock_ns: clock period in ns; null is the library's default.
        synth_tool: `auto`, `pyosys` or `yosys`.
        rungs: rungs of the verification ladder.
    """

    pdk: str = "osu018"
    pdk_root: str | None = None
    clock_ns: float | None = None
    synth_tool: str = "auto"
    rungs: tuple[str, ...] = ("c", "icarus", "verilator", "netlist")


@dataclass
class LayoutOptions:
    """Place and route.

    Attributes:
        tool: `auto` (OpenROAD if it is found, else qflow), `openroad` or `qflow`.
        density: share of the core that cells fill, 0 .. 1; null is the tool's default.
    """

    tool: str = "auto"
    density: float | None = None


Progress = Callable[[int, int, Step, StepRecord | None], None]


def run_steps(
    steps: Sequence[Step],
    run_dir: Path,
    *,
    start: str | None = None,
    stop: str | None = None,
    progress: Progress | None = None,
) -> dict[str, StepRecord]:
    """Run steps in order, leaving out those whose record is still good.

    Args:
        steps: the steps of the flow, in order.
        run_dir: the run's directory.
        start: first step to run even if its record is good; the ones before it must be done.
        stop: last step to run.
        progress: called before a step (without a record) and after it (with one).

    Returns:
        The records by step.

    Raises:
        InvalidInput: for a step name that does not exist.
        NeutnnError: whatever a step raises; the steps after it do not run.
    """
    names = [step.id for step in steps]
    for name in (start, stop):
        if name is not None and name not in names:
            raise InvalidInput("step", got=repr(name), expected=f"one of {', '.join(names)}")
    write_json(
        run_dir / "flow.json",
        {"steps": [{"id": step.id, "options": step.options} for step in steps]},
    )
    records: dict[str, StepRecord] = {}
    last = names.index(stop) if stop else len(steps) - 1
    for number, step in enumerate(steps[: last + 1], start=1):
        record = StepRecord.read(step_dir(run_dir, step.id))
        forced = start is not None and names.index(step.id) >= names.index(start)
        if record is None or forced or stale_reason(step, run_dir):
            if progress:
                progress(number, len(steps), step, None)
            record = execute(step, run_dir)
        if progress:
            progress(number, len(steps), step, record)
        records[step.id] = record
    return records


def hardware_steps(name: str, hardware: HardwareOptions, layout: LayoutOptions) -> list[Step]:
    """Return the steps below the frozen network, in order.

    Args:
        name: name of the network, which is that of the top module.
        hardware: library, clock and tools.
        layout: options of place and route.
    """
    from hls.ckernel import CKernelStep
    from hls.layout.step import LayoutStep
    from hls.rtl import RtlStep
    from hls.synth.step import SynthStep
    from hls.verify import VerifyStep

    common: dict[str, Any] = {
        "pdk": hardware.pdk,
        "pdk_root": Path(hardware.pdk_root) if hardware.pdk_root else None,
        "clock_ns": hardware.clock_ns,
    }
    return [
        CKernelStep(),
        RtlStep(),
        SynthStep(name, **common, tool=hardware.synth_tool),
        VerifyStep(rungs=tuple(hardware.rungs)),
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
    ) -> None:
        self.network = network
        self.run_dir = Path(run_dir)
        self.hardware = hardware or HardwareOptions(pdk=pdk)
        self.layout = layout or LayoutOptions()
        self.stimulus = stimulus

    def run(self, start: str | None = None, stop: str | None = None) -> dict[str, Any]:
        """Run the steps and return the report (see `report.json`)."""
        from hls.report import write_report

        save(self.network, self.run_dir / "frozen")
        x, proximal, expected = self.stimulus or self._random_stimulus()
        write_stimulus(
            step_dir(self.run_dir, "freeze"), self.network, x, expected.y, proximal, expected.answer
        )
        begin = time.monotonic()
        run_steps(
            hardware_steps(self.network.name, self.hardware, self.layout),
            self.run_dir,
            start=start,
            stop=stop,
        )
        return write_report(self.run_dir, seconds=time.monotonic() - begin)

    def _random_stimulus(self) -> Stimulus:
        from hls.targets import compile

        x, proximal = random_stimulus(self.network, 256)
        return Stimulus(x, proximal, compile(self.network, target="c").predict(x, proximal))
