"""Measures how fast the loaders hand out samples: `python benchmarks/loaders.py`.

Prints samples per second of an epoch of 60,000 random volleys of 1,568 lines, in the order of
learning, for loaders that fetch sample by sample (torch's default) and batch by batch (ours).
"""

from __future__ import annotations

import time

import torch
from torch.utils.data import DataLoader, TensorDataset

import datamodules  # noqa: F401 - before lightning
from datamodules.online import OnlineLoader, OnlineSampler

SAMPLES, LINES, BATCH = 60_000, 1_568, 256


class _Data:
    trainer = None


def rate(loader: DataLoader) -> float:
    """Return samples per second over one epoch."""
    begin = time.perf_counter()
    found = sum(len(batch[1]) for batch in loader)
    assert found == SAMPLES
    return found / (time.perf_counter() - begin)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    spikes = torch.randint(0, 256, (SAMPLES, LINES), dtype=torch.uint8)
    labels = torch.randint(0, 10, (SAMPLES,))
    data = _Data()
    single = TensorDataset(spikes, labels)
    sampler = OnlineSampler(SAMPLES, data)  # type: ignore[arg-type]
    slow = DataLoader(single, batch_size=BATCH, sampler=sampler)
    fast = OnlineLoader(spikes, labels, data, batch_size=BATCH)  # type: ignore[arg-type]
    for name, loader in (("sample by sample", slow), ("batch by batch", fast)):
        print(f"{name}: {max(rate(loader) for _ in range(5)):,.0f} samples/s")


if __name__ == "__main__":
    main()
