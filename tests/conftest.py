"""Shared fixtures: where data and libraries are, a small data set, quiet warnings."""

from __future__ import annotations

import os
from pathlib import Path

import neutnn_pl  # noqa: F401 - before lightning

import lightning as L  # isort: skip
import pytest
import torch
from torch.utils.data import TensorDataset

from datamodules.online import OnlineLoader, ordered_loader

ROOT = Path(__file__).parents[1]


def shared(variable: str, folder: str) -> Path | None:
    """Return a folder given by an environment variable, or beside the repository."""
    path = Path(os.environ.get(variable, ROOT.parent / "shared" / folder))
    return path if path.is_dir() else None


for _variable, _folder in (("NEUTNN_DATA", "data"), ("NEUTNN_PDK", "pdk")):
    if (_found := shared(_variable, _folder)) is not None:
        os.environ.setdefault(_variable, str(_found))


class Blobs(L.LightningDataModule):
    """Random spike times around two templates: small, seeded, no library."""

    def __init__(self, samples: int = 23, lines: int = 9, batch_size: int = 8, workers: int = 0):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        template = torch.randint(0, 8, (2, lines), generator=generator)
        label = torch.arange(samples) % 2
        jitter = torch.randint(-1, 2, (samples, lines), generator=generator)
        x = (template[label] + jitter).clamp(0, 7).to(torch.uint8)
        x[torch.rand(x.shape, generator=generator) < 0.1] = 255
        self.set = TensorDataset(x, label)
        self.batch_size, self.workers = batch_size, workers
        self.inputs, self.tres, self.classes = lines, 3, 2

    def train_dataloader(self):
        return OnlineLoader(
            *self.set.tensors, self, batch_size=self.batch_size, num_workers=self.workers
        )

    def val_dataloader(self):
        return ordered_loader(*self.set.tensors, batch_size=self.batch_size)

    test_dataloader = predict_dataloader = val_dataloader


@pytest.fixture
def blobs():
    return Blobs
