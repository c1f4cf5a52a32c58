"""Processes beside one: `python benchmarks/processes.py [--samples 10000] [--runs 5]`.

The layer of the targets (676 columns x 12 neurons x 32 inputs, stochastic STDP, digits if
NEUTNN_DATA has them) learns one epoch in a Lightning trainer: in one process with one thread, then
in as many processes with one thread each as `--processes` says, in turn. The time is that of the
epoch alone, by the clock, without the start of the processes. The weights must be equal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datamodules  # noqa: F401 - before lightning

import lightning as L  # isort: skip
import torch

from benchmarks.kernels.layers import RULE, digits
from datamodules.online import OnlineLoader
from neutnn_pl import NeuTNN, nn
from neutnn_pl.kernels.numba.fields import packed, unpacked
from neutnn_pl.nn import receptive_fields
from neutnn_pl.strategies import ColumnParallelStrategy


class Digits(L.LightningDataModule):
    """Digits, or random volleys, as spike times of on and off lines."""

    def __init__(self, samples: int, batch_size: int) -> None:
        super().__init__()
        found = digits(samples, pad=0)
        if found is None:
            generator = torch.Generator().manual_seed(4)
            x = torch.randint(0, 8, (samples, 1568), generator=generator).byte()
            x[torch.rand(x.shape, generator=generator) < 0.45] = 255
            found = x, torch.zeros(samples, dtype=torch.int64)
        self.x, self.labels, self.batch_size = found[0].flatten(1), found[1], batch_size

    def train_dataloader(self) -> OnlineLoader:
        """Return samples in the order of learning."""
        return OnlineLoader(self.x, self.labels, self, batch_size=self.batch_size)


class Clock(L.Callback):
    """Writes the seconds of the epoch."""

    def __init__(self, path: Path) -> None:
        self.path, self.begin = path, 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Load the compiled kernel, and start when every process has."""
        y = layer().columns[0].learn(torch.zeros(2, 1568, dtype=torch.uint8), RULE)
        unpacked(packed(y), y.shape[2])
        trainer.strategy.barrier()
        self.begin = time.perf_counter()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop when the last process is done."""
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            self.path.write_text(str(time.perf_counter() - self.begin))


def layer() -> nn.Network:
    """Return the layer as a network."""
    lines = receptive_fields((28, 28), channels=2, kernel=4, padding=(0, 1)).lines
    made = nn.Layer(32, 12, theta=32, columns=len(lines), lines=lines)
    return nn.Network(made, tres=3)


def epoch(data: Digits, processes: int) -> tuple[float, torch.Tensor]:
    """Learn one epoch; return its seconds and the weights."""
    model = NeuTNN(layer(), RULE, seed=1, kernel="numba")
    with TemporaryDirectory() as folder:
        clock = Clock(Path(folder) / "seconds")
        how: dict[str, Any] = {"strategy": ColumnParallelStrategy(), "devices": processes}
        trainer = L.Trainer(
            accelerator="cpu", max_epochs=1, logger=False, enable_progress_bar=False,
            enable_model_summary=False, enable_checkpointing=False, callbacks=[clock],
            **(how if processes > 1 else {"devices": 1}),
        )  # fmt: skip
        trainer.fit(model, data)
        return float(clock.path.read_text()), model.network.columns[0].weights


def main() -> None:
    """Measure in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    data = Digits(options.samples, options.batch_size)
    found: dict[int, list[float]] = {1: [], options.processes: []}
    weights = []
    for _ in range(options.runs):
        for processes, seconds in found.items():
            took, learnt = epoch(data, processes)
            seconds.append(took)
            weights.append(learnt)
    assert all(torch.equal(weights[0], w) for w in weights)
    one, many = (statistics.median(seconds) for seconds in found.values())
    print(f"{options.samples} samples, batches of {options.batch_size}, equal weights; medians:")
    for processes, seconds in found.items():
        each = statistics.median(seconds) / options.samples * 1e6
        print(f"{processes} process(es): {each:.1f} us a sample;", *(f"{s:.2f} s" for s in seconds))
    print(f"{options.processes} processes: {one / many:.2f} times one")


if __name__ == "__main__":
    main()
