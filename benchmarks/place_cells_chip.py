"""Place cells in hardware: learning as a chip does it, and the paper's size as C."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import neutnn_pl  # noqa: F401 - before any import of lightning

import torch  # isort: skip
from place_cells_common import drop_fresh, heading, learnt, setting

import hls
from neutnn_pl.metrics.place_cells import accuracy
from neutnn_pl.nn.place_cells.hardware import ChipMemory

COLUMNS = (
    *("memory", "synapses", "questions", "spike times that differ", "questions to the reference"),
    *("spike times that differ", "ms per question"),
)


def accuracies(seeds: int, quick: bool) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Return accuracies of the memory, and of the one that learns as a chip does, by seed."""
    runs: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        data, model = setting("tight", seed, quick)
        memory, edges, _ = learnt(data, seed, **model)
        chip = ChipMemory(data.code, model["segments"])
        chip.learn(edges)
        runs.setdefault("one shot", []).append(accuracy(memory, edges, edges))
        drop_fresh(memory)
        runs.setdefault("one shot, sealed", []).append(accuracy(memory, edges, edges))
        for name, one in (("on a chip, sealed", chip.sealed()), ("on a chip, unsealed", chip)):
            runs.setdefault(name, []).append(accuracy(one, edges, edges))
    yield from runs.items()


def as_c(quick: bool, every: int = 50) -> Iterator[list[str]]:
    """Return what the C kernel of the paper's size says to every question, beside PyTorch.

    Args:
        quick: whether to do it for a few maps only.
        every: the slow reference answers one question of so many, the fast kernel all of them.
    """
    data, model = setting("tight", 0, quick)
    memory, edges, _ = learnt(data, 0, **model)
    chip = ChipMemory(data.code, model["segments"])
    chip.learn(edges)
    x, gates = data.stimulus()
    for name, one in (("one shot", memory), ("on a chip, sealed", chip.sealed())):
        with TemporaryDirectory() as folder:
            frozen = one.network.freeze("place_cells")
            kernel = hls.compile(frozen, target="c", workdir=Path(folder))
            start = time.perf_counter()
            y = torch.from_numpy(kernel.predict(x.numpy(), gates.numpy()).y)
            seconds = time.perf_counter() - start
        row = [name, f"{one.synapses:,}"]
        for used, step in (("auto", 1), ("reference", every)):
            one.network.use_kernel(used)
            parts = zip(x[::step].split(64), gates[::step].split(64), strict=True)
            differ = [
                int((one.network(a, b) != c).sum())
                for (a, b), c in zip(parts, y[::step].split(64), strict=True)
            ]
            row += [f"{len(x[::step]):,}", str(sum(differ))]
        yield [*row, f"{1000 * seconds / len(x):.3f}"]


def main() -> None:
    """Compare the C kernel of the paper's size with PyTorch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--every", type=int, default=50, help="1: the reference answers everything")
    options = parser.parse_args()
    heading("As C", *COLUMNS)
    for cells in as_c(options.quick, options.every):
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
