"""The routed netlist under real samples: its answers, and the activity that power is made of."""

from __future__ import annotations

from pathlib import Path

from hls.ir.network import FrozenNetwork
from hls.ir.outputs import compare
from hls.ir.stimulus import Stimulus
from hls.layout.delays import with_delays
from hls.layout.result import LayoutResult
from hls.pdk import Pdk
from hls.sim import simulate
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import find_yosys, workspace, write_models

VCD_SAMPLES = 24
"""Samples whose toggles are recorded, the first ones."""


def routed_models(result: LayoutResult, pdk: Pdk, out: Path, log: Path) -> Path:
    """Write models of a routed netlist's cells, without delays, to `out/routed_cells.v`."""
    models = out / "routed_cells.v"
    netlist = read_netlist(result.files["netlist_json"])
    with workspace(out) as work:
        library = read_liberty(pdk.unpacked(work))
        write_models(netlist, library, work / "cells.v", find_yosys()[0], work, log)
        (work / "cells.v").replace(models)
    return models


def replay(
    result: LayoutResult,
    network: FrozenNetwork,
    stimulus: Stimulus,
    models: Path,
    out: Path,
    *,
    delays: bool = False,
) -> Path:
    """Simulate a routed netlist over samples, compare every spike time, and record its toggles.

    Args:
        result: the layout.
        network: what it computes.
        stimulus: samples and the reference's answers.
        models: its cells, from `routed_models`.
        out: directory for the waveforms and the simulation.
        delays: heed the delays of the layout's SDF, see `hls.layout.delays`. Inputs change half a
            period before the clock rises; its period is long enough for that to be the layout's.

    Returns:
        The VCD.

    Raises:
        Mismatch: if a spike time differs.
        StepFailed: if the netlist hangs or gives an X.
    """
    vcd = out / f"routed{'_delays' * delays}.vcd"
    sources = [result.files["netlist"], models]
    if delays:
        sources = with_delays(result.files["netlist"], models, result.files["sdf"], out)
    found = simulate(
        sources, network.name, network, stimulus.x, stimulus.proximal,
        workdir=out / "sim", vcd=vcd, vcd_samples=min(VCD_SAMPLES, len(stimulus.x)), vcd_depth=1,
        delays=delays, clock_ns=max(10.0, 2 * (result.clock_ns or 0.0)),
    )  # fmt: skip
    compare("routed netlist", stimulus.expected, found.outputs)
    return vcd
