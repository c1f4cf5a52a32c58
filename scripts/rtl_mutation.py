#!/usr/bin/env python3
"""Put every fault into the Verilog of small columns, one by one: what share does the ladder catch?

    python scripts/rtl_mutation.py [--learning] [--simulator icarus] [--sample 0]

Every operator, constant and register is changed once (`hls.formal.mutate`), and the rung of the
ladder compares all spike times over all input volleys, as far as these are few, each left in its
middle once by reset or by the next start. `--learning` does the same with columns that learn: all
answers and weights are compared after every sample of a random stream.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datamodules  # noqa: F401 - before lightning

import numpy as np  # isort: skip
import numpy.typing as npt
import torch

from hls.errors import StepFailed
from hls.formal.columns import LIMIT, answers, column, volleys
from hls.formal.mutate import Fault, faults, write
from hls.ir.network import FrozenNetwork
from hls.rtl import generate
from hls.rtl.learning import LearningOptions, generate_learning
from hls.sim.check import caught
from hls.sim.learning import simulate_learning
from neutnn_pl import nn

COLUMNS = (("1-wta", "potential"), ("1-wta", "index"), ("k-wta", "potential"), ("t-wta", "index"))


LEARNING = (("parallel", "potential"), ("parallel", "index"), ("serial", "potential"))
RULE = nn.STDP(
    capture=700, minus=500, search=300, backoff=600, minimum=200, source="lfsr", lfsr_width=24
)
STREAM = 250
"""Samples that a column learns, four of five; the others it only answers."""

Array = npt.NDArray[Any]
Seen = Callable[[Path], bool]


def main() -> int:
    """Mutate, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learning", action="store_true", help="columns that learn")
    parser.add_argument("--simulator", default="icarus")
    parser.add_argument("--columns", type=int, help="how many of them (default: all)")
    parser.add_argument("--sample", type=int, default=0, help="faults of each column; 0: all")
    options = parser.parse_args()
    made, found = Counter(), Counter()
    print("| column | operators | constants | registers | caught |\n|---|---:|---:|---:|---:|")
    columns = learning(options) if options.learning else answering(options)
    for label, name, text, seen in columns:
        every = faults(text)
        if options.sample:
            rng = np.random.default_rng(0)
            every = [every[i] for i in rng.permutation(len(every))[: options.sample]]
        left: list[Fault] = []
        for fault in every:
            with TemporaryDirectory() as folder:
                if not seen(write(fault, Path(folder) / f"{name}.v")):
                    left.append(fault)
        kinds = Counter(fault.kind for fault in every)
        made += kinds
        found += kinds - Counter(fault.kind for fault in left)
        cells = [label, *(str(kinds[kind]) for kind in ("operator", "constant", "register"))]
        cells.append(f"{len(every) - len(left)} of {len(every)}")
        print("| " + " | ".join(cells) + " |", flush=True)
        for fault in left:
            print(f"  survives: {fault.kind}, {fault.what}", flush=True)
    print(f"\n{found.total()} of {made.total()} faults caught ({found.total() / made.total():.1%})")
    return 0


def answering(options: argparse.Namespace) -> Iterator[tuple[str, str, str, Seen]]:
    """Yield columns that answer: label, name, Verilog, and whether a fault in it is caught."""
    for wta, tie in COLUMNS[: options.columns]:
        network = column(wta, tie)
        x = volleys(network, LIMIT)
        seen = partial(
            caught, network=network, x=x, expected=answers(network, x),
            simulator=options.simulator,
        )  # fmt: skip
        yield f"{wta}, ties by {tie}", network.name, generate(network).text, seen


def learning(options: argparse.Namespace) -> Iterator[tuple[str, str, str, Seen]]:
    """Yield columns that learn, in the same way."""
    for update, tie in LEARNING[: options.columns]:
        network = nn.Network(nn.Layer(4, 3, theta=9, tie=tie), tres=3)
        network.reset(1)
        network.use_kernel("reference")
        frozen = network.freeze("tiny", rule=RULE)
        rng = np.random.default_rng(0)
        x = rng.integers(0, 11, (STREAM, 4)).astype(np.uint8)
        x[x > 7] = 255
        learn = rng.random(STREAM) < 0.8
        y, weights = [], []
        for sample, on in zip(torch.from_numpy(x)[:, None], learn, strict=True):
            y.append((network.learn(sample, RULE, 0) if on else network(sample))[0].numpy())
            weights.append(network.columns[0].weights.numpy().copy())
        seen = partial(
            learns_wrong, network=frozen, stimulus=(x, learn), expected=(y, weights),
            options=LearningOptions(update=update), simulator=options.simulator,
        )  # fmt: skip
        text = generate_learning(frozen, LearningOptions(update=update)).text
        yield f"{update}, ties by {tie}", "tiny", text, seen


def learns_wrong(
    source: Path,
    network: FrozenNetwork,
    stimulus: tuple[Array, Array],
    expected: tuple[list[Array], list[Array]],
    options: LearningOptions,
    simulator: str,
) -> bool:
    """Return whether a circuit answers or learns anything wrong, or hangs."""
    x, learn = stimulus
    try:
        found = simulate_learning(
            [source], network, x, learn=learn, simulator=simulator, workdir=source.parent,
            options=options,
        )  # fmt: skip
    except StepFailed:
        return True
    right = (found.outputs.y == np.stack(expected[0])).all()
    return not (right and (found.weights == np.stack(expected[1])).all())


if __name__ == "__main__":
    sys.exit(main())
