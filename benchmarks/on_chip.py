"""Columns that learn on the chip: `python benchmarks/on_chip.py [--sets ...] [--pdk nangate45]`.

For each time-series set a column with one input line for each point learns its training split for
some epochs, in PyTorch (`STDP(source="lfsr")`) and as Verilog in a simulator; `place_cells` is the
minicolumn of the recipe `place_cells/chip` over its stream of edges. Answers and all weights are
compared after every sample; then the circuit is synthesised and, with `--netlist SIMULATOR`, the
netlist learns too. `--update serial` moves weights one after the other; `--area` maps for area,
with clock gates. NEUTNN_DATA is the folder of data sets, NEUTNN_PDK that of libraries beyond
osu018.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import datamodules  # noqa: F401 - before lightning

import numpy as np  # isort: skip
import numpy.typing as npt
import torch

from datamodules import UCR
from datamodules.encoders import MinMax
from datamodules.place_cells import PlaceMaps
from hls.ir.network import FrozenNetwork
from hls.pdk import find_pdk
from hls.rtl.learning import LearningOptions, generate_learning
from hls.rtl.learning.options import UPDATES
from hls.sim.learning import Learnt, simulate_learning
from hls.synth.yosys import synthesise
from neutnn_pl import nn
from neutnn_pl.functional import sample_order
from neutnn_pl.modules.place_cells import PlaceColumn
from neutnn_pl.nn.place_cells.hardware import HOLD, ON_CHIP

RULE = nn.STDP(capture=600, minus=400, search=40, backoff=600, source="lfsr", lfsr_width=24)
PLACE_CELLS = "place_cells"
CHIP = {"features": 3, "width": 4, "height": 4, "torus": True, "dx": 4, "dy": 4}
Array = npt.NDArray[np.uint8]


@dataclass
class Case:
    """A column and what it learns.

    Attributes:
        name: its name in the table.
        network: as it is before the first sample.
        rule: how it learns.
        x: uint8 `[B, lines]`, spike times in the order of learning.
        proximal: uint8 `[B, proximal lines]`, levels, or None.
    """

    name: str
    network: nn.Network
    rule: nn.STDP
    x: Array
    proximal: Array | None = None


def series(name: str, neurons: int, epochs: int) -> Case:
    """Return a column that learns a time-series set."""
    x = UCR(name, encoder=MinMax()).spikes("train")
    orders = [sample_order(epoch, len(x), seed=0).numpy() for epoch in range(epochs)]
    layer = nn.Layer(x.shape[1], neurons, theta=2 * x.shape[1])
    network = nn.Network(layer, tres=3)
    network.reset(0)
    whole = np.concatenate([x[order] for order in orders])
    return Case(f"{name} {x.shape[1]}x{neurons}", network, RULE, whole)


def place_cells() -> Case:
    """Return the minicolumn of the recipe `place_cells/chip`."""
    data = PlaceMaps(environments=13, objects=2, column="dx", **CHIP)
    model = PlaceColumn(inputs=20, environments=13, segments=4, **CHIP)
    edges, code = data.edges(), data.code
    edges = edges[sample_order(0, len(edges), seed=0)].repeat_interleave(HOLD, dim=0)
    x = code.spikes(edges)[:, code.lines_of("dx")].numpy()
    gates = code.gates(edges, neuron=True)[:, code.levels_of("dx")].numpy()
    return Case("place cells 4x3x4x20", model.network, ON_CHIP, x, gates)


def trained(case: Case) -> tuple[Array, Array]:
    """Return PyTorch's answers `[B, C, N]` and weights after every sample `[B, C, N, D, S, P]`."""
    answers, weights = [], []
    for b in range(len(case.x)):
        side = None if case.proximal is None else torch.from_numpy(case.proximal[b : b + 1])
        x = torch.from_numpy(case.x[b : b + 1])
        answers.append(case.network.learn(x, case.rule, 0, proximal=side)[0].numpy())
        weights.append(case.network.columns[0].weights.numpy().copy())
    return np.stack(answers), np.stack(weights)


def differ(found: Learnt, answers: Array, weights: Array) -> int:
    """Return the samples after which an answer or a weight differs."""
    same = (found.outputs.y == answers).reshape(len(answers), -1).all(1)
    same &= (found.weights == weights).reshape(len(answers), -1).all(1)
    return int((~same).sum())


def row(case: Case, options: argparse.Namespace) -> None:
    """Print a column's row."""
    frozen = case.network.freeze("learner", rule=case.rule)
    choice = LearningOptions(update=options.update, rest=options.area)
    design = generate_learning(frozen, choice)
    answers, weights = trained(case)
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "learner.v"
        source.write_text(design.text, encoding="utf-8")
        begin = time.perf_counter()
        found = simulate_learning(
            [source], frozen, case.x, case.proximal, simulator=options.simulator, workdir=folder
        )
        seconds = time.perf_counter() - begin
        moved = int((np.diff(weights.astype(int), axis=0) != 0).sum())
        moved += int((weights[0] != frozen.layers[0].weights).sum())
        cells = [case.name, f"{frozen.synapses:,}", f"{len(case.x):,}", f"{moved:,}"]
        cells += [str(differ(found, answers, weights)), f"{seconds:.1f}"]
        for library in options.pdk:
            cells += made(case, frozen, (answers, weights), source, library, options)
    print("| " + " | ".join(cells) + " |", flush=True)


def made(
    case: Case,
    frozen: FrozenNetwork,
    expected: tuple[Array, Array],
    source: Path,
    library: str,
    options: argparse.Namespace,
) -> list[str]:
    """Return area, area per synapse and cells of a synthesis, and what its netlist learns wrong."""
    folder = source.parent / library
    done = synthesise(
        [source], "learner", find_pdk(library), folder,
        clock_gates=options.area, for_area=options.area,
    )  # fmt: skip
    cells = [f"{done.area_um2:,.0f}", f"{done.area_um2 / frozen.synapses:.2f}", f"{done.cells:,}"]
    if options.netlist is not None:
        found = simulate_learning(
            [done.netlist, done.models],
            frozen,
            case.x,
            case.proximal,
            simulator=options.netlist,
            workdir=folder / "netlist",
        )
        cells.append(str(differ(found, *expected)))
    each = done.flip_flops / frozen.synapses
    return [*cells, f"{done.flip_flops:,}", f"{each:.2f}"]


def main() -> None:
    """Learn, compare, synthesise, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["SonyAIBORobotSurface2", PLACE_CELLS])
    parser.add_argument("--neurons", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--simulator", default="verilator")
    parser.add_argument(
        "--netlist", metavar="SIMULATOR", help="the netlist learns too, in this one"
    )
    parser.add_argument("--pdk", nargs="*", default=["osu018"])
    parser.add_argument("--update", choices=UPDATES, default="parallel")
    parser.add_argument("--area", action="store_true", help="map for area, with clock gates")
    options = parser.parse_args()
    heads = ["column", "synapses", "samples learnt", "weights that moved", "mismatches", "seconds"]
    for name in options.pdk:
        heads += [f"{name} um2", "per synapse", "cells"]
        heads += ["mismatches of the netlist"] if options.netlist else []
        heads += ["flip-flops", "per synapse"]
    print("| " + " | ".join(heads) + " |")
    print("|---|" + "---:|" * (len(heads) - 1))
    for name in options.sets:
        chosen = name == PLACE_CELLS
        row(place_cells() if chosen else series(name, options.neurons, options.epochs), options)


if __name__ == "__main__":
    main()
