"""One measured row: a network through RTL, synthesis, timing and power from real activity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from hls.files import write_text
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs, compare
from hls.layout.power import Power, power
from hls.layout.sta import OPENSTA, timing
from hls.pdk import find_pdk
from hls.rtl import generate
from hls.sim import IVERILOG, simulate
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import SynthResult, find_yosys, synthesise, workspace

Times = npt.NDArray[np.generic]
GAMMA_KHZ = 100
"""Rate of gamma cycles, in kHz, at which power is given beside that at the fastest clock."""


@dataclass(frozen=True)
class Sample:
    """What a netlist is simulated with.

    Attributes:
        x: spike times, uint8 `[B, inputs]`.
        proximal: proximal inputs, uint8 `[B, proximal lines]`, or None.
        expected: the reference's answers; with them every spike time of the netlist is compared.
    """

    x: Times
    proximal: Times | None = None
    expected: Outputs | None = None


def tools() -> dict[str, str | None]:
    """Return the versions of the tools that a row depends on."""
    return {
        "yosys": find_yosys()[1],
        "opensta": OPENSTA.version(),
        "icarus": IVERILOG.version(),
    }


def measure(
    network: FrozenNetwork, pdk_name: str, sample: Sample, out: Path, root: Path | None = None
) -> dict[str, Any]:
    """Return the figures of a network on a library, after synthesis (nothing is placed).

    Args:
        network: the network, hard-wired.
        pdk_name: library.
        sample: what the netlist is simulated with: its toggles give the power.
        out: directory for Verilog, netlist, waveforms and logs.
        root: folder of the libraries, instead of the usual places.

    Returns:
        `cells`, `flip_flops`, `area_um2`, `clock_ns` (the fastest, without wires), `leakage_uw`,
        `energy_pj` (dynamic, per inference), `clock_share` (of it), `cycles_mean`, `cycles_worst`,
        and what follows from them, see `derived`.

    Raises:
        InvalidInput: for a sample without inferences.
        ToolMissing: without Yosys, OpenSTA or Icarus Verilog.
        Unsupported: for a network that the RTL cannot build.
    """
    if not len(sample.x):
        raise InvalidInput("measure: samples", got="none", expected="at least one")
    out.mkdir(parents=True, exist_ok=True)
    design = generate(network)
    source = out / f"{network.name}.v"
    write_text(source, design.text)
    made = synthesise([source], network.name, find_pdk(pdk_name, root), out)

    def simulated(vcd: Path) -> int:
        found = simulate(
            [made.netlist, made.models], network.name, network, sample.x, sample.proximal,
            workdir=out / "sim", vcd=vcd, vcd_samples=len(sample.x), vcd_depth=1,
        )  # fmt: skip
        if sample.expected is not None:
            compare(f"netlist of {pdk_name}", sample.expected, found.outputs)
        return int(found.cycles.sum())

    row, cycles = figures_of(made, pdk_name, simulated, len(sample.x), out, root)
    row |= {
        "synapses": network.synapses,
        "nonzero": nonzero(network),
        "cycles_mean": round(cycles / len(sample.x), 3),
        "cycles_worst": design.cycles_worst,
        "compared": sample.expected is not None,
    }
    return row | derived(row)


def figures_of(
    made: SynthResult,
    pdk_name: str,
    simulated: Callable[[Path], int],
    samples: int,
    out: Path,
    root: Path | None = None,
) -> tuple[dict[str, Any], int]:
    """Return a netlist's area, timing and power, and the clocks that the samples took.

    Args:
        made: the netlist.
        pdk_name: its library.
        simulated: writes a VCD of the samples to a file, and returns their clocks.
        samples: how many there are.
        out: directory for scratch files.
        root: folder of the libraries.
    """
    pdk = find_pdk(pdk_name, root)
    netlist = read_netlist(made.netlist_json, made.top)
    vcd = out / "netlist.vcd"
    with workspace(out) as work:
        library = read_liberty(pdk.unpacked(work))
        times = timing(made.netlist, netlist, library, out, clock_ns=pdk.clock_ns)
        fastest = times.fastest_clock_ns or pdk.clock_ns
        cycles = simulated(vcd)
        used = power(netlist, pdk, library, vcd, clock_ns=fastest, inferences=samples)
    vcd.unlink()
    row = {
        "pdk": pdk_name,
        "corner": pdk.corner,
        "cells": made.cells,
        "flip_flops": made.flip_flops,
        "area_um2": made.area_um2,
        "clock_ns": fastest,
        "slack_ns": times.slack_ns,
        "slack_at_ns": pdk.clock_ns,
        "hold_slack_ns": times.hold_slack_ns,
        "leakage_uw": round(used.leakage_uw, 6),
        **_dynamic(used, fastest, samples),
        "samples": samples,
    }
    return row, cycles


def _dynamic(used: Power, clock_ns: float, samples: int) -> dict[str, float]:
    """Return the energy of the toggles: it does not depend on the clock."""
    to_pj = used.cycles * clock_ns * 1e-3 / samples
    energy = (used.power_uw - used.leakage_uw) * to_pj
    share = used.clock_uw * to_pj / energy if energy else 0.0
    return {"energy_pj": round(energy, 5), "clock_share": round(share, 4)}


def nonzero(network: FrozenNetwork) -> int:
    """Return the number of synapses with a weight above 0, proximal ones included."""
    count = 0
    for layer in network.layers:
        count += int(np.count_nonzero(layer.effective))
        if layer.proximal_weights is not None:
            count += int(np.count_nonzero(layer.proximal_weights))
    return count


def derived(row: dict[str, Any]) -> dict[str, float]:
    """Return what follows from a row: latency, rate and power, at two rates of inferences.

    At the fastest clock samples follow each other at once; the clock of `start` counts. At a fixed
    gamma rate the clock stands still between samples.
    """
    period_us = (row["cycles_mean"] + 1) * row["clock_ns"] * 1e-3
    dynamic_uw = row["energy_pj"] / period_us
    slow_uw = row["energy_pj"] * GAMMA_KHZ * 1e-3
    return {
        "latency_ns": round(row["cycles_worst"] * row["clock_ns"], 4),
        "samples_per_s": round(1e6 / period_us),
        "dynamic_uw": round(dynamic_uw, 4),
        "dynamic_slow_uw": round(slow_uw, 6),
        "pj_per_inference": round(row["energy_pj"] + row["leakage_uw"] * period_us, 5),
        "pj_per_inference_slow": round(row["energy_pj"] + row["leakage_uw"] * 1e3 / GAMMA_KHZ, 5),
        "um2_per_synapse": round(row["area_um2"] / max(1, row["nonzero"]), 4),
        "flip_flops_per_synapse": round(row["flip_flops"] / max(1, row["nonzero"]), 4),
    }
