"""Columns that learn on the chip: `python benchmarks/on_chip.py [--sets ...] [--pdk nangate45]`.

For each time-series set a column with one input line for each point learns its training split for
some epochs, in PyTorch (`STDP(source="lfsr")`) and as Verilog in a simulator. Answers and all
weights are compared after every sample; then the circuit is synthesised. NEUTNN_DATA is the folder
of data sets, NEUTNN_PDK that of libraries beyond osu018.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import datamodules  # noqa: F401 - before lightning

import numpy as np  # isort: skip
import torch

from datamodules import UCR
from datamodules.encoders import MinMax
from hls.pdk import find_pdk
from hls.rtl.learning import generate_learning
from hls.sim.learning import simulate_learning
from hls.synth.yosys import synthesise
from neutnn_pl import nn
from neutnn_pl.functional import sample_order

RULE = nn.STDP(capture=600, minus=400, search=40, backoff=600, source="lfsr", lfsr_width=24)


def main() -> None:
    """Learn, compare, synthesise, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["SonyAIBORobotSurface2"])
    parser.add_argument("--neurons", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--simulator", default="verilator")
    parser.add_argument("--pdk", nargs="*", default=["osu018"])
    options = parser.parse_args()
    libraries = "".join(f" {name} um2 | flip-flops |" for name in options.pdk)
    print(f"| column | samples learnt | weights that moved | mismatches | seconds |{libraries}")
    print("|---|---:|---:|---:|---:|" + "---:|---:|" * len(options.pdk))
    for name in options.sets:
        row(name, options)


def row(name: str, options: argparse.Namespace) -> None:
    """Print a set's row."""
    data = UCR(name, encoder=MinMax())
    x = data.spikes("train")
    orders = [sample_order(epoch, len(x), seed=0).numpy() for epoch in range(options.epochs)]
    x = np.concatenate([x[order] for order in orders])
    layer = nn.Layer(x.shape[1], options.neurons, theta=2 * x.shape[1])
    net = nn.Network(layer, tres=3)
    net.reset(0)
    frozen = net.freeze("learner", rule=RULE)
    design = generate_learning(frozen)
    with TemporaryDirectory() as folder:
        source = Path(folder) / "learner.v"
        source.write_text(design.text, encoding="utf-8")
        begin = time.perf_counter()
        found = simulate_learning(
            [source], frozen, x, simulator=options.simulator, workdir=Path(folder)
        )
        seconds = time.perf_counter() - begin
        wrong, moved = 0, 0
        for sample, volley in enumerate(torch.from_numpy(x)[:, None]):
            before = layer.weights.clone()
            y = layer.learn(volley, RULE)[0].numpy()
            moved += int((layer.weights != before).sum())
            same = (found.outputs.y[sample] == y).all()
            same &= (found.weights[sample] == layer.weights.numpy()).all()
            wrong += not same
        cells = [f"{name} {x.shape[1]}x{options.neurons}", f"{len(x):,}", f"{moved:,}", str(wrong)]
        cells.append(f"{seconds:.1f}")
        for library in options.pdk:
            made = synthesise([source], "learner", find_pdk(library), Path(folder) / library)
            cells += [f"{made.area_um2:,.0f}", f"{made.flip_flops:,}"]
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
