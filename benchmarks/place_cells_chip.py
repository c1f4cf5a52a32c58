"""Place cells in hardware: learning as a chip does it, and the paper's size as C."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import neutnn_pl  # noqa: F401 - before any import of lightning

import numpy as np  # isort: skip
import torch
from place_cells_common import learnt, setting

import hls
from neutnn_pl.metrics.place_cells import accuracy
from neutnn_pl.nn.place_cells.hardware import ChipMemory


def accuracies(seeds: int, quick: bool) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Return accuracies of the memory, and of the one that learns as a chip does, by seed."""
    runs: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        data, model = setting("tight", seed, quick)
        memory, edges, _ = learnt(data, seed, **model)
        chip = ChipMemory(data.code, model["segments"])
        chip.learn(edges)
        for name, one in (("one shot", memory), ("on a chip", chip.sealed()), ("unsealed", chip)):
            runs.setdefault(name, []).append(accuracy(one, edges, edges))
    yield from runs.items()


def as_c(quick: bool) -> Iterator[list[str]]:
    """Return what the C kernel of the paper's size says to every question, beside the reference."""
    data, model = setting("tight", 0, quick)
    memory, edges, _ = learnt(data, 0, **model)
    chip = ChipMemory(data.code, model["segments"])
    chip.learn(edges)
    x, gates = data.stimulus()
    for name, one in (("one shot", memory), ("on a chip, sealed", chip.sealed())):
        one.network.use_kernel("reference")
        expected = torch.cat(
            [one.network(a, b) for a, b in zip(x.split(512), gates.split(512), strict=True)]
        ).numpy()
        with TemporaryDirectory() as folder:
            kernel = hls.compile(one.network.freeze("place_cells"), target="c", workdir=Path(folder))
            start = time.perf_counter()
            y = kernel.predict(x.numpy(), gates.numpy()).y
            seconds = time.perf_counter() - start
        yield [name, f"{one.synapses:,}", f"{len(x):,}", f"{y.size:,}",
               str(int(np.sum(y != expected))), f"{1000 * seconds / len(x):.3f}"]  # fmt: skip
