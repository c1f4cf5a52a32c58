"""A column that learns, as silicon: `python -m benchmarks.learning_silicon [--pdk nangate45]`.

Two columns (65x2: SonyAIBORobotSurface2, 16x4: ItalyPowerDemand) through synthesis for area with
clock gates, OpenROAD, and the routed netlist in Icarus: it learns the training split again, answers
and last weights are compared, and its toggles give the power, learning and answering, one sample at
once after the other. Rows go to a folder first, so that a run that was cut off goes on. Needs
OpenROAD; NEUTNN_DATA and NEUTNN_PDK are folders of data and of libraries. `--synthesis` stops after
synthesis.

PEER is a published column of the same function (index ties, random bits from ports, weights not
readable) through the same tools; its power is at the library's clock with the tool's own activity.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datamodules  # noqa: F401 - before lightning
from benchmarks.on_chip import RULE, Case, series, trained
from datamodules import UCR
from datamodules.encoders import Spectrum
from hls.files import write_json, write_text
from hls.layout.flow import make_layout, with_logic
from hls.layout.openroad import OPENROAD
from hls.layout.power import Power, power
from hls.layout.replay import routed_models
from hls.layout.result import LayoutResult
from hls.pdk import Pdk, find_pdk
from hls.rtl.learning import LearningOptions, generate_learning
from hls.sim.learning import simulate_learning
from hls.synth.liberty import read_liberty
from hls.synth.netlist import read_netlist
from hls.synth.yosys import synthesise
from neutnn_pl import nn
from neutnn_pl.functional import sample_order

CLOCKS_NS = {"nangate45": 2.0, "asap7": 0.5, "sky130hd": 5.0}
PEER = {
    ("65x2", "nangate45"): {"placed_um2": 13381, "power_uw": 7580},
    ("65x2", "asap7"): {"synthesis_um2": 944},
    ("65x2", "sky130hd"): {"synthesis_um2": 60091},
    ("16x4", "nangate45"): {"placed_um2": 6788, "power_uw": 3980},
    ("16x4", "asap7"): {"synthesis_um2": 486},
    ("16x4", "sky130hd"): {"synthesis_um2": 30524},
}
GAMMA_HZ = 1e5
INDEPENDENT = replace(RULE, share="synapse", share_f="neuron")
"""A draw of its own for every synapse and case, as many as the peer has."""
IN_TURN = LearningOptions(update="serial", draws="ports", reset=False, rest=True)
KINDS = {
    "in turn, draws from ports": (IN_TURN, INDEPENDENT, "index"),
    "in turn, register": (replace(IN_TURN, draws="lfsr"), RULE, "index"),
    "in turn, ties by potential": (IN_TURN, INDEPENDENT, "potential"),
    "at once, draws from ports": (
        LearningOptions(draws="ports", reset=False), INDEPENDENT, "index"
    ),
}  # fmt: skip
HEAD = (
    *("column", "library", "flip-flops", "synthesis um2", "of peer", "placed um2", "of peer"),
    *("clock ns", "slack ns", "violations", "clocks a sample", "mismatches", "learning mW"),
    *("of peer", "of it clock", "pJ a learnt sample", "pJ an answer", "uW at 100 kHz"),
)


def main() -> None:
    """Make the rows that the folder does not have, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/learning_silicon"))
    parser.add_argument("--shape", choices=("65x2", "16x4"), default="65x2")
    parser.add_argument("--only", default="", help="kinds of circuits whose names begin so")
    parser.add_argument("--pdk", nargs="+", default=list(CLOCKS_NS))
    parser.add_argument("--clock-ns", type=float, help="clock instead of 2, 0.5 and 5 ns")
    parser.add_argument("--synthesis", action="store_true", help="stop after synthesis")
    options = parser.parse_args()
    print("| " + " | ".join(HEAD) + " |\n|---|---|" + "---:|" * (len(HEAD) - 2))
    for pdk in options.pdk:
        for name in KINDS:
            if name.startswith(options.only):
                print(line(row_of(name, pdk, options)), flush=True)


def column(shape: str, tie: str, rule: nn.STDP) -> Case:
    """Return a column, untrained, and what it learns."""
    if shape == "65x2":
        case = series("SonyAIBORobotSurface2", 2, 1)
    else:
        x = UCR("ItalyPowerDemand", encoder=Spectrum(16)).spikes("train")
        network = nn.Network(nn.Layer(16, 4, theta=32), tres=3)
        network.reset(0)
        case = Case(shape, network, rule, x[sample_order(0, len(x), seed=0).numpy()])
    case.network.columns[0].tie = tie
    case.network.use_kernel("reference")
    case.rule = rule
    return case


def row_of(name: str, pdk_name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Return a row's figures, from the cache where it can."""
    options, rule, tie = KINDS[name]
    case, pdk = column(asked.shape, tie, rule), find_pdk(pdk_name)
    clock = asked.clock_ns or CLOCKS_NS.get(pdk_name, pdk.clock_ns)
    frozen = case.network.freeze("learner", rule=rule)
    out = (
        asked.cache
        / f"{asked.shape}_{name.replace(', ', '_').replace(' ', '_')}_{pdk_name}_{clock:g}"
    )
    path = out / ("synthesis.json" if asked.synthesis else "row.json")
    design = generate_learning(frozen, options)
    key = [frozen.hash, design.text, "" if asked.synthesis else OPENROAD.version()]
    if path.is_file():
        row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if row["key"] == key:
            return row
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "learner.v", design.text)
    made = synthesise(
        [out / "learner.v"], "learner", pdk, out / "synth", clock_ns=clock,
        clock_gates=True, for_area=True,
    )  # fmt: skip
    row = {
        "shape": asked.shape,
        "name": name,
        "pdk": pdk_name,
        "clock_ns": clock,
        "flip_flops": made.flip_flops,
    }
    row |= {"synthesis_um2": made.area_um2, "key": key}
    if not asked.synthesis:
        laid = make_layout(out / "synth", pdk, out, tool="openroad", clock_ns=clock, density=0.63)
        row |= laid.metrics() | powers(case, options, laid, pdk, clock, out)
    write_json(path, row)
    return row


def powers(
    case: Case, options: LearningOptions, laid: LayoutResult, pdk: Pdk, clock: float, out: Path
) -> dict[str, Any]:
    """Return what the routed netlist learns wrong, and its power learning and answering."""
    frozen = case.network.freeze("learner", rule=case.rule)
    answers, weights = trained(case)
    library = read_liberty(pdk.liberty)
    netlist = with_logic(read_netlist(laid.files["netlist_json"]), library)
    models = routed_models(laid, pdk, out, out / "log.txt")
    found: dict[str, Power] = {}
    wrong = 0
    for name, learn in (("learning", True), ("answering", False)):
        vcd = out / f"{name}.vcd"
        done = simulate_learning(
            [laid.files["netlist"], models], frozen, case.x, simulator="icarus", learn=learn,
            workdir=out / "sim", options=options, every=False, vcd=vcd,
        )  # fmt: skip
        if learn:
            wrong = int((done.outputs.y != answers).reshape(len(answers), -1).any(1).sum())
            wrong += int((done.weights[0] != weights[-1]).sum())
        found[name] = power(
            netlist, pdk, library, vcd, clock_ns=clock, wire_caps_ff=laid.wire_caps_ff or None
        )
        vcd.unlink()
    learning, answering = found["learning"], found["answering"]
    assert learning.inferences
    at_rest = learning.leakage_uw
    energy = learning.energy_per_inference_pj or 0.0
    active = energy - at_rest * learning.cycles * clock * 1e-3 / learning.inferences
    return {
        "mismatches": wrong,
        "samples": len(case.x),
        "clocks_a_sample": learning.cycles / learning.inferences,
        "learning_uw": learning.power_uw,
        "clock_uw": learning.clock_uw,
        "learning_pj": energy,
        "answering_pj": answering.energy_per_inference_pj,
        "gamma_uw": at_rest + active * 1e-6 * GAMMA_HZ,
        "method": learning.method,
    }


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    peer = PEER.get((row["shape"], row["pdk"]), {})

    def share(value: float, of: str) -> str:
        return f"{value / peer[of]:.0%}" if of in peer else ""

    cells = [
        f"{row['shape']} {row['name']}",
        row["pdk"],
        f"{row['flip_flops']}",
        f"{row['synthesis_um2']:,.0f}",
    ]
    cells.append(share(row["synthesis_um2"], "synthesis_um2"))
    if "cell_area_um2" in row:
        cells += [f"{row['cell_area_um2']:,.0f}", share(row["cell_area_um2"], "placed_um2")]
        cells += [f"{row['clock_ns']:g}", f"{row['slack_ns']:.3f}", f"{row['router_violations']}"]
        cells += [f"{row['clocks_a_sample']:.0f}", f"{row['mismatches']} of {row['samples']}"]
        cells += [f"{row['learning_uw'] / 1000:.2f}", share(row["learning_uw"], "power_uw")]
        cells += [f"{row['clock_uw'] / row['learning_uw']:.0%}", f"{row['learning_pj']:.0f}"]
        cells += [f"{row['answering_pj']:.1f}", f"{row['gamma_uw']:.3g}"]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
